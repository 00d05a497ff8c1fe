import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpanTable } from '../../model/spans.ts'
import { type IdSplit, splitByTraceId } from './trace-id-samplers.ts'

const COUNT = 600

/** Ids from a fixed sequence that looks random. */
function drawIds(): Uint8Array {
  const bytes = new Uint8Array(COUNT * 16)
  let state = 12345
  for (let index = 0; index < bytes.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

/** Which traces a sampler keeps, from the two halves of the id. */
function split(
  isKept: (high: bigint, low: bigint, index: number) => boolean,
  traceIds: Uint8Array = drawIds(),
): IdSplit | undefined {
  const view = new DataView(traceIds.buffer)
  const traces = Array.from({ length: COUNT }, (_, index) => index)
  const kept = traces.filter((index) => isKept(view.getBigUint64(index * 16), view.getBigUint64(index * 16 + 8), index))
  const dropped = traces.filter((index) => !kept.includes(index))
  const traceFirst = Float64Array.from(traces, (index) => index * 1e8)
  return splitByTraceId({ spans: { traceIds } as SpanTable, traceFirst }, dropped, kept)
}

const share = (value: bigint, bits: number): number => Number(value) / 2 ** bits

const samplers: readonly [string, number, (high: bigint, low: bigint) => number][] = [
  ['Go', 0.95, (_, low) => share(low >> 1n, 63)],
  ['Go', 0.02, (_, low) => share(low >> 1n, 63)],
  ['Java', 0.5, (_, low) => Math.abs(share(BigInt.asIntN(64, low), 63))],
  ['Jaeger', 0.3, (_, low) => share(BigInt.asUintN(63, low), 63)],
  ['.NET', 0.9, (high) => Math.abs(share(BigInt.asIntN(64, high), 63))],
  ['Datadog', 0.5, (_, low) => share(BigInt.asUintN(64, low * 1_111_111_111_111_111_111n), 64)],
  ['a threshold in tracestate', 0.5, (_, low) => 1 - share(BigInt.asUintN(56, low), 56)],
]

for (const [name, ratio, read] of samplers) {
  test(`what a ratio sampler of ${name} leaves out is told by the ids, at a ratio of ${ratio}`, () => {
    const found = split((high, low) => read(high, low) < ratio)
    assert.ok(found !== undefined)
    assert.ok(found.beyond >= 0.99 && found.before >= 0.99, JSON.stringify(found))
  })
}

test('three traces are enough where the bound is sharp', () => {
  assert.ok(split((_, low) => share(low, 64) < 0.994) !== undefined)
})

test('a sampler in one version of two is told, though the other version keeps the rest', () => {
  assert.ok(split((_, low, index) => index % 3 === 0 || share(low, 64) < 0.5) !== undefined)
})

test('lots, hours and bursts are not told by ids', () => {
  assert.equal(
    split((_, __, index) => (index * 7919 + 13) % 101 >= 20),
    undefined,
  )
  assert.equal(
    split((_, __, index) => index % 100 < 90),
    undefined,
  )
  assert.equal(
    split((_, __, index) => index < 400),
    undefined,
  )
})

test('ids that are made of the clock tell nothing: what is lost late has late ids', () => {
  const clocks = new Uint8Array(COUNT * 16)
  const view = new DataView(clocks.buffer)
  for (let index = 0; index < COUNT; index++) {
    view.setBigUint64(index * 16, BigInt(1_700_000_000 + index) << 32n)
    view.setBigUint64(index * 16 + 8, BigInt(index) << 40n)
  }
  assert.equal(
    split((_, __, index) => index < 400, clocks),
    undefined,
  )
})
