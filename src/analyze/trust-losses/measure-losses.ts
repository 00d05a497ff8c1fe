/**
 * What was lost, service by service: parted by what decides which spans are missing, then measured, so that the causes
 * can be told apart. First the traces that a sampler chose by their ids; then one operation that is missing alone; what
 * remains is one group. Each measure compares the lost visits with the kept ones of the same service.
 */
import type { BreakGroup, Lift, LossGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import {
  at,
  attributeText,
  MIN_SIGHTINGS,
  nameOfOperation,
  nameOfService,
  sampleRows,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { type Chosen, countInner, findChosen, type InnerCounts, isOf } from './chosen-operations.ts'
import { findGone } from './gone-together.ts'
import { readLossWords } from './loss-logs.ts'
import { findIdentity, measureRestarts } from './loss-restarts.ts'
import { measureCrowding, measureQuarters, rankDurations, rankLoads } from './loss-timing.ts'
import { partCalls } from './lost-calls.ts'
import { type IdSplit, splitByTraceId } from './trace-id-samplers.ts'
import { gatherVisits, type KeptVisit, type Loss, type LostVisit, listKept } from './visits.ts'

const SAMPLE = 2_000
/** Operations that are missing alone: times as many as what is missing wholly. */
const ONE_PART = 0.5
/** Of the traces, the share in which the same callee's parents are missing: then it is told of that edge. */
const ONE_EDGE = 0.8
/** And at most the share in which another's are. */
const OTHER_EDGE = 0.5

/** Instances that there may be where nothing tells them apart. */
const UNKNOWN_ALIVE = 4

/** Of one owner. */
type Part = {
  readonly owner: number
  readonly visits: readonly LostVisit[]
  readonly split?: IdSplit
  readonly chosen?: Chosen
}

type Shared = {
  readonly inner: InnerCounts
  readonly kept: ReadonlyMap<number, { readonly kept: KeptVisit[]; readonly traces: number }>
  /** Services that lost spans, by trace. */
  readonly losers: ReadonlyMap<number, ReadonlySet<number>>
  /** Traces in which each service lost spans. */
  readonly counts: ReadonlyMap<number, number>
  readonly traces: number
}

export function measureLosses(facts: TrustFacts, losses: readonly Loss[]): BreakGroup[] {
  if (losses.length === 0) return []
  const visits = gatherVisits(facts, losses)
  const shared = shareFacts(facts, visits)
  const groups: BreakGroup[] = []
  for (const [owner, own] of visits) {
    const parts = owner < 0 ? partByOperation(facts, own) : partVisits(facts, shared, owner, own)
    for (const part of parts) groups.push(measurePart(facts, shared, part))
  }
  return groups
}

function shareFacts(facts: TrustFacts, visits: ReadonlyMap<number, readonly LostVisit[]>): Shared {
  const { spans } = facts
  const losers = new Map<number, Set<number>>()
  const counts = new Map<number, number>()
  for (const [owner, own] of visits) {
    if (owner < 0) continue
    counts.set(owner, own.length)
    for (const { trace } of own) {
      const list = losers.get(trace)
      if (list === undefined) losers.set(trace, new Set([owner]))
      else list.add(owner)
    }
  }
  let traces = 0
  for (let trace = 0; trace < spans.traceCount; trace++) {
    if (at(facts.traceLast, trace) <= facts.readAtNs - facts.settleNs) traces++
  }
  return { inner: countInner(facts), kept: listKept(facts, visits), losers, counts, traces }
}

/** Whose parents nobody here ever is: by the operation of the orphans. */
function partByOperation(facts: TrustFacts, visits: readonly LostVisit[]): Part[] {
  const byOperation = new Map<number, LostVisit[]>()
  for (const visit of visits) {
    for (const loss of visit.losses) {
      const operation = at(facts.operations.of, loss.rows[0] as number)
      const list = byOperation.get(operation) ?? []
      byOperation.set(operation, list)
      list.push({ ...visit, losses: [loss] })
    }
  }
  return [...byOperation.values()].map((own) => ({ owner: -1, visits: own }))
}

function partVisits(facts: TrustFacts, shared: Shared, owner: number, visits: readonly LostVisit[]): Part[] {
  const absent = visits.filter(({ isAbsent }) => isAbsent)
  const kept = shared.kept.get(owner)?.kept ?? []
  const split = splitByTraceId(
    facts,
    absent.map(({ trace }) => trace),
    kept.map(({ trace }) => trace),
  )
  const rest = split === undefined ? visits : visits.filter(({ isAbsent }) => !isAbsent)
  const parts: Part[] = split === undefined ? [] : [{ owner, visits: absent, split }]
  const partial = rest.filter(({ isAbsent }) => !isAbsent)
  const chosen = findChosen(facts, shared.inner, owner, partial)
  const alone = chosen === undefined ? [] : partial.filter((visit) => isOf(chosen.operations, visit))
  if (chosen !== undefined && alone.length >= ONE_PART * (rest.length - partial.length)) {
    for (const own of partChosen(alone)) parts.push({ owner, visits: own, chosen })
    const others = rest.filter((visit) => visit.isAbsent || !isOf(chosen.operations, visit))
    if (others.length > 0) parts.push({ owner, visits: others })
  } else if (rest.length > 0) parts.push({ owner, visits: rest })
  return parts
}

/** Each operation that is missing is a place of its own in the source; those seldom missing go with the first. */
function partChosen(visits: readonly LostVisit[]): LostVisit[][] {
  const byOperation = new Map<number, Loss[]>()
  for (const { losses } of visits) {
    for (const loss of losses) {
      const own = byOperation.get(loss.parent) ?? []
      byOperation.set(loss.parent, own)
      own.push(loss)
    }
  }
  const sorted = [...byOperation.values()].sort((left, right) => right.length - left.length)
  const often = sorted.filter((own, index) => index === 0 || own.length >= MIN_SIGHTINGS)
  const seldom = sorted.slice(often.length).flat()
  return often.map((own, index) => {
    const losses = new Set(index === 0 ? [...own, ...seldom] : own)
    return visits.flatMap((visit) => {
      const kept = visit.losses.filter((loss) => losses.has(loss))
      return kept.length === 0 ? [] : [{ ...visit, losses: kept }]
    })
  })
}

function measurePart(facts: TrustFacts, shared: Shared, { owner, visits, split, chosen }: Part): LossGroup {
  const losses = visits.flatMap((visit) => visit.losses)
  const rows = losses.flatMap((loss) => [...loss.rows])
  const { kept = [], traces = 0 } = shared.kept.get(owner) ?? {}
  const place = makePlace(facts, rows)
  const { version, ...own } = place
  const remote = losses.filter((loss) => loss.remote).length
  const absent = visits.filter(({ isAbsent }) => isAbsent).length
  const from = nameOfService(facts, owner)
  const top = measureTop(facts, shared, losses)
  const isKnown = owner >= 0
  const callee = isKnown && remote * 2 > losses.length ? findCallee(facts, visits) : undefined
  const calls = isKnown && split === undefined && chosen === undefined ? partCalls(facts, owner, visits) : undefined
  const units = calls ?? { lost: visits, kept }
  const quarters = measureQuarters(units.lost, units.kept)
  const words = isKnown ? readLossWords(facts, owner, visits, kept) : undefined
  const restarts = measureRestarts(facts, owner, units.lost, units.kept)
  const alive = isKnown && findIdentity(facts, owner) !== 'none' ? countAlive(facts, owner) : UNKNOWN_ALIVE
  return {
    ...own,
    ...(version === undefined || remote > 0 ? {} : { version }),
    shape: 'loss',
    service: isKnown ? from : place.service,
    operation: isKnown && top.operation !== '' ? top.operation : place.operation,
    ...(callee === undefined ? {} : { edge: { from, to: callee } }),
    crossed: isKnown ? Math.max(place.affected, traces + absent) : place.crossed,
    isOwnerKnown: isKnown,
    missing: losses.length,
    local: losses.length - remote,
    remote,
    lost: visits.length,
    absent,
    kept: kept.length,
    ...(calls === undefined ? {} : { calls: { lost: calls.lost.length, kept: calls.kept.length } }),
    ...(split === undefined ? {} : { byTraceId: split }),
    ...(chosen === undefined ? {} : { chosen: { expected: chosen.expected, logChance: chosen.logChance } }),
    topOperation: top.operation,
    topShare: top.share,
    topExpected: top.expected,
    restarts,
    load: rankLoads(facts, units.lost, units.kept),
    duration: rankDurations(facts, units.lost, units.kept),
    crowding: measureCrowding(facts, units.lost, units.kept, alive),
    together: measureTogether(shared, owner, visits),
    gone: isKnown && split === undefined ? findGone(facts, owner, visits).map((one) => nameOfService(facts, one)) : [],
    owners: [...shared.counts.values()].filter((count) => count >= MIN_SIGHTINGS).length,
    quarters: quarters.rates,
    isSteady: quarters.isSteady,
    saysSampled: measureSampled(facts, rows),
    ...(words === undefined ? {} : { words }),
  }
}

/** The service whose calls nearly all of them are: else it is the owner that is hit, and no edge. */
function findCallee(facts: TrustFacts, visits: readonly LostVisit[]): string | undefined {
  const counts = new Map<number, number>()
  for (const { losses } of visits) {
    const callees = new Set(losses.flatMap(({ rows }) => rows.map((row) => serviceOfRow(facts, row))))
    for (const callee of callees) counts.set(callee, (counts.get(callee) ?? 0) + 1)
  }
  const [first, second] = [...counts].sort((left, right) => right[1] - left[1] || left[0] - right[0])
  if (first === undefined || first[1] < ONE_EDGE * visits.length) return undefined
  return (second?.[1] ?? 0) > OTHER_EDGE * visits.length ? undefined : nameOfService(facts, first[0])
}

function measureTop(
  facts: TrustFacts,
  shared: Shared,
  losses: readonly Loss[],
): { operation: string; share: number; expected: number } {
  const counts = new Map<number, number>()
  for (const { parent } of losses) counts.set(parent, (counts.get(parent) ?? 0) + 1)
  const [top, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? [-1, 0]
  const share = count / Math.max(1, losses.length)
  if (top < 0) return { operation: '', share, expected: 0 }
  const inner = at(shared.inner.byOperation, top)
  const expected = (inner + count) / Math.max(1, at(shared.inner.byService, at(facts.opService, top)) + losses.length)
  return { operation: nameOfOperation(facts, top), share, expected }
}

/** Instances of the service at one time, about: their lives over the life of all. */
function countAlive(facts: TrustFacts, owner: number): number {
  const { spans } = facts
  const lives = new Map<number, { first: number; last: number }>()
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let row = 0; row < spans.count; row++) {
    if (serviceOfRow(facts, row) !== owner) continue
    const instance = at(facts.instanceOf, at(spans.resourceOf, row))
    const life = lives.get(instance)
    const start = at(spans.startNs, row)
    const end = at(spans.endNs, row)
    if (life === undefined) lives.set(instance, { first: start, last: end })
    else {
      if (start < life.first) life.first = start
      if (end > life.last) life.last = end
    }
    if (start < first) first = start
    if (end > last) last = end
  }
  let alive = 0
  for (const life of lives.values()) alive += life.last - life.first
  return last <= first ? 1 : Math.max(1, alive / (last - first))
}

/** By chance: as many as of all traces have a loss of another service. */
function measureTogether({ losers, traces }: Shared, owner: number, visits: readonly LostVisit[]): Lift {
  const own = new Set(visits.map(({ trace }) => trace))
  let seen = 0
  let elsewhere = 0
  for (const [trace, services] of losers) {
    if (services.size === (services.has(owner) ? 1 : 0)) continue
    if (own.has(trace)) seen++
    else elsewhere++
  }
  const others = Math.max(1, traces - own.size)
  return { seen: seen / Math.max(1, own.size), chance: elsewhere / others, sample: own.size }
}

function measureSampled(facts: TrustFacts, rows: readonly number[]): number {
  const sample = sampleRows(rows, SAMPLE)
  return sample.filter((row) => saysSampled(facts, row)).length / Math.max(1, sample.length)
}

function saysSampled(facts: TrustFacts, row: number): boolean {
  const { spans } = facts
  const state = spans.strings[at(spans.traceStates, row)] ?? ''
  if (/(^|,)\s*ot=[^,]*\b(th|p|r|rv):/.test(state)) return true
  const keys = ['sampling.probability', 'sampler.param', 'sampling.rule']
  return keys.some((key) => attributeText(facts, row, key) !== undefined)
}
