/**
 * Spans with anything done to them: never a throw, columns in step, and the same answer however the bytes come in
 * pieces. Bounded, and the same in every run; SIGHTLINE_FUZZ_RUNS asks for more.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SpanTable } from '../../model/spans.ts'
import { bytesOf, fullSpan, otlp, plainSpan, protoRequest, protoResource, protoSpan } from '../testing/span-samples.ts'
import { type Field, writeMessage } from '../testing/write-otlp-proto.ts'
import { openSpanReader } from './spans.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'testdata', 'spans')
const fixture = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)))
const RUNS = Number(process.env.SIGHTLINE_FUZZ_RUNS ?? '1500')
const MOST_BYTES = 40_000

const zipkin = {
  traceId: '1a',
  id: '2b',
  timestamp: 1458702548467000,
  duration: 5,
  localEndpoint: { serviceName: 's' },
}
/** With what is passed over: a scope's schema, fields of tomorrow. */
const protoSkipped = (): Uint8Array => {
  const long: Field = [90, 'x'.repeat(70)]
  const scopeSpans: readonly Field[] = [[2, protoSpan], [3, 'https://schema'], long, [2, protoSpan], long]
  return writeMessage([[1, [[1, protoResource], long, [2, scopeSpans], [91, 7], [2, scopeSpans]]]])
}
const seeds: readonly Uint8Array[] = [
  protoSkipped(),
  bytesOf(otlp([fullSpan, plainSpan, plainSpan])),
  bytesOf([otlp([plainSpan]), otlp([fullSpan])].map((one) => JSON.stringify(one)).join('\n')),
  bytesOf(Array.from({ length: 6 }, () => JSON.stringify(zipkin)).join('\n')),
  bytesOf({ batches: otlp([fullSpan]).resourceSpans }),
  fixture('jaeger-ui.json').subarray(0, 6_000),
  protoRequest,
  frame([protoRequest, protoRequest]),
]
const tokens = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  'null',
  '1e999',
  '"\\ud800"',
  '{"a":',
  '\n',
  '\0',
  '"spans":[',
  '"data":',
]
  .concat(['"resourceSpans":', '18446744073709551616', '\u0080\u0000', '\u001a\u0003xyz'])
  .map((token) => Buffer.from(token, 'latin1'))

function frame(messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    messages.map((message) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(message.length)
      return Buffer.concat([length, message])
    }),
  )
}

function openRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mutate(random: (below: number) => number): Buffer {
  const pick = () => seeds[random(seeds.length)] as Uint8Array
  let bytes: Buffer = Buffer.from(pick())
  for (let left = 1 + random(5); left > 0; left--) {
    const at = random(bytes.length + 1)
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    const token = tokens[random(tokens.length)] as Buffer
    const other = pick()
    const from = random(other.length)
    const changes = [
      () => Buffer.concat([before, Uint8Array.of(random(256)), after.subarray(1)]),
      () => Buffer.concat([before, after.subarray(1 + random(40))]),
      () => Buffer.concat([before, token, after]),
      () => Buffer.concat([before, token, after.subarray(token.length)]),
      () => before,
      () => Buffer.concat([before, other.subarray(from, from + random(1_500)), after]),
    ]
    bytes = (changes[random(changes.length)] as () => Buffer)().subarray(0, MOST_BYTES)
  }
  return bytes
}

function read(bytes: Uint8Array, step: number) {
  const reader = openSpanReader()
  reader.beginFile('fuzzed')
  for (let at = 0; at < bytes.length; at += step) reader.feed(bytes.subarray(at, at + step))
  const isWhole = reader.endFile()
  return { isWhole, decoded: reader.finish() }
}

function describe({ isWhole, decoded }: ReturnType<typeof read>): unknown {
  if (!decoded.ok) return [isWhole, decoded.error.code]
  const { value, issues } = decoded.value
  return [isWhole, value.count, value.traceCount, value.strings, [...value.startNs], [...value.attributeValues], issues]
}

function assertInStep(table: SpanTable): void {
  const within = (column: ArrayLike<number>, count: number) => Array.from(column).every((value) => value < count)
  assert.equal(table.attributeStart[table.count], table.attributeKeys.length)
  assert.equal(table.linkStart[table.count], table.linkTraces.length)
  assert.equal(table.eventStart[table.count], table.eventNames.length)
  assert.ok(within(table.traces, table.traceCount) && within(table.linkTraces, table.traceCount))
  assert.ok(within(table.resourceOf, table.resources.length) && within(table.scopeOf, table.scopes.length))
  for (const texts of [table.names, table.traceStates, table.attributeKeys, table.attributeValues, table.eventNames]) {
    assert.ok(within(texts, table.strings.length))
  }
  assert.ok([...table.startNs, ...table.endNs, ...table.eventNs].every(Number.isFinite))
}

test('damage of any kind is read alike in one piece and in many, and leaves columns in step', () => {
  const random = openRandom(20_260_101)
  for (let run = 0; run < RUNS; run++) {
    const bytes = mutate(random)
    const whole = read(bytes, Math.max(1, bytes.length))
    const pieces = read(bytes, 1 + random(random(4) === 0 ? 20 : 2_000))
    assert.deepEqual(describe(pieces), describe(whole), `run ${run}`)
    if (whole.decoded.ok) assertInStep(whole.decoded.value.value)
  }
})

test('sound spans are read alike in pieces of every size', () => {
  for (const bytes of seeds) {
    const whole = describe(read(bytes, bytes.length))
    for (let step = 1; step < 120; step++) assert.deepEqual(describe(read(bytes, step)), whole, `pieces of ${step}`)
  }
})
