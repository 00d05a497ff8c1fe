/**
 * Were spans lost at the ends of processes? A process that exits without a flush loses what it had in its queue: nothing
 * of it is seen after its last export, and what is missing lies between its last span and its end (its last log line,
 * the first span of the next instance). Enters: visits of one service. Leaves: the share of the lost ones that lie
 * there, and the share that blind loss would put there. Where no end can be seen, nothing is said: `isKnown` is false.
 */
import type { Lift } from '../trust/break-group.ts'
import { at, MIN_SIGHTINGS, type TrustFacts } from '../trust/trust-facts.ts'
import { lastBefore } from '../trust/windows.ts'
import type { KeptVisit, LostVisit } from './visits.ts'

/** Two exports of a batch processor as it is by default, and some. */
const TAIL_NS = 12e9
/** Typical distances between two visits of an instance that its last span may lie before its end. */
const IDLE_TIMES = 3
/** Instances alive at a time, on the average, from which more than one counts as alive. */
const SEVERAL = 1.3
const SECOND_NS = 1e9
const BY_CHANCE = 0.001
const EXPLAINED = 0.8

export type Restarts = Lift & {
  readonly isKnown: boolean
  /** Instances that ended while the data went on. */
  readonly ended: number
}

type Life = { first: number; last: number; lastLog: number }
type Gap = { readonly from: number; readonly to: number }

export function measureRestarts(
  facts: TrustFacts,
  owner: number,
  lost: readonly LostVisit[],
  kept: readonly KeptVisit[],
): Restarts {
  const lives = gatherLives(facts, owner)
  const none = { seen: 0, chance: 0, sample: lost.length, isKnown: false, ended: 0 }
  const identity = findIdentity(facts, owner)
  if (lost.length === 0 || lives.size === 0 || identity === 'none') return none
  const capNs = measureCap(lives, lost, kept)
  const births = Float64Array.from([...lives.values()].map(({ first }) => first)).sort()
  const gaps: Gap[] = []
  const ends = new Map<number, number>()
  for (const [instance, life] of lives) {
    const end = findEnd(facts, life, births, capNs) ?? findSilence(facts, life, lost, kept)
    if (end === undefined) continue
    ends.set(instance, life.last)
    const from = life.lastLog > life.last ? Math.max(life.last, life.first, end - TAIL_NS) : life.last
    gaps.push({ from, to: end })
  }
  const union = uniteGaps(gaps)
  const atEnd = ({ instance, timeNs }: { instance: number; timeNs: number }): boolean => {
    const last = ends.get(instance)
    return last !== undefined && timeNs >= last - TAIL_NS
  }
  const unknown = lost.filter(({ instance }) => instance < 0)
  const known = lost.filter(({ instance }) => instance >= 0)
  const seen = unknown.filter(({ timeNs }) => isWithin(union, timeNs)).length + known.filter(atEnd).length
  const byChance =
    unknown.length * coverOf(union, kept) + (known.length * kept.filter(atEnd).length) / Math.max(1, kept.length)
  return {
    seen: seen / lost.length,
    chance: Math.min(1, byChance / lost.length),
    sample: lost.length,
    // The next process of a host has the name of the last: there, only ends that explain what is lost say something.
    isKnown: identity === 'process' || seen >= EXPLAINED * lost.length,
    ended: ends.size,
  }
}

/** By what the instances of the service are told apart. */
export function findIdentity({ spans, serviceOf }: TrustFacts, owner: number): 'process' | 'host' | 'none' {
  let best: 'host' | 'none' = 'none'
  for (const [resource, { instance, host }] of spans.resources.entries()) {
    if (serviceOf[resource] !== owner) continue
    if (instance !== undefined) return 'process'
    if (host !== undefined) best = 'host'
  }
  return best
}

