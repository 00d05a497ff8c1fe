/**
 * What is measured of each loss profile, so that causes can be told apart: is it one operation or all of them, is it the
 * end of an instance's life, is it when the load is high, does it come in clumps, is it the long traces, is it steady.
 * Each measure has what blind loss would give beside it.
 */
import type { BreakGroup, Lift, LossGroup } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { makePlace } from '../trust/places.ts'
import {
  at,
  attributeText,
  countTraces,
  instanceOfRow,
  nameOfOperation,
  nameOfService,
  sampleRows,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { lastBefore } from '../trust/windows.ts'
import type { Loss, LossProfile, LossProfiles } from './loss-profiles.ts'

const SAMPLE = 2_000
/** Two exports of a batch processor as it is by default, and some. */
const TAIL_NS = 12e9
const BINS = 400

export function measureLosses(facts: TrustFacts, profiles: LossProfiles): BreakGroup[] {
  if (profiles.known.size === 0 && profiles.unknown.length === 0) return []
  const shared = shareFacts(facts)
  const groups = [...profiles.known.values()].map((profile) => measureProfile(facts, shared, profile))
  const byOperation = new Map<number, Loss[]>()
  for (const loss of profiles.unknown) {
    const operation = at(facts.operations.of, loss.row)
    const list = byOperation.get(operation)
    if (list === undefined) byOperation.set(operation, [loss])
    else list.push(loss)
  }
  for (const losses of byOperation.values()) {
    const profile = { owner: -1, isAbsent: true, losses, together: 0, traces: 0 }
    groups.push(measureProfile(facts, shared, profile))
  }
  return groups
}

type Shared = {
  /** By operation: spans that have children. */
  readonly inner: Uint32Array
  /** By service: rows with children, in no order. */
  readonly innerRows: ReadonlyMap<number, number[]>
  readonly instanceLast: Float64Array
  /** Spans that begin in each of BINS parts of the window, and their order by load. */
  readonly loads: Float64Array
  readonly binNs: number
  /** Traces per service and quarter, by service * 4 + quarter. */
  readonly traces: Uint32Array
}

function shareFacts(facts: TrustFacts): Shared {
  const { spans, forest, operations } = facts
  const inner = new Uint32Array(operations.list.length)
  const innerRows = new Map<number, number[]>()
  const instanceLast = new Float64Array(facts.instanceCount).fill(Number.NEGATIVE_INFINITY)
  const loads = new Float64Array(BINS)
  const binNs = Math.max(1, (facts.lastNs - facts.firstNs) / BINS)
  for (let row = 0; row < spans.count; row++) {
    const instance = instanceOfRow(facts, row)
    if (at(spans.endNs, row) > at(instanceLast, instance)) instanceLast[instance] = at(spans.endNs, row)
    const bin = binOf(facts, binNs, at(spans.startNs, row))
    loads[bin] = at(loads, bin) + 1
    if (at(forest.childStart, row + 1) === at(forest.childStart, row)) continue
    const operation = at(operations.of, row)
    inner[operation] = at(inner, operation) + 1
    const service = serviceOfRow(facts, row)
    const list = innerRows.get(service)
    if (list === undefined) innerRows.set(service, [row])
    else if (list.length < 200_000) list.push(row)
  }
  return { inner, innerRows, instanceLast, loads, binNs, traces: countByQuarter(facts) }
}

function countByQuarter(facts: TrustFacts): Uint32Array {
  const { spans, forest } = facts
  const traces = new Uint32Array(facts.services.length * 4)
  const seen = new Int32Array(facts.services.length).fill(-1)
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const quarter = quarterOf(facts, at(facts.traceFirst, trace))
    if (at(facts.traceLast, trace) > facts.readAtNs - facts.settleNs) continue
    for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
      const service = serviceOfRow(facts, at(forest.rows, index))
      if (seen[service] === trace) continue
      seen[service] = trace
      const place = service * 4 + quarter
      traces[place] = at(traces, place) + 1
    }
  }
  return traces
}

