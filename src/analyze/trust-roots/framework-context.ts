/** Class 9. A root inside a handler of gin, echo, fiber …, whose own context type is a context without a span. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeLift, isCallRoot, isSynchronous } from './find-inner-roots.ts'

export const frameworkContext: BreakClassRule = {
  class: 'framework-context',
  judge(group) {
    if (group.shape !== 'inner-root' || group.framework === undefined || group.isAutomatic) return undefined
    const score = isCallRoot(group) && isSynchronous(group) ? 0.58 : 0.65
    return { score, why: `${describeLift(group)}; the handlers' spans are made by ${group.framework}` }
  },
}
