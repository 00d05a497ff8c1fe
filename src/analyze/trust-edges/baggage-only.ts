/** Class 33. The server's span is a root, and baggage or tracestate came with the request: a propagator without TraceContext. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { percent } from '../trust/trust-facts.ts'
import { describePair, explainsBreaks, headersOf, judgeProcess, sendsNone } from './edge-signs.ts'

export const baggageOnly: BreakClassRule = {
  class: 'baggage-only',
  judge(group, facts) {
    const process = judgeProcess(group, 'baggage-only')
    const isRecorded = group.shape === 'server-root' && group.baggageOnly >= 0.5
    if (process !== undefined && !isRecorded) return process.claim
    if (group.shape !== 'server-root' || !group.paired || group.isForeign === true) return undefined
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
    return { score: 0.2 + share, why }
  },
}
