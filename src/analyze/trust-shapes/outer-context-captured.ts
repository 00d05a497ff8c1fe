/**
 * Class 22. What runs in parallel within a group's span and hangs beside it: the closures use the outer context. It has
 * the shape of class 10 and is claimed on its groups; the parents are right otherwise, so spans say no more of it.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'

const PARALLEL = 0.3

export const outerContextCaptured: BreakClassRule = {
  class: 'outer-context-captured',
  judge(group) {
    // One after the other is no group's work.
    if (group.shape !== 'direct' || group.parallel === undefined || group.parallel < PARALLEL) return undefined
    const why = `${group.affected} traces in which ${group.operation} lie within a sibling; ${percent(group.parallel)} of them overlap one another`
    return { score: 0.65, why }
  },
}
