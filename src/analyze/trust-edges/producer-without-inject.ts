/**
 * Class 17. What one producer sends is never continued; the same consumers continue what others send. Settled where its
 * messages are seen to hold nothing while its other calls hold a context.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import { describeMessages, readMessages } from './consumer-without-extract.ts'

export const producerWithoutInject: BreakClassRule = {
  class: 'producer-without-inject',
  judge(group, facts) {
    if (group.shape !== 'message-root' || group.process !== undefined) return undefined
    const carried = readMessages(facts, group)
    if (carried === 'context') return undefined
    const { otherConsumersContinue, otherProducersContinued } = group
    const score = otherProducersContinued > 0 ? 0.7 : otherConsumersContinue > 0 ? 0.35 : 0.45
    const culprit = group.edge === undefined ? {} : { culprit: group.edge.from }
    const why = describeMessages(group)
    if (carried === 'bare') {
      const said = `${why}; the messages were sent without any context, and what ${group.edge?.from} sends to others has one`
      return { score: 0.97, settled: true, why: said, ...culprit }
    }
    return { score, why, ...culprit }
  },
}
