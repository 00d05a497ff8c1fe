/**
 * Class 8. A CLIENT span that is a root and lies, whole, within a handler that waits for it: the request was built
 * without its context; beside the handler's other calls, so were they all begun. Where they outlive the handler a goroutine
 * is as likely, unless a step of the handler's, as a goroutine's own span is, holds them whole.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeLift, isCallRoot, isHeld, isSynchronous, outlives } from './find-inner-roots.ts'

export const requestWithoutContext: BreakClassRule = {
  class: 'request-without-context',
  judge(group) {
    if (group.shape !== 'inner-root' || !isCallRoot(group)) return undefined
    if (group.withinStep !== undefined) {
      const { name, lift } = group.withinStep
      const count = Math.round(lift.seen * lift.sample)
      const why = `${count} of ${lift.sample} roots ${group.operation} lie whole within a step of ${group.service} (${name}), which goes on by itself; by chance ${Math.round(lift.chance * 100)} %`
      return { score: group.isAutomatic ? 0.6 : 0.85, why }
    }
    const isWithin = isHeld(group.within) || (group.within.seen > 0.9 && group.usuallyChild > 0.2)
    if (isWithin && !isSynchronous(group) && !outlives(group))
      return { score: 0.72, why: `${describeLift(group)}; they are calls, whole within it, beside others` }
    const score = isWithin && isSynchronous(group) ? (group.isAutomatic ? 0.6 : 0.85) : 0.4
    return { score, why: `${describeLift(group)}; they are calls, whole within it` }
  },
}
