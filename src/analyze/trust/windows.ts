/**
 * Which spans run at a time, and whether that is more than chance. Windows are spans by start; a measurement asks at the
 * times of a sample and, to know what chance gives, again at the same times moved by fixed amounts: a few durations near
 * by (the load of the moment stays) and parts of the whole window far off. The larger of the two is taken for chance.
 */
import type { SpanTable } from '../../model/spans.ts'
import type { Lift } from './break-group.ts'
import { at, type TrustFacts } from './trust-facts.ts'
import { wilsonInterval } from './wilson.ts'

/** Spans looked at for one time: beyond, those that began longest ago are left out. */
const MAX_STEPS = 400
const NEAR = [3.1, -4.7, 7.3, -9.9]
const FAR = [0.1234, -0.2179, 0.3571, -0.4423]

/** The spans' own times, or those with the clocks' offsets taken off. */
type Times = Pick<SpanTable, 'startNs' | 'endNs'>

export type Windows = {
  readonly rows: Uint32Array
  readonly starts: Float64Array
  /** The latest end among the windows up to here. */
  readonly lastEnds: Float64Array
  readonly medianNs: number
}

export function buildWindows({ startNs, endNs }: Times, list: ArrayLike<number>): Windows {
  const rows = Uint32Array.from(list)
  if (!areSorted(startNs, rows)) rows.sort((left, right) => at(startNs, left) - at(startNs, right) || left - right)
  const starts = Float64Array.from(rows, (row) => at(startNs, row))
  const lastEnds = new Float64Array(rows.length)
  let last = Number.NEGATIVE_INFINITY
  for (let index = 0; index < rows.length; index++) {
    last = Math.max(last, at(endNs, at(rows, index)))
    lastEnds[index] = last
  }
  const step = Math.max(1, Math.floor(rows.length / 999))
  const durations: number[] = []
  for (let index = 0; index < rows.length; index += step) {
    durations.push(at(endNs, at(rows, index)) - at(starts, index))
  }
  durations.sort((left, right) => left - right)
  return { rows, starts, lastEnds, medianNs: durations[durations.length >> 1] ?? 0 }
}

/** Files are mostly in order of time already. */
function areSorted(startNs: Float64Array, rows: Uint32Array): boolean {
  for (let index = 1; index < rows.length; index++) {
    const row = at(rows, index)
    const before = at(rows, index - 1)
    const step = at(startNs, row) - at(startNs, before)
    if (step < 0 || (step === 0 && row < before)) return false
  }
  return true
}

/** Index of the last window that starts at or before the time; -1: none. */
export function lastBefore(starts: Float64Array, timeNs: number): number {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(starts, middle) <= timeNs) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Latest start first, until `visit` says true: then true. */
export function findActive(
  windows: Windows,
  { endNs }: Pick<Times, 'endNs'>,
  timeNs: number,
  visit: (row: number) => boolean,
  mostSteps: number = MAX_STEPS,
): boolean {
  let steps = 0
  for (let index = lastBefore(windows.starts, timeNs); index >= 0 && steps < mostSteps; index--, steps++) {
    if (at(windows.lastEnds, index) < timeNs) return false
    const row = at(windows.rows, index)
    if (at(endNs, row) >= timeNs && visit(row)) return true
  }
  return false
}

/** Share of the sample for which `holds` at its own time, and at moved times. */
export function measureLift(
  { firstNs, lastNs }: TrustFacts,
  sample: readonly number[],
  typicalNs: number,
  holds: (row: number, movedNs: number) => boolean,
): Lift {
  const size = sample.length
  if (size === 0) return { seen: 0, chance: 0, sample: 0 }
  const shareAt = (movedNs: number): number => {
    let count = 0
    for (const row of sample) if (holds(row, movedNs)) count++
    return count / size
  }
  const whole = Math.max(1, lastNs - firstNs)
  const near = NEAR.map((times) => shareAt(times * Math.max(typicalNs, 1)))
  const far = FAR.map((part) => shareAt(part * whole))
  return { seen: shareAt(0), chance: Math.max(mean(near), mean(far)), sample: size }
}

/** A time moved, wrapped round the window so that it stays within the data. */
export function moveTime({ firstNs, lastNs }: TrustFacts, timeNs: number, movedNs: number): number {
  if (movedNs === 0) return timeNs
  const whole = Math.max(1, lastNs - firstNs)
  const place = (timeNs + movedNs - firstNs) % whole
  return firstNs + (place < 0 ? place + whole : place)
}

/** More than chance, by the lower end of the interval. */
export function isLifted({ seen, chance, sample }: Lift, least = 0.1): boolean {
  const [low] = wilsonInterval(Math.round(seen * sample), sample)
  return seen - chance >= least && low > chance
}

/** Chance is so large that lift could not be seen if it was there. */
export function isBlind({ chance, sample }: Lift): boolean {
  return sample === 0 || chance > 0.75
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}
