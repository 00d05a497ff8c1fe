import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { readTraceActivity } from './activity.ts'
import { readTraceHeader } from './framing.ts'

const recorded = readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin'))

/** A trace written by hand: header, one clock batch, one batch of events of thread 1. */
function writeTrace(events: readonly (readonly number[])[], header = 'go 1.26 trace\0\0\0'): Uint8Array {
  const clock = [50, 8, ...varint(1_000_000_000)]
  const timed = events.flatMap(([type, ...args]) => [type as number, ...args.flatMap(varint)])
  return Uint8Array.from([...new TextEncoder().encode(header), ...batch(99, clock), ...batch(1, timed), 52])
}

function batch(thread: number, payload: readonly number[]): number[] {
  return [1, ...varint(1), ...varint(thread), ...varint(1000), ...varint(payload.length), ...payload]
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]
}

function readOk(bytes: Uint8Array, ids: readonly number[]) {
  const read = readTraceActivity(bytes, Float64Array.from(ids))
  assert.ok(read.ok)
  return read.value
}

test('a goroutine that only has status events did not move; one that was started did', () => {
  const parked = [48, 5, 7, 3, 4, 0]
  const started = [16, 5, 8, 1]
  const { value } = readOk(writeTrace([parked, started]), [7, 8, 9])
  assert.deepEqual([...value.seen], [1, 1, 0])
  assert.deepEqual([...value.moves], [0, 1, 0])
  assert.equal(value.durationNs, 10)
})

test('an end is of the goroutine that the thread runs', () => {
  const { value } = readOk(
    writeTrace([
      [16, 5, 8, 1],
      [17, 5],
      [16, 5, 7, 1],
    ]),
    [7, 8],
  )
  assert.deepEqual([...value.ended], [0, 1])
})

test('a goroutine that goes through system calls moves, though it never blocks', () => {
  const running = [25, 1, 8, 1, 2]
  const { value } = readOk(writeTrace([running, [22, 5, 1, 0], [23, 5], [22, 5, 2, 0]]), [8])
  assert.deepEqual([...value.moves], [2])
})

test('a real trace names the goroutines of the dump taken beside it', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/goroutine.2.txt'), 'utf8')
  const ids = [...text.matchAll(/^goroutine (\d+)/gm)].map((match) => Number(match[1]))
  const { value, issues } = readOk(recorded, ids)
  assert.deepEqual(issues, [])
  assert.ok(value.isComplete)
  assert.ok(value.seen.filter((one) => one === 1).length > ids.length * 0.9)
})

test('traces before Go 1.22, from the future, and what is no trace each get their code', () => {
  const codeOf = (bytes: Uint8Array) => {
    const read = readTraceActivity(bytes, new Float64Array())
    return read.ok ? 'ok' : read.error.code
  }
  assert.equal(codeOf(writeTrace([], 'go 1.19 trace\0\0\0')), 'SL_DECODE_TRACE_VERSION')
  assert.equal(codeOf(writeTrace([], 'go 1.99 trace\0\0\0')), 'SL_DECODE_TRACE_VERSION')
  assert.equal(codeOf(new TextEncoder().encode('<!doctype html><html>')), 'SL_DECODE_UNKNOWN_FORMAT')
  assert.equal(codeOf(new Uint8Array()), 'SL_DECODE_EMPTY')
  assert.equal(readTraceHeader(recorded), 26)
})

test('cut at every byte, a trace gives what stood before the cut and says that it is cut', () => {
  const whole = writeTrace([
    [48, 5, 7, 3, 4, 0],
    [16, 300, 8, 1],
    [17, 5],
  ])
  for (let length = 17; length < whole.length - 1; length++) {
    const { value, issues } = readOk(whole.subarray(0, length), [7, 8])
    const isAtBoundary = issues.length === 0
    assert.equal(value.isComplete, isAtBoundary)
  }
})

test('whatever bytes are flipped, there is an answer and never a throw', () => {
  const small = recorded.subarray(0, 6000)
  const edits = fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = Uint8Array.from(small)
      for (const [at, value] of changes) bytes[at] = value
      const read = readTraceActivity(bytes, Float64Array.from([1, 2, 3]))
      assert.ok(read.ok || read.error.code.startsWith('SL_DECODE_'))
    }),
    { seed: 7, numRuns: 500 },
  )
})
