/**
 * Spans of a file against what was seen of them in the trace.
 * By id where the trace has it. Else by the task's name and by both ends, the end first: the SDK stamps a span's end
 * right before it ends the task, while a sampler and processors stand between its begin and the task's. What fits one
 * and is fitted by one only is certain; of several the nearest is probable, and the others are told. A task whose parent
 * task is the parent span's is preferred. A span renamed after its start is found by its times alone, as probable.
 */
import type { JoinConfidence, KnownSpan, SpanCandidate } from '../../model/span-join.ts'
import type { Sighting } from './sightings.ts'

/** A span of the file, on the trace's clock; times are absent where the trace has no wall clock. */
export type PlacedSpan = KnownSpan & { readonly startNs?: number; readonly endNs?: number }

export type SpanMatch = {
  readonly span: PlacedSpan
  readonly sighting?: Sighting
  readonly confidence?: JoinConfidence
  readonly candidates: readonly SpanCandidate[]
  readonly doubts: readonly string[]
  readonly isOutside: boolean
}

/** From the stamp of the end to the end of the task, and the clock's own doubt beside it. */
const END_TOLERANCE_NS = 15_000
/** Whoever is this near counts as a rival: twice the tolerance at the end, a stalled sampler at the start. */
const RIVAL_END_NS = 30_000
const RIVAL_START_NS = 200_000
/** Beyond it nothing is a candidate. */
const REACH_NS = 200_000
/** From the stamp of the start to the begin of the task: a sampler and processors. */
const START_NS = 2_000_000
/** Beyond it the span's times are not those of the calls: WithTimestamp. */
export const OWN_TIMES_NS = 1_000_000
const MAX_CANDIDATES = 5
/** Beyond it a span has too many namesakes at its end to say anything of the rest. */
const MAX_PAIRS_OF_SPAN = 256
const MAX_LOOKED_AT = 4096
const ROUNDS = 8

type Pair = { readonly span: number; readonly seen: number; readonly startOffNs: number; readonly endOffNs: number }

export function matchSpans(
  spans: readonly PlacedSpan[],
  seen: readonly Sighting[],
  trace: { readonly endNs: number; readonly clockErrorNs?: number },
): SpanMatch[] {
  const matches: (SpanMatch | undefined)[] = spans.map(() => undefined)
  const taken = new Set<number>()
  matchByIds(spans, seen, matches, taken)
  const error = trace.clockErrorNs
  if (error !== undefined) {
    const open = spans
      .map((_, at) => at)
      .filter((at) => matches[at] === undefined && isWithin(spans[at], trace.endNs, error))
    const free = seen.map((_, at) => at).filter((at) => !taken.has(at) && seen[at]?.spanId === undefined)
    matchByTimes(spans, seen, { open, free, matches, error, isSameName: true })
    const left = open.filter((at) => matches[at] === undefined)
    const used = new Set(matches.flatMap((match) => (match?.sighting === undefined ? [] : [match.sighting])))
    const others = free.filter((at) => !used.has(seen[at] as Sighting) && seen[at]?.sdk === 'otel')
    matchByTimes(spans, seen, { open: left, free: others, matches, error, isSameName: false })
  }
  return matches.map((match, at) => {
    if (match !== undefined) return match
    const span = spans[at] as PlacedSpan
    const isOutside = error !== undefined && !isWithin(span, trace.endNs, error)
    return { span, candidates: [], doubts: [], isOutside }
  })
}

function matchByIds(
  spans: readonly PlacedSpan[],
  seen: readonly Sighting[],
  matches: (SpanMatch | undefined)[],
  taken: Set<number>,
): void {
  const byId = new Map<string, number[]>()
  seen.forEach((one, at) => {
    if (one.spanId === undefined) return
    const key = `${one.traceId ?? ''}${one.spanId}`
    byId.set(key, [...(byId.get(key) ?? []), at])
  })
  const inFile = new Map<string, number>()
  for (const { traceId, spanId } of spans) inFile.set(traceId + spanId, (inFile.get(traceId + spanId) ?? 0) + 1)
  spans.forEach((span, at) => {
    // Datadog's log has no trace id.
    const found = byId.get(span.traceId + span.spanId) ?? byId.get(span.spanId)
    if (found === undefined) return
    for (const one of found) taken.add(one)
    const sighting = seen[nearest(span, found, seen)] as Sighting
    const isTwice = sighting.isTwice === true || found.length > 1 || (inFile.get(span.traceId + span.spanId) ?? 0) > 1
    const isWhole = sighting.hasBegin && sighting.hasEnd
    matches[at] = {
      span,
      sighting,
      confidence: !isWhole ? 'partial' : isTwice ? 'probable' : 'certain',
      candidates: found
        .filter((one) => seen[one] !== sighting)
        .slice(0, MAX_CANDIDATES)
        .map((one) => describe(span, seen[one] as Sighting)),
      doubts: isTwice ? ['its id is there more than once'] : [],
      isOutside: false,
    }
  })
}

