/**
 * Class 21. Handlers without the child that others of their operation have, which end when such a child of another
 * request ends: they waited for it, and nothing links them. Cache hits have no such end to wait for.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupRows, makePlace } from '../trust/places.ts'
import {
  at,
  hasLink,
  instanceOfRow,
  MIN_SIGHTINGS,
  nameOfOperation,
  percent,
  sampleRows,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { isLifted, lastBefore, measureLift, median, moveTime } from '../trust/windows.ts'

const SAMPLE = 200
const LEAST = 0.3
/** Where many wake at once some come late; fewer are enough where chance has next to none of them. */
const LEAST_RARE = 0.15
const RARE_TIMES = 10
const LEAST_CHILDREN = 0.02

export const sharedWork: BreakClassRule = {
  class: 'shared-work',
  find(facts) {
    const candidates = listCandidates(facts)
    if (candidates.length === 0) return []
    const wanted = new Set(candidates.flatMap(({ child, host }) => [child, host]))
    const rows = new Map<number, number[]>()
    for (let row = 0; row < facts.spans.count; row++) {
      const operation = at(facts.operations.of, row)
      if (!wanted.has(operation)) continue
      const list = rows.get(operation)
      if (list === undefined) rows.set(operation, [row])
      else list.push(row)
    }
    return candidates.flatMap(({ child, host }) => describeShared(facts, child, host, rows))
  },
}

/** Operations that are children of one other, locally, and that a part of those lacks. */
function listCandidates(facts: TrustFacts): { child: number; host: number }[] {
  const found: { child: number; host: number }[] = []
  for (let child = 0; child < facts.operations.list.length; child++) {
    const host = at(facts.usualParent, child)
    if (host < 0 || host === child || facts.opService[host] !== facts.opService[child]) continue
    const with_ = at(facts.usualCount, child)
    const all = at(facts.opRows, host)
    if (with_ >= MIN_SIGHTINGS && all - with_ >= MIN_SIGHTINGS && with_ >= LEAST_CHILDREN * all)
      found.push({ child, host })
  }
  return found
}

function describeShared(
  facts: TrustFacts,
  child: number,
  host: number,
  rows: ReadonlyMap<number, readonly number[]>,
): BreakGroup[] {
  const { spans, forest } = facts
  const work = (rows.get(child) ?? []).filter((row) => at(forest.parents, row) >= 0 && !hasLink(facts, row))
  const parents = new Set(work.map((row) => at(forest.parents, row)))
  const without = (rows.get(host) ?? []).filter(
    (row) => !parents.has(row) && !hasLink(facts, row) && facts.taken[row] === 0,
  )
  if (work.length < MIN_SIGHTINGS || without.length < MIN_SIGHTINGS) return []
  const slack = median(
    sampleRows(work, SAMPLE).map((row) => at(spans.endNs, at(forest.parents, row)) - at(spans.endNs, row)),
  )
  const length = median(sampleRows(work, SAMPLE).map((row) => at(spans.endNs, row) - at(spans.startNs, row)))
  const tolerance = Math.min(2 * Math.max(0, slack) + 0.02 * length, 0.3 * length)
  const byInstance = new Map<number, { rows: readonly number[]; ends: Float64Array }>()
  for (const own of groupRows(work, (row) => instanceOfRow(facts, row))) {
    own.sort((left, right) => at(spans.endNs, left) - at(spans.endNs, right) || left - right)
    const ends = Float64Array.from(own, (row) => at(spans.endNs, row))
    byInstance.set(instanceOfRow(facts, own[0] as number), { rows: own, ends })
  }
  /** The last end before the handler's own is close to it, within the handler, and another request's. */
  const waits = (row: number, movedNs: number): boolean => {
    const others = byInstance.get(instanceOfRow(facts, row))
    if (others === undefined) return false
    const end = moveTime(facts, at(spans.endNs, row), movedNs)
    const index = lastBefore(others.ends, end)
    if (index < 0 || at(spans.traces, at(others.rows, index)) === at(spans.traces, row)) return false
    const begins = end - (at(spans.endNs, row) - at(spans.startNs, row))
    return at(others.ends, index) >= end - tolerance && at(others.ends, index) > begins
  }
  const lift = measureLift(facts, sampleRows(without, SAMPLE), length, waits)
  const isRare = lift.seen >= RARE_TIMES * lift.chance
  if (!isLifted(lift, isRare ? LEAST_RARE : LEAST)) return []
  const waiting = without.filter((row) => waits(row, 0))
  if (waiting.length < MIN_SIGHTINGS) return []
  const place = makePlace(facts, waiting)
  const name = nameOfOperation(facts, child)
  const why = `${waiting.length} of ${place.crossed} ${place.operation} have no ${name} of their own and end when another request's ends (seen ${percent(lift.seen)}, by chance ${percent(lift.chance)})`
  const claims = [
    { class: 'shared-work', score: 0.7, why } as const,
    { class: 'handoff-without-context', score: 0.25, why } as const,
  ]
  return [{ ...place, shape: 'direct', claims }]
}
