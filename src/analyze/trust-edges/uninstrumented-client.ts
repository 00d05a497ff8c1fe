/** Class 7. The server's span is a root within a handler of another service that made no client span for the call. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { isBareHereAlone, sentOn } from './edge-signs.ts'

export const uninstrumentedClient: BreakClassRule = {
  class: 'uninstrumented-client',
  judge(group, facts) {
    if (group.shape !== 'server-root' || group.paired) return undefined
    const { affected, operation, from, to, lift } = group
    const why = `${affected} roots ${operation} of ${to} lie within ${group.host ?? 'a handler'} of ${from}, which has no client span for them (seen ${percent(lift.seen)}, by chance ${percent(lift.chance)})`
    const headers = sentOn(facts, from, to)
    if (headers !== undefined && isBareHereAlone(facts, headers, group.rate)) {
      const said = `${why}; ${headers.bare} of ${headers.requests} requests ${from} → ${to} were sent without any context, and what ${from} sends to others has one`
      return { score: 0.97, settled: true, culprit: from, why: said }
    }
    return { score: 0.7, why }
  },
}
