/**
 * Data of `timeline --json`: names and meanings are public interface. Beyond the fields promised there are more detailed
 * ones of trace-account.ts, all optional to a reader. Unknown is absent; '' is a block reason that the trace leaves out.
 */
import type { Lens } from './lens.ts'
import type { JoinSummary, SpanAnswer } from './span-join.ts'
import type { GoroutineAccount, StateTimes, TraceBlindShare } from './trace-account.ts'
import type { TimelineExport } from './trace-export/trace-export.ts'
import type { WaitClass } from './wait-class.ts'

export type TimelineWait = {
  readonly blockReason: string
  readonly waitClass: WaitClass
  readonly waitKind?: string
  readonly ns: number
  readonly count: number
  readonly recordedBy: readonly Lens[]
  readonly blind: boolean
  readonly openCount: number
  readonly openNs: number
  readonly olderCount: number
  readonly maxNs: number
  readonly p50Ns?: number
  readonly p95Ns?: number
  readonly p99Ns?: number
  readonly longest?: { readonly goroutine: number; readonly startNs: number; readonly ns: number }
}

export type TimelineGroup = StateTimes & {
  readonly startFunction: string
  readonly system: boolean
  readonly count: number
  readonly assistNs: number
  readonly waiting: readonly TimelineWait[]
  readonly creators: readonly (StateTimes & { readonly function: string; readonly count: number })[]
}

export type TimelineQuantiles = {
  readonly p50?: number
  readonly p95?: number
  readonly p99?: number
  readonly max: number
}

export type TimelineTask = {
  readonly id: number
  readonly name: string
  readonly parent?: number
  readonly goroutine: number
  readonly startNs: number
  readonly durationNs: number
  readonly complete: boolean
}

export type TimelineData = {
  readonly trace: {
    readonly goVersion: string
    readonly format: string
    readonly sizeBytes: number
    readonly generations: number
    readonly events: number
    readonly goroutines: number
    readonly processors: number
    readonly durationNs: number
    /** RFC 3339; only where the trace has a clock snapshot. */
    readonly startTime?: string
    readonly clock: { readonly kind: string; readonly uncertaintyNs?: number }
    readonly complete: boolean
  }
  readonly eventCounts: Readonly<Record<string, number>>
  readonly totals: StateTimes
  readonly system: StateTimes
  readonly waiting: readonly TimelineWait[]
  readonly groups: readonly TimelineGroup[]
  readonly scheduler: {
    readonly latencyNs: TimelineQuantiles
    readonly count: number
    readonly causes: readonly { readonly cause: string; readonly count: number; readonly ns: number }[]
    readonly duringStopNs: number
    readonly duringAllBusyNs: number
    readonly duringGcNs: number
    readonly longRuns: readonly { readonly goroutine: number; readonly startNs: number; readonly ns: number }[]
  }
  readonly gc: {
    readonly cycles: number
    readonly stwNs: number
    readonly stwCount: number
    readonly stwMaxNs: number
    readonly stwByKind: readonly { readonly kind: string; readonly count: number; readonly ns: number }[]
    readonly assistNs: number
    readonly assistCount: number
    readonly sweepNs: number
    readonly minimumMutatorUtilization: readonly { windowNs: number; ratio: number; errorRatio: number }[]
  }
  readonly processors: readonly { readonly processor: number; readonly runningNs: number; readonly heldNs: number }[]
  readonly syscalls: { readonly count: number; readonly ns: number; readonly maxNs: number }
  readonly heap?: { readonly minBytes: number; readonly maxBytes: number; readonly lastBytes: number }
  readonly taskCount: number
  readonly tasks: readonly TimelineTask[]
  readonly taskTypes: readonly { readonly name: string; readonly count: number; readonly ns: number; maxNs: number }[]
  readonly regions: readonly { readonly name: string; readonly count: number; readonly ns: number; maxNs: number }[]
  readonly logs: { readonly count: number }
  readonly cpuSamples: number
  readonly wakes: readonly {
    readonly waker?: string
    readonly woken: string
    readonly blockReason: string
    readonly count: number
    readonly ns: number
  }[]
  readonly blind: TraceBlindShare
  readonly unknownWaits: {
    readonly count: number
    readonly ns: number
    /** Of how many a dump of the same capture tells the reason, and which dump that is. */
    readonly told?: readonly {
      /** As the dump prints it. */
      readonly waitReason: string
      readonly waitClass: WaitClass
      readonly count: number
      readonly source: string
    }[]
  }
  /** Without --span or --spans the tasks of the trace are taken for spans, whoever began them. */
  readonly join: JoinSummary
  /** Bound of the relative error of every quantile here. */
  readonly sketchErrorRatio: number
  readonly omitted: Readonly<Record<string, number>>
}

export const timelineGroupKeys = ['start', 'creator', 'state', 'reason', 'class', 'stack'] as const
export type TimelineGroupKey = (typeof timelineGroupKeys)[number]

export type TimelineState = 'running' | 'runnable' | 'waiting' | 'syscall'

export type TimelineFrame = { readonly function: string; readonly file: string; readonly line: number }

/** Of one state of a row: how long, and for all but running how often and how long at most. */
export type TimelineStays = {
  readonly state: TimelineState
  readonly ns: number
  readonly count?: number
  readonly openCount?: number
  readonly maxNs?: number
  /** Absent where the sketches hold other stays too. */
  readonly p50Ns?: number
  readonly p95Ns?: number
  readonly p99Ns?: number
  readonly longest?: { readonly goroutine: number; readonly startNs: number; readonly ns: number }
}

