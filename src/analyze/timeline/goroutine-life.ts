/**
 * The life of one goroutine in a trace: its states over time, its stays by reason and stack, who made it, who woke it.
 * A consumer of ordered chunks that looks at what concerns the goroutine; intervals are those of the account: a state
 * first told by a status held since its generation began, and edges of the window cut.
 * Memory is bounded whatever the trace: lists keep the longest or the first, and counts are of all.
 */
import type { TimelineLife, TimelinePlace, TimelineState, TimelineStay } from '../../model/timeline.ts'
import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../../model/trace.ts'
import { type StayState, stayStates } from '../../model/trace-export/trace-stays.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { TopList } from '../columns/top-list.ts'
import { classifyStay } from '../trace/blind-share.ts'
import { COROUTINE_CODE } from '../trace/codes.ts'
import { advanceMoment, type GoroutineMoves, openMoment, readMove, stopCauseOf } from '../trace/goroutine-moves.ts'
import { StackFunctions } from '../trace/stack-functions.ts'
import { framesOf } from './cells.ts'
import { openLifeUsers } from './life-users.ts'
import { openStateBar } from './state-bar.ts'

const MAX_PLACES = 10_000
const MAX_NAMES = 10_000
const SHOWN_PLACES = 200
const SHOWN_NAMES = 50
const LONGEST = 20

export type LifeOptions = {
  readonly goroutine: number
  readonly fromNs?: number
  readonly toNs?: number
  readonly goVersion?: string
}

/** A wait of the goroutine that another one ended: where a critical path may lead. */
export type WokenWait = {
  readonly startNs: number
  readonly endNs: number
  readonly wokenBy: { readonly goroutine: number; readonly startFunction?: string }
}

export type GoroutineLife = Omit<TimelineLife, 'path' | 'isPathCut'> & { readonly longestWoken?: WokenWait }

export type OpenGoroutineLife = {
  addGeneration(generation: TraceGeneration): void
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  addCpuSamples(samples: readonly TraceCpuSample[]): void
  finish(endNs: number, tables: TraceTables): GoroutineLife
}

const stateNames: Readonly<Record<StayState, TimelineState>> = {
  [stayStates.runnable]: 'runnable',
  [stayStates.running]: 'running',
  [stayStates.waiting]: 'waiting',
  [stayStates.syscall]: 'syscall',
}

type Waker = { readonly goroutine: number; readonly stack: number }
type Stay = {
  readonly state: TimelineState
  /** String of the block reason, or the cause of being runnable. */
  readonly reason: string
  readonly isSwitch: boolean
  readonly stack: number
  readonly startNs: number
  readonly ns: number
  readonly isOlder: boolean
  readonly isOpen: boolean
  readonly waker?: Waker
}
type Place = { stay: Stay; ns: number; count: number; openCount: number; longest: Stay }

