import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { timedEvents } from './events.ts'
import { readTraceSync, type TraceChunk } from './gotrace.ts'

const recorded = new Uint8Array(readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')))

const kindOf = Object.fromEntries(timedEvents.map(({ id, name }) => [name, id]))
const naming = new Set(
  'GoCreate GoCreateBlocked GoCreateSyscall GoStart GoUnblock GoSwitch GoSwitchDestroy GoStatus GoStatusStack GCMarkAssistActive'
    .split(' ')
    .map((name) => kindOf[name]),
)
const ends = new Set(['GoDestroy', 'GoDestroySyscall', 'GoSwitchDestroy'].map((name) => kindOf[name]))

/** Goroutine of each place, as the rows say it; fails where two rows contradict each other. */
function checkPlaces(bytes: Uint8Array): { rows: number; most: number; goroutines: number } {
  const owners: number[] = []
  const placeOf = new Map<number, number>()
  const seen = new Set<number>()
  let rows = 0
  const hold = (goroutine: number, place: number, row: number): void => {
    assert.ok(place > 0, `row ${row}: goroutine ${goroutine} has no place`)
    assert.equal(placeOf.get(goroutine) ?? place, place, `row ${row}: goroutine ${goroutine} moves`)
    assert.equal(owners[place] ?? goroutine, goroutine, `row ${row}: place ${place} is taken`)
    owners[place] = goroutine
    placeOf.set(goroutine, place)
    seen.add(goroutine)
  }
  const onChunk = ({ rowCount, kinds, goroutines, slots, targets, arg0 }: TraceChunk): void => {
    assert.ok(slots !== undefined && targets !== undefined)
    for (let row = 0; row < rowCount; row++, rows++) {
      const [kind, goroutine] = [kinds[row] as number, goroutines[row] as number]
      if (goroutine === 0) assert.equal(slots[row], 0)
      else hold(goroutine, slots[row] as number, rows)
      if (ends.has(kind)) {
        delete owners[placeOf.get(goroutine) as number]
        placeOf.delete(goroutine)
      }
      if (naming.has(kind)) hold(arg0[row] as number, targets[row] as number, rows)
      else assert.equal(targets[row], 0)
    }
  }
  const onGeneration = ({ isRestart }: { isRestart: boolean }): void => {
    if (!isRestart) return
    owners.length = 0
    placeOf.clear()
  }
  assert.ok(readTraceSync(bytes, { onChunk, onGeneration }).ok)
  return { rows, most: owners.length - 1, goroutines: seen.size }
}

test('a place is one goroutine from the first row that names it to its end, and places stay few', () => {
  const { rows, most, goroutines } = checkPlaces(recorded)
  assert.ok(rows > 1000 && most <= goroutines && most > 10)
})
