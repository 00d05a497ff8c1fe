/**
 * The wire types of `diagnose --json`, `diff --json` and `lenses --json`.
 * Ratios are over goroutine-seconds of the window, idle groups in neither numerator nor denominator.
 */
import type { Confidence, WireError } from './contract.ts'
import type { Lens, LensState } from './lens.ts'
import type { WaitClass } from './wait-class.ts'

export type WireFrame = {
  readonly function: string
  readonly file?: string
  readonly line?: number
  readonly inlined?: boolean
}

export type GroupVerdict = 'stuck' | 'leaked' | 'slow' | 'idle' | 'busy' | 'unknown'
export type Grade = 'inconclusive' | 'blind' | 'partial' | 'clear'

/** Ids listed per group; the rest are counted in `goroutineIdsOmitted`. */
export const MAX_GOROUTINE_IDS = 10_000

export type GoroutineGroup = {
  /** `g1`, `g2` …, in the order of the report. */
  readonly id: string
  readonly count: number
  /** running, runnable, waiting, syscall, or the runtime's word for a rarer one. */
  readonly state: string
  /** As the runtime prints it; absent for running and runnable. */
  readonly waitReason?: string
  readonly waitClass?: WaitClass
  /** Leaf function as printed. */
  readonly topFunction: string
  /** First function from the leaf that is neither the runtime's nor a primitive of the standard library. */
  readonly userFunction: string
  /** Leaf first. */
  readonly stack: readonly WireFrame[]
  readonly createdBy?: WireFrame
  readonly goroutineIds: readonly number[]
  readonly goroutineIdsOmitted?: number
  /** How long its members are known to have waited, from what the evidence proves; absent when it proves nothing. */
  readonly waitNs?: { readonly min: number; readonly max?: number }
  /** Labels that all members share. */
  readonly labels: Readonly<Record<string, string>>
  readonly verdict: GroupVerdict
  readonly confidence: Confidence
  readonly why: string
  readonly seenBy: readonly Lens[]
  readonly notSeenBy: readonly Lens[]
  /** Address of the object that all members wait on, where the frames' arguments show one: `0xc000123456`. */
  readonly waitsOn?: string
  /** Another group that holds or should release what this one waits for. */
  readonly blockedBy?: { readonly group: string; readonly confidence: Confidence; readonly why: string }
  /** First and last number of members over the dumps of the window. */
  readonly growth?: { readonly first: number; readonly last: number }
  /** Idle pattern that matched. */
  readonly pattern?: string
  /** Where an execution trace is at hand that names one of its goroutines, or its place. */
  readonly traced?: TracedGroupTimes
}

/** Waits of one reason, in an execution trace. */
export type TracedWait = {
  /** As the trace has it; '' where it gives none. */
  readonly blockReason: string
  readonly waitClass: WaitClass
  /** At the very place of the group's stack. */
  readonly here: boolean
  readonly ns: number
  readonly count: number
  readonly maxNs: number
  /** Of `count`: had not ended with the trace. */
  readonly openCount: number
  /** The trace gives no reason: the group's own, out of this dump. */
  readonly reasonFrom?: string
}

export type TracedPlace = {
  readonly ns: number
  readonly count: number
  readonly maxNs: number
  readonly openCount: number
}

/** What an execution trace of the same process says of a group: `members` of the last dump are in it, by their ids. */
export type TracedGroupTimes = {
  readonly windowNs: number
  readonly members: number
  readonly runningNs: number
  readonly runnableNs: number
  readonly waitingNs: number
  readonly syscallNs: number
  /** Of them: in the state and at the place in which the dump shows the group. */
  readonly here: TracedPlace
  /** At that place: all goroutines of the trace, those that no dump has too. Absent where the trace has no such place. */
  readonly everyone?: TracedPlace
  /** The longest ten. */
  readonly waits: readonly TracedWait[]
}

/** Goroutine-seconds of waiting that neither block nor mutex nor CPU profile can record, even when on. */
export type UnrecordedWaits = {
  readonly userFunction: string
  readonly blockReason: string
  readonly waitClass: WaitClass
  readonly goroutineSeconds: number
  readonly count: number
  /** Groups of the report that stand at this place. */
  readonly groups: readonly string[]
}

/** What the execution trace measured, over its own window: all goroutines, each nanosecond. */
export type TracedVerdict = {
  readonly source: string
  readonly windowNs: number
  readonly complete: boolean
  /** Waiting of user goroutines; of it what no profile can record, even when on; of that, what is idle by design. */
  readonly waitingSeconds: number
  readonly unrecordableSeconds: number
  readonly unrecordableIdleSeconds: number
  /** Not idle, and of kinds that a profile records once they have ended, which had not come. */
  readonly notEndedSeconds: number
  /** Time that is not idle: all of it, what no profile that is on has, what has a state and a reason. */
  readonly notIdleSeconds: number
  readonly blindSeconds: number
  readonly explainedSeconds: number
  readonly idleSeconds: number
  /** Not idle, largest first; at most 20. */
  readonly unrecorded: readonly UnrecordedWaits[]
  /** Goroutines that waited all of it for a reason it does not give: how many there are, of how many a dump tells. */
  readonly unknownWaits: { readonly count: number; readonly told: number; readonly sources: readonly string[] }
}

