/**
 * What every finder asks of the spans, computed once: services and instances as dense numbers, the window, who calls
 * whom, what each operation's parent usually is, which calls were answered. Enters: forest, operations and evidence.
 * Leaves: columns of one place per row, resource or operation; linear in the spans. `taken` is the one thing that
 * changes later: a row that a finder has put into a group is not put into another.
 */
import type { LogTable, SpanTable } from '../../model/spans.ts'
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
import { estimateClocks } from '../trust-verdict/skew-clocks.ts'
import { type AlignedTimes, alignTimes } from './aligned-times.ts'
import { ROOT, type SpanForest } from './forest.ts'
import { findAttribute, type Operations } from './operations.ts'
import type { BreakInput } from './trust-evidence.ts'

export const INTERNAL = 1
export const SERVER = 2
export const CLIENT = 3
export const PRODUCER = 4
export const CONSUMER = 5
export const LOCAL = 1
export const REMOTE = 2

/** Fewer sightings name no cause. */
export const MIN_SIGHTINGS = 5

const SECOND_NS = 1e9
const LEAST_PARENT = 0.05
const MAX_PARENTS = 8
const MIN_SETTLE_NS = 60 * SECOND_NS
const EXPORT_NS = 35 * SECOND_NS

export type TrustFacts = {
  readonly spans: SpanTable
  readonly forest: SpanForest
  readonly operations: Operations
  readonly logs?: LogTable
  readonly headers: readonly EdgeHeaders[]
  readonly source: readonly SourceEvidence[]
  readonly services: readonly string[]
  /** By resource. */
  readonly serviceOf: Uint32Array
  readonly instanceOf: Uint32Array
  readonly instanceCount: number
  readonly firstNs: number
  readonly lastNs: number
  readonly settleNs: number
  readonly readAtNs: number
  /** By trace. */
  readonly traceFirst: Float64Array
  readonly traceLast: Float64Array
  /** By row, with the offsets of the hosts' clocks taken off: only to compare spans of different processes. */
  aligned: AlignedTimes
  /** By row: has a child that is a server's or consumer's span, or another service's. */
  readonly answered: Uint8Array
  /** By operation. */
  readonly opRows: Uint32Array
  readonly opRoots: Uint32Array
  readonly opChildren: Uint32Array
  /** Commonest operation of the parents, and how many of the children have it; -1: never a child. */
  readonly usualParent: Int32Array
  readonly usualCount: Uint32Array
  /** Operations that are parents of at least one in twenty of the children, commonest first; at most 8. */
  readonly parentsOf: ReadonlyMap<number, readonly number[]>
  /** Operation of a child in another service that answers a client's operation, -1: never answered. */
  readonly usualAnswer: Int32Array
  readonly opService: Uint32Array
  readonly taken: Uint8Array
  /** Keys (see linkKey) of spans that a link points to. */
  readonly linked: ReadonlySet<number>
  /** Places of attribute keys among the strings, as they were asked for. */
  readonly keys: Map<string, number>
}

export function at(column: ArrayLike<number>, index: number): number {
  return column[index] as number
}

export function gatherFacts(input: BreakInput): TrustFacts {
  const { forest, operations } = input
  const { spans } = forest
  const { services, serviceOf, instanceOf, instanceCount } = numberServices(spans)
  const times = measureTraces(spans)
  const settleNs = input.options?.settleNs ?? Math.max(MIN_SETTLE_NS, percentileRoot(forest, 0.99) + EXPORT_NS)
  const serviceIndex = new Map(services.map((name, index) => [name, index]))
  return {
    spans,
    forest,
    operations,
    ...(input.logs === undefined ? {} : { logs: input.logs }),
    headers: input.headers ?? [],
    source: input.source ?? [],
    services,
    serviceOf,
    instanceOf,
    instanceCount,
    ...times,
    aligned: alignTimes(spans, estimateClocks(forest)),
    settleNs,
    readAtNs: input.options?.readAtNs ?? times.lastNs,
    ...countOperations(forest, operations, serviceOf),
    opService: Uint32Array.from(operations.list, ({ service }) => serviceIndex.get(service) ?? 0),
    taken: new Uint8Array(spans.count),
    linked: collectLinks(spans),
    keys: new Map(),
  }
}

