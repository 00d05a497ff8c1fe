/**
 * A second reading of the trace for one goal: everything that its goroutine did within its bounds, what the goroutines
 * did that were made under it, who woke whom meanwhile, and what the program said of itself (regions, logs).
 * Enters: ordered chunks and the goal of a first reading. Leaves: a SpanProbe for span-answer.ts. Memory: the changes of
 * state of all goroutines within the bounds (bounded, see wake-history.ts), a row per goroutine made under it.
 */
import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { TopList } from '../columns/top-list.ts'
import { StackFunctions } from '../trace/stack-functions.ts'
import { openWakeHistory, type WakeHistory } from '../trace/wake-history.ts'
import type { SpanGoal } from './pick-span.ts'
import { pinChunk } from './pin-chunk.ts'
import { seedHistory } from './seed-history.ts'
import { readSpanMark } from './span-marks.ts'
import { RUNNABLE, RUNNING, StayTracker, SYSCALL, UNKNOWN, WAITING } from './stay-tracker.ts'

export type ProbedStay = {
  readonly state: number
  readonly code: number
  readonly stack: number
  readonly startNs: number
  readonly ns: number
  /** Of a wait that ended: who ended it, 0 for none, and at which stack of the waker. */
  readonly waker?: { readonly goroutine: number; readonly stack: number }
}

export type ProbedSite = {
  readonly state: number
  readonly code: number
  readonly stack: number
  ns: number
  count: number
  maxNs: number
}

export type ProbedGoroutine = {
  readonly id: number
  /** String of its start function. */
  start: number
  readonly createdBy: number
  readonly startNs: number
  endNs: number
  ended: boolean
  /** By state. */
  readonly times: Float64Array
  readonly waits: Map<string, ProbedSite>
}

export type ProbedRegion = {
  readonly name: string
  readonly goroutine: number
  readonly startNs: number
  endNs: number
  open: boolean
}
export type ProbedLog = {
  readonly timeNs: number
  readonly goroutine: number
  readonly category: string
  readonly message: string
}

export type SpanProbe = {
  readonly own?: ProbedGoroutine
  readonly sites: readonly ProbedSite[]
  readonly longest: readonly ProbedStay[]
  /** Of its own goroutine, BINS places per state. */
  readonly bins: Float64Array
  readonly assistNs: number
  readonly stoppedNs: number
  readonly goneAtNs?: number
  readonly made: readonly ProbedGoroutine[]
  readonly history: WakeHistory
  readonly regions: readonly ProbedRegion[]
  readonly logs: readonly ProbedLog[]
  /** Goroutine → how often its stack held the span's function within its bounds; first and last time. */
  readonly sightings: ReadonlyMap<number, { count: number; firstNs: number; lastNs: number }>
  /** Of a goroutine seen within the bounds: the string of its start function (0: not known), when it was made. */
  readonly findGoroutine: (goroutine: number) => { readonly start: number; readonly birthNs: number }
  readonly omitted: Readonly<Record<string, number>>
}

export type OpenSpanProbe = {
  addGeneration(generation: { readonly isRestart: boolean }): void
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  /** False when nothing that is still to come matters. */
  readonly wantsMore: () => boolean
  finish(): SpanProbe
}

export const BINS = 80
const MAX_MADE = 100_000
const MAX_WAITS = 64
const MAX_SITES = 20_000
const LONGEST = 12
const MAX_REGIONS = 200
const MAX_LOGS = 200
const MAX_SIGHTINGS = 10_000
/** Events stand in causal order, and their times may stand back a little. */
const PAST_END_NS = 1e6

