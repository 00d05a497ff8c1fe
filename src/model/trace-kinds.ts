/**
 * Timed events of execution traces by name: the ids that `TraceChunk.kinds` holds.
 * Source: internal/trace/tracev2/events.go of Go 1.27.3; names as its specs have them. The wire layout of each event
 * is decode's table (decode/gotrace/events.ts); a test holds the two against each other.
 */
export const traceKinds = {
  ProcsChange: 9,
  ProcStart: 10,
  ProcStop: 11,
  ProcSteal: 12,
  ProcStatus: 13,
  GoCreate: 14,
  GoCreateSyscall: 15,
  GoStart: 16,
  GoDestroy: 17,
  GoDestroySyscall: 18,
  GoStop: 19,
  GoBlock: 20,
  GoUnblock: 21,
  GoSyscallBegin: 22,
  GoSyscallEnd: 23,
  GoSyscallEndBlocked: 24,
  GoStatus: 25,
  STWBegin: 26,
  STWEnd: 27,
  GCActive: 28,
  GCBegin: 29,
  GCEnd: 30,
  GCSweepActive: 31,
  GCSweepBegin: 32,
  GCSweepEnd: 33,
  GCMarkAssistActive: 34,
  GCMarkAssistBegin: 35,
  GCMarkAssistEnd: 36,
  HeapAlloc: 37,
  HeapGoal: 38,
  GoLabel: 39,
  UserTaskBegin: 40,
  UserTaskEnd: 41,
  UserRegionBegin: 42,
  UserRegionEnd: 43,
  UserLog: 44,
  GoSwitch: 45,
  GoSwitchDestroy: 46,
  GoCreateBlocked: 47,
  GoStatusStack: 48,
  Span: 128,
  SpanAlloc: 129,
  SpanFree: 130,
  HeapObject: 131,
  HeapObjectAlloc: 132,
  HeapObjectFree: 133,
  GoroutineStack: 134,
  GoroutineStackAlloc: 135,
  GoroutineStackFree: 136,
} as const

/** `gStatus` of GoStatus and GoStatusStack (tracev2.GoStatus). */
export const wireGoroutineStatus = { runnable: 1, running: 2, syscall: 3, waiting: 4 } as const
/** `pStatus` of ProcStatus (tracev2.ProcStatus). */
export const wireProcessorStatus = { running: 1, idle: 2, syscall: 3, syscallAbandoned: 4 } as const
