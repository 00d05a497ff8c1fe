/**
 * Times of spans: pairs (seconds, nanoseconds) of unsigned 32-bit numbers while reading, doubles of ns from a base after.
 * The base is the median of the starts, so that a clock that says 1970 leaves itself out and not all the others.
 * Also from what formats write: decimal digits of unix ns, two 32-bit halves, microseconds.
 */

/** Up to here a double holds every ns from the base on: 2^53 ns are 104.25 days. */
const MAX_OFFSET_SECONDS = 9_007_199

const SAMPLES = 8192

/** Median of the seconds of pairs[0..count). */
export function findBaseSeconds(pairs: Uint32Array, count: number): number {
  if (count === 0) return 0
  const step = Math.max(1, Math.floor(count / SAMPLES))
  const sampled: number[] = []
  for (let row = 0; row < count; row += step) sampled.push(pairs[row * 2] as number)
  sampled.sort((a, b) => a - b)
  return sampled[sampled.length >> 1] as number
}

export function isFar(seconds: number, base: number): boolean {
  return Math.abs(seconds - base) >= MAX_OFFSET_SECONDS
}

/** `count` times that stand every `stride` places, their seconds at `place`, as ns from the base. */
export function toNs(source: Uint32Array, count: number, stride: number, place: number, base: number): Float64Array {
  const times = new Float64Array(count)
  for (let row = 0, at = place; row < count; row++, at += stride) {
    times[row] = ((source[at] as number) - base) * 1e9 + (source[at + 1] as number)
  }
  return times
}

/** Fills `column` with what stands every `stride` places, from `place` on. */
export function everyNth<T extends Uint8Array | Uint32Array>(source: T, column: T, stride: number, place: number): T {
  for (let row = 0, at = place; row < column.length; row++, at += stride) column[row] = source[at] as number
  return column
}

/** A time as a reader holds it. */
export type TimePair = { seconds: number; nanos: number }

/** Unix ns in two unsigned halves. False when it is past the year 2106. */
export function splitHalves(high: number, low: number, into: TimePair): boolean {
  // Long division by 10^9, 16 bits at a time: no step passes 2^53.
  const a = high >>> 16
  let rest = a * 65536 + (high & 0xffff)
  const top = Math.floor(rest / 1e9)
  rest = (rest - top * 1e9) * 65536 + (low >>> 16)
  const middle = Math.floor(rest / 1e9)
  rest = (rest - middle * 1e9) * 65536 + (low & 0xffff)
  const bottom = Math.floor(rest / 1e9)
  const seconds = (top * 65536 + middle) * 65536 + bottom
  into.seconds = seconds
  into.nanos = rest - bottom * 1e9
  return seconds <= 0xffff_ffff
}

/** Unix ns as a bigint. False when it is before 1970 or past 2106. */
export function splitBig(ns: bigint, into: TimePair): boolean {
  if (ns < 0n || ns >= 0x1_0000_0000n * 1_000_000_000n) return false
  into.seconds = Number(ns / 1_000_000_000n)
  into.nanos = Number(ns % 1_000_000_000n)
  return true
}

/** Unix microseconds, whole ones: exact up to 2^53. */
export function splitMicros(micros: number, into: TimePair): boolean {
  if (!(micros >= 0) || micros > Number.MAX_SAFE_INTEGER) return false
  const whole = Math.floor(micros)
  into.seconds = Math.floor(whole / 1e6)
  into.nanos = (whole - into.seconds * 1e6) * 1000
  return into.seconds <= 0xffff_ffff
}
