/**
 * A capture: what was asked of one target, what answered, and the bytes of each lens as the Go runtime gave them.
 * The folder (or `.slc`, the folder as tar + zstd) holds `manifest.json` and one file per lens.
 * Replayable: nothing outside the folder is needed for the same verdict, byte for byte.
 */
import type { ErrorCode } from '../base/errors.ts'
import type { Issue } from './issue.ts'
import type { Lens, LensState } from './lens.ts'

export const CAPTURE_SCHEMA = 'sightline.capture/v1'

/** What a file of a capture is; decided by content for loose files, by name inside a capture. */
export type CaptureFileKind =
  | 'goroutine-dump'
  | 'goroutine-profile'
  | 'goroutineleak-profile'
  | 'goroutineleak-dump'
  | 'block-profile'
  | 'mutex-profile'
  | 'cpu-profile'
  | 'heap-profile'
  | 'allocs-profile'
  | 'threadcreate-profile'
  | 'execution-trace'
  | 'expvar'
  | 'metrics-text'
  | 'cmdline'
  | 'build-info'
  | 'spans'
  | 'logs'
  | 'profile'
  | 'manifest'
  | 'unknown'

/** One thing that was asked of the target. Times are RFC 3339 with ns, of the collector's clock. */
export type CaptureRequest = {
  /** File name inside the capture; absent when nothing was kept. */
  readonly file?: string
  readonly kind: CaptureFileKind
  readonly lens?: Lens
  /** Path and query below the target's base, secrets redacted. */
  readonly request: string
  readonly startTime: string
  readonly endTime: string
  readonly sizeBytes?: number
  readonly status: 'answered' | 'failed' | 'skipped' | 'partial'
  readonly httpStatus?: number
  readonly why?: string
  readonly code?: ErrorCode
  /** For profiles: cumulative since the process began, or the delta of a window. */
  readonly span?: { readonly kind: 'delta' | 'cumulative' | 'instant'; readonly durationNs?: number }
}

export type LensObservation = {
  readonly lens: Lens
  readonly state: LensState
  /** What the state was concluded from, one sentence. */
  readonly because: string
}

export type CaptureManifest = {
  readonly schema: string
  readonly tool: { readonly name: 'sightline'; readonly version: string }
  readonly target: {
    readonly kind: 'live' | 'files'
    readonly url?: string
    readonly instance?: string
    readonly service?: string
    /** flag, expvar, environment, metrics, module, address. */
    readonly serviceFrom?: string
    readonly goVersion?: string
    readonly version?: string
  }
  readonly startTime: string
  readonly endTime: string
  /** The collector's clock against the target's Date header, where it sent one. */
  readonly clock?: { readonly offsetNs?: number; readonly uncertaintyNs?: number }
  readonly requests: readonly CaptureRequest[]
  readonly lenses: readonly LensObservation[]
  /** What was redacted, by kind: `cmdline: 2 values`. */
  readonly redacted: readonly string[]
  /** True when the capture was ended before its plan was. */
  readonly interrupted: boolean
}

export type CaptureFile = {
  readonly name: string
  readonly kind: CaptureFileKind
  readonly bytes: Uint8Array
}

/** A capture in memory, as read from a folder, an `.slc`, loose files, or straight from a target. */
export type Capture = {
  /** Where it came from, for people: path or URL without secrets. */
  readonly origin: string
  /** Absent for loose files. */
  readonly manifest?: CaptureManifest
  readonly files: readonly CaptureFile[]
  /** Doubts that reading it left: no manifest, a file that the manifest names and that is missing. */
  readonly issues?: readonly Issue[]
}
