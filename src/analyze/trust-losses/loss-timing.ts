/**
 * When visits were lost, against when they were kept: under load, in bursts of their own, in long traces, evenly. Each
 * is a test of the lost among all visits of the service: what blind loss would give is known, and so is its spread.
 */
import { at, type TrustFacts } from '../trust/trust-facts.ts'
import { lastBefore } from '../trust/windows.ts'
import type { KeptVisit, LostVisit } from './visits.ts'

/** A batch of the default processor is exported every 5 s. */
const BATCH_NS = 5e9
const SCALES_NS = [5e9, 60e9]
/** Chance that two visits no further apart than half a batch are in one. */
const SAME_BATCH = 0.75
/** Visits on either side that say what the rate of loss was about then; and as many half batches, where that is more. */
const AROUND = 64
const WIDE = 40

/** Chance that a lost one ranks above a kept one (0.5: blind), and by how many standard deviations it is off. */
export type Rank = { readonly share: number; readonly deviations: number }

export type Crowding = {
  /** Lost visits within a batch's time of a lost one, and what a blind loss at the rate of that hour would give. */
  readonly seen: number
  readonly expected: number
  readonly deviations: number
  /** As many would be if batches of one instance were lost whole; and how far what is seen falls short of that. */
  readonly whole: number
  readonly short: number
}

/** `visits`: deviations if each lost visit were a loss by itself, and not a part of one with those near by. */
export type LoadRank = Rank & { readonly visits: number }

/** By how many traces begin near by, at the scale that tells most. What is lost at one time counts once. */
export function rankLoads(facts: TrustFacts, lost: readonly LostVisit[], kept: readonly KeptVisit[]): LoadRank {
  const starts = facts.traceFirst.filter(Number.isFinite).sort()
  const scales = SCALES_NS.map((scale) => Math.min(scale, (facts.lastNs - facts.firstNs) / 20))
  const times = listTimes(lost, batchOf(facts))
  let best: LoadRank = { share: 0.5, deviations: 0, visits: 0 }
  for (const scale of scales) {
    const loadOf = ({ timeNs }: { timeNs: number }): number =>
      lastBefore(starts, timeNs + scale / 2) - lastBefore(starts, timeNs - scale / 2)
    const others = kept.map(loadOf)
    const rank = compareRanks(
      times.map((one) => one.reduce((sum, visit) => sum + loadOf(visit), 0) / one.length),
      others,
    )
    const visits = compareRanks(lost.map(loadOf), others).deviations
    if (Math.abs(visits) > Math.abs(best.visits)) best = { ...rank, visits }
  }
  return best
}

/** A batch's time, or a small part of the data where that is short. */
function batchOf({ firstNs, lastNs }: TrustFacts): number {
  return Math.min(BATCH_NS, (lastNs - firstNs) / 50)
}

/** Lost visits with no more than a batch's time between them, together. */
function listTimes(lost: readonly LostVisit[], batchNs: number): LostVisit[][] {
  const times: LostVisit[][] = []
  let lastNs = Number.NEGATIVE_INFINITY
  for (const visit of lost) {
    if (visit.timeNs - lastNs > batchNs) times.push([])
    times.at(-1)?.push(visit)
    lastNs = visit.timeNs
  }
  return times
}

/** By how long their traces are. */
export function rankDurations(facts: TrustFacts, lost: readonly LostVisit[], kept: readonly KeptVisit[]): Rank {
  const durationOf = ({ trace }: { trace: number }): number =>
    Math.round(Math.log2(1 + at(facts.traceLast, trace) - at(facts.traceFirst, trace)) * 1_000)
  return compareRanks(lost.map(durationOf), kept.map(durationOf))
}

/** Mann and Whitney's test, ties by half. */
export function compareRanks(own: readonly number[], others: readonly number[]): Rank {
  if (own.length === 0 || others.length === 0) return { share: 0.5, deviations: 0 }
  const sorted = Float64Array.from(others).sort()
  let wins = 0
  for (const value of own) {
    const upTo = lastBefore(sorted, value) + 1
    const below = firstAtLeast(sorted, value)
    wins += (below + upTo) / 2
  }
  const pairs = own.length * others.length
  const deviation = Math.sqrt((pairs * (own.length + others.length + 1)) / 12)
  return { share: wins / pairs, deviations: (wins - pairs / 2) / deviation }
}

