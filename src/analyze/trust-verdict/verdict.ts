/**
 * From the breaks that were found to what each service's spans are worth: rates with Wilson's intervals, grades, caps.
 * Enters: the forest, its operations, the cases, and what else was read. Leaves: TrustData, the wire type.
 * Grades are of the upper end of the interval; below 300 traces there is none. A service counts
 * what it lost itself; an edge whose breaks count against it caps its grade, and so does the share of its spans that is
 * missing. Cases about log records are shown and
 * counted beside: a line without an id breaks no trace. The Instrumentation Score stands apart, untouched.
 */
import { confidences } from '../../model/contract.ts'
import type { LogTable, SpanTable } from '../../model/spans.ts'
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { TrustBreak, TrustData, TrustEdge, TrustGrade, TrustService } from '../../model/trust/trust-data.ts'
import type { BreakCase } from '../trust/break-case.ts'
import type { SpanForest } from '../trust/forest.ts'
import { scoreInstrumentation } from '../trust/instrumentation-score.ts'
import type { Operations } from '../trust/operations.ts'
import { wilsonInterval } from '../trust/wilson.ts'
import { compare, countEdges, isBroken, numberServices } from './edges.ts'
import { listExamples } from './examples.ts'
import { countPrimitives, hasTraceId } from './primitives.ts'
import { estimateSkew } from './skew.ts'
import { fingerprintOf } from './trust-findings.ts'

/** Fewer traces are no grade. */
export const MIN_TRACES = 300
/** A broken edge with fewer traces than a grade needs still caps, where its rate is surely above this. */
const CAP_RATE = 0.05
const CAP_GRADE: TrustGrade = 'C'
/** A few broken traces, of however few, are no rate. */
const CAP_BROKEN = 5
const HOUR_NS = 3600e9
const DAY_NS = 24 * HOUR_NS
const MAX_BREAKS = 200
const MAX_EDGES = 2_000
const MAX_SKEW = 200

/** Least share of unbroken traces for each grade. */
const gradeSteps: readonly (readonly [TrustGrade, number])[] = [
  ['A', 0.99],
  ['B', 0.97],
  ['C', 0.9],
  ['D', 0.75],
  ['E', 0.5],
]
const order: readonly TrustGrade[] = ['A', 'B', 'C', 'D', 'E', 'F']

export type VerdictInput = {
  readonly forest: SpanForest
  readonly operations: Operations
  readonly cases: readonly BreakCase[]
  readonly settleNs: number
  readonly logs?: LogTable
  /** What was seen of the headers of each edge. */
  readonly headers?: readonly EdgeHeaders[]
}

export function judgeTrust(input: VerdictInput): TrustData {
  const { forest, operations, cases, settleNs, logs } = input
  const { spans } = forest
  const window = measureWindow(spans)
  const counted = countEdges(forest, cases)
  const edges = counted.edges.map((one) => gradeEdge(one, input.headers ?? []))
  const scores = scoreInstrumentation(forest, logs)
  const logCounts = countLogs(logs)
  const tallies = tallyServices(forest, cases)
  const services = [...tallies].map(([service, tally]): TrustService => {
    const own = cases.filter((one) => one.service === service)
    const all = tally.traces + tally.affectedElsewhere
    const interval = wilsonInterval(tally.affected, all)
    const ownGrade = gradeRate(interval, all)
    const cap = ownGrade === 'insufficient' ? undefined : findCap(spans, own, edges, ownGrade, tally.spans)
    const log = logCounts.get(service)
    const score = scores.get(service)
    return {
      service,
      grade: cap?.grade ?? ownGrade,
      traces: tally.traces,
      spans: tally.spans,
      ...(all === 0 ? {} : { breakRate: tally.affected / all, interval }),
      ...(cap === undefined ? {} : { cappedBy: cap.by }),
      ...(log === undefined || log.records === 0 ? {} : { logsWithoutTraceIdRatio: log.without / log.records }),
      breaks: own.slice(0, MAX_BREAKS).map((one) => toBreak(one, spans, window?.durationNs ?? 0)),
      instrumentationScore: score ?? { score: 0, complete: false, rules: [] },
    }
  })
  services.sort((a, b) => rank(b) - rank(a) || b.traces - a.traces || compare(a.service, b.service))
  edges.sort((a, b) => b.interval[0] - a.interval[0] || b.brokenTraces - a.brokenTraces || b.traces - a.traces)
  const skew = estimateSkew(forest)
  const omitted = {
    edges: counted.omitted + Math.max(0, edges.length - MAX_EDGES),
    breaks: services.reduce(
      (sum, { service }) => sum + Math.max(0, cases.filter((one) => one.service === service).length - MAX_BREAKS),
      0,
    ),
    skew: skew.omitted + Math.max(0, skew.rows.length - MAX_SKEW),
  }
  return {
    ...(window === undefined ? {} : { window }),
    settleWindowNs: settleNs,
    spans: spans.count,
    traces: countTraces(forest),
    services,
    edges: edges.slice(0, MAX_EDGES),
    skew: skew.rows.slice(0, MAX_SKEW),
    primitives: countPrimitives(forest, operations, logs),
    omitted: Object.fromEntries(Object.entries(omitted).filter(([, count]) => count > 0)),
  }
}

