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
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { IdTable } from '../columns/id-table.ts'
import { StackFunctions } from '../trace/stack-functions.ts'

const { runnable: RUNNABLE, running: RUNNING, waiting: WAITING, syscall: SYSCALL } = stayStates
const MAX_HELD = 64

const causes = Object.fromEntries(runnableCauses.map((cause, at) => [cause, at])) as Record<RunnableCause, number>
const stopCauses: Readonly<Record<string, number>> = {
  preempted: causes.preempted,
  'runtime.Gosched': causes.yielded,
}

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
  private now = 0
  private lastNs = 0
  private generation = 0
  private generationStartNs = 0
  private wakes = 0
  private isClosing = false
  /** Live goroutines by state. */
  private readonly counts = new Int32Array(8)

  constructor(listener: TraceStayListener) {
    this.listener = listener
  }

  addGeneration(generation: TraceGeneration, tables: TraceTables): void {
    if (generation.isRestart && this.generation !== 0) {
      this.now = this.lastNs
      this.endAll()
    }
    this.listener.onGeneration?.(generation, tables)
  }

  addChunk(chunk: TraceChunk, tables: TraceTables): void {
    this.tables = tables
    this.functions.use(tables)
    const { kinds, timesNs, generations, rowCount } = chunk
    const { counts } = this
    const { onMoved } = this.listener
    for (let row = 0; row < rowCount; row++) {
      const time = timesNs[row] as number
      this.now = time
      if (time > this.lastNs) this.lastNs = time
      if (generations[row] !== this.generation) {
        this.generationStartNs = this.generation === 0 ? 0 : time
        this.generation = generations[row] as number
      }
      this.step(chunk, row, kinds[row] as number)
      onMoved?.(time, counts)
    }
  }

  finish(durationNs: number): void {
    const endNs = Math.max(durationNs, this.lastNs)
    this.now = endNs
    this.isClosing = true
    this.endAll()
    this.listener.onFinish?.(endNs)
  }

  private step(chunk: TraceChunk, row: number, type: number): void {
    const first = chunk.arg0[row] as number
    switch (type) {
      case kind.GoStart:
        this.start(first, chunk.processorsPlusOne[row] as number)
        return
      case kind.GoUnblock:
        this.unblock(chunk, row)
        return
      case kind.GoBlock:
        this.stop(chunk, row, WAITING, first, -1)
        return
      case kind.GoSyscallBegin:
        this.stop(chunk, row, SYSCALL, 0, -1)
        return
      case kind.GoStop:
        this.stop(chunk, row, RUNNABLE, first, stopCauses[this.functions.nameOf(first)] ?? causes['other stop'])
        return
      case kind.GoSyscallEnd:
      case kind.GoSyscallEndBlocked:
        this.endSyscall(chunk, row, type)
        return
      case kind.GoCreate:
      case kind.GoCreateBlocked:
        this.create(chunk, row, type)
        return
      case kind.GoCreateSyscall:
        this.enter(this.open(first, this.now), SYSCALL, 0, -1, 0)
        return
      case kind.GoDestroy:
      case kind.GoDestroySyscall:
        this.end(this.find(chunk.goroutines[row] as number))
        return
      case kind.GoSwitch:
      case kind.GoSwitchDestroy:
        this.switchTo(chunk, row, type === kind.GoSwitchDestroy)
        return
      case kind.GoStatus:
        this.tell(first, chunk.arg2[row] as number, 0, processorOf(chunk, row))
        return
      case kind.GoStatusStack:
        this.tell(first, chunk.arg2[row] as number, chunk.arg3[row] as number, processorOf(chunk, row))
        return
      default:
        this.listener.onOther?.(chunk, row, this.generationStartNs, this.tables as TraceTables)
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

  private unblock(chunk: TraceChunk, row: number): void {
    const id = chunk.arg0[row] as number
    const stack = chunk.arg2[row] as number
    const live = this.find(id)
    if (live === undefined) {
      this.openOlder(id, RUNNABLE, this.now, 0)
      return
    }
    const { stack: own } = live
    const waker = this.find(chunk.goroutines[row] as number)
    this.learn(waker, stack)
    this.leave(live)
    this.enter(live, RUNNABLE, 0, causes.unblocked, own)
    live.eventStack = stack
    this.wake(live, waker, stack, false)
  }

  private stop(chunk: TraceChunk, row: number, state: StayState, reason: number, cause: number): void {
    const id = chunk.goroutines[row] as number
    const stack = chunk.arg1[row] as number
    const live = this.find(id)
    if (live === undefined) {
      if (id !== 0) this.openOlder(id, state, this.now, stack)
      return
    }
    this.learn(live, stack)
    if (stack !== 0 && live.state === RUNNING) live.stack = stack
    this.leave(live)
    this.enter(live, state, reason, cause, stack)
    live.eventStack = stack
  }

  private endSyscall(chunk: TraceChunk, row: number, type: number): void {
    const id = chunk.goroutines[row] as number
    const live = this.find(id)
    const isBlocked = type === kind.GoSyscallEndBlocked
    if (live === undefined) {
      if (id !== 0) this.openOlder(id, isBlocked ? RUNNABLE : RUNNING, this.now, 0)
      return
    }
    const { stack } = live
    this.leave(live)
    if (isBlocked) this.enter(live, RUNNABLE, 0, causes['syscall exit'], stack)
    else {
      this.enter(live, RUNNING, 0, -1, 0)
      live.processorPlusOne = chunk.processorsPlusOne[row] as number
    }
  }

  private create(chunk: TraceChunk, row: number, type: number): void {
    const startStack = chunk.arg1[row] as number
    const stack = chunk.arg2[row] as number
    const creator = this.find(chunk.goroutines[row] as number)
    this.learn(creator, stack)
    const live = this.open(chunk.arg0[row] as number, this.now)
    live.startFunction = this.functions.rootOf(startStack)
    if (type === kind.GoCreate) this.enter(live, RUNNABLE, 0, causes.created, stack)
    else this.enter(live, WAITING, 0, -1, startStack)
    live.eventStack = stack
    this.wake(live, creator, stack, true)
  }

  private switchTo(chunk: TraceChunk, row: number, isDestroy: boolean): void {
    const id = chunk.arg0[row] as number
    const current = this.find(chunk.goroutines[row] as number)
    const waker = chunk.goroutines[row] as number
    const wakerStart = current?.startFunction ?? 0
    if (current !== undefined) {
      if (isDestroy) this.end(current)
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
    target.processorPlusOne = chunk.processorsPlusOne[row] as number
    if (known !== undefined) this.tellWake(target, waker, wakerStart, 0, false)
  }

  private tell(id: number, status: number, stack: number, processorPlusOne: number): void {
    const state = stateOfStatus(status)
    if (state === undefined) return
    const live = this.find(id)
    if (live === undefined) {
      const opened = this.openOlder(id, state, this.generationStartNs, stack)
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

/** Where the goroutine of a status runs: known where the thread that it names tells it. */
function processorOf(chunk: TraceChunk, row: number): number {
  return chunk.arg1[row] === chunk.threads[row] ? (chunk.processorsPlusOne[row] as number) : 0
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

function stateOfStatus(status: number): StayState | undefined {
  switch (status) {
    case wireGoroutineStatus.runnable:
      return RUNNABLE
    case wireGoroutineStatus.running:
      return RUNNING
    case wireGoroutineStatus.syscall:
      return SYSCALL
    case wireGoroutineStatus.waiting:
      return WAITING
    default:
      return undefined
  }
}
