/** Class 33. The server's span is a root, and baggage or tracestate came with the request: a propagator without TraceContext. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { describePair, explainsBreaks, headersOf, sendsNone } from './edge-signs.ts'
import { findCulprit } from './no-propagator.ts'

export const baggageOnly: BreakClassRule = {
  class: 'baggage-only',
  judge(group, facts) {
    if (group.shape === 'message-root' && group.senderBreaks !== undefined)
      return { score: 0.72, why: group.senderBreaks }
    if (group.shape !== 'server-root' || !group.paired) return undefined
    const headers = headersOf(facts, group)
    const share = Math.max(
      group.baggageOnly,
      headers === undefined ? 0 : headers.baggageOnly / Math.max(1, headers.requests),
    )
    const why = `${describePair(group)}; ${percent(share)} of them come with baggage or tracestate and no context`
    const isSeen = headers !== undefined && explainsBreaks(headers.baggageOnly, headers.requests, group.rate)
    if (share >= 0.5 || isSeen) return { score: 0.98, settled: true, why, culprit: group.from }
    // A propagator for baggage alone looks as none at all, where no baggage is carried.
    if (sendsNone(headers)) return { score: 0.9, why: describePair(group), culprit: group.from }
    // A context that arrives is no baggage.
    if (share === 0 && (headers?.received?.length ?? 0) > 0) return undefined
    const culprit = findCulprit(group)
    if (culprit !== undefined && headers === undefined) return { score: 0.88, why: describePair(group), culprit }
    return { score: 0.2 + share, why }
  },
}
