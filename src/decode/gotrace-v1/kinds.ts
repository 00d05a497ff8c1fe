/**
 * The event table of trace format v1 (Go 1.11 to 1.21), and what its events become among the kinds of v2.
 * Source: internal/trace/internal/tracev1/parser.go and internal/trace/tracev1.go of Go 1.27.3; the wire is that of
 * runtime/trace.go up to Go 1.21. An event is a byte (low 6 bits kind, high 2 bits form) and unsigned LEB128s: form 0
 * to 2 is one to three of them, form 3 a length in bytes and then any number.
 */
import { timedEvents } from '../gotrace/events.ts'

/** Headers of v1 that are read; those of Go 1.5 to 1.10 had other arguments. */
export const v1Formats = [11, 19, 21] as const

export const v1 = {
  batch: 1,
  frequency: 2,
  stack: 3,
  procsChange: 4,
  procStart: 5,
  procStop: 6,
  gcStart: 7,
  gcDone: 8,
  stwStart: 9,
  stwDone: 10,
  sweepStart: 11,
  sweepDone: 12,
  goCreate: 13,
  goStart: 14,
  goEnd: 15,
  goStop: 16,
  goSched: 17,
  goPreempt: 18,
  goSleep: 19,
  goBlock: 20,
  goUnblock: 21,
  goBlockSend: 22,
  goBlockRecv: 23,
  goBlockSelect: 24,
  goBlockSync: 25,
  goBlockCond: 26,
  goBlockNet: 27,
  goSysCall: 28,
  goSysExit: 29,
  goSysBlock: 30,
  goWaiting: 31,
  goInSyscall: 32,
  heapAlloc: 33,
  heapGoal: 34,
  timerGoroutine: 35,
  futileWakeup: 36,
  string: 37,
  goStartLocal: 38,
  goUnblockLocal: 39,
  goSysExitLocal: 40,
  goStartLabel: 41,
  goBlockGc: 42,
  assistStart: 43,
  assistDone: 44,
  taskCreate: 45,
  taskEnd: 46,
  region: 47,
  log: 48,
  cpuSample: 49,
} as const

/** Arguments after the time delta, whether a stack id follows them, and the first header that may hold the event. */
const rows: readonly (readonly [id: number, args: number, hasStack: boolean, since: number])[] = [
  [v1.procsChange, 1, true, 11],
  [v1.procStart, 1, false, 11],
  [v1.procStop, 0, false, 11],
  [v1.gcStart, 1, true, 11],
  [v1.gcDone, 0, false, 11],
  [v1.stwStart, 1, false, 11],
  [v1.stwDone, 0, false, 11],
  [v1.sweepStart, 0, true, 11],
  [v1.sweepDone, 2, false, 11],
  [v1.goCreate, 2, true, 11],
  [v1.goStart, 2, false, 11],
  [v1.goEnd, 0, false, 11],
  [v1.goStop, 0, true, 11],
  [v1.goSched, 0, true, 11],
  [v1.goPreempt, 0, true, 11],
  [v1.goSleep, 0, true, 11],
  [v1.goBlock, 0, true, 11],
  [v1.goUnblock, 2, true, 11],
  [v1.goBlockSend, 0, true, 11],
  [v1.goBlockRecv, 0, true, 11],
  [v1.goBlockSelect, 0, true, 11],
  [v1.goBlockSync, 0, true, 11],
  [v1.goBlockCond, 0, true, 11],
  [v1.goBlockNet, 0, true, 11],
  [v1.goSysCall, 0, true, 11],
  [v1.goSysExit, 3, false, 11],
  [v1.goSysBlock, 0, false, 11],
  [v1.goWaiting, 1, false, 11],
  [v1.goInSyscall, 1, false, 11],
  [v1.heapAlloc, 1, false, 11],
  [v1.heapGoal, 1, false, 11],
  [v1.futileWakeup, 0, false, 11],
  [v1.goStartLocal, 1, false, 11],
  [v1.goUnblockLocal, 1, true, 11],
  [v1.goSysExitLocal, 2, false, 11],
  [v1.goStartLabel, 3, false, 11],
  [v1.goBlockGc, 0, true, 11],
  [v1.assistStart, 0, true, 11],
  [v1.assistDone, 0, false, 11],
  [v1.taskCreate, 3, true, 11],
  [v1.taskEnd, 1, true, 11],
  [v1.region, 3, true, 11],
  [v1.log, 2, true, 11],
  [v1.cpuSample, 3, true, 19],
]

const KIND_PLACES = 64

/** Varints of the event, the time delta among them; of the three that have no delta, all. */
export const varintCounts: Uint8Array = new Uint8Array(KIND_PLACES)
export const stackFlags: Uint8Array = new Uint8Array(KIND_PLACES)
/** First header that may hold the kind; 0 = there is no such kind. */
export const sinceFormat: Uint8Array = new Uint8Array(KIND_PLACES)
/** 1 for kinds that are no events in the order of their processor. */
export const structuralFlags: Uint8Array = new Uint8Array(KIND_PLACES)
for (const [id, args, hasStack, since] of rows) {
  varintCounts[id] = 1 + args + (hasStack ? 1 : 0)
  stackFlags[id] = hasStack ? 1 : 0
  sinceFormat[id] = since
}
for (const id of [v1.batch, v1.frequency, v1.stack, v1.timerGoroutine, v1.string]) {
  sinceFormat[id] = 11
  structuralFlags[id] = 1
}
structuralFlags[v1.cpuSample] = 1
varintCounts[v1.frequency] = 1
varintCounts[v1.timerGoroutine] = 1

/** Block and stop reasons in v2's words, by v1 kind. */
export const reasonOf: { readonly [kind: number]: string } = {
  [v1.goStop]: 'forever',
  [v1.goSched]: 'runtime.Gosched',
  [v1.goPreempt]: 'preempted',
  [v1.goSleep]: 'sleep',
  [v1.goBlock]: '',
  [v1.goBlockSend]: 'chan send',
  [v1.goBlockRecv]: 'chan receive',
  [v1.goBlockSelect]: 'select',
  [v1.goBlockSync]: 'sync',
  [v1.goBlockCond]: 'sync.(*Cond).Wait',
  [v1.goBlockNet]: 'network',
  [v1.goBlockGc]: 'GC mark assist wait for work',
}

/** Why the world was stopped, by the number that Go 1.21 writes; before, 0 and 1 meant the second and the third. */
const stopTheWorldReasons: readonly string[] = [
  '',
  'GC mark termination',
  'GC sweep termination',
  'write heap dump',
  'goroutine profile',
  'goroutine profile cleanup',
  'all goroutine stack trace',
  'read mem stats',
  'AllThreadsSyscall',
  'GOMAXPROCS',
  'start trace',
  'stop trace',
  'CountPagesInUse (test)',
  'ReadMetricsSlow (test)',
  'ReadMemStatsSlow (test)',
  'PageCachePagesLeaked (test)',
  'ResetDebugLog (test)',
]

export function stopTheWorldReason(format: number, kind: number): string {
  const place = format < 21 ? (kind < 2 ? kind + 1 : 0) : kind
  return stopTheWorldReasons[place] ?? ''
}

/** Go's converter places what did not happen on a processor on these. */
export const pseudoProcessors = { timer: 1_000_001, netpoll: 1_000_002, syscall: 1_000_003, gc: 1_000_004 } as const

/** Ids of v2's timed events by their name. */
export const v2Kind: { readonly [name: string]: number } = Object.fromEntries(
  timedEvents.map((row) => [row.name, row.id]),
)