/** Of several with one id the one whose end is nearest. */
function nearest({ endNs }: PlacedSpan, found: readonly number[], seen: readonly Sighting[]): number {
  if (endNs === undefined) return found[0] as number
  const off = (at: number) => Math.abs((seen[at] as Sighting).endNs - endNs)
  return found.reduce((best, at) => (off(at) < off(best) ? at : best))
}

type TimeSearch = {
  readonly open: readonly number[]
  readonly free: readonly number[]
  readonly matches: (SpanMatch | undefined)[]
  readonly error: number
  readonly isSameName: boolean
}

function matchByTimes(spans: readonly PlacedSpan[], seen: readonly Sighting[], search: TimeSearch): void {
  const { matches, error, isSameName } = search
  const { pairs, crowded } = findPairs(spans, seen, search)
  const ofSpan = groupPairs(pairs, (pair) => pair.span)
  const ofSeen = groupPairs(pairs, (pair) => pair.seen)
  const tasks = new Map<string, number>()
  const noteTask = (span: number, at: number) => {
    const task = seen[at]?.task
    if (task !== undefined) tasks.set(spans[span]?.spanId ?? '', task)
  }
  for (const [at, match] of matches.entries()) {
    if (match?.confidence === 'certain' && match.sighting?.task !== undefined)
      tasks.set(spans[at]?.spanId ?? '', match.sighting.task)
  }
  const used = new Set<number>()
  const settle = (pair: Pair, confidence: JoinConfidence, doubts: readonly string[]) => {
    const sighting = seen[pair.seen] as Sighting
    const isWhole = sighting.hasBegin && sighting.hasEnd
    const others = (ofSpan.get(pair.span) ?? []).filter((one) => one !== pair)
    matches[pair.span] = {
      span: spans[pair.span] as PlacedSpan,
      sighting,
      confidence: isWhole ? confidence : 'partial',
      candidates: others
        .slice(0, MAX_CANDIDATES)
        .map((one) => describe(spans[one.span] as PlacedSpan, seen[one.seen] as Sighting)),
      doubts,
      isOutside: false,
    }
    used.add(pair.seen)
  }
  for (let round = 0; round < ROUNDS && isSameName; round++) {
    let isNew = false
    for (const [span, own] of ofSpan) {
      if (matches[span] !== undefined || crowded.has(spans[span]?.name ?? '')) continue
      const near = own.filter((pair) => !used.has(pair.seen) && isRival(pair, error))
      const left = preferParent(near, spans[span]?.parentSpanId, tasks, seen)
      const [only] = left
      if (only === undefined || left.length > 1 || Math.abs(only.endOffNs) > END_TOLERANCE_NS + error) continue
      const rivals = (ofSeen.get(only.seen) ?? []).filter(
        (pair) => matches[pair.span] === undefined && isRival(pair, error) && fitsParent(pair, spans, tasks, seen),
      )
      if (rivals.length > 1 || seen[only.seen]?.sdk !== 'otel') continue
      settle(only, 'certain', [])
      noteTask(span, only.seen)
      isNew = true
    }
    if (!isNew) break
  }
  const rest = pairs.filter((pair) => matches[pair.span] === undefined && !used.has(pair.seen))
  rest.sort((a, b) => weigh(a) - weigh(b))
  for (const pair of rest) {
    if (matches[pair.span] !== undefined || used.has(pair.seen)) continue
    if (!isSameName && ((ofSpan.get(pair.span)?.length ?? 0) > 1 || Math.abs(pair.endOffNs) > END_TOLERANCE_NS + error))
      continue
    settle(pair, 'probable', [sayDoubt(pair, seen, isSameName, (ofSpan.get(pair.span)?.length ?? 1) - 1)])
  }
}

function sayDoubt(pair: Pair, seen: readonly Sighting[], isSameName: boolean, others: number): string {
  if (!isSameName)
    return `its task has another name (${JSON.stringify(seen[pair.seen]?.name ?? '')}): it was found by its times`
  if (others > 0) return `${others} more of that name ended at about the same time: this one is the nearest`
  if (seen[pair.seen]?.sdk !== 'otel') return 'the task of that name was not begun by the OpenTelemetry SDK'
  return 'another span of that name fits the same task, or the ends are further apart than the clock explains'
}

function isRival({ startOffNs, endOffNs }: Pair, error: number): boolean {
  return Math.abs(endOffNs) <= RIVAL_END_NS + error && Math.abs(startOffNs) <= RIVAL_START_NS + error
}

/** A whole span weighs by its end; the start counts where it is far off. */
function weigh({ startOffNs, endOffNs }: Pair): number {
  return Math.abs(endOffNs) + Math.max(0, Math.abs(startOffNs) - RIVAL_START_NS)
}

