/**
 * Captured headers → what each edge really carries: contexts by format on the caller's side and on the callee's.
 * Enters: text, either JSON lines `{"edge": {"from", "to"}, "direction": "sent"|"received", "headers": {name: value}}`
 * (values may be lists; `"reads": ["b3"]` says what the callee's propagators are), or a HAR file, whose requests are
 * those that the page or program sent. Leaves: a row per edge. Only trace headers are looked at; their ids are counted,
 * never kept. docs/trust.md describes the formats.
 */
import { fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Decoded, type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { EdgeHeaders, HeaderFormat } from '../../model/trust/edge-headers.ts'
import { extractComposite } from './composite.ts'
import { firstOf, type HeaderFields, propagatorNames } from './context.ts'

const MAX_EDGES = 10_000
const MAX_LINE_CHARS = 1 << 20

type Side = {
  requests: number
  without: number
  short: number
  disagree: number
  baggageOnly: number
  baggage: number
  formats: Map<HeaderFormat, number>
}
type Tally = { from?: string; to: string; sent: Side; received: Side; reads: Set<HeaderFormat> }

export function decodeEdgeHeaders(text: string): Result<Decoded<readonly EdgeHeaders[]>> {
  const issues = openIssueLog()
  const tallies = new Map<string, Tally>()
  const whole = text.trimStart().startsWith('{') ? parseJson(text) : undefined
  const entries = readHar(whole)
  if (entries !== undefined) for (const entry of entries) addHarEntry(tallies, entry, issues)
  else addLines(tallies, text, issues)
  if (tallies.size === 0) {
    const message = 'The file holds no headers: neither lines of {"edge", "direction", "headers"} nor a HAR log'
    return err(fault('SL_DECODE_UNKNOWN_FORMAT', { message, hint: 'docs/trust.md describes what --headers reads.' }))
  }
  // What a callee reads does not depend on who calls.
  const reads = new Map<string, Set<HeaderFormat>>()
  for (const { to, reads: own } of tallies.values()) {
    if (own.size > 0) reads.set(to, new Set([...(reads.get(to) ?? []), ...own]))
  }
  const rows = [...tallies.values()].filter(({ sent, received }) => sent.requests + received.requests > 0)
  return ok({
    value: rows.map((one) => toRow({ ...one, reads: reads.get(one.to) ?? one.reads })),
    issues: issues.list(),
  })
}

function addLines(tallies: Map<string, Tally>, text: string, issues: IssueLog): void {
  let number = 0
  for (const line of text.split('\n')) {
    number++
    if (line.trim() === '') continue
    const value = line.length > MAX_LINE_CHARS ? undefined : parseJson(line)
    const row = readLine(value)
    if (row === undefined) {
      const message = 'A line is not {"edge": {"from", "to"}, "direction": "sent" or "received", "headers": {…}}'
      issues.add('SL_DECODE_MALFORMED', message, { at: { line: number } })
      continue
    }
    const tally = openTally(tallies, row.from, row.to, issues)
    if (tally === undefined) continue
    for (const format of row.reads) tally.reads.add(format)
    if (row.direction !== undefined) count(tally[row.direction], row.headers)
  }
}

type Line = {
  readonly from?: string
  readonly to: string
  readonly direction?: 'sent' | 'received'
  readonly headers: HeaderFields
  readonly reads: readonly HeaderFormat[]
}

function readLine(value: unknown): Line | undefined {
  if (!isObject(value)) return undefined
  const { edge, direction, headers, reads } = value
  if (!isObject(edge) || typeof edge.to !== 'string' || edge.to === '') return undefined
  const known = Array.isArray(reads) ? reads.filter(isFormat) : []
  const fields = isObject(headers) ? toFields(headers) : undefined
  const isSide = direction === 'sent' || direction === 'received'
  if (known.length === 0 && (!isSide || fields === undefined)) return undefined
  return {
    ...(typeof edge.from === 'string' && edge.from !== '' ? { from: edge.from } : {}),
    to: edge.to,
    ...(isSide && fields !== undefined ? { direction } : {}),
    headers: fields ?? [],
    reads: known,
  }
}

function toFields(headers: Record<string, unknown>): HeaderFields {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one) => (typeof one === 'string' ? [[name, one] as const] : [])),
  )
}

function readHar(value: unknown): readonly unknown[] | undefined {
  if (!isObject(value) || !isObject(value.log) || !Array.isArray(value.log.entries)) return undefined
  return value.log.entries
}

