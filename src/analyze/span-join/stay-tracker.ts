/**
 * What every goroutine does at the moment, and how long it has done what: the ground that joining spans stands on.
 * Enters: ordered events. Leaves: columns by slot, and calls to a listener when a stay ends, a goroutine is made, woken
 * or gone. A slot is used again after its goroutine ended. Transitions are those of internal/trace/order.go; across
 * damage the state is unknown until it is told again. The trace's account counts the same on its own: a test holds the
 * two against each other.
 */
import type { TraceChunk } from '../../model/trace.ts'
import { type RunnableCause, runnableCauses } from '../../model/trace-account.ts'
import { type StayState, stayStates } from '../../model/trace-export/trace-stays.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { IdTable } from '../columns/id-table.ts'
import { growFloats, growInts } from '../columns/key-table.ts'
import { COROUTINE_CODE, runnableCode, SYSCALL_CODE } from '../trace/codes.ts'
import { advanceMoment, type GoroutineMoves, openMoment, readMove, stopCauseOf } from '../trace/goroutine-moves.ts'
import type { StackFunctions } from '../trace/stack-functions.ts'

export const UNKNOWN = 0
export const { runnable: RUNNABLE, running: RUNNING, waiting: WAITING, syscall: SYSCALL } = stayStates

/** Times of a slot, at `slot * SUMS + state`; the assist's at ASSIST. */
export const SUMS = 6
export const ASSIST = 1

export type StayListener = {
  /** The stay at hand of the slot ends now: state, code, stack and since still stand in the columns. */
  onStay?(slot: number): void
  /** `creator`: slot, or -1 where the trace does not say. */
  onCreate?(slot: number, creator: number): void
  /** After its last stay; the slot is free afterwards. */
  onEnd?(slot: number): void
  /** A wait is about to end. `waker`: slot, or -1 for a timer, the poller, the runtime. */
  onWake?(slot: number, waker: number, stack: number): void
}

const codeOfCause = Object.fromEntries(runnableCauses.map((cause, at) => [cause, runnableCode(at)])) as Record<
  RunnableCause,
  number
>

export class StayTracker {
  readonly table = new IdTable()
  ids = new Float64Array(1024)
  states = new Uint8Array(1024)
  sinceNs = new Float64Array(1024)
  /** Block reason (index of a string), or one of the codes of trace/codes.ts. */
  codes = new Int32Array(1024)
  stacks = new Int32Array(1024)
  /** String of the start function, 0 while it is not known. */
  starts = new Int32Array(1024)
  /** Goroutine that made it, 0 where it is older. */
  creators = new Float64Array(1024)
  births = new Float64Array(1024)
  /** Sums of the stays that have ended, since its birth or the trace's. */
  sums = new Float64Array(1024 * SUMS)
  private readonly assistSince = new Map<number, number>()
  private readonly functions: StackFunctions
  private readonly listener: StayListener
  private readonly moment = openMoment()
  private readonly moves: GoroutineMoves

  constructor(functions: StackFunctions, listener: StayListener) {
    this.functions = functions
    this.listener = listener
    this.moves = this.makeMoves()
  }

  get nowNs(): number {
    return this.moment.nowNs
  }

  set nowNs(ns: number) {
    this.moment.nowNs = ns
  }

  find(id: number): number {
    return this.table.find(id)
  }

  /** Now, as its goroutine has it: where the order overrules the clock, a slot's time never goes back. -1: now. */
  readClock(slot: number): number {
    return slot === -1 ? this.nowNs : Math.max(this.nowNs, this.sinceNs[slot] as number)
  }

  /** Time in this state until now, the stay at hand included. */
  readSum(slot: number, state: number): number {
    const sum = this.sums[slot * SUMS + state] as number
    return this.states[slot] === state ? sum + this.openLength(slot) : sum
  }

  readAssist(slot: number): number {
    const since = this.assistSince.get(slot)
    const sum = this.sums[slot * SUMS + ASSIST] as number
    return since === undefined ? sum : sum + Math.max(0, this.nowNs - since)
  }

  /** What lives is no longer known from here on. */
  forget(): void {
    this.table.forEach((slot) => {
      this.move(slot, UNKNOWN, 0, 0)
    })
    this.assistSince.clear()
  }

  /** To be called before the event's own consumers look: `nowNs` is set here. */
  step(chunk: TraceChunk, row: number): void {
    advanceMoment(this.moment, chunk.timesNs[row] as number, chunk.generations[row] as number)
    if (!readMove(chunk, row, this.moves)) this.stepAssist(chunk, row)
  }

  private makeMoves(): GoroutineMoves {
    return {
      start: (id) => this.moveTo(id, RUNNING, 0, 0),
      unblock: (id, waker, stack) => {
        const slot = this.open(id, this.nowNs)
        this.wake(slot, this.slotOf(waker), stack)
        this.move(slot, RUNNABLE, codeOfCause.unblocked, this.stacks[slot] as number)
      },
      stop: (id, state, reason, stack) => {
        if (id !== 0) this.moveTo(id, state, this.codeOf(state, reason), stack)
      },
      endSyscall: (id, isBlocked) => {
        if (id === 0) return
        const slot = this.open(id, this.nowNs)
        if (isBlocked) this.move(slot, RUNNABLE, codeOfCause['syscall exit'], this.stacks[slot] as number)
        else this.move(slot, RUNNING, 0, 0)
      },
      create: (id, state, creator, startStack, stack) => {
        if (state === SYSCALL) this.moveTo(id, SYSCALL, SYSCALL_CODE, 0)
        else this.create(id, state, creator, startStack, stack)
      },
      end: (id) => this.end(this.slotOf(id)),
      switchTo: (id, from, isEnd) => this.switchTo(id, this.slotOf(from), isEnd),
      tell: (id, state, stack) => this.tell(id, state, stack),
    }
  }

