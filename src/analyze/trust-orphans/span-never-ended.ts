/**
 * Class 12. One operation is missing again and again while its neighbours of the same process are there, and its
 * children say that the parent was local. Blind loss (a queue, a batch) would hit the owner's other operations as well,
 * and what cuts a trace (a collector) would hit other services of the same traces.
 */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { MIN_SIGHTINGS, percent } from '../trust/trust-facts.ts'
import { isAtEnd, isCrowded, isTogether, isUnderLoad } from './loss-signs.ts'

/** The only operation that can be missed: as many losses without a pattern as leave little else. */
const MIN_ALONE = 20
/** More and the blind alternative is no longer computed: it is out. */
const MOST_TRIALS = 40

export const spanNeverEnded: BreakClassRule = {
  class: 'span-never-ended',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || group.local === 0) return undefined
    if (group.chosen !== undefined) {
      const chance =
        group.chosen.logChance < -40 ? 'never' : `with a chance of ${Math.exp(group.chosen.logChance).toExponential(0)}`
      const what = group.topOperation === '' ? 'a span that is never there' : group.topOperation
      return {
        score: 0.92,
        why: `${group.missing} times ${what} is missing, within spans of ${group.service} that are there; blind loss would hit these operations in ${percent(group.chosen.expected)} of the cases, and ${chance} them alone`,
      }
    }
    const isLocal = group.local >= 0.9 * group.missing
    const base = scoreOne(group)
    const isElse = isAtEnd(group) || isUnderLoad(group) || isCrowded(group) || isTogether(group)
    const score = base * (isLocal ? 1 : 0.6) - (isElse ? 0.45 : 0) - (group.absent > 0 ? 0.3 : 0)
    const what = group.topOperation === '' ? 'the same span' : group.topOperation
    return {
      score,
      why: `${Math.round(group.topShare * group.missing)} of ${group.missing} missing parents are ${what}; blind loss would give it ${percent(group.topExpected)}; ${group.local} of them were local`,
    }
  },
}

function scoreOne(group: LossGroup): number {
  if (group.lost < MIN_SIGHTINGS) return group.topShare >= 0.9 ? (group.owners > 1 ? 0.35 : 0.45) : 0.2
  if (isConcentrated(group)) return 0.9
  return isOnly(group) ? 0.8 : group.topShare >= 0.9 ? 0.6 : 0.2
}

/** One operation alone, although it is not the only one that could be missed. */
function isConcentrated({ topShare, topExpected, missing }: LossGroup): boolean {
  return topShare >= 0.9 && topExpected <= 0.85 && topExpected ** Math.min(missing, MOST_TRIALS) < 0.05
}

function isOnly({ topShare, missing, owners }: LossGroup): boolean {
  return topShare >= 0.9 && missing >= MIN_ALONE && owners === 1
}
