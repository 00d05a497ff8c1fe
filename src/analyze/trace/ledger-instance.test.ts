/** Chunks where their reader has them, and chunks copied in: real traces, accounted both ways. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTraceSync } from '../../decode/gotrace/gotrace.ts'
import { chunkColumnOffsets, TRACE_CHUNK_ROWS, type TraceChunk } from '../../model/trace.ts'
import { traceKinds } from '../../model/trace-kinds.ts'
import { chunkRows, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from './trace-account.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const traces = ['tasks/go1.27', 'spans/go1.26', 'v2/span/go1.22'].map((name) =>
  join(root, 'testdata', 'gotrace', name, 'trace.bin'),
)

/** The columns alone: neither places nor the memory that they lie in. */
function withoutMemory(chunk: TraceChunk): TraceChunk {
  const { rowCount, kinds, timesNs, threads, processorsPlusOne, goroutines, arg0, arg1, arg2, arg3, generations } =
    chunk
  return { rowCount, kinds, timesNs, threads, processorsPlusOne, goroutines, arg0, arg1, arg2, arg3, generations }
}

for (const path of traces) {
  test(`${path.slice(root.length + 1)}: an account in the reader's memory, a second one, and one that copies are equal`, () => {
    const inPlace = openTraceAccount()
    const second = openTraceAccount()
    const copying = openTraceAccount()
    let placed = 0
    const read = readTraceSync(readFileSync(path), {
      onChunk: (chunk, tables) => {
        if (chunk.memory !== undefined && chunk.slots !== undefined) placed++
        inPlace.addChunk(chunk, tables)
        second.addChunk(chunk, tables)
        copying.addChunk(withoutMemory(chunk), tables)
      },
    })
    assert.ok(read.ok)
    assert.ok(placed > 0)
    const [one, two, three] = [inPlace, second, copying].map((account) =>
      JSON.stringify(account.finish(read.value.value)),
    )
    assert.equal(two, one)
    assert.equal(three, one)
  })
}

test('a goroutine past the bound of places is left out, and said to be', () => {
  const drawn = drawTrace(['1 RRRR', '2 .rRR'])
  const account = openTraceAccount()
  for (const chunk of chunkRows(drawn.rows)) {
    // Places as a reader gives them: of goroutine 2 one that no trace in memory can have.
    const place = (id: number) => (id === 2 ? 2 ** 24 : id)
    const slots = Uint32Array.from(chunk.goroutines, place)
    const targets = Uint32Array.from(chunk.arg0, place)
    account.addChunk({ ...chunk, slots, targets }, drawn.tables)
  }
  const { goroutines, omitted, totals } = account.finish({ durationNs: drawn.durationNs })
  assert.equal(goroutines.count, 1)
  assert.equal(totals.runningNs, 400)
  // It is named by its creation and by its start.
  assert.equal(omitted.goroutines, 2)
})

test('the kinds and columns that the module is written for are those of the model', () => {
  const kinds = readFileSync(join(root, 'wasm', 'trace-account', 'kinds.ts'), 'utf8')
  const stated = [...kinds.matchAll(/export const (\w+): u32 = (\d+)/g)]
  assert.ok(stated.length > 20)
  for (const [, name, id] of stated)
    assert.equal(Object.entries(traceKinds).find(([one]) => one === name)?.[1], Number(id))
  const columns = readFileSync(join(root, 'wasm', 'trace-account', 'columns.ts'), 'utf8')
  const offsets = [...columns.matchAll(/export const \w+: usize = (\d+)/g)].map(([, bytes]) => Number(bytes))
  const meant = Object.entries(chunkColumnOffsets).flatMap(([name, at]) =>
    name === 'threads' ? [] : [at / TRACE_CHUNK_ROWS],
  )
  assert.deepEqual(offsets, meant)
})
