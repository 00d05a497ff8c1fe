/** Groups that only grew over the window and are called neither leaked nor idle: load that rises, or a leak that begins. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, nameWait, userFunctionOf } from '../groups/group.ts'
import { quoteGroup } from './quote.ts'
import type { Rule } from './rule.ts'

/** Fewer new members than this say nothing. */
const MIN_GROWTH = 10
const MIN_RATIO = 1.2

export const goroutineGrowth: Rule = {
  id: 'goroutine-growth',
  title: 'A group of goroutines grows and none leaves',
  severity: 'low: growth may be load',
  needs: 'two or more dumps with goroutine ids',
  saysWhen: 'a group that is neither leaked nor idle gained 10 members and a fifth, and lost none, over the window',
  fix: 'Capture again after a minute: what still grows at the same load is a leak. Bound it with a semaphore or a pool.',
  doc: 'docs/rules.md#goroutine-growth',
  find: (input) =>
    input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      const motion = input.context.motion.byGroup[group.index]
      const first = group.counts[0] ?? 0
      const last = countLast(group)
      if (judgement === undefined || motion === undefined || input.context.dumpCount < 2) return []
      if (judgement.verdict === 'leaked' || judgement.verdict === 'idle' || motion.left > 0) return []
      if (last - first < MIN_GROWTH || last < first * MIN_RATIO) return []
      return [
        {
          title: `${userFunctionOf(group)} [${nameWait(group)}] grew from ${first} to ${last} goroutines`,
          severity: 'low' as const,
          confidence: 'possible' as const,
          evidence: [quoteGroup(input, group)] as const,
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group), group.creator?.function ?? ''],
        },
      ]
    }),
}
