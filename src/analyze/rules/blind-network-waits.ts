/** Time spent waiting for others over the network, which no profile of Go ever records. */
import { profileLenses } from '../../model/lens.ts'
import { countLast, nameWait, userFunctionOf } from '../groups/group.ts'
import { quoteGroup } from './quote.ts'
import type { Rule } from './rule.ts'

/** Share of the time that is not idle below which it is not worth a line. */
const MIN_SHARE = 0.1

export const blindNetworkWaits: Rule = {
  id: 'blind-network-waits',
  title: 'Goroutines wait for answers that no profile records',
  severity: 'medium from half of the time that is not idle on, else low',
  needs: 'two dumps with times',
  saysWhen:
    'a group that does not move waits for the network or for a client’s answer, for a tenth of the time or more',
  fix: 'Give each call a deadline, and a span or a metric around it; an execution trace shows these waits with their length.',
  doc: 'docs/rules.md#blind-network-waits',
  find: (input) => {
    if (input.exposures.unit !== 'goroutine-ns') return []
    const total = input.exposures.byGroup.reduce((sum, one) => sum + (one.isIdle ? 0 : one.total), 0)
    return input.context.table.groups.flatMap((group) => {
      const judgement = input.judgements[group.index]
      if (judgement?.verdict !== 'slow' || countLast(group) === 0) return []
      if (group.waitClass !== 'network' && judgement.cause !== 'answer') return []
      const share = (input.exposures.byGroup[group.index]?.blind ?? 0) / total
      if (!(share >= MIN_SHARE)) return []
      return [
        {
          title: `${countLast(group)} wait in ${userFunctionOf(group)} for ${judgement.what ?? 'the network'} [${nameWait(group)}]`,
          severity: share >= 0.5 ? ('medium' as const) : ('low' as const),
          confidence: judgement.confidence,
          evidence: [quoteGroup(input, group)] as const,
          blindTo: profileLenses,
          groups: [group],
          symbols: [userFunctionOf(group)],
        },
      ]
    })
  },
}
