/** Class 14. Spans of any operation are missing when the load is high. A line of the SDK settles it. */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isAtEnd, isChosen, isInPart, isNoBatch, isPiecemeal, isSaid, isUnderLoad, mayBeLoad } from './loss-signs.ts'

export const queueOverflow: BreakClassRule = {
  class: 'queue-overflow',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || isChosen(group)) return undefined
    const { load, service, words } = group
    const why = `${group.missing} spans of ${service} are missing (${group.local} local, ${group.remote} remote parents), at a load above that of ${percent(load.share)} of what is there; blind loss gives 50 %`
    if (isSaid(words?.dropped)) {
      return { score: 0.97, settled: true, why: `${why}; its log: “${words?.dropped.example}”` }
    }
    return { score: scoreLoad(group) - (isAtEnd(group) ? 0.45 : 0), why }
  },
}

function scoreLoad(group: LossGroup): number {
  if (isUnderLoad(group)) return 0.9
  if (mayBeLoad(group)) return isNoBatch(group) || isPiecemeal(group) ? 0.85 : 0.5
  if (isPiecemeal(group)) return 0.42
  // When there was less to do than usual, no queue was full.
  if (group.load.visits <= 0) return 0.2
  return isInPart(group) ? 0.36 : 0.3
}