function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(sorted, middle) < value) low = middle + 1
    else high = middle
  }
  return low
}

export function measureCrowding(
  facts: TrustFacts,
  lost: readonly LostVisit[],
  kept: readonly KeptVisit[],
  instances: number,
): Crowding {
  const all = [...lost.map(({ timeNs }) => ({ timeNs, lost: 1 })), ...kept.map(({ timeNs }) => ({ timeNs, lost: 0 }))]
  all.sort((left, right) => left.timeNs - right.timeNs || left.lost - right.lost)
  const times = Float64Array.from(all, ({ timeNs }) => timeNs)
  const sums = new Float64Array(all.length + 1)
  all.forEach((one, index) => {
    sums[index + 1] = at(sums, index) + one.lost
  })
  const near = batchOf(facts) / 2
  let seen = 0
  let expected = 0
  let variance = 0
  let whole = 0
  let room = 0
  for (const { timeNs } of lost) {
    const from = lastBefore(times, timeNs - near) + 1
    const to = lastBefore(times, timeNs + near) + 1
    const count = to - from - 1
    // What lies in one batch with it says nothing of the hour.
    const outFrom = lastBefore(times, timeNs - 3 * near) + 1
    const outTo = lastBefore(times, timeNs + 3 * near) + 1
    const wideFrom = Math.max(0, Math.min(outFrom - AROUND, lastBefore(times, timeNs - WIDE * near) + 1))
    const wideTo = Math.min(all.length, Math.max(outTo + AROUND, lastBefore(times, timeNs + WIDE * near) + 1))
    const around = wideTo - wideFrom - (outTo - outFrom)
    const lostAround = at(sums, wideTo) - at(sums, wideFrom) - (at(sums, outTo) - at(sums, outFrom))
    const rate = (lostAround + 0.5) / (around + 1)
    seen += at(sums, to) - at(sums, from) - 1
    expected += count * rate
    variance += 2 * count * rate * (1 - rate)
    const inBatch = rate + (1 - rate) * (SAME_BATCH / Math.max(1, instances))
    whole += count * inBatch
    room += 2 * count * inBatch * (1 - inBatch)
  }
  return {
    seen,
    expected,
    deviations: variance <= 0 ? 0 : (seen - expected) / Math.sqrt(Math.max(variance, 1)),
    whole,
    short: (whole - seen) / Math.sqrt(Math.max(room, variance, 1)),
  }
}

/** Rates of loss in each quarter of the visits' time, and whether they differ no more than chance allows. */
export function measureQuarters(
  lost: readonly LostVisit[],
  kept: readonly KeptVisit[],
): { readonly rates: readonly number[]; readonly isSteady: boolean } {
  const times = [...lost, ...kept].map(({ timeNs }) => timeNs).sort((left, right) => left - right)
  const bounds = [0.25, 0.5, 0.75].map((share) => times[Math.floor(share * times.length)] ?? 0)
  const quarterOf = ({ timeNs }: { timeNs: number }): number => bounds.filter((bound) => timeNs >= bound).length
  const counts = [0, 1, 2, 3].map(() => ({ lost: 0, all: 0 }))
  for (const visit of kept) (counts[quarterOf(visit)] as { all: number }).all++
  for (const visit of lost) {
    const own = counts[quarterOf(visit)] as { lost: number; all: number }
    own.lost++
    own.all++
  }
  const overall = lost.length / Math.max(1, times.length)
  const rates = counts.map((own) => (own.all === 0 ? 0 : own.lost / own.all))
  const isSteady = counts.every(
    (own, index) =>
      Math.abs((rates[index] as number) - overall) <= 4 * Math.sqrt((overall * (1 - overall)) / Math.max(1, own.all)),
  )
  return { rates, isSteady }
}
