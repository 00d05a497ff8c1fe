/**
 * What analysis takes in: the decoded lenses of one target, each with where it came from and when it was taken.
 * Made by `ops` from a Capture (decode), judged by `analyze`; nothing here remembers files or sockets.
 */
import type { LensObservation } from './capture.ts'
import type { GoroutineDump } from './goroutine-dump.ts'
import type { Issue } from './issue.ts'
import type { Lens } from './lens.ts'
import type { BuildInfo, ExpvarDocument, MetricFamily } from './metrics.ts'
import type { Profile } from './profile.ts'
import type { TraceActivity, TraceReading } from './trace-activity.ts'

export type TargetFacts = {
  readonly kind: 'live' | 'capture' | 'files'
  readonly url?: string
  /** Host and port, or the file: what tells this instance from its sisters. */
  readonly instance?: string
  /** Loose files, by name: what a person knows them by where nothing names the service. */
  readonly files?: readonly string[]
  /** `unknown` where nothing names it, never the name of a file: fingerprints must not depend on names or their order. */
  readonly service: string
  /** What named it: `flag`, `expvar`, `environment`, `metrics`, `module`, `cmdline`, `address`, `capture`; `none`. */
  readonly serviceFrom: string
  readonly version?: string
  readonly goVersion?: string
}

export type DatedDump = {
  readonly source: string
  /** Since the start of the window; absent when nothing says when it was taken. */
  readonly atNs?: number
  readonly dump: GoroutineDump
}

export type DatedProfile = {
  readonly source: string
  /** `cpu`, `block`, `mutex`, `heap`, `goroutine`, `goroutineleak`; `allocs` and `threadcreate` under their names. */
  readonly kind: Lens | 'allocs' | 'threadcreate' | 'other'
  readonly profile: Profile
  readonly span: 'delta' | 'cumulative' | 'instant' | 'unknown'
  readonly durationNs?: number
}

export type EvidenceWindow = {
  /** RFC 3339; absent when nothing says. */
  readonly startTime?: string
  readonly endTime?: string
  readonly durationNs?: number
}

export type EvidenceSet = {
  readonly target: TargetFacts
  readonly window: EvidenceWindow
  /** Why dumps that stop the process were not taken (`--max-goroutines`); absent when nothing was left out. */
  readonly dumpsLeftOut?: string
  /** In the order they were taken. */
  readonly dumps: readonly DatedDump[]
  /** Dumps that the leak profile wrote (debug=2): all goroutines, the proven ones marked. No dump of the window. */
  readonly leakDumps?: readonly DatedDump[]
  readonly profiles: readonly DatedProfile[]
  readonly vars?: { readonly source: string; readonly document: ExpvarDocument }
  readonly metrics?: { readonly source: string; readonly families: readonly MetricFamily[] }
  readonly buildInfo?: { readonly source: string; readonly info: BuildInfo }
  /** An execution trace that is at hand: which of the last dump's goroutines moved while it was on, and its account.
   *  Neither where it could not be read. */
  readonly trace?: {
    readonly source: string
    readonly sizeBytes: number
    readonly activity?: TraceActivity
    readonly reading?: TraceReading
  }
  /** What the collector found out about each lens; analysis may sharpen it, never contradict it silently. */
  readonly lenses: readonly LensObservation[]
  readonly issues: readonly Issue[]
}
