/**
 * Class 25. A hop between caller and callee: the callee's parent is missing though a childless client span of its own
 * trace holds it. Always: a proxy or mesh that exports elsewhere. Now and then: it rewrites the header.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { MIN_SIGHTINGS, percent } from '../trust/trust-facts.ts'

const ALWAYS = 0.9

export const proxyRewritesHeader: BreakClassRule = {
  class: 'proxy-strips-header',
  judge(group) {
    if (group.shape === 'loss' && !group.isOwnerKnown && group.remote > 0) {
      return { score: 0.45, why: `${group.remote} remote parents that no service of this data ever is` }
    }
    if (group.shape !== 'hop') return undefined
    const rate = group.affected / Math.max(1, group.crossed)
    const why = `${group.affected} of ${group.crossed} calls ${group.from} → ${group.to} (${percent(rate)}): the callee's parent is missing, and a childless client span of the same trace holds it`
    if (rate >= ALWAYS && group.affected >= MIN_SIGHTINGS)
      return { score: 0.9, why, exoneratedBy: 'exported elsewhere' }
    return { score: 0.7, why }
  },
}
