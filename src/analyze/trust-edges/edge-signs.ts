/** How edges compare: what several classes of lost calls read alike. */
import type { EdgeRate, ServerRootGroup } from '../trust/break-group.ts'
import type { EdgeHeaders, HeaderFormat } from '../../model/trust/edge-headers.ts'
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

/** Formats that a service sends, wherever it was seen to send. */
export function formatsOf({ headers }: TrustFacts, service: string): readonly HeaderFormat[] {
  return [...new Set(headers.filter(({ from }) => from === service).flatMap(({ sent }) => sent))]
}

/** Of the requests, so many that the edge's breaks can be these. */
export function explainsBreaks(count: number, requests: number, rate: number): boolean {
  return count > 0 && count / Math.max(1, requests) >= 0.5 * rate
}

/** Both sides name their language or vendor, and not the same. */
export function speaksAnother({ languages: [from, to] }: ServerRootGroup): boolean {
  return from !== '' && to !== '' && from !== to
}
