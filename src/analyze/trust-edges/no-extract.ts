/**
 * Class 3. A childless client span of the caller holds a server span that is a root; the callee breaks for whoever calls
 * it, the caller's other calls are sound. Settled where the header is seen to arrive in a format that the callee reads.
 */
import type { BreakClassRule } from '../trust/break-group.ts'
import {
  allBreak,
  anySound,
  describePair,
  explainsBreaks,
  headersOf,
  isReadElsewhere,
  judgeProcess,
  sendsNone,
  speaksAnother,
} from './edge-signs.ts'
import { countForeign } from './process-headers.ts'

export const noExtract: BreakClassRule = {
  class: 'no-extract',
  judge(group, facts) {
    const process = judgeProcess(group, 'no-extract')
    if (process !== undefined) return process.claim
    if (group.shape !== 'server-root' || !group.paired || group.isForeign === true) return undefined
    const why = group.alwaysAt === undefined ? describePair(group) : `${describePair(group)}; all of ${group.alwaysAt}`
    if ((group.arrived.tracecontext ?? 0) >= 0.9) {
      return { score: 0.97, settled: true, culprit: group.to, why: `${why}; traceparent arrived in all of them` }
    }
    const headers = headersOf(facts, group)
    if (sendsNone(headers)) return undefined
    // What is sent in a format of its own is not read, whether or not anything is extracted.
    if (headers !== undefined && explainsBreaks(countForeign(facts, headers), headers.requests, group.rate))
      return undefined
    if (headers?.received !== undefined && headers.stripped === 0 && headers.received.length > 0) {
      const said = `${why}; ${headers.received.join(', ')} arrives`
      const isRead = isReadElsewhere(facts, group, headers)
      if (isRead) return { score: 0.96, settled: true, culprit: group.to, why: said }
      // What the callee reads is not known: it may be another format alone.
      return { score: headers.received.includes('tracecontext') ? 0.96 : 0.6, culprit: group.to, why: said }
    }
    const others = group.otherCallers
    if (group.spread !== undefined) return { score: 0.5, why, culprit: group.to }
    const isForeign = speaksAnother(group) && !anySound(group.sameLanguages, group.rate) && !group.breaksAtHome
    const base =
      group.alwaysAt === undefined && anySound(others, group.rate) ? 0.4 : allBreak(others, group.rate) ? 0.9 : 0.85
    const score = base > 0.8 && isForeign ? base - 0.1 : base
    const alike = others.length > 0 && base === 0.9 ? `; so do its ${others.length} other callers` : ''
    return { score, why: why + alike, culprit: group.to }
  },
}
