/**
 * What answered calls say of two clocks: one estimate per pair of places (hosts, or whatever else has a clock).
 * Enters: a forest and the place of each resource. Leaves: per pair how far the second's clock is ahead of the first's.
 * A server works while its client waits, so the offset o (server's clock ahead of the client's) lies in
 * [server end − client end, server start − client start] of each call; its middle is the estimate (RFC 5905, section 8),
 * the median over all calls the pair's. The interval is what nearly all calls allow together; calls in both directions
 * bound it from both sides. Not looked at: one place, a server's span longer than its client's (it goes on after the
 * answer), a client with several servers below it (retries, headers that were copied), and all that is asynchronous.
 */
import type { SpanForest } from '../trust/forest.ts'

const SERVER = 2
const CLIENT = 3
/** Calls of a pair that are looked at; past that every second, fourth … */
const MAX_SAMPLES = 2_048
const MAX_PAIRS = 5_000
/** Calls that the interval may disagree with: hedged requests, spans that were timed oddly. */
const TRIM = 0.05

export type ClockPair = {
  /** Places, the lower number first. */
  readonly from: number
  readonly to: number
  readonly offsetNs: number
  readonly interval: readonly [least: number, most: number]
  /** Half the room that a call leaves, typically: no estimate is surer than a part of it. */
  readonly roomNs: number
  /** Half the estimates of single calls are within this of the middle one. */
  readonly spreadNs: number
  readonly calls: number
}

type Samples = {
  readonly from: number
  readonly to: number
  readonly least: number[]
  readonly most: number[]
  calls: number
  stride: number
}

/** `placeOf` by resource; -1: not known, and never shared. `omitted`: calls of pairs beyond the bound. */
export function compareClocks(
  { spans, parents, childStart, children }: SpanForest,
  placeOf: ArrayLike<number>,
  places: number,
): { readonly pairs: readonly ClockPair[]; readonly omitted: number } {
  const found = new Map<number, Samples>()
  let omitted = 0
  for (let row = 0; row < spans.count; row++) {
    const parent = parents[row] as number
    if (parent < 0 || spans.kinds[row] !== SERVER || spans.kinds[parent] !== CLIENT) continue
    const from = placeOf[spans.resourceOf[parent] as number] as number
    const to = placeOf[spans.resourceOf[row] as number] as number
    if (from < 0 || to < 0 || from === to || hasOtherServer(parent, row)) continue
    const least = (spans.endNs[row] as number) - (spans.endNs[parent] as number)
    const most = (spans.startNs[row] as number) - (spans.startNs[parent] as number)
    if (!(least <= most)) continue
    const isForward = from < to
    const samples = openPair(found, isForward ? from : to, isForward ? to : from, places)
    if (samples === undefined) omitted++
    else addSample(samples, isForward ? least : -most, isForward ? most : -least)
  }
  return { pairs: [...found.values()].map(estimatePair), omitted }

  function hasOtherServer(client: number, own: number): boolean {
    for (let index = childStart[client] as number; index < (childStart[client + 1] as number); index++) {
      const child = children[index] as number
      if (child !== own && spans.kinds[child] === SERVER) return true
    }
    return false
  }
}

function openPair(pairs: Map<number, Samples>, from: number, to: number, places: number): Samples | undefined {
  const key = from * places + to
  const known = pairs.get(key)
  if (known !== undefined) return known
  if (pairs.size >= MAX_PAIRS) return undefined
  const made = { from, to, least: [], most: [], calls: 0, stride: 1 }
  pairs.set(key, made)
  return made
}

function addSample(samples: Samples, least: number, most: number): void {
  if (samples.calls++ % samples.stride !== 0) return
  samples.least.push(least)
  samples.most.push(most)
  if (samples.least.length < MAX_SAMPLES) return
  for (const column of [samples.least, samples.most]) {
    const kept = column.filter((_, index) => index % 2 === 0)
    column.splice(0, column.length, ...kept)
  }
  samples.stride *= 2
}

function estimatePair({ from, to, least, most, calls }: Samples): ClockPair {
  const middles = Float64Array.from(least, (low, index) => (low + (most[index] as number)) / 2).sort()
  const rooms = Float64Array.from(least, (low, index) => ((most[index] as number) - low) / 2).sort()
  const offsetNs = quantile(middles, 0.5)
  const low = quantile(Float64Array.from(least).sort(), 1 - TRIM)
  const high = quantile(Float64Array.from(most).sort(), TRIM)
  // No one offset fits nearly all calls: the clocks drift, and only the spread of the estimates is known.
  const interval: [number, number] =
    low <= high
      ? [Math.min(low, offsetNs), Math.max(high, offsetNs)]
      : [quantile(middles, TRIM), quantile(middles, 1 - TRIM)]
  const spreads = middles.map((middle) => Math.abs(middle - offsetNs)).sort()
  return { from, to, offsetNs, interval, roomNs: quantile(rooms, 0.5), spreadNs: quantile(spreads, 0.5), calls }
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.round((sorted.length - 1) * share))] as number
}