function findPairs(
  spans: readonly PlacedSpan[],
  seen: readonly Sighting[],
  search: TimeSearch,
): { pairs: Pair[]; crowded: ReadonlySet<string> } {
  const { open, free, error, isSameName } = search
  const keyOf = (name: string | undefined) => (isSameName ? (name ?? '') : '')
  const byName = new Map<string, { byEnd: number[]; halfOpen: number[] }>()
  for (const at of free) {
    const key = keyOf(seen[at]?.name)
    let places = byName.get(key)
    if (places === undefined) {
      places = { byEnd: [], halfOpen: [] }
      byName.set(key, places)
    }
    if (seen[at]?.hasEnd === true) places.byEnd.push(at)
    else places.halfOpen.push(at)
  }
  const endOf = (at: number) => (seen[at] as Sighting).endNs
  const startOf = (at: number) => (seen[at] as Sighting).startNs
  for (const { byEnd, halfOpen } of byName.values()) {
    byEnd.sort((a, b) => endOf(a) - endOf(b))
    halfOpen.sort((a, b) => startOf(a) - startOf(b))
  }
  const reach = (isSameName ? REACH_NS : END_TOLERANCE_NS) + error
  const pairs: Pair[] = []
  /** Names of which not all pairs were kept: nothing of them is certain. */
  const crowded = new Set<string>()
  for (const span of open) {
    const { name, startNs = 0, endNs = 0 } = spans[span] as PlacedSpan
    const places = byName.get(keyOf(name))
    if (places === undefined) continue
    const { byEnd } = places
    const first = lowerBound(byEnd, endNs, endOf)
    let down = first - 1
    let up = first
    let left = MAX_PAIRS_OF_SPAN
    // From the nearest end outwards.
    while (left > 0) {
      const below = down >= 0 ? endNs - (seen[byEnd[down] as number] as Sighting).endNs : Number.POSITIVE_INFINITY
      const above = up < byEnd.length ? (seen[byEnd[up] as number] as Sighting).endNs - endNs : Number.POSITIVE_INFINITY
      if (Math.min(below, above) > reach) break
      if (up - down > MAX_LOOKED_AT) {
        left = 0
        break
      }
      const place = byEnd[below < above ? down-- : up++] as number
      const one = seen[place] as Sighting
      const startOffNs = one.startNs - startNs
      const isOlder = !one.hasBegin
      if (isOlder ? startNs > error : startOffNs < -(END_TOLERANCE_NS + error) || startOffNs > START_NS) continue
      pairs.push({ span, seen: place, startOffNs: isOlder ? 0 : startOffNs, endOffNs: one.endNs - endNs })
      left--
    }
    const { halfOpen } = places
    const slack = END_TOLERANCE_NS + error
    for (let at = lowerBound(halfOpen, startNs - slack, startOf); at < halfOpen.length && left > 0; at++) {
      const one = seen[halfOpen[at] as number] as Sighting
      const startOffNs = one.startNs - startNs
      if (startOffNs > REACH_NS) break
      if (endNs < one.endNs - error) continue
      pairs.push({ span, seen: halfOpen[at] as number, startOffNs, endOffNs: startOffNs })
      left--
    }
    if (left === 0) crowded.add(keyOf(name))
  }
  return { pairs, crowded }
}

function fitsParent(
  pair: Pair,
  spans: readonly PlacedSpan[],
  tasks: ReadonlyMap<string, number>,
  seen: readonly Sighting[],
): boolean {
  const task = tasks.get(spans[pair.span]?.parentSpanId ?? '')
  return task === undefined || seen[pair.seen]?.parentTask === undefined || seen[pair.seen]?.parentTask === task
}

function preferParent(
  pairs: readonly Pair[],
  parent: string | undefined,
  tasks: ReadonlyMap<string, number>,
  seen: readonly Sighting[],
): readonly Pair[] {
  const task = parent === undefined ? undefined : tasks.get(parent)
  if (task === undefined) return pairs
  const own = pairs.filter((pair) => seen[pair.seen]?.parentTask === task)
  return own.length > 0 ? own : pairs
}

function describe({ startNs, endNs }: PlacedSpan, one: Sighting): SpanCandidate {
  return {
    name: one.name ?? '',
    ...(one.task === undefined ? {} : { task: one.task }),
    goroutine: one.goroutine,
    startNs: one.startNs,
    durationNs: one.endNs - one.startNs,
    ...(startNs === undefined ? {} : { startOffNs: one.startNs - startNs }),
    ...(endNs === undefined ? {} : { endOffNs: one.endNs - endNs }),
  }
}

function isWithin(span: PlacedSpan | undefined, traceEndNs: number, error: number): boolean {
  if (span?.startNs === undefined || span.endNs === undefined) return false
  return span.endNs >= -error && span.startNs <= traceEndNs + error
}

function groupPairs(pairs: readonly Pair[], keyOf: (pair: Pair) => number): Map<number, Pair[]> {
  const found = new Map<number, Pair[]>()
  for (const pair of pairs) {
    const same = found.get(keyOf(pair))
    if (same === undefined) found.set(keyOf(pair), [pair])
    else same.push(pair)
  }
  return found
}

/** The first place whose time is not below `timeNs`; the list is in order of it. */
function lowerBound(places: readonly number[], timeNs: number, timeOf: (at: number) => number): number {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (timeOf(places[middle] as number) < timeNs) low = middle + 1
    else high = middle
  }
  return low
}
