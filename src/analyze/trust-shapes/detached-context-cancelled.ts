/**
 * Class 34. Spans that fail in no time, begun when their handler had ended: they use a context that was cancelled with
 * it. What the same goroutine began around them after the handler's end is of the same fault. Errors within a running
 * handler (circuit breakers, refused connections) are not this, nor a peer that refuses those who call in time as well.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import {
  at,
  attributeText,
  CONSUMER,
  instanceOfRow,
  MIN_SIGHTINGS,
  SERVER,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { median } from '../trust/windows.ts'

const ERROR = 2
const NO_TIME_NS = 1e6
const MAX_STEPS = 16
const MAX_BELOW = 64
const MOST = 0.5
const MAX_SAMPLE = 300
/** Of the usual length. */
const AT_ONCE = 0.2
const cancelled = /context cancell?ed|operation was cancell?ed|code = canceled/i

/** Of one operation, below a handler: those that failed at once, and all, by when they began. */
type Failures = {
  readonly late: number[]
  allLate: number
  within: number
  allWithin: number
  /** How long those take that do not fail: a sample. */
  readonly usualNs: number[]
}

export const detachedContextCancelled: BreakClassRule = {
  class: 'detached-context-cancelled',
  find(facts) {
    const { operations, opRows } = facts
    return [...countFailures(facts)].flatMap(([operation, failures]): BreakGroup[] => {
      const rows = failures.late
      const said = rows.filter((row) => saysCancelled(facts, row)).length
      if (rows.length < MIN_SIGHTINGS || (said < MOST * rows.length && !(areLate(failures) && areCut(facts, failures))))
        return []
      for (const row of rows) takeDetached(facts, row)
      const place = makePlace(facts, rows)
      const name = operations.list[operation]?.name ?? ''
      const why = `${rows.length} of ${at(opRows, operation)} ${name} fail within 1 ms, begun after the end of their handler${said > 0 ? '; they say that the context was cancelled' : ''}`
      return [{ ...place, shape: 'direct', claims: [{ class: 'detached-context-cancelled', score: 0.92, why }] }]
    })
  },
}

function countFailures(facts: TrustFacts): Map<number, Failures> {
  const { spans, forest, operations } = facts
  const failing = new Set<number>()
  for (let row = 0; row < spans.count; row++) if (failsAtOnce(facts, row)) failing.add(at(operations.of, row))
  const counts = new Map<number, Failures>()
  if (failing.size === 0) return counts
  for (let row = 0; row < spans.count; row++) {
    const operation = at(operations.of, row)
    if (at(forest.parents, row) < 0 || facts.taken[row] === 1 || !failing.has(operation)) continue
    const handler = handlerOf(facts, row)
    if (handler < 0) continue
    const own = counts.get(operation) ?? { late: [], allLate: 0, within: 0, allWithin: 0, usualNs: [] }
    counts.set(operation, own)
    const isLate = at(spans.startNs, row) >= at(spans.endNs, handler)
    const fails = failsAtOnce(facts, row)
    if (isLate && fails) own.late.push(row)
    if (!fails && own.usualNs.length < MAX_SAMPLE) own.usualNs.push(at(spans.endNs, row) - at(spans.startNs, row))
    if (isLate) own.allLate++
    else if (fails) own.within++
    if (!isLate) own.allWithin++
  }
  return counts
}

/** Those that begin late fail, those that begin in time do not. */
function areLate({ late, allLate, within, allWithin }: Failures): boolean {
  return late.length >= MOST * allLate && within * allLate < MOST * late.length * Math.max(1, allWithin)
}

/** They hardly begin: work that fails on its way takes a good part of its time. */
function areCut({ spans }: TrustFacts, { late, usualNs }: Failures): boolean {
  if (usualNs.length < MIN_SIGHTINGS) return true
  return median(late.map((row) => at(spans.endNs, row) - at(spans.startNs, row))) <= AT_ONCE * median(usualNs)
}

/** A call that somebody answered was made. */
function failsAtOnce({ spans, answered }: TrustFacts, row: number): boolean {
  if (at(spans.statuses, row) !== ERROR || answered[row] === 1) return false
  const kind = at(spans.kinds, row)
  return kind !== SERVER && kind !== CONSUMER && at(spans.endNs, row) - at(spans.startNs, row) <= NO_TIME_NS
}

/** The span, and what lies around it and below that, as far as it began after the handler's end. */
function takeDetached(facts: TrustFacts, row: number): void {
  const { spans, forest } = facts
  const endNs = at(spans.endNs, handlerOf(facts, row))
  let top = row
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const above = at(forest.parents, top)
    if (above < 0 || at(spans.startNs, above) < endNs) break
    top = above
  }
  const open = [top]
  for (let steps = 0; open.length > 0 && steps < MAX_BELOW; steps++) {
    const taken = open.pop() as number
    facts.taken[taken] = 1
    const from = at(forest.childStart, taken)
    for (let index = from; index < Math.min(at(forest.childStart, taken + 1), from + MAX_BELOW); index++) {
      open.push(at(forest.children, index))
    }
  }
  facts.taken[row] = 1
}

/** The server or consumer span above, in the same process; without one, the parent. */
function handlerOf(facts: TrustFacts, row: number): number {
  const { spans, forest } = facts
  const instance = instanceOfRow(facts, row)
  let above = at(forest.parents, row)
  for (let steps = 0; steps < MAX_STEPS && above >= 0; steps++) {
    if (instanceOfRow(facts, above) !== instance) return -1
    const kind = at(spans.kinds, above)
    const next = at(forest.parents, above)
    if (kind === SERVER || kind === CONSUMER || next < 0) return above
    above = next
  }
  return -1
}

function saysCancelled(facts: TrustFacts, row: number): boolean {
  return ['exception.message', 'otel.status_description', 'error.type', 'exception.type'].some((key) =>
    cancelled.test(attributeText(facts, row, key) ?? ''),
  )
}
