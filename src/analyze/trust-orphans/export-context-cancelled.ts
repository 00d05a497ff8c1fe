/** Class 15. Whole batches are gone: what is missing comes in clumps, at any load, within the life of the instance. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isClumped, isTail, isUnderLoad } from './loss-signs.ts'

export const exportContextCancelled: BreakClassRule = {
  class: 'export-context-cancelled',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown) return undefined
    const isBatch = isClumped(group) && !isUnderLoad(group) && !isTail(group)
    return {
      score: isBatch ? 0.65 : group.wholeService ? 0.3 : 0.25,
      why: `${percent(group.clumped.seen)} of the losses of ${group.service} follow another at once; by chance ${percent(group.clumped.chance)}`,
    }
  },
}