/** One row of --group-by: of the keys only those asked for; `state` too where a reason or class is asked for. */
export type TimelineGroupedRow = StateTimes & {
  readonly startFunction?: string
  readonly creator?: string
  readonly state?: TimelineState
  /** Block reason; for runnable the cause; '' for running, system calls, and waits without a reason. */
  readonly reason?: string
  readonly waitClass?: WaitClass
  /** Leaf first; empty where none was recorded: running time has no stacks. */
  readonly stack?: readonly TimelineFrame[]
  readonly ns: number
  readonly shareRatio: number
  /** Of `waitingNs`: no profile can record it. */
  readonly blindNs: number
  /** Largest first. */
  readonly states: readonly TimelineStays[]
}

export type TimelineGrouping = {
  readonly by: readonly TimelineGroupKey[]
  /** Time of the program's goroutines that the rows share out. */
  readonly ns: number
  readonly rowCount: number
  /** Largest first; as many as asked for. */
  readonly rows: readonly TimelineGroupedRow[]
}

/** What --focus and --ignore kept: `totals`, `waiting`, `groups`, `blind` and `grouped` are of this part. */
export type TimelineFocus = {
  readonly focus?: string
  readonly ignore?: string
  readonly keptNs: number
  readonly ofNs: number
  readonly keptRatio: number
}

/** A goroutine named in passing: by its start function, where a stack of it was seen. */
export type TimelineGoroutineName = { readonly goroutine: number; readonly startFunction?: string }

/** One stay of a goroutine in a state. */
export type TimelineStay = {
  readonly state: TimelineState
  readonly reason: string
  readonly waitClass?: WaitClass
  readonly startNs: number
  readonly ns: number
  /** Began before the trace; had not ended with the window. */
  readonly isOlder: boolean
  readonly isOpen: boolean
  readonly stack: readonly TimelineFrame[]
  /** Who ended a wait, and the stack it did so with. Absent: a timer, the network poller, the runtime; or still open. */
  readonly wokenBy?: TimelineGoroutineName & { readonly stack: readonly TimelineFrame[] }
}

/** All stays of one state, reason and stack. */
export type TimelinePlace = {
  readonly state: TimelineState
  readonly reason: string
  readonly waitClass?: WaitClass
  readonly blind?: boolean
  readonly stack: readonly TimelineFrame[]
  readonly ns: number
  readonly count: number
  readonly openCount: number
  readonly maxNs: number
  readonly longestStartNs: number
}

/** A step of the way that led to the end of a wait, as of critical-path.ts. */
export type TimelineStep = TimelineGoroutineName & {
  readonly state: TimelineState | 'gone' | 'unknown'
  readonly startNs: number
  readonly ns: number
  readonly reason: string
  readonly stack: readonly TimelineFrame[]
}

/** What --goroutine tells of one goroutine beside its totals. Lists are bounded, counts are of all. */
export type TimelineLife = {
  /** Time by state in equal parts of the window. */
  readonly bar: { readonly startNs: number; readonly binNs: number } & Readonly<Record<keyof StateTimes, number[]>>
  readonly runs: { readonly count: number; readonly maxNs: number }
  /** All but running, largest first. */
  readonly places: readonly TimelinePlace[]
  /** The longest single ones of all but running. */
  readonly longest: readonly TimelineStay[]
  /** How the longest wait came to its end: who did what, in time order. Absent where no goroutine ended it. */
  readonly path?: readonly TimelineStep[]
  /** A goroutine ended it after more changes of state than are kept: a narrower window has the path. */
  readonly isPathCut?: boolean
  readonly createdBy?: TimelineGoroutineName & { readonly timeNs: number; readonly stack: readonly TimelineFrame[] }
  readonly created: { readonly count: number; readonly rows: readonly { startFunction: string; count: number }[] }
  /** Who ended its waits; a row without a start function is of timers, the network poller, the runtime. */
  readonly wokenBy: readonly { readonly startFunction?: string; readonly count: number; readonly ns: number }[]
  /** How often it made others runnable. */
  readonly wokeCount: number
  readonly regions: readonly TimelineNamedSpan[]
  readonly tasks: readonly (TimelineNamedSpan & { readonly id: number })[]
  readonly logs: {
    readonly count: number
    readonly rows: readonly { readonly timeNs: number; readonly category: string; readonly message: string }[]
  }
  readonly cpuSamples: {
    readonly count: number
    readonly rows: readonly { readonly stack: readonly TimelineFrame[]; readonly count: number }[]
  }
}

/** A region or task: within the window as far as it was seen. */
export type TimelineNamedSpan = {
  readonly name: string
  readonly startNs: number
  readonly ns: number
  readonly complete: boolean
}

/** With what a run asked for beside the whole. */
export type TimelineReportData = TimelineData & {
  /** Where --from or --to cut: everything but `trace` and `eventCounts` is of this part. */
  readonly window?: { readonly fromNs: number; readonly toNs: number }
  /** --group-by */
  readonly grouped?: TimelineGrouping
  /** --focus, --ignore */
  readonly focus?: TimelineFocus
  /** --goroutine */
  readonly goroutine?: GoroutineAccount & { readonly life?: TimelineLife }
  /** --export */
  readonly export?: TimelineExport
  /** --span */
  readonly span?: SpanAnswer
}
