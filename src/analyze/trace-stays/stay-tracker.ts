/**
 * Ordered events → stays (model/trace-stays.ts): the states of every live goroutine, each told when it ends.
 * Transitions, times and edges are those of the account (analyze/trace): a status told for the first time held since its
 * generation began, an interval that runs backwards has no length, damage ends all that lives. Of a goroutine whose start
 * function no stack has shown yet, stays are held back until one does, at most MAX_HELD of them.
 */
import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../../model/trace.ts'
import { type RunnableCause, runnableCauses } from '../../model/trace-account.ts'
import {
  type StayState,
  stayStates,
  type TraceStay,
  type TraceStayListener,
} from '../../model/trace-export/trace-stays.ts'
import { IdTable } from '../columns/id-table.ts'
import { advanceMoment, type GoroutineMoves, openMoment, readMove, stopCauseOf } from '../trace/goroutine-moves.ts'
import { StackFunctions } from '../trace/stack-functions.ts'

const { runnable: RUNNABLE, running: RUNNING, waiting: WAITING, syscall: SYSCALL } = stayStates
const MAX_HELD = 64

const causes = Object.fromEntries(runnableCauses.map((cause, at) => [cause, at])) as Record<RunnableCause, number>
/** A live goroutine, and at the same time the stay that it is in. */
type Live = { -readonly [Key in keyof TraceStay]: TraceStay[Key] } & {
  held: TraceStay[] | undefined
  /** Stacks have been seen, and it has no start function: nothing is held back any more. */
  isNameless: boolean
}

export type StayTracker = {
  addGeneration(generation: TraceGeneration, tables: TraceTables): void
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  addCpuSamples(samples: readonly TraceCpuSample[], tables: TraceTables): void
  /** Once, after the last chunk. */
  finish(meta: { readonly durationNs: number }): void
}

export function openStayTracker(listener: TraceStayListener): StayTracker {
  const tracker = new Tracker(listener)
  return {
    addGeneration: (generation, tables) => tracker.addGeneration(generation, tables),
    addChunk: (chunk, tables) => tracker.addChunk(chunk, tables),
    addCpuSamples: (samples, tables) => listener.onCpuSamples?.(samples, tables),
    finish: ({ durationNs }) => tracker.finish(durationNs),
  }
}

class Tracker {
  private readonly listener: TraceStayListener
  private readonly table = new IdTable()
  private readonly lives: Live[] = []
  private readonly functions = new StackFunctions()
  private tables: TraceTables | undefined
  private readonly moment = openMoment()
  private readonly moves: GoroutineMoves
  private wakes = 0
  private isClosing = false
  /** Live goroutines by state. */
  private readonly counts = new Int32Array(8)

  constructor(listener: TraceStayListener) {
    this.listener = listener
    this.moves = this.makeMoves()
  }

  private get now(): number {
    return this.moment.nowNs
  }

  addGeneration(generation: TraceGeneration, tables: TraceTables): void {
    if (generation.isRestart && this.moment.generation !== 0) {
      this.moment.nowNs = this.moment.lastNs
      this.endAll()
    }
    this.listener.onGeneration?.(generation, tables)
  }

  addChunk(chunk: TraceChunk, tables: TraceTables): void {
    this.tables = tables
    this.functions.use(tables)
    const { timesNs, generations, rowCount } = chunk
    const { counts, moment, moves } = this
    const { onMoved, onOther } = this.listener
    for (let row = 0; row < rowCount; row++) {
      const time = timesNs[row] as number
      advanceMoment(moment, time, generations[row] as number)
      if (!readMove(chunk, row, moves)) onOther?.(chunk, row, moment.generationStartNs, tables)
      onMoved?.(time, counts)
    }
  }

  finish(durationNs: number): void {
    const endNs = Math.max(durationNs, this.moment.lastNs)
    this.moment.nowNs = endNs
    this.isClosing = true
    this.endAll()
    this.listener.onFinish?.(endNs)
  }

  private makeMoves(): GoroutineMoves {
    return {
      start: (id, processorPlusOne) => this.start(id, processorPlusOne),
      unblock: (id, waker, stack) => this.unblock(id, waker, stack),
      stop: (id, state, reason, stack) => this.stop(id, state, reason, stack),
      endSyscall: (id, isBlocked, processorPlusOne) => this.endSyscall(id, isBlocked, processorPlusOne),
      create: (id, state, creator, startStack, stack) => {
        if (state === SYSCALL) this.enter(this.open(id, this.now), SYSCALL, 0, -1, 0)
        else this.create(id, state, creator, startStack, stack)
      },
      end: (id) => this.end(this.find(id)),
      switchTo: (id, from, isEnd, processorPlusOne) => this.switchTo(id, from, isEnd, processorPlusOne),
      tell: (id, state, stack, processorPlusOne) => this.tell(id, state, stack, processorPlusOne),
    }
  }