function gatherLives(facts: TrustFacts, owner: number): Map<number, Life> {
  const { spans, serviceOf, instanceOf, logs, aligned } = facts
  const lives = new Map<number, Life>()
  // An instance's log has the instance's clock.
  const shifts = new Map<number, number>()
  const names = new Map<string, number>()
  spans.resources.forEach(({ instance, host }, resource) => {
    if (serviceOf[resource] === owner) names.set(instance ?? host ?? '', at(instanceOf, resource))
  })
  for (let row = 0; row < spans.count; row++) {
    const resource = at(spans.resourceOf, row)
    if (serviceOf[resource] !== owner) continue
    const instance = at(instanceOf, resource)
    const life = lives.get(instance) ?? openLife()
    lives.set(instance, life)
    life.first = Math.min(life.first, at(aligned.startNs, row))
    life.last = Math.max(life.last, at(aligned.endNs, row))
    if (!shifts.has(instance)) shifts.set(instance, at(aligned.startNs, row) - at(spans.startNs, row))
  }
  if (logs === undefined) return lives
  const offset = Number(logs.baseUnixNs - spans.baseUnixNs)
  const places = logs.resources.map(({ service, instance, host }) => {
    const name = instance ?? host
    if (service !== facts.services[owner] || name === undefined) return undefined
    // One of which no span is left is an instance, too: below zero, where no other is.
    if (!names.has(name)) names.set(name, -1 - names.size)
    return names.get(name)
  })
  for (let row = 0; row < logs.count; row++) {
    const place = places[at(logs.resourceOf, row)]
    const timeNs = at(logs.timeNs, row) + offset + (shifts.get(place ?? -1) ?? 0)
    if (place === undefined || Number.isNaN(timeNs)) continue
    const life = lives.get(place) ?? openLife()
    lives.set(place, life)
    life.first = Math.min(life.first, timeNs)
    life.lastLog = Math.max(life.lastLog, timeNs)
  }
  return lives
}

function openLife(): Life {
  return { first: Number.POSITIVE_INFINITY, last: Number.NEGATIVE_INFINITY, lastLog: Number.NEGATIVE_INFINITY }
}

/**
 * How long after its last span an instance may have ended at most. Where instances follow one another: until the next
 * one begins. Where several live at a time: a flush, and some of the typical distances between two visits of one.
 */
function measureCap(lives: ReadonlyMap<number, Life>, lost: readonly LostVisit[], kept: readonly KeptVisit[]): number {
  const times = [...lost, ...kept].map(({ timeNs }) => timeNs).sort((left, right) => left - right)
  const whole = at(times, times.length - 1) - at(times, 0)
  let alive = 0
  for (const { first, last, lastLog } of lives.values()) alive += Math.max(last, lastLog) - first
  if (whole <= 0 || alive < SEVERAL * whole) return Number.POSITIVE_INFINITY
  const steps = times.slice(1).map((time, index) => time - at(times, index))
  const step = steps.sort((left, right) => left - right)[steps.length >> 1] ?? 0
  return TAIL_NS + (IDLE_TIMES * step * alive) / whole
}

/** Undefined: it may go on beyond the data. */
function findEnd(facts: TrustFacts, life: Life, births: Float64Array, capNs: number): number | undefined {
  const next = births[lastBefore(births, Math.max(life.last, life.lastLog)) + 1]
  const isOver = Math.max(life.last, life.lastLog) + (Number.isFinite(capNs) ? capNs : TAIL_NS) < facts.lastNs
  if (next === undefined && !isOver) return undefined
  if (life.lastLog > life.last) return life.lastLog + SECOND_NS
  return Math.min(next ?? facts.lastNs, life.last + capNs)
}

/** Not one visit kept after its last span, where so many in a row are not lost by chance: it ended, or lost its tail. */
function findSilence(
  { lastNs }: TrustFacts,
  { last }: Life,
  lost: readonly LostVisit[],
  kept: readonly KeptVisit[],
): number | undefined {
  if ((kept.at(-1)?.timeNs ?? 0) > last) return undefined
  const row = lost.filter(({ timeNs }) => timeNs > last).length
  const rate = lost.length / (lost.length + kept.length)
  return row >= MIN_SIGHTINGS && rate ** row < BY_CHANCE ? lastNs : undefined
}

function uniteGaps(gaps: readonly Gap[]): Gap[] {
  const sorted = gaps.filter(({ from, to }) => to > from).sort((left, right) => left.from - right.from)
  const united: { from: number; to: number }[] = []
  for (const { from, to } of sorted) {
    const last = united.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else united.push({ from, to })
  }
  return united
}

function isWithin(gaps: readonly Gap[], timeNs: number): boolean {
  let low = 0
  let high = gaps.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((gaps[middle] as Gap).from <= timeNs) low = middle + 1
    else high = middle
  }
  return low > 0 && timeNs <= (gaps[low - 1] as Gap).to
}

/** Where blind loss falls: evenly between kept visits, or evenly in time; the larger share is taken. */
function coverOf(gaps: readonly Gap[], kept: readonly KeptVisit[]): number {
  if (kept.length < 2) return 1
  let between = 0
  for (let index = 1; index < kept.length; index++) {
    const one = kept[index - 1] as KeptVisit
    const other = kept[index] as KeptVisit
    if (isWithin(gaps, (one.timeNs + other.timeNs) / 2)) between++
  }
  let covered = 0
  for (const { from, to } of gaps) covered += to - from
  const whole = (kept.at(-1) as KeptVisit).timeNs - (kept[0] as KeptVisit).timeNs
  return Math.min(1, Math.max(between / (kept.length - 1), whole <= 0 ? 1 : covered / whole))
}