/** The caller of a HAR is whoever recorded it, which is no service. */
function addHarEntry(tallies: Map<string, Tally>, entry: unknown, issues: IssueLog): void {
  const request = isObject(entry) && isObject(entry.request) ? entry.request : undefined
  const host = typeof request?.url === 'string' ? /^https?:\/\/([^/:?#@]+)/i.exec(request.url)?.[1] : undefined
  if (request === undefined || host === undefined || !Array.isArray(request.headers)) {
    issues.add('SL_DECODE_MALFORMED', 'An entry of the HAR has no request with a URL and headers')
    return
  }
  const fields = request.headers.flatMap((one: unknown) =>
    isObject(one) && typeof one.name === 'string' && typeof one.value === 'string'
      ? [[one.name, one.value] as const]
      : [],
  )
  const tally = openTally(tallies, undefined, host.toLowerCase(), issues)
  if (tally !== undefined) count(tally.sent, fields)
}

function openTally(
  tallies: Map<string, Tally>,
  from: string | undefined,
  to: string,
  issues: IssueLog,
): Tally | undefined {
  const key = `${from ?? ''}\0${to}`
  const known = tallies.get(key)
  if (known !== undefined) return known
  if (tallies.size >= MAX_EDGES) {
    issues.add('SL_DECODE_TOO_LARGE', `more than ${MAX_EDGES} edges: the rest was left out`)
    return undefined
  }
  const made = {
    ...(from === undefined ? {} : { from }),
    to,
    sent: emptySide(),
    received: emptySide(),
    reads: new Set<HeaderFormat>(),
  }
  tallies.set(key, made)
  return made
}

function emptySide(): Side {
  return { requests: 0, without: 0, short: 0, disagree: 0, baggageOnly: 0, baggage: 0, formats: new Map() }
}

function count(side: Side, headers: HeaderFields): void {
  const { contexts, disagreements } = extractComposite(headers)
  side.requests++
  if (firstOf(headers, 'baggage') !== '') side.baggage++
  if (contexts.length === 0) {
    side.without++
    if (firstOf(headers, 'baggage') !== '' || firstOf(headers, 'tracestate') !== '') side.baggageOnly++
    return
  }
  if (contexts.every(({ traceIdBits }) => traceIdBits === 64)) side.short++
  if (disagreements.some(({ about }) => about === 'trace')) side.disagree++
  for (const { format } of contexts) {
    const name = format === 'b3' && firstOf(headers, 'b3') === '' ? 'b3multi' : format
    side.formats.set(name, (side.formats.get(name) ?? 0) + 1)
  }
}

function toRow({ from, to, sent, received, reads }: Tally): EdgeHeaders {
  const seen = received.requests > 0 ? received : sent
  const both = sent.requests > 0 && received.requests > 0
  return {
    ...(from === undefined ? {} : { from }),
    to,
    requests: Math.max(sent.requests, received.requests),
    sent: formatsOf(sent),
    ...(received.requests === 0 ? {} : { received: formatsOf(received) }),
    ...(reads.size === 0 ? {} : { read: [...reads] }),
    disagree: seen.disagree,
    // Requests of the two sides are not matched one by one: what one side has more of than the other, by share.
    stripped: both ? surplus(received.without, received.requests, sent.without, sent.requests) : 0,
    truncated: both ? surplus(received.short, received.requests, sent.short, sent.requests) : 0,
    baggageOnly: seen.baggageOnly,
    ...(sent.requests === 0
      ? {}
      : { bare: sent.without - sent.baggageOnly, withBaggage: sent.baggage, sends: sharesOf(sent) }),
    carries: sharesOf(seen),
  }
}

function sharesOf({ formats, requests }: Side): { format: HeaderFormat; share: number }[] {
  return [...formats]
    .map(([format, times]) => ({ format, share: times / requests }))
    .sort((a, b) => b.share - a.share || (a.format < b.format ? -1 : 1))
}

function surplus(here: number, all: number, there: number, thereAll: number): number {
  return Math.max(0, Math.round(here - (there / thereAll) * all))
}

function formatsOf({ formats }: Side): HeaderFormat[] {
  return [...formats.keys()].sort()
}

function isFormat(value: unknown): value is HeaderFormat {
  return value === 'b3multi' || (propagatorNames as readonly unknown[]).includes(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
