/** Class 18. Roots of one operation within handlers of several kinds, or by one worker that never does two at once. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { describeLift, isCallRoot, isHeld, isSynchronous, takesTurns } from './find-inner-roots.ts'

export const handoffWithoutContext: BreakClassRule = {
  class: 'handoff-without-context',
  judge(group) {
    if (group.shape !== 'inner-root') return undefined
    const [first, second] = group.hosts
    const isSpread = second !== undefined && second.share >= 0.1 * (first?.share ?? 1)
    const isAfter = group.after !== undefined && group.withinStep === undefined && !isHeld(group.within)
    // Nor is it handed to another if it takes its turn in handlers of one kind.
    if (isCallRoot(group) && isSynchronous(group) && takesTurns(group) && !isSpread && !isAfter) return undefined
    const score =
      0.35 +
      // A call that handlers of several kinds wait for is that of a function that they share.
      (isSpread ? (isCallRoot(group) && isSynchronous(group) ? 0.05 : 0.25) : 0) +
      (group.isSerial ? 0.15 : 0) +
      (isAfter ? 0.2 : 0) -
      (isSynchronous(group) && !isSpread ? 0.1 : 0)
    const spread = isSpread
      ? `; in handlers of ${group.hosts.map(({ name, share }) => `${name} ${percent(share)}`).join(', ')}`
      : ''
    const serial = group.isSerial ? '; never two at once on an instance' : ''
    return { score, why: describeLift(group) + spread + serial }
  },
}
