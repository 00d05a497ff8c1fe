/**
 * Class 27. One service is wholly missing from a steady share of the traces: it decided for itself. Expected loss, no
 * break of context: exonerated. Not where what is missing comes in clumps, with load, or at the end of an instance.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isBlindInTime, isLong, isSteady } from './loss-signs.ts'

export const samplingDisagreement: BreakClassRule = {
  class: 'sampling-disagreement',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || !group.wholeService) return undefined
    const says = group.saysSampled >= 0.5
    const isOwn = isBlindInTime(group) && isSteady(group) && !isLong(group)
    const why = `${group.service} is wholly missing from ${group.affected} of ${group.crossed} traces that cross it (${percent(group.affected / group.crossed)}), in each quarter ${group.quarters.map(percent).join(', ')}${says ? '; the spans say that they were sampled' : ''}`
    if (isOwn && (group.together < 0.3 || says)) return { score: says ? 0.95 : 0.9, why, exoneratedBy: 'sampled' }
    return { score: isOwn ? 0.5 : 0.3, why }
  },
}