  private start(id: number, processorPlusOne: number): void {
    const known = this.find(id)
    if (known !== undefined) {
      this.leave(known)
      this.enter(known, RUNNING, 0, -1, 0)
    }
    const live = known ?? this.openOlder(id, RUNNING, this.now, 0)
    live.processorPlusOne = processorPlusOne
  }

  private unblock(id: number, wakerId: number, stack: number): void {
    const live = this.find(id)
    if (live === undefined) {
      this.openOlder(id, RUNNABLE, this.now, 0)
      return
    }
    const { stack: own } = live
    const waker = this.find(wakerId)
    this.learn(waker, stack)
    this.leave(live)
    this.enter(live, RUNNABLE, 0, causes.unblocked, own)
    live.eventStack = stack
    this.wake(live, waker, stack, false)
  }

  private stop(id: number, state: StayState, reason: number, stack: number): void {
    const live = this.find(id)
    if (live === undefined) {
      if (id !== 0) this.openOlder(id, state, this.now, stack)
      return
    }
    this.learn(live, stack)
    if (stack !== 0 && live.state === RUNNING) live.stack = stack
    this.leave(live)
    const cause = state === RUNNABLE ? causes[stopCauseOf(this.functions.nameOf(reason))] : -1
    this.enter(live, state, reason, cause, stack)
    live.eventStack = stack
  }

  private endSyscall(id: number, isBlocked: boolean, processorPlusOne: number): void {
    const live = this.find(id)
    if (live === undefined) {
      if (id !== 0) this.openOlder(id, isBlocked ? RUNNABLE : RUNNING, this.now, 0)
      return
    }
    const { stack } = live
    this.leave(live)
    if (isBlocked) this.enter(live, RUNNABLE, 0, causes['syscall exit'], stack)
    else {
      this.enter(live, RUNNING, 0, -1, 0)
      live.processorPlusOne = processorPlusOne
    }
  }

  private create(id: number, state: StayState, creatorId: number, startStack: number, stack: number): void {
    const creator = this.find(creatorId)
    this.learn(creator, stack)
    const live = this.open(id, this.now)
    live.startFunction = this.functions.rootOf(startStack)
    if (state === RUNNABLE) this.enter(live, RUNNABLE, 0, causes.created, stack)
    else this.enter(live, WAITING, 0, -1, startStack)
    live.eventStack = stack
    this.wake(live, creator, stack, true)
  }

  private switchTo(id: number, waker: number, isEnd: boolean, processorPlusOne: number): void {
    const current = this.find(waker)
    const wakerStart = current?.startFunction ?? 0
    if (current !== undefined) {
      if (isEnd) this.end(current)
      else {
        this.leave(current)
        this.enter(current, WAITING, 0, -1, 0)
        current.isSwitch = true
      }
    }
    const known = id === waker ? undefined : this.find(id)
    if (known !== undefined) {
      this.leave(known)
      this.enter(known, RUNNING, 0, -1, 0)
    }
    const target = known ?? this.openOlder(id, RUNNING, this.now, 0)
    target.processorPlusOne = processorPlusOne
    if (known !== undefined) this.tellWake(target, waker, wakerStart, 0, false)
  }

  private tell(id: number, state: StayState, stack: number, processorPlusOne: number): void {
    const live = this.find(id)
    if (live === undefined) {
      const opened = this.openOlder(id, state, this.moment.generationStartNs, stack)
      if (state === RUNNING) opened.processorPlusOne = processorPlusOne
      return
    }
    this.learn(live, stack)
    if (live.state === state) {
      if (live.stack === 0) live.stack = stack
      return
    }
    if (stack !== 0 && live.state === RUNNING) live.stack = stack
    this.leave(live)
    this.enter(live, state, 0, state === RUNNABLE ? causes['other stop'] : -1, stack)
    live.eventStack = stack
    if (state === RUNNING) live.processorPlusOne = processorPlusOne
  }

  private wake(live: Live, waker: Live | undefined, stack: number, isCreation: boolean): void {
    this.tellWake(live, waker?.goroutine ?? 0, waker?.startFunction ?? 0, stack, isCreation)
  }

