/** Class 2. A root inside a handler that waits for it: a call that began again from an empty context. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeLift, isCallRoot, isSynchronous } from './find-inner-roots.ts'

export const backgroundContext: BreakClassRule = {
  class: 'background-context',
  judge(group) {
    if (group.shape !== 'inner-root') return undefined
    // A call itself with an empty context looks as one that was given none: only the source tells 2 from 8.
    const isStep = group.withinStep !== undefined
    const score = isStep || isSynchronous(group) ? (isCallRoot(group) ? 0.75 : 0.55) : 0.42
    const usual =
      group.usualParent === undefined ? '' : `; otherwise ${group.operation} is a child of ${group.usualParent}`
    return { score, why: describeLift(group) + usual }
  },
}
