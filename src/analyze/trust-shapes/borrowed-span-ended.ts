/**
 * Class 11. A span ends before its own local children begin, although the work is not detached: whoever called still
 * waits for them, or the same children lie within the same parents in the traces that are sound. Detached work that
 * outlives its request looks alike but is neither waited for nor ever within.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import {
  at,
  CONSUMER,
  instanceOfRow,
  MIN_SIGHTINGS,
  nameOfOperation,
  SERVER,
  type TrustFacts,
} from '../trust/trust-facts.ts'

const LEAST_SHARE = 0.7
const WITHIN_SHARE = 0.3
const MAX_GAP_NS = 60e9

export const borrowedSpanEnded: BreakClassRule = {
  class: 'borrowed-span-ended',
  find(facts) {
    const { forest, operations } = facts
    const within = new Uint32Array(operations.list.length)
    const late: number[] = []
    for (let row = 0; row < facts.spans.count; row++) {
      const place = placeOf(facts, row)
      if (place === 'within') within[at(operations.of, row)] = at(within, at(operations.of, row)) + 1
      if (place === 'late' && facts.taken[row] === 0) late.push(row)
    }
    const childrenOf = new Map<number, number[]>()
    for (const row of late) {
      const parent = at(forest.parents, row)
      const list = childrenOf.get(parent)
      if (list === undefined) childrenOf.set(parent, [row])
      else list.push(row)
    }
    return groupByOperation(facts, [...childrenOf.keys()]).flatMap((parents) =>
      describeParents(facts, parents, childrenOf, within),
    )
  },
}

/** Of a local child of a parent that has ended: begun within it, or later. */
function placeOf(facts: TrustFacts, row: number): 'within' | 'late' | undefined {
  const { spans, forest, operations } = facts
  const parent = at(forest.parents, row)
  if (parent < 0 || instanceOfRow(facts, parent) !== instanceOfRow(facts, row)) return undefined
  const kind = at(spans.kinds, row)
  if (kind === SERVER || kind === CONSUMER || operations.of[parent] === operations.of[row]) return undefined
  if (at(spans.endNs, parent) <= at(spans.startNs, parent)) return undefined
  const gap = at(spans.startNs, row) - at(spans.endNs, parent)
  if (gap < 0) return 'within'
  return gap < MAX_GAP_NS ? 'late' : undefined
}

function describeParents(
  facts: TrustFacts,
  parents: readonly number[],
  childrenOf: ReadonlyMap<number, readonly number[]>,
  within: Uint32Array,
): BreakGroup[] {
  const { operations, opRows } = facts
  const waited = parents.filter((parent) => isWaitedFor(facts, parent, childrenOf.get(parent) ?? []))
  const usual = parents.filter((parent) =>
    (childrenOf.get(parent) ?? []).some((child) => {
      const operation = at(operations.of, child)
      return at(within, operation) >= MIN_SIGHTINGS && at(within, operation) >= WITHIN_SHARE * at(opRows, operation)
    }),
  )
  const isWaited = waited.length >= LEAST_SHARE * parents.length
  const isUsual = usual.length >= LEAST_SHARE * parents.length
  if (!isWaited && !isUsual) return []
  for (const parent of parents) for (const child of childrenOf.get(parent) ?? []) facts.taken[child] = 1
  const place = makePlace(facts, parents)
  const child = childrenOf.get(parents[0] as number)?.[0] ?? 0
  const name = nameOfOperation(facts, at(operations.of, child))
  const sign = isWaited ? `${waited.length} of them while their caller still waits` : `otherwise ${name} lies within it`
  const why = `${parents.length} of ${place.crossed} ${place.operation} end before their own children (${name}) begin; ${sign}`
  return [{ ...place, shape: 'direct', claims: [{ class: 'borrowed-span-ended', score: 0.9, why }] }]
}

/** The parent's own parent is open until all the late children have ended. */
function isWaitedFor({ spans, forest }: TrustFacts, parent: number, children: readonly number[]): boolean {
  const above = at(forest.parents, parent)
  if (above < 0) return false
  return children.every((child) => at(spans.endNs, child) <= at(spans.endNs, above))
}
