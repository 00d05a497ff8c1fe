/**
 * The life of one goroutine in a trace: its states over time, its stays by reason and stack, who made it, who woke it.
 * A consumer of ordered chunks that looks at what concerns the goroutine; intervals are those of the account: a state
 * first told by a status held since its generation began, and edges of the window cut.
 * Memory is bounded whatever the trace: lists keep the longest or the first, and counts are of all.
 */
import type { TimelineLife, TimelinePlace, TimelineState, TimelineStay } from '../../model/timeline.ts'
import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { TopList } from '../columns/top-list.ts'
import { classifyStay } from '../trace/blind-share.ts'
import { COROUTINE_CODE } from '../trace/codes.ts'
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
  let generationStartNs = 0
  let generation: number | undefined
  let childCount = 0
  let wokeCount = 0
  let sampleCount = 0
  let longestWoken: WokenWait | undefined
  let birth: { readonly timeNs: number; readonly goroutine: number; readonly stack: number } | undefined

  function enter(next: TimelineState | undefined, now: number, why: string, at: number, waker?: Waker): void {
    leave(now, false, waker)
    state = next
    since = Math.max(now, since)
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

  function wakeBy(chunk: TraceChunk, row: number, at: number): Waker | undefined {
    const by = chunk.goroutines[row] as number
    return by === 0 ? undefined : { goroutine: by, stack: at }
  }

  /** Events that name the goroutine. */
  function addNaming(chunk: TraceChunk, row: number, now: number): void {
    const third = chunk.arg2[row] as number
    switch (chunk.kinds[row]) {
      case kind.GoCreate:
      case kind.GoCreateBlocked: {
        const isBlocked = chunk.kinds[row] === kind.GoCreateBlocked
        birth = { timeNs: now, goroutine: chunk.goroutines[row] as number, stack: third }
        enter(
          isBlocked ? 'waiting' : 'runnable',
          now,
          isBlocked ? '' : 'created',
          isBlocked ? (chunk.arg1[row] as number) : third,
        )
        return
      }
      case kind.GoCreateSyscall:
        enter('syscall', now, '', 0)
        return
      case kind.GoStart:
        if (state === undefined) openOlder('running', now, 0)
        else enter('running', now, '', 0)
        return
      case kind.GoUnblock:
        if (state === undefined) openOlder('runnable', now, 0)
        else enter('runnable', now, 'unblocked', stack, wakeBy(chunk, row, third))
        return
      case kind.GoSwitch:
      case kind.GoSwitchDestroy:
        enter('running', now, '', 0, wakeBy(chunk, row, 0))
        return
      case kind.GoStatus:
        tell(third, 0, now)
        return
      case kind.GoStatusStack:
        tell(third, chunk.arg3[row] as number, now)
        return
    }
  }

  /** Events that the goroutine runs. */
  function addOwn(chunk: TraceChunk, row: number, now: number, tables: TraceTables): void {
    const first = chunk.arg0[row] as number
    const second = chunk.arg1[row] as number
    switch (chunk.kinds[row]) {
      case kind.GoCreate:
      case kind.GoCreateBlocked: {
        childCount += 1
        const name = functions.nameOf(functions.rootOf(second))
        const count = children.get(name)
        if (count !== undefined || children.size < MAX_NAMES) children.set(name, (count ?? 0) + 1)
        return
      }
      case kind.GoUnblock:
        wokeCount += 1
        return
      case kind.GoStop:
        enter('runnable', now, sayStop(tables.strings[first] ?? ''), second)
        return
      case kind.GoBlock:
        enter('waiting', now, tables.strings[first] ?? '', second)
        return
      case kind.GoSyscallBegin:
        enter('syscall', now, '', second)
        return
      case kind.GoSyscallEnd:
        enter('running', now, '', 0)
        return
      case kind.GoSyscallEndBlocked:
        enter('runnable', now, 'syscall exit', stack)
        return
      case kind.GoSwitch:
        enter('waiting', now, '', 0)
        isSwitch = true
        return
      case kind.GoDestroy:
      case kind.GoDestroySyscall:
      case kind.GoSwitchDestroy:
        enter(undefined, now, '', 0)
        return
    }
  }

  function openOlder(next: TimelineState, sinceNs: number, at: number): void {
    state = next
    since = sinceNs
    reason = next === 'runnable' ? 'before the trace' : ''
    stack = at
    isSwitch = false
    isOlder = true
  }

  function tell(status: number, at: number, now: number): void {
    const told = stateOfStatus(status)
    if (told === undefined) return
    if (state === undefined) openOlder(told, generationStartNs, at)
    else if (state !== told) enter(told, now, told === 'runnable' ? 'other stop' : '', at)
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
      if (!one.isRestart || generation === undefined) return
      // Damage: what it did from here on until it is told again is not known.
      state = undefined
    },
    addChunk(chunk, tables) {
      functions.use(tables)
      const { kinds, timesNs, goroutines, arg0, generations, rowCount } = chunk
      for (let row = 0; row < rowCount; row++) {
        if (generations[row] !== generation) {
          generationStartNs = generation === undefined ? 0 : (timesNs[row] as number)
          generation = generations[row] as number
        }
        const type = kinds[row] as number
        const isOwn = goroutines[row] === goroutine
        if (isOwn) addOwn(chunk, row, timesNs[row] as number, tables)
        if (arg0[row] === goroutine && namesGoroutine(type)) addNaming(chunk, row, timesNs[row] as number)
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

function namesGoroutine(type: number): boolean {
  switch (type) {
    case kind.GoCreate:
    case kind.GoCreateBlocked:
    case kind.GoCreateSyscall:
    case kind.GoStart:
    case kind.GoUnblock:
    case kind.GoSwitch:
    case kind.GoSwitchDestroy:
    case kind.GoStatus:
    case kind.GoStatusStack:
      return true
    default:
      return false
  }
}

function largest<K>(counts: ReadonlyMap<K, number>): [K, number][] {
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, SHOWN_NAMES)
}

/** The causes of the account. */
function sayStop(reason: string): string {
  if (reason === 'preempted') return 'preempted'
  return reason === 'runtime.Gosched' ? 'yielded' : 'other stop'
}

function stateOfStatus(status: number): TimelineState | undefined {
  switch (status) {
    case wireGoroutineStatus.runnable:
      return 'runnable'
    case wireGoroutineStatus.running:
      return 'running'
    case wireGoroutineStatus.waiting:
      return 'waiting'
    case wireGoroutineStatus.syscall:
      return 'syscall'
    default:
      return undefined
  }
}
