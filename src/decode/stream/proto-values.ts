/**
 * OTLP's common messages from protobuf: AnyValue, KeyValue, Resource, InstrumentationScope (common.proto and
 * resource.proto of opentelemetry-proto 1.11). Texts are interned from their bytes; what is rare becomes plain values.
 * Throws CursorFault, which the reader of the message around catches.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import type { AttributeValue, SpanScope } from '../../model/spans.ts'
import { BYTES, readEnd, readTag, readVarint64, skipField, toInt64 } from '../pprof/wire.ts'
import type { ByteWindow } from '../stream/byte-window.ts'
import { plainText, toAttribute } from './any-value.ts'
import type { TextPool } from './text-pool.ts'

const MAX_VALUE_DEPTH = 32
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const scratch = new DataView(new ArrayBuffer(8))

/** A field as (number << 3 | wire type). */
const STRING_VALUE = 10
const BOOL_VALUE = 16
const INT_VALUE = 24
const DOUBLE_VALUE = 33
const ARRAY_VALUE = 42
const KVLIST_VALUE = 50
const BYTES_VALUE = 58

/** The AnyValue in [at, end) as an index of texts. */
export function readProtoValueText(window: ByteWindow, end: number, texts: TextPool): number {
  const start = window.at
  if (start < end && window.bytes[start] === STRING_VALUE) {
    window.at = start + 1
    const to = readEnd(window, end)
    if (to === end) {
      const from = window.at
      window.at = end
      return texts.intern(window.bytes, from, end)
    }
    window.at = start
  } else if (start < end && window.bytes[start] === INT_VALUE) {
    window.at = start + 1
    const low = readVarint64(window, end)
    if (window.at === end && window.hi === 0) return texts.internInteger(low)
    window.at = start
  }
  return texts.internText(plainText(readProtoValue(window, end, 0)))
}

/** The AnyValue in [at, end) as a plain value; the last field of the oneof counts. */
export function readProtoValue(window: ByteWindow, end: number, depth: number): unknown {
  if (depth > MAX_VALUE_DEPTH) {
    throw new CursorFault('malformed', window.offset, `a value is nested deeper than ${MAX_VALUE_DEPTH} levels`)
  }
  let value: unknown
  while (window.at < end) {
    const tag = readTag(window, end)
    if (tag === STRING_VALUE) value = readText(window, end)
    else if (tag === BOOL_VALUE) value = (readVarint64(window, end) | window.hi) !== 0
    else if (tag === INT_VALUE) {
      const big = toInt64(readVarint64(window, end), window.hi)
      value = big >= -0x1f_ffff_ffff_ffffn && big <= 0x1f_ffff_ffff_ffffn ? Number(big) : big
    } else if (tag === DOUBLE_VALUE) value = readDouble(window, end)
    else if (tag === ARRAY_VALUE) value = readList(window, end, depth)
    else if (tag === KVLIST_VALUE) value = readPairs(window, readEnd(window, end), 1, depth + 1)
    else if (tag === BYTES_VALUE) value = readBase64(window, end)
    else skipField(window, tag, end)
  }
  return value
}

function readList(window: ByteWindow, outer: number, depth: number): unknown[] {
  const end = readEnd(window, outer)
  const list: unknown[] = []
  while (window.at < end) {
    const tag = readTag(window, end)
    if (tag === 10) list.push(readProtoValue(window, readEnd(window, end), depth + 1) ?? null)
    else skipField(window, tag, end)
  }
  return list
}

/** The KeyValues in field `field` of the message in [at, end). */
function readPairs(window: ByteWindow, end: number, field: number, depth: number): Record<string, unknown> {
  const pairs: Record<string, unknown> = {}
  while (window.at < end) {
    const tag = readTag(window, end)
    if (tag !== ((field << 3) | BYTES)) {
      skipField(window, tag, end)
      continue
    }
    const pairEnd = readEnd(window, end)
    let key = ''
    let value: unknown
    while (window.at < pairEnd) {
      const inner = readTag(window, pairEnd)
      if (inner === 10) key = readText(window, pairEnd)
      else if (inner === 18) value = readProtoValue(window, readEnd(window, pairEnd), depth)
      else skipField(window, inner, pairEnd)
    }
    // Own property even for `__proto__`.
    if (value !== undefined) {
      Object.defineProperty(pairs, key, { value, enumerable: true, configurable: true, writable: true })
    }
  }
  return pairs
}

/** The attributes of the Resource in [at, end). */
export function readProtoResource(window: ByteWindow, end: number): Record<string, AttributeValue> {
  const plain = readPairs(window, end, 1, 0)
  const attributes: Record<string, AttributeValue> = {}
  for (const [key, value] of Object.entries(plain)) {
    const attribute = toAttribute(value)
    Object.defineProperty(attributes, key, { value: attribute, enumerable: true, configurable: true, writable: true })
  }
  return attributes
}

/** The InstrumentationScope in [at, end). */
export function readProtoScope(window: ByteWindow, end: number): SpanScope {
  let name = ''
  let version = ''
  while (window.at < end) {
    const tag = readTag(window, end)
    if (tag === 10) name = readText(window, end)
    else if (tag === 18) version = readText(window, end)
    else skipField(window, tag, end)
  }
  return version === '' ? { name } : { name, version }
}

export function readText(window: ByteWindow, outer: number): string {
  const end = readEnd(window, outer)
  const text = decoder.decode(window.bytes.subarray(window.at, end))
  window.at = end
  return text
}

function readDouble(window: ByteWindow, end: number): number {
  if (window.at + 8 > end) throw new CursorFault('truncated', window.offset, 'the input ends inside a number')
  for (let at = 0; at < 8; at++) scratch.setUint8(at, window.bytes[window.at + at] as number)
  window.at += 8
  return scratch.getFloat64(0, true)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function readBase64(window: ByteWindow, outer: number): string {
  const end = readEnd(window, outer)
  const { bytes } = window
  let text = ''
  for (let at = window.at; at < end; at += 3) {
    const left = end - at
    const word =
      ((bytes[at] as number) << 16) |
      (left > 1 ? (bytes[at + 1] as number) << 8 : 0) |
      (left > 2 ? (bytes[at + 2] as number) : 0)
    text += ALPHABET.charAt(word >> 18) + ALPHABET.charAt((word >> 12) & 63)
    text += left > 1 ? ALPHABET.charAt((word >> 6) & 63) : '='
    text += left > 2 ? ALPHABET.charAt(word & 63) : '='
  }
  window.at = end
  return text
}

/** A little-endian 32-bit number. */
export function readFixed32(window: ByteWindow, end: number): number {
  const { bytes, at } = window
  if (at + 4 > end) throw new CursorFault('truncated', window.offset, 'the input ends inside a number')
  window.at = at + 4
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  )
}
