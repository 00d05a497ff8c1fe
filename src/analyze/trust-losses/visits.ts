/**
 * A visit is one service in one trace. Of a service that lost spans: the visits in which it did, and those from which
 * nothing is missing, by time. What was lost is compared with what was not, so that the habits of the service (its load,
 * its hours, its long traces) are in both. Only visits with a child somewhere count as kept: of others, no loss is seen. Times are by one clock.
 */
import { at, instanceOfRow, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

/** Whose parent it may have been. */
export type Guess = {
  /** Service that should have exported the parent; -1: not known. */
  readonly owner: number
  /** Operation that the parent usually is; -1: not known. */
  readonly parent: number
  /** The owner has no span in the trace. */
  readonly isAbsent: boolean
  /** Of the owner, where a span of it is left in the trace; -1: not known. */
  readonly instance: number
}

export type Loss = Guess & {
  /** The orphans that name this parent. */
  readonly rows: readonly number[]
  readonly trace: number
  readonly remote: boolean
  /** Other services of which it may have been, the likeliest first. */
  readonly rivals?: readonly Guess[]
}

export type LostVisit = {
  readonly trace: number
  readonly timeNs: number
  readonly isAbsent: boolean
  readonly instance: number
  readonly losses: readonly Loss[]
}

export type KeptVisit = { readonly trace: number; readonly timeNs: number; readonly instance: number }

/** Lost visits of each owner, in order of time. */
export function gatherVisits({ aligned }: TrustFacts, losses: readonly Loss[]): Map<number, LostVisit[]> {
  const byOwner = new Map<number, Map<number, Loss[]>>()
  for (const loss of losses) {
    const traces = byOwner.get(loss.owner) ?? new Map<number, Loss[]>()
    byOwner.set(loss.owner, traces)
    const own = traces.get(loss.trace)
    if (own === undefined) traces.set(loss.trace, [loss])
    else own.push(loss)
  }
  const visits = new Map<number, LostVisit[]>()
  for (const [owner, traces] of byOwner) {
    const list = [...traces].map(([trace, own]): LostVisit => {
      let timeNs = Number.POSITIVE_INFINITY
      for (const { rows } of own) for (const row of rows) timeNs = Math.min(timeNs, at(aligned.startNs, row))
      const isAbsent = own.every((loss) => loss.isAbsent)
      return { trace, timeNs, isAbsent, instance: own.find((loss) => loss.instance >= 0)?.instance ?? -1, losses: own }
    })
    visits.set(owner, list.sort(byTime))
  }
  return visits
}

/** Of the services asked for: visits from which nothing is missing, in order of time; and how many traces cross each. */
export function listKept(
  facts: TrustFacts,
  lost: ReadonlyMap<number, readonly LostVisit[]>,
): Map<number, { readonly kept: KeptVisit[]; readonly traces: number }> {
  const { spans, forest } = facts
  const lists = new Map<number, { kept: KeptVisit[]; traces: number }>()
  const broken = new Map<number, Set<number>>()
  for (const [service, visits] of lost) {
    if (service < 0) continue
    lists.set(service, { kept: [], traces: 0 })
    broken.set(service, new Set(visits.map(({ trace }) => trace)))
  }
  const seen = new Int32Array(facts.services.length).fill(-1)
  const first = new Float64Array(facts.services.length)
  const inner = new Int32Array(facts.services.length).fill(-1)
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const from = at(forest.traceStart, trace)
    const to = at(forest.traceStart, trace + 1)
    const isSettled = at(facts.traceLast, trace) <= facts.readAtNs - facts.settleNs
    for (let index = from; index < to; index++) {
      const row = at(forest.rows, index)
      const service = serviceOfRow(facts, row)
      const list = lists.get(service)
      if (list === undefined || !isSettled) continue
      if (seen[service] !== trace) {
        seen[service] = trace
        first[service] = at(facts.aligned.startNs, row)
        list.traces++
      }
      if (inner[service] === trace || at(forest.childStart, row + 1) === at(forest.childStart, row)) continue
      inner[service] = trace
      if (broken.get(service)?.has(trace) === true) continue
      list.kept.push({ trace, timeNs: at(first, service), instance: instanceOfRow(facts, row) })
    }
  }
  for (const { kept } of lists.values()) kept.sort(byTime)
  return lists
}

function byTime(left: { timeNs: number; trace: number }, right: { timeNs: number; trace: number }): number {
  return left.timeNs - right.timeNs || left.trace - right.trace
}
