/**
 * OTLP attribute values in JSON as texts: strings as they are, numbers and booleans as JSON prints them, arrays and
 * maps as plain JSON. Also the attributes of a resource, as plain values.
 */
import type { AttributeValue } from '../../model/spans.ts'
import type { JsonReader } from '../stream/json-reader.ts'
import { KeySet, type TextPool } from './text-pool.ts'

const VALUE_KEYS = new KeySet([
  'stringValue',
  'intValue',
  'boolValue',
  'doubleValue',
  'string_value',
  'int_value',
  'bool_value',
  'double_value',
])
const isPlainKey = (place: number) => place >= 0

/** The value that comes next, an AnyValue object, as an index of texts. */
export function readAnyValueText(reader: JsonReader, texts: TextPool): number {
  const start = reader.at
  if (reader.peek() === 0x7b) {
    reader.at++
    if (!reader.nextKey()) return 0
    const place = VALUE_KEYS.find(reader.text, reader.from, reader.to)
    if (isPlainKey(place) && reader.readScalar()) {
      const kind = place & 3
      const text = kind === 3 ? texts.internText(canonicalNumber(reader.textString())) : internScalar(reader, texts)
      if (!reader.nextKey()) return text
    }
  }
  reader.at = start
  return texts.internText(plainText(toPlain(reader.parseValue())))
}

function internScalar(reader: JsonReader, texts: TextPool): number {
  return texts.intern(reader.text, reader.from, reader.to)
}

function canonicalNumber(text: string): string {
  const value = Number(text)
  return Number.isNaN(value) ? text : String(value)
}

/** An AnyValue as a plain value: what the oneof holds. */
export function toPlain(value: unknown): unknown {
  if (!isRecord(value)) return undefined
  const [key, inner] = Object.entries(value)[0] ?? []
  switch (key) {
    case 'stringValue':
    case 'string_value':
    case 'boolValue':
    case 'bool_value':
    case 'bytesValue':
    case 'bytes_value':
      return inner
    case 'intValue':
    case 'int_value':
      return toInteger(inner)
    case 'doubleValue':
    case 'double_value':
      return typeof inner === 'string' && !Number.isNaN(Number(inner)) ? Number(inner) : inner
    case 'arrayValue':
    case 'array_value':
      return isRecord(inner) && Array.isArray(inner.values) ? inner.values.map(toPlain) : []
    case 'kvlistValue':
    case 'kvlist_value':
      return isRecord(inner) ? plainPairs(inner.values) : {}
    default:
      return undefined
  }
}

function toInteger(value: unknown): unknown {
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : BigInt(value)
}

/** A list of `{key, value}` as an object of plain values. */
function plainPairs(list: unknown): Record<string, unknown> {
  const pairs: Record<string, unknown> = Object.create(null)
  if (!Array.isArray(list)) return pairs
  for (const item of list) {
    if (!isRecord(item) || typeof item.key !== 'string') continue
    const value = toPlain(item.value)
    if (value !== undefined && value !== null) pairs[item.key] = value
  }
  return pairs
}

/** The same for a resource: arrays and maps as JSON. */
export function attributePairs(list: unknown): Record<string, AttributeValue> {
  const pairs: Record<string, AttributeValue> = {}
  for (const [key, value] of Object.entries(plainPairs(list))) {
    // Own property even for `__proto__`.
    Object.defineProperty(pairs, key, {
      value: toAttribute(value),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return pairs
}

export function toAttribute(value: unknown): AttributeValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return typeof value === 'bigint' ? value : plainText(value)
}

/** A plain value as text. */
export function plainText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  return JSON.stringify(value, printable) ?? ''
}

/** What JSON has no number for stands there as OTLP's JSON has it: as a string. */
function printable(_: string, inner: unknown): unknown {
  const isOdd = typeof inner === 'bigint' || (typeof inner === 'number' && !Number.isFinite(inner))
  return isOdd ? String(inner) : inner
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
