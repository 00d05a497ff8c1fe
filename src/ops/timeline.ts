/**
 * The use case `timeline`: an execution trace as a stream → what its time went to, and the share that no profile sees.
 * One pass: the account, and beside it the readings that were asked for (timeline-reading.ts), each adding to the report.
 * Memory: a few generations of the trace and the account, whatever the size of the file. A trace of which something
 * could be read is a report with `complete: false` and issues; one of which nothing could be is a fault.
 */

import type { SpanJoin } from '../analyze/span-join/span-join.ts'
import { toTimelineData } from '../analyze/trace/timeline-data.ts'
import { openTraceAccount } from '../analyze/trace/trace-account.ts'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatDuration } from '../base/units.ts'
import type { Finding } from '../model/contract.ts'
import { type IssueLog, openIssueLog } from '../model/issue.ts'
import type { TraceStream } from '../model/ports.ts'
import type { ProgressSink, Report } from '../model/report.ts'
import type { TimelineReportData } from '../model/timeline.ts'
import type { TraceConsumer, TraceTables } from '../model/trace.ts'
import type { GoroutineAccount } from '../model/trace-account.ts'
import type { NamedInterval } from '../model/trace-export/trace-export.ts'
import { openFindingsReading } from './timeline-findings.ts'
import { openGoroutineReading } from './timeline-goroutine.ts'
import { type GroupingOptions, openGroupingReading } from './timeline-grouping.ts'
import { explainTraceFault } from './timeline-input.ts'
import { combineConsumers, type TimelineEnd, type TimelineReading } from './timeline-reading.ts'
import { openSpanReading, type SpanReadingOptions } from './timeline-spans.ts'
import { type ExportContext, type ExportRequest, listIntervals, openExportReading } from './trace-export.ts'
import { openTraceLines } from './trace-lines.ts'
import { readTraceStream, type TraceThreadOptions } from './trace-thread/read-stream.ts'

export type TimelineOptions = GroupingOptions &
  Pick<SpanReadingOptions, 'span' | 'spans' | 'reopen'> &
  TraceThreadOptions & {
    readonly strict?: boolean
    /** What a stop of the world may last before it is a finding. */
    readonly gcSlaNs?: number
    /** Whose trace it is; default: what the capture says. */
    readonly service?: string
    /** Only what lies between the two is accounted; ns since the trace's first event. */
    readonly fromNs?: number
    readonly toNs?: number
    /** One goroutine by its id: its own times beside the whole; of the lines, those that concern it. */
    readonly goroutine?: number
    /** Takes the ordered events as NDJSON; false: no more are wanted, and reading ends. */
    readonly onLines?: (text: string) => boolean
    /** The trace in another tool's format as well. */
    readonly export?: ExportRequest
    readonly progress?: ProgressSink
    readonly signal?: AbortSignal
  }

/** Shared by the pieces of one run. */
type Run = { head: Uint8Array; isOver: boolean; events: number }

export async function readTimeline(
  stream: TraceStream,
  options: TimelineOptions = {},
): Promise<Result<Report<TimelineReportData>, Fault>> {
  const log = openIssueLog()
  log.addAll(stream.issues)
  const run: Run = { head: new Uint8Array(0), isOver: false, events: 0 }
  const goroutines: GoroutineAccount[] = []
  const account = openTraceAccount({
    ...(options.fromNs === undefined ? {} : { fromNs: options.fromNs }),
    ...(options.toNs === undefined ? {} : { toNs: options.toNs }),
    ...(stream.goVersion === undefined ? {} : { goVersion: stream.goVersion }),
    ...(options.goroutine === undefined
      ? {}
      : {
          onGoroutine: (one: GoroutineAccount) => {
            if (one.id === options.goroutine) goroutines.push(one)
          },
        }),
  })
  let intervals: readonly NamedInterval[] = []
  const onJoined = (join: SpanJoin) => {
    intervals = listIntervals(join)
  }
  const spans = await openSpanReading({ ...options, onJoined }, stream.name)
  if (!spans.ok) {
    for await (const _ of stream.bytes) break
    return spans
  }
  const readings = [
    ...openReadings(stream, options, run, goroutines),
    ...(spans.value === undefined ? [] : [spans.value]),
    // After the spans that it shows.
    ...(options.export === undefined
      ? []
      : [
          openExportReading(
            options.export,
            exportContext(stream, options, run, () => intervals),
          ),
        ]),
  ]
  let tables: TraceTables | undefined
  const counting: TraceConsumer = {
    onGeneration: (generation, all) => {
      tables = all
      account.addGeneration(generation)
    },
    onChunk: (chunk, all) => {
      tables = all
      run.events += chunk.rowCount
      account.addChunk(chunk, all)
    },
    onCpuSamples: (samples, all) => account.addCpuSamples(samples, all),
  }
  const others = readings.flatMap(({ consumer }) => consumer ?? [])
  // The account does not look at what logs say; every other reading may.
  const needs = { withMessages: others.length > 0 }
  const consumer = combineConsumers([counting, ...others])
  const { read, failure } = await readTraceStream(stream, consumer, { ...options, ...needs }, run)
  const isInterrupted = options.signal?.aborted === true
  if (!read.ok || read.value.value.events === 0 || tables === undefined) {
    if (isInterrupted)
      return err(fault('SL_COLLECT_INTERRUPTED', { message: 'Reading was ended', target: stream.name }))
    const nothing = fault('SL_DECODE_TRUNCATED', { message: 'the execution trace holds no events' })
    return err(explainTraceFault(read.ok ? nothing : read.error, stream, run.head, failure))
  }
  log.addAll(read.value.issues, stream.name)
  if (failure !== undefined) log.add(failure.code, failure.message, { at: { file: stream.name } })
  if (isInterrupted) log.add('SL_COLLECT_INTERRUPTED', 'reading was ended before the trace was')
  const whole = account.finish(read.value.value)
  const isCut = failure !== undefined || isInterrupted
  const meta = isCut ? { ...read.value.value, complete: false } : read.value.value
  const { goVersion } = stream
  const data = toTimelineData(whole, meta, goVersion)
  const end = { meta, account: whole, tables, data, ...(goVersion === undefined ? {} : { goVersion }) }
  const added = await finishReadings(readings, end, log)
  if (!added.ok) return added
  return ok({
    ...added.value,
    issues: log.list(),
    coverage: { asked: 1, answered: 1, missing: [] },
    exitCode: isInterrupted ? 3 : 0,
  })
}

