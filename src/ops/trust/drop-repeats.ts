/**
 * The same spans in two files (a file and its copy, two exports of the same traces) are one span each: the first stays.
 * Enters: the table of all files. Leaves: one without the repeats, and how many each file had of which other; rows keep
 * their order. What differs in any field, or stands twice in one file, stays: that is what the exporter sent.
 * Files of two formats cannot say all alike: there the ids, the name, the service and the times (to 2 us) decide.
 */
import type { SpanTable } from '../../model/spans.ts'

export type Repeats = {
  readonly spans: SpanTable
  /** Of each file that has spans that another, read before it, has too. */
  readonly repeated: readonly { readonly name: string; readonly before: string; readonly spans: number }[]
}

/** Jaeger, Zipkin: whole microseconds, and a start and a duration instead of an end. */
const ROUNDED_NS = 2_000
const INTERNAL = 1
/** Of rows with one place: thousands under one id are a break, not copies. */
const MAX_STEPS = 256

export function dropRepeats(spans: SpanTable): Repeats {
  const { count, sources, sourceOf } = spans
  if (sources.length < 2) return { spans, repeated: [] }
  const isRepeated = new Uint8Array(count)
  const counts = new Map<number, { of: number; spans: number }>()
  const rowsOf = chainRows(spans)
  for (let row = 0; row < count; row++) {
    const first = rowsOf(row, (known) => sourceOf[known] !== sourceOf[row] && areSame(spans, known, row))
    if (first < 0) continue
    isRepeated[row] = 1
    const source = sourceOf[row] as number
    const known = counts.get(source)
    if (known === undefined) counts.set(source, { of: sourceOf[first] as number, spans: 1 })
    else known.spans++
  }
  if (counts.size === 0) return { spans, repeated: [] }
  const nameOf = (source: number) => sources[source]?.name ?? ''
  const repeated = [...counts].map(([source, one]) => ({
    name: nameOf(source),
    before: nameOf(one.of),
    spans: one.spans,
  }))
  return { spans: keepRows(spans, isRepeated), repeated }
}

/** Asks what was seen of the row's ids; where nothing of it is the same, the row is seen from then on. */
function chainRows({
  count,
  traces,
  idHigh,
  idLow,
}: SpanTable): (row: number, isSame: (known: number) => boolean) => number {
  let size = 16
  while (size < count) size *= 2
  const heads = new Int32Array(size).fill(-1)
  const next = new Int32Array(count).fill(-1)
  return (row, isSame) => {
    const [trace, high, low] = [traces[row] as number, idHigh[row] as number, idLow[row] as number]
    if (high === 0 && low === 0) return -1
    let hash = Math.imul(trace, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b) ^ Math.imul(low, 0xc2b2ae35)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    const place = (hash ^ (hash >>> 13)) & (size - 1)
    const head = heads[place] as number
    for (let known = head, steps = 0; known >= 0 && steps < MAX_STEPS; known = next[known] as number, steps++) {
      if (traces[known] !== trace || idHigh[known] !== high || idLow[known] !== low) continue
      if (isSame(known)) return known
    }
    next[row] = head
    heads[place] = row
    return -1
  }
}

function areSame(spans: SpanTable, one: number, other: number): boolean {
  const { sources, sourceOf, parentHigh, parentLow, statuses } = spans
  if (parentHigh[one] !== parentHigh[other] || parentLow[one] !== parentLow[other]) return false
  const formatOf = (row: number) => sources[sourceOf[row] as number]?.format
  if (formatOf(one) !== formatOf(other)) return areAlike(spans, one, other)
  const { startNs, endNs, names, kinds, parentPlaces, traceFlags, traceStates, resourceOf, scopeOf } = spans
  const columns = [startNs, endNs, names, kinds, statuses, parentPlaces, traceFlags, traceStates, resourceOf, scopeOf]
  if (columns.some((column) => column[one] !== column[other])) return false
  const { attributeStart, attributeKeys, attributeValues, eventStart, eventNames, eventNs } = spans
  const { linkStart, linkTraces, linkHigh, linkLow } = spans
  return (
    isSameList(attributeStart, [attributeKeys, attributeValues], one, other) &&
    isSameList(eventStart, [eventNames, eventNs], one, other) &&
    isSameList(linkStart, [linkTraces, linkHigh, linkLow], one, other)
  )
}

