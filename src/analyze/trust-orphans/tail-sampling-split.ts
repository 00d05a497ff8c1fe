/**
 * Class 28. Several services are missing together, another choice in each trace, or the same ones each time; or the long
 * traces lose what ends last.
 */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isAtEnd, isChosen, isLong, isTogether, isUnderLoad } from './loss-signs.ts'

/** Services that lose spans in the same data: one fault of each at once is unlikely. */
const MANY_OWNERS = 3
const MOST_NAMED = 5

export const tailSamplingSplit: BreakClassRule = {
  class: 'tail-sampling-split',
  judge(group) {
    if (group.shape !== 'loss' || isChosen(group)) return undefined
    if (!group.isOwnerKnown) return { score: 0.3, why: describeUnknown(group.missing) }
    const { together, duration, gone, owners } = group
    const alike =
      gone.length === 0
        ? ''
        : `; ${gone.slice(0, MOST_NAMED).join(', ')} ${gone.length === 1 ? 'is' : 'are'} gone from the same traces`
    return {
      score: scoreSplit(group),
      why: `in ${percent(together.seen)} of the traces that lost ${group.service} another service lost spans as well (elsewhere ${percent(together.chance)}); ${owners} ${owners === 1 ? 'service loses' : 'services lose'} spans; they are longer than ${percent(duration.share)} of the others${alike}`,
    }
  },
}

function scoreSplit(group: LossGroup): number {
  if (isUnderLoad(group) || isAtEnd(group)) return 0.3
  if (isTogether(group) || isLong(group) || group.gone.length > 0) return 0.7
  if (group.owners >= MANY_OWNERS) return 0.5
  return group.owners > 1 ? 0.4 : 0.35
}

function describeUnknown(missing: number): string {
  return `${missing} parents are missing, and no span of this data is what they usually are`
}