export function openSpanProbe(goal: SpanGoal): OpenSpanProbe {
  const { startNs: fromNs, endNs: toNs } = goal
  const functions = new StackFunctions()
  const history = openWakeHistory({ fromNs, toNs })
  const omitted = { goroutines: 0, sites: 0, regions: 0, logs: 0 }
  const sites = new Map<string, ProbedSite>()
  const longest = new TopList<ProbedStay>(LONGEST)
  const bins = new Float64Array(BINS * (SYSCALL + 1))
  const made = new Map<number, ProbedGoroutine>()
  const family = new Map<number, ProbedGoroutine>()
  const wakers = new Map<number, { goroutine: number; stack: number }>()
  const ended = new Map<number, { start: number; birthNs: number }>()
  const regions: ProbedRegion[] = []
  const openRegions = new Map<number, ProbedRegion[]>()
  const logs: ProbedLog[] = []
  const sightings = new Map<number, { count: number; firstNs: number; lastNs: number }>()
  const holdsFunction = new Map<number, boolean>()
  const task = goal.sighting?.task
  let own: ProbedGoroutine | undefined
  let ownSlot = -1
  let goneAtNs: number | undefined
  let assistBase = 0
  let assistNs = 0
  let stoppedNs = 0
  let stopSince: number | undefined
  let isSeeded = fromNs <= 0
  let isOver = false
  let restarts = 0

  const tracker: StayTracker = new StayTracker(functions, {
    onStay(slot) {
      if (isOver) return
      if (slot === ownSlot && own !== undefined) noteStay(own, slot, true)
      else {
        const one = family.get(slot)
        if (one !== undefined) noteStay(one, slot, false)
      }
      wakers.delete(slot)
    },
    onWake(slot, waker, stack) {
      if (slot !== ownSlot && !family.has(slot)) return
      wakers.set(slot, { goroutine: waker === -1 ? 0 : (tracker.ids[waker] as number), stack })
    },
    onCreate(slot, creator) {
      const { nowNs } = tracker
      if (isOver || nowNs < fromNs || nowNs > toNs || creator === -1) return
      if (creator !== ownSlot && !family.has(creator)) return
      if (made.size >= MAX_MADE) {
        omitted.goroutines++
        return
      }
      const one = openGoroutine(tracker, slot, nowNs)
      made.set(one.id, one)
      family.set(slot, one)
    },
    onEnd(slot) {
      const { nowNs } = tracker
      const id = tracker.ids[slot] as number
      if (isSeeded && !isOver && ended.size < MAX_MADE) {
        ended.set(id, { start: tracker.starts[slot] as number, birthNs: tracker.births[slot] as number })
      }
      if (slot === ownSlot && own !== undefined) {
        if (nowNs <= toNs) goneAtNs = nowNs
        assistNs = tracker.readAssist(slot) - assistBase
        own.start = tracker.starts[slot] as number
        ownSlot = -1
      }
      const one = family.get(slot)
      if (one === undefined) return
      one.start = tracker.starts[slot] as number
      if (nowNs <= toNs) {
        one.ended = true
        one.endNs = nowNs
      }
      family.delete(slot)
    },
  })

  function noteStay(one: ProbedGoroutine, slot: number, isOwn: boolean): void {
    const startNs = Math.max(tracker.sinceNs[slot] as number, fromNs)
    const ns = Math.min(tracker.nowNs, toNs) - startNs
    const state = tracker.states[slot] as number
    if (ns <= 0) return
    one.times[state] = (one.times[state] as number) + ns
    if (isOwn) spread(bins, state, (startNs - fromNs) / (toNs - fromNs), ns / (toNs - fromNs), (toNs - fromNs) / BINS)
    if (state === RUNNING || state === UNKNOWN) return
    const code = tracker.codes[slot] as number
    const stack = tracker.stacks[slot] as number
    const into = isOwn ? sites : one.waits
    const key = `${state} ${code} ${stack}`
    const site = into.get(key)
    if (site !== undefined) {
      site.ns += ns
      site.count++
      site.maxNs = Math.max(site.maxNs, ns)
    } else if (into.size < (isOwn ? MAX_SITES : MAX_WAITS))
      into.set(key, { state, code, stack, ns, count: 1, maxNs: ns })
    else omitted.sites++
    if (!isOwn || !longest.takes(ns)) return
    const waker = state === WAITING && tracker.nowNs <= toNs ? wakers.get(slot) : undefined
    longest.add(ns, { state, code, stack, startNs, ns, ...(waker === undefined ? {} : { waker }) })
  }

  /** The moment before the first event within the bounds. */
  function seed(tables: TraceTables): void {
    isSeeded = true
    tracker.nowNs = Math.max(tracker.nowNs, fromNs)
    seedHistory(history, tracker, fromNs, tables)
    findOwn()
  }

  function findOwn(): void {
    if (goal.goroutine === undefined || own !== undefined) return
    ownSlot = tracker.find(goal.goroutine)
    if (ownSlot === -1) return
    own = openGoroutine(tracker, ownSlot, tracker.births[ownSlot] as number)
    assistBase = tracker.readAssist(ownSlot)
  }

  /** Cuts at the end of the bounds. */
  function close(): void {
    if (isOver) return
    tracker.nowNs = Math.max(tracker.nowNs, toNs)
    if (ownSlot !== -1 && own !== undefined) {
      noteStay(own, ownSlot, true)
      own.start = tracker.starts[ownSlot] as number
      assistNs = tracker.readAssist(ownSlot) - assistBase
    }
    for (const [slot, one] of family) {
      noteStay(one, slot, false)
      one.start = tracker.starts[slot] as number
      one.endNs = toNs
    }
    if (stopSince !== undefined) endStop(toNs)
    for (const region of [...openRegions.values()].flat()) region.endNs = toNs
    isOver = true
  }

  function endStop(timeNs: number): void {
    if (stopSince !== undefined) stoppedNs += Math.max(0, Math.min(timeNs, toNs) - Math.max(stopSince, fromNs))
    stopSince = undefined
  }

  function isOurs(goroutine: number): boolean {
    return goroutine === goal.goroutine || made.has(goroutine)
  }

  function stepOther(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const timeNs = chunk.timesNs[row] as number
    const type = chunk.kinds[row] as number
    if (type === kind.STWBegin) stopSince = timeNs
    else if (type === kind.STWEnd) endStop(timeNs)
    else if (type === kind.UserRegionBegin || type === kind.UserRegionEnd) stepRegion(chunk, row, tables)
    else if (type === kind.UserLog && timeNs >= fromNs && timeNs <= toNs) noteLog(chunk, row, tables)
  }

  function stepRegion(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const goroutine = chunk.goroutines[row] as number
    const timeNs = chunk.timesNs[row] as number
    const name = tables.strings[chunk.arg1[row] as number] ?? ''
    if (chunk.kinds[row] === kind.UserRegionEnd) {
      const stack = openRegions.get(goroutine)
      const at = stack?.findLastIndex((one) => one.name === name) ?? -1
      const [region] = at === -1 ? [] : (stack?.splice(at, 1) ?? [])
      if (stack?.length === 0) openRegions.delete(goroutine)
      if (region === undefined) return
      region.endNs = Math.min(timeNs, toNs)
      region.open = timeNs > toNs
      return
    }
    if (timeNs < fromNs || timeNs > toNs || !(isOurs(goroutine) || (task !== undefined && chunk.arg0[row] === task)))
      return
    if (regions.length >= MAX_REGIONS) {
      omitted.regions++
      return
    }
    const region = { name, goroutine, startNs: timeNs, endNs: toNs, open: true }
    regions.push(region)
    const stack = openRegions.get(goroutine)
    if (stack === undefined) openRegions.set(goroutine, [region])
    else stack.push(region)
  }

  function noteLog(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const goroutine = chunk.goroutines[row] as number
    if (!isOurs(goroutine) && (task === undefined || chunk.arg0[row] !== task)) return
    const category = tables.strings[chunk.arg1[row] as number] ?? ''
    const message = tables.strings[chunk.arg2[row] as number] ?? ''
    if (readSpanMark(category, message) !== undefined) return
    if (logs.length >= MAX_LOGS) omitted.logs++
    else logs.push({ timeNs: chunk.timesNs[row] as number, goroutine, category, message })
  }

  /** Rung 4: who had the span's function on its stack. */
  function lookForFunction(chunk: TraceChunk, row: number): void {
    const name = goal.match?.span.function
    const timeNs = chunk.timesNs[row] as number
    if (name === undefined || timeNs < fromNs || timeNs > toNs) return
    const type = chunk.kinds[row]
    const isStop = type === kind.GoBlock || type === kind.GoStop || type === kind.GoSyscallBegin
    const stack = isStop ? (chunk.arg1[row] as number) : type === kind.GoStatusStack ? (chunk.arg3[row] as number) : 0
    if (stack === 0) return
    let holds = holdsFunction.get(stack)
    if (holds === undefined) {
      holds = functions.framesOf(stack)?.some((frame) => frame === name || frame.endsWith(`.${name}`)) ?? false
      if (holdsFunction.size < MAX_SITES) holdsFunction.set(stack, holds)
    }
    if (!holds) return
    const goroutine = isStop ? (chunk.goroutines[row] as number) : (chunk.arg0[row] as number)
    const known = sightings.get(goroutine)
    if (known !== undefined) {
      known.count++
      known.lastNs = timeNs
    } else if (sightings.size < MAX_SIGHTINGS) sightings.set(goroutine, { count: 1, firstNs: timeNs, lastNs: timeNs })
  }

  return {
    addGeneration({ isRestart }) {
      if (isRestart && restarts++ > 0) tracker.forget()
    },
    addChunk(given, tables) {
      if (isOver) return
      functions.use(tables)
      const chunk = pinChunk(given)
      let isInside = false
      for (let row = 0; row < chunk.rowCount; row++) {
        const timeNs = chunk.timesNs[row] as number
        if (timeNs >= fromNs) {
          if (!isSeeded) seed(tables)
          isInside = true
          if (timeNs > toNs + PAST_END_NS) {
            history.addChunk(chunk, tables)
            close()
            return
          }
        }
        tracker.step(chunk, row)
        if (own === undefined && isInside) findOwn()
        stepOther(chunk, row, tables)
        if (goal.goroutine === undefined) lookForFunction(chunk, row)
      }
      if (isInside) history.addChunk(chunk, tables)
    },
    wantsMore: () => !isOver,
    finish() {
      close()
      return {
        ...(own === undefined ? {} : { own }),
        sites: [...sites.values()].sort((a, b) => b.ns - a.ns),
        longest: longest.list(),
        bins,
        assistNs,
        stoppedNs,
        ...(goneAtNs === undefined ? {} : { goneAtNs }),
        made: [...made.values()],
        history: history.finish(),
        regions,
        logs,
        sightings,
        findGoroutine: (goroutine) => {
          const slot = tracker.find(goroutine)
          if (slot === -1) return ended.get(goroutine) ?? { start: 0, birthNs: 0 }
          return { start: tracker.starts[slot] as number, birthNs: tracker.births[slot] as number }
        },
        omitted,
      }
    },
  }
}

/** States by number, in the order of `times`. */
export const stateNames: Readonly<Record<number, 'runnable' | 'running' | 'waiting' | 'syscall'>> = {
  [RUNNABLE]: 'runnable',
  [RUNNING]: 'running',
  [WAITING]: 'waiting',
  [SYSCALL]: 'syscall',
}

/** Puts a stay into the bins that it lies in; `from` and `length` are shares of all. */
function spread(bins: Float64Array, state: number, from: number, length: number, binNs: number): void {
  const start = from * BINS
  const end = Math.min(BINS, start + length * BINS)
  for (let at = Math.floor(start); at < end; at++) {
    const place = state * BINS + at
    bins[place] = (bins[place] as number) + (Math.min(end, at + 1) - Math.max(start, at)) * binNs
  }
}

function openGoroutine(tracker: StayTracker, slot: number, startNs: number): ProbedGoroutine {
  return {
    id: tracker.ids[slot] as number,
    start: tracker.starts[slot] as number,
    createdBy: tracker.creators[slot] as number,
    startNs,
    endNs: startNs,
    ended: false,
    times: new Float64Array(SYSCALL + 1),
    waits: new Map(),
  }
}
