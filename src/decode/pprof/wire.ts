/**
 * The protobuf wire as the pprof decoder needs it: tags, varints with all 64 bits, skipping, bounds.
 * Enters: one byte array. Leaves: numbers, as two unsigned 32-bit halves where 64 bits matter; faults with an offset.
 * The position lives in a field of the reader (see base/byte-cursor), so that no closure ever moves a local.
 * Follows protobuf.dev/programming-guides/encoding; groups (wire types 3 and 4) are refused, as in google/pprof.
 */
import { CursorFault } from '../../base/byte-cursor.ts'

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2

/** A position in bytes, and the upper half of the varint that was read last. */
export type Wire = {
  readonly bytes: Uint8Array
  at: number
  /** Bits 32 to 63 of the last varint, unsigned. */
  hi: number
}

export function openWire(bytes: Uint8Array, at: number = 0): Wire {
  return { bytes, at, hi: 0 }
}

/** Reads a varint: returns its low 32 bits (unsigned), leaves the upper 32 in `wire.hi`. Bits past 64 are refused. */
export function readVarint64(wire: Wire, end: number): number {
  const at = wire.at
  if (at + 4 > end) return readLongVarint(wire, end)
  const bytes = wire.bytes
  let byte = bytes[at] as number
  let lo = byte & 0x7f
  let next = at + 1
  if (byte >= 0x80) {
    byte = bytes[next++] as number
    lo |= (byte & 0x7f) << 7
    if (byte >= 0x80) {
      byte = bytes[next++] as number
      lo |= (byte & 0x7f) << 14
      if (byte >= 0x80) {
        byte = bytes[next++] as number
        if (byte >= 0x80) return readLongVarint(wire, end)
        lo |= byte << 21
      }
    }
  }
  wire.at = next
  wire.hi = 0
  return lo
}

/** Any length, byte by byte, every bound checked. */
function readLongVarint(wire: Wire, end: number): number {
  const bytes = wire.bytes
  const start = wire.at
  let at = start
  let lo = 0
  let hi = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (at >= end) throw new CursorFault('truncated', start, 'the input ends inside a number')
    const byte = bytes[at++] as number
    const bits = byte & 0x7f
    if (shift < 28) lo |= bits << shift
    else if (shift === 28) {
      lo |= bits << 28
      hi = bits >>> 4
    } else if (shift < 63) hi |= bits << (shift - 32)
    else {
      if (bits > 1) throw new CursorFault('malformed', start, 'a number is longer than 64 bits')
      hi |= bits << 31
    }
    if (byte < 0x80) {
      wire.at = at
      wire.hi = hi >>> 0
      return lo >>> 0
    }
  }
  throw new CursorFault('malformed', start, 'a number is longer than ten bytes')
}

/** Reads a varint that has to fit 32 bits: tags, lengths, indices. Larger ones are refused, never cut. */
export function readVarint32(wire: Wire, end: number): number {
  const at = wire.at
  if (at < end) {
    const first = wire.bytes[at] as number
    if (first < 0x80) {
      wire.at = at + 1
      return first
    }
    const second = at + 1 < end ? (wire.bytes[at + 1] as number) : 0x80
    if (second < 0x80) {
      wire.at = at + 2
      return (first & 0x7f) | (second << 7)
    }
  }
  const lo = readVarint64(wire, end)
  if (wire.hi !== 0) throw new CursorFault('malformed', at, 'a length or index is longer than 32 bits')
  return lo
}

/** The last varint, whose low half is `lo`, as a signed 64-bit number. */
export function toInt64(lo: number, hi: number): bigint {
  return (BigInt(hi | 0) << 32n) | BigInt(lo)
}

export function toUint64(lo: number, hi: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo)
}

/** The same as a double: exact up to 2^53. */
export function toDouble(lo: number, hi: number): number {
  return (hi | 0) * 4294967296 + lo
}

/** Reads a tag; refuses field number 0 and wire types that pprof never uses. */
export function readTag(wire: Wire, end: number): number {
  const at = wire.at
  const tag = readVarint32(wire, end)
  const type = tag & 7
  if (tag < 8) throw new CursorFault('malformed', at, 'a field has the number 0')
  if (type === 3 || type === 4 || type > 5) throw new CursorFault('malformed', at, `wire type ${type} is not supported`)
  return tag
}

/** Reads the length of a length-prefixed field and returns where the field ends. */
export function readEnd(wire: Wire, end: number): number {
  const at = wire.at
  const length = readVarint32(wire, end)
  if (length > end - wire.at) {
    throw new CursorFault('truncated', at, `a field of ${length} bytes ends after what holds it`)
  }
  return wire.at + length
}

/** Skips the value of a field whose tag was just read. */
export function skipField(wire: Wire, tag: number, end: number): void {
  const at = wire.at
  const type = tag & 7
  if (type === VARINT) readVarint64(wire, end)
  else if (type === BYTES) wire.at = readEnd(wire, end)
  else wire.at += type === FIXED64 ? 8 : 4
  if (wire.at > end) throw new CursorFault('truncated', at, 'the input ends inside a field')
}

/** Refuses a known field in a wire type that is not its own. */
export function expectType(tag: number, type: number, offset: number, what: string): void {
  if ((tag & 7) !== type) throw new CursorFault('malformed', offset, `${what} has wire type ${tag & 7}, not ${type}`)
}

/** True where the platform stores the low half of a 64-bit number first. */
const isLittleEndian: boolean = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
/** Position of the low and the high half of a 64-bit element in a 32-bit view over it. */
export const LOW_HALF: number = isLittleEndian ? 0 : 1
export const HIGH_HALF: number = 1 - LOW_HALF
