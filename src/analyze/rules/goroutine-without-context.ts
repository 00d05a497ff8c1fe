/** Work that goes on after the request that started it has ended: a dump shows that, though not which context it has. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, type Group, nameWait, rowsLast, userFunctionOf } from '../groups/group.ts'
import { readMakers } from '../verdict/partners.ts'
import { isServing } from '../verdict/slow-calls.ts'
import { quoteGroup } from './quote.ts'
import type { Rule, RuleInput } from './rule.ts'

/** A few are fire-and-forget; more are a queue without a bound. */
const MIN_MEMBERS = 5

export const goroutineWithoutContext: Rule = {
  id: 'goroutine-without-context',
  title: 'Goroutines go on after the request that started them has ended',
  severity: 'low; medium from 100 goroutines on',
  needs: 'dumps of Go 1.21 or later (they name the goroutine that created each)',
  saysWhen:
    'five or more goroutines that are not idle were started by functions that have returned, in goroutines that serve requests or under labels of one',
  fix: 'Give it the request’s context, or context.WithoutCancel with a deadline of its own, and bound how many there may be.',
  doc: 'docs/rules.md#goroutine-without-context',
  find: (input) =>
    input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      const count = countLast(group)
      if (judgement === undefined || judgement.verdict === 'idle' || count < MIN_MEMBERS) return []
      if (group.isSystem || isServing(group.functions)) return []
      const makers = readMakers({ group, context: input.context })
      if (makers === undefined || makers.returned < makers.known * 0.9) return []
      if (makers.serving === 0 && !hasLabels(input, group)) return []
      return [
        {
          title: `${count} goroutines go on in ${userFunctionOf(group)} [${nameWait(group)}] after what started them (${group.creator?.function}) has returned`,
          severity: count >= 100 ? ('medium' as const) : ('low' as const),
          confidence: 'possible' as const,
          evidence: [quoteGroup(input, group)] as const,
          blindTo: [...profileLenses, 'spans' as const],
          groups: [group],
          symbols: [userFunctionOf(group), group.creator?.function ?? ''],
        },
      ]
    }),
}

function hasLabels({ context }: RuleInput, group: Group): boolean {
  const dump = context.table.dumps.at(-1)?.dump
  const row = rowsLast(group)[0]
  return dump !== undefined && row !== undefined && Object.keys(dump.labelSets[dump.labels[row] ?? 0] ?? {}).length > 0
}
