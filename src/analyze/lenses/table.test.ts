/** The table against itself and against what Go 1.21 to 1.27 were seen to do (testdata/waits). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { lenses } from '../../model/lens.ts'
import { blockReasons, waitReasons } from '../../model/wait-class.ts'
import { compareWithTable, type WaitObservations } from '../testing/wait-observation.ts'
import { getLensRow, lensRows } from './lens-rows.ts'
import { waitKinds } from './table.ts'

function readObservations(release: string): WaitObservations {
  const url = new URL(`../../../testdata/waits/go${release}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as WaitObservations
}

for (const release of ['1.21', '1.22', '1.23', '1.24', '1.25', '1.26', '1.27']) {
  test(`no cell of the table differs from what Go ${release} was seen to do`, () => {
    const seen = readObservations(release)
    assert.ok(seen.programs.length >= 40)
    assert.deepEqual(compareWithTable(seen), [])
  })
}

test('the comparison notices when a release records a wait that the table says it never does', () => {
  const seen = readObservations('1.27')
  const change = (name: string, more: object) => ({
    ...seen,
    programs: seen.programs.map((program) => (program.program === name ? { ...program, ...more } : program)),
  })
  const cells = (changed: WaitObservations) =>
    compareWithTable(changed).map(({ program, cell }) => `${program}: ${cell}`)
  assert.deepEqual(cells(change('sleep', { block: 'after' })), ['sleep: block'])
  assert.deepEqual(cells(change('mutex', { mutex: 'never' })), ['mutex: mutex'])
  assert.deepEqual(cells(change('mutex', { dump: ['sync.Mutex.Wait'] })), ['mutex: goroutine'])
  assert.deepEqual(cells(change('net-read', { leak: { reachable: false, unreachable: true } })), [
    'net-read: leak profile, unreachable',
  ])
  assert.deepEqual(cells(change('running', { cpu: false })), ['running: cpu'])
  assert.deepEqual(cells(change('gc-cycle', { trace: [] })), ['gc-cycle: trace states'])
  const missing = { ...seen, programs: seen.programs.filter((program) => program.program !== 'sleep') }
  assert.deepEqual(cells(missing), ['sleep: program'])
})

test('the leak profile is there by default in 1.27 and only by experiment in 1.26, and marks later dumps in both', () => {
  const [old, now] = [readObservations('1.26'), readObservations('1.27')]
  assert.deepEqual([old.leakProfileByDefault, now.leakProfileByDefault], [false, true])
  assert.deepEqual([old.leakMarksLaterDumps, now.leakMarksLaterDumps], [true, true])
})

test('every kind has an id of its own, a view for each lens, and a program where it claims to be measured', () => {
  assert.equal(new Set(waitKinds.map((kind) => kind.id)).size, waitKinds.length)
  for (const kind of waitKinds) {
    assert.deepEqual(Object.keys(kind.views).sort(), [...lenses].sort(), kind.id)
    const isShown = waitKinds.some((other) => other.dumpShownAs === kind.id && other.programs.length > 0)
    assert.equal(kind.source === 'measured', kind.programs.length > 0 || isShown, kind.id)
    for (const other of [kind.dumpShownAs, kind.traceShownAs, kind.olderTraceShownAs]) {
      assert.ok(other === undefined || waitKinds.some((row) => row.id === other), `${kind.id} points to ${other}`)
    }
  }
})

test('every word of either vocabulary that is a wait has a kind that it can be', () => {
  const dumps = new Set(waitKinds.flatMap((kind) => kind.dumpReasons.map((row) => row.reason)))
  const traces = new Set(waitKinds.flatMap((kind) => kind.traceStates.map((row) => row.reason)))
  assert.deepEqual(
    waitReasons.map((row) => row.reason).filter((reason) => !dumps.has(reason)),
    ['unknown wait reason'],
  )
  assert.deepEqual(
    blockReasons.map((row) => row.reason).filter((reason) => !traces.has(reason)),
    ['unspecified'],
  )
})

test('every lens has one row', () => {
  assert.deepEqual(
    lensRows.map((row) => row.lens),
    [...lenses],
  )
  for (const lens of lenses) assert.equal(getLensRow(lens).lens, lens)
})
