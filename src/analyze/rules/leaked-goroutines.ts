/** Groups that the verdict calls leaked: proven by the runtime, or stuck while their number grows. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, nameWait, userFunctionOf } from '../groups/group.ts'
import { quoteGroup, quoteProof } from './quote.ts'
import type { Rule } from './rule.ts'

export const leakedGoroutines: Rule = {
  id: 'leaked-goroutines',
  title: 'Goroutines that nothing can wake pile up',
  severity: 'high when proven or probable, medium when possible; critical from 10,000 members on',
  needs: 'goroutine dumps; the leak profile (Go 1.26 opt-in, 1.27) for proof',
  saysWhen: 'a group’s verdict is `leaked`',
  fix: 'Let the goroutine end with the work that started it: buffer the result channel, or select on its context too.',
  doc: 'docs/rules.md#leaked-goroutines',
  find: (input) =>
    input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      if (judgement === undefined || judgement.verdict !== 'leaked' || countLast(group) === 0) return []
      const count = countLast(group)
      const proof = quoteProof(input, group)
      const severity = count >= 10_000 ? 'critical' : judgement.confidence === 'possible' ? 'medium' : 'high'
      return [
        {
          title: `${count} leaked ${count === 1 ? 'goroutine' : 'goroutines'} in ${userFunctionOf(group)} [${nameWait(group)}]`,
          severity,
          confidence: judgement.confidence,
          evidence: proof === undefined ? [quoteGroup(input, group)] : [quoteGroup(input, group), proof],
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group), group.creator?.function ?? ''],
        } as const,
      ]
    }),
}
