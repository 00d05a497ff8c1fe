/** Class 15. Whole batches are gone, within the life of the instance, at any load. A line of the SDK settles it. */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { isAtEnd, isChosen, isCrowded, isNoBatch, isPiecemeal, isSaid, isUnderLoad, mayBeLoad } from './loss-signs.ts'

export const exportContextCancelled: BreakClassRule = {
  class: 'export-context-cancelled',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || isChosen(group)) return undefined
    const { crowding, service, words } = group
    const why = `${group.lost} traces lost spans of ${service}, ${group.absent} of them all: ${Math.round(crowding.seen)} pairs lie within a batch's time; blind loss would give ${Math.round(crowding.expected)}, whole batches ${Math.round(crowding.whole)}`
    if (isSaid(words?.cancelled)) {
      return { score: 0.97, settled: true, why: `${why}; its log: “${words?.cancelled.example}”` }
    }
    return { score: scoreBatches(group), why }
  },
}

function scoreBatches(group: LossGroup): number {
  if (isUnderLoad(group) || (mayBeLoad(group) && (isNoBatch(group) || isPiecemeal(group)))) return 0.3
  if (isCrowded(group)) return isAtEnd(group) ? 0.5 : 0.65
  return 0.4
}