  private tellWake(live: Live, waker: number, wakerStart: number, stack: number, isCreation: boolean): void {
    const { onWake } = this.listener
    this.wakes++
    live.wake = waker === 0 ? 0 : this.wakes
    onWake?.(
      {
        serial: this.wakes,
        waker,
        wakerStartFunction: wakerStart,
        woken: live.goroutine,
        wokenStartFunction: live.startFunction,
        isCreation,
        timeNs: this.now,
        stack,
      },
      this.tables as TraceTables,
    )
  }

  private find(id: number): Live | undefined {
    const slot = this.table.find(id)
    return slot === -1 ? undefined : this.lives[slot]
  }

  /** As the account takes it: a goroutine made anew under an id that lives has ended. */
  private open(id: number, sinceNs: number): Live {
    const known = this.find(id)
    if (known !== undefined) this.end(known)
    const slot = this.table.add(id)
    const live = this.lives[slot] ?? newLive()
    this.lives[slot] = live
    live.goroutine = id
    live.startNs = sinceNs
    live.endNs = sinceNs
    live.toldNs = this.now
    live.startFunction = 0
    live.isOlder = false
    live.isOpen = false
    live.held = undefined
    live.isNameless = false
    live.ranFromNs = Number.POSITIVE_INFINITY
    return live
  }

  private openOlder(id: number, state: StayState, sinceNs: number, stack: number): Live {
    const live = this.open(id, sinceNs)
    this.enter(live, state, 0, state === RUNNABLE ? causes['before the trace'] : -1, stack)
    live.isOlder = true
    live.eventStack = stack
    this.learn(live, stack)
    return live
  }

  /** The stay that begins; its start is where the last one ended. */
  private enter(live: Live, state: StayState, reason: number, cause: number, stack: number): void {
    this.counts[state] = (this.counts[state] as number) + 1
    live.state = state
    live.reason = reason
    live.cause = cause
    live.stack = stack
    live.isSwitch = false
    live.eventStack = 0
    live.toldNs = this.now
    live.processorPlusOne = 0
    live.wake = 0
    if (state === RUNNING && live.ranFromNs === Number.POSITIVE_INFINITY) live.ranFromNs = this.now
  }

  private leave(live: Live): void {
    this.counts[live.state] = (this.counts[live.state] as number) - 1
    live.endNs = Math.max(this.now, live.startNs)
    live.isOpen = this.isClosing
    if (live.startFunction === 0 && !live.isNameless) this.hold(live)
    else this.listener.onStay(live, this.tables as TraceTables)
    live.startNs = live.endNs
    live.isOlder = false
  }

  private hold(live: Live): void {
    live.held ??= []
    live.held.push(copyStay(live, 0))
    if (live.held.length < MAX_HELD) return
    live.isNameless = true
    this.release(live)
  }

  private learn(live: Live | undefined, stack: number): void {
    if (live === undefined || stack === 0 || live.startFunction !== 0) return
    live.startFunction = this.functions.rootOf(stack)
    if (live.startFunction !== 0) this.release(live)
  }

  private release(live: Live): void {
    const { held } = live
    if (held === undefined) return
    live.held = undefined
    for (const stay of held) this.listener.onStay(copyStay(stay, live.startFunction), this.tables as TraceTables)
  }

  private end(live: Live | undefined): void {
    if (live === undefined) return
    this.leave(live)
    this.release(live)
    this.table.remove(live.goroutine)
    this.listener.onEnd?.(live.goroutine, live.endNs)
  }

  private endAll(): void {
    const all: Live[] = []
    this.table.forEach((slot) => {
      const live = this.lives[slot]
      if (live !== undefined) all.push(live)
    })
    for (const live of all) this.end(live)
  }
}

function copyStay(stay: TraceStay, startFunction: number): TraceStay {
  const { goroutine, state, reason, cause, isSwitch, stack, eventStack, startNs, endNs, toldNs } = stay
  const { ranFromNs, processorPlusOne, isOlder, isOpen, wake } = stay
  return {
    goroutine,
    state,
    reason,
    cause,
    isSwitch,
    stack,
    eventStack,
    startNs,
    endNs,
    toldNs,
    ranFromNs,
    processorPlusOne,
    isOlder,
    isOpen,
    startFunction,
    wake,
  }
}

/** Doubles where times will be: the columns of an object keep their kind. */
function newLive(): Live {
  return {
    goroutine: 0,
    state: RUNNABLE,
    reason: 0,
    cause: -1,
    isSwitch: false,
    stack: 0,
    eventStack: 0,
    startNs: 0.5,
    endNs: 0.5,
    toldNs: 0.5,
    ranFromNs: 0.5,
    processorPlusOne: 0,
    isOlder: false,
    isOpen: false,
    startFunction: 0,
    wake: 0,
    held: undefined,
    isNameless: false,
  }
}
