/**
 * Class 11. A span ends before its own local children are done (or begin), although the work is not detached: it is
 * shorter than it is otherwise and keeps its caller waiting, or, where all of them are so, the caller's end follows the
 * children's. A child that outlives its parent as a goroutine does, or begins just after it because one was scheduled
 * late, is no break.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import { at, MIN_SIGHTINGS, nameOfOperation, type TrustFacts } from '../trust/trust-facts.ts'
import { type EndsOfPair, endsEarly, keepsCaller, keptNs, MIN_SOUND, measureEnds, runsOnNs } from './measure-ends.ts'

export const borrowedSpanEnded: BreakClassRule = {
  class: 'borrowed-span-ended',
  find(facts) {
    const byParent = Map.groupBy(measureEnds(facts), ({ parent }) => parent)
    return [...byParent.values()].flatMap((pairs) => describeParents(facts, pairs))
  },
}

function describeParents(facts: TrustFacts, pairs: readonly EndsOfPair[]): BreakGroup[] {
  const { forest, operations } = facts
  const many = pairs.filter(({ outside }) => outside.length >= MIN_SIGHTINGS)
  const compared = many.filter((pair) => endsEarly(facts, pair))
  const sure = compared.length > 0 ? compared : findKept(facts, many)
  const children = sure.flatMap(({ outside }) => outside)
  const parents = [...new Set(children.map((row) => at(forest.parents, row)))].sort((left, right) => left - right)
  const first = children[0]
  if (first === undefined) return []
  const names = [...new Set(sure.map(({ child }) => nameOfOperation(facts, child)))].slice(0, 3).join(', ')
  // What begins after such an end is late by the same fault, be it seldom.
  const taken = new Set(parents)
  for (const pair of pairs) for (const row of pair.outside) if (taken.has(at(forest.parents, row))) facts.taken[row] = 1
  const place = makePlace(facts, parents)
  const sign =
    compared.length > 0 ? 'they are shorter than the others, in which it lies within' : 'their caller waits for it'
  const operation = nameOfOperation(facts, at(operations.of, parents[0] as number))
  const why = `${parents.length} of ${place.crossed} ${operation} end before their own children (${names}) are done; ${sign}`
  return [{ ...place, shape: 'direct', claims: [{ class: 'borrowed-span-ended', score: 0.9, why }] }]
}

/** Pairs that are hardly ever sound, if the caller waits for their children all the same. */
function findKept(facts: TrustFacts, many: readonly EndsOfPair[]): readonly EndsOfPair[] {
  const { parents } = facts.forest
  const mostly = many.filter(({ outside, soundCount, cutCount, farCount }) => {
    const near = cutCount - farCount
    if (soundCount >= MIN_SOUND || outside.length < soundCount || outside.length < near) return false
    return outside.filter((row) => endsWithinCaller(row)).length >= 0.9 * outside.length
  })
  const rows = mostly.flatMap(({ outside }) => outside)
  const byParent = [...Map.groupBy(rows, (row) => at(parents, row)).values()]
  return byParent.length >= MIN_SIGHTINGS && keepsCaller(facts, byParent) ? mostly : []

  function endsWithinCaller(row: number): boolean {
    const kept = keptNs(facts, at(parents, row))
    return kept !== undefined && kept >= runsOnNs(facts, row)
  }
}
