/**
 * The wire types of `trust --json`. Rates are affected traces over the traces that crossed the edge
 * or operation in the window; intervals are Wilson's at 95 %. Unknown is absent.
 */

import type { Confidence } from '../contract.ts'
import type { BreakClass } from './break-classes.ts'
import type { SourcePlace } from './source-evidence.ts'

/** `lost`: cause known; `unexplained`: cause not settled; `pending`: inside the settle window; `exonerated`: looks like one. */
const breakStates = ['lost', 'unexplained', 'pending', 'exonerated'] as const
export type BreakState = (typeof breakStates)[number]

/** Why what looks like a break is none. */
const exonerations = [
  'sampled',
  'late',
  'public edge',
  'link',
  'intended root',
  'scheduled root',
  'exported elsewhere',
  'clock skew',
  'shared span id',
  'outside the window',
] as const
export type Exoneration = (typeof exonerations)[number]

export const trustGrades = ['A', 'B', 'C', 'D', 'E', 'F', 'insufficient'] as const
export type TrustGrade = (typeof trustGrades)[number]

export type TrustBreak = {
  /** The likeliest cause; absent where no class can be named: the break itself is sure. */
  readonly class?: BreakClass
  /** The others that the evidence cannot rule out, likeliest first; at most three names in all where it can be told. */
  readonly alternatives: readonly BreakClass[]
  readonly state: BreakState
  readonly exoneratedBy?: Exoneration
  readonly edge?: { readonly from: string; readonly to: string }
  readonly operation: string
  readonly version?: string
  /** Affected traces, of `traces` that crossed. */
  readonly count: number
  readonly traces: number
  readonly rate: number
  readonly interval: readonly [number, number]
  readonly confidence: Confidence
  readonly affectedTracesPerDay?: number
  /** What would decide between class and alternatives. */
  readonly decidedBy: readonly string[]
  readonly why: string
  /** The place in the source that does it, where the source was given. */
  readonly source?: SourcePlace
  /** Of the finding that says the same; what is pending or exonerated has none. */
  readonly fingerprint?: string
  /** Traces to look at, as hex ids; at most 5. */
  readonly examples: readonly { readonly traceId: string; readonly spanId: string }[]
}

export type TrustEdge = {
  readonly from: string
  readonly to: string
  readonly traces: number
  readonly brokenTraces: number
  readonly breakRate: number
  readonly interval: readonly [number, number]
  readonly grade: TrustGrade
  /** What the edge really carries, where headers were seen. */
  readonly carries?: readonly { readonly format: string; readonly share: number }[]
}

export type SkewRow = {
  readonly from: string
  readonly to: string
  /** How far the clock of `to` is ahead of that of `from`. */
  readonly offsetNs: number
  readonly interval: readonly [number, number]
  readonly pairs: number
}

export type InstrumentationRule = {
  readonly id: string
  readonly impact: 'Critical' | 'Important' | 'Normal' | 'Low'
  readonly state: 'passed' | 'failed' | 'not-answerable'
  readonly why?: string
}

export type InstrumentationScore = {
  /** Over the rules that could be answered. */
  readonly score: number
  /** Absent while incomplete. */
  readonly band?: 'Excellent' | 'Good' | 'Needs Improvement' | 'Poor'
  readonly complete: boolean
  readonly rules: readonly InstrumentationRule[]
}

export type TrustService = {
  readonly service: string
  readonly grade: TrustGrade
  readonly traces: number
  readonly spans: number
  readonly breakRate?: number
  readonly interval?: readonly [number, number]
  /** Why the grade is lower than the rate says: the edge that caps it, or how many of its spans are missing. */
  readonly cappedBy?: string
  readonly logsWithoutTraceIdRatio?: number
  readonly breaks: readonly TrustBreak[]
  readonly instrumentationScore: InstrumentationScore
}

/** Source that was given as evidence, and the services that run it. */
export type TrustSource = {
  readonly name: string
  readonly kind: 'directory' | 'report'
  readonly tier: 'a' | 'b'
  /** Findings of the audit; those of break classes in code whose service is known. */
  readonly findings: number
  readonly usable: number
  readonly services: readonly string[]
  readonly programs: readonly {
    readonly importPath: string
    readonly services: readonly string[]
    /** How it is known; absent where it is not. */
    readonly by?: string
  }[]
}

export type TrustData = {
  readonly window?: { readonly startTime: string; readonly endTime: string; readonly durationNs: number }
  readonly settleWindowNs: number
  readonly spans: number
  readonly traces: number
  readonly services: readonly TrustService[]
  readonly edges: readonly TrustEdge[]
  readonly skew: readonly SkewRow[]
  readonly primitives: {
    readonly orphans: number
    readonly orphansLocalParent: number
    readonly orphansRemoteParent: number
    readonly rogueRoots: number
    readonly duplicateSpanIds: number
    readonly logRecords: number
    readonly logsWithoutTraceId: number
  }
  /** Where `--source` or `--audit` gave any. */
  readonly sources?: readonly TrustSource[]
  readonly omitted: Readonly<Record<string, number>>
}
