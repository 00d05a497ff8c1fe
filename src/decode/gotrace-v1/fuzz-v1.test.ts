/** The v1 reader under damage: cut, flipped, spliced and generated traces. Never a throw, never a hang, always a code. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readTraceSync } from '../gotrace/gotrace.ts'
import { openV1Writer } from '../testing/write-v1.ts'
import { sinceFormat, stackFlags, structuralFlags, v1, varintCounts } from './kinds.ts'

const recorded = join(import.meta.dirname, '../../../testdata/gotrace/v1')
const traces = globSync('*/*/trace.bin', { cwd: recorded })
  .sort()
  .map((path) => readFileSync(join(recorded, path)))
const small = traces[0] as Uint8Array

/** Mulberry32. */
function openRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) % below
  }
}

/** Reads in both modes and holds what comes out against what columns promise. Returns the number of events. */
function examine(bytes: Uint8Array): number {
  let rows = 0
  const read = readTraceSync(bytes, {
    onChunk(chunk, tables) {
      rows += chunk.rowCount
      for (let row = 0; row < chunk.rowCount; row++) {
        assert.ok(Number.isFinite(chunk.timesNs[row]))
        assert.ok((chunk.kinds[row] as number) >= 9)
      }
      assert.equal(tables.stackFrames.length, tables.stackStart[tables.stackStart.length - 1])
    },
  })
  const strict = readTraceSync(bytes, {}, { strict: true })
  if (read.ok) {
    assert.equal(read.value.value.events, rows)
    if (strict.ok) assert.equal(strict.value.value.events, rows)
    else assert.ok(read.value.issues.length > 0)
    if (!read.value.value.complete) assert.ok(read.value.issues.length > 0)
  } else {
    assert.match(read.error.code, /^SL_DECODE_/)
    assert.ok(!strict.ok)
  }
  return rows
}

test('a trace cut at any byte gives what stands before the cut, and in strict mode a code', () => {
  let before = 0
  const steps: number[] = []
  for (let length = 0; length < small.length; length += length < 200 || length > small.length - 100 ? 1 : 61) {
    const rows = examine(small.subarray(0, length))
    steps.push(rows)
    before = Math.max(before, rows)
    // Go takes a batch that was cut at the end of an event for whole: only what comes last in the file is surely missed.
    if (length < small.length / 4) assert.ok(!readTraceSync(small.subarray(0, length), {}, { strict: true }).ok)
  }
  assert.ok(before > 800, `${before} events`)
  assert.ok(steps.filter((rows, at) => rows >= (steps[at - 1] ?? 0)).length > steps.length * 0.95)
})

test('flipped, dropped and doubled bytes never throw', () => {
  const random = openRandom(20_261_122)
  for (let round = 0; round < 400; round++) {
    const source = traces[random(traces.length)] as Uint8Array
    const bytes = Uint8Array.from(source)
    for (let left = 1 + random(6); left > 0; left--) bytes[16 + random(bytes.length - 16)] = random(256)
    const from = 16 + random(bytes.length - 16)
    const length = random(200)
    const kind = random(4)
    const parts = [bytes.subarray(0, from), bytes.subarray(kind === 1 ? from + length : from)]
    if (kind === 2) parts.splice(1, 0, bytes.subarray(from, from + length))
    examine(kind === 0 || kind === 3 ? bytes : Uint8Array.from(Buffer.concat(parts)))
  }
})

test('whole events of wrong meaning among right ones never throw', () => {
  const random = openRandom(7)
  const kinds = Object.values(v1).filter((kind) => structuralFlags[kind] === 0)
  let events = 0
  for (let round = 0; round < 150; round++) {
    const format = [11, 19, 21][random(3)] as number
    const writer = openV1Writer(format)
    const huge = [2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64 - 2048, -1]
    const pick = (below: number): number => (random(200) === 0 ? (huge[random(huge.length)] as number) : random(below))
    const addOdd = (): void => {
      const kind = kinds[random(kinds.length)] as number
      if ((sinceFormat[kind] as number) > format) return
      if (kind === v1.log) {
        writer.log(pick(9), pick(3), pick(3), pick(3), 'x'.repeat(random(20)))
        return
      }
      const counts = (varintCounts[kind] as number) - 1 - (stackFlags[kind] as number)
      const args = Array.from({ length: counts }, () => pick(6))
      if (stackFlags[kind] === 1) args.push(pick(4))
      writer.event(kind, pick(20), ...args)
    }
    writer.batch(0, 1000)
    for (let id = 1; id < 60; id++) writer.event(v1.goCreate, 1, id, 0, pick(4))
    writer.event(v1.procsChange, 1, 2, 0)
    const oddity = random(60) + 2
    for (let id = 1; id < 60; id++) {
      if (random(12) === 0) writer.batch(0, 1000 + pick(5000))
      writer.event(v1.goStartLocal, pick(20), id)
      for (let left = random(12); left > 0; left--) {
        const call = random(3) === 0 ? v1.goSysCall : [v1.assistStart, v1.sweepStart][random(2)]
        writer.event(call as number, pick(20), pick(4))
        if (random(oddity) === 0) addOdd()
      }
      const leave = [v1.goSched, v1.goBlockSync, v1.goBlockNet, v1.goStop, v1.goSleep][random(5)] as number
      writer.event(leave, pick(20), pick(4))
      if (leave === v1.goBlockNet) writer.event(v1.goUnblockLocal, pick(20), id, pick(4))
      if (random(oddity) === 0) addOdd()
      if (random(30) === 0) writer.sample(pick(5000), pick(3), pick(6), pick(3))
      if (random(30) === 0) writer.string(pick(6), 'name')
      if (random(30) === 0) writer.stack(pick(4), [pick(99), pick(6), pick(6), pick(99)])
    }
    events += examine(writer.finish(random(5) === 0 ? 0 : 1 + pick(1e9)))
  }
  assert.ok(events > 20_000, `${events} events`)
})

test('many processors that wait for one goroutine end in time', () => {
  const writer = openV1Writer()
  writer.batch(0, 1000)
  writer.event(v1.goCreate, 1, 1, 0, 0)
  for (let turn = 0; turn < 20_000; turn++) {
    writer.event(v1.goStartLocal, 1, 1)
    writer.event(v1.goSched, 1, 0)
  }
  for (let processor = 1; processor < 8000; processor++) {
    writer.batch(processor, 1001)
    writer.event(v1.goStart, 1, 1, 1e6)
  }
  const started = performance.now()
  examine(writer.finish())
  assert.ok(performance.now() - started < 20_000)
})

test('more processors than Go allows end reading there, with an issue', () => {
  const writer = openV1Writer()
  writer.batch(0, 1000)
  writer.event(v1.procStart, 1, 7)
  for (let processor = 1; processor < 40_000; processor++) {
    writer.batch(processor, 1001)
    writer.event(v1.heapAlloc, 1, 1)
  }
  const read = readTraceSync(writer.finish(), {})
  if (!read.ok) throw new Error(read.error.message)
  assert.equal(read.value.value.events, 32_767)
  assert.ok(read.value.issues.some(({ message }) => message.includes('more processors')))
})
