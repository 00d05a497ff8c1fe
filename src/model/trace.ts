/**
 * An execution trace as columns: ordered events in chunks, over tables that only grow.
 * One order for all readers: the partial order of Go's reference reader (sequence numbers decide, times hint), laid out
 * by time. Strings, stacks and frames are interned by content over all generations, so an index means the same in every
 * chunk of a trace. Times are ns since the earliest event of the first generation (TraceNs); never clamped, so equal times are legal, and
 * where sequence numbers overrule the clock a time may be below the one before.
 *
 *   bytes ─► generations ─► ordered TraceChunks ─► accounting, export, ndjson
 */

/** Goroutine states of internal/trace/resources.go, by the number used in accounting columns. */
export const goroutineStates = ['Undetermined', 'NotExist', 'Runnable', 'Running', 'Waiting', 'Syscall'] as const

/** Growing tables. Index 0 of strings and stacks is "none": the empty string, the empty stack. */
export type TraceTables = {
  readonly strings: readonly string[]
  /** Stack s has frames stackFrames[stackStart[s] .. stackStart[s+1]), leaf first. Lengths grow; read them anew. */
  readonly stackStart: ArrayLike<number>
  readonly stackFrames: ArrayLike<number>
  readonly frameFunctions: ArrayLike<number>
  readonly frameFiles: ArrayLike<number>
  readonly frameLines: ArrayLike<number>
  /** Program counters as printed, exact below 2^53. */
  readonly framePcs: ArrayLike<number>
}

/** Rows of a chunk at most: its columns (73 bytes a row) stay in a core's cache. A chunk's arrays are reused after the consumer returns: copy what must stay. */
export const TRACE_CHUNK_ROWS = 8_192

/** A WebAssembly.Memory. Growing it detaches the buffer: take `buffer` anew after each call that may have grown it. */
export type TraceMemory = { readonly buffer: ArrayBuffer }

/** Where each column of a chunk with `memory` begins, in bytes from its address. */
export const chunkColumnOffsets = {
  timesNs: 0,
  threads: 8 * TRACE_CHUNK_ROWS,
  goroutines: 16 * TRACE_CHUNK_ROWS,
  arg0: 24 * TRACE_CHUNK_ROWS,
  arg1: 32 * TRACE_CHUNK_ROWS,
  arg2: 40 * TRACE_CHUNK_ROWS,
  arg3: 48 * TRACE_CHUNK_ROWS,
  processorsPlusOne: 56 * TRACE_CHUNK_ROWS,
  slots: 60 * TRACE_CHUNK_ROWS,
  targets: 64 * TRACE_CHUNK_ROWS,
  generations: 68 * TRACE_CHUNK_ROWS,
  kinds: 72 * TRACE_CHUNK_ROWS,
} as const
/** Bytes of a chunk's columns. */
export const CHUNK_BYTES = 73 * TRACE_CHUNK_ROWS

/**
 * Ordered events. All columns have TRACE_CHUNK_ROWS places, of which `rowCount` are meant. Take the columns anew in
 * every call: where they lie in a WebAssembly memory, growing it makes new ones.
 */
export type TraceChunk = {
  rowCount: number
  /** Wire event id, see decode/gotrace/events.ts (v1 events are mapped to their v2 kinds). */
  readonly kinds: Uint8Array
  readonly timesNs: Float64Array
  /** Thread, as the trace names it; 2^53 or above is stored as NaN: no thread. */
  readonly threads: Float64Array
  /** Processor + 1 that the thread holds before the event; 0 = none. In traces of Go 1.21 and older, processors from
   *  1,000,001 on are none either: Go's timers, network poller, ends of system calls, GC. */
  readonly processorsPlusOne: Uint32Array
  /** Goroutine that the thread runs before the event; 0 = none. */
  readonly goroutines: Float64Array
  /** The event's arguments after the time delta, in the order of the event table; string and stack arguments are
   *  indices of the tables; absent ones 0. A status event's thread argument of all ones is NaN.
   *  The message of a UserLog (arg2) is an index of strings that holds only until the next onGeneration: there are as
   *  many as there are logs, so their places are used again. Copy the string to keep it.
   *  Four events carry what the wire has elsewhere: UserTaskEnd arg2 = parent task, arg3 = name (0 when its begin was
   *  not seen); STWEnd arg0 = kind string; ProcStatus arg2 and ProcSteal arg3 = the state before (Go's ProcState:
   *  0 undetermined, 1 not existing, 2 running, 3 idle; a stolen processor in a syscall was running, an abandoned one
   *  idle). */
  readonly arg0: Float64Array
  readonly arg1: Float64Array
  readonly arg2: Float64Array
  readonly arg3: Float64Array
  /** The same in all rows of a chunk: a chunk never spans generations. */
  readonly generations: Uint32Array
  /** Place + 1 of the goroutine that the thread runs before the event; 0 = none, or one whose end was seen (damaged
   *  traces). Places are dense and small: one is the goroutine's from the first row that names it to the row of its
   *  GoDestroy, GoDestroySyscall or GoSwitchDestroy inclusive, then it is used again. A generation that is a restart
   *  forgets all. */
  readonly slots?: Uint32Array
  /** Likewise of the goroutine that arg0 names in GoCreate, GoCreateBlocked, GoCreateSyscall, GoStart, GoUnblock,
   *  GoSwitch, GoSwitchDestroy, GoStatus, GoStatusStack and GCMarkAssistActive; else 0. */
  readonly targets?: Uint32Array
  /** Set when the columns lie in a WebAssembly memory, at `address` + chunkColumnOffsets. */
  readonly memory?: { readonly memory: TraceMemory; readonly address: number }
}