/** Of the part of the window in which nothing is pending any more. */
function quarterOf({ firstNs, lastNs, readAtNs, settleNs }: TrustFacts, timeNs: number): number {
  const settledNs = Math.min(lastNs, readAtNs - settleNs) - firstNs
  return Math.max(0, Math.min(3, Math.floor((4 * (timeNs - firstNs)) / Math.max(1, settledNs))))
}

function binOf({ firstNs }: TrustFacts, binNs: number, timeNs: number): number {
  return Math.max(0, Math.min(BINS - 1, Math.floor((timeNs - firstNs) / binNs)))
}

function measureProfile(facts: TrustFacts, shared: Shared, profile: LossProfile): LossGroup {
  const { owner, losses, isAbsent } = profile
  const rows = losses.map(({ row }) => row)
  const parents = distinctParents(facts, losses)
  const place = makePlace(facts, rows)
  const quarters = measureQuarters(facts, shared, profile)
  const crossed = owner < 0 ? place.crossed : quarters.crossed
  const blind = owner < 0 ? [] : pickBlind(facts, shared.innerRows.get(owner) ?? [], parents.length)
  const from = nameOfService(facts, owner)
  const remote = parents.filter((loss) => loss.remote).length
  const mostRemote = remote * 2 > parents.length && owner >= 0
  const edge = mostRemote ? { edge: { from, to: place.service } } : {}
  const top = measureTop(facts, shared, parents)
  return {
    ...place,
    shape: 'loss',
    service: owner < 0 ? place.service : from,
    operation: owner < 0 || top.operation === '' ? place.operation : top.operation,
    ...edge,
    crossed: Math.max(place.affected, crossed),
    wholeService: isAbsent,
    isOwnerKnown: owner >= 0,
    missing: parents.length,
    local: parents.length - remote,
    remote,
    topOperation: top.operation,
    topShare: top.share,
    topExpected: top.expected,
    tail: pickTail(measureTail(facts, shared, parents, blind, owner), measureSilence(facts, parents, owner)),
    loadRank: rankLoads(facts, shared, parents),
    clumped: measureClumps(facts, parents, blind),
    durationRank: rankDurations(facts, parents, blind),
    together: profile.traces === 0 ? 0 : profile.together / profile.traces,
    quarters: quarters.rates,
    saysSampled: parents.filter((loss) => saysSampled(facts, loss.row)).length / Math.max(1, parents.length),
    atEdge: losses.filter((loss) => loss.isFirst).length / Math.max(1, losses.length),
  }
}

