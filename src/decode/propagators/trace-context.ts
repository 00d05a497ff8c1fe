/**
 * W3C Trace Context, levels 1 and 2: `traceparent` and `tracestate` (w3.org/TR/trace-context-1, -2).
 * Version ff is invalid, a later version is read by its first four fields, flags that are not known are cleared.
 * A second traceparent makes all of them invalid; a bad tracestate never harms the traceparent.
 */
import { type Extraction, found, type HeaderFields, malformed, NONE, valuesOf, whyNoId } from './context.ts'

export type TraceContextOptions = {
  /** Level 2 knows the random flag and looser keys of tracestate. */
  readonly level?: 1 | 2
}

const FORMAT = 'tracecontext'
const SAMPLED = 1
const RANDOM = 2

export function extractTraceContext(headers: HeaderFields, options: TraceContextOptions = {}): Extraction {
  const level = options.level ?? 2
  const values = valuesOf(headers, 'traceparent')
  if (values.length === 0 || (values.length === 1 && values[0] === '')) return NONE
  if (values.length > 1) return malformed(FORMAT, `there are ${values.length} traceparent headers`)
  const text = (values[0] ?? '').trim()
  const [version = '', traceId = '', spanId = '', flagText = '', ...more] = text.split('-')
  if (!/^[0-9a-f]{2}$/.test(version)) return malformed(FORMAT, 'the version is not two lower-case hex digits')
  if (version === 'ff') return malformed(FORMAT, 'version ff is forbidden')
  const why = whyNoId(traceId, 32, 'trace id') ?? whyNoId(spanId, 16, 'parent id')
  if (why !== undefined) return malformed(FORMAT, why)
  if (!/^[0-9a-f]{2}$/.test(flagText)) return malformed(FORMAT, 'the flags are not two lower-case hex digits')
  const flags = Number.parseInt(flagText, 16)
  const notes: string[] = []
  if (version === '00') {
    if (more.length > 1 || (more[0] ?? '') !== '') return malformed(FORMAT, 'version 00 ends after the flags')
    // The level 1 text says otherwise; Go refuses, and with it most of those whom this is about.
    if (flags > (SAMPLED | RANDOM)) return malformed(FORMAT, 'reserved flags are set in version 00')
    if (more.length > 0) notes.push('a dash stands after the flags')
  } else notes.push(`version ${version} is read as version 00`)
  const state = readTraceState(valuesOf(headers, 'tracestate'), level)
  if (state.why !== undefined) notes.push(`tracestate is dropped: ${state.why}`)
  return found({
    format: FORMAT,
    traceId,
    spanId,
    traceIdBits: 128,
    isSampled: (flags & SAMPLED) !== 0,
    ...(level === 2 ? { isRandom: (flags & RANDOM) !== 0 } : {}),
    ...(state.text === '' ? {} : { traceState: state.text }),
    notes,
  })
}

const MAX_MEMBERS = 32
const SIMPLE_KEY_1 = /^[a-z][a-z0-9_\-*/]{0,255}$/
const TENANT_KEY_1 = /^[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}$/
const KEY_2 = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** Several headers are one list. `why`: what makes all of it void. */
export function readTraceState(
  values: readonly string[],
  level: 1 | 2,
): { readonly text: string; readonly why?: string } {
  const keys = new Set<string>()
  const members: string[] = []
  for (const part of values.join(',').split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '')
    if (member === '') continue
    const equals = member.indexOf('=')
    if (equals === -1) return { text: '', why: 'a member has no =' }
    const key = member.slice(0, equals)
    const isKey = level === 1 ? SIMPLE_KEY_1.test(key) || TENANT_KEY_1.test(key) : KEY_2.test(key)
    if (!isKey) return { text: '', why: 'a key breaks the rules' }
    if (!VALUE.test(member.slice(equals + 1))) return { text: '', why: 'a value breaks the rules' }
    if (keys.has(key)) return { text: '', why: 'a key stands there twice' }
    keys.add(key)
    members.push(member)
    if (members.length > MAX_MEMBERS) return { text: '', why: `it has more than ${MAX_MEMBERS} members` }
  }
  return { text: members.join(',') }
}
