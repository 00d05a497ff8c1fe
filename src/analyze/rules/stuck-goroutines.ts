/** Groups that the verdict calls stuck, and no narrower rule names (self-deadlock, lock order, forever). */

import { profileLenses } from '../../model/lens.ts'
import { countLast, nameWait, userFunctionOf } from '../groups/group.ts'
import { quoteGroup } from './quote.ts'
import type { Rule } from './rule.ts'

export const stuckGoroutines: Rule = {
  id: 'stuck-goroutines',
  title: 'Goroutines wait on something that nothing releases',
  severity: 'high when certain or probable, medium when possible and many, low when one may be a worker',
  needs: 'goroutine dumps; two or more for more than `possible`',
  saysWhen: 'a group’s verdict is `stuck`',
  fix: 'Give the wait a way out: a context, a deadline, a close of the channel by its owner, an unlock on every path.',
  doc: 'docs/rules.md#stuck-goroutines',
  find: (input) =>
    input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      if (judgement === undefined || judgement.verdict !== 'stuck' || countLast(group) === 0) return []
      if (judgement.rule === 'forever' || judgement.cause === 'cycle' || judgement.cause === 'self') return []
      const count = countLast(group)
      const weak = count >= 5 ? 'medium' : 'low'
      return [
        {
          title: `${count} ${count === 1 ? 'goroutine stands' : 'goroutines stand'} still in ${userFunctionOf(group)} [${nameWait(group)}]`,
          severity: judgement.confidence === 'possible' ? weak : 'high',
          confidence: judgement.confidence,
          evidence: [quoteGroup(input, group)] as const,
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group), group.creator?.function ?? ''],
        },
      ]
    }),
}
