/**
 * Class 34. Spans that fail in no time, begun when their handler had ended: they use a context that was cancelled with
 * it. Errors within a running handler (circuit breakers, refused connections) are not this.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import { at, attributeText, CONSUMER, instanceOfRow, SERVER, type TrustFacts } from '../trust/trust-facts.ts'

const ERROR = 2
const NO_TIME_NS = 1e6
const MAX_STEPS = 16
const cancelled = /context cancell?ed|operation was cancell?ed|code = canceled/i

export const detachedContextCancelled: BreakClassRule = {
  class: 'detached-context-cancelled',
  find(facts) {
    const { spans, forest } = facts
    const rows: number[] = []
    let said = 0
    for (let row = 0; row < spans.count; row++) {
      if (at(spans.statuses, row) !== ERROR || at(forest.parents, row) < 0 || facts.taken[row] === 1) continue
      if (at(spans.kinds, row) === SERVER || at(spans.kinds, row) === CONSUMER) continue
      if (at(spans.endNs, row) - at(spans.startNs, row) > NO_TIME_NS) continue
      const handler = handlerOf(facts, row)
      if (handler < 0 || at(spans.startNs, row) < at(spans.endNs, handler)) continue
      if (saysCancelled(facts, row)) said++
      rows.push(row)
    }
    return groupByOperation(facts, rows).map((own): BreakGroup => {
      for (const row of own) facts.taken[row] = 1
      const place = makePlace(facts, own)
      const why = `${own.length} of ${at(facts.opRows, at(facts.operations.of, own[0] as number))} ${place.operation} fail within 1 ms, begun after the end of their handler${said > 0 ? '; they say that the context was cancelled' : ''}`
      return { ...place, shape: 'direct', claims: [{ class: 'detached-context-cancelled', score: 0.92, why }] }
    })
  },
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
