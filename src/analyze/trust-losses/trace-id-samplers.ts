/**
 * Did a sampler decide by the trace id which traces lack a service? Every ratio sampler takes a number out of the id and
 * compares it with a bound: the traces that it left out lie beyond the bound, the others before it. Enters: ids of the
 * traces in which the service is missing, and of those in which it is there. Leaves: the number that tells them apart
 * best, how well, and how likely that is by chance. A number that follows time (ids made of clocks) is left out.
 */
import type { SpanTable } from '../../model/spans.ts'

/** How the SDKs take their number: a row each. `read` has the id as two 64-bit halves. */
const numbers: readonly { readonly name: string; readonly read: (high: bigint, low: bigint) => bigint }[] = [
  // Go (>> 1), Python, Ruby, Rust; tracestate `th` compares the last 56 bits, Jaeger's clients 63
  { name: 'its last 8 bytes', read: (_, low) => low },
  { name: 'the last 63 bits of it', read: (_, low) => BigInt.asUintN(63, low) },
  { name: 'the last 60 bits of it', read: (_, low) => BigInt.asUintN(60, low) },
  { name: 'the last 56 bits of it', read: (_, low) => BigInt.asUintN(56, low) },
  // Java takes the absolute value of a signed number, .NET that of the first half
  { name: 'its last 8 bytes, signed', read: (_, low) => absolute(low) },
  { name: 'its first 8 bytes', read: (high) => high },
  { name: 'its first 8 bytes, signed', read: (high) => absolute(high) },
  // C++ copies them as they lie in memory
  { name: 'its first 8 bytes, reversed', read: (high) => reverseBytes(high) },
  // JavaScript folds the four words into one
  { name: 'its four words, folded', read: (high, low) => fold(high) ^ fold(low) },
  // Datadog's hash by multiplication
  { name: 'its last 8 bytes, multiplied', read: (_, low) => BigInt.asUintN(64, low * 1_111_111_111_111_111_111n) },
]

/** A thousandth, over all numbers that are tried. */
const LOG_CHANCE = Math.log(0.001 / (2 * numbers.length))
/** Of the traces without the service, the share that must lie beyond the bound. */
const CONFINED = 0.95
/** Of those with it, the share that must lie before: one version of several may have the sampler. */
const LEAST_APART = 0.25
const MOST = 4_000
/** Rank correlation with time from which a number is a clock. */
const CLOCK = 0.5

export type IdSplit = {
  /** Which number of the id decides. */
  readonly number: string
  /** Of the traces without the service, those beyond the bound; of those with it, those before. */
  readonly beyond: number
  readonly before: number
  /** Natural logarithm of the chance that ids at random lie so. */
  readonly logChance: number
}

type Ids = { readonly spans: SpanTable; readonly traceFirst: Float64Array }

export function splitByTraceId(facts: Ids, without: readonly number[], having: readonly number[]): IdSplit | undefined {
  const missing = thin(without)
  const present = thin(having)
  if (missing.length < 2 || present.length < 2) return undefined
  const ids = [...missing, ...present].map((trace) => readId(facts.spans, trace))
  const times = [...missing, ...present].map((trace) => facts.traceFirst[trace] as number)
  let best: IdSplit | undefined
  for (const { name, read } of numbers) {
    const values = ids.map(([high, low]) => Number(read(high, low)))
    if (new Set(values).size < values.length / 2 || Math.abs(correlateRanks(values, times)) > CLOCK) continue
    const split = splitValues(values, missing.length)
    if (split.beyond < CONFINED || split.before < LEAST_APART || split.logChance > LOG_CHANCE) continue
    if (best === undefined || split.logChance < best.logChance) best = { number: name, ...split }
  }
  return best
}

/** The first `count` values are of traces without: the bound beyond which most of them lie, and few of the others. */
function splitValues(values: readonly number[], count: number): Omit<IdSplit, 'number'> {
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number))
  const others = values.length - count
  let below = 0
  let ownBelow = 0
  let best = { beyond: 0, before: 0, distance: 0 }
  for (const index of order) {
    if (index < count) ownBelow++
    else below++
    const distance = ownBelow / count - below / others
    if (Math.abs(distance) <= best.distance) continue
    best =
      distance > 0
        ? { beyond: ownBelow / count, before: 1 - below / others, distance }
        : { beyond: 1 - ownBelow / count, before: below / others, distance: -distance }
  }
  const isWhole = best.beyond === 1 && best.before === 1
  const logChance = isWhole
    ? Math.LN2 - logChoose(values.length, count)
    : Math.LN2 - 2 * best.distance ** 2 * ((count * others) / values.length)
  return { beyond: best.beyond, before: best.before, logChance }
}

function logChoose(all: number, some: number): number {
  let sum = 0
  for (let index = 1; index <= Math.min(some, all - some); index++) sum += Math.log((all - index + 1) / index)
  return sum
}

function correlateRanks(one: readonly number[], other: readonly number[]): number {
  const a = ranksOf(one)
  const b = ranksOf(other)
  const mean = (one.length - 1) / 2
  let both = 0
  let square = 0
  for (let index = 0; index < one.length; index++) {
    both += ((a[index] as number) - mean) * ((b[index] as number) - mean)
    square += ((a[index] as number) - mean) ** 2
  }
  return square === 0 ? 1 : both / square
}

function ranksOf(values: readonly number[]): Float64Array {
  const ranks = new Float64Array(values.length)
  const order = values.map((_, index) => index).sort((a, b) => (values[a] as number) - (values[b] as number))
  order.forEach((index, rank) => {
    ranks[index] = rank
  })
  return ranks
}

function thin(traces: readonly number[]): readonly number[] {
  const step = traces.length / MOST
  if (step <= 1) return traces
  return Array.from({ length: MOST }, (_, index) => traces[Math.floor(index * step)] as number)
}

function readId({ traceIds }: SpanTable, trace: number): readonly [high: bigint, low: bigint] {
  const view = new DataView(traceIds.buffer, traceIds.byteOffset + trace * 16, 16)
  return [view.getBigUint64(0), view.getBigUint64(8)]
}

function absolute(value: bigint): bigint {
  const signed = BigInt.asIntN(64, value)
  return signed < 0n ? -signed : signed
}

function reverseBytes(value: bigint): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, value)
  return view.getBigUint64(0, true)
}

function fold(value: bigint): bigint {
  return BigInt.asUintN(32, value >> 32n) ^ BigInt.asUintN(32, value)
}
