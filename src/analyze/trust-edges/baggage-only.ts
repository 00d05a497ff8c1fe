/** Class 33. The server's span is a root, and baggage or tracestate came with the request: a propagator without TraceContext. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { describePair, headersOf } from './edge-signs.ts'

export const baggageOnly: BreakClassRule = {
  class: 'baggage-only',
  judge(group, facts) {
    if (group.shape !== 'server-root' || !group.paired) return undefined
    const headers = headersOf(facts, group)
    const share = Math.max(
      group.baggageOnly,
      headers === undefined ? 0 : headers.baggageOnly / Math.max(1, headers.requests),
    )
    const why = `${describePair(group)}; ${percent(share)} of them come with baggage or tracestate and no context`
    if (share >= 0.5) return { score: 0.98, settled: true, why, culprit: group.from }
    return { score: 0.2 + share, why }
  },
}
