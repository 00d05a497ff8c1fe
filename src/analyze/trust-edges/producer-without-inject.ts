/** Class 17. What one producer sends is never continued; the same consumers continue what others send. */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeMessages } from './consumer-without-extract.ts'

export const producerWithoutInject: BreakClassRule = {
  class: 'producer-without-inject',
  judge(group) {
    if (group.shape !== 'message-root' || group.process !== undefined) return undefined
    const { otherConsumersContinue, otherProducersContinued } = group
    const score = otherProducersContinued > 0 ? 0.7 : otherConsumersContinue > 0 ? 0.35 : 0.45
    const culprit = group.edge === undefined ? {} : { culprit: group.edge.from }
    return { score, why: describeMessages(group), ...culprit }
  },
}
