/**
 * Pairs of operations of which one lies within the other though both are children of one parent in one process. Enters:
 * the facts. Leaves: per pair how often they are siblings, how often one lies within the other, and whether the outer
 * one waits for the last of those within it. Of a parent's children the first 24 are looked at.
 */
import { at, INTERNAL, instanceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import { median } from '../trust/windows.ts'
import { correlate } from './measure-ends.ts'

const MAX_CHILDREN = 24
const MAX_PAIRS = 50_000
const MAX_DURATIONS = 2_000

export type SiblingsWithin = {
  readonly outer: number
  readonly outerKind: number
  /** The inner operation's usual parent is the outer one. */
  readonly isUsual: boolean
  /** Inner rows that lie within. */
  readonly rows: readonly number[]
  /** Times both were siblings; times within. */
  readonly beside: number
  readonly within: number
  /** Correlation of the outer's duration with the time until the last of what lies within it has ended. */
  readonly together: number
  /** How much varies what the outer does after that, as a share of how much that time does: it waits for it if little. */
  readonly looseness: number
  /** Of the outer ones: the share in which the inner ones are the last within, or done before that one begins. */
  readonly inTurn: number
  /** Of the rows within, those that overlap another of their operation. */
  readonly parallel: number
}

type Counts = {
  rows: number[]
  beside: number
  within: number
  parallel: number
  /** Of the outer one: its duration, and until the last within it has ended. */
  outers: number[]
  untils: number[]
  inTurn: number
}

export function findSiblingsWithin(facts: TrustFacts): SiblingsWithin[] {
  const { spans, forest, operations } = facts
  const size = operations.list.length
  const pairs = new Map<number, Counts>()
  const list: number[] = []
  for (let parent = 0; parent < spans.count; parent++) {
    const from = at(forest.childStart, parent)
    const to = at(forest.childStart, parent + 1)
    if (to - from < 2) continue
    list.length = 0
    const instance = instanceOfRow(facts, parent)
    for (let index = from; index < Math.min(to, from + MAX_CHILDREN); index++) {
      const row = at(forest.children, index)
      if (instanceOfRow(facts, row) === instance) list.push(row)
    }
    for (const outer of list) if (at(spans.kinds, outer) <= INTERNAL) countWithin(facts, pairs, list, outer, size)
  }
  return [...pairs].map(([key, counts]) => describePair(facts, Math.floor(key / size), key % size, counts))
}

function countWithin(
  facts: TrustFacts,
  pairs: Map<number, Counts>,
  list: readonly number[],
  outer: number,
  size: number,
): void {
  const { spans, operations } = facts
  const outerOperation = at(operations.of, outer)
  const isLeaf = !hasLocalChild(facts, outer)
  const start = at(spans.startNs, outer)
  const end = at(spans.endNs, outer)
  const held = new Map<Counts, number>()
  let last = -1
  let lastWithin = Number.NEGATIVE_INFINITY
  for (const inner of list) {
    const operation = at(operations.of, inner)
    if (inner === outer || operation === outerOperation) continue
    const isUsual = at(facts.usualParent, operation) === outerOperation
    if (!isLeaf && !isUsual) continue
    const key = outerOperation * size + operation
    let counts = pairs.get(key)
    if (counts === undefined) {
      if (pairs.size >= MAX_PAIRS) continue
      counts = { rows: [], beside: 0, within: 0, parallel: 0, outers: [], untils: [], inTurn: 0 }
      pairs.set(key, counts)
    }
    counts.beside++
    const begins = at(spans.startNs, inner)
    const ends = at(spans.endNs, inner)
    if (begins <= start || ends > end) continue
    counts.within++
    counts.rows.push(inner)
    if (begins < lastWithin) counts.parallel++
    lastWithin = Math.max(lastWithin, ends)
    if (last < 0 || ends > at(spans.endNs, last)) last = inner
    held.set(counts, Math.max(held.get(counts) ?? ends, ends))
  }
  for (const [counts, untilNs] of held) {
    if (counts.outers.length >= MAX_DURATIONS) continue
    const lastNs = at(spans.endNs, last)
    counts.outers.push(end - start)
    counts.untils.push(lastNs - start)
    if (untilNs === lastNs || untilNs <= at(spans.startNs, last)) counts.inTurn++
  }
}

function hasLocalChild(facts: TrustFacts, row: number): boolean {
  const { forest } = facts
  for (let index = at(forest.childStart, row); index < at(forest.childStart, row + 1); index++) {
    if (instanceOfRow(facts, at(forest.children, index)) === instanceOfRow(facts, row)) return true
  }
  return false
}

function describePair(facts: TrustFacts, outer: number, inner: number, counts: Counts): SiblingsWithin {
  return {
    outer,
    outerKind: facts.operations.list[outer]?.kind ?? 0,
    isUsual: at(facts.usualParent, inner) === outer,
    rows: counts.rows,
    beside: counts.beside,
    within: counts.within,
    together: correlate(counts.outers, counts.untils),
    looseness: measureLooseness(counts),
    inTurn: counts.inTurn / Math.max(1, counts.outers.length),
    parallel: counts.rows.length === 0 ? 0 : counts.parallel / counts.rows.length,
  }
}

function measureLooseness({ outers, untils }: Counts): number {
  const spread = (values: readonly number[]): number => {
    const middle = median(values)
    return median(values.map((value) => Math.abs(value - middle)))
  }
  return spread(outers.map((value, index) => value - at(untils, index))) / Math.max(1, spread(untils))
}
