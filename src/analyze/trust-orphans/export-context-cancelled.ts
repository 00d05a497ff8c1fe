/** Class 15. Whole batches are gone, within the life of the instance, at any load. A line of the SDK settles it. */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { isAtEnd, isCrowded, isSaid, isUnderLoad } from './loss-signs.ts'

export const exportContextCancelled: BreakClassRule = {
  class: 'export-context-cancelled',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || group.byTraceId !== undefined) return undefined
    const { crowding, service, words } = group
    const near =
      crowding.neighbours < 1
        ? 'too few traces at a time to show whether whole batches are gone'
        : `${Math.round(crowding.seen)} of them lie within a batch's time of another; blind loss would give ${Math.round(crowding.expected)}`
    const why = `${group.lost} traces lost spans of ${service}, ${group.absent} of them all: ${near}`
    if (isSaid(words?.cancelled)) {
      return { score: 0.97, settled: true, why: `${why}; its log: “${words?.cancelled.example}”` }
    }
    return { score: scoreBatches(group), why }
  },
}

function scoreBatches(group: LossGroup): number {
  if (isUnderLoad(group)) return 0.3
  if (isCrowded(group)) return isAtEnd(group) ? 0.5 : 0.65
  return 0.4
}
