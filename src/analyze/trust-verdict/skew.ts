/**
 * How far the clocks of two hosts differ, from calls between them; times are never rewritten.
 * Enters: a forest. Leaves: one row per pair of hosts. A server works while its client waits, so the offset o (clock of
 * the server's host ahead of the client's) lies in [server end − client end, server start − client start] of each call;
 * its middle is the estimate (RFC 5905, section 8), the median over all calls the row's. The interval is what nearly all
 * calls allow together; calls in both directions bound it from both sides.
 * Not looked at: spans without a host (unknown is never shared), one host, a server's span longer than its client's
 * (it goes on after the answer), and all that is asynchronous: producers, consumers, internal children.
 */
import type { SkewRow } from '../../model/trust/trust-data.ts'
import type { SpanForest } from '../trust/forest.ts'
import { compare } from './edges.ts'

const SERVER = 2
const CLIENT = 3
/** Calls of a pair that are looked at; past that every second, fourth … */
const MAX_SAMPLES = 2_048
const MAX_PAIRS = 5_000
/** Fewer calls say nothing of a clock. */
const MIN_SKEW_PAIRS = 5
/** Calls that the interval may disagree with: hedged requests, spans that were timed oddly. */
const TRIM = 0.05

type Samples = {
  readonly from: string
  readonly to: string
  readonly least: number[]
  readonly most: number[]
  pairs: number
  stride: number
}

export type SkewEstimate = { readonly rows: readonly SkewRow[]; readonly omitted: number }

/** Pairs whose clocks surely differ first, by how much. */
export function estimateSkew({ spans, parents }: SpanForest): SkewEstimate {
  const pairs = new Map<string, Samples>()
  const hosts = spans.resources.map(({ host }) => (host === '' ? undefined : host))
  let omitted = 0
  for (let row = 0; row < spans.count; row++) {
    const parent = parents[row] as number
    if (parent < 0 || spans.kinds[row] !== SERVER || spans.kinds[parent] !== CLIENT) continue
    const from = hosts[spans.resourceOf[parent] as number]
    const to = hosts[spans.resourceOf[row] as number]
    if (from === undefined || to === undefined || from === to) continue
    const least = (spans.endNs[row] as number) - (spans.endNs[parent] as number)
    const most = (spans.startNs[row] as number) - (spans.startNs[parent] as number)
    if (!(least <= most)) continue
    const isForward = from < to
    const samples = openPair(pairs, isForward ? from : to, isForward ? to : from)
    if (samples === undefined) omitted++
    else addSample(samples, isForward ? least : -most, isForward ? most : -least)
  }
  const rows = [...pairs.values()].filter((one) => one.pairs >= MIN_SKEW_PAIRS).map(estimatePair)
  rows.sort(
    (a, b) =>
      surePart(b) - surePart(a) ||
      Math.abs(b.offsetNs) - Math.abs(a.offsetNs) ||
      compare(a.from, b.from) ||
      compare(a.to, b.to),
  )
  return { rows, omitted }
}

/** Ns by which the clocks differ at least; 0 where they may agree. */
export function surePart({ interval: [least, most] }: Pick<SkewRow, 'interval'>): number {
  return least > 0 ? least : most < 0 ? -most : 0
}

function openPair(pairs: Map<string, Samples>, from: string, to: string): Samples | undefined {
  const key = `${from}\0${to}`
  const known = pairs.get(key)
  if (known !== undefined) return known
  if (pairs.size >= MAX_PAIRS) return undefined
  const made = { from, to, least: [], most: [], pairs: 0, stride: 1 }
  pairs.set(key, made)
  return made
}

function addSample(samples: Samples, least: number, most: number): void {
  if (samples.pairs++ % samples.stride !== 0) return
  samples.least.push(least)
  samples.most.push(most)
  if (samples.least.length < MAX_SAMPLES) return
  for (const column of [samples.least, samples.most]) {
    const kept = column.filter((_, index) => index % 2 === 0)
    column.splice(0, column.length, ...kept)
  }
  samples.stride *= 2
}

function estimatePair({ from, to, least, most, pairs }: Samples): SkewRow {
  const middles = Float64Array.from(least, (low, index) => (low + (most[index] as number)) / 2).sort()
  const offsetNs = quantile(middles, 0.5)
  const low = quantile(Float64Array.from(least).sort(), 1 - TRIM)
  const high = quantile(Float64Array.from(most).sort(), TRIM)
  // No one offset fits nearly all calls: the clocks drift, and only the spread of the estimates is known.
  const interval: [number, number] =
    low <= high
      ? [Math.min(low, offsetNs), Math.max(high, offsetNs)]
      : [quantile(middles, TRIM), quantile(middles, 1 - TRIM)]
  return { from, to, offsetNs, interval, pairs }
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.round((sorted.length - 1) * share))] as number
}
