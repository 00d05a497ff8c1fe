/**
 * What a span's end says beside its own local children, per pair of operations (parent, child). Enters: the facts.
 * Leaves: per pair the parents in which the child lies whole (sound), and the children that are outside: begun when the
 * parent had ended (late), or going on after it for most of their own length. Work that nobody waits for (a goroutine, a
 * callback) is so as the scheduler has it; then the child moved, and no caller is kept by it. What another child of the
 * same handler does says nothing. All is measured within one process, or by durations: no clock is compared with another.
 */
import { at, CLIENT, CONSUMER, instanceOfRow, SERVER, sampleRows, type TrustFacts } from '../trust/trust-facts.ts'
import { mean, median } from '../trust/windows.ts'
import { compareTimes, isAbove } from './compare-times.ts'

/** Later children are no part of what the parent did. */
const MAX_GAP_NS = 60e9
const MAX_PAIRS = 50_000
const MAX_SAMPLE = 500
/** Sound ones that are enough to compare with. */
export const MIN_SOUND = 20
/** Of a child's own length: less beyond its parent's end is jitter. */
const MOST_OF_IT = 0.5
const MOST_CUT = 0.05
const SHORTER = 0.65
const MUCH_SHORTER = 0.85
const MOST_DELAYED = 0.85
/** The caller is kept longer than the child runs on: of the sightings; by chance, at most. */
const KEPT = 0.9
const LEFT_TO_CHANCE = 0.6
const SURE = 3
const AS_LONG = 0.75
const CONTAINED = 0.9
const TIED = 0.7
const ALWAYS = 0.98
const TIGHT = 0.25
/** Kept per moment that the children run on; and besides, in all, of their time. */
const LEAST_SLOPE = 0.5
const MOST_REST = 4

export type EndsOfPair = {
  readonly parent: number
  readonly child: number
  /** Children: one per parent; a sample. */
  readonly sound: number[]
  soundCount: number
  /** That end after the parent, begun before its end: all, and those with most of their length. */
  cutCount: number
  farCount: number
  readonly outside: number[]
}

/** Pairs of which some are outside, in order of the first. */
export function measureEnds(facts: TrustFacts): EndsOfPair[] {
  const { spans, forest, operations } = facts
  const size = operations.list.length
  const pairs = new Map<number, EndsOfPair>()
  const seen = new Set<number>()
  for (let parent = 0; parent < spans.count; parent++) {
    const from = at(forest.childStart, parent)
    const to = at(forest.childStart, parent + 1)
    if (from === to || at(spans.endNs, parent) <= at(spans.startNs, parent)) continue
    seen.clear()
    for (let index = from; index < to; index++) {
      const row = at(forest.children, index)
      const place = placeOf(facts, parent, row)
      const operation = at(operations.of, row)
      if (place === undefined || seen.has(operation)) continue
      seen.add(operation)
      const key = at(operations.of, parent) * size + operation
      const pair = pairs.get(key)
      if (pair !== undefined) count(facts, pair, row, place)
      else if (pairs.size < MAX_PAIRS) {
        const made = { parent: at(operations.of, parent), child: operation, ...empty() }
        pairs.set(key, made)
        count(facts, made, row, place)
      }
    }
  }
  return [...pairs.values()].filter(({ outside }) => outside.length > 0)
}

function empty(): Omit<EndsOfPair, 'parent' | 'child'> {
  return { sound: [], soundCount: 0, cutCount: 0, farCount: 0, outside: [] }
}

function count(facts: TrustFacts, pair: EndsOfPair, row: number, place: 'sound' | 'cut' | 'late'): void {
  if (place === 'late') pair.outside.push(row)
  else if (place === 'cut') {
    pair.cutCount++
    const { spans } = facts
    if (runsOnNs(facts, row) < MOST_OF_IT * (at(spans.endNs, row) - at(spans.startNs, row))) return
    pair.farCount++
    pair.outside.push(row)
  } else {
    if (pair.sound.length < MAX_SAMPLE) pair.sound.push(row)
    pair.soundCount++
  }
}

/** How long a child goes on when its parent has ended. */
export function runsOnNs({ spans, forest }: TrustFacts, row: number): number {
  return at(spans.endNs, row) - at(spans.endNs, at(forest.parents, row))
}