export function serviceOfRow({ spans, serviceOf }: TrustFacts, row: number): number {
  return at(serviceOf, at(spans.resourceOf, row))
}

export function instanceOfRow({ spans, instanceOf }: TrustFacts, row: number): number {
  return at(instanceOf, at(spans.resourceOf, row))
}

export function nameOfOperation({ operations }: TrustFacts, operation: number): string {
  return operations.list[operation]?.name ?? ''
}

export function nameOfService({ services }: TrustFacts, service: number): string {
  return services[service] ?? ''
}

export function hasLink({ spans }: TrustFacts, row: number): boolean {
  return at(spans.linkStart, row + 1) > at(spans.linkStart, row)
}

export function attributeText({ spans, keys }: TrustFacts, row: number, key: string): string | undefined {
  let place = keys.get(key)
  if (place === undefined) {
    place = spans.strings.indexOf(key)
    keys.set(key, place)
  }
  const value = place < 0 ? 0 : findAttribute(spans, row, place)
  return value === 0 ? undefined : spans.strings[value]
}

/** 53 bits of a span id: enough to tell those of one file apart. */
export function linkKey(high: number, low: number): number {
  return (high & 0x1fffff) * 4_294_967_296 + low
}

/** Different traces among the rows. */
export function countTraces({ spans }: TrustFacts, rows: ArrayLike<number>): number {
  const seen = new Set<number>()
  for (let index = 0; index < rows.length; index++) seen.add(at(spans.traces, at(rows, index)))
  return seen.size
}

/** At most `most` of the rows, evenly apart: the same ones every time. */
export function sampleRows(rows: ArrayLike<number>, most: number): number[] {
  if (rows.length <= most) return Array.from(rows)
  return Array.from({ length: most }, (_, index) => at(rows, Math.floor((index * rows.length) / most)))
}

/** The one version that all rows have. */
export function versionOf({ spans }: TrustFacts, rows: ArrayLike<number>): string | undefined {
  let version: string | undefined
  for (let index = 0; index < rows.length; index++) {
    const own = spans.resources[at(spans.resourceOf, at(rows, index))]?.version
    if (own === undefined || (version !== undefined && own !== version)) return undefined
    version = own
  }
  return version
}

export function percent(share: number): string {
  const value = share * 100
  return `${value > 0 && value < 10 && value % 1 !== 0 ? value.toFixed(1) : Math.round(value)} %`
}

function numberServices(spans: SpanTable): {
  services: string[]
  serviceOf: Uint32Array
  instanceOf: Uint32Array
  instanceCount: number
} {
  const services = new Map<string, number>()
  const instances = new Map<string, number>()
  const serviceOf = new Uint32Array(spans.resources.length)
  const instanceOf = new Uint32Array(spans.resources.length)
  spans.resources.forEach(({ service, instance, host }, index) => {
    serviceOf[index] = intern(services, service)
    instanceOf[index] = intern(instances, `${service}\0${instance ?? host ?? ''}`)
  })
  return { services: [...services.keys()], serviceOf, instanceOf, instanceCount: instances.size }
}

function intern(known: Map<string, number>, key: string): number {
  const found = known.get(key)
  if (found !== undefined) return found
  known.set(key, known.size)
  return known.size - 1
}

function measureTraces({ count, traceCount, traces, startNs, endNs }: SpanTable): {
  firstNs: number
  lastNs: number
  traceFirst: Float64Array
  traceLast: Float64Array
} {
  const traceFirst = new Float64Array(traceCount).fill(Number.POSITIVE_INFINITY)
  const traceLast = new Float64Array(traceCount).fill(Number.NEGATIVE_INFINITY)
  let firstNs = Number.POSITIVE_INFINITY
  let lastNs = Number.NEGATIVE_INFINITY
  for (let row = 0; row < count; row++) {
    const trace = at(traces, row)
    const start = at(startNs, row)
    const end = at(endNs, row)
    if (start < at(traceFirst, trace)) traceFirst[trace] = start
    if (end > at(traceLast, trace)) traceLast[trace] = end
    if (start < firstNs) firstNs = start
    if (end > lastNs) lastNs = end
  }
  return count === 0 ? { firstNs: 0, lastNs: 0, traceFirst, traceLast } : { firstNs, lastNs, traceFirst, traceLast }
}

