/**
 * Class 20. A chain of one operation in one process, each the child of the one before and begun after that one ended; and
 * what the handler does after the loop, which hangs below the last turn. Recursion lies within its parent, work that
 * fans out has many children, and retries are siblings: none is this. A chain of two counts where the handler above is
 * open all the while, or where the operation makes longer ones, too.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import {
  at,
  CONSUMER,
  countTraces,
  instanceOfRow,
  MIN_SIGHTINGS,
  SERVER,
  type TrustFacts,
} from '../trust/trust-facts.ts'

const GAP_NS = 60e9
/** Of the links: so many of the same operation may lie within, or fan out. */
const MOST_OTHER = 0.1
const WAITED = 0.9

type Chains = { readonly links: number[]; within: number }

export const contextOverwritten: BreakClassRule = {
  class: 'context-overwritten',
  find(facts) {
    const chains = collectChains(facts)
    const tops = new Map<number, number>()
    const broken = new Set<number>()
    for (const [operation, { links, within }] of chains) {
      links.sort((left, right) => at(facts.spans.startNs, left) - at(facts.spans.startNs, right) || left - right)
      if (isChain(facts, links, within, tops)) broken.add(operation)
    }
    if (broken.size === 0) return []
    const after = collectAfter(facts, broken, tops)
    return [...broken].map((operation): BreakGroup => {
      const links = chains.get(operation)?.links ?? []
      return describeChains(facts, links, after.get(operation) ?? [], tops)
    })
  },
}

/** By operation: spans that follow one of their own operation, which is their parent. */
function collectChains(facts: TrustFacts): Map<number, Chains> {
  const { spans, forest, operations } = facts
  const chains = new Map<number, Chains>()
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    const operation = at(operations.of, row)
    if (parent < 0 || operations.of[parent] !== operation || facts.taken[row] === 1) continue
    if (instanceOfRow(facts, parent) !== instanceOfRow(facts, row)) continue
    let own = chains.get(operation)
    if (own === undefined) {
      own = { links: [], within: 0 }
      chains.set(operation, own)
    }
    const gap = at(spans.startNs, row) - at(spans.endNs, parent)
    if (gap < 0) own.within++
    else if (gap < GAP_NS) own.links.push(row)
  }
  return chains
}

/** Enters: links of one operation by start. Notes the first span of each one's chain. */
function isChain(facts: TrustFacts, links: readonly number[], within: number, tops: Map<number, number>): boolean {
  if (links.length < MIN_SIGHTINGS || within > MOST_OTHER * links.length) return false
  const { spans, forest } = facts
  const parents = new Set<number>()
  let waited = 0
  let isDeep = false
  for (const row of links) {
    const parent = at(forest.parents, row)
    parents.add(parent)
    isDeep ||= tops.has(parent)
    const top = tops.get(parent) ?? parent
    tops.set(row, top)
    const above = at(forest.parents, top)
    if (above >= 0 && at(spans.endNs, above) >= at(spans.endNs, row)) waited++
  }
  if (parents.size < (1 - MOST_OTHER) * links.length) return false
  return isDeep || waited >= WAITED * links.length
}

/** Other spans that begin below one of the operation that has ended, while the handler above the chain is open. */
function collectAfter(
  facts: TrustFacts,
  broken: ReadonlySet<number>,
  tops: ReadonlyMap<number, number>,
): Map<number, number[]> {
  const { spans, forest, operations } = facts
  const after = new Map<number, number[]>()
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    if (parent < 0 || facts.taken[row] === 1) continue
    const operation = at(operations.of, parent)
    if (!broken.has(operation) || operations.of[row] === operation) continue
    const kind = at(spans.kinds, row)
    if (kind === SERVER || kind === CONSUMER || instanceOfRow(facts, parent) !== instanceOfRow(facts, row)) continue
    const gap = at(spans.startNs, row) - at(spans.endNs, parent)
    const above = at(forest.parents, tops.get(parent) ?? parent)
    if (gap < 0 || gap >= GAP_NS || (above >= 0 && at(spans.startNs, row) > at(spans.endNs, above))) continue
    const list = after.get(operation)
    if (list === undefined) after.set(operation, [row])
    else list.push(row)
  }
  return after
}

function describeChains(
  facts: TrustFacts,
  links: readonly number[],
  after: readonly number[],
  tops: ReadonlyMap<number, number>,
): BreakGroup {
  for (const row of links) facts.taken[row] = 1
  for (const row of after) facts.taken[row] = 1
  const depths = new Map<number, number>()
  let most = 0
  for (const row of links) {
    const depth = (depths.get(at(facts.forest.parents, row)) ?? 0) + 1
    depths.set(row, depth)
    most = Math.max(most, depth)
  }
  const rows = [...links, ...after]
  const place = makePlace(facts, rows)
  const more = after.length === 0 ? '' : `; ${after.length} other spans hang below one that had ended, too`
  const chained = new Set(links.map((row) => tops.get(row))).size
  const why = `${links.length} spans ${place.operation} in ${chained} chains (${countTraces(facts, links)} traces) begin after the end of their parent, which is one of the same operation; up to ${most + 1} in a chain${more}`
  return { ...place, shape: 'direct', claims: [{ class: 'context-overwritten', score: 0.92, why }] }
}
