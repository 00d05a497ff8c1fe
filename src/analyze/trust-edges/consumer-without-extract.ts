/** Class 16. The consumer's span is a root without a link; consumers of the same destination elsewhere continue. */
import type { BreakClassRule, MessageRootGroup } from '../trust/break-group.ts'

export const consumerWithoutExtract: BreakClassRule = {
  class: 'consumer-without-extract',
  judge(group) {
    if (group.shape !== 'message-root' || group.process !== undefined) return undefined
    const { otherConsumersContinue, otherProducersContinued } = group
    const score = otherConsumersContinue > 0 ? 0.7 : otherProducersContinued > 0 ? 0.35 : 0.5
    const others = otherConsumersContinue > 0 ? `; ${otherConsumersContinue} messages are continued elsewhere` : ''
    return { score, why: describeMessages(group) + others }
  },
}

export function describeMessages({ affected, crossed, operation, destination, edge }: MessageRootGroup): string {
  return `${affected} of ${crossed} ${operation} are roots without a link; ${edge?.from ?? 'a producer'} sends to ${destination}, and nothing continues its spans`
}
