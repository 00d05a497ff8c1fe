/**
 * Class 1. A root inside a handler that the handler does not wait for: it outlives the handler, or runs beside the
 * handler's own calls. Spans alone cannot tell it from 2 or 18 for sure.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { describeLift, isCallRoot, isSynchronous, takesTurns } from './find-inner-roots.ts'

export const goroutineWithoutContext: BreakClassRule = {
  class: 'goroutine-without-context',
  judge(group) {
    if (group.shape !== 'inner-root') return undefined
    // A call that always takes its turn among the handler's others is waited for: no goroutine.
    if (isCallRoot(group) && isSynchronous(group) && takesTurns(group)) return undefined
    const outlives = group.beginsWithin.seen - group.within.seen
    // What a step holds whole outlives the handler because the step does.
    const late = group.withinStep === undefined ? Math.min(0.3, outlives) : Math.min(0.2, outlives)
    const score = 0.45 + late + 0.2 * group.besideSiblings - (isSynchronous(group) ? 0.05 : 0)
    const detached = outlives > 0.2 ? `; ${percent(outlives)} outlive it` : ''
    const beside = group.besideSiblings > 0.2 ? `; ${percent(group.besideSiblings)} run beside its other calls` : ''
    return { score, why: describeLift(group) + detached + beside }
  },
}
