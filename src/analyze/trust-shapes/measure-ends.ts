/**
 * What a span's end says beside its own local children, per pair of operations (parent, child). Enters: the facts.
 * Leaves: per pair the parents in which the child lies whole (sound), those that end while it runs (cut), and those
 * that end before it begins (late), and the tests that tell which of the two moved: the parent's end, or the child's
 * beginning. Work that nobody waits for (a goroutine, a callback) is cut or late as the scheduler has it, the busier the
 * machine the more; that moves the child, and no caller is kept by it.
 */
import { at, CONSUMER, instanceOfRow, SERVER, type TrustFacts } from '../trust/trust-facts.ts'
import { mean, median } from '../trust/windows.ts'
import { compareTimes, isAbove } from './compare-times.ts'

/** Later children are no part of what the parent did. */
const MAX_GAP_NS = 60e9
const MAX_PAIRS = 50_000
const MAX_SAMPLE = 500
/** Sound ones that are enough to compare with. */
export const MIN_SOUND = 20
const MOST_CUT = 0.05
const SHORTER = 0.65
const MOST_DELAYED = 0.85
const KEPT = 0.75
const CONTAINED = 0.9
const TIED = 0.7
const ALWAYS = 0.98
const TIGHT = 0.25

export type EndsOfPair = {
  readonly parent: number
  readonly child: number
  /** Children: one per parent. */
  readonly sound: number[]
  soundCount: number
  cutCount: number
  readonly late: number[]
}

/** Pairs of which some are late, in order of the first. */
export function measureEnds(facts: TrustFacts): EndsOfPair[] {
  const { spans, forest, operations } = facts
  const size = operations.list.length
  const pairs = new Map<number, EndsOfPair>()
  const seen = new Set<number>()
  for (let parent = 0; parent < spans.count; parent++) {
    const from = at(forest.childStart, parent)
    const to = at(forest.childStart, parent + 1)
    if (from === to || at(spans.endNs, parent) <= at(spans.startNs, parent)) continue
    const hasLate = someLate(facts, parent, from, to)
    seen.clear()
    for (let index = from; index < to; index++) {
      const row = at(forest.children, index)
      const place = placeOf(facts, parent, row)
      const operation = at(operations.of, row)
      if (place === undefined || seen.has(operation)) continue
      seen.add(operation)
      const key = at(operations.of, parent) * size + operation
      const pair = pairs.get(key)
      if (pair !== undefined) count(pair, row, place, hasLate)
      else if (pairs.size < MAX_PAIRS) {
        const made = { parent: at(operations.of, parent), child: operation, ...empty() }
        pairs.set(key, made)
        count(made, row, place, hasLate)
      }
    }
  }
  return [...pairs.values()].filter(({ late }) => late.length > 0)
}

function empty(): Pick<EndsOfPair, 'sound' | 'soundCount' | 'cutCount' | 'late'> {
  return { sound: [], soundCount: 0, cutCount: 0, late: [] }
}

function count(pair: EndsOfPair, row: number, place: 'sound' | 'cut' | 'late', hasLate: boolean): void {
  if (place === 'late') pair.late.push(row)
  // A parent that ended early cuts what ran then: only the others tell of the pair.
  else if (!hasLate && place === 'cut') pair.cutCount++
  else if (!hasLate) {
    if (pair.sound.length < MAX_SAMPLE) pair.sound.push(row)
    pair.soundCount++
  }
}

function someLate(facts: TrustFacts, parent: number, from: number, to: number): boolean {
  for (let index = from; index < to; index++) {
    if (placeOf(facts, parent, at(facts.forest.children, index)) === 'late') return true
  }
  return false
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
 * The parents end early: they are shorter than those that are sound, the children begin when they always do, and a
 * caller that is known is kept longer after the end than otherwise.
 */
export function endsEarly(facts: TrustFacts, { sound, soundCount, cutCount, late }: EndsOfPair): boolean {
  const { spans, forest } = facts
  if (sound.length < MIN_SOUND || cutCount > MOST_CUT * (soundCount + cutCount)) return false
  const above = (row: number): number => at(forest.parents, row)
  const duration = (row: number): number => at(spans.endNs, above(row)) - at(spans.startNs, above(row))
  const delay = (row: number): number => at(spans.startNs, row) - at(spans.startNs, above(row))
  const own = late.slice(0, MAX_SAMPLE)
  if (!isAbove(compareTimes(sound.map(duration), own.map(duration)), SHORTER)) return false
  if (compareTimes(own.map(delay), sound.map(delay)).share > MOST_DELAYED) return false
  const kept = own.flatMap((row) => keptNs(facts, above(row)) ?? [])
  const usual = sound.flatMap((row) => keptNs(facts, above(row)) ?? [])
  if (kept.length < own.length / 2 || usual.length < MIN_SOUND) return true
  return isAbove(compareTimes(kept, usual), KEPT)
}

/**
 * Where none is sound to compare with: the late children end while the caller is still open, the caller does nothing
 * else meanwhile, and its end follows theirs. Enters: parents of one operation, each with its late children.
 */
export function keepsCaller(facts: TrustFacts, late: readonly (readonly number[])[]): boolean {
  const { spans, forest } = facts
  const kept: number[] = []
  const worked: number[] = []
  let beside = 0
  for (const children of late) {
    const parent = at(forest.parents, children[0] as number)
    const keptFor = keptNs(facts, parent)
    if (keptFor === undefined) continue
    const lastNs = children.reduce((last, row) => Math.max(last, at(spans.endNs, row)), Number.NEGATIVE_INFINITY)
    const workNs = lastNs - at(spans.endNs, parent)
    if (keptFor < workNs) continue
    kept.push(keptFor)
    worked.push(workNs)
    if (runsBeside(facts, parent, lastNs)) beside++
  }
  if (kept.length < CONTAINED * late.length || beside > 0.1 * kept.length) return false
  const rest = median(kept.map((value, index) => value - at(worked, index)))
  const isTight = kept.length >= ALWAYS * late.length && rest <= TIGHT * median(worked)
  return isTight || (correlate(kept, worked) >= TIED && rest <= median(worked))
}

/** How long the caller goes on when the span has ended. */
function keptNs({ spans, forest }: TrustFacts, row: number): number | undefined {
  const caller = at(forest.parents, row)
  return caller < 0 ? undefined : at(spans.endNs, caller) - at(spans.endNs, row)
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
