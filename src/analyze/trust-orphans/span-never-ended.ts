/**
 * Class 12. One operation is missing again and again while its neighbours are there, and its children say that the
 * parent was local. Blind loss (a queue, a batch) would hit the owner's other operations as well.
 */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isBlindInTime } from './loss-signs.ts'

export const spanNeverEnded: BreakClassRule = {
  class: 'span-never-ended',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || group.local === 0) return undefined
    const isLocal = group.local >= 0.9 * group.missing
    const isOne = isConcentrated(group)
    const base = isOne ? 0.9 : group.topShare >= 0.9 ? (group.missing >= MIN_ALONE ? 0.8 : 0.7) : 0.2
    const score = base * (isLocal ? 1 : 0.6) - (isBlindInTime(group) ? 0 : 0.45) - (group.wholeService ? 0.3 : 0)
    const what = group.topOperation === '' ? 'the same span' : group.topOperation
    return {
      score,
      why: `${Math.round(group.topShare * group.missing)} of ${group.missing} missing parents are ${what}; blind loss would give it ${percent(group.topExpected)}; ${group.local} of them were local`,
    }
  },
}

/** The only operation that can be missed: as many losses without a pattern in time or load as leave little else. */
const MIN_ALONE = 20

/** One operation alone, although it is not the only one that could be missed. */
function isConcentrated({ topShare, topExpected, missing }: LossGroup): boolean {
  return topShare >= 0.9 && topExpected <= 0.85 && topExpected ** Math.min(missing, 40) < 0.05
}
