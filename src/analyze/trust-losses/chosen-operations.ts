/**
 * Which operations are missing: a loss between process and store is blind to what a span is of, a span that is never
 * ended is always of the same few. Enters: the visits of one owner that lost a part of it, and how many spans of each of
 * its operations would be missed. Leaves: the operations that are missing alone, where blind loss does not do that and
 * where it was no matter of time: a span of the owner that began before and ended after is there.
 */
import { at, MIN_SIGHTINGS, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import type { LostVisit } from './visits.ts'

/** Of the visits that lost a part, those that lost nothing but these. */
const ALONE_SHARE = 0.9
/** Of these visits, those in which the missing span lies within one that is there. */
const ENCLOSED_SHARE = 0.8
/** Of the rate of the operation that is missing most, what another must reach to be one of them. */
const LEAST_RATE = 0.2
/** Natural logarithm of the chance of blind loss, choices of operations counted. */
const LOG_CHANCE = Math.log(0.001)
const MAX_OPERATIONS = 64
const SAMPLE = 500
const MAX_ROWS = 256

/** Spans with children, by operation; their sum and the number of operations that have some, by service. */
export type InnerCounts = {
  readonly byOperation: Uint32Array
  readonly byService: Float64Array
  readonly operations: Uint32Array
}

export type Chosen = {
  readonly operations: ReadonlySet<number>
  /** Share of these operations in what could be missed. */
  readonly expected: number
  readonly logChance: number
}

export function countInner({ spans, forest, operations, opService, services }: TrustFacts): InnerCounts {
  const byOperation = new Uint32Array(operations.list.length)
  const byService = new Float64Array(services.length)
  const counts = new Uint32Array(services.length)
  for (let row = 0; row < spans.count; row++) {
    if (at(forest.childStart, row + 1) === at(forest.childStart, row)) continue
    const operation = at(operations.of, row)
    const service = at(opService, operation)
    if (byOperation[operation] === 0) counts[service] = at(counts, service) + 1
    byOperation[operation] = at(byOperation, operation) + 1
    byService[service] = at(byService, service) + 1
  }
  return { byOperation, byService, operations: counts }
}

export function findChosen(
  facts: TrustFacts,
  inner: InnerCounts,
  owner: number,
  visits: readonly LostVisit[],
): Chosen | undefined {
  const lost = new Map<number, number>()
  let missing = 0
  for (const { losses } of visits) {
    for (const { parent } of losses) lost.set(parent, (lost.get(parent) ?? 0) + 1)
    missing += losses.length
  }
  const operations = pickOperations(inner, lost)
  const alone = visits.filter((visit) => isOf(operations, visit))
  if (alone.length < MIN_SIGHTINGS || alone.length < ALONE_SHARE * visits.length) return undefined
  let could = 0
  for (const operation of operations) could += (lost.get(operation) ?? 0) + innerOf(inner, operation)
  const expected = could / (missing + at(inner.byService, owner))
  const choices = operations.size * Math.log(1 + Math.max(lost.size, at(inner.operations, owner)))
  const logChance = choices - visits.length * divergence(alone.length / visits.length, expected)
  if (logChance > LOG_CHANCE || !areEnclosed(facts, alone)) return undefined
  return { operations, expected, logChance }
}

/** Nothing but spans of these is missing, and their children say or show that they were of this process. */
export function isOf(operations: ReadonlySet<number>, { losses }: LostVisit): boolean {
  return losses.every(({ parent, remote }) => !remote && operations.has(parent))
}

/** Those missing about as often as the one that is missing most; one that is never there (-1) is missing always. */
function pickOperations(inner: InnerCounts, lost: ReadonlyMap<number, number>): ReadonlySet<number> {
  const rates = [...lost].map(([operation, count]) => ({
    operation,
    count,
    rate: count / (count + innerOf(inner, operation)),
  }))
  const sure = rates.filter(({ count }) => count >= MIN_SIGHTINGS)
  const most = sure.reduce((highest, { rate }) => Math.max(highest, rate), 0)
  const chosen = (sure.length > 0 ? rates : []).filter(({ rate }) => rate >= LEAST_RATE * most)
  chosen.sort((left, right) => right.count - left.count || left.operation - right.operation)
  return new Set(chosen.slice(0, MAX_OPERATIONS).map(({ operation }) => operation))
}

function innerOf({ byOperation }: InnerCounts, operation: number): number {
  return operation < 0 ? 0 : at(byOperation, operation)
}

/** Kullback and Leibler's, in nats: times the trials, a bound of how unlikely so large a share is. */
function divergence(share: number, expected: number): number {
  if (share <= expected) return 0
  const rest = share >= 1 ? 0 : (1 - share) * Math.log((1 - share) / (1 - expected))
  return share * Math.log(share / Math.max(expected, Number.MIN_VALUE)) + rest
}

/** What began before the orphan and ended after it, in the same process, was exported: no end of time came between. */
function areEnclosed(facts: TrustFacts, visits: readonly LostVisit[]): boolean {
  const step = Math.max(1, Math.ceil(visits.length / SAMPLE))
  let seen = 0
  let enclosed = 0
  for (let index = 0; index < visits.length; index += step) {
    seen++
    if (isEnclosed(facts, (visits[index] as LostVisit).losses[0]?.rows[0] as number)) enclosed++
  }
  return enclosed >= ENCLOSED_SHARE * seen
}

function isEnclosed(facts: TrustFacts, row: number): boolean {
  const { spans, forest } = facts
  const trace = at(spans.traces, row)
  const from = at(forest.traceStart, trace)
  const to = Math.min(at(forest.traceStart, trace + 1), from + MAX_ROWS)
  for (let index = from; index < to; index++) {
    const other = at(forest.rows, index)
    if (at(spans.startNs, other) > at(spans.startNs, row)) return false
    if (other === row || at(spans.endNs, other) < at(spans.endNs, row)) continue
    if (serviceOfRow(facts, other) === serviceOfRow(facts, row)) return true
  }
  return false
}
