/** Goroutines that are made by the thousand and hardly live: making and starting them costs more than what they do. */
import { formatDuration } from '../../base/units.ts'
import { quoteTrace } from './trace-quote.ts'
import { MIN_WINDOW_NS, type TraceRule } from './trace-rule.ts'

const PER_SECOND = 5000
const MANY_PER_SECOND = 50_000
const MIN_CREATED = 1000
const SHORT_LIFE_NS = 1e6

export const goroutineChurn: TraceRule = {
  id: 'goroutine-churn',
  title: 'Goroutines are made in masses for tiny pieces of work',
  severity: 'medium from 50,000 a second on, else low',
  needs: 'an execution trace of 100 ms or more',
  saysWhen: 'goroutines of one start function are made 5,000 times a second or more and live 1 ms or less on average',
  fix: 'Hand the pieces to a few workers over a channel, or do several pieces in one goroutine.',
  doc: 'docs/rules.md#goroutine-churn',
  sameAs: [],
  find: (input) => {
    if (input.windowNs < MIN_WINDOW_NS) return []
    return input.account.groups.flatMap((group) => {
      const perSecond = (group.createdCount * 1e9) / input.windowNs
      const lifeNs = group.lifeNs / Math.max(1, group.count)
      if (group.isSystem || group.createdCount < MIN_CREATED || perSecond < PER_SECOND || lifeNs > SHORT_LIFE_NS) {
        return []
      }
      const creators = group.creators
        .slice(0, 3)
        .map(({ function: name, count }) => `${count} made in ${name === '' ? 'a function that is not known' : name}`)
      return [
        {
          title: `${Math.round(perSecond)} goroutines a second start in ${group.startFunction} and live ${formatDuration(lifeNs)} on average`,
          severity: perSecond >= MANY_PER_SECOND ? ('medium' as const) : ('low' as const),
          confidence: 'certain' as const,
          evidence: [
            quoteTrace(input, [
              `${group.createdCount} made and ${group.endedCount} ended in ${formatDuration(input.windowNs)}`,
              `running ${formatDuration(group.runningNs)}, ready ${formatDuration(group.runnableNs)}, waiting ${formatDuration(group.waitingNs)}`,
              ...creators,
            ]),
          ] as const,
          blindTo: ['block', 'mutex', 'goroutine'] as const,
          ns: group.lifeNs,
          symbols: [group.startFunction],
        },
      ]
    })
  },
}
