/**
 * The exports of `timeline`: stays of the trace, made in the same pass as the account, on their way into a file of another
 * tool. Perfetto's is written while the trace is read, so its memory does not grow with it; the encoder comes from outside
 * (render is not for ops). A pprof profile is one table, written at the end, gzip as pprof has it.
 */
import { gzipSync } from 'node:zlib'
import type { SpanJoin } from '../analyze/span-join/span-join.ts'
import { type FocusPatterns, keepRows } from '../analyze/timeline/focus.ts'
import { buildProfile } from '../analyze/trace-stays/build-profile.ts'
import { openStayProfile } from '../analyze/trace-stays/stay-profile.ts'
import { openStayTracker } from '../analyze/trace-stays/stay-tracker.ts'
import { fault } from '../base/errors.ts'
import { formatDuration, formatSize } from '../base/units.ts'
import { encodePprof } from '../decode/pprof/encode.ts'
import { type IssueLog, openIssueLog } from '../model/issue.ts'
import type { TraceConsumer, TraceMeta } from '../model/trace.ts'
import type {
  ExportSink,
  NamedInterval,
  OpenStayExport,
  ProfileView,
  TimelineExport,
} from '../model/trace-export/trace-export.ts'
import type { TraceStayListener } from '../model/trace-export/trace-stays.ts'
import type { TimelineEnd, TimelineReading } from './timeline-reading.ts'

export type ExportRequest = { readonly sink: ExportSink } & (
  | { readonly format: 'perfetto'; readonly open: OpenStayExport; readonly maxGoroutineTracks?: number }
  | { readonly format: 'pprof'; readonly what: ProfileView; readonly maxRows?: number }
)

export type ExportContext = FocusPatterns & {
  readonly fromNs?: number
  readonly toNs?: number
  readonly goroutine?: number
  readonly goVersion?: string
  /** Name of the input, for messages. */
  readonly name: string
  /** Called when the sink takes no more: reading may end. */
  readonly onRefused: () => void
  /** Spans that a reading before this one has found on goroutines. */
  readonly intervals?: () => readonly NamedInterval[]
}

/** What Perfetto's page opens in a browser is bounded by WebAssembly's memory: 4 GB for tables made of the file. */
const LARGE_BYTES = 1e9

type Part = Partial<TimelineExport>

export function openExportReading(request: ExportRequest, context: ExportContext): TimelineReading {
  return request.format === 'perfetto' ? openPerfettoReading(request, context) : openProfileReading(request, context)
}

function openPerfettoReading(
  request: ExportRequest & { readonly format: 'perfetto' },
  context: ExportContext,
): TimelineReading {
  const { sink, open } = request
  const { fromNs, toNs, goroutine, intervals, name, onRefused } = context
  const target = open({
    ...(fromNs === undefined ? {} : { fromNs }),
    ...(toNs === undefined ? {} : { toNs }),
    ...(goroutine === undefined ? {} : { goroutine }),
    ...(request.maxGoroutineTracks === undefined ? {} : { maxGoroutineTracks: request.maxGoroutineTracks }),
    write: (bytes) => {
      if (sink.write(bytes)) return true
      onRefused()
      return false
    },
  })
  return makeReading(target.listener, request, context, (_end, log) => {
    const spans = intervals?.() ?? []
    const { sizeBytes, slices, flows, tracks, goroutinesInLanes } = target.finish(spans)
    if (sizeBytes > LARGE_BYTES) {
      const message = `the export has ${formatSize(sizeBytes)}: more than Perfetto's page may be able to hold`
      log.add('SL_OPS_EXPORT_LARGE', message, { at: { file: name } })
    }
    return { sizeBytes, slices, flows, tracks, goroutinesInLanes, spans: spans.length }
  })
}

