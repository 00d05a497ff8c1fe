/**
 * What an event does to goroutines: the one reading of ordered events that all follow who follow goroutines on their own
 * (spans, exports, one goroutine's life, those of a capture). Each keeps what it needs; which event makes, starts,
 * stops, wakes, switches or ends whom, with which state and stack, is said here alone. Transitions are those of the
 * account (wasm/trace-account) and of internal/trace/order.go.
 */
import type { TraceChunk } from '../../model/trace.ts'
import type { RunnableCause } from '../../model/trace-account.ts'
import { type StayState, stayStates } from '../../model/trace-export/trace-stays.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'

const { runnable: RUNNABLE, running: RUNNING, waiting: WAITING, syscall: SYSCALL } = stayStates

/** Goroutines by their ids; 0: none. Stacks and reasons are indices of the trace's tables. */
export type GoroutineMoves = {
  /** It runs from here on. */
  start(id: number, processorPlusOne: number): void
  /** `waker`: 0 for a timer, the poller, the runtime. */
  unblock(id: number, waker: number, stack: number): void
  /** It no longer runs. `reason`: why it waits, or was stopped where it stays runnable; 0 in a system call. */
  stop(id: number, state: typeof RUNNABLE | typeof WAITING | typeof SYSCALL, reason: number, stack: number): void
  /** It runs on, or where its processor is gone (`isBlocked`), it would. */
  endSyscall(id: number, isBlocked: boolean, processorPlusOne: number): void
  /** `startStack`: its first frame; `stack`: the go statement's. In a system call: made by C, no one's and without stacks. */
  create(
    id: number,
    state: typeof RUNNABLE | typeof WAITING | typeof SYSCALL,
    creator: number,
    startStack: number,
    stack: number,
  ): void
  end(id: number): void
  /** `target` runs in the place of `id`, which waits without a reason, or ends (`isEnd`). */
  switchTo(target: number, id: number, isEnd: boolean, processorPlusOne: number): void
  /** Its state is said, as at the beginning of a generation. The processor: where its own thread says it. */
  tell(id: number, state: StayState, stack: number, processorPlusOne: number): void
}

/** False where the event moves no goroutine. */
export function readMove(chunk: TraceChunk, row: number, moves: GoroutineMoves): boolean {
  const first = chunk.arg0[row] as number
  switch (chunk.kinds[row]) {
    case kind.GoStart:
      moves.start(first, chunk.processorsPlusOne[row] as number)
      return true
    case kind.GoUnblock:
      moves.unblock(first, chunk.goroutines[row] as number, chunk.arg2[row] as number)
      return true
    case kind.GoBlock:
      moves.stop(chunk.goroutines[row] as number, WAITING, first, chunk.arg1[row] as number)
      return true
    case kind.GoStop:
      moves.stop(chunk.goroutines[row] as number, RUNNABLE, first, chunk.arg1[row] as number)
      return true
    case kind.GoSyscallBegin:
      moves.stop(chunk.goroutines[row] as number, SYSCALL, 0, chunk.arg1[row] as number)
      return true
    case kind.GoSyscallEnd:
    case kind.GoSyscallEndBlocked: {
      const isBlocked = chunk.kinds[row] === kind.GoSyscallEndBlocked
      moves.endSyscall(chunk.goroutines[row] as number, isBlocked, chunk.processorsPlusOne[row] as number)
      return true
    }
    case kind.GoCreate:
    case kind.GoCreateBlocked: {
      const state = chunk.kinds[row] === kind.GoCreate ? RUNNABLE : WAITING
      const creator = chunk.goroutines[row] as number
      moves.create(first, state, creator, chunk.arg1[row] as number, chunk.arg2[row] as number)
      return true
    }
    case kind.GoCreateSyscall:
      moves.create(first, SYSCALL, 0, 0, 0)
      return true
    case kind.GoDestroy:
    case kind.GoDestroySyscall:
      moves.end(chunk.goroutines[row] as number)
      return true
    case kind.GoSwitch:
    case kind.GoSwitchDestroy: {
      const isEnd = chunk.kinds[row] === kind.GoSwitchDestroy
      moves.switchTo(first, chunk.goroutines[row] as number, isEnd, chunk.processorsPlusOne[row] as number)
      return true
    }
    case kind.GoStatus:
    case kind.GoStatusStack: {
      const state = stateOfStatus(chunk.arg2[row] as number)
      const stack = chunk.kinds[row] === kind.GoStatusStack ? (chunk.arg3[row] as number) : 0
      const isOwn = chunk.arg1[row] === chunk.threads[row]
      if (state !== undefined) moves.tell(first, state, stack, isOwn ? (chunk.processorsPlusOne[row] as number) : 0)
      return true
    }
    default:
      return false
  }
}

/** Where reading stands in time. */
export type TraceMoment = {
  /** Of the row at hand. */
  nowNs: number
  /** Latest of all rows so far. */
  lastNs: number
  /** 0 before the first row. */
  generation: number
  /** A status told for the first time held since then: the trace's beginning, or its generation's first row. */
  generationStartNs: number
}

export function openMoment(): TraceMoment {
  return { nowNs: 0, lastNs: 0, generation: 0, generationStartNs: 0 }
}

/** To the row, before it is read. */
export function advanceMoment(moment: TraceMoment, timeNs: number, generation: number): void {
  moment.nowNs = timeNs
  if (timeNs > moment.lastNs) moment.lastNs = timeNs
  if (generation === moment.generation) return
  moment.generationStartNs = moment.generation === 0 ? 0 : timeNs
  moment.generation = generation
}

/** Why a goroutine that was stopped is runnable, by the name of the stop's reason. */
export function stopCauseOf(reason: string): RunnableCause {
  if (reason === 'preempted') return 'preempted'
  return reason === 'runtime.Gosched' ? 'yielded' : 'other stop'
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