export function openGoroutineLife(options: LifeOptions): OpenGoroutineLife {
  const { goroutine, goVersion } = options
  const fromNs = options.fromNs ?? 0
  const toNs = options.toNs ?? Number.POSITIVE_INFINITY
  const functions = new StackFunctions()
  const bar = openStateBar(fromNs)
  const users = openLifeUsers(goroutine, fromNs, toNs)
  const places = new Map<string, Place>()
  const longest = new TopList<Stay>(LONGEST)
  const wakers = new Map<string, { startFunction?: string; count: number; ns: number }>()
  const children = new Map<string, number>()
  const samples = new Map<number, number>()
  const runs = { count: 0, maxNs: 0 }
  let state: TimelineState | undefined
  let since = 0
  let reason = ''
  let stack = 0
  let isSwitch = false
  let isOlder = false
  const moment = openMoment()
  let childCount = 0
  let wokeCount = 0
  let sampleCount = 0
  let longestWoken: WokenWait | undefined
  let birth: { readonly timeNs: number; readonly goroutine: number; readonly stack: number } | undefined

  function enter(next: TimelineState | undefined, why: string, at: number, waker?: Waker): void {
    leave(moment.nowNs, false, waker)
    state = next
    since = Math.max(moment.nowNs, since)
    reason = why
    stack = at
    isSwitch = false
    isOlder = false
  }

  function leave(now: number, isOpen: boolean, waker?: Waker): void {
    if (state === undefined) return
    const startNs = Math.max(since, fromNs)
    const endNs = Math.min(Math.max(now, since), toNs)
    if (endNs < startNs) return
    const ns = endNs - startNs
    bar.add(state, startNs, endNs)
    if (state === 'running') {
      runs.count += 1
      runs.maxNs = Math.max(runs.maxNs, ns)
      return
    }
    const stay: Stay = {
      state,
      reason,
      isSwitch,
      stack,
      startNs,
      ns,
      isOlder,
      isOpen,
      ...(waker === undefined ? {} : { waker }),
    }
    notePlace(stay)
    if (longest.takes(ns)) longest.add(ns, stay)
    if (state === 'waiting' && !isOpen) noteWaker(stay)
  }

  function notePlace(stay: Stay): void {
    const key = `${stay.state} ${stay.reason} ${stay.stack} ${stay.isSwitch}`
    const place = places.get(key)
    if (place === undefined) {
      if (places.size < MAX_PLACES)
        places.set(key, { stay, ns: stay.ns, count: 1, openCount: stay.isOpen ? 1 : 0, longest: stay })
      return
    }
    place.ns += stay.ns
    place.count += 1
    if (stay.isOpen) place.openCount += 1
    if (stay.ns > place.longest.ns) place.longest = stay
  }

  function noteWaker({ waker, ns, startNs }: Stay): void {
    const name = waker === undefined ? undefined : functions.nameOf(functions.rootOf(waker.stack))
    const key = name ?? '\n'
    const known = wakers.get(key)
    if (known !== undefined) {
      known.count += 1
      known.ns += ns
    } else if (wakers.size < MAX_NAMES) {
      wakers.set(key, { ...(name === undefined ? {} : { startFunction: name }), count: 1, ns })
    }
    if (waker !== undefined && ns > (longestWoken === undefined ? 0 : longestWoken.endNs - longestWoken.startNs)) {
      longestWoken = { startNs, endNs: startNs + ns, wokenBy: nameGoroutine(waker.goroutine, waker.stack) }
    }
  }

  function sayWaker(by: number, at: number): Waker | undefined {
    return by === 0 ? undefined : { goroutine: by, stack: at }
  }

  /** Of all moves, those that name the goroutine, and those that it makes. */
  const moves: GoroutineMoves = {
    start(id) {
      if (id !== goroutine) return
      if (state === undefined) openOlder('running', moment.nowNs, 0)
      else enter('running', '', 0)
    },
    unblock(id, by, at) {
      if (by === goroutine) wokeCount += 1
      if (id !== goroutine) return
      if (state === undefined) openOlder('runnable', moment.nowNs, 0)
      else enter('runnable', 'unblocked', stack, sayWaker(by, at))
    },
    stop(id, next, why, at) {
      if (id !== goroutine) return
      const name = next === stayStates.syscall ? '' : functions.nameOf(why)
      enter(stateNames[next], next === stayStates.runnable ? stopCauseOf(name) : name, at)
    },
    endSyscall(id, isBlocked) {
      if (id !== goroutine) return
      if (isBlocked) enter('runnable', 'syscall exit', stack)
      else enter('running', '', 0)
    },
    create(id, next, creator, startStack, at) {
      if (creator === goroutine) noteChild(startStack)
      if (id !== goroutine) return
      if (next === stayStates.syscall) {
        enter('syscall', '', 0)
        return
      }
      birth = { timeNs: moment.nowNs, goroutine: creator, stack: at }
      if (next === stayStates.waiting) enter('waiting', '', startStack)
      else enter('runnable', 'created', at)
    },
    end(id) {
      if (id === goroutine) enter(undefined, '', 0)
    },
    switchTo(id, from, isEnd) {
      if (from === goroutine) {
        enter(isEnd ? undefined : 'waiting', '', 0)
        isSwitch = !isEnd
      }
      if (id === goroutine) enter('running', '', 0, sayWaker(from, 0))
    },
    tell(id, told, at) {
      if (id === goroutine) tell(stateNames[told], at)
    },
  }

  function noteChild(startStack: number): void {
    childCount += 1
    const name = functions.nameOf(functions.rootOf(startStack))
    const count = children.get(name)
    if (count !== undefined || children.size < MAX_NAMES) children.set(name, (count ?? 0) + 1)
  }

  function openOlder(next: TimelineState, sinceNs: number, at: number): void {
    state = next
    since = sinceNs
    reason = next === 'runnable' ? 'before the trace' : ''
    stack = at
    isSwitch = false
    isOlder = true
  }

  function tell(told: TimelineState, at: number): void {
    if (state === undefined) openOlder(told, moment.generationStartNs, at)
    else if (state !== told) enter(told, told === 'runnable' ? 'other stop' : '', at)
    else if (stack === 0) stack = at
  }

  function showStay(stay: Stay, tables: TraceTables): TimelineStay {
    const { waker } = stay
    return {
      state: stay.state,
      reason: stay.reason,
      ...classOf(stay),
      startNs: stay.startNs,
      ns: stay.ns,
      isOlder: stay.isOlder,
      isOpen: stay.isOpen,
      stack: framesOf(stay.stack, tables),
      ...(waker === undefined
        ? {}
        : { wokenBy: { ...nameGoroutine(waker.goroutine, waker.stack), stack: framesOf(waker.stack, tables) } }),
    }
  }

  function classOf({ state: of, reason: why, isSwitch: switched, stack: at }: Stay) {
    if (of !== 'waiting') return {}
    const { waitClass } = classifyStay(switched ? COROUTINE_CODE : 0, why, functions.framesOf(at), goVersion)
    return { waitClass }
  }

  function showPlace({ stay, ns, count, openCount, longest: most }: Place, tables: TraceTables): TimelinePlace {
    const known = classifyStay(
      stay.isSwitch ? COROUTINE_CODE : 0,
      stay.reason,
      functions.framesOf(stay.stack),
      goVersion,
    )
    return {
      state: stay.state,
      reason: stay.reason,
      ...(stay.state !== 'waiting'
        ? {}
        : { waitClass: known.waitClass, ...(known.isBlind === undefined ? {} : { blind: known.isBlind }) }),
      stack: framesOf(stay.stack, tables),
      ns,
      count,
      openCount,
      maxNs: most.ns,
      longestStartNs: most.startNs,
    }
  }

  function nameGoroutine(id: number, at: number) {
    const startFunction = functions.nameOf(functions.rootOf(at))
    return { goroutine: id, ...(startFunction === '' ? {} : { startFunction }) }
  }

  return {
    addGeneration(one) {
      if (!one.isRestart || moment.generation === 0) return
      // Damage: what it did from here on until it is told again is not known.
      state = undefined
    },
    addChunk(chunk, tables) {
      functions.use(tables)
      const { kinds, timesNs, goroutines, arg0, generations, rowCount } = chunk
      for (let row = 0; row < rowCount; row++) {
        advanceMoment(moment, timesNs[row] as number, generations[row] as number)
        const type = kinds[row] as number
        if (goroutines[row] === goroutine || arg0[row] === goroutine) readMove(chunk, row, moves)
        if (type >= kind.UserTaskBegin && type <= kind.UserLog) users.note(chunk, row, tables)
      }
    },
    addCpuSamples(rows) {
      for (const { goroutine: of, timeNs, stack: at } of rows) {
        if (of !== goroutine || timeNs < fromNs || timeNs > toNs) continue
        sampleCount += 1
        const count = samples.get(at)
        if (count !== undefined || samples.size < MAX_NAMES) samples.set(at, (count ?? 0) + 1)
      }
    },
    finish(endNs, tables) {
      functions.use(tables)
      leave(endNs, true)
      state = undefined
      return {
        bar: bar.finish(Math.min(endNs, toNs)),
        runs,
        places: [...places.values()]
          .sort((a, b) => b.ns - a.ns)
          .slice(0, SHOWN_PLACES)
          .map((place) => showPlace(place, tables)),
        longest: longest.list().map((stay) => showStay(stay, tables)),
        ...(birth === undefined
          ? {}
          : {
              createdBy: {
                ...nameGoroutine(birth.goroutine, birth.stack),
                timeNs: birth.timeNs,
                stack: framesOf(birth.stack, tables),
              },
            }),
        created: {
          count: childCount,
          rows: largest(children).map(([startFunction, count]) => ({ startFunction, count })),
        },
        wokenBy: [...wakers.values()].sort((a, b) => b.ns - a.ns).slice(0, SHOWN_NAMES),
        wokeCount,
        ...users.finish(Math.min(endNs, toNs)),
        cpuSamples: {
          count: sampleCount,
          rows: largest(samples).map(([at, count]) => ({ stack: framesOf(at, tables), count })),
        },
        ...(longestWoken === undefined ? {} : { longestWoken }),
      }
    },
  }
}

function largest<K>(counts: ReadonlyMap<K, number>): [K, number][] {
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, SHOWN_NAMES)
}