/** Memory that is given to a reader, with places for chunks: a chunk that was handed out stays as it is until the others
 *  have had their turn. Where threads share the memory, one may read a chunk while the other fills the next. */
export type TraceSeat = {
  readonly memory: TraceMemory
  /** Addresses of CHUNK_BYTES each, divisible by 8. */
  readonly chunks: readonly number[]
}

/** A trace is written in generations of about a second, each with its own tables and its own statuses. */
export type TraceGeneration = {
  readonly generation: number
  /** Where its first batch begins in the input. */
  readonly offset: number
  /** True for the first one, and for one after damage: goroutine and processor states before it are not known, and
   *  statuses in it say what is, as at the start of a trace. */
  readonly isRestart: boolean
  /** Time of its earliest event. */
  readonly startNs: number
  /** The trace's clock and the wall clock read together; since Go 1.25. */
  readonly snapshot?: { readonly traceNs: number; readonly unixNs: bigint; readonly monotonicNs: number }
}

/** A row of an experimental batch (GODEBUG=traceallocfree=1): the sizes that its events are counted in, or a type. */
export type TraceExperimentRow =
  | {
      readonly kind: 'alloc-free-info'
      readonly minPageHeapAddress: number
      readonly pageBytes: number
      readonly minHeapAlignBytes: number
      readonly fixedStackBytes: number
    }
  | {
      readonly kind: 'alloc-free-type'
      readonly id: number
      readonly address: number
      readonly sizeBytes: number
      readonly pointerBytes: number
      readonly name: string
    }

/** What a reader of a trace is told. Per generation: onGeneration, then onExperiment, chunks, then onCpuSamples. */
export type TraceConsumer = {
  readonly onGeneration?: (generation: TraceGeneration, tables: TraceTables) => void
  readonly onChunk?: (chunk: TraceChunk, tables: TraceTables) => void
  /** All of a generation, in time order; not called when there are none. */
  readonly onCpuSamples?: (samples: readonly TraceCpuSample[], tables: TraceTables) => void
  readonly onExperiment?: (rows: readonly TraceExperimentRow[]) => void
}

export type TraceClock =
  | { readonly kind: 'snapshot'; readonly traceNs: number; readonly unixNs: bigint; readonly uncertaintyNs: number }
  | { readonly kind: 'capture'; readonly uncertaintyNs: number }
  | { readonly kind: 'none' }

export type TraceMeta = {
  /** `go1.27` as far as the header tells; a capture knows better. */
  readonly headerVersion: string
  readonly format: string
  readonly sizeBytes: number
  readonly generations: number
  /** Rows of all chunks. */
  readonly events: number
  readonly cpuSamples: number
  /** From the first event to the last. */
  readonly durationNs: number
  readonly clock: TraceClock
  /** False when bytes were cut or damaged, or an order could not be found; issues say what is missing. */
  readonly complete: boolean
}

/** A CPU sample: kept apart from the event order, sorted by time within a generation. */
export type TraceCpuSample = {
  /** May be a little below 0. */
  readonly timeNs: number
  readonly thread?: number
  readonly processor?: number
  readonly goroutine?: number
  readonly stack: number
}

/** A chunk without rows, its columns at full length: filled and handed on again and again. */
export function newTraceChunk(): TraceChunk {
  const floats = (): Float64Array => new Float64Array(TRACE_CHUNK_ROWS)
  return {
    rowCount: 0,
    kinds: new Uint8Array(TRACE_CHUNK_ROWS),
    timesNs: floats(),
    threads: floats(),
    processorsPlusOne: new Uint32Array(TRACE_CHUNK_ROWS),
    goroutines: floats(),
    arg0: floats(),
    arg1: floats(),
    arg2: floats(),
    arg3: floats(),
    generations: new Uint32Array(TRACE_CHUNK_ROWS),
  }
}
