/**
 * Class 27. One service is wholly missing from traces that its own sampler left out. A ratio sampler decides by the trace
 * id: then the ids of the traces without it lie beyond a bound, and that settles it. One that draws lots leaves no such
 * mark: it is named only where lost batches would show and do not. Expected loss, no break of context: exonerated.
 */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isAtEnd, isBlind, isCrowded, isInPart, isRatherByLot, isUnderLoad, mayBeAtEnd } from './loss-signs.ts'

/** Fewer do not show that a loss is blind. */
const MIN_BLIND = 10

export const samplingDisagreement: BreakClassRule = {
  class: 'sampling-disagreement',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown) return undefined
    const { absent, byTraceId, calls, crossed, service } = group
    if (absent === 0 && calls === undefined) return undefined
    const share =
      calls === undefined
        ? `${service} is wholly missing from ${absent} of ${crossed} traces that cross it (${percent(absent / crossed)})`
        : `${service} is called several times in a trace, and nothing of it is left of ${calls.lost} of ${calls.lost + calls.kept} calls (${percent(calls.lost / (calls.lost + calls.kept))}), each by itself`
    if (byTraceId !== undefined) {
      const why = `${share}, and their ids say which: by ${byTraceId.number}, ${percent(byTraceId.beyond)} of them lie beyond a bound and ${percent(byTraceId.before)} of the others before it: a ratio sampler of its own`
      return { score: 0.95, why, exoneratedBy: 'sampled' }
    }
    const why = `${share}, in each quarter ${group.quarters.map(percent).join(', ')}${group.saysSampled >= 0.5 ? '; the spans say that they were sampled' : ''}`
    if (isDrawn(group)) return { score: 0.9, why, exoneratedBy: 'sampled' }
    const isExcluded = isInPart(group) || isCrowded(group) || isAtEnd(group) || isUnderLoad(group)
    return { score: isExcluded ? 0.1 : 0.33, why }
  },
}

/** By lot: whole, steady, alone, blind to all else, where batches and instances of that size would have been seen. */
function isDrawn(group: LossGroup): boolean {
  const isSeen = isRatherByLot(group) || group.saysSampled >= 0.9
  return (
    isSeen &&
    group.lost >= MIN_BLIND &&
    group.kept >= MIN_BLIND &&
    group.owners <= 2 &&
    group.gone.length === 0 &&
    (group.absent === group.lost || group.calls !== undefined) &&
    !mayBeAtEnd(group) &&
    isBlind(group)
  )
}
