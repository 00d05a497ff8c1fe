/**
 * Where trace context breaks in spans (and logs), and why: the door of this topic.
 * Enters: trees, operations and, where there are any, logs, header facts and audit findings. Leaves: one case per
 * service, operation, shape and peer, each with its state, its cause or the causes that remain, and the spans it is seen
 * in. Suspects are found row by row, grouped, measured once; each class (one file, one registry row) claims what fits;
 * the arbiter decides. Nothing is random, nothing is repaired; the order of the cases does not depend on the input's.
 *
 *   forest ─► facts ─► finders ─► groups ─► class claims ─► arbiter ─► cases
 */
import { breakClassRules } from '../trust-classes/registry.ts'
import { findEdgeBreaks } from '../trust-edges/find-edge-breaks.ts'
import { findLosses } from '../trust-orphans/find-losses.ts'
import { findInnerRoots } from '../trust-roots/find-inner-roots.ts'
import { decideCase, type NamedClaim } from './arbiter.ts'
import type { BreakCase } from './break-case.ts'
import type { BreakGroup } from './break-group.ts'
import type { BreakInput } from './trust-evidence.ts'
import { gatherFacts, type TrustFacts } from './trust-facts.ts'

/** Beyond, the cases with the fewest affected traces are left out. */
const MAX_CASES = 2_000

export function findBreaks(input: BreakInput): BreakCase[] {
  const facts = gatherFacts(input)
  const cases: BreakCase[] = []
  for (const group of findGroups(facts)) {
    const found = decideCase(group, claimGroup(group, facts), facts)
    if (found !== undefined) cases.push(found)
  }
  return cases.sort(compareCases).slice(0, MAX_CASES)
}

/** Shapes of one class first: what they take, the wider shapes leave alone. */
function findGroups(facts: TrustFacts): BreakGroup[] {
  const direct = breakClassRules.flatMap((rule) => rule.find?.(facts) ?? [])
  const finders = [findEdgeBreaks, findInnerRoots, findLosses]
  return [...direct, ...finders.flatMap((find) => find(facts))]
}

function claimGroup(group: BreakGroup, facts: TrustFacts): NamedClaim[] {
  const claims: NamedClaim[] = group.shape === 'direct' ? [...group.claims] : []
  for (const rule of breakClassRules) {
    const claim = rule.judge?.(group, facts)
    if (claim !== undefined) claims.push({ ...claim, class: rule.class })
  }
  return claims
}

function compareCases(left: BreakCase, right: BreakCase): number {
  return (
    right.affected - left.affected ||
    compareText(left.service, right.service) ||
    compareText(left.operation, right.operation) ||
    compareText(left.class ?? '', right.class ?? '')
  )
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