function openProfileReading(
  request: ExportRequest & { readonly format: 'pprof' },
  context: ExportContext,
): TimelineReading {
  const { sink, what, maxRows } = request
  const { fromNs, toNs, goroutine, goVersion, name } = context
  const profile = openStayProfile({
    what,
    ...(fromNs === undefined ? {} : { fromNs }),
    ...(toNs === undefined ? {} : { toNs }),
    ...(goroutine === undefined ? {} : { goroutine }),
    ...(goVersion === undefined ? {} : { goVersion }),
    ...(maxRows === undefined ? {} : { maxRows }),
  })
  return makeReading(profile.listener, request, context, (end, log) => {
    const { rows: all, omitted } = profile.finish()
    const rows = keepRows(all, end.tables, context)
    const span = windowOf(end, context)
    const wall = wallClockOf(end.meta, span.fromNs)
    const encoded = encodePprof(
      buildProfile(rows, end.tables, {
        what,
        durationNs: span.toNs - span.fromNs,
        ...(wall === undefined ? {} : { startUnixNs: wall }),
        ...(goVersion === undefined ? {} : { goVersion }),
      }),
    )
    const bytes = gzipSync(encoded)
    sink.write(bytes)
    if (rows.length === 0)
      log.add('SL_OPS_EXPORT_EMPTY', `the profile has no samples: ${sayEmpty(what)}`, { at: { file: name } })
    if (omitted.count > 0) {
      const left = `${omitted.count} stays of ${formatDuration(omitted.ns)} in all are not in the profile`
      log.add('SL_OPS_EXPORT_OMITTED', `${left}: it has its most rows`, { at: { file: name } })
    }
    const count = rows.reduce((sum, row) => sum + row.count, 0)
    const ns = rows.reduce((sum, row) => sum + row.ns, 0)
    return { sizeBytes: bytes.length, what, samples: rows.length, count, ns, omitted }
  })
}

/** Spans of a file that the trace has on a goroutine: under their own name, with their ids and how sure that is. */
export function listIntervals({ matches }: SpanJoin): NamedInterval[] {
  return matches.flatMap(({ span, sighting, confidence }) =>
    sighting === undefined
      ? []
      : {
          goroutine: sighting.goroutine,
          name: span.name,
          startNs: sighting.startNs,
          endNs: sighting.endNs,
          notes: {
            'trace id': span.traceId,
            'span id': span.spanId,
            ...(span.service === undefined ? {} : { service: span.service }),
            ...(confidence === undefined ? {} : { confidence }),
            'join rung': sighting.rung,
          },
        },
  )
}

function makeReading(
  listener: TraceStayListener,
  { format, sink }: ExportRequest,
  context: ExportContext,
  finish: (end: TimelineEnd, log: IssueLog) => Part,
): TimelineReading {
  const tracker = openStayTracker(listener)
  const consumer: TraceConsumer = {
    onGeneration: (generation, tables) => tracker.addGeneration(generation, tables),
    onChunk: (chunk, tables) => tracker.addChunk(chunk, tables),
    onCpuSamples: (samples, tables) => tracker.addCpuSamples(samples, tables),
  }
  return {
    consumer,
    finish(end) {
      const log = openIssueLog()
      tracker.finish(end.meta)
      const part = finish(end, log)
      const failure = sink.close()
      if (failure !== undefined) return { fault: fault(failure.code, failure) }
      const written = { sizeBytes: 0, omitted: { count: 0, ns: 0 }, ...part }
      const sizeBytes = sink.sizeBytes?.() ?? written.sizeBytes
      const summary: TimelineExport = {
        format,
        ...(sink.path === undefined ? {} : { path: sink.path }),
        ...windowOf(end, context),
        ...(context.goroutine === undefined ? {} : { goroutine: context.goroutine }),
        ...written,
        sizeBytes,
        growthRatio: end.meta.sizeBytes > 0 ? sizeBytes / end.meta.sizeBytes : 0,
      }
      return { data: { export: summary }, issues: log.list() }
    },
  }
}

function windowOf(end: TimelineEnd, { fromNs = 0, toNs }: ExportContext): { fromNs: number; toNs: number } {
  const { endNs } = end.account
  return { fromNs, toNs: Math.min(toNs ?? endNs, endNs) }
}

function wallClockOf({ clock }: TraceMeta, fromNs: number): bigint | undefined {
  return clock.kind === 'snapshot' ? clock.unixNs + BigInt(Math.round(fromNs - clock.traceNs)) : undefined
}

function sayEmpty(what: ProfileView): string {
  if (what === 'cpu') return 'a trace has CPU samples only while a CPU profile is taken too'
  if (what === 'region') return 'the program marks no regions (runtime/trace.WithRegion)'
  return `no stay of the kind ${what} lies within what was asked for`
}