export type LensReport = {
  readonly lens: Lens
  readonly state: LensState
  readonly sees: string
  readonly cannotSee: string
  readonly turnOn: string
  readonly because?: string
}

export type BlindSpot = {
  readonly what: string
  readonly waitReason?: string
  readonly waitClass?: WaitClass
  readonly groups: readonly string[]
  /** Goroutines of these groups in the last dump. */
  readonly goroutineCount: number
  /** Over the window; absent where one dump, or dumps without times, give no duration. */
  readonly goroutineSeconds?: number
  /** Measured by the execution trace, over its window; absent where there is none. */
  readonly tracedGoroutineSeconds?: number
  readonly lensesThatMissIt: readonly Lens[]
  readonly lensesThatShowIt: readonly Lens[]
  readonly turnOn: string
  readonly cost?: string
}

export type Verdict = {
  readonly grade: Grade
  /** What both ratios rest on; absent where there are none. */
  readonly basis?: 'dumps' | 'trace'
  readonly traced?: TracedVerdict
  /** Absent when there is no goroutine-second to judge. */
  readonly explainedRatio?: number
  readonly blindRatio?: number
  /** Goroutine time of idle groups in the window, beside the ratios. */
  readonly idleNs?: number
  /** The part of `idleNs` that is idle by inference alone: groups whose confidence is `possible`. */
  readonly idlePossibleNs?: number
  /** Share of goroutines whose group verdict is `unknown`. */
  readonly unknownRatio?: number
  readonly because: readonly string[]
}

export type CpuFunction = {
  readonly function: string
  readonly flatSeconds: number
  /** 95 % interval of the sampling. */
  readonly flatInterval: readonly [number, number]
  readonly cumulativeSeconds: number
}

export type CpuReport = {
  readonly state: 'measured' | 'insufficient' | 'absent'
  readonly samples?: number
  readonly windowNs?: number
  readonly totalSeconds?: number
  /** The smallest share that this many samples can show. */
  readonly smallestShareRatio?: number
  readonly top: readonly CpuFunction[]
}

export type DiagnoseData = {
  readonly target: {
    readonly kind: 'live' | 'capture' | 'files'
    readonly url?: string
    readonly instance?: string
    /** Loose files, by name. */
    readonly files?: readonly string[]
    readonly service: string
    readonly serviceFrom: string
    readonly version?: string
    readonly goVersion?: string
  }
  readonly window: {
    readonly startTime?: string
    readonly endTime?: string
    readonly durationNs?: number
    readonly dumps: number
    /** From the first dump to the last: what stability and both ratios rest on. */
    readonly dumpSpanNs?: number
  }
  readonly lenses: readonly LensReport[]
  readonly goroutines: {
    readonly count: number
    /** The runtime's own, shown apart: only dumps at traceback level `system` have them. */
    readonly systemCount?: number
    readonly stackBytes?: number
    readonly groups: readonly GoroutineGroup[]
  }
  readonly cpu: CpuReport
  readonly blindSpots: readonly BlindSpot[]
  readonly verdict: Verdict
}

/** One group of two captures: what is the same key (state, reason, stack, creator) on both sides. */
export type GroupChange = {
  readonly change: 'appeared' | 'went' | 'grew' | 'shrank' | 'verdict'
  readonly userFunction: string
  readonly topFunction: string
  readonly state: string
  readonly waitReason?: string
  readonly createdBy?: string
  /** Group ids in the two reports; absent on the side that does not have it. */
  readonly before?: { readonly group: string; readonly count: number; readonly verdict: GroupVerdict }
  readonly after?: { readonly group: string; readonly count: number; readonly verdict: GroupVerdict }
}

export type DiffData = {
  readonly before: DiagnoseData['target'] & { readonly startTime?: string }
  readonly after: DiagnoseData['target'] & { readonly startTime?: string }
  readonly goroutines: { readonly before: number; readonly after: number }
  /** The largest change of members first. */
  readonly changes: readonly GroupChange[]
  readonly unchangedGroups: number
  readonly verdict: { readonly before: Verdict; readonly after: Verdict }
  /** Findings by fingerprint. */
  readonly findings: { readonly appeared: readonly string[]; readonly went: readonly string[]; readonly kept: number }
}

/** A row of `rules list`. */
export type RuleInfo = {
  readonly id: string
  readonly title: string
  readonly severity: string
  readonly needs: string
  readonly saysWhen: string
  readonly fix: string
  readonly doc: string
}

/** Several targets: one entry each, in the order they were given; a target that failed has its error in place of data. */
export type DiagnoseManyData = {
  readonly targets: readonly (
    | DiagnoseData
    | {
        /** `url` without secrets; the service is host and port where the target could not say. */
        readonly target: Pick<DiagnoseData['target'], 'url' | 'instance' | 'service' | 'serviceFrom'>
        readonly error: WireError
      }
  )[]
}