/** By the end of the interval that is worse. */
export function gradeRate(interval: readonly [number, number], traces: number): TrustGrade {
  if (traces < MIN_TRACES) return 'insufficient'
  const unbroken = 1 - interval[1]
  return gradeSteps.find(([, least]) => unbroken >= least)?.[0] ?? 'F'
}

/** True where `grade` is as good as `least` or better; `insufficient` is neither. */
export function reachesGrade(grade: TrustGrade, least: TrustGrade): boolean {
  return grade !== 'insufficient' && order.indexOf(grade) <= order.indexOf(least)
}

function gradeEdge(
  { from, to, traces, broken }: { from: string; to: string; traces: number; broken: number },
  headers: readonly EdgeHeaders[],
): TrustEdge {
  const interval = wilsonInterval(broken, traces)
  const seen =
    headers.find((one) => one.to === to && one.from === from) ??
    headers.find((one) => one.to === to && one.from === undefined)
  return {
    from,
    to,
    traces,
    brokenTraces: broken,
    breakRate: traces === 0 ? 0 : broken / traces,
    interval,
    grade: gradeRate(interval, traces),
    ...(seen?.carries === undefined ? {} : { carries: seen.carries }),
  }
}

/** The worst of the edges whose breaks count against the service, or what it lost of its spans, where that is worse. */
function findCap(
  spans: SpanTable,
  own: readonly BreakCase[],
  edges: readonly TrustEdge[],
  grade: TrustGrade,
  spanCount: number,
): { readonly grade: TrustGrade; readonly by: string } | undefined {
  const broken = own.filter(isBroken)
  let worst: { grade: TrustGrade; by: string } | undefined
  const consider = (limit: TrustGrade | undefined, by: string): void => {
    if (limit === undefined || limit === 'insufficient') return
    if (order.indexOf(limit) > order.indexOf(worst?.grade ?? grade)) worst = { grade: limit, by }
  }
  const named = new Set(broken.flatMap((one) => namesOfEdges(spans, one)))
  for (const edge of broken.length === 0 ? [] : edges) {
    const by = `${edge.from} → ${edge.to}`
    if (edge.brokenTraces > 0 && named.has(by))
      consider(edge.grade === 'insufficient' ? capOfFew(edge) : edge.grade, by)
  }
  const missing = broken.reduce((sum, one) => sum + (one.missing ?? 0), 0)
  const all = spanCount + missing
  if (missing >= CAP_BROKEN)
    consider(gradeRate(wilsonInterval(missing, all), all), `${missing} of ${all} spans missing`)
  return worst
}

/** The case's own; of spans that a service lost, the edges to all whose parents they were. */
function namesOfEdges({ resources, resourceOf }: SpanTable, { service, edge, missing, rows }: BreakCase): string[] {
  if (edge !== undefined) return [`${edge.from} → ${edge.to}`]
  if (missing === undefined) return []
  const callees = new Set<string>()
  for (const row of rows) callees.add(resources[resourceOf[row] as number]?.service ?? '')
  return [...callees].filter((callee) => callee !== service).map((callee) => `${service} → ${callee}`)
}

function capOfFew({ interval, brokenTraces }: TrustEdge): TrustGrade | undefined {
  return interval[0] > CAP_RATE && brokenTraces >= CAP_BROKEN ? CAP_GRADE : undefined
}

function toBreak(one: BreakCase, spans: SpanTable, windowNs: number): TrustBreak {
  const { affected, crossed, logRecords } = one
  const [count, all] = crossed > 0 ? [affected, crossed] : [logRecords?.affected ?? affected, logRecords?.all ?? 0]
  const isPerDay = windowNs >= HOUR_NS && isBroken(one) && affected > 0
  return {
    ...(one.class === undefined ? {} : { class: one.class }),
    alternatives: one.alternatives,
    state: one.state,
    ...(one.exoneratedBy === undefined ? {} : { exoneratedBy: one.exoneratedBy }),
    ...(one.edge === undefined ? {} : { edge: one.edge }),
    operation: one.operation,
    ...(one.version === undefined ? {} : { version: one.version }),
    count,
    traces: all,
    rate: all === 0 ? 0 : count / all,
    interval: wilsonInterval(Math.min(count, all), all),
    confidence: confidences.includes(one.confidence) ? one.confidence : 'possible',
    ...(isPerDay ? { affectedTracesPerDay: Math.round((affected / windowNs) * DAY_NS) } : {}),
    decidedBy: one.decidedBy,
    why: one.why,
    ...(one.source === undefined ? {} : { source: one.source }),
    ...(one.state === 'lost' || one.state === 'unexplained' ? { fingerprint: fingerprintOf(one) } : {}),
    examples: listExamples(spans, one.rows),
  }
}