function areAlike(spans: SpanTable, one: number, other: number): boolean {
  const { startNs, endNs, names, kinds, resourceOf, resources, strings } = spans
  const near = (times: Float64Array) => Math.abs((times[one] as number) - (times[other] as number)) <= ROUNDED_NS
  if (!near(startNs) || !near(endNs)) return false
  const kind = (row: number) => Math.max(INTERNAL, kinds[row] as number)
  if (kind(one) !== kind(other)) return false
  const service = (row: number) => resources[resourceOf[row] as number]?.service
  // Zipkin's server keeps both in lower case.
  const isSameText = (left = '', right = '') => left === right || left.toLowerCase() === right.toLowerCase()
  const name = (row: number) => strings[names[row] as number]
  return isSameText(service(one), service(other)) && isSameText(name(one), name(other))
}

type Column = Uint32Array | Float64Array | Uint8Array | Uint16Array

function isSameList(starts: Uint32Array, columns: readonly Column[], one: number, other: number): boolean {
  const [from, to] = [starts[one] as number, starts[other] as number]
  const length = (starts[one + 1] as number) - from
  if ((starts[other + 1] as number) - to !== length) return false
  for (const column of columns) {
    for (let at = 0; at < length; at++) if (column[from + at] !== column[to + at]) return false
  }
  return true
}

function keepRows(spans: SpanTable, isDropped: Uint8Array): SpanTable {
  const pick = <T extends Column>(column: T): T => column.filter((_, row) => isDropped[row] === 0) as T
  const attributes = keepLists(spans.attributeStart, isDropped)
  const links = keepLists(spans.linkStart, isDropped)
  const events = keepLists(spans.eventStart, isDropped)
  return {
    ...spans,
    count: isDropped.reduce((count, dropped) => count + 1 - dropped, 0),
    traces: pick(spans.traces),
    idHigh: pick(spans.idHigh),
    idLow: pick(spans.idLow),
    parentHigh: pick(spans.parentHigh),
    parentLow: pick(spans.parentLow),
    startNs: pick(spans.startNs),
    endNs: pick(spans.endNs),
    names: pick(spans.names),
    kinds: pick(spans.kinds),
    statuses: pick(spans.statuses),
    parentPlaces: pick(spans.parentPlaces),
    traceFlags: pick(spans.traceFlags),
    traceStates: pick(spans.traceStates),
    resourceOf: pick(spans.resourceOf),
    scopeOf: pick(spans.scopeOf),
    sourceOf: pick(spans.sourceOf),
    attributeStart: attributes.starts,
    attributeKeys: attributes.keep(spans.attributeKeys),
    attributeValues: attributes.keep(spans.attributeValues),
    linkStart: links.starts,
    linkTraces: links.keep(spans.linkTraces),
    linkHigh: links.keep(spans.linkHigh),
    linkLow: links.keep(spans.linkLow),
    eventStart: events.starts,
    eventNames: events.keep(spans.eventNames),
    eventNs: events.keep(spans.eventNs),
  }
}

type KeptLists = { readonly starts: Uint32Array; readonly keep: <T extends Column>(column: T) => T }

function keepLists(starts: Uint32Array, isDropped: Uint8Array): KeptLists {
  const isGone = new Uint8Array(starts.at(-1) ?? 0)
  const kept: number[] = [0]
  let total = 0
  for (let row = 0; row < isDropped.length; row++) {
    const [from, to] = [starts[row] as number, starts[row + 1] as number]
    if (isDropped[row] === 1) isGone.fill(1, from, to)
    else {
      total += to - from
      kept.push(total)
    }
  }
  return {
    starts: Uint32Array.from(kept),
    keep: <T extends Column>(column: T): T => column.filter((_, index) => isGone[index] === 0) as T,
  }
}
