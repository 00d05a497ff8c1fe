/** Class 32. The caller is somebody else: what findOutsideCallers claims; here, where it is one of several causes. */
import type { BreakClassRule } from '../trust/break-group.ts'

export const externalCaller: BreakClassRule = {
  class: 'external-caller',
  judge(group) {
    if (group.shape === 'server-root' && !group.paired) {
      return { score: 0.35, why: `${group.affected} roots ${group.operation}: called from outside` }
    }
    if (group.shape !== 'loss' || group.isOwnerKnown || group.remote < 0.9 * group.missing) return undefined
    const why = `${group.missing} remote parents of ${group.operation} that no service of this data ever is`
    return { score: 0.4, why }
  },
}
