/**
 * What the headers say of a process of which all edges break: it sends nothing, baggage alone, or a format that its
 * callees do not read. Counts of both sides are compared by share; what is said holds for all edges of the process.
 */
import type { BreakClass } from '../../model/trust/break-classes.ts'
import type { EdgeHeaders, HeaderFormat } from '../../model/trust/edge-headers.ts'
import { nameOfService, type TrustFacts } from '../trust/trust-facts.ts'
import type { Process } from './broken-processes.ts'
import type { Rates } from './compare-edges.ts'
import { explainsBreaks, isBaggageCarried } from './edge-signs.ts'

/** `sendsNone`: neither context nor baggage, and nobody here carries baggage: which of the two is missing is open. */
export type SaidByHeaders = { readonly settled?: BreakClass; readonly sendsNone?: boolean }

export function settleByHeaders(facts: TrustFacts, rates: Rates, process: Process): SaidByHeaders {
  const name = nameOfService(facts, process.service)
  const votes = new Map<BreakClass, number>()
  const vote = (one: BreakClass, count: number): void => {
    votes.set(one, (votes.get(one) ?? 0) + count)
  }
  for (const headers of facts.headers) {
    if (headers.from !== name) continue
    const rate = rates.byCaller.get(process.service)?.find(({ to }) => to === headers.to)
    // Messages have no rate of their own here: what breaks of the rest breaks of them.
    const share = rate === undefined ? meanRate(rates, process.service) : rate.broken / Math.max(1, rate.crossed)
    if (share === 0) continue
    const bare = countBare(headers)
    if (explainsBreaks(headers.baggageOnly, headers.requests, share)) vote('baggage-only', headers.baggageOnly)
    else if (explainsBreaks(bare, headers.requests, share)) vote('no-propagator', bare)
    const foreign = countForeign(facts, headers)
    if (explainsBreaks(foreign, headers.requests, share)) vote('propagator-mismatch', foreign)
  }
  const [best] = [...votes].sort((left, right) => right[1] - left[1])
  if (best === undefined) return {}
  return best[0] === 'no-propagator' && !isBaggageCarried(facts) ? { sendsNone: true } : { settled: best[0] }
}

function meanRate({ byCaller }: Rates, service: number): number {
  const own = (byCaller.get(service) ?? []).filter(({ broken }) => broken > 0)
  const crossed = own.reduce((sum, rate) => sum + rate.crossed, 0)
  return crossed === 0 ? 0 : own.reduce((sum, { broken }) => sum + broken, 0) / crossed
}

/** Requests that were sent with neither context nor baggage. */
function countBare({ sent, requests, baggageOnly, bare }: EdgeHeaders): number {
  return bare ?? (sent.length === 0 ? requests - baggageOnly : 0)
}

/** Requests whose context is in formats alone that nobody else sends to the callee, nor it itself. */
export function countForeign({ headers }: Pick<TrustFacts, 'headers'>, own: EdgeHeaders): number {
  const read = new Set<HeaderFormat>(own.read ?? [])
  if (own.read === undefined) {
    for (const other of headers) {
      if (other === own) continue
      if (other.to === own.to || other.from === own.to) for (const format of other.sent) read.add(format)
    }
    if (read.size === 0) read.add('tracecontext')
  }
  const shareOf = (format: HeaderFormat): number => own.sends?.find((one) => one.format === format)?.share ?? 0
  if (own.sends === undefined) {
    return own.sent.length > 0 && own.sent.every((format) => !read.has(format)) ? own.requests : 0
  }
  const understood = own.sent.filter((format) => read.has(format)).map(shareOf)
  const others = own.sent.filter((format) => !read.has(format)).map(shareOf)
  return Math.round(Math.min(Math.max(0, ...others), 1 - Math.max(0, ...understood)) * own.requests)
}
