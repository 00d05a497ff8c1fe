/**
 * Bytes of protobuf messages, written front to back: fields of varints, fixed 64-bit numbers, texts and messages.
 * Numbers are doubles, exact below 2^53 and never negative; a message inside another is made in a sink of its own first.
 * Spec: protobuf.dev/programming-guides/encoding.
 */

export type ProtoSink = { bytes: Uint8Array; at: number }

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const coder = new TextEncoder()
const TWO_32 = 4294967296

export function openSink(size: number): ProtoSink {
  return { bytes: new Uint8Array(size), at: 0 }
}

export function putNumber(sink: ProtoSink, field: number, value: number): void {
  reserve(sink, 16)
  putVarint(sink, field * 8 + VARINT)
  putVarint(sink, value)
}

export function putBig(sink: ProtoSink, field: number, value: bigint): void {
  reserve(sink, 16)
  putVarint(sink, field * 8 + VARINT)
  let rest = BigInt.asUintN(64, value)
  while (rest > 0x7fn) {
    sink.bytes[sink.at++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  sink.bytes[sink.at++] = Number(rest)
}

export function putFixed64(sink: ProtoSink, field: number, value: number): void {
  reserve(sink, 16)
  putVarint(sink, field * 8 + FIXED64)
  const high = Math.floor(value / TWO_32)
  let low = value >>> 0
  for (let byte = 0; byte < 8; byte++) {
    sink.bytes[sink.at++] = low & 0xff
    low = byte === 3 ? high : low >>> 8
  }
}

export function putText(sink: ProtoSink, field: number, text: string): void {
  putBytes(sink, field, coder.encode(text))
}

export function putMessage(sink: ProtoSink, field: number, message: ProtoSink): void {
  putPart(sink, field, message.bytes, message.at)
}

function putBytes(sink: ProtoSink, field: number, bytes: Uint8Array): void {
  putPart(sink, field, bytes, bytes.length)
}

function putPart(sink: ProtoSink, field: number, bytes: Uint8Array, length: number): void {
  reserve(sink, length + 16)
  putVarint(sink, field * 8 + LENGTH)
  putVarint(sink, length)
  const { bytes: into, at } = sink
  if (length < 64) for (let byte = 0; byte < length; byte++) into[at + byte] = bytes[byte] as number
  else into.set(bytes.subarray(0, length), at)
  sink.at = at + length
}

/** The caller has reserved ten bytes. */
function putVarint(sink: ProtoSink, value: number): void {
  const { bytes } = sink
  let { at } = sink
  let rest = value
  while (rest >= TWO_32) {
    bytes[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  let low = rest >>> 0
  while (low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80
    low >>>= 7
  }
  bytes[at++] = low
  sink.at = at
}

function reserve(sink: ProtoSink, more: number): void {
  if (sink.at + more <= sink.bytes.length) return
  const larger = new Uint8Array(Math.max(sink.bytes.length * 2, sink.at + more))
  larger.set(sink.bytes.subarray(0, sink.at))
  sink.bytes = larger
}