  private stepAssist(chunk: TraceChunk, row: number): void {
    switch (chunk.kinds[row]) {
      case kind.GCMarkAssistActive:
        this.beginAssist(this.find(chunk.arg0[row] as number), this.moment.generationStartNs)
        return
      case kind.GCMarkAssistBegin:
        this.beginAssist(this.slotOf(chunk.goroutines[row] as number), this.nowNs)
        return
      case kind.GCMarkAssistEnd:
        this.endAssist(this.slotOf(chunk.goroutines[row] as number))
        return
    }
  }

  private slotOf(id: number): number {
    return id === 0 ? -1 : this.table.find(id)
  }

  /** Of one that has stopped. */
  private codeOf(state: StayState, reason: number): number {
    if (state === WAITING) return reason
    return state === SYSCALL ? SYSCALL_CODE : codeOfCause[stopCauseOf(this.functions.nameOf(reason))]
  }

  private switchTo(id: number, current: number, isEnd: boolean): void {
    const target = this.open(id, this.nowNs)
    this.wake(target, current, 0)
    if (current !== -1 && current !== target) {
      if (isEnd) this.end(current)
      else this.move(current, WAITING, COROUTINE_CODE, 0)
    }
    this.move(target, RUNNING, 0, 0)
  }

  private moveTo(id: number, state: number, code: number, stack: number): void {
    this.move(this.open(id, this.nowNs), state, code, stack)
  }

  private create(id: number, state: StayState, creatorId: number, startStack: number, stack: number): void {
    const known = this.table.find(id)
    if (known !== -1) this.end(known)
    const creator = this.slotOf(creatorId)
    const slot = this.open(id, this.nowNs)
    this.starts[slot] = this.functions.rootOf(startStack)
    this.creators[slot] = creatorId
    this.enter(slot, state, state === WAITING ? 0 : codeOfCause.created, stack)
    this.listener.onCreate?.(slot, creator)
  }

  /** A state told: it held since its generation began, if nothing was known of the goroutine before. */
  private tell(id: number, state: StayState, stack: number): void {
    const isNew = this.table.find(id) === -1
    const slot = this.open(id, this.moment.generationStartNs)
    if (stack !== 0 && this.starts[slot] === 0) this.starts[slot] = this.functions.rootOf(stack)
    if (!isNew && this.states[slot] === state) {
      if (this.stacks[slot] === 0) this.stacks[slot] = stack
      return
    }
    const older = isNew ? codeOfCause['before the trace'] : codeOfCause['other stop']
    const code = state === RUNNABLE ? older : state === SYSCALL ? SYSCALL_CODE : 0
    if (isNew) this.enter(slot, state, code, stack)
    else this.move(slot, state, code, stack)
  }

  /** The goroutine's slot, made if need be, in an unknown state. */
  private open(id: number, sinceNs: number): number {
    const known = this.table.find(id)
    if (known !== -1) return known
    const slot = this.table.add(id)
    if (slot >= this.ids.length) this.grow(slot + 1)
    this.ids[slot] = id
    this.states[slot] = UNKNOWN
    this.sinceNs[slot] = sinceNs
    this.births[slot] = sinceNs
    this.codes[slot] = 0
    this.stacks[slot] = 0
    this.starts[slot] = 0
    this.creators[slot] = 0
    this.sums.fill(0, slot * SUMS, (slot + 1) * SUMS)
    return slot
  }

  private move(slot: number, state: number, code: number, stack: number): void {
    this.leave(slot)
    if (stack !== 0 && this.starts[slot] === 0) this.starts[slot] = this.functions.rootOf(stack)
    this.sinceNs[slot] = Math.max(this.nowNs, this.sinceNs[slot] as number)
    this.enter(slot, state, code, stack)
  }

  private enter(slot: number, state: number, code: number, stack: number): void {
    this.states[slot] = state
    this.codes[slot] = code
    this.stacks[slot] = stack
  }

  private leave(slot: number): void {
    this.listener.onStay?.(slot)
    const at = slot * SUMS + (this.states[slot] as number)
    this.sums[at] = (this.sums[at] as number) + this.openLength(slot)
  }

  private openLength(slot: number): number {
    return Math.max(0, this.nowNs - (this.sinceNs[slot] as number))
  }

  private wake(slot: number, waker: number, stack: number): void {
    if (this.states[slot] === WAITING) this.listener.onWake?.(slot, waker, stack)
  }

  private end(slot: number): void {
    if (slot === -1) return
    this.endAssist(slot)
    this.leave(slot)
    this.sinceNs[slot] = this.nowNs
    this.states[slot] = UNKNOWN
    this.listener.onEnd?.(slot)
    this.table.remove(this.ids[slot] as number)
  }

  private beginAssist(slot: number, sinceNs: number): void {
    if (slot !== -1 && !this.assistSince.has(slot)) this.assistSince.set(slot, sinceNs)
  }

  private endAssist(slot: number): void {
    if (slot === -1) return
    this.sums[slot * SUMS + ASSIST] = this.readAssist(slot)
    this.assistSince.delete(slot)
  }

  private grow(places: number): void {
    this.ids = growFloats(this.ids, places)
    const { length } = this.ids
    const states = new Uint8Array(length)
    states.set(this.states)
    this.states = states
    this.sinceNs = growFloats(this.sinceNs, length)
    this.codes = growInts(this.codes, length)
    this.stacks = growInts(this.stacks, length)
    this.starts = growInts(this.starts, length)
    this.creators = growFloats(this.creators, length)
    this.births = growFloats(this.births, length)
    this.sums = growFloats(this.sums, length * SUMS)
  }
}
