/**
 * Class 16. The consumer's span is a root without a link; consumers of the same destination elsewhere continue. Settled
 * where the messages are seen to hold a context that the consumer could read.
 */
import type { BreakClassRule, MessageRootGroup } from '../trust/break-group.ts'
import type { TrustFacts } from '../trust/trust-facts.ts'
import { explainsBreaks, isBareHereAlone, sentOn } from './edge-signs.ts'
import { countForeign } from './process-headers.ts'

export const consumerWithoutExtract: BreakClassRule = {
  class: 'consumer-without-extract',
  judge(group, facts) {
    if (group.shape !== 'message-root' || group.process !== undefined) return undefined
    const carried = readMessages(facts, group)
    if (carried === 'bare') return undefined
    if (carried === 'context') {
      const why = `${describeMessages(group)}; the messages hold a context`
      return { score: 0.97, settled: true, why, ...(group.edge === undefined ? {} : { culprit: group.edge.to }) }
    }
    const { otherConsumersContinue, otherProducersContinued } = group
    const score = otherConsumersContinue > 0 ? 0.7 : otherProducersContinued > 0 ? 0.35 : 0.5
    const others = otherConsumersContinue > 0 ? `; ${otherConsumersContinue} messages are continued elsewhere` : ''
    return { score, why: describeMessages(group) + others }
  },
}

export function describeMessages({ affected, crossed, operation, destination, edge }: MessageRootGroup): string {
  return `${affected} of ${crossed} ${operation} are roots without a link; ${edge?.from ?? 'a producer'} sends to ${destination}, and nothing continues its spans`
}

/** What headers show of the messages that break: none of any kind, though the sender's other calls have one; or a context. */
export function readMessages(facts: TrustFacts, group: MessageRootGroup): 'bare' | 'context' | undefined {
  const { edge, affected, crossed } = group
  const headers = edge === undefined ? undefined : sentOn(facts, edge.from, edge.to)
  if (headers === undefined) return undefined
  const rate = affected / Math.max(1, crossed)
  if (isBareHereAlone(facts, headers, rate)) return 'bare'
  const others = [headers.bare ?? 0, headers.baggageOnly, headers.stripped, countForeign(facts, headers)]
  if (headers.sent.length === 0 || others.some((count) => explainsBreaks(count, headers.requests, rate)))
    return undefined
  return headers.received?.length === 0 ? undefined : 'context'
}