/** Of a local child. */
export function placeOf(facts: TrustFacts, parent: number, row: number): 'sound' | 'cut' | 'late' | undefined {
  const { spans, operations } = facts
  const kind = at(spans.kinds, row)
  if (kind === SERVER || kind === CONSUMER || operations.of[parent] === operations.of[row]) return undefined
  if (facts.taken[row] === 1 || instanceOfRow(facts, parent) !== instanceOfRow(facts, row)) return undefined
  const gap = at(spans.startNs, row) - at(spans.endNs, parent)
  if (gap < 0) return at(spans.endNs, row) <= at(spans.endNs, parent) ? 'sound' : 'cut'
  return gap < MAX_GAP_NS ? 'late' : undefined
}

/**
 * The parents end early: they are shorter than those that are sound, and the children begin when they always do. Who
 * calls them is kept until the children end; where no caller can tell, either hardly any child is ever cut, or there are
 * two kinds of parents and nothing between: in one the child lies whole, in the other it runs on, and the work of both
 * takes as long.
 */
export function endsEarly(facts: TrustFacts, pair: EndsOfPair): boolean {
  const { spans, forest } = facts
  const { sound, soundCount, cutCount, farCount } = pair
  if (sound.length < MIN_SOUND) return false
  const above = (row: number): number => at(forest.parents, row)
  const duration = (row: number): number => at(spans.endNs, above(row)) - at(spans.startNs, above(row))
  const delay = (row: number): number => at(spans.startNs, row) - at(spans.startNs, above(row))
  const own = sampleRows(pair.outside, MAX_SAMPLE)
  const shorter = compareTimes(sound.map(duration), own.map(duration))
  if (!isAbove(shorter, SHORTER)) return false
  if (compareTimes(own.map(delay), sound.map(delay)).share > MOST_DELAYED) return false
  const isKept = askCallers(facts, own, sound)
  if (isKept !== undefined) return isKept
  if (cutCount <= MOST_CUT * (soundCount + cutCount)) return true
  const isApart = cutCount - farCount <= MOST_CUT * pair.outside.length && isAbove(shorter, MUCH_SHORTER)
  const before = own.map((row) => duration(row) / Math.max(1, at(spans.endNs, row) - at(spans.startNs, above(row))))
  if (!isApart || median(before) > MOST_OF_IT) return false
  const works = own.map((row) => lastEndBelow(facts, above(row)) - at(spans.startNs, above(row)))
  return compareTimes(sound.map(duration), works).share <= AS_LONG
}

/**
 * Whether callers wait as long as the children run on, beyond what they would by chance: they are kept a while after any
 * end. Undefined: no callers, or those of the sound ones are kept as long.
 */
function askCallers(facts: TrustFacts, own: readonly number[], sound: readonly number[]): boolean | undefined {
  const { parents } = facts.forest
  const usual = sound.flatMap((row) => keptNs(facts, at(parents, row)) ?? []).sort((left, right) => left - right)
  const asked = own.flatMap((row) => {
    const kept = keptNs(facts, at(parents, row))
    return kept === undefined ? [] : [{ kept, runsOn: runsOnNs(facts, row) }]
  })
  if (asked.length < own.length / 2 || usual.length < MIN_SOUND) return undefined
  const least = 1 / (usual.length + 1)
  const chance = mean(asked.map(({ runsOn }) => Math.max(least, 1 - lastBelow(usual, runsOn) / usual.length)))
  if (chance > LEFT_TO_CHANCE) return undefined
  const seen = mean(asked.map(({ kept, runsOn }) => (kept >= runsOn ? 1 : 0)))
  return seen >= KEPT && seen - chance >= SURE * Math.sqrt((chance * (1 - chance)) / asked.length)
}

