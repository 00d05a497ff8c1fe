/** Class 13. What is missing lies between the last span of an instance and its end, and nothing from within its life. */
import type { BreakClassRule, LossGroup } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isAtEnd, isChosen, isCrowded, isSaid, mayBeAtEnd } from './loss-signs.ts'

export const noFlush: BreakClassRule = {
  class: 'no-flush',
  judge(group) {
    if (group.shape !== 'loss' || !group.isOwnerKnown || isChosen(group)) return undefined
    const { restarts, service } = group
    const why = restarts.isKnown
      ? `${percent(restarts.seen)} of ${group.lost} traces that lost ${service} lie at the end of an instance's life (${restarts.ended} ended); by chance ${percent(restarts.chance)}`
      : `nothing tells the processes of ${service} apart: whether one ended could not be seen`
    return { score: scoreEnds(group), why: describeWords(group, why) }
  },
}

function scoreEnds(group: LossGroup): number {
  const { restarts, words } = group
  if (isAtEnd(group)) return isSaid(words?.died) ? 0.9 : 0.85
  if (!restarts.isKnown) return isCrowded(group) ? 0.5 : 0.37
  if (mayBeAtEnd(group)) return 0.5
  return restarts.ended > 0 && restarts.seen > 0.5 ? 0.25 : 0.12
}

function describeWords({ words }: LossGroup, why: string): string {
  return isSaid(words?.died) ? `${why}; its log: “${words?.died.example}”` : why
}
