/** The two thresholds of long windows: runnable for over 10 s, and waiting for over 10 s without a block event. */
import { profileLenses } from '../../model/lens.ts'
import { isOn } from '../blind/lens-states.ts'
import { countLast, nameWait, userFunctionOf } from '../groups/group.ts'
import { recordableBy } from '../lenses/visibility.ts'
import { quoteGroup, quoteLens } from './quote.ts'
import type { Rule } from './rule.ts'

const LONG_NS = 10e9

export const runnableTooLong: Rule = {
  id: 'runnable-too-long',
  title: 'A goroutine is runnable in every dump of more than ten seconds',
  severity: 'medium',
  needs: 'two dumps more than 10 s apart (`--deep`)',
  saysWhen: 'the same goroutine is runnable at the same place in all dumps over more than 10 s',
  fix: 'Look at GOMAXPROCS against the container’s CPU limit, and at the scheduler latency in an execution trace.',
  doc: 'docs/rules.md#runnable-too-long',
  find: (input) =>
    input.context.table.groups.flatMap((group) => {
      const stay = input.context.motion.byGroup[group.index]?.stayNs?.max ?? 0
      if (group.state !== 'runnable' || group.isProbe || stay < LONG_NS) return []
      return [
        {
          title: `${userFunctionOf(group)} is runnable in every dump over ${(stay / 1e9).toFixed(0)} s`,
          severity: 'medium' as const,
          confidence: 'possible' as const,
          evidence: [quoteGroup(input, group)] as const,
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group)],
        },
      ]
    }),
}

export const waitingWithoutBlockEvent: Rule = {
  id: 'waiting-without-block-event',
  title: 'A wait of more than ten seconds of which the block profile knows nothing',
  severity: 'medium',
  needs: 'two dumps more than 10 s apart (`--deep`), and the block profile on',
  saysWhen:
    'a goroutine that is not idle stood in a wait that the block profile could record, for over 10 s, without an event',
  fix: 'The block profile records a wait when it ends: look at the goroutine dump for what is waiting now.',
  doc: 'docs/rules.md#waiting-without-block-event',
  find: (input) => {
    if (!isOn(input.book, 'block')) return []
    return input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      const stay = input.context.motion.byGroup[group.index]?.stayNs?.max ?? 0
      if (judgement === undefined || judgement.verdict === 'idle' || countLast(group) === 0) return []
      if (stay < LONG_NS || group.kind === undefined || !recordableBy(group.kind).includes('block')) return []
      if (input.context.endedWaits(group) !== undefined) return []
      return [
        {
          title: `${userFunctionOf(group)} waits for over ${(stay / 1e9).toFixed(0)} s [${nameWait(group)}], and no block event says so`,
          severity: 'medium' as const,
          confidence: 'probable' as const,
          evidence: [quoteGroup(input, group), quoteLens(input, 'block', 'no sample has this stack')] as const,
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group)],
        },
      ]
    })
  },
}
