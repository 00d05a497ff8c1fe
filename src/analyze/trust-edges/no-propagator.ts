/**
 * Class 4. Every edge of one service breaks, into it and out of it, in the same requests: it neither extracts nor
 * injects. With callers alone, it would be a server that does not extract.
 */
import type { BreakClassRule, EdgeRate, ServerRootGroup } from '../trust/break-group.ts'
import { allBreak, anySound, describePair, headersOf, sendsNone } from './edge-signs.ts'

const JOINT = 0.3

export const noPropagator: BreakClassRule = {
  class: 'no-propagator',
  judge(group, facts) {
    if (group.shape === 'message-root' && group.senderBreaks !== undefined)
      return { score: 0.8, why: group.senderBreaks }
    if (group.shape !== 'server-root' || !group.paired) return undefined
    const headers = headersOf(facts, group)
    const culprit = findCulprit(group)
    if (headers !== undefined && sendsNone(headers)) {
      const why = `${describePair(group)}; ${headers.requests} requests were sent without any context`
      return { score: 1, culprit: group.from, why }
    }
    // A caller that sends a context has a propagator.
    if (headers !== undefined && headers.sent.length > 0 && culprit !== group.to) return undefined
    if (culprit === undefined) return { score: 0.25, why: describePair(group) }
    const edges =
      culprit === group.to
        ? [...group.otherCallers, ...group.outOfCallee]
        : [...group.otherCallees, ...group.intoCaller]
    const why = `${describePair(group)}; ${edges.map(({ from, to, broken, crossed }) => `${from} → ${to} ${broken} of ${crossed}`).join(', ')}: every edge of ${culprit} breaks`
    return { score: 1, why, culprit }
  },
}

/** The service of which every edge breaks. */
export function findCulprit(group: ServerRootGroup): string | undefined {
  const { rate, otherCallers, otherCallees, intoCaller, outOfCallee } = group
  const every = (...lists: readonly EdgeRate[][]): boolean =>
    lists.every((edges) => edges.length === 0 || allBreak(edges, rate))
  const ofCallee = outOfCallee.length > 0 && every([...otherCallers], [...outOfCallee]) && group.jointOut >= JOINT
  const ofCaller =
    (intoCaller.length > 0 ? group.jointInto >= JOINT : otherCallees.length > 0) &&
    every([...otherCallees], [...intoCaller]) &&
    !(intoCaller.length === 0 && anyAlone(group))
  if (ofCaller && ofCallee)
    return otherCallees.length + intoCaller.length >= otherCallers.length + outOfCallee.length ? group.from : group.to
  if (ofCallee) return group.to
  return ofCaller ? group.from : undefined
}

/** The callee breaks for its other callers as well: then it is the callee. */
function anyAlone({ otherCallers, rate }: ServerRootGroup): boolean {
  return otherCallers.length > 0 && !anySound(otherCallers, rate)
}
