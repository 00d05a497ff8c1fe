/**
 * One trace as a tree with what is broken in it. Enters: the forest, the cases, an id (32 hex digits, 16 of a 64-bit
 * id, or the beginning of one). Leaves: its spans in pre-order, or which ids begin so. Orphans stand where their time
 * puts them, marked with the parent that is not there. Times are as the hosts wrote them.
 */
import { parentPlaces, type SpanTable, spanKinds } from '../../model/spans.ts'
import type { TraceTree, TreeMark, TreeSpan } from '../../model/trust/trace-tree.ts'
import type { SkewRow } from '../../model/trust/trust-data.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { ORPHAN, ROOT, type SpanForest } from '../trust/forest.ts'
import { isBroken } from './edges.ts'
import { parentIdOf, spanIdOf, traceIdAt } from './examples.ts'
import { surePart } from './skew.ts'
import { formatTime } from './verdict.ts'

const MAX_SPANS = 2_000
const MAX_MATCHES = 5
const MAX_LINKS = 3
const ERROR = 2
const SERVER = 2
const CLIENT = 3

/** Traces whose id is, or begins with, what was asked for; at most five. */
export function findTraces({ spans, traceStart }: SpanForest, asked: string): number[] {
  const wanted = asked.toLowerCase()
  if (!/^[0-9a-f]{4,32}$/.test(wanted)) return []
  const padded = wanted.length === 16 ? wanted.padStart(32, '0') : wanted
  const found: number[] = []
  for (let trace = 0; trace < spans.traceCount && found.length < MAX_MATCHES; trace++) {
    if ((traceStart[trace + 1] as number) === (traceStart[trace] as number)) continue
    if (!mayBegin(spans, trace, wanted) && padded === wanted) continue
    const id = traceIdAt(spans, trace)
    if (id === padded) return [trace]
    if (id.startsWith(wanted)) found.push(trace)
  }
  return found
}

/** The first byte alone, so that a million ids are not written out. */
function mayBegin({ traceIds }: SpanTable, trace: number, wanted: string): boolean {
  return traceIds[trace * 16] === Number.parseInt(wanted.slice(0, 2), 16)
}

export function describeTrace(
  forest: SpanForest,
  trace: number,
  cases: readonly BreakCase[],
  skew: readonly SkewRow[],
): TraceTree {
  const { spans, traceStart, rows, parents } = forest
  const own = rows.subarray(traceStart[trace], traceStart[trace + 1])
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const row of own) {
    first = Math.min(first, spans.startNs[row] as number)
    last = Math.max(last, spans.endNs[row] as number)
  }
  const breaks = collectBreaks(own, cases)
  const duplicates = new Set(forest.duplicates)
  const listed: TreeSpan[] = []
  for (const top of own) {
    if ((parents[top] as number) >= 0) continue
    const stack: { readonly row: number; readonly depth: number }[] = [{ row: top, depth: 0 }]
    for (let next = stack.pop(); next !== undefined && listed.length < MAX_SPANS; next = stack.pop()) {
      const { row, depth } = next
      const marks = markSpan(forest, row, breaks, duplicates, skew)
      const from = breaks.get(row)?.find(isBroken)?.edge?.from
      const half = parents[row] === ROOT && from !== undefined ? findOtherHalf(forest, row, from, skew) : undefined
      listed.push(describeSpan(forest, row, depth, first, half === undefined ? marks : [...marks, half]))
      const begin = forest.childStart[row] as number
      for (let at = (forest.childStart[row + 1] as number) - 1; at >= begin; at--) {
        stack.push({ row: forest.children[at] as number, depth: depth + 1 })
      }
    }
  }
  return {
    traceId: traceIdAt(spans, trace),
    startTime: formatTime(spans.baseUnixNs + BigInt(Math.floor(first))),
    durationNs: Math.max(0, last - first),
    spanCount: own.length,
    spans: listed,
    omitted: own.length - listed.length,
  }
}

function describeSpan(
  { spans }: SpanForest,
  row: number,
  depth: number,
  first: number,
  marks: readonly TreeMark[],
): TreeSpan {
  const resource = spans.resources[spans.resourceOf[row] as number]
  return {
    depth,
    spanId: spanIdOf(spans, row),
    service: resource?.service ?? 'unknown_service',
    ...(resource?.host === undefined ? {} : { host: resource.host }),
    kind: spanKinds[spans.kinds[row] as number] ?? 'unspecified',
    name: spans.strings[spans.names[row] as number] ?? '',
    startNs: (spans.startNs[row] as number) - first,
    durationNs: (spans.endNs[row] as number) - (spans.startNs[row] as number),
    isError: spans.statuses[row] === ERROR,
    marks,
  }
}

