/**
 * Class 11. A span ends before its own local children begin, although the work is not detached: it is shorter than it is
 * otherwise and keeps its caller waiting, or, where all of them are so, the caller's end follows the children's. A child
 * that outlives its parent, or that begins just after it because a goroutine was scheduled late, is no break.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import { at, MIN_SIGHTINGS, nameOfOperation, type TrustFacts } from '../trust/trust-facts.ts'
import { type EndsOfPair, endsEarly, keepsCaller, MIN_SOUND, measureEnds } from './measure-ends.ts'

export const borrowedSpanEnded: BreakClassRule = {
  class: 'borrowed-span-ended',
  find(facts) {
    const byParent = Map.groupBy(measureEnds(facts), ({ parent }) => parent)
    return [...byParent.values()].flatMap((pairs) => describeParents(facts, pairs))
  },
}

function describeParents(facts: TrustFacts, pairs: readonly EndsOfPair[]): BreakGroup[] {
  const { forest, operations } = facts
  const many = pairs.filter(({ late }) => late.length >= MIN_SIGHTINGS)
  const compared = many.filter((pair) => endsEarly(facts, pair))
  const sure = compared.length > 0 ? compared : findKept(facts, many)
  const children = sure.flatMap(({ late }) => late)
  const parents = [...new Set(children.map((row) => at(forest.parents, row)))].sort((left, right) => left - right)
  const first = children[0]
  if (first === undefined) return []
  const names = [...new Set(sure.map(({ child }) => nameOfOperation(facts, child)))].slice(0, 3).join(', ')
  // What begins after such an end is late by the same fault, be it seldom.
  const taken = new Set(parents)
  for (const pair of pairs) for (const row of pair.late) if (taken.has(at(forest.parents, row))) facts.taken[row] = 1
  const place = makePlace(facts, parents)
  const sign =
    compared.length > 0 ? 'they are shorter than the others, in which it lies within' : 'their caller waits for it'
  const operation = nameOfOperation(facts, at(operations.of, parents[0] as number))
  const why = `${parents.length} of ${place.crossed} ${operation} end before their own children (${names}) begin; ${sign}`
  return [{ ...place, shape: 'direct', claims: [{ class: 'borrowed-span-ended', score: 0.9, why }] }]
}

/** Pairs that are hardly ever sound, if the caller waits for their children all the same. */
function findKept(facts: TrustFacts, pairs: readonly EndsOfPair[]): readonly EndsOfPair[] {
  const { spans, forest } = facts
  const mostly = pairs.filter(({ late, soundCount, cutCount }) => {
    if (soundCount >= MIN_SOUND || late.length < soundCount || late.length < cutCount) return false
    return late.filter((row) => endsWithinCaller(row)).length >= 0.9 * late.length
  })
  const rows = mostly.flatMap(({ late }) => late)
  const byParent = [...Map.groupBy(rows, (row) => at(forest.parents, row)).values()]
  return byParent.length >= MIN_SIGHTINGS && keepsCaller(facts, byParent) ? mostly : []

  function endsWithinCaller(row: number): boolean {
    const caller = at(forest.parents, at(forest.parents, row))
    return caller >= 0 && at(spans.endNs, row) <= at(spans.endNs, caller)
  }
}
