/**
 * What the ordered events of a v1 trace say of every goroutine and processor, and whether they agree with each other.
 * Enters: one event at a time, in order. Leaves: a doubt per contradiction, and what conversion needs to know: whether a
 * goroutine was waiting for the network. Follows postProcessTrace in internal/trace/internal/tracev1/parser.go.
 */
import type { TraceDoubts } from '../gotrace/doubts.ts'
import { IdSlots } from './id-slots.ts'
import { v1 } from './kinds.ts'
import type { ProcessorCursor } from './processor-cursor.ts'

const DEAD = 0
const RUNNABLE = 1
const RUNNING = 2
const WAITING = 3
/** Waiting, for the network. */
const WAITING_NETWORK = 4

/** A goroutine's open regions: task, name, task, name …, innermost last. */
type Regions = Map<number, number[]>

export class V1Consistency {
  private readonly doubts: TraceDoubts
  private readonly timers: ReadonlySet<number>
  private readonly goroutines: IdSlots = new IdSlots()
  private state: Uint8Array = new Uint8Array(64)
  private readonly assists: Set<number> = new Set()
  private readonly regions: Regions = new Map()
  private readonly isProcessorRunning: Uint8Array
  private readonly runs: Float64Array
  private readonly sweeps: Uint8Array
  /** Slot last found of the goroutine that runs on each processor, and at last of any other. */
  private readonly hints: Int32Array
  private readonly other: number
  private isCollecting = false
  private isStopped = false

  constructor(processorCount: number, timers: ReadonlySet<number>, doubts: TraceDoubts) {
    this.doubts = doubts
    this.timers = timers
    this.isProcessorRunning = new Uint8Array(processorCount)
    this.runs = new Float64Array(processorCount)
    this.sweeps = new Uint8Array(processorCount)
    this.hints = new Int32Array(processorCount + 1)
    this.other = processorCount
  }

  /** Of a goroutine that is being unblocked: whether the network was what it waited for. Ask before `check`. */
  isWaitingForNetwork(goroutine: number): boolean {
    return this.stateOf(goroutine, this.other) === WAITING_NETWORK
  }

  /** An end of a system call, at its own time. */
  endCall(goroutine: number, offset: number): void {
    if (this.stateOf(goroutine, this.other) < WAITING) this.contradict('a system call ends that was not seen', offset)
    this.setState(goroutine, RUNNABLE, this.other)
  }

  check(cursor: ProcessorCursor, processor: number): void {
    const { kind, goroutine, offset } = cursor
    switch (kind) {
      case v1.procStart:
        if (this.isProcessorRunning[processor] === 1) this.contradict('a processor starts twice', offset)
        this.isProcessorRunning[processor] = 1
        return
      case v1.procStop:
        if (this.isProcessorRunning[processor] === 0) this.contradict('a processor stops twice', offset)
        if (this.runs[processor] !== 0) this.contradict('a processor stops while it runs a goroutine', offset)
        this.isProcessorRunning[processor] = 0
        return
      case v1.gcStart:
      case v1.gcDone:
        if (this.isCollecting === (kind === v1.gcStart)) this.contradict('GC cycles overlap', offset)
        this.isCollecting = kind === v1.gcStart
        return
      case v1.stwStart:
      case v1.stwDone:
        if (this.isStopped === (kind === v1.stwStart)) this.contradict('stops of the world overlap', offset)
        this.isStopped = kind === v1.stwStart
        return
      case v1.sweepStart:
      case v1.sweepDone:
        if ((this.sweeps[processor] === 1) === (kind === v1.sweepStart)) this.contradict('sweeps overlap', offset)
        this.sweeps[processor] = kind === v1.sweepStart ? 1 : 0
        return
      case v1.assistStart:
        if (this.assists.has(goroutine)) this.contradict('mark assists overlap', offset)
        this.assists.add(goroutine)
        return
      case v1.assistDone:
        this.assists.delete(goroutine)
        return
      case v1.goWaiting:
      case v1.goInSyscall:
        if (this.stateOf(goroutine, processor) !== RUNNABLE)
          this.contradict('a goroutine waits before it is there', offset)
        this.setState(goroutine, WAITING, processor)
        return
      case v1.goCreate:
        this.checkRunning(cursor, processor, true)
        if (this.slotOf(cursor.arg0, this.other) >= 0) this.contradict('a goroutine is created that exists', offset)
        this.setState(cursor.arg0, RUNNABLE, this.other)
        return
      case v1.goUnblock:
      case v1.goUnblockLocal:
        this.checkUnblock(cursor, processor)
        return
      case v1.region:
        this.checkRegion(cursor)
        return
      default:
        this.checkRun(cursor, processor)
    }
  }

