/**
 * Clocks that no answered call compares, because every call between them breaks: the offset at which childless clients
 * hold roots best. Enters: unanswered clients with the service meant, and roots. Leaves: `facts.aligned` with these
 * parts joined. Each client and root that could be one call allow an interval of offsets; where far more intervals meet
 * than do elsewhere, the clocks are that far apart. Of equals the least offset; without a clear one nothing is joined.
 */
import { alignTimes } from '../trust/aligned-times.ts'
import { at, MIN_SIGHTINGS, sampleRows, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import { wilsonInterval } from '../trust/wilson.ts'
import { lastBefore } from '../trust/windows.ts'
import type { Callers } from './collect-callers.ts'

const SAMPLE = 100
/**
 * Roots on either side of a client that are looked at. Where many calls go in the time that the clocks are apart, the
 * right one is far away, and a nearer one fits some of them: the pairs with the most calls are looked at widely.
 */
const NEAR = 32
const WIDE = 256
const MAX_WIDE = 20
/** Pairs of parts that are measured, those with the most calls first. */
const MAX_MEASURED = 300
const MAX_LISTS = 20_000
/** Deviations by which the peak stands out, and the share of the clients that it explains. */
const DEVIATIONS = 6
const LEAST = 0.3
/** Of servers of which the call is known, those that must lie within it. */
const HELD = 0.8

type Bound = { readonly ns: number; readonly step: 1 | -1 }

type Joint = { readonly from: number; readonly to: number; readonly offsetNs: number }

export function alignStrangers(facts: TrustFacts, callers: Callers, roots: readonly number[]): void {
  const { clocks } = facts.aligned
  if (new Set(clocks.part).size < 2) return
  const lists = pairParts(facts, callers, roots)
  const sizeOf = ({ clients, roots: servers }: List): number => Math.min(clients.length, servers.length)
  lists.sort((left, right) => sizeOf(right) - sizeOf(left))
  const before = Float64Array.from(clocks.aheadNs)
  let measured = 0
  let isJoined = false
  for (const list of lists) {
    const one = at(clocks.part, clockOf(facts, list.clients[0] as number))
    const other = at(clocks.part, clockOf(facts, list.roots[0] as number))
    if (one === other) continue
    if (++measured > MAX_MEASURED) break
    const joint = findOffset(facts, list, before, measured > MAX_WIDE ? NEAR : WIDE)
    if (joint === undefined) continue
    const { from, to, offsetNs } = joint
    // What the two clocks were moved by until now is part of the way.
    const shift = offsetNs - (at(clocks.aheadNs, to) - at(clocks.aheadNs, from))
    clocks.part.forEach((part, clock) => {
      if (part !== other) return
      clocks.part[clock] = one
      clocks.aheadNs[clock] = at(clocks.aheadNs, clock) + shift
    })
    isJoined = true
  }
  if (isJoined) facts.aligned = alignTimes(facts.spans, clocks)
}

type List = { readonly clients: readonly number[]; readonly roots: readonly number[] }

/** Clients and roots of one service and pair of parts. */
function pairParts(facts: TrustFacts, { known, unknown }: Callers, roots: readonly number[]): List[] {
  const servers = groupBy(facts, roots)
  const lists: List[] = []
  const add = (clients: ReadonlyMap<number, readonly number[]>, service?: number): void => {
    for (const [part, rows] of clients) {
      if (rows.length < MIN_SIGHTINGS) continue
      const callees =
        service === undefined ? [...servers.values()] : [servers.get(service) ?? new Map<number, number[]>()]
      for (const parts of callees) {
        if (lists.length >= MAX_LISTS) return
        for (const [other, rooted] of parts) {
          if (other === part || rooted.length < MIN_SIGHTINGS) continue
          lists.push({ clients: rows, roots: rooted })
        }
      }
    }
  }
  for (const [service, operations] of known) add(partsOf(facts, [...operations.values()].flat()), service)
  for (const rows of unknown.values()) if (rows.length >= MIN_SIGHTINGS) add(partsOf(facts, rows))
  return lists
}

function groupBy(facts: TrustFacts, rows: readonly number[]): Map<number, Map<number, number[]>> {
  const services = new Map<number, number[]>()
  for (const row of rows) push(services, serviceOfRow(facts, row), row)
  return new Map([...services].map(([service, own]) => [service, partsOf(facts, own)]))
}

function partsOf(facts: TrustFacts, rows: readonly number[]): Map<number, number[]> {
  const parts = new Map<number, number[]>()
  for (const row of rows) push(parts, at(facts.aligned.clocks.part, clockOf(facts, row)), row)
  return parts
}

function push(map: Map<number, number[]>, key: number, row: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [row])
  else list.push(row)
}

function clockOf({ aligned, spans }: TrustFacts, row: number): number {
  return at(aligned.clocks.clockOf, at(spans.resourceOf, row))
}

