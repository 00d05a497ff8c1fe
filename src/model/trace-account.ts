/**
 * What an execution trace says when all is counted: where the time of each group of goroutines went, what the scheduler,
 * the collector and the system calls cost, who woke whom, and what no profile could have recorded.
 * Times are ns since the trace's first event; lists are bounded, and what was left out is counted in `omitted`.
 * Quantiles come from sketches within `sketchErrorRatio`; `max` is exact. A function that is not known is ''.
 */
import type { Lens } from './lens.ts'
import type { WaitClass } from './wait-class.ts'

/** Never overlap: they add up to the time the goroutines were there. */
export type StateTimes = {
  readonly runningNs: number
  readonly runnableNs: number
  readonly waitingNs: number
  readonly syscallNs: number
}

export type DurationStats = {
  readonly count: number
  readonly ns: number
  readonly maxNs: number
  /** Absent when the sketches were used up by earlier rows. */
  readonly p50Ns?: number
  readonly p95Ns?: number
  readonly p99Ns?: number
}

/** The longest of a row: who, from when, and with which stack (index of the trace's tables; 0 = none). */
export type LongestStay = {
  readonly goroutine: number
  readonly startNs: number
  readonly ns: number
  readonly stack: number
}

export type WaitRow = DurationStats & {
  /** As the trace has it; '' where it gives none: a wait from before the trace, or a coroutine switch. */
  readonly blockReason: string
  readonly waitClass: WaitClass
  /** Row of the lens table, where one fits. */
  readonly waitKind?: string
  /** The profiles that can record such a wait, at once or after it has ended. */
  readonly recordedBy: readonly Lens[]
  /** No profile (cpu, block, mutex) can: or the reason is unknown and the wait had not ended. */
  readonly blind: boolean
  /** Of `count` and `ns`: had not ended with the window. No profile that records at the end has them yet. */
  readonly openCount: number
  readonly openNs: number
  /** Of `count`: began before the trace, so that their true length is not known. */
  readonly olderCount: number
  readonly longest?: LongestStay
}

/** Time in one place: a wait, a system call, or runnable, by stack. Largest first. */
export type SiteRow = {
  readonly startFunction: string
  /** Function with the go statement; '' when it is not known. */
  readonly creator: string
  readonly isSystem: boolean
  readonly state: 'Runnable' | 'Waiting' | 'Syscall'
  /** Block reason; for runnable the cause. */
  readonly reason: string
  readonly waitClass: WaitClass
  /** Row of the lens table, and the profiles that can record such a stay; as of WaitRow. */
  readonly waitKind?: string
  readonly recordedBy: readonly Lens[]
  readonly stack: number
  readonly count: number
  readonly ns: number
  readonly blind: boolean
  readonly openCount: number
  readonly openNs: number
  readonly olderCount: number
  readonly longest: LongestStay
}

export type SiteQuantiles = { readonly p50Ns: number; readonly p95Ns: number; readonly p99Ns: number }

export type TraceGroup = StateTimes & {
  readonly startFunction: string
  readonly isSystem: boolean
  readonly count: number
  /** Of `count`: made within the trace; those that ended within it. */
  readonly createdCount: number
  readonly endedCount: number
  readonly lifeNs: number
  readonly assistNs: number
  readonly assistCount: number
  /** Part of syscallNs in which the processor had been taken away. */
  readonly syscallBlockedNs: number
  readonly waiting: readonly WaitRow[]
  readonly runnable?: DurationStats
  readonly syscall?: DurationStats
  readonly creators: readonly (StateTimes & { readonly function: string; readonly count: number })[]
}

export const runnableCauses = [
  'created',
  'unblocked',
  'preempted',
  'yielded',
  'syscall exit',
  'before the trace',
  'other stop',
] as const
export type RunnableCause = (typeof runnableCauses)[number]

export type SchedulerAccount = {
  /** Runnable → running. A direct switch between coroutines is not counted: it never was in a queue. */
  readonly latency: DurationStats
  readonly causes: readonly (DurationStats & { readonly cause: RunnableCause })[]
  readonly longest?: LongestStay
  /** Of the runnable time of all goroutines: while the world was stopped; while every processor ran something;
   *  while a GC cycle marked. These overlap. */
  readonly duringStopNs: number
  readonly duringAllBusyNs: number
  readonly duringGcNs: number
  /** Wall time with every processor running a goroutine; absent while the number of processors is not known. */
  readonly allBusyNs?: number
  /** Longest runs without a stop, where 20 ms or more. */
  readonly longRuns: readonly LongestStay[]
}

export type ProcessorRow = {
  readonly processor: number
  /** A goroutine ran on it. */
  readonly runningNs: number
  /** Held by a thread, running or not. */
  readonly heldNs: number
  readonly startCount: number
}

