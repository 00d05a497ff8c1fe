/**
 * Class 35. CLIENT roots of a service of which all spans are made by automatic instrumentation: it says so, or no step
 * of any handler is of the service's own making.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeLift, isCallRoot, isHeld, isSynchronous } from './find-inner-roots.ts'

export const autoInstrumentationGap: BreakClassRule = {
  class: 'auto-instrumentation-gap',
  judge(group) {
    if (group.shape !== 'inner-root') return undefined
    if (group.isAutomatic) {
      const score = isCallRoot(group) ? 0.8 : 0.6
      return { score, why: `${describeLift(group)}; all spans of ${group.service} are made automatically` }
    }
    if (!group.hasNoSteps || !isCallRoot(group) || !isHeld(group.within)) return undefined
    const score = isSynchronous(group) ? 0.57 : 0.41
    return { score, why: `${describeLift(group)}; no span of ${group.service} is a step of its own` }
  },
}