  private checkRun(cursor: ProcessorCursor, processor: number): void {
    const { kind, goroutine, offset } = cursor
    switch (kind) {
      case v1.goStart:
      case v1.goStartLocal:
      case v1.goStartLabel:
        if (this.stateOf(goroutine, processor) !== RUNNABLE)
          this.contradict('a goroutine starts that is not runnable', offset)
        if (this.runs[processor] !== 0) this.contradict('a processor runs two goroutines', offset)
        this.setState(goroutine, RUNNING, processor)
        this.runs[processor] = goroutine
        return
      case v1.goSysCall:
        this.checkRunning(cursor, processor, false)
        return
      case v1.goEnd:
        this.checkRunning(cursor, processor, false)
        this.goroutines.remove(goroutine)
        this.assists.delete(goroutine)
        this.regions.delete(goroutine)
        this.runs[processor] = 0
        return
      case v1.goStop:
        this.leave(cursor, processor, DEAD)
        return
      case v1.goSched:
      case v1.goPreempt:
        this.leave(cursor, processor, RUNNABLE)
        return
      case v1.goBlockNet:
        this.leave(cursor, processor, WAITING_NETWORK)
        return
      case v1.goSysBlock:
      case v1.goSleep:
      case v1.goBlock:
      case v1.goBlockSend:
      case v1.goBlockRecv:
      case v1.goBlockSelect:
      case v1.goBlockSync:
      case v1.goBlockCond:
      case v1.goBlockGc:
        this.leave(cursor, processor, WAITING)
    }
  }

  private leave(cursor: ProcessorCursor, processor: number, state: number): void {
    this.checkRunning(cursor, processor, false)
    this.setState(cursor.goroutine, state, processor)
    this.runs[processor] = 0
  }

  private checkRunning(cursor: ProcessorCursor, processor: number, mayBeNone: boolean): void {
    const { goroutine, offset } = cursor
    const isRunning = this.stateOf(goroutine, processor) === RUNNING && this.runs[processor] === goroutine
    if (!isRunning || (goroutine === 0 && !mayBeNone)) {
      this.contradict('a goroutine acts that does not run there', offset)
    }
  }

  private checkUnblock(cursor: ProcessorCursor, processor: number): void {
    const { goroutine, arg0, offset } = cursor
    const isThere = this.timers.has(goroutine) || this.runs[processor] === goroutine
    if (this.stateOf(goroutine, processor) !== RUNNING || !isThere) {
      this.contradict('a goroutine acts that does not run there', offset)
    }
    if (this.stateOf(arg0, this.other) < WAITING) this.contradict('a goroutine is woken that does not wait', offset)
    this.setState(arg0, RUNNABLE, this.other)
  }

  private checkRegion(cursor: ProcessorCursor): void {
    const { goroutine, arg0: task, arg1: mode, arg2: name, offset } = cursor
    const regions = this.regions.get(goroutine)
    if (mode === 0) {
      if (regions === undefined) this.regions.set(goroutine, [task, name])
      else regions.push(task, name)
    } else if (mode !== 1) {
      this.contradict('a region neither begins nor ends', offset)
    } else if (regions !== undefined) {
      const isInnermost = regions.at(-2) === task && regions.at(-1) === name
      if (!isInnermost) this.contradict('a region ends that is not the innermost', offset)
      regions.length -= 2
      if (regions.length === 0) this.regions.delete(goroutine)
    }
  }

  /** Goroutine 0 stands for what runs without one. */
  private stateOf(goroutine: number, hint: number): number {
    if (goroutine === 0) return RUNNING
    const slot = this.slotOf(goroutine, hint)
    return slot < 0 ? DEAD : (this.state[slot] as number)
  }

  private slotOf(goroutine: number, hint: number): number {
    const known = this.hints[hint] as number
    if (this.goroutines.ids[known] === goroutine) return known
    const slot = this.goroutines.find(goroutine)
    if (slot >= 0) this.hints[hint] = slot
    return slot
  }

  private setState(goroutine: number, state: number, hint: number): void {
    if (goroutine === 0) return
    let slot = this.slotOf(goroutine, hint)
    if (slot < 0) slot = this.goroutines.add(goroutine)
    if (slot >= this.state.length) {
      const grown = new Uint8Array(this.state.length * 2)
      grown.set(this.state)
      this.state = grown
    }
    this.state[slot] = state
  }

  private contradict(message: string, offset: number): void {
    this.doubts.quibble(message, offset)
  }
}