export function percentileRoot({ spans, parents }: SpanForest, share: number): number {
  const durations: number[] = []
  for (let row = 0; row < spans.count; row++) {
    if (parents[row] === ROOT) durations.push(at(spans.endNs, row) - at(spans.startNs, row))
  }
  if (durations.length === 0) return 0
  const sorted = Float64Array.from(durations).sort()
  return at(sorted, Math.min(sorted.length - 1, Math.floor(sorted.length * share)))
}

function countOperations(
  { spans, parents }: SpanForest,
  operations: Operations,
  serviceOf: Uint32Array,
): Pick<
  TrustFacts,
  'answered' | 'opRows' | 'opRoots' | 'opChildren' | 'usualParent' | 'usualCount' | 'parentsOf' | 'usualAnswer'
> {
  const size = operations.list.length
  const answered = new Uint8Array(spans.count)
  const opRows = new Uint32Array(size)
  const opRoots = new Uint32Array(size)
  const opChildren = new Uint32Array(size)
  const byParent = new Map<number, number>()
  const byAnswer = new Map<number, number>()
  for (let row = 0; row < spans.count; row++) {
    const operation = at(operations.of, row)
    const parent = at(parents, row)
    opRows[operation] = at(opRows, operation) + 1
    if (parent === ROOT) opRoots[operation] = at(opRoots, operation) + 1
    if (parent < 0) continue
    opChildren[operation] = at(opChildren, operation) + 1
    const above = at(operations.of, parent)
    const key = operation * size + above
    byParent.set(key, (byParent.get(key) ?? 0) + 1)
    const kind = at(spans.kinds, row)
    const isOther = at(serviceOf, at(spans.resourceOf, row)) !== at(serviceOf, at(spans.resourceOf, parent))
    if (kind !== SERVER && kind !== CONSUMER && !isOther) continue
    answered[parent] = 1
    const back = above * size + operation
    byAnswer.set(back, (byAnswer.get(back) ?? 0) + 1)
  }
  const usual = pickCommonest(byParent, size)
  const answer = pickCommonest(byAnswer, size)
  return {
    answered,
    opRows,
    opRoots,
    opChildren,
    usualParent: usual.best,
    usualCount: usual.counts,
    parentsOf: listParents(byParent, opChildren, size),
    usualAnswer: answer.best,
  }
}

function pickCommonest(pairs: ReadonlyMap<number, number>, size: number): { best: Int32Array; counts: Uint32Array } {
  const best = new Int32Array(size).fill(-1)
  const counts = new Uint32Array(size)
  for (const [key, count] of pairs) {
    const own = Math.floor(key / size)
    if (count <= at(counts, own)) continue
    counts[own] = count
    best[own] = key % size
  }
  return { best, counts }
}

function listParents(
  pairs: ReadonlyMap<number, number>,
  children: Uint32Array,
  size: number,
): ReadonlyMap<number, readonly number[]> {
  const lists = new Map<number, [number, number][]>()
  for (const [key, count] of pairs) {
    const own = Math.floor(key / size)
    if (count < LEAST_PARENT * at(children, own)) continue
    const list = lists.get(own) ?? []
    lists.set(own, list)
    list.push([key % size, count])
  }
  return new Map(
    [...lists].map(([own, list]) => [
      own,
      list
        .sort((left, right) => right[1] - left[1] || left[0] - right[0])
        .slice(0, MAX_PARENTS)
        .map(([parent]) => parent),
    ]),
  )
}

function collectLinks({ linkHigh, linkLow }: SpanTable): Set<number> {
  const linked = new Set<number>()
  for (let index = 0; index < linkHigh.length; index++) linked.add(linkKey(at(linkHigh, index), at(linkLow, index)))
  return linked
}
