/** Class 2. A root inside a handler that waits for it: a call that began again from an empty context. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeLift, isSynchronous } from './find-inner-roots.ts'

export const backgroundContext: BreakClassRule = {
  class: 'background-context',
  judge(group) {
    if (group.shape !== 'inner-root') return undefined
    const score = isSynchronous(group) ? 0.55 : 0.42
    const usual =
      group.usualParent === undefined ? '' : `; otherwise ${group.operation} is a child of ${group.usualParent}`
    return { score, why: describeLift(group) + usual }
  },
}