/** One loss for each parent that is missing. */
function distinctParents({ spans }: TrustFacts, losses: readonly Loss[]): Loss[] {
  const seen = new Set<string>()
  return losses.filter(({ row, trace }) => {
    const key = `${trace}:${at(spans.parentHigh, row)}:${at(spans.parentLow, row)}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** As many of the owner's spans with children, picked by their ids: as blind loss would. */
function pickBlind({ spans }: TrustFacts, rows: readonly number[], wanted: number): number[] {
  const most = Math.min(Math.max(wanted, 200), SAMPLE)
  const limit = rows.length === 0 ? 0 : (most / rows.length) * 4_294_967_296
  return rows.filter((row) => Math.imul(at(spans.idLow, row) ^ at(spans.idHigh, row), 0x9e3779b1) >>> 0 < limit)
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
  const service = at(facts.opService, top)
  let all = 0
  let lost = 0
  for (let operation = 0; operation < shared.inner.length; operation++) {
    if (at(facts.opService, operation) !== service) continue
    all += at(shared.inner, operation)
    lost += counts.get(operation) ?? 0
  }
  const expected = (at(shared.inner, top) + count) / Math.max(1, all + lost)
  return { operation: nameOfOperation(facts, top), share, expected }
}

/** Within TAIL_NS of the end of an instance that ends well before the data does: its own, or one of the owner's. */
function measureTail(
  facts: TrustFacts,
  shared: Shared,
  losses: readonly Loss[],
  blind: readonly number[],
  owner: number,
): Lift {
  const { spans } = facts
  const isDead = (instance: number): boolean => at(shared.instanceLast, instance) < facts.lastNs - TAIL_NS
  const deaths = new Set<number>()
  facts.serviceOf.forEach((service, resource) => {
    const instance = at(facts.instanceOf, resource)
    if (service === owner && isDead(instance)) deaths.add(at(shared.instanceLast, instance))
  })
  if (deaths.size === 0) return { seen: 0, chance: 0, sample: losses.length }
  const nearAny = (timeNs: number): boolean => {
    for (const death of deaths) if (timeNs >= death - TAIL_NS && timeNs <= death + TAIL_NS) return true
    return false
  }
  const nearOwn = (row: number): boolean => {
    const instance = instanceOfRow(facts, row)
    return isDead(instance) && at(spans.endNs, row) >= at(shared.instanceLast, instance) - TAIL_NS
  }
  const holds = (row: number, remote: boolean): boolean => (remote ? nearAny(at(spans.startNs, row)) : nearOwn(row))
  const seen = losses.filter((loss) => holds(loss.row, loss.remote)).length
  const isRemote = losses.filter(({ remote }) => remote).length * 2 > losses.length
  const byChance = blind.filter((row) => holds(row, isRemote)).length
  return {
    seen: seen / Math.max(1, losses.length),
    chance: byChance / Math.max(1, blind.length),
    sample: losses.length,
  }
}

function pickTail(one: Lift, other: Lift): Lift {
  return other.seen - other.chance > one.seen - one.chance ? other : one
}

/**
 * Remote losses after the last span of an instance, until the owner's next instance begins: what was never flushed, its
 * own spans included. By chance: the share of all spans that begin in such times.
 */
function measureSilence(facts: TrustFacts, losses: readonly Loss[], owner: number): Lift {
  const { spans } = facts
  const remote = losses.filter((loss) => loss.remote)
  const none = { seen: 0, chance: 1, sample: losses.length }
  if (owner < 0 || remote.length * 2 <= losses.length) return none
  const lives = new Map<number, { first: number; last: number }>()
  for (let row = 0; row < spans.count; row++) {
    if (serviceOfRow(facts, row) !== owner) continue
    const instance = instanceOfRow(facts, row)
    const life = lives.get(instance) ?? { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY }
    lives.set(instance, life)
    life.first = Math.min(life.first, at(spans.startNs, row))
    life.last = Math.max(life.last, at(spans.endNs, row))
  }
  // An instance that is only seen at the end of the data may go on: one that was followed by another has ended.
  const firsts = [...lives.values()].map(({ first }) => first).sort((left, right) => left - right)
  if (firsts.length < 2) return none
  const silences = [...lives.values()]
    .map(({ last }) => ({
      from: last,
      to: Math.min(last + TAIL_NS, firsts.find((first) => first > last) ?? facts.lastNs),
    }))
    .sort((left, right) => left.from - right.from)
  const isSilent = (timeNs: number): boolean => silences.some(({ from, to }) => timeNs >= from && timeNs <= to)
  const size = Math.min(SAMPLE, spans.count)
  const sample = Array.from({ length: size }, (_, index) => Math.floor((index * spans.count) / size))
  const seen = remote.filter(({ row }) => isSilent(at(spans.startNs, row))).length
  const byChance = sample.filter((row) => isSilent(at(spans.startNs, row))).length
  return { seen: seen / losses.length, chance: byChance / Math.max(1, sample.length), sample: losses.length }
}

/** Mean over the lost of the share of all spans that came at a lower load. */
function rankLoads(facts: TrustFacts, { loads, binNs }: Shared, losses: readonly Loss[]): number {
  const order = Array.from(loads, (_, bin) => bin).sort((left, right) => at(loads, left) - at(loads, right))
  const ranks = new Float64Array(BINS)
  const total = facts.spans.count
  let below = 0
  for (let index = 0; index < order.length; ) {
    let end = index
    let own = 0
    while (end < order.length && at(loads, at(order, end)) === at(loads, at(order, index))) {
      own += at(loads, at(order, end))
      end++
    }
    for (let place = index; place < end; place++) ranks[at(order, place)] = (below + own / 2) / Math.max(1, total)
    below += own
    index = end
  }
  let sum = 0
  for (const { row } of losses) sum += at(ranks, binOf(facts, binNs, at(facts.spans.startNs, row)))
  return losses.length === 0 ? 0.5 : sum / losses.length
}

/** Traces in which it was lost, in order of time: how many come within a tenth of the mean distance of the one before. */
function measureClumps(facts: TrustFacts, losses: readonly Loss[], blind: readonly number[]): Lift {
  const own = firstTimes(
    facts,
    losses.map(({ row }) => row),
  )
  const other = firstTimes(facts, blind)
  const whole = Math.max(1, facts.lastNs - facts.firstNs)
  const near = (times: readonly number[]): number => {
    if (times.length < 3) return 0
    const limit = (0.1 * whole) / times.length
    let count = 0
    for (let index = 1; index < times.length; index++) {
      if (at(times, index) - at(times, index - 1) <= limit) count++
    }
    return count / (times.length - 1)
  }
  return { seen: near(own), chance: Math.max(0.1, near(other)), sample: own.length }
}

function firstTimes({ spans }: TrustFacts, rows: readonly number[]): number[] {
  const seen = new Set<number>()
  const times: number[] = []
  for (const row of rows) {
    const trace = at(spans.traces, row)
    if (seen.has(trace)) continue
    seen.add(trace)
    times.push(at(spans.startNs, row))
  }
  return times.sort((left, right) => left - right)
}

function rankDurations(facts: TrustFacts, losses: readonly Loss[], blind: readonly number[]): number {
  if (losses.length === 0 || blind.length === 0) return 0.5
  const durationOf = (row: number): number => {
    const trace = at(facts.spans.traces, row)
    return at(facts.traceLast, trace) - at(facts.traceFirst, trace)
  }
  const others = Float64Array.from(blind, durationOf).sort()
  const rows = sampleRows(
    losses.map(({ row }) => row),
    SAMPLE,
  )
  let sum = 0
  for (const row of rows) sum += rankAmong(others, durationOf(row))
  return sum / rows.length
}

/** Share of the values below, equal ones by half; all within a tenth of a percent count as equal. */
function rankAmong(values: Float64Array, value: number): number {
  const low = lastBefore(values, value * 0.999) + 1
  const high = lastBefore(values, value * 1.001) + 1
  return (low + high) / 2 / values.length
}

function measureQuarters(
  facts: TrustFacts,
  shared: Shared,
  { owner, losses, isAbsent }: LossProfile,
): { rates: number[]; crossed: number } {
  const affected = [0, 0, 0, 0]
  const seen = new Set<number>()
  for (const { trace } of losses) {
    if (seen.has(trace)) continue
    seen.add(trace)
    const quarter = quarterOf(facts, at(facts.traceFirst, trace))
    affected[quarter] = at(affected, quarter) + 1
  }
  let crossed = 0
  const rates = affected.map((count, quarter) => {
    const there = owner < 0 ? 0 : at(shared.traces, owner * 4 + quarter)
    const all = isAbsent ? there + count : Math.max(there, count)
    crossed += all
    return all === 0 ? 0 : count / all
  })
  return {
    rates,
    crossed: Math.max(
      crossed,
      countTraces(
        facts,
        losses.map(({ row }) => row),
      ),
    ),
  }
}

function saysSampled(facts: TrustFacts, row: number): boolean {
  const { spans, forest } = facts
  const state = spans.strings[at(spans.traceStates, row)] ?? ''
  if (/(^|,)\s*ot=[^,]*\b(th|p|r|rv):/.test(state)) return true
  const keys = ['sampling.probability', 'sampler.param', 'sampling.rule']
  return forest.parents[row] !== ROOT && keys.some((key) => attributeText(facts, row, key) !== undefined)
}
