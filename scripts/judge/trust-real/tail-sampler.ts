/**
 * Tail sampling as a collector does it that sees a part of each trace: kept are the spans of those traces whose longest
 * span here is among the slower half here. Two such collectors, each with other services, cut traces in two. Enters: OTLP
 * requests as protobuf. Leaves: one message with what is kept. Fields are those of trace.proto.
 */
import { ByteCursor } from '../../../src/base/byte-cursor.ts'

type Field = { readonly number: number; readonly wire: number; readonly bytes: Uint8Array }

const RESOURCE_SPANS = 1
const SCOPE_SPANS = 2
const SPANS = 2
const TRACE_ID = 1
const START = 7
const END = 8

export function keepSlowTraces(requests: readonly Uint8Array[]): Uint8Array {
  const longest = new Map<string, number>()
  const walk = (keeps: (span: Uint8Array) => boolean): Uint8Array =>
    Buffer.concat(
      requests.map((request) =>
        rewrite(request, RESOURCE_SPANS, (resource) =>
          rewrite(resource, SCOPE_SPANS, (scope) => rewrite(scope, SPANS, (span) => (keeps(span) ? span : undefined))),
        ),
      ),
    )
  walk((span) => {
    const { traceId, lengthNs } = readSpan(span)
    longest.set(traceId, Math.max(longest.get(traceId) ?? 0, lengthNs))
    return false
  })
  const sorted = [...longest.values()].sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  return walk((span) => (longest.get(readSpan(span).traceId) ?? 0) >= median)
}

function readSpan(span: Uint8Array): { readonly traceId: string; readonly lengthNs: number } {
  let traceId = ''
  const times = { [START]: 0n, [END]: 0n }
  for (const { number, bytes } of readFields(span)) {
    if (number === TRACE_ID) traceId = Buffer.from(bytes).toString('hex')
    else if (number === START || number === END) times[number] = Buffer.from(bytes).readBigUInt64LE()
  }
  return { traceId, lengthNs: Number(times[END] - times[START]) }
}

/** The message with one of its fields changed, or left out; the rest as it was. */
function rewrite(
  message: Uint8Array,
  number: number,
  change: (bytes: Uint8Array) => Uint8Array | undefined,
): Uint8Array {
  const parts: Uint8Array[] = []
  for (const field of readFields(message)) {
    const bytes = field.number === number ? change(field.bytes) : field.bytes
    if (bytes === undefined) continue
    parts.push(writeVarint(field.number * 8 + field.wire))
    if (field.wire === 2) parts.push(writeVarint(bytes.length))
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}

function* readFields(message: Uint8Array): Generator<Field, void> {
  const cursor = new ByteCursor(message)
  while (!cursor.isAtEnd) {
    const tag = cursor.readVarint()
    const wire = tag & 7
    const bytes = wire === 0 ? writeVarint(cursor.readVarint()) : cursor.readSlice(lengthOf(wire, cursor))
    yield { number: tag >>> 3, wire, bytes }
  }
}

function lengthOf(wire: number, cursor: ByteCursor): number {
  if (wire === 1) return 8
  return wire === 5 ? 4 : cursor.readVarint()
}

function writeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
