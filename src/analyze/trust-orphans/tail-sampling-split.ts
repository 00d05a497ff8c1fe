/** Class 28. Several services are wholly missing together, or the long traces lose what ends last. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isBlindInTime, isLong } from './loss-signs.ts'

export const tailSamplingSplit: BreakClassRule = {
  class: 'tail-sampling-split',
  judge(group) {
    if (group.shape !== 'loss') return undefined
    if (!group.isOwnerKnown) return { score: 0.3, why: describeUnknown(group.missing) }
    const isSplit = isBlindInTime(group) && (group.together >= 0.3 || isLong(group))
    return {
      score: isSplit ? 0.7 : 0.3,
      why: `in ${percent(group.together)} of the traces another service is wholly missing as well; traces that lost ${group.service} are longer than ${percent(group.durationRank)} of the others`,
    }
  },
}

function describeUnknown(missing: number): string {
  return `${missing} parents are missing, and no span of this data is what they usually are`
}
