/**
 * Exports of an execution trace: where they go, what an encoder offers, and what was written (wire names of
 * `timeline --export`). Times are ns of the trace.
 */

import type { Fault } from '../../base/errors.ts'
import type { TraceStayListener } from './trace-stays.ts'

export const exportFormats = ['perfetto', 'pprof'] as const
export type ExportFormat = (typeof exportFormats)[number]

/**
 * What a profile of a trace counts. `net`, `sync`, `syscall` and `sched` are those of `go tool trace -pprof=`: what ended
 * within the trace, by the stack of the event that began it. The others have all of the window, by the goroutine's own stack.
 */
export const profileViews = [
  'all',
  'waiting',
  'runnable',
  'running',
  'cpu',
  'region',
  'net',
  'sync',
  'syscall',
  'sched',
] as const
export type ProfileView = (typeof profileViews)[number]

export type TimelineExport = {
  readonly format: ExportFormat
  /** Absent where it went to stdout. */
  readonly path?: string
  readonly sizeBytes: number
  /** Bytes written for each byte of the trace. */
  readonly growthRatio: number
  readonly fromNs: number
  readonly toNs: number
  readonly goroutine?: number
  /** perfetto */
  readonly slices?: number
  readonly flows?: number
  readonly tracks?: number
  readonly goroutinesInLanes?: number
  readonly spans?: number
  /** pprof: the view, its rows and sums. */
  readonly what?: ProfileView
  readonly samples?: number
  readonly count?: number
  readonly ns?: number
  /** Not in the file, because a table was full. */
  readonly omitted: { readonly count: number; readonly ns: number }
}

/** Where an export goes. Writes return when the bytes are on their way, so that memory does not grow with the file. */
export type ExportSink = {
  /** Absent: stdout. */
  readonly path?: string
  /** False: no more is taken; `close` says why. */
  write(bytes: Uint8Array): boolean
  /** Once; undefined where all is written, or its reader went away. */
  close(): Fault | undefined
  /** What it came to, where that is not what was written to it. */
  sizeBytes?(): number
}

/** A named interval on a goroutine: a span of a distributed trace, as joined. */
export type NamedInterval = {
  readonly goroutine: number
  readonly name: string
  readonly startNs: number
  readonly endNs: number
  /** Shown with it: ids, confidence, attributes. */
  readonly notes?: Readonly<Record<string, string | number | boolean>>
}

export type StayExportOptions = {
  /** Takes a block, which holds only until it returns; false: no more is wanted. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly title?: string
  /** Only what lies between the two. */
  readonly fromNs?: number
  readonly toNs?: number
  /** Only this goroutine, with who woke it and whom it woke. */
  readonly goroutine?: number
  /** Goroutines with a track of their own; further ones share lanes. */
  readonly maxGoroutineTracks?: number
}

export type StayExportSummary = {
  readonly sizeBytes: number
  readonly packets: number
  readonly slices: number
  readonly flows: number
  readonly tasks: number
  readonly regions: number
  readonly logs: number
  readonly cpuSamples: number
  readonly tracks: number
  /** Goroutines that share lanes: beyond the limit of tracks. */
  readonly goroutinesInLanes: number
}

/** An encoder of stays into the format of another tool, as a stream. */
export type StayExport = {
  readonly listener: TraceStayListener
  /** Once, after the listener's onFinish; intervals that overlap get lanes of their own. */
  finish(intervals?: readonly NamedInterval[]): StayExportSummary
}

export type OpenStayExport = (options: StayExportOptions) => StayExport
