/**
 * Class 4. Every edge of one process breaks, into it and out of it, in the same requests: it neither extracts nor
 * injects. By spans alone a propagator for baggage alone, or one that nobody else reads, looks the same.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import {
  anySound,
  describePair,
  explainsBreaks,
  headersOf,
  isBaggageCarried,
  judgeProcess,
  sendsNone,
} from './edge-signs.ts'

export const noPropagator: BreakClassRule = {
  class: 'no-propagator',
  judge(group, facts) {
    const process = judgeProcess(group, 'no-propagator')
    if (process !== undefined) return process.claim
    if (group.shape !== 'server-root' || !group.paired || group.isForeign === true) return undefined
    const headers = headersOf(facts, group)
    const isElsewhereSound = anySound(group.otherCallees, group.rate)
    if (headers !== undefined && sendsNone(headers)) {
      const why = `${describePair(group)}; ${headers.requests} requests were sent without any context`
      const isBare =
        explainsBreaks(headers.bare ?? 0, headers.requests, group.rate) && !isElsewhereSound && isBaggageCarried(facts)
      return { score: isElsewhereSound ? 0.6 : 1, ...(isBare ? { settled: true } : {}), culprit: group.from, why }
    }
    // A caller that sends a context has a propagator.
    if (headers !== undefined && headers.sent.length > 0) return undefined
    if (group.spread !== undefined) {
      return group.spread.knownUnits ? undefined : { score: 0.5, why: describePair(group), culprit: group.from }
    }
    if (group.alwaysAt !== undefined || isElsewhereSound) return undefined
    return { score: 0.25, why: describePair(group) }
  },
}
