/**
 * The wire events of Go execution traces, format v2 (Go 1.22 to 1.27), as a table: id, name, argument count.
 * Source: internal/trace/tracev2/events.go of Go 1.27.3; `since` from internal/trace/version/version.go.
 * All arguments are unsigned LEB128; the first of a timed event is its time delta.
 */

/** File header: `go 1.NN trace` and three NUL bytes. Go 1.24 writes 23, Go 1.27 writes 26. */
export const traceFormats = [22, 23, 25, 26] as const
/** Headers of format v1 (Go 1.11 to 1.21), which this reader does not read. */
export const oldTraceFormats = [5, 7, 8, 9, 10, 11, 19, 21] as const

/** A batch's payload is at most 64 KiB (tracev2.MaxBatchSize). */
export const MAX_BATCH_BYTES = 65_536
/** A string is at most 1,024 bytes, a stack 128 frames (tracev2.MaxEventTrailerDataSize, MaxFramesPerStack). */
export const MAX_STRING_BYTES = 1024
export const MAX_STACK_FRAMES = 128

/** Ids of the structural events. */
export const structural = {
  eventBatch: 1,
  stacks: 2,
  stack: 3,
  strings: 4,
  string: 5,
  cpuSamples: 6,
  cpuSample: 7,
  frequency: 8,
  experimentalBatch: 49,
  sync: 50,
  clockSnapshot: 51,
  endOfGeneration: 52,
} as const

export type EventRow = {
  readonly id: number
  readonly name: string
  /** Arguments in order, without the time delta. */
  readonly args: readonly string[]
  /** First header that may hold it. */
  readonly since: number
}

/** Timed events, by id. */
export const timedEvents: readonly EventRow[] = [
  { id: 9, name: 'ProcsChange', args: ['procs', 'stack'], since: 22 },
  { id: 10, name: 'ProcStart', args: ['p', 'pSeq'], since: 22 },
  { id: 11, name: 'ProcStop', args: [], since: 22 },
  { id: 12, name: 'ProcSteal', args: ['p', 'pSeq', 'm'], since: 22 },
  { id: 13, name: 'ProcStatus', args: ['p', 'pStatus'], since: 22 },
  { id: 14, name: 'GoCreate', args: ['newG', 'newStack', 'stack'], since: 22 },
  { id: 15, name: 'GoCreateSyscall', args: ['newG'], since: 22 },
  { id: 16, name: 'GoStart', args: ['g', 'gSeq'], since: 22 },
  { id: 17, name: 'GoDestroy', args: [], since: 22 },
  { id: 18, name: 'GoDestroySyscall', args: [], since: 22 },
  { id: 19, name: 'GoStop', args: ['reason', 'stack'], since: 22 },
  { id: 20, name: 'GoBlock', args: ['reason', 'stack'], since: 22 },
  { id: 21, name: 'GoUnblock', args: ['g', 'gSeq', 'stack'], since: 22 },
  { id: 22, name: 'GoSyscallBegin', args: ['pSeq', 'stack'], since: 22 },
  { id: 23, name: 'GoSyscallEnd', args: [], since: 22 },
  { id: 24, name: 'GoSyscallEndBlocked', args: [], since: 22 },
  { id: 25, name: 'GoStatus', args: ['g', 'm', 'gStatus'], since: 22 },
  { id: 26, name: 'STWBegin', args: ['kind', 'stack'], since: 22 },
  { id: 27, name: 'STWEnd', args: [], since: 22 },
  { id: 28, name: 'GCActive', args: ['gcSeq'], since: 22 },
  { id: 29, name: 'GCBegin', args: ['gcSeq', 'stack'], since: 22 },
  { id: 30, name: 'GCEnd', args: ['gcSeq'], since: 22 },
  { id: 31, name: 'GCSweepActive', args: ['p'], since: 22 },
  { id: 32, name: 'GCSweepBegin', args: ['stack'], since: 22 },
  { id: 33, name: 'GCSweepEnd', args: ['swept', 'reclaimed'], since: 22 },
  { id: 34, name: 'GCMarkAssistActive', args: ['g'], since: 22 },
  { id: 35, name: 'GCMarkAssistBegin', args: ['stack'], since: 22 },
  { id: 36, name: 'GCMarkAssistEnd', args: [], since: 22 },
  { id: 37, name: 'HeapAlloc', args: ['heapAlloc'], since: 22 },
  { id: 38, name: 'HeapGoal', args: ['heapGoal'], since: 22 },
  { id: 39, name: 'GoLabel', args: ['label'], since: 22 },
  { id: 40, name: 'UserTaskBegin', args: ['task', 'parentTask', 'name', 'stack'], since: 22 },
  { id: 41, name: 'UserTaskEnd', args: ['task', 'stack'], since: 22 },
  { id: 42, name: 'UserRegionBegin', args: ['task', 'name', 'stack'], since: 22 },
  { id: 43, name: 'UserRegionEnd', args: ['task', 'name', 'stack'], since: 22 },
  { id: 44, name: 'UserLog', args: ['task', 'key', 'value', 'stack'], since: 22 },
  { id: 45, name: 'GoSwitch', args: ['g', 'gSeq'], since: 23 },
  { id: 46, name: 'GoSwitchDestroy', args: ['g', 'gSeq'], since: 23 },
  { id: 47, name: 'GoCreateBlocked', args: ['newG', 'newStack', 'stack'], since: 23 },
  { id: 48, name: 'GoStatusStack', args: ['g', 'm', 'gStatus', 'stack'], since: 23 },
  // Experimental (GODEBUG=traceallocfree=1), since 1.23.
  { id: 128, name: 'Span', args: ['id', 'pages', 'kindClass'], since: 23 },
  { id: 129, name: 'SpanAlloc', args: ['id', 'pages', 'kindClass'], since: 23 },
  { id: 130, name: 'SpanFree', args: ['id'], since: 23 },
  { id: 131, name: 'HeapObject', args: ['id', 'type'], since: 23 },
  { id: 132, name: 'HeapObjectAlloc', args: ['id', 'type'], since: 23 },
  { id: 133, name: 'HeapObjectFree', args: ['id'], since: 23 },
  { id: 134, name: 'GoroutineStack', args: ['id', 'order'], since: 23 },
  { id: 135, name: 'GoroutineStackAlloc', args: ['id', 'order'], since: 23 },
  { id: 136, name: 'GoroutineStackFree', args: ['id'], since: 23 },
]
