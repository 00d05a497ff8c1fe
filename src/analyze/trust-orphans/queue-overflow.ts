/** Class 14. Spans of any operation are missing when the load is high. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { isTail, isUnderLoad } from './loss-signs.ts'

export const queueOverflow: BreakClassRule = {
  class: 'queue-overflow',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown) return undefined
    const score = isUnderLoad(group) ? 0.9 : 0.35
    return {
      score: score - (isTail(group) ? 0.4 : 0),
      why: `${group.missing} spans of ${group.service} are missing (${group.local} local, ${group.remote} remote parents), at a load above ${Math.round(group.loadRank * 100)} % of the spans in the mean; blind loss gives 50 %`,
    }
  },
}
