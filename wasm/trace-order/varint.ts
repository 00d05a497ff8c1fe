/**
 * Unsigned LEB128 of up to 64 bits. The position after the last one read is in `after`: a multi-value return is not to
 * be had. What is no number leaves it at `beyond`, which is past every batch's end: callers compare with the end.
 */

export let after: usize = 0
/** Past the end of all input; 128 bytes that may be read follow. */
export let beyond: usize = 0

export function setBeyond(at: usize): void {
  beyond = at
}

export const HIGH_BITS: u64 = 0x8080808080808080

/** The 7-bit groups of up to eight bytes, put together; bytes above the number's are 0. */
// @ts-ignore: decorator
@inline
export function pack(bytes: u64): u64 {
  let x = bytes & 0x7f7f7f7f7f7f7f7f
  x = (x & 0x007f007f007f007f) | ((x & 0x7f007f007f007f00) >> 1)
  x = (x & 0x00003fff00003fff) | ((x & 0x3fff00003fff0000) >> 2)
  return (x & 0x000000000fffffff) | ((x & 0x0fffffff00000000) >> 4)
}

export function readLong(from: usize): u64 {
  const bytes = load<u64>(from)
  const stops = ~bytes & HIGH_BITS
  if (stops != 0) {
    after = from + <usize>((ctz<u64>(stops) >> 3) + 1)
    return pack(bytes & (stops ^ (stops - 1)))
  }
  const ninth = load<u8>(from, 8)
  const value = pack(bytes)
  if (ninth < 128) {
    after = from + 9
    return value | (<u64>ninth << 56)
  }
  const tenth = load<u8>(from, 9)
  if (tenth > 1) {
    after = beyond
    return 0
  }
  after = from + 10
  return value | (<u64>(ninth & 127) << 56) | (<u64>tenth << 63)
}

/** As a number of JavaScript. */
// @ts-ignore: decorator
@inline
export function toFloat(value: u64): f64 {
  return <i64>value >= 0 ? <f64>(<i64>value) : <f64>value
}

/** What is wrong with a table: see fault codes in tables.ts. */
export let faultCode: i32 = 0
export let faultAt: usize = 0
export let faultDetail: f64 = 0

export function setFault(code: i32, at: usize, detail: f64): void {
  faultCode = code
  faultAt = at
  faultDetail = detail
}

export const FAULT_ENDS: i32 = 1
export const FAULT_TEN_BYTES: i32 = 2
export const FAULT_64_BITS: i32 = 3

/** One that must end before `end`; else a fault is set. */
export function readBounded(from: usize, end: usize): u64 {
  let value: u64 = 0
  let at = from
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (at >= end) {
      setFault(FAULT_ENDS, at, 0)
      return 0
    }
    const byte = load<u8>(at++)
    value |= <u64>(byte & 127) << shift
    if (byte < 128) {
      if (shift == 63 && byte > 1) {
        setFault(FAULT_64_BITS, from, 0)
        return 0
      }
      after = at
      return value
    }
  }
  setFault(FAULT_TEN_BYTES, at, 0)
  return 0
}
