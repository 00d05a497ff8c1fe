/**
 * The reading of --span and --spans: how the spans of a trace join with its goroutines, and one of them in full.
 * The first reading of the trace finds the span, wherever it ends; a second one, to its end only, looks at it: so it
 * needs a trace that can be opened again. Without either flag nothing is read: the account knows the tasks.
 */
import { createReadStream } from 'node:fs'
import { toKnownSpans } from '../analyze/span-join/known-spans.ts'
import { describeSpan } from '../analyze/span-join/span-answer.ts'
import { openSpanJoin, type SpanJoin } from '../analyze/span-join/span-join.ts'
import { openSpanProbe } from '../analyze/span-join/span-probe.ts'
import { type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { decodeSpans } from '../decode/spans/spans.ts'
import { type IssueLog, openIssueLog } from '../model/issue.ts'
import type { TraceStream } from '../model/ports.ts'
import type { KnownSpan, SpanAnswer } from '../model/span-join.ts'
import type { TraceTables } from '../model/trace.ts'
import type { TimelineAddition, TimelineReading } from './timeline-reading.ts'
import { readTraceStream, type TraceThreadOptions } from './trace-thread/read-stream.ts'

export type SpanReadingOptions = TraceThreadOptions & {
  /** --span: see analyze/span-join/pick-span.ts for what may stand here. */
  readonly span?: string
  /** --spans: path of a file of the same process's spans. */
  readonly spans?: string
  /** The same trace from its beginning, for the second reading. */
  readonly reopen?: () => Promise<Result<TraceStream>>
  readonly strict?: boolean
  readonly signal?: AbortSignal
  /** Told what was joined, for an export. */
  readonly onJoined?: (join: SpanJoin) => void
}

/** Of a file; those beyond are said to be left out. */
const MAX_READ = 1 << 21
const MAX_NAMES = 5

/** Undefined where neither was asked for. */
export async function openSpanReading(
  options: SpanReadingOptions,
  name: string,
): Promise<Result<TimelineReading | undefined, Fault>> {
  const { span, spans: path } = options
  if (span === undefined && path === undefined) return ok(undefined)
  const issues = openIssueLog()
  const known = path === undefined ? undefined : await readSpansFile(path, issues)
  if (known?.ok === false) return known
  const join = openSpanJoin({
    ...(known === undefined ? {} : { spans: known.value }),
    ...(span === undefined ? {} : { asked: span }),
  })
  return ok({
    consumer: {
      onGeneration: (generation) => join.addGeneration(generation),
      onChunk: (chunk, tables) => join.addChunk(chunk, tables),
    },
    async finish({ meta, goVersion }): Promise<TimelineAddition> {
      const found = join.finish(meta)
      options.onJoined?.(found)
      if (meta.clock.kind !== 'snapshot' && path !== undefined) {
        issues.add('SL_OPS_SPANS_NO_CLOCK', 'the trace has no wall clock: spans of the file join by id only')
      }
      const told = { data: { join: found.summary }, issues: issues.list() }
      if (span === undefined) return told
      if (found.goal === undefined) return { fault: explainNoSpan(span, name, found, path !== undefined) }
      const answer = await probeSpan(found, options, goVersion)
      return answer.ok ? { ...told, data: { ...told.data, span: answer.value } } : { fault: answer.error }
    },
  })
}

async function probeSpan(
  { goal }: SpanJoin,
  options: SpanReadingOptions,
  goVersion: string | undefined,
): Promise<Result<SpanAnswer, Fault>> {
  if (goal === undefined || options.reopen === undefined) {
    return err(
      fault('SL_CLI_USAGE', { message: '--span reads the trace twice, and stdin can be read once: give a file' }),
    )
  }
  const stream = await options.reopen()
  if (!stream.ok) return stream
  const probe = openSpanProbe(goal)
  const watch = { head: new Uint8Array(0), isOver: false, events: 0 }
  let tables: TraceTables | undefined
  const consumer = {
    onGeneration: (generation: { readonly isRestart: boolean }, all: TraceTables) => {
      tables = all
      probe.addGeneration(generation)
    },
    onChunk: (chunk: Parameters<typeof probe.addChunk>[0], all: TraceTables) => {
      tables = all
      probe.addChunk(chunk, all)
      if (!probe.wantsMore()) watch.isOver = true
    },
  }
  const { progress: _, ...quiet } = { progress: undefined, ...options }
  await readTraceStream(stream.value, consumer, quiet, watch)
  if (options.signal?.aborted === true) return err(fault('SL_COLLECT_INTERRUPTED', { message: 'Reading was ended' }))
  if (tables === undefined)
    return err(fault('SL_DECODE_TRUNCATED', { message: 'the trace was read once, and not again' }))
  return ok(describeSpan(goal, probe.finish(), tables, goVersion))
}

async function readSpansFile(path: string, issues: IssueLog): Promise<Result<readonly KnownSpan[], Fault>> {
  try {
    const decoded = await decodeSpans([{ name: path, bytes: createReadStream(path) }], {
      limits: { maxSpans: MAX_READ },
    })
    if (!decoded.ok) return err({ ...decoded.error, target: decoded.error.target ?? path })
    issues.addAll(decoded.value.issues)
    const { spans, leftOut } = toKnownSpans(decoded.value.value)
    if (leftOut > 0) {
      const message = `${leftOut} spans of the file were left out: without an id, ending before they begin, or too many`
      issues.add('SL_OPS_SPANS_LEFT_OUT', message, { at: { file: path } })
    }
    return ok(spans)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return err(fault('SL_COLLECT_NO_INPUT', { message: `The file of spans cannot be read: ${why}`, target: path }))
  }
}

function explainNoSpan(asked: string, target: string, { summary, matches }: SpanJoin, hasFile: boolean): Fault {
  const names = (summary.names ?? []).filter(({ name }) => name !== '').slice(0, MAX_NAMES)
  const isOutside = matches.some(({ span, isOutside: out }) => out && asked.toLowerCase().includes(span.spanId))
  const said =
    names.length === 0 ? 'The trace names no spans' : `Spans in it: ${names.map(({ name }) => name).join(', ')}`
  const hint = isOutside
    ? 'The file has it, outside the time of this trace.'
    : summary.rung === 0 && !hasFile
      ? `${said}. They have names only: with --spans FILE (OTLP JSON) a span is found by its id; docs/span-join.md.`
      : `${said}. Give an id, a name, task:N or region:NAME; docs/span-join.md says what a service must do for ids.`
  return fault('SL_OPS_NO_SPAN', { message: `The trace has no span ${asked}`, hint, target })
}
