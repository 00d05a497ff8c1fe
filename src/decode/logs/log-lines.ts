/**
 * Log lines into the builder: JSON objects, logfmt, and text that begins with a time, as Go's log package prints it.
 * Enters: pieces of bytes. What runs the program may have wrapped a line (Docker's json-file, CRI): it is unwrapped.
 * Lines in none of these forms (stack traces, banners) are counted and left out; a longer line than the limit, too.
 */

import type { AttributeValue } from '../../model/spans.ts'
import { isRecord, plainText } from '../stream/any-value.ts'
import { readResource } from '../stream/resources.ts'
import { splitBig } from '../stream/span-times.ts'
import { parseTimeNs, parseUnixNumberNs } from '../stream/text-times.ts'
import type { LogBuilder } from './log-builder.ts'
import {
  ID_GROUPS,
  LEVEL_KEYS,
  MESSAGE_KEYS,
  RESOURCE_KEYS,
  readSeverity,
  SPAN_ID_KEYS,
  TIME_KEYS,
  TRACE_ID_KEYS,
} from './log-fields.ts'

export const MAX_LINE_BYTES = 1024 * 1024
type Fields = Readonly<Record<string, unknown>>

export class LogLines {
  private readonly builder: LogBuilder
  private rest = new Uint8Array(0)
  private isLong = false
  private left = 0
  private long = 0
  private readonly formats = new Map<string, number>()
  private readonly decoder = new TextDecoder()

  constructor(builder: LogBuilder) {
    this.builder = builder
  }

