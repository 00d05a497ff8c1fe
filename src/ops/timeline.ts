/**
 * The use case `timeline`: an execution trace as a stream → what its time went to, and the share that no profile sees.
 * Memory: a few generations of the trace and the account, whatever the size of the file. A trace of which something
 * could be read is a report with `complete: false` and issues; one of which nothing could be is a fault.
 */

import { toTimelineData } from '../analyze/trace/timeline-data.ts'
import { openTraceAccount } from '../analyze/trace/trace-account.ts'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { formatDuration } from '../base/units.ts'
import { detectKind } from '../decode/detect.ts'
import { readTrace } from '../decode/gotrace/gotrace.ts'
import { openIssueLog } from '../model/issue.ts'
import type { TraceStream } from '../model/ports.ts'
import type { ProgressSink, Report } from '../model/report.ts'
import type { TimelineReportData } from '../model/timeline.ts'
import type { GoroutineAccount } from '../model/trace-account.ts'
import { openTraceLines } from './trace-lines.ts'

export type TimelineOptions = {
  readonly strict?: boolean
  /** Only what lies between the two is accounted; ns since the trace's first event. */
  readonly fromNs?: number
  readonly toNs?: number
  /** One goroutine by its id: its own times beside the whole; of the lines, those that concern it. */
  readonly goroutine?: number
  /** Takes the ordered events as NDJSON; false: no more are wanted, and reading ends. */
  readonly onLines?: (text: string) => boolean
  readonly progress?: ProgressSink
  readonly signal?: AbortSignal
}

/** Looked at where the input is no trace, to say what it is. */
const HEAD_BYTES = 64 * 1024

export async function readTimeline(
  stream: TraceStream,
  options: TimelineOptions = {},
): Promise<Result<Report<TimelineReportData>, Fault>> {
  const { fromNs, toNs, goroutine: wanted, onLines } = options
  const log = openIssueLog()
  log.addAll(stream.issues)
  let goroutine: GoroutineAccount | undefined
  const account = openTraceAccount({
    ...(fromNs === undefined ? {} : { fromNs }),
    ...(toNs === undefined ? {} : { toNs }),
    ...(stream.goVersion === undefined ? {} : { goVersion: stream.goVersion }),
    ...(wanted === undefined
      ? {}
      : {
          onGoroutine: (one: GoroutineAccount) => {
            if (one.id === wanted) goroutine = one
          },
        }),
  })
  const lines = openTraceLines(wanted === undefined ? {} : { goroutine: wanted })
  const state = { head: new Uint8Array(0) as Uint8Array, isOver: false }
  const read = await readTrace(
    watchBytes(stream, options, state),
    {
      onChunk: (chunk, tables) => {
        account.addChunk(chunk, tables)
        if (onLines === undefined || state.isOver) return
        const text = lines.format(chunk, tables)
        if (text !== '' && !onLines(text)) state.isOver = true
      },
      onCpuSamples: (samples, tables) => account.addCpuSamples(samples, tables),
    },
    { strict: options.strict ?? false },
  )
  const failure = stream.failure()
  const isInterrupted = options.signal?.aborted === true
  if (!read.ok || read.value.value.events === 0) {
    if (isInterrupted)
      return err(fault('SL_COLLECT_INTERRUPTED', { message: 'Reading was ended', target: stream.name }))
    const nothing = fault('SL_DECODE_TRUNCATED', { message: 'the execution trace holds no events' })
    return err(explainFault(read.ok ? nothing : read.error, stream, state.head, failure))
  }
  log.addAll(read.value.issues, stream.name)
  if (failure !== undefined) log.add(failure.code, failure.message, { at: { file: stream.name } })
  if (isInterrupted) log.add('SL_COLLECT_INTERRUPTED', 'reading was ended before the trace was')
  const whole = account.finish(read.value.value)
  const isCut = failure !== undefined || isInterrupted
  const meta = isCut ? { ...read.value.value, complete: false } : read.value.value
  const data = toTimelineData(whole, meta, stream.goVersion)
  if (wanted !== undefined && goroutine === undefined) {
    return err(fault('SL_OPS_NO_GOROUTINE', { message: `The trace has no goroutine ${wanted}`, target: stream.name }))
  }
  return ok({
    data: {
      ...data,
      ...(fromNs === undefined && toNs === undefined
        ? {}
        : { window: { fromNs: fromNs ?? 0, toNs: Math.min(toNs ?? whole.endNs, whole.endNs) } }),
      ...(goroutine === undefined ? {} : { goroutine }),
    },
    findings: [],
    issues: log.list(),
    coverage: { asked: 1, answered: 1, missing: [] },
    exitCode: isInterrupted ? 3 : 0,
  })
}

/** The stream's pieces, with progress; ends where the run is ended. */
async function* watchBytes(
  stream: TraceStream,
  { progress, signal }: TimelineOptions,
  state: { head: Uint8Array; readonly isOver: boolean },
): AsyncGenerator<Uint8Array, void> {
  const startMs = performance.now()
  let done = 0
  for await (const piece of stream.bytes) {
    if (done < HEAD_BYTES) state.head = joinHead(state.head, piece)
    done += piece.length
    yield piece
    if (signal?.aborted === true || state.isOver) return
    const total = stream.sizeBytes
    const left =
      total === undefined || total <= done ? undefined : ((performance.now() - startMs) / done) * (total - done)
    const when = left === undefined || left < 1000 ? '' : `, about ${formatDuration(left * 1e6)} left`
    progress?.step(`reading ${stream.name}${when}`, { done, ...(total === undefined ? {} : { total }), unit: 'bytes' })
  }
}

function joinHead(head: Uint8Array, piece: Uint8Array): Uint8Array {
  const more = piece.subarray(0, HEAD_BYTES - head.length)
  const joined = new Uint8Array(head.length + more.length)
  joined.set(head)
  joined.set(more, head.length)
  return joined
}

/** Why nothing could be read; what the input is, where it is no trace. */
function explainFault(error: Fault, stream: TraceStream, head: Uint8Array, failure: Fault | undefined): Fault {
  const target = error.target ?? stream.name
  if (failure !== undefined) return { ...failure, target, cause: error }
  if (error.code !== 'SL_DECODE_UNKNOWN_FORMAT') return { ...error, target }
  const { kind, fault: why } = detectKind(head, { name: stream.name })
  if (why !== undefined) return { ...why, target }
  if (kind === 'unknown') return { ...error, target }
  return fault('SL_DECODE_UNKNOWN_FORMAT', {
    message: `This is no execution trace: ${kind.replaceAll('-', ' ')}`,
    hint: 'Give it to sightline diagnose; timeline reads what /debug/pprof/trace, runtime/trace and go test -trace write.',
    target,
  })
}