/**
 * What a run asks for, a reading each. To add one: a file `timeline-<name>.ts` that opens a TimelineReading, an option
 * above, a line here.
 * Exports, the join of spans, and findings with the reasons that a dump knows join here too.
 */
function openReadings(
  stream: TraceStream,
  options: TimelineOptions,
  run: Run,
  goroutines: readonly GoroutineAccount[],
): readonly TimelineReading[] {
  const { fromNs, toNs, goroutine, onLines } = options
  const readings: TimelineReading[] = [openFindingsReading(stream, options)]
  if (fromNs !== undefined || toNs !== undefined) readings.push(openWindowReading(fromNs ?? 0, toNs, stream.name))
  const grouping = openGroupingReading(options)
  if (grouping !== undefined) readings.push(grouping)
  if (goroutine !== undefined) {
    const { goVersion, name } = stream
    const about = { goroutine, name, ...(goVersion === undefined ? {} : { goVersion }) }
    const window = { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) }
    readings.push(openGoroutineReading({ ...about, ...window }, goroutines))
  }
  if (onLines !== undefined) readings.push(openLinesReading(onLines, goroutine, run))
  return readings
}

function exportContext(
  stream: TraceStream,
  options: TimelineOptions,
  run: Run,
  intervals: () => readonly NamedInterval[],
): ExportContext {
  const { fromNs, toNs, goroutine, focus, ignore } = options
  return {
    name: stream.name,
    ...(stream.goVersion === undefined ? {} : { goVersion: stream.goVersion }),
    ...(fromNs === undefined ? {} : { fromNs }),
    ...(toNs === undefined ? {} : { toNs }),
    ...(goroutine === undefined ? {} : { goroutine }),
    ...(focus === undefined ? {} : { focus }),
    ...(ignore === undefined ? {} : { ignore }),
    onRefused: () => {
      run.isOver = true
    },
    intervals,
  }
}

/** Adds up what the readings say; the first that failed is the answer. */
async function finishReadings(
  readings: readonly TimelineReading[],
  end: TimelineEnd,
  log: IssueLog,
): Promise<Result<{ readonly data: TimelineReportData; readonly findings: readonly Finding[] }, Fault>> {
  let data: TimelineReportData = end.data
  const findings: Finding[] = []
  for (const reading of readings) {
    const addition = await reading.finish(end)
    if (addition.fault !== undefined) return err(addition.fault)
    data = { ...data, ...addition.data }
    findings.push(...(addition.findings ?? []))
    log.addAll(addition.issues ?? [])
  }
  return ok({ data, findings })
}

function openWindowReading(fromNs: number, toNs: number | undefined, name: string): TimelineReading {
  return {
    finish({ meta, account }) {
      if (fromNs < meta.durationNs) {
        return { data: { window: { fromNs, toNs: Math.min(toNs ?? account.endNs, account.endNs) } } }
      }
      const message = `The trace is ${formatDuration(meta.durationNs)} long, and ends before ${formatDuration(fromNs)}`
      return { fault: fault('SL_OPS_OUTSIDE_TRACE', { message, target: name }) }
    },
  }
}

function openLinesReading(
  onLines: (text: string) => boolean,
  goroutine: number | undefined,
  run: Run,
): TimelineReading {
  const lines = openTraceLines(goroutine === undefined ? {} : { goroutine })
  return {
    consumer: {
      onChunk: (chunk, tables) => {
        if (run.isOver) return
        const text = lines.format(chunk, tables)
        if (text !== '' && !onLines(text)) run.isOver = true
      },
    },
    finish: () => ({}),
  }
}
