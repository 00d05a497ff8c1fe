/**
 * What roots of one operation do elsewhere and by themselves: whether handlers lack as many as there are roots, whether
 * they keep a period, run one at a time, or lie where chance puts them. Enters: the facts and the roots.
 */
import type { InnerRootGroup, Lift } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { at, INTERNAL, instanceOfRow, MIN_SIGHTINGS, type TrustFacts } from '../trust/trust-facts.ts'
import { median } from '../trust/windows.ts'
import { type CallTargets, isSameTarget } from './call-targets.ts'

/** Standard errors between what is lacking and what is there. */
const FAR = 3

/** Children of the operation that may be for the same as one of the roots. */
export function countUsual(
  facts: TrustFacts,
  operation: number,
  rows: readonly number[],
  targets: CallTargets,
): number {
  const { spans, forest, operations } = facts
  const own = new Set(rows.map((row) => targets.get(row)))
  const first = rows[0]
  if (first === undefined || own.size !== 1 || own.has(undefined)) return at(facts.opChildren, operation)
  let count = 0
  for (let row = 0; row < spans.count; row++) {
    if (operations.of[row] === operation && at(forest.parents, row) >= 0 && isSameTarget(targets, first, row)) count++
  }
  return count
}

/**
 * Of the usual parents, about as many lack such a child as there are roots: these are what is missing. An
 * operation that also runs by itself leaves none out.
 */
export function isMissed(facts: TrustFacts, operation: number, rows: readonly number[]): boolean {
  const { spans, forest, operations } = facts
  const parent = at(facts.usualParent, operation)
  if (parent < 0) return false
  const having = new Set<number>()
  for (let row = 0; row < spans.count; row++) {
    const above = at(forest.parents, row)
    if (operations.of[row] === operation && above >= 0 && operations.of[above] === parent) having.add(above)
  }
  const lacking = at(facts.opRows, parent) - having.size
  return lacking >= MIN_SIGHTINGS && Math.abs(lacking - rows.length) <= FAR * Math.sqrt(lacking)
}

/** The service exports no step of its own making: nobody instruments it by hand. */
export function hasNoSteps(facts: TrustFacts, service: number): boolean {
  const { operations, opService, forest, spans } = facts
  const isStep = operations.list.map(({ kind }, index) => kind <= INTERNAL && at(opService, index) === service)
  if (!isStep.includes(true)) return true
  // Roots of its own (schedules, start) are no steps of its handlers.
  for (let row = 0; row < spans.count; row++) {
    if (isStep[at(operations.of, row)] === true && forest.parents[row] !== ROOT) return false
  }
  return true
}

/** Roots that handlers hold no oftener than chance would, where more could have been seen: they run by themselves. */
export function describeApart(
  name: string,
  count: number,
  { seen, chance, sample }: Lift,
  periodic: number,
): InnerRootGroup['apart'] {
  const isPeriodic = periodic >= 0.8 && seen <= chance + 0.15
  if (sample < MIN_SIGHTINGS || (chance > 0.5 && !isPeriodic) || seen > chance + 0.15) return undefined
  const held = `${count} roots ${name} lie within handlers as often as by chance (${Math.round(seen * 100)} and ${Math.round(chance * 100)} %)`
  if (isPeriodic) return { by: 'scheduled root', why: `${held}, and begin at a steady period` }
  return { by: 'intended root', why: held }
}

/** Share of the gaps between starts, per instance, that are within 5 % of a multiple (up to three) of the median gap. */
export function measurePeriod(facts: TrustFacts, rows: readonly number[]): number {
  const byInstance = new Map<number, number[]>()
  for (const row of rows) {
    const instance = instanceOfRow(facts, row)
    const times = byInstance.get(instance) ?? []
    byInstance.set(instance, times)
    times.push(at(facts.spans.startNs, row))
  }
  let regular = 0
  let gaps = 0
  for (const times of byInstance.values()) {
    if (times.length < 4) continue
    times.sort((left, right) => left - right)
    const steps = times.slice(1).map((time, index) => time - at(times, index))
    const period = median(steps)
    if (period <= 0) continue
    for (const step of steps) {
      gaps++
      const turns = Math.round(step / period)
      if (turns >= 1 && turns <= 3 && Math.abs(step - turns * period) <= 0.05 * period) regular++
    }
  }
  return gaps < 4 ? 0 : regular / gaps
}

/** No two at once on an instance, where as many at random would have met at least three times. */
export function isSerial(facts: TrustFacts, rows: readonly number[]): boolean {
  const { spans, firstNs, lastNs } = facts
  const byInstance = new Map<number, number[]>()
  for (const row of rows) {
    const instance = instanceOfRow(facts, row)
    const list = byInstance.get(instance) ?? []
    byInstance.set(instance, list)
    list.push(row)
  }
  let expected = 0
  let met = 0
  for (const list of byInstance.values()) {
    list.sort((left, right) => at(spans.startNs, left) - at(spans.startNs, right))
    let last = Number.NEGATIVE_INFINITY
    let busy = 0
    for (const row of list) {
      if (at(spans.startNs, row) < last) met++
      last = Math.max(last, at(spans.endNs, row))
      busy += at(spans.endNs, row) - at(spans.startNs, row)
    }
    expected += (list.length * busy) / Math.max(1, lastNs - firstNs)
  }
  return met === 0 && expected >= 3
}