/** Offset of the roots' clock against the clients', both as their parts have them. */
function findOffset(
  facts: TrustFacts,
  { clients, roots }: List,
  aheadNs: Float64Array,
  near: number,
): Joint | undefined {
  const { startNs, endNs } = facts.aligned
  const servers = Uint32Array.from(roots).sort((left, right) => at(startNs, left) - at(startNs, right) || left - right)
  const starts = Float64Array.from(servers, (row) => at(startNs, row))
  const sample = sampleRows(clients, SAMPLE)
  const bounds: Bound[] = []
  let length = 0
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const client of sample) {
    const middle = lastBefore(starts, at(startNs, client))
    const last = Math.min(servers.length, middle + near)
    const own: Interval[] = []
    for (let index = Math.max(0, middle - near); index < last; index++) {
      const server = at(servers, index)
      const low = at(endNs, server) - at(endNs, client)
      const high = at(startNs, server) - at(startNs, client)
      if (low > high) continue
      own.push([low, high])
    }
    for (const [low, high] of unite(own)) {
      bounds.push({ ns: low, step: 1 }, { ns: high, step: -1 })
      length += high - low
      least = Math.min(least, low)
      most = Math.max(most, high)
    }
  }
  if (bounds.length === 0 || most <= least) return undefined
  bounds.sort((left, right) => left.ns - right.ns || right.step - left.step)
  const peak = findPeak(bounds)
  const usual = length / (most - least)
  const excess = peak.depth - usual
  if (peak.depth < LEAST * sample.length || excess < DEVIATIONS * Math.sqrt(Math.max(1, usual))) return undefined
  const from = clockOf(facts, clients[0] as number)
  const to = clockOf(facts, roots[0] as number)
  return { from, to, offsetNs: peak.ns + at(aheadNs, to) - at(aheadNs, from) }
}

/** A server's span and client spans of which one may hold it: the call is known, only the clocks are not. */
export type Held = { readonly server: number; readonly clients: readonly number[] }

/** Calls that are laid on the next one, to see what chance gives. */
const SHIFTS = [1, 2, 3, 5, 8]

/**
 * How far the servers' clock is ahead, as both parts have it: where the most of them lie within a client of theirs.
 * Undefined: no more than those of other calls would, handler laid on handler. `anchorOf`: the span of the caller from
 * which times are taken for that.
 */
export function findHeldOffset(
  { aligned }: TrustFacts,
  calls: readonly Held[],
  anchorOf: (call: Held) => number,
): number | undefined {
  const { startNs, endNs } = aligned
  const sample = sampleRows(
    calls.map((_, index) => index),
    SAMPLE,
  ).map((index) => calls[index] as Held)
  const depthOf = (shift: number): { ns: number; depth: number } => {
    const bounds: Bound[] = []
    sample.forEach((call, index) => {
      const other = sample[(index + shift) % sample.length] as Held
      const moved = at(startNs, anchorOf(call)) - at(startNs, anchorOf(other))
      const own = other.clients.flatMap((client): Interval[] => {
        const low = at(endNs, call.server) - at(endNs, client) - moved
        const high = at(startNs, call.server) - at(startNs, client) - moved
        return low > high ? [] : [[low, high]]
      })
      for (const [low, high] of unite(own)) bounds.push({ ns: low, step: 1 }, { ns: high, step: -1 })
    })
    bounds.sort((left, right) => left.ns - right.ns || right.step - left.step)
    return findPeak(bounds)
  }
  if (sample.length < MIN_SIGHTINGS) return undefined
  const { ns, depth } = depthOf(0)
  const chance = SHIFTS.reduce((sum, shift) => sum + depthOf(shift).depth, 0) / SHIFTS.length
  const size = sample.length
  const [low] = wilsonInterval(depth, size)
  return depth >= HELD * size && low > chance / size ? ns : undefined
}

type Interval = readonly [low: number, high: number]

/** A client counts once at an offset, however many roots it would hold there. */
function unite(intervals: Interval[]): Interval[] {
  intervals.sort((left, right) => left[0] - right[0])
  const united: Interval[] = []
  for (const [low, high] of intervals) {
    const last = united.at(-1)
    if (last !== undefined && low <= last[1]) united[united.length - 1] = [last[0], Math.max(last[1], high)]
    else united.push([low, high])
  }
  return united
}

/** Where most intervals meet: its middle; of peaks about as high the one nearest to none. */
function findPeak(bounds: readonly Bound[]): { ns: number; depth: number } {
  let depth = 0
  let highest = 0
  for (const { step } of bounds) {
    depth += step
    highest = Math.max(highest, depth)
  }
  depth = 0
  let best = { ns: Number.POSITIVE_INFINITY, depth: 0 }
  bounds.forEach(({ ns, step }, index) => {
    depth += step
    const next = bounds[index + 1]
    if (next === undefined || depth < 0.95 * highest) return
    const middle = (ns + next.ns) / 2
    if (Math.abs(middle) < Math.abs(best.ns)) best = { ns: middle, depth }
  })
  return best
}
