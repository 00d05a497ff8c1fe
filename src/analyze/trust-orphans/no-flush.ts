/** Class 13. What is missing is from the last seconds of instances that end while the data goes on. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isTail } from './loss-signs.ts'

export const noFlush: BreakClassRule = {
  class: 'no-flush',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown) return undefined
    return {
      score: isTail(group) ? 0.85 : 0.2,
      why: `${percent(group.tail.seen)} of ${group.missing} missing spans of ${group.service} are from the last 12 s of an instance's life; by chance ${percent(group.tail.chance)}`,
    }
  },
}
