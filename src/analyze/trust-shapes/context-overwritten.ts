/**
 * Class 20. A chain of one operation in one process, each the child of the one before and begun after that one ended.
 * Recursion lies within its parent, and retries are siblings: neither is this.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import { at, countTraces, instanceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

/** Links in a row: fewer may be one retry. */
const MIN_LINKS = 2
const GAP_NS = 60e9

export const contextOverwritten: BreakClassRule = {
  class: 'context-overwritten',
  find(facts) {
    const { spans, forest } = facts
    const depths = new Map<number, number>()
    const linked: number[] = []
    for (let index = 0; index < forest.rows.length; index++) {
      const row = at(forest.rows, index)
      if (isLink(facts, row)) linked.push(row)
    }
    linked.sort((left, right) => at(spans.startNs, left) - at(spans.startNs, right) || left - right)
    for (const row of linked) depths.set(row, (depths.get(at(forest.parents, row)) ?? 0) + 1)
    const deep = new Set<number>()
    for (const row of linked) {
      if ((depths.get(row) ?? 0) < MIN_LINKS) continue
      for (let above = row; depths.has(above) && !deep.has(above); above = at(forest.parents, above)) deep.add(above)
    }
    const rows = linked.filter((row) => deep.has(row) && facts.taken[row] === 0)
    return groupByOperation(facts, rows).map((own): BreakGroup => {
      for (const row of own) facts.taken[row] = 1
      const place = makePlace(facts, own)
      const most = own.reduce((max, row) => Math.max(max, depths.get(row) ?? 0), 0)
      const why = `${own.length} spans ${place.operation} in ${countTraces(facts, own)} traces begin after the end of their parent, which is one of the same operation; up to ${most + 1} in a chain`
      return { ...place, shape: 'direct', claims: [{ class: 'context-overwritten', score: 0.92, why }] }
    })
  },
}

function isLink(facts: TrustFacts, row: number): boolean {
  const { spans, forest, operations } = facts
  const parent = at(forest.parents, row)
  if (parent < 0 || operations.of[parent] !== operations.of[row]) return false
  if (instanceOfRow(facts, parent) !== instanceOfRow(facts, row)) return false
  const gap = at(spans.startNs, row) - at(spans.endNs, parent)
  return gap >= 0 && gap < GAP_NS
}