  feed(piece: Uint8Array): void {
    let from = 0
    for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, from)) {
      this.endLine(piece.subarray(from, at))
      from = at + 1
    }
    this.keep(piece.subarray(from))
  }

  finish(): void {
    if (this.rest.length > 0 || this.isLong) this.endLine(new Uint8Array(0))
    const { builder } = this
    const [format] = [...this.formats].sort((a, b) => b[1] - a[1])[0] ?? []
    if (format !== undefined) builder.nameFormat(format)
    const note = (message: string, count: number) =>
      builder.issues.add('SL_DECODE_SPAN_SKIPPED', message, { severity: 'info', count, at: { file: builder.file } })
    if (this.left > 0) note('Lines are no log records in a form that is read, and were left out', this.left)
    if (this.long > 0) note(`Lines longer than ${MAX_LINE_BYTES} bytes were left out`, this.long)
  }

  private keep(bytes: Uint8Array): void {
    if (this.isLong || bytes.length === 0) return
    if (this.rest.length + bytes.length > MAX_LINE_BYTES) {
      this.isLong = true
      this.rest = new Uint8Array(0)
      return
    }
    const joined = new Uint8Array(this.rest.length + bytes.length)
    joined.set(this.rest)
    joined.set(bytes, this.rest.length)
    this.rest = joined
  }

  private endLine(bytes: Uint8Array): void {
    if (this.isLong || this.rest.length + bytes.length > MAX_LINE_BYTES) {
      this.long++
      this.isLong = false
      this.rest = new Uint8Array(0)
      return
    }
    let line = bytes
    if (this.rest.length > 0) {
      this.keep(bytes)
      line = this.rest
      this.rest = new Uint8Array(0)
    }
    const text = this.decoder.decode(line).trim()
    if (text !== '' && !this.readLine(text, 0)) this.left++
  }

  private readLine(given: string, depth: number): boolean {
    // CRI: `2026-11-22T20:00:00.1Z stdout F line`
    const text = given.replace(/^\S+ (?:stdout|stderr) [FP] /, '')
    if (text.startsWith('{')) {
      const value = parseObject(text)
      if (value === undefined) return false
      // Docker: `{"log":"line\n","stream":"stdout","time":"..."}`
      if (depth === 0 && typeof value.log === 'string' && typeof value.stream === 'string') {
        return this.readLine(value.log.trim(), 1)
      }
      return this.take(value, text, 'json-lines')
    }
    const pairs = parseLogfmt(text)
    if (pairs !== undefined) return this.take(pairs, text, 'logfmt')
    return this.readText(text)
  }

  /** `2026/11/22 20:00:00.123456 message`; ids in it as `trace_id=…`. */
  private readText(text: string): boolean {
    const parts = /^(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)\s+(.*)$/.exec(text)
    if (parts === null) return false
    const [, time = '', message = ''] = parts
    const fields: Record<string, unknown> = { time: time.replaceAll('/', '-'), msg: message }
    const level = /^\[?([A-Za-z]{3,9})\]?[\s:]/.exec(message)?.[1]
    if (level !== undefined && readSeverity(level) > 0) fields.level = level
    for (const [, key = '', value = ''] of message.matchAll(
      /([A-Za-z._-]{5,20})["']?[=:]\s?["']?([0-9A-Za-z-]{8,64})/g,
    )) {
      if (TRACE_ID_KEYS.includes(key) || SPAN_ID_KEYS.includes(key)) fields[key] ??= value
    }
    return this.take(fields, text, 'text')
  }

  private take(fields: Fields, text: string, format: string): boolean {
    const { builder } = this
    const level = first(fields, LEVEL_KEYS)
    const message = first(fields, MESSAGE_KEYS)
    const time = first(fields, TIME_KEYS)
    if (level === undefined && message === undefined && time === undefined) return false
    builder.beginRecord()
    const ns = readTime(time, text)
    if (ns !== undefined) splitBig(ns, builder.time)
    builder.severity = level === undefined ? 0 : readSeverity(plainText(level))
    builder.setBody(plainText(message))
    const trace = findId(fields, TRACE_ID_KEYS, 'trace', text)
    const span = findId(fields, SPAN_ID_KEYS, 'span', text)
    // Google Cloud: projects/p/traces/ID
    if (trace !== undefined) builder.setTraceId(trace.replace(/^projects\/[^/]*\/traces\//, ''))
    if (span !== undefined) builder.setSpanId(span)
    builder.resource = builder.addResource(readResource(resourceOf(fields)))
    builder.commitRecord()
    this.formats.set(format, (this.formats.get(format) ?? 0) + 1)
    return true
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function first(fields: Fields, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = own(fields, key)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined
}

function readTime(value: unknown, text: string): bigint | undefined {
  if (typeof value === 'string') return parseTimeNs(value) ?? parseUnixNumberNs(value)
  if (typeof value !== 'number') return undefined
  // A number of 17 digits and more is not exact as a double: its digits are taken from the line.
  const digits = Number.isSafeInteger(value) ? undefined : digitsOf(text, TIME_KEYS)
  return parseUnixNumberNs(digits ?? String(value))
}

function digitsOf(text: string, keys: readonly string[]): string | undefined {
  for (const [, key = '', digits] of text.matchAll(/"([^"\\]{1,40})"\s*:\s*(\d{10,20}(?:\.\d{1,12})?)\s*[,}]/g)) {
    if (keys.includes(key)) return digits
  }
  return undefined
}

/** At the top, or one level down in a group that ids stand in. */
function findId(fields: Fields, keys: readonly string[], group: 'trace' | 'span', text: string): string | undefined {
  const direct = idText(first(fields, keys), text, keys)
  if (direct !== undefined) return direct
  for (const name of ID_GROUPS) {
    const inner = own(fields, name)
    if (!isRecord(inner)) {
      // A plain `trace` is an id in Google Cloud's own form only.
      if (name === group && group === 'trace' && typeof inner === 'string' && /traces\/|^[0-9a-f]{32}$/i.test(inner)) {
        return inner
      }
      continue
    }
    const id = idText(name === group ? (own(inner, 'id') ?? first(inner, keys)) : first(inner, keys), text, keys)
    if (id !== undefined) return id
  }
  return undefined
}

function idText(value: unknown, text: string, keys: readonly string[]): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value !== 'number') return undefined
  return Number.isSafeInteger(value) ? String(value) : (digitsOf(text, keys) ?? String(value))
}

function resourceOf(fields: Fields): Record<string, AttributeValue> {
  const attributes: Record<string, AttributeValue> = {}
  for (const [key, name] of Object.entries(RESOURCE_KEYS)) {
    const value = own(fields, key)
    if (typeof value === 'string' && value !== '') attributes[name] ??= value
  }
  const service = own(fields, 'service')
  if (isRecord(service) && typeof service.name === 'string') attributes['service.name'] ??= service.name
  return attributes
}

/** `key=value key="va lue"` from the first character on, with a level, a message or a time among them. */
export function parseLogfmt(text: string): Record<string, string> | undefined {
  const pairs: Record<string, string> = Object.create(null)
  const token = /\s*([^\s="]{1,128})(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*)))?(?=\s|$)/y
  let count = 0
  while (token.lastIndex < text.length) {
    const parts = token.exec(text)
    if (parts === null) return undefined
    const [, key = '', quoted, bare] = parts
    if (quoted !== undefined || bare !== undefined) {
      pairs[key] ??= quoted === undefined ? (bare ?? '') : unquote(quoted)
      count++
    } else if (count === 0) return undefined
  }
  const isLog = [...LEVEL_KEYS, ...MESSAGE_KEYS, ...TIME_KEYS].some((key) => pairs[key] !== undefined)
  return count >= 2 && isLog ? { ...pairs } : undefined
}

/** Go's strconv.Quote, as far as it is JSON's too. */
function unquote(text: string): string {
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text.replace(/\\x([0-9a-f]{2})/g, '\\u00$1').replace(/\\([av'])/g, '$1')}"`) as string
  } catch {
    return text
  }
}
