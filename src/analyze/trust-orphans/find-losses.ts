/**
 * Spans whose parent is not there, trace by trace: whose parent it was, and what of it is no loss at all. Enters: the
 * facts. Leaves: groups of shape `loss` per service that should have exported the parents; and what is no break, or
 * none yet: callers from outside, a hop between two services that exports elsewhere, spans inside the settle window,
 * traces begun before the data, sources that show only a part.
 */
import type { BreakGroup } from '../trust/break-group.ts'
import { ORPHAN, ROOT } from '../trust/forest.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import {
  at,
  CONSUMER,
  LOCAL,
  nameOfOperation,
  percentileRoot,
  REMOTE,
  SERVER,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { measureLosses } from '../trust-losses/measure-losses.ts'
import type { Loss } from '../trust-losses/visits.ts'
import { groupCallers, isOutsideCaller } from './find-outside-callers.ts'
import { findSilentHop, groupHops, type Hop, listUnanswered } from './find-silent-hops.ts'
import { describeLoss, layToLosers, learnOwners, markPresent, type Owners } from './guess-owner.ts'

const SECOND_NS = 1e9
const MAX_OUTSIDE_NS = 60 * SECOND_NS
/** And at its end, where a batch may be out. */
const MAX_OPEN_SHARE = 0.02
/** A batch of the default processor is exported every 5 s. */
const BATCH_NS = 5 * SECOND_NS
/** Of the data, the part at its beginning whose traces may have begun before. */
const MAX_OUTSIDE_SHARE = 0.05

export function findLosses(facts: TrustFacts): BreakGroup[] {
  const { spans, forest, taken } = facts
  const early: number[] = []
  const pending: number[] = []
  const partial: number[] = []
  const callers: number[] = []
  const hops: Hop[] = []
  const losses: Loss[] = []
  const outsideNs = facts.firstNs + measureOutside(facts)
  const settledNs = Math.min(facts.readAtNs - facts.settleNs, facts.lastNs - measureOpen(facts))
  let owners: Owners | undefined
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const from = at(forest.traceStart, trace)
    const to = at(forest.traceStart, trace + 1)
    const orphans: number[] = []
    let hasRoot = false
    for (let index = from; index < to; index++) {
      const row = at(forest.rows, index)
      if (forest.parents[row] === ROOT) hasRoot = true
      if (forest.parents[row] === ORPHAN && taken[row] !== 1) orphans.push(row)
    }
    if (orphans.length === 0) continue
    const inside: number[] = []
    for (const row of orphans) {
      if (isRemote(facts, row) && isOutsideCaller(facts, row, orphans, hasRoot)) callers.push(row)
      else inside.push(row)
    }
    if (inside.length === 0) continue
    if (at(facts.traceLast, trace) > settledNs) {
      for (const row of inside) pending.push(row)
      continue
    }
    const clients = listUnanswered(facts, from, to)
    const rest: number[] = []
    for (const row of inside) {
      const client = isRemote(facts, row) ? findSilentHop(facts, row, clients) : -1
      if (client >= 0) hops.push({ row, client })
      else rest.push(row)
    }
    const isEarly = !hasRoot && at(facts.traceFirst, trace) < outsideNs
    const full: number[] = []
    for (const row of rest) {
      if (isEarly) early.push(row)
      else if (spans.sources[at(spans.sourceOf, row)]?.mayBePartial !== undefined) partial.push(row)
      else full.push(row)
    }
    if (full.length === 0) continue
    owners ??= learnOwners(facts)
    markPresent(facts, trace, owners.present)
    const waiting = new Set(clients.map((client) => at(facts.usualAnswer, at(facts.operations.of, client))))
    for (const rows of groupByParent(facts, full)) {
      const own = rows.find((row) => !isRemote(facts, row))
      losses.push(describeLoss(facts, owners, trace, rows, own, waiting))
    }
  }
  return [
    ...groupExonerated(facts, early, 'their traces began before the first second of the data'),
    ...groupExonerated(facts, partial, 'the source may show only a part of each trace'),
    ...groupByOperation(facts, pending).map((rows): BreakGroup => ({ ...makePlace(facts, rows), shape: 'pending' })),
    ...groupCallers(facts, callers),
    ...groupHops(facts, hops),
    ...measureLosses(facts, layToLosers(facts, losses)),
  ]
}

/** Servers and consumers have their parents elsewhere, all others at home, unless the span itself says. */
export function isRemote({ spans }: TrustFacts, row: number): boolean {
  const place = at(spans.parentPlaces, row)
  if (place === REMOTE || place === LOCAL) return place === REMOTE
  const kind = at(spans.kinds, row)
  return kind === SERVER || kind === CONSUMER
}

/** How long after its first span the data may still hold traces that began before it. */
function measureOutside(facts: TrustFacts): number {
  const longest = Math.max(SECOND_NS, Math.min(percentileRoot(facts.forest, 0.99), MAX_OUTSIDE_NS))
  return Math.min(longest, MAX_OUTSIDE_SHARE * (facts.lastNs - facts.firstNs))
}

/** However late it is read, data that stops is cut through what ran then, and through what was not yet exported. */
function measureOpen({ forest, firstNs, lastNs, settleNs }: TrustFacts): number {
  const batch = Math.min(BATCH_NS, MAX_OPEN_SHARE * (lastNs - firstNs))
  return Math.min(settleNs, Math.max(percentileRoot(forest, 0.99), batch))
}

function groupByParent({ spans }: TrustFacts, rows: readonly number[]): number[][] {
  const groups = new Map<string, number[]>()
  for (const row of rows) {
    const key = `${at(spans.parentHigh, row)}:${at(spans.parentLow, row)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}

function groupExonerated(facts: TrustFacts, rows: readonly number[], why: string): BreakGroup[] {
  return groupByOperation(facts, rows).map((own): BreakGroup => {
    const place = makePlace(facts, own)
    return {
      ...place,
      shape: 'outside',
      why: `${own.length} spans ${nameOfOperation(facts, at(facts.operations.of, own[0] as number))} without their parents: ${why}`,
    }
  })
}
