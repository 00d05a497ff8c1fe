/**
 * A service that is called several times in a trace, and lost some of these calls and not others: each call is a visit
 * by itself, with a fate of its own. Enters: the visits of one owner, by trace. Leaves: the lost and the kept calls, where
 * every one that was lost is gone as a whole: nothing that the owner's own spans are parents of is left of it, and its
 * caller's span waits for an answer. Else nothing: parts of visits were lost, or a trace lost all of its calls at once.
 */
import { ORPHAN } from '../trust/forest.ts'
import { at, instanceOfRow, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import { listUnanswered } from '../trust-orphans/find-silent-hops.ts'
import type { KeptVisit, LostVisit } from './visits.ts'

const TOLERANCE_NS = 1e6

export type LostCalls = { readonly lost: readonly LostVisit[]; readonly kept: readonly KeptVisit[] }

export function partCalls(facts: TrustFacts, owner: number, visits: readonly LostVisit[]): LostCalls | undefined {
  if (visits.every(({ isAbsent }) => isAbsent)) return undefined
  const lost: LostVisit[] = []
  for (const visit of visits) {
    if (visit.losses.some(({ remote }) => !remote)) return undefined
    const times = listCalls(facts, owner, visit.trace)
    const first = times[0] ?? Number.POSITIVE_INFINITY
    const isHeld = visit.losses.every(({ rows }) => rows.every((row) => begins(facts, row) >= first - TOLERANCE_NS))
    if (!visit.isAbsent && !isHeld) return undefined
    // Which of the instances was called is not known.
    if (times.length === 0) lost.push({ ...visit, instance: -1 })
    else for (const timeNs of times) lost.push({ ...visit, timeNs, instance: -1 })
  }
  lost.sort(byTime)
  return { lost, kept: listKeptCalls(facts, owner) }
}

/** When the calls were made that the owner usually answers, and nobody did. */
function listCalls(facts: TrustFacts, owner: number, trace: number): number[] {
  const { forest, operations, usualAnswer, opService } = facts
  const clients = listUnanswered(facts, at(forest.traceStart, trace), at(forest.traceStart, trace + 1))
  const own = clients.filter((client) => {
    const answer = at(usualAnswer, at(operations.of, client))
    return answer >= 0 && at(opService, answer) === owner
  })
  return own.map((client) => begins(facts, client)).sort((left, right) => left - right)
}

/** The owner's spans under another service's, or under none, that have children: of others, no loss would be seen. */
function listKeptCalls(facts: TrustFacts, owner: number): KeptVisit[] {
  const { spans, forest } = facts
  const kept: KeptVisit[] = []
  for (let row = 0; row < spans.count; row++) {
    if (serviceOfRow(facts, row) !== owner || forest.parents[row] === ORPHAN) continue
    if (at(forest.childStart, row + 1) === at(forest.childStart, row)) continue
    const parent = at(forest.parents, row)
    if (parent >= 0 && serviceOfRow(facts, parent) === owner) continue
    const trace = at(spans.traces, row)
    if (at(facts.traceLast, trace) > facts.readAtNs - facts.settleNs) continue
    kept.push({ trace, timeNs: begins(facts, row), instance: instanceOfRow(facts, row) })
  }
  return kept.sort(byTime)
}

function begins({ aligned }: TrustFacts, row: number): number {
  return at(aligned.startNs, row)
}

function byTime(left: KeptVisit, right: KeptVisit): number {
  return left.timeNs - right.timeNs || left.trace - right.trace
}
