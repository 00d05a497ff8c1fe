/**
 * Class 25. A hop between caller and callee. It drops the header: the edge breaks though the callee's other callers do
 * not. A hop that puts a span of its own in between and exports it elsewhere leaves the context whole: that is told by
 * find-silent-hops, as no debt.
 */
import type { BreakClassRule, ServerRootGroup } from '../trust/break-group.ts'
import { percent, type TrustFacts } from '../trust/trust-facts.ts'
import { allBreak, anySound, describePair, explainsBreaks, headersOf, judgeProcess } from './edge-signs.ts'

/** Of an edge's calls: what a process does to all of them is no reason. */
const MIXED = 0.9

export const proxyStripsHeader: BreakClassRule = {
  class: 'proxy-strips-header',
  judge(group, facts) {
    const process = judgeProcess(group, 'proxy-strips-header')
    if (group.shape === 'server-root' && group.paired) return judgeEdge(group, facts, process)
    if (process !== undefined) return process.claim
    if (group.shape !== 'loss' || group.isOwnerKnown || group.remote === 0) return undefined
    return { score: 0.45, why: `${group.remote} remote parents that no service of this data ever is` }
  },
}

function judgeEdge(
  group: ServerRootGroup,
  facts: TrustFacts,
  process: ReturnType<typeof judgeProcess>,
): ReturnType<NonNullable<BreakClassRule['judge']>> {
  const headers = headersOf(facts, group)
  if (group.isForeign === true) return judgeForeign(group)
  const why = describePair(group)
  if (headers !== undefined && explainsBreaks(headers.stripped, headers.requests, group.rate)) {
    const said = `${why}; ${headers.stripped} of ${headers.requests} requests were sent with a context and arrived without`
    return { score: 0.97, settled: true, why: said }
  }
  if (process !== undefined) return process.claim
  // What was sent without a context, or arrives with one, was not stripped on the way.
  if (headers !== undefined && (headers.sent.length === 0 || (headers.received?.length ?? 0) > 0)) return undefined
  if (group.spread !== undefined) {
    const { callees, rate, knownUnits } = group.spread
    const units = knownUnits ? ', in no version or instance always' : ''
    return {
      score: 0.9,
      why: `${why}; ${percent(rate)} of what ${group.from} sends breaks, alike to ${callees} callees${units}`,
    }
  }
  if (group.mixedUnits > 1 && group.rate < MIXED) {
    return {
      score: 0.75,
      why: `${why}; ${group.mixedUnits} versions, instances or hosts of ${group.to} have sound calls and broken ones`,
    }
  }
  if (group.alwaysAt !== undefined) return { score: 0.2, why }
  if (group.viaProxy !== undefined) return { score: 0.8, why: `${why}; the calls go to ${group.viaProxy}` }
  if (group.portsDiffer !== undefined && group.otherCallers.length === 0) {
    return { score: 0.75, why: `${why}; ${group.portsDiffer}` }
  }
  if (anySound(group.otherCallers, group.rate))
    return { score: 0.55, why: `${why}; other callers of ${group.to} are sound` }
  // One caller, or a part of the calls that nothing tells from the others: a hop in between does the same.
  return { score: allBreak(group.otherCallers, group.rate) ? 0.45 : 0.74, why }
}

/** The servers continue a context, and not the one that was sent: something in between began a trace of its own. */
function judgeForeign({
  affected,
  crossed,
  operation,
  from,
  to,
  lift,
}: ServerRootGroup): ReturnType<NonNullable<BreakClassRule['judge']>> {
  const why = `${affected} of ${crossed} calls ${from} → ${to}: the server's span ${operation} has a parent that nobody exported, in a trace of its own, within a childless client span of another (seen ${percent(lift.seen)}, by chance ${percent(lift.chance)})`
  return { score: 0.85, why, culprit: from }
}
