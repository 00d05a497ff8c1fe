/**
 * What the accounting has counted, before it is named: tables of numbers over indices of strings, stacks and groups.
 * Plain data: it can be sent from a worker. Tables are rows of a fixed width in one array.
 */
import type {
  GcAccount,
  HeapAccount,
  LongestStay,
  ProcessorRow,
  StateTimes,
  TaskRow,
  TraceAccount,
} from '../../model/trace-account.ts'

/** `sketch`: counts by bucket, see columns/duration-sketch.ts. */
export type StayTotals = {
  readonly count: number
  readonly ns: number
  readonly maxNs: number
  readonly sketch: Uint32Array
}

/** Keys of three integers a row, `width` numbers a row. */
export type KeyedTable = {
  readonly count: number
  readonly keys: Int32Array
  readonly sums: Float64Array
  /** What no row was left for. */
  readonly lost: number
}

/** Places of a group's sums; its key is start function, creator, 1 for the nameless of the system. */
export const groupPlaces = {
  count: 0,
  created: 1,
  ended: 2,
  life: 3,
  runnable: 4,
  running: 5,
  waiting: 6,
  syscall: 7,
  syscallBlocked: 8,
  assist: 9,
  assistCount: 10,
} as const
export const GROUP_WIDTH = 12

/** Places of a site's sums; its key is group, code, stack. */
export const sitePlaces = {
  count: 0,
  ns: 1,
  maxNs: 2,
  maxAtNs: 3,
  maxGoroutine: 4,
  openCount: 5,
  openNs: 6,
  olderCount: 7,
} as const
export const SITE_WIDTH = 8

/** A wake's key is group of the waker, group of the woken, code of the wait; its sums are count and ns. */
export const WAKE_WIDTH = 2
/** In the waker's place: no goroutine (a timer, the poller, the runtime). */
export const NO_WAKER = -2

export const UNKNOWN_USER_GROUP = 0
export const NAMELESS_SYSTEM_GROUP = 1

/** Names are indices here; no parent is 0. */
export type TaskEntry = Omit<TaskRow, 'name' | 'parent'> & { readonly name: number; readonly parent: number }

export type StopEntry = LongestStay & { readonly kind: number }

export type CollectorData = {
  readonly cycles: number
  readonly cycleRows: GcAccount['cycleRows']
  readonly activeNs: number
  readonly stw: StayTotals
  readonly stwByKind: readonly { readonly kind: number; readonly stay: StayTotals }[]
  readonly longestStops: readonly StopEntry[]
  readonly heap?: HeapAccount
}

export type AccountData = {
  readonly startNs: number
  readonly endNs: number
  readonly eventCounts: Float64Array
  readonly goroutines: TraceAccount['goroutines']
  readonly lostGoroutines: number
  readonly backwardIntervals: number
  readonly groups: KeyedTable
  readonly sites: KeyedTable
  /** By site: its sketch, which others of the same start function, reason and class share; −1: none was left. */
  readonly siteSketch: Int32Array
  readonly sketches: readonly Uint32Array[]
  readonly wakes: KeyedTable
  readonly maxProcessors: number
  readonly processors: readonly ProcessorRow[]
  readonly ignoredProcessors: number
  readonly duringStopNs: number
  readonly duringAllBusyNs: number
  readonly duringGcNs: number
  readonly allBusyNs: number
  readonly longRuns: readonly LongestStay[]
  readonly unknownWaits: {
    readonly count: number
    readonly ns: number
    readonly rows: readonly { readonly goroutine: number; readonly group: number; readonly stack: number }[]
  }
  readonly collector: CollectorData
  readonly assist: StayTotals
  readonly sweep: StayTotals
  readonly sweptBytes: number
  readonly reclaimedBytes: number
  readonly collectorNs: number
  readonly mutatorWindows: GcAccount['minimumMutatorUtilization']
  readonly taskCount: number
  readonly lostTasks: number
  readonly longestTasks: readonly TaskEntry[]
  readonly taskTypes: readonly { readonly name: number; readonly stay: StayTotals; readonly incompleteCount: number }[]
  readonly regions: readonly (StateTimes & {
    readonly name: number
    readonly stay: StayTotals
    readonly openCount: number
  })[]
  readonly lostSampleKeys: number
  readonly logCount: number
  readonly logCategories: readonly { readonly category: number; readonly count: number }[]
}
