/** Class 32. Remote parents that nobody here ever has, at the edge of their traces: browsers, partners. No debt. */
import type { BreakClassRule } from '../trust/break-group.ts'

export const externalCaller: BreakClassRule = {
  class: 'external-caller',
  judge(group) {
    if (group.shape === 'server-root' && !group.paired) {
      return { score: 0.35, why: `${group.affected} roots ${group.operation}: called from outside` }
    }
    if (group.shape !== 'loss' || group.isOwnerKnown || group.remote < 0.9 * group.missing) return undefined
    const why = `${group.missing} remote parents of ${group.operation} that no service of this data ever is; nothing of their traces begins before`
    if (group.atEdge >= 0.9) return { score: 0.9, why, exoneratedBy: 'public edge' }
    return { score: 0.4, why }
  },
}
