/**
 * Spans whose parent is not there, by who should have exported it. Enters: the facts. Leaves: groups of shape `loss` per
 * owner (the usual parent's service; the span's own where the parent was local), apart for traces in which the owner is
 * wholly missing; `hop` where a childless client of the same trace holds the orphan; and what is no break yet or none at
 * all: still inside the settle window, begun before the data, read from a source that shows only a part.
 */
import type { BreakGroup } from '../trust/break-group.ts'
import { ORPHAN, ROOT } from '../trust/forest.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import {
  at,
  CLIENT,
  CONSUMER,
  LOCAL,
  nameOfOperation,
  nameOfService,
  percentileRoot,
  REMOTE,
  SERVER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { type Loss, LossProfiles } from './loss-profiles.ts'
import { measureLosses } from './measure-losses.ts'

const SECOND_NS = 1e9
const MAX_OUTSIDE_NS = 60 * SECOND_NS
/** How far a span may stand out of the client's span that holds it. */
const TOLERANCE_NS = 1e6
/** Spans of the trace before the orphan that are looked at. */
const MAX_BEFORE = 256

export function findLosses(facts: TrustFacts): BreakGroup[] {
  const { spans, forest, taken } = facts
  const profiles = new LossProfiles()
  const early: number[] = []
  const pending: number[] = []
  const partial: number[] = []
  const hops = new Map<number, number[]>()
  const outsideNs = facts.firstNs + Math.max(SECOND_NS, Math.min(percentileRoot(forest, 0.99), MAX_OUTSIDE_NS))
  const present: Present = {
    services: new Int32Array(facts.services.length).fill(-1),
    operations: new Int32Array(facts.operations.list.length).fill(-1),
  }
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const from = at(forest.traceStart, trace)
    const to = at(forest.traceStart, trace + 1)
    let isMarked = false
    let isOutside: boolean | undefined
    let losses: Loss[] | undefined
    for (let index = from; index < to; index++) {
      const row = at(forest.rows, index)
      if (forest.parents[row] !== ORPHAN || taken[row] === 1) continue
      if (isOutside === undefined) isOutside = at(facts.traceFirst, trace) < outsideNs && !hasRoot(facts, from, to)
      if (at(facts.traceLast, trace) > facts.readAtNs - facts.settleNs) pending.push(row)
      else if (isOutside) early.push(row)
      else if (spans.sources[at(spans.sourceOf, row)]?.mayBePartial !== undefined) partial.push(row)
      else {
        if (!isMarked) markPresent(facts, trace, present)
        isMarked = true
        const client = isRemote(facts, row) ? findClient(facts, row, from, index) : -1
        if (client >= 0) {
          const key = serviceOfRow(facts, client) * facts.operations.list.length + at(facts.operations.of, row)
          const list = hops.get(key)
          if (list === undefined) hops.set(key, [row])
          else list.push(row)
          continue
        }
        losses ??= []
        losses.push(describeLoss(facts, row, trace, present))
      }
    }
    if (losses !== undefined) profiles.add(losses)
  }
  return [
    ...groupExonerated(facts, early, 'their traces began before the first second of the data'),
    ...groupExonerated(facts, partial, 'the source may show only a part of each trace'),
    ...groupByOperation(facts, pending).map((rows): BreakGroup => ({ ...makePlace(facts, rows), shape: 'pending' })),
    ...[...hops].map(([key, rows]) => describeHop(facts, key, rows)),
    ...measureLosses(facts, profiles),
  ]
}

/** Servers and consumers have their parents elsewhere, all others at home, unless the span itself says. */
export function isRemote({ spans }: TrustFacts, row: number): boolean {
  const place = at(spans.parentPlaces, row)
  if (place === REMOTE || place === LOCAL) return place === REMOTE
  const kind = at(spans.kinds, row)
  return kind === SERVER || kind === CONSUMER
}

function hasRoot({ forest }: TrustFacts, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (forest.parents[at(forest.rows, index)] === ROOT) return true
  return false
}

/** The last trace in which each was marked. */
type Present = { readonly services: Int32Array; readonly operations: Int32Array }

function markPresent(facts: TrustFacts, trace: number, present: Present): void {
  const { forest, operations } = facts
  for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
    const row = at(forest.rows, index)
    present.services[serviceOfRow(facts, row)] = trace
    present.operations[at(operations.of, row)] = trace
  }
}

/** A childless client span of the trace, in another service, that holds the orphan and is where its parent usually is. */
function findClient(facts: TrustFacts, row: number, from: number, place: number): number {
  const { spans, forest, operations } = facts
  const operation = at(operations.of, row)
  const parents = facts.parentsOf.get(operation) ?? []
  const service = serviceOfRow(facts, row)
  for (let index = place; index >= Math.max(from, place - MAX_BEFORE); index--) {
    const client = at(forest.rows, index)
    if (at(spans.kinds, client) !== CLIENT || facts.answered[client] === 1) continue
    if (serviceOfRow(facts, client) === service) continue
    if (at(spans.endNs, client) + TOLERANCE_NS < at(spans.endNs, row)) continue
    const own = at(operations.of, client)
    const answer = at(facts.usualAnswer, own)
    if (parents.includes(own) || answer === operation || (parents.length === 0 && answer < 0)) return client
  }
  return -1
}

function describeLoss(facts: TrustFacts, row: number, trace: number, present: Present): Loss {
  const remote = isRemote(facts, row)
  const own = serviceOfRow(facts, row)
  const parent = guessParent(facts, at(facts.operations.of, row), trace, present, remote ? -1 : own)
  const owner = remote ? (parent < 0 ? -1 : at(facts.opService, parent)) : own
  const isAbsent = owner >= 0 && at(present.services, owner) !== trace
  const isFirst = at(facts.spans.startNs, row) <= at(facts.traceFirst, trace)
  return { row, trace, owner, parent, remote, isAbsent, isFirst }
}

/** Of the operations that are its parents elsewhere: one whose service is not in the trace, else one that is not itself. */
function guessParent(
  { parentsOf, opService }: TrustFacts,
  operation: number,
  trace: number,
  present: Present,
  service: number,
): number {
  const known = parentsOf.get(operation) ?? []
  const candidates = service < 0 ? known : known.filter((parent) => at(opService, parent) === service)
  return (
    candidates.find((parent) => at(present.services, at(opService, parent)) !== trace) ??
    candidates.find((parent) => at(present.operations, parent) !== trace) ??
    candidates[0] ??
    -1
  )
}

function describeHop(facts: TrustFacts, key: number, rows: readonly number[]): BreakGroup {
  const size = facts.operations.list.length
  const from = nameOfService(facts, Math.floor(key / size))
  const operation = key % size
  const to = nameOfService(facts, at(facts.opService, operation))
  const place = makePlace(facts, rows)
  const usual = at(facts.usualParent, operation)
  const sound = usual < 0 ? 0 : at(facts.usualCount, operation)
  return { ...place, shape: 'hop', from, to, edge: { from, to }, crossed: place.affected + sound }
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
