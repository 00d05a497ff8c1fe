/**
 * An execution trace as stays: each interval that a goroutine spent in one state, told when it ends, with why it began and
 * by whom. What exports and joins are made of; the account (trace-account.ts) is their sum. Made by
 * analyze/trace-stays/stay-tracker.ts from ordered chunks; memory follows live goroutines, not the trace.
 * Times are ns since the trace's first event. Strings and stacks are indices of the trace's tables, 0 = none.
 */
import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../trace.ts'

/** As numbered in `goroutineStates`. */
export const stayStates = { runnable: 2, running: 3, waiting: 4, syscall: 5 } as const
export type StayState = (typeof stayStates)[keyof typeof stayStates]

/** Told in the order of their ends, for each goroutine one after the other; the object is used again after the call. */
export type TraceStay = {
  readonly goroutine: number
  readonly state: StayState
  /** Of a wait: the block reason; of runnable: the stop reason. */
  readonly reason: number
  /** Of runnable: index of `runnableCauses`; else -1. */
  readonly cause: number
  /** A wait that is a direct switch to another goroutine: coroutines. */
  readonly isSwitch: boolean
  /** Where the goroutine stands; of running, where it stopped. */
  readonly stack: number
  /** Of the event that began the stay: of runnable after a wait, the waker's. What `go tool trace -pprof=` counts by. */
  readonly eventStack: number
  readonly startNs: number
  readonly endNs: number
  /** Where the event stands that told of the stay: later than `startNs` for what was so before the trace. */
  readonly toldNs: number
  /** When the goroutine was first seen to run; Infinity before. */
  readonly ranFromNs: number
  /** Of running: where it ran; 0 = not known. */
  readonly processorPlusOne: number
  /** Was so before the trace. */
  readonly isOlder: boolean
  /** Had not ended with the trace. */
  readonly isOpen: boolean
  /** '' (0) where no stack ever showed it. */
  readonly startFunction: number
  /** Serial of the wake-up or creation that began it, see onWake; 0 = none known. */
  readonly wake: number
}

/** One goroutine made another run: it woke it, or it made it. */
export type TraceWake = {
  readonly serial: number
  /** 0: no goroutine (a timer, the network poller, the runtime). */
  readonly waker: number
  readonly wakerStartFunction: number
  readonly woken: number
  readonly wokenStartFunction: number
  readonly isCreation: boolean
  readonly timeNs: number
  readonly stack: number
}

export type TraceStayListener = {
  readonly onGeneration?: (generation: TraceGeneration, tables: TraceTables) => void
  readonly onStay: (stay: TraceStay, tables: TraceTables) => void
  readonly onWake?: (wake: TraceWake, tables: TraceTables) => void
  /** After its last stay. Its id may come again after damage. */
  readonly onEnd?: (goroutine: number, endNs: number) => void
  /** Every event that moves no goroutine: of users, the collector, processors, sizes. In the trace's order among the rest. */
  readonly onOther?: (chunk: TraceChunk, row: number, generationStartNs: number, tables: TraceTables) => void
  /** After every event: goroutines by state, indexed as `goroutineStates`; read it before the call returns. */
  readonly onMoved?: (timeNs: number, counts: Int32Array) => void
  readonly onCpuSamples?: (samples: readonly TraceCpuSample[], tables: TraceTables) => void
  /** Once, after the last stay; `endNs`: of the trace. */
  readonly onFinish?: (endNs: number) => void
}
