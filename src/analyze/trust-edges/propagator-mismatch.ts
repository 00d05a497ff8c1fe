/** Class 5. The edge breaks between two languages or vendors alone, or headers of another format arrive. */
import type { BreakClassRule, ServerRootGroup } from '../trust/break-group.ts'
import { anySound, describePair, headersOf, speaksAnother } from './edge-signs.ts'

export const propagatorMismatch: BreakClassRule = {
  class: 'propagator-mismatch',
  judge(group, facts) {
    if (group.shape !== 'server-root' || !group.paired) return undefined
    const why = describePair(group)
    const foreign = Object.keys(group.arrived).filter((format) => format !== 'tracecontext')
    if (foreign.length > 0 && group.arrived.tracecontext === undefined) {
      return { score: 0.97, settled: true, why: `${why}; what arrives is ${foreign.join(', ')}` }
    }
    const headers = headersOf(facts, group)
    if (headers !== undefined && headers.sent.length > 0 && headers.read !== undefined) {
      if (!headers.sent.some((format) => headers.read?.includes(format))) {
        const said = `${why}; ${group.from} sends ${headers.sent.join(', ')}, ${group.to} reads ${headers.read.join(', ')}`
        return { score: 0.97, settled: true, why: said }
      }
      if (headers.disagree > 0) return { score: 0.8, why: `${why}; two formats name different traces` }
    }
    return { score: scoreBySpans(group), why: why + describeLanguages(group) }
  },
}

function scoreBySpans(group: ServerRootGroup): number {
  const { rate, otherCallers, otherCallees } = group
  const another = speaksAnother(group) && !anySound(group.sameLanguages, rate)
  if (group.narrowIds >= 0.9) return 0.75
  if (anySound(otherCallers, rate)) return another ? 0.75 : anySound(otherCallees, rate) ? 0.5 : 0.45
  return another && !group.breaksAtHome ? 0.65 : 0.3
}

function describeLanguages(group: ServerRootGroup): string {
  return speaksAnother(group) ? `; ${group.from} is ${group.languages[0]}, ${group.to} is ${group.languages[1]}` : ''
}
