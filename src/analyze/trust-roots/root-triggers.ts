/**
 * Roots that begin as a span of a server's handler ends on the same instance: what a queue or a pool does with an item
 * that was just handed to it. Enters: the facts and roots of one operation. Leaves: the operation that ends before most
 * of them, if that is more than chance. Consumers' loops go on from one message to the next: their ends count for nothing.
 */
import type { InnerRootGroup } from '../trust/break-group.ts'
import {
  at,
  INTERNAL,
  instanceOfRow,
  MIN_SIGHTINGS,
  nameOfOperation,
  SERVER,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { isLifted, lastBefore, measureLift, median, moveTime } from '../trust/windows.ts'

/** A hand-off to one who waits, or to a queue that others are in: as close as they can be told from chance. */
const WITHIN_NS = [1e6, 8e6, 64e6]
const LEAST_NS = 5e3
const LEAST_SHARE = 0.5
const MAX_ABOVE = 16

type NearestEnd = { readonly gapNs: number; readonly before: number }
export type HandlerEnds = { readonly rows: readonly number[]; readonly ends: Float64Array }

/** Ends of server spans and of the steps below them, by instance, in order. */
export function collectEnds(facts: TrustFacts): readonly HandlerEnds[] {
  const { spans } = facts
  const lists: number[][] = Array.from({ length: facts.instanceCount }, () => [])
  for (let row = 0; row < spans.count; row++) {
    const kind = at(spans.kinds, row)
    if (kind === SERVER || (kind <= INTERNAL && isOfServer(facts, row))) lists[instanceOfRow(facts, row)]?.push(row)
  }
  return lists.map((rows) => {
    rows.sort((left, right) => at(spans.endNs, left) - at(spans.endNs, right) || left - right)
    return { rows, ends: Float64Array.from(rows, (row) => at(spans.endNs, row)) }
  })
}

export function measureAfter(
  facts: TrustFacts,
  ends: readonly HandlerEnds[],
  sample: readonly number[],
  operation: number,
): InnerRootGroup['after'] {
  if (sample.length < MIN_SIGHTINGS) return undefined
  const before = sample
    .map((row) => findEnd(facts, ends, row, 0))
    .filter(({ before }) => before >= 0 && at(facts.operations.of, before) !== operation)
  for (const mostNs of WITHIN_NS) {
    const found = measureWithin(facts, ends, sample, before, mostNs)
    if (found !== undefined) return found
  }
  return undefined
}

function measureWithin(
  facts: TrustFacts,
  ends: readonly HandlerEnds[],
  sample: readonly number[],
  before: readonly NearestEnd[],
  mostNs: number,
): InnerRootGroup['after'] {
  const near = before.filter(({ gapNs }) => gapNs <= mostNs)
  if (near.length < Math.max(MIN_SIGHTINGS, LEAST_SHARE * sample.length)) return undefined
  const counts = new Map<number, number>()
  for (const one of near) {
    const own = at(facts.operations.of, one.before)
    counts.set(own, (counts.get(own) ?? 0) + 1)
  }
  const [top, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? [-1, 0]
  if (count < LEAST_SHARE * near.length) return undefined
  const withinNs = Math.min(mostNs, Math.max(LEAST_NS, 4 * median(near.map(({ gapNs }) => gapNs))))
  const typical = median(sample.map((row) => at(facts.spans.endNs, row) - at(facts.spans.startNs, row)))
  const lift = measureLift(facts, sample, Math.max(typical, mostNs), (row, movedNs) => {
    const one = findEnd(facts, ends, row, movedNs)
    return one.before >= 0 && one.gapNs <= withinNs && at(facts.operations.of, one.before) === top
  })
  return isLifted(lift, 0.3) ? { name: nameOfOperation(facts, top), lift, withinNs } : undefined
}

/**
 * Roots of an operation that is otherwise begun some time after the end of its parent: do they begin as long after the
 * end of one that lacks it? Enters: roots, and the operation's usual parent.
 */
export function measureTwins(
  facts: TrustFacts,
  sample: readonly number[],
  operation: number,
  usualParent: number,
): InnerRootGroup['after'] {
  const { spans, forest, operations } = facts
  const delays: number[] = []
  const answered = new Set<number>()
  const parents: number[][] = Array.from({ length: facts.instanceCount }, () => [])
  for (let row = 0; row < spans.count; row++) {
    const own = at(operations.of, row)
    if (own === usualParent) parents[instanceOfRow(facts, row)]?.push(row)
    const parent = at(forest.parents, row)
    if (own !== operation || parent < 0 || operations.of[parent] !== usualParent) continue
    answered.add(parent)
    delays.push(at(spans.startNs, row) - at(spans.endNs, parent))
  }
  delays.sort((left, right) => left - right)
  const leastNs = delays[Math.floor(delays.length * 0.02)] ?? 0
  const mostNs = delays[Math.floor(delays.length * 0.98)] ?? 0
  if (delays.length < MIN_SIGHTINGS || mostNs <= 0) return undefined
  const ends = parents.map((rows) =>
    Float64Array.from(rows.filter((row) => !answered.has(row)).map((row) => at(spans.endNs, row))).sort(),
  )
  const typical = median(sample.map((row) => at(spans.endNs, row) - at(spans.startNs, row)))
  const lift = measureLift(facts, sample, Math.max(typical, mostNs - leastNs), (row, movedNs) => {
    const own = ends[instanceOfRow(facts, row)]
    if (own === undefined) return false
    const start = moveTime(facts, at(spans.startNs, row), movedNs)
    const index = lastBefore(own, start - leastNs)
    return index >= 0 && at(own, index) >= start - mostNs
  })
  return isLifted(lift, 0.3) ? { name: nameOfOperation(facts, usualParent), lift, withinNs: mostNs } : undefined
}

function findEnd(facts: TrustFacts, ends: readonly HandlerEnds[], row: number, movedNs: number): NearestEnd {
  const own = ends[instanceOfRow(facts, row)]
  const start = moveTime(facts, at(facts.spans.startNs, row), movedNs)
  const index = own === undefined ? -1 : lastBefore(own.ends, start)
  if (own === undefined || index < 0) return { gapNs: Number.POSITIVE_INFINITY, before: -1 }
  return { gapNs: start - at(own.ends, index), before: at(own.rows, index) }
}

function isOfServer({ spans, forest }: TrustFacts, row: number): boolean {
  let above = at(forest.parents, row)
  for (let steps = 0; above >= 0 && steps < MAX_ABOVE; steps++) {
    if (at(spans.kinds, above) === SERVER) return true
    if (at(spans.kinds, above) > INTERNAL) return false
    above = at(forest.parents, above)
  }
  return false
}