export type GcAccount = {
  readonly cycles: number
  /** The first 1,000 cycles; an absent end: had not ended. */
  readonly cycleRows: readonly { readonly startNs: number; readonly endNs?: number }[]
  readonly activeNs: number
  readonly stw: DurationStats
  readonly stwByKind: readonly (DurationStats & { readonly kind: string })[]
  /** The 100 longest, longest first. */
  readonly longestStops: readonly {
    readonly kind: string
    readonly startNs: number
    readonly ns: number
    readonly goroutine: number
    readonly stack: number
  }[]
  readonly assist: DurationStats
  readonly sweep: DurationStats & { readonly sweptBytes: number; readonly reclaimedBytes: number }
  /** Least share of the processors that the program had, over any window of that length; see `errorRatio` of each. */
  readonly minimumMutatorUtilization: readonly {
    readonly windowNs: number
    readonly ratio: number
    readonly errorRatio: number
  }[]
  /** Processor time that background marking, assists, sweeping and GC stops took. */
  readonly collectorNs: number
}

export type HeapAccount = {
  readonly samples: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly lastBytes: number
  readonly goalBytes?: number
  /** At most 2,000, evenly thinned. */
  readonly series: readonly { readonly timeNs: number; readonly allocBytes: number }[]
}

export type TaskRow = {
  readonly id: number
  readonly name: string
  readonly parent?: number
  /** Goroutine that began it; of a task from before the trace, that ended it. */
  readonly goroutine: number
  readonly startNs: number
  readonly durationNs: number
  /** Both ends lie in the trace. */
  readonly complete: boolean
}

export type RegionType = DurationStats & StateTimes & { readonly name: string; readonly openCount: number }

export type WakeRow = {
  /** Start function of the waker's group; '' when it is not known; absent: no goroutine (timer, network poller). */
  readonly waker?: string
  readonly woken: string
  readonly blockReason: string
  readonly count: number
  /** The waiting time that ended so. */
  readonly ns: number
}

export type CpuSampleAccount = {
  readonly count: number
  readonly byStack: readonly { readonly stack: number; readonly count: number }[]
  readonly byGoroutine: readonly { readonly goroutine: number; readonly count: number }[]
  readonly byStartFunction: readonly { readonly startFunction: string; readonly count: number }[]
}

export type TraceBlindShare = {
  /** Waiting time of user goroutines in the window, in goroutine-nanoseconds, and what of it no profile can record. */
  readonly waitingNs: number
  readonly blindNs: number
  /** Reason unknown, ended within the window: neither recorded nor blind for sure. Not in blindNs. */
  readonly unknownNs: number
  /** blindNs / waitingNs; 0 where nothing waited. */
  readonly blindRatio: number
}

/** One goroutine, given to `onGoroutine` when it has ended, or when the trace has. */
export type GoroutineAccount = StateTimes & {
  readonly id: number
  readonly startFunction: string
  readonly creator: string
  readonly isSystem: boolean
  readonly startNs: number
  readonly endNs: number
  readonly createdInTrace: boolean
  readonly ended: boolean
}

export type TraceAccount = {
  readonly startNs: number
  readonly endNs: number
  readonly events: number
  readonly eventCounts: Readonly<Record<string, number>>
  readonly goroutines: {
    readonly count: number
    readonly createdCount: number
    readonly endedCount: number
    readonly mostAtOnce: number
  }
  readonly totals: StateTimes
  readonly system: StateTimes
  /** Of user goroutines, by reason, class and what records it; largest first. */
  readonly waiting: readonly WaitRow[]
  readonly groups: readonly TraceGroup[]
  readonly sites: readonly SiteRow[]
  /** Quantiles over rows of `sites` of this very account; undefined where sketches hold stays of other rows too. */
  readonly quantilesOf?: (rows: readonly SiteRow[]) => SiteQuantiles | undefined
  readonly scheduler: SchedulerAccount
  /** GOMAXPROCS as last said; absent when the trace does not say. */
  readonly maxProcessors?: number
  readonly processors: readonly ProcessorRow[]
  readonly gc: GcAccount
  readonly syscalls: DurationStats
  readonly heap?: HeapAccount
  readonly taskCount: number
  readonly tasks: readonly TaskRow[]
  readonly taskTypes: readonly (DurationStats & { readonly name: string; readonly incompleteCount: number })[]
  readonly regions: readonly RegionType[]
  readonly logs: { readonly count: number; readonly categories: readonly { category: string; count: number }[] }
  readonly cpu: CpuSampleAccount
  readonly wakes: readonly WakeRow[]
  readonly blind: TraceBlindShare
  /** Goroutines that waited from before the trace to its end, for a reason that it does not give. */
  readonly unknownWaits: {
    readonly count: number
    readonly ns: number
    readonly rows: readonly { readonly goroutine: number; readonly startFunction: string; readonly stack: number }[]
  }
  readonly sketchErrorRatio: number
  /** Rows left out because a table was full, and intervals that ran backwards and were taken as 0, by what. */
  readonly omitted: Readonly<Record<string, number>>
}
