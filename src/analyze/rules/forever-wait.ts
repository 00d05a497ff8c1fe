/** Waits that Go defines to last forever: nil channels and empty selects outside main. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, nameWait, userFunctionOf } from '../groups/group.ts'
import { quoteGroup } from './quote.ts'
import type { Rule } from './rule.ts'

export const foreverWait: Rule = {
  id: 'forever-wait',
  title: 'A goroutine waits on a nil channel or an empty select',
  severity: 'high when the number grows, else medium',
  needs: 'a goroutine dump',
  saysWhen:
    'a goroutine other than main is in `chan receive (nil chan)`, `chan send (nil chan)` or `select (no cases)`',
  fix: 'Make the channel before its goroutine starts; end a goroutine by returning instead of blocking it for good.',
  doc: 'docs/rules.md#forever-wait',
  find: (input) =>
    input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      if (judgement?.rule !== 'forever' || judgement.verdict === 'idle' || countLast(group) === 0) return []
      return [
        {
          title: `${countLast(group)} in ${userFunctionOf(group)} can never go on [${nameWait(group)}]`,
          severity: judgement.verdict === 'leaked' ? ('high' as const) : ('medium' as const),
          confidence: judgement.confidence,
          evidence: [quoteGroup(input, group)] as const,
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group)],
        },
      ]
    }),
}
