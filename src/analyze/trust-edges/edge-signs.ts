/** How edges compare: what several classes of lost calls read alike. */
import type { BreakClass } from '../../model/trust/break-classes.ts'
import type { EdgeHeaders, HeaderFormat } from '../../model/trust/edge-headers.ts'
import type { BreakGroup, Claim, EdgeRate, ServerRootGroup } from '../trust/break-group.ts'
import { percent, type TrustFacts } from '../trust/trust-facts.ts'
import { wilsonInterval } from '../trust/wilson.ts'

/** Its rate may be of the same size. */
export function breaksLike({ broken, crossed }: EdgeRate, rate: number): boolean {
  return broken > 0 && wilsonInterval(broken, crossed)[1] >= 0.5 * rate
}

/** Surely breaks less, if at all. */
function isSound({ broken, crossed }: EdgeRate, rate: number): boolean {
  return wilsonInterval(broken, crossed)[1] < 0.4 * rate
}

export function allBreak(edges: readonly EdgeRate[], rate: number): boolean {
  return edges.length > 0 && edges.every((edge) => breaksLike(edge, rate))
}

export function anySound(edges: readonly EdgeRate[], rate: number): boolean {
  return edges.some((edge) => isSound(edge, rate))
}

export function describePair({ affected, operation, from, to, lift, crossed }: ServerRootGroup): string {
  return `${affected} of ${crossed} calls ${from} → ${to}: the server's span ${operation} is a root within a childless client span; by chance ${percent(lift.chance)} (seen ${percent(lift.seen)})`
}

/** Header facts of the edge, those of its own caller first. */
export function headersOf({ headers }: TrustFacts, { from, to }: ServerRootGroup): EdgeHeaders | undefined {
  return (
    headers.find((one) => one.from === from && one.to === to) ??
    headers.find((one) => one.from === undefined && one.to === to)
  )
}

/** What the caller sends holds no context at all: nothing on the way or at the callee loses it. */
export function sendsNone(headers: EdgeHeaders | undefined): boolean {
  return headers !== undefined && headers.requests > 0 && headers.sent.length === 0 && headers.stripped === 0
}

/** What the caller itself was seen to send on the edge; who sends is not guessed. */
export function sentOn({ headers }: TrustFacts, from: string, to: string): EdgeHeaders | undefined {
  return headers.find((one) => one.from === from && one.to === to && one.bare !== undefined)
}

/** As many requests as break are sent with neither context nor baggage, by who sends a context to others. */
export function isBareHereAlone({ headers }: TrustFacts, own: EdgeHeaders, rate: number): boolean {
  return (
    explainsBreaks(own.bare ?? 0, own.requests, rate) &&
    headers.some(({ from, to, sent }) => from === own.from && to !== own.to && sent.length > 0)
  )
}

/** Somebody's requests hold baggage: where there is none, a propagator for baggage alone sends nothing. */
export function isBaggageCarried({ headers }: TrustFacts): boolean {
  return headers.some(({ withBaggage, baggageOnly }) => (withBaggage ?? 0) + baggageOnly > 0)
}

/** Formats that a service sends, wherever it was seen to send. */
export function formatsOf({ headers }: TrustFacts, service: string): readonly HeaderFormat[] {
  return [...new Set(headers.filter(({ from }) => from === service).flatMap(({ sent }) => sent))]
}

/** What arrives is read by the callee: it says so, sends that format itself, or continued other calls in it. */
export function isReadElsewhere(facts: TrustFacts, group: ServerRootGroup, { received, read }: EdgeHeaders): boolean {
  const arriving = received ?? []
  if (read !== undefined) return arriving.some((format) => read.includes(format))
  const own = formatsOf(facts, group.to)
  if (own.length > 0) return own.some((format) => arriving.includes(format))
  return group.rate < 0.9 && arriving.length === 1
}

/** Of the requests, so many that the edge's breaks can be these. */
export function explainsBreaks(count: number, requests: number, rate: number): boolean {
  return count > 0 && count / Math.max(1, requests) >= 0.5 * rate
}

/** Both sides name their language or vendor, and not the same. */
export function speaksAnother({ languages: [from, to] }: ServerRootGroup): boolean {
  return from !== '' && to !== '' && from !== to
}

/** By spans alone: how well each class fits a process that breaks with everybody, or with some. */
const ofWhole: Partial<Record<BreakClass, number>> = {
  'no-propagator': 1,
  'propagator-mismatch': 0.9,
  'baggage-only': 0.88,
}
const ofPart: Partial<Record<BreakClass, number>> = { 'propagator-mismatch': 0.95, 'no-extract': 0.4 }
/** What sends nothing at all, where nobody has baggage. */
const bareClasses: Partial<Record<BreakClass, number>> = { 'no-propagator': 1, 'baggage-only': 0.8 }
const ofSender: Partial<Record<BreakClass, number>> = {
  'propagator-mismatch': 0.8,
  'proxy-strips-header': 0.7,
  'no-propagator': 0.6,
}

/** What a class claims of an edge of a broken process: one answer for all of them; undefined: the edge is not of one. */
export function judgeProcess(group: BreakGroup, name: BreakClass): { readonly claim: Claim | undefined } | undefined {
  if (group.shape !== 'message-root' && group.shape !== 'server-root') return undefined
  const { process } = group
  if (process === undefined) return undefined
  const pair =
    group.shape === 'server-root'
      ? describePair(group)
      : `${group.affected} of ${group.crossed} ${group.operation} are roots without a link`
  const base = { why: `${pair}; ${process.why}`, culprit: process.service }
  if (process.settled !== undefined) {
    return { claim: process.settled === name ? { ...base, score: 1, settled: true } : undefined }
  }
  if (process.sendsNone === true) {
    const score = bareClasses[name]
    return { claim: score === undefined ? undefined : { ...base, score } }
  }
  const scores = process.isWhole ? ofWhole : process.sendsOnly ? ofSender : ofPart
  // A hop in front of all that it sends would do the same.
  const isHop = name === 'proxy-strips-header' && process.isWhole && process.sendsOnly && process.oneProtocol
  const score = isHop ? 0.89 : scores[name]
  return { claim: score === undefined ? undefined : { ...base, score } }
}