/** How many of the ordered values are below. */
function lastBelow(ordered: readonly number[], value: number): number {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(ordered, middle) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Of its own process. */
function lastEndBelow(facts: TrustFacts, parent: number): number {
  const { spans, forest } = facts
  let last = at(spans.endNs, parent)
  for (let index = at(forest.childStart, parent); index < at(forest.childStart, parent + 1); index++) {
    const row = at(forest.children, index)
    if (placeOf(facts, parent, row) !== undefined) last = Math.max(last, at(spans.endNs, row))
  }
  return last
}

/**
 * Where none is sound to compare with: the children end while the caller is still open, the caller does nothing else
 * meanwhile, and its end follows theirs. Enters: parents of one operation, each with its children that are outside.
 */
export function keepsCaller(facts: TrustFacts, outside: readonly (readonly number[])[]): boolean {
  const { spans, forest } = facts
  const kept: number[] = []
  const worked: number[] = []
  let beside = 0
  let late = 0
  for (const children of outside) {
    const parent = at(forest.parents, children[0] as number)
    const keptFor = keptNs(facts, parent)
    if (keptFor === undefined) continue
    const lastNs = children.reduce((last, row) => Math.max(last, at(spans.endNs, row)), Number.NEGATIVE_INFINITY)
    const workNs = lastNs - at(spans.endNs, parent)
    if (keptFor < workNs) continue
    kept.push(keptFor)
    worked.push(workNs)
    if (children.every((row) => at(spans.startNs, row) >= at(spans.endNs, parent))) late++
    if (runsBeside(facts, parent, lastNs)) beside++
  }
  if (kept.length < CONTAINED * outside.length || beside > 0.1 * kept.length) return false
  const rest = median(kept.map((value, index) => value - at(worked, index)))
  const isAlways = kept.length >= ALWAYS * outside.length && late >= ALWAYS * kept.length
  const isTight = isAlways && rest <= TIGHT * median(worked)
  if (isTight || (correlate(kept, worked) >= TIED && rest <= median(worked))) return true
  // On a busy machine answers wait as well: but each moment that the children run on keeps the caller one more.
  const isContained = kept.length >= ALWAYS * outside.length
  return isContained && rest <= MOST_REST * median(worked) && leastSlope(kept, worked) >= LEAST_SLOPE
}

/** Of `left` over `right`, less what chance may have added. */
function leastSlope(left: readonly number[], right: readonly number[]): number {
  const tie = correlate(left, right)
  if (left.length < 3 || tie <= 0) return 0
  const ratio = deviation(left) / deviation(right)
  return ratio * (tie - SURE * Math.sqrt((1 - tie * tie) / (left.length - 2)))
}

function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}

/**
 * How long the caller goes on when the span has ended. One of another process has another clock: how much longer it is,
 * which is the way there as well. Undefined: nobody that waits.
 */
export function keptNs(facts: TrustFacts, row: number): number | undefined {
  const { spans, forest } = facts
  const caller = at(forest.parents, row)
  if (caller < 0) return undefined
  if (instanceOfRow(facts, caller) === instanceOfRow(facts, row)) return at(spans.endNs, caller) - at(spans.endNs, row)
  if (at(spans.kinds, caller) !== CLIENT) return undefined
  const length = at(spans.endNs, row) - at(spans.startNs, row)
  return at(spans.endNs, caller) - at(spans.startNs, caller) - length
}

/** Between the parent's end and then, the caller of its own process has begun something else. */
function runsBeside(facts: TrustFacts, parent: number, untilNs: number): boolean {
  const { spans, forest } = facts
  const caller = at(forest.parents, parent)
  if (caller < 0 || instanceOfRow(facts, caller) !== instanceOfRow(facts, parent)) return false
  for (let index = at(forest.childStart, caller); index < at(forest.childStart, caller + 1); index++) {
    const row = at(forest.children, index)
    if (row === parent || at(spans.startNs, row) >= untilNs) continue
    if (at(spans.endNs, row) > at(spans.endNs, parent)) return true
  }
  return false
}

/** Pearson's; 0 where one of them does not vary. */
export function correlate(left: readonly number[], right: readonly number[]): number {
  const leftMean = mean(left)
  const rightMean = mean(right)
  let both = 0
  let leftSquares = 0
  let rightSquares = 0
  for (let index = 0; index < left.length; index++) {
    const one = at(left, index) - leftMean
    const other = at(right, index) - rightMean
    both += one * other
    leftSquares += one * one
    rightSquares += other * other
  }
  const scale = Math.sqrt(leftSquares * rightSquares)
  return left.length < 3 || scale < 1 ? 0 : both / scale
}
