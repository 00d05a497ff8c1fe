/** Class 35. CLIENT roots of a service of which all spans are made by automatic instrumentation. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeLift, isCallRoot } from './find-inner-roots.ts'

export const autoInstrumentationGap: BreakClassRule = {
  class: 'auto-instrumentation-gap',
  judge(group) {
    if (group.shape !== 'inner-root' || !group.isAutomatic) return undefined
    const score = isCallRoot(group) ? 0.8 : 0.6
    return { score, why: `${describeLift(group)}; all spans of ${group.service} are made automatically` }
  },
}