type Tally = { traces: number; spans: number; affected: number; affectedElsewhere: number }

/** Traces of each service, and those that its breaks affect: all of them, and those in which it has no span. */
function tallyServices(forest: SpanForest, cases: readonly BreakCase[]): Map<string, Tally> {
  const { spans, traceStart, rows } = forest
  const { services, serviceOf } = numberServices(spans)
  const affected = new Map<string, { traces: Set<number>; least: number }>()
  for (const one of cases) {
    if (!isBroken(one)) continue
    const own = affected.get(one.service) ?? { traces: new Set<number>(), least: 0 }
    for (const row of one.rows) own.traces.add(spans.traces[row] as number)
    own.least = Math.max(own.least, one.affected)
    affected.set(one.service, own)
  }
  const own = services.map((name) => affected.get(name)?.traces)
  const tallies = services.map((): Tally & { last: number; inside: number } => ({
    traces: 0,
    spans: 0,
    affected: 0,
    affectedElsewhere: 0,
    last: -1,
    inside: 0,
  }))
  for (let trace = 0; trace < spans.traceCount; trace++) {
    for (let at = traceStart[trace] as number; at < (traceStart[trace + 1] as number); at++) {
      const service = serviceOf[spans.resourceOf[rows[at] as number] as number] as number
      const tally = tallies[service] as (typeof tallies)[number]
      tally.spans++
      if (tally.last === trace) continue
      tally.last = trace
      tally.traces++
      if (own[service]?.has(trace) === true) tally.inside++
    }
  }
  const found = new Map<string, Tally>()
  services.forEach((name, index) => {
    const { traces, spans: count, inside } = tallies[index] as (typeof tallies)[number]
    const breaks = affected.get(name)
    const elsewhere = (breaks?.traces.size ?? 0) - inside
    const all = Math.max(breaks?.traces.size ?? 0, breaks?.least ?? 0)
    found.set(name, { traces, spans: count, affected: Math.min(all, traces + elsewhere), affectedElsewhere: elsewhere })
  })
  for (const [name, { traces, least }] of affected) {
    if (found.has(name)) continue
    // A service that only the breaks name: it exports nothing here.
    const all = Math.max(traces.size, least)
    found.set(name, { traces: 0, spans: 0, affected: all, affectedElsewhere: all })
  }
  return found
}

function countLogs(logs: LogTable | undefined): Map<string, { records: number; without: number }> {
  const counts = new Map<string, { records: number; without: number }>()
  if (logs === undefined) return counts
  for (let row = 0; row < logs.count; row++) {
    const service = logs.resources[logs.resourceOf[row] as number]?.service ?? ''
    const own = counts.get(service) ?? { records: 0, without: 0 }
    own.records++
    if (!hasTraceId(logs, row)) own.without++
    counts.set(service, own)
  }
  return counts
}

function measureWindow({ count, startNs, endNs, baseUnixNs }: SpanTable): TrustData['window'] {
  if (count === 0) return undefined
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let row = 0; row < count; row++) {
    first = Math.min(first, startNs[row] as number)
    last = Math.max(last, endNs[row] as number)
  }
  const begin = baseUnixNs + BigInt(Math.floor(first))
  const end = baseUnixNs + BigInt(Math.ceil(last))
  return {
    startTime: formatTime(begin),
    endTime: formatTime(end),
    durationNs: Math.max(0, Math.ceil(last) - Math.floor(first)),
  }
}

/** RFC 3339 with nanoseconds. */
export function formatTime(unixNs: bigint): string {
  const seconds = unixNs / 1_000_000_000n
  const nanos = String(unixNs % 1_000_000_000n).padStart(9, '0')
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${nanos}Z`
}

/** A table may hold traces that only links name. */
function countTraces({ spans, traceStart }: SpanForest): number {
  let count = 0
  for (let trace = 0; trace < spans.traceCount; trace++) {
    if ((traceStart[trace + 1] as number) > (traceStart[trace] as number)) count++
  }
  return count
}

function rank({ grade }: TrustService): number {
  return grade === 'insufficient' ? -1 : order.indexOf(grade)
}
