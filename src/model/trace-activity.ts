/**
 * An execution trace beside the dumps of the same process. Goroutine ids are the runtime's, the same in both.
 * TraceActivity: did each goroutine of the last dump move while the trace was on? One that only has status events was
 * parked from its first to its last instant: a proof of stillness that dumps cannot give, because between two dumps a
 * goroutine may have moved and come back. TracedGoroutines: what each did, and for how long. Times are ns since the
 * trace's first event.
 */
import type { TraceMeta } from './trace.ts'
import type { TraceAccount } from './trace-account.ts'

export type TraceActivity = {
  /** Header of the file, where it was read alone: 22, 23, 25 or 26 for Go 1.22 and later. */
  readonly format?: number
  /** From the first to the last event; absent when the trace has no clock. */
  readonly durationNs?: number
  /** False when the file ends inside a batch or is damaged: what stood before was used. */
  readonly isComplete: boolean
  /** The goroutines asked for, in the order asked; all columns below are as long. */
  readonly goroutineIds: Float64Array
  /** 1 where the trace names the goroutine at all. */
  readonly seen: Uint8Array
  /** How often it began to run, or was made runnable by another. */
  readonly moves: Uint32Array
  /** 1 where it ended within the trace. */
  readonly ended: Uint8Array
}

export type TraceFrame = { readonly function: string; readonly file?: string; readonly line?: number }

/** What one goroutine did in one place: all its stays there, one state, one reason, one stack. */
export type TracedStay = {
  readonly state: 'Runnable' | 'Waiting' | 'Syscall'
  /** Block reason; '' where the trace gives none, and for states that have none. */
  readonly reason: string
  /** A direct switch to another goroutine: no reason, and none is missing. */
  readonly isSwitch: boolean
  /** Index of the trace's stacks; 0: none. */
  readonly stack: number
  readonly count: number
  readonly ns: number
  readonly maxNs: number
  /** It had not ended with the trace. */
  readonly isOpen: boolean
  /** One of them began before the trace. */
  readonly isOlder: boolean
}

/** Columns are as long as `ids` and in its order. */
export type TracedGoroutines = {
  readonly ids: Float64Array
  /** 1 where the trace names the goroutine at all. */
  readonly seen: Uint8Array
  /** How often it began to run, was made runnable by another, or entered a system call. */
  readonly moves: Uint32Array
  /** 1 where it ended within the trace. */
  readonly ended: Uint8Array
  readonly runningNs: Float64Array
  readonly runnableNs: Float64Array
  readonly waitingNs: Float64Array
  readonly syscallNs: Float64Array
  /** Stays of a row, by time; none for a row that was not seen. */
  staysOf(row: number): readonly TracedStay[]
  /** Stays that no place was left for; their time is in the columns. */
  readonly omittedStays: number
}

export type TraceReading = {
  readonly account: TraceAccount
  readonly meta: TraceMeta
  /** The goroutines of the last dump; without a dump with ids: of none. */
  readonly goroutines: TracedGoroutines
  /** Leaf first; empty for 0 and for what the trace does not have. */
  framesOf(stack: number): readonly TraceFrame[]
  /** When it was on, since the start of the capture; absent when nothing says. */
  readonly startNs?: number
  readonly endNs?: number
}
