/** Class 5. The edge breaks between two languages or vendors alone, or headers of another format arrive. */
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { BreakClassRule, ServerRootGroup } from '../trust/break-group.ts'
import type { TrustFacts } from '../trust/trust-facts.ts'
import {
  anySound,
  describePair,
  explainsBreaks,
  formatsOf,
  headersOf,
  judgeProcess,
  sendsNone,
  speaksAnother,
} from './edge-signs.ts'
import { countForeign } from './process-headers.ts'

export const propagatorMismatch: BreakClassRule = {
  class: 'propagator-mismatch',
  judge(group, facts) {
    const process = judgeProcess(group, 'propagator-mismatch')
    if (group.shape !== 'server-root') return process?.claim
    if (!group.paired || group.isForeign === true) return undefined
    const why = describePair(group)
    const foreign = Object.keys(group.arrived).filter((format) => format !== 'tracecontext')
    if (foreign.length > 0 && group.arrived.tracecontext === undefined) {
      return { score: 0.97, settled: true, why: `${why}; what arrives is ${foreign.join(', ')}` }
    }
    if (process !== undefined) return process.claim
    const headers = headersOf(facts, group)
    if (headers !== undefined && headers.sent.length > 0 && headers.read !== undefined) {
      if (!headers.sent.some((format) => headers.read?.includes(format))) {
        const said = `${why}; ${group.from} sends ${headers.sent.join(', ')}, ${group.to} reads ${headers.read.join(', ')}`
        return { score: 0.97, settled: true, why: said }
      }
      if (headers.disagree > 0) return { score: 0.8, why: `${why}; two formats name different traces` }
    }
    if (sendsNone(headers)) return undefined
    const unread = headers === undefined ? 0 : countForeign(facts, headers)
    if (headers !== undefined && explainsBreaks(unread, headers.requests, group.rate)) {
      const said = `${why}; ${unread} of ${headers.requests} requests are sent in a format (${headers.sent.join(', ')}) that nobody else sends to ${group.to}`
      return { score: 0.97, settled: isOtherFormatRead(facts, headers), why: said, culprit: group.from }
    }
    const arriving = headers?.received ?? headers?.sent ?? []
    if (headers !== undefined && arriving.length > 0 && headers.read === undefined) {
      const own = formatsOf(facts, group.to)
      if (own.length > 0 && !own.some((format) => arriving.includes(format))) {
        const said = `${why}; ${arriving.join(', ')} arrives, and ${group.to} itself sends ${own.join(', ')}`
        return { score: 0.96, settled: true, culprit: group.to, why: said }
      }
      return { score: arriving.includes('tracecontext') ? 0.88 : 0.96, why: `${why}; ${arriving.join(', ')} arrives` }
    }
    return { score: scoreBySpans(group), why: why + describeLanguages(group) }
  },
}

function scoreBySpans(group: ServerRootGroup): number {
  const { rate, otherCallers, otherCallees } = group
  if (group.spread !== undefined) return 0.45
  const another = speaksAnother(group) && !anySound(group.sameLanguages, rate)
  if (group.narrowIds >= 0.9) return 0.75
  if (anySound(otherCallers, rate)) return another ? 0.75 : anySound(otherCallees, rate) ? 0.5 : 0.45
  return another && !group.breaksAtHome ? 0.65 : 0.3
}

function describeLanguages(group: ServerRootGroup): string {
  return speaksAnother(group) ? `; ${group.from} is ${group.languages[0]}, ${group.to} is ${group.languages[1]}` : ''
}

/** What the callee reads is seen from others: then what this caller sends is what it does not read. */
function isOtherFormatRead({ headers }: TrustFacts, own: EdgeHeaders): boolean {
  return (
    own.read !== undefined ||
    (own.sends?.length ?? 0) > 1 ||
    headers.some((other) => other !== own && (other.to === own.to || other.from === own.to) && other.sent.length > 0)
  )
}
