/**
 * 64-bit times and small numbers of JSON, as strings or numbers, exactly: never through a double.
 */
import type { JsonReader } from '../stream/json-reader.ts'
import { splitBig, splitMicros, type TimePair } from './span-times.ts'

/** Reads unix ns. False where it is no time that can be kept; `into` is 0 then. */
export function readUnixNs(reader: JsonReader, into: TimePair): boolean {
  into.seconds = 0
  into.nanos = 0
  if (!reader.readScalar()) return false
  const { text, from, to } = reader
  const digits = to - from
  if (digits === 0) return true
  if (digits > 19) return readOddUnixNs(reader.textString(), into)
  const split = Math.max(from, to - 9)
  let seconds = 0
  let nanos = 0
  for (let at = from; at < split; at++) {
    const digit = (text[at] as number) - 0x30
    if (digit < 0 || digit > 9) return readOddUnixNs(reader.textString(), into)
    seconds = seconds * 10 + digit
  }
  for (let at = split; at < to; at++) {
    const digit = (text[at] as number) - 0x30
    if (digit < 0 || digit > 9) return readOddUnixNs(reader.textString(), into)
    nanos = nanos * 10 + digit
  }
  if (seconds > 0xffff_ffff) return false
  into.seconds = seconds
  into.nanos = nanos
  return true
}

/** `1.7e18`, `1700000000000000000.0`, null: what other writers make of a large number. */
function readOddUnixNs(text: string, into: TimePair): boolean {
  if (text === 'null') return true
  const parts = /^(\d{1,25})(?:\.(\d{1,30}))?(?:[eE]\+?(\d{1,2}))?$/.exec(text)
  if (parts === null) return false
  const fraction = parts[2] ?? ''
  const shift = Number(parts[3] ?? '0')
  const whole = `${parts[1]}${fraction.slice(0, shift).padEnd(shift, '0')}`
  return splitBig(BigInt(whole), into)
}

/** Reads unix microseconds, as Jaeger and Zipkin have them. */
export function readUnixMicros(reader: JsonReader, into: TimePair): boolean {
  into.seconds = 0
  into.nanos = 0
  if (!reader.readScalar()) return false
  if (reader.textIs('null')) return true
  return splitMicros(reader.textNumber(), into)
}

/** Adds microseconds to a time. */
export function addMicros(time: TimePair, micros: number): void {
  const whole = Math.max(0, Math.floor(micros))
  const seconds = Math.floor(whole / 1e6)
  time.seconds = Math.min(time.seconds + seconds, 0xffff_ffff)
  time.nanos += (whole - seconds * 1e6) * 1000
  if (time.nanos < 1e9) return
  time.nanos -= 1e9
  time.seconds = Math.min(time.seconds + 1, 0xffff_ffff)
}

/** Reads a number; NaN where there is none. */
export function readNumber(reader: JsonReader): number {
  return reader.readScalar() ? reader.textNumber() : Number.NaN
}
