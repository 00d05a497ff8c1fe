/** Goroutines that wait for something a pool hands out: all of it is held by others. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, type Group, userFunctionOf } from '../groups/group.ts'
import { quoteGroup } from './quote.ts'
import type { FindingDraft, Rule } from './rule.ts'

export const poolExhausted: Rule = {
  id: 'pool-exhausted',
  title: 'A pool has nothing left to hand out',
  severity: 'high from 10 waiters that did not move on, else medium',
  needs: 'goroutine dumps; frames of a pool that the table of slow calls knows',
  saysWhen:
    'goroutines wait inside database/sql, an HTTP transport, pgx, Redis, a semaphore or an errgroup for a free place',
  fix: 'Find who holds it: set deadlines on what runs while holding it, close rows and bodies, then size the pool.',
  doc: 'docs/rules.md#pool-exhausted',
  find: (input) => {
    const byPool = new Map<string, Group[]>()
    for (const group of input.context.table.groups) {
      const judgement = input.judgements[group.index]
      if (judgement?.cause !== 'pool' || judgement.verdict !== 'slow' || countLast(group) === 0) continue
      const what = judgement.what ?? 'a pool'
      byPool.set(what, [...(byPool.get(what) ?? []), group])
    }
    const drafts: FindingDraft[] = []
    for (const [what, groups] of byPool) {
      const [first, ...rest] = [...groups].sort((a, b) => countLast(b) - countLast(a))
      if (first === undefined) continue
      const waiters = groups.reduce((sum, group) => sum + countLast(group), 0)
      const isSure = groups.some((group) => input.judgements[group.index]?.confidence === 'probable')
      drafts.push({
        title: `${waiters} ${waiters === 1 ? 'goroutine waits' : 'goroutines wait'} for ${what}: all of it is out`,
        severity: waiters >= 10 && isSure ? 'high' : 'medium',
        confidence: isSure ? 'probable' : 'possible',
        evidence: [quoteGroup(input, first), ...rest.slice(0, 4).map((group) => quoteGroup(input, group))],
        blindTo: profileLenses,
        groups,
        symbols: [what, ...groups.map(userFunctionOf)],
      })
    }
    return drafts
  },
}