function collectBreaks(own: ArrayLike<number>, cases: readonly BreakCase[]): Map<number, BreakCase[]> {
  const inside = new Set(Array.from(own))
  const found = new Map<number, BreakCase[]>()
  for (const one of cases) {
    for (const row of one.rows) {
      if (!inside.has(row)) continue
      const known = found.get(row)
      if (known === undefined) found.set(row, [one])
      else if (!known.includes(one)) known.push(one)
    }
  }
  return found
}

function markSpan(
  { spans, parents }: SpanForest,
  row: number,
  breaks: ReadonlyMap<number, readonly BreakCase[]>,
  duplicates: ReadonlySet<number>,
  skew: readonly SkewRow[],
): TreeMark[] {
  const marks: TreeMark[] = []
  const parent = parents[row] as number
  if (parent === ORPHAN) {
    const place = parentPlaces[spans.parentPlaces[row] as number] ?? 'unknown'
    marks.push({ kind: 'orphan', parentId: parentIdOf(spans, row), place })
  }
  if (duplicates.has(row)) marks.push({ kind: 'duplicate-id' })
  if (parent >= 0) {
    const outside = measureOutside(spans, row, parent, skew)
    if (outside !== undefined) marks.push(outside)
  }
  const linkEnd = spans.linkStart[row + 1] as number
  for (let at = spans.linkStart[row] as number; at < linkEnd && marks.length < MAX_LINKS; at++) {
    marks.push({ kind: 'link', traceId: traceIdAt(spans, spans.linkTraces[at] as number) })
  }
  for (const { state, class: name, alternatives, why } of breaks.get(row) ?? []) {
    marks.push({ kind: 'break', state, ...(name === undefined ? {} : { class: name }), alternatives, why })
  }
  return marks
}

/** The client span without a child, of the service that called, that holds this root: the tightest of them. */
function findOtherHalf(
  { spans, childStart }: SpanForest,
  root: number,
  from: string,
  skew: readonly SkewRow[],
): TreeMark | undefined {
  const host = spans.resources[spans.resourceOf[root] as number]?.host
  const isFrom = spans.resources.map(({ service }) => service === from)
  /** How far the root's clock is ahead of each caller's. */
  const ahead = spans.resources.map((caller) => {
    const known = skew.find(
      ({ from: a, to: b }) => (a === caller.host && b === host) || (a === host && b === caller.host),
    )
    if (known === undefined || surePart(known) === 0) return 0
    return known.to === host ? known.offsetNs : -known.offsetNs
  })
  let best = -1
  let holding = 0
  for (let row = 0; row < spans.count; row++) {
    const resource = spans.resourceOf[row] as number
    if (isFrom[resource] !== true || spans.kinds[row] !== CLIENT) continue
    if (childStart[row] !== childStart[row + 1]) continue
    const shift = ahead[resource] as number
    const isInside =
      (spans.startNs[row] as number) + shift <= (spans.startNs[root] as number) &&
      (spans.endNs[row] as number) + shift >= (spans.endNs[root] as number)
    if (!isInside) continue
    holding++
    if (best < 0 || lengthOf(spans, row) < lengthOf(spans, best)) best = row
  }
  if (best < 0) return undefined
  return {
    kind: 'other-half',
    traceId: traceIdAt(spans, spans.traces[best] as number),
    spanId: spanIdOf(spans, best),
    service: from,
    name: spans.strings[spans.names[best] as number] ?? '',
    others: holding - 1,
  }
}

function lengthOf({ startNs, endNs }: SpanTable, row: number): number {
  return (endNs[row] as number) - (startNs[row] as number)
}

/** A call's server lies inside its client; other children may go on, but do not begin before their parent. */
function measureOutside(spans: SpanTable, row: number, parent: number, skew: readonly SkewRow[]): TreeMark | undefined {
  const isCall = spans.kinds[row] === SERVER && spans.kinds[parent] === CLIENT
  const beforeNs = Math.max(0, (spans.startNs[parent] as number) - (spans.startNs[row] as number))
  const afterNs = isCall ? Math.max(0, (spans.endNs[row] as number) - (spans.endNs[parent] as number)) : 0
  if (beforeNs === 0 && afterNs === 0) return undefined
  const from = spans.resources[spans.resourceOf[parent] as number]?.host
  const to = spans.resources[spans.resourceOf[row] as number]?.host
  const known = skew.find((one) => (one.from === from && one.to === to) || (one.from === to && one.to === from))
  const isSure = known !== undefined && surePart(known) > 0
  return {
    kind: 'outside-parent',
    beforeNs,
    afterNs,
    ...(isSure ? { skewNs: known.from === from ? known.offsetNs : -known.offsetNs } : {}),
  }
}
