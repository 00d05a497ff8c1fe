/**
 * The door of the execution-trace reader: bytes of a Go trace in, ordered events in columnar chunks out.
 * Enters: a file, pipe, HTTP body or blob as Uint8Array or AsyncIterable<Uint8Array>, and a TraceConsumer.
 * Leaves: calls to the consumer while reading, then a TraceMeta with issues. Reads format v2 (Go 1.22 to 1.27, flight
 * recorder included) and v1 (Go 1.11 to 1.21, which is held whole). The order is that of Go's reference reader. Never
 * throws for what the bytes hold.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Decoded } from '../../model/issue.ts'
import type { TraceConsumer, TraceMeta, TraceSeat } from '../../model/trace.ts'
import { isV1Format, TraceV1Engine, type V1Limits } from '../gotrace-v1/engine-v1.ts'
import { TraceEngine, type TraceRangeStart } from './engine.ts'
import { HEADER_BYTES, readTraceFormat, readTraceHeader } from './framing.ts'
import type { TraceLimits } from './parts.ts'

export type {
  TraceChunk,
  TraceClock,
  TraceConsumer,
  TraceCpuSample,
  TraceExperimentRow,
  TraceGeneration,
  TraceMeta,
  TraceTables,
} from '../../model/trace.ts'
export { TRACE_CHUNK_ROWS } from '../../model/trace.ts'
export {
  type DecodeTraceOptions,
  decodeTraceEvents,
  decodeTraceEventsSync,
  type TraceEvents,
  type TraceEventsSummary,
  type TraceNames,
} from './decode-events.ts'
export type { TraceRangeStart } from './engine.ts'
export { type EventRow, timedEvents } from './events.ts'
export { readTraceHeader } from './framing.ts'
export { indexGenerations, type TraceIndex, type TraceRange, type TraceStore } from './index-generations.ts'
export type { TraceLimits } from './parts.ts'

export type ReadTraceOptions = {
  /** Reject what Go's reader rejects. Default: read all that can be read, and say in issues what is missing. */
  readonly strict?: boolean
  readonly limits?: TraceLimits & V1Limits
  /**
   * The bytes are whole generations out of a trace (see indexGenerations), without a header. The first of them is read
   * as a trace begins: it is told as a restart, states before it are not known, and a task that began before it ends
   * without name and parent. `durationNs` is from the trace's time 0 to the last event of the range; `sizeBytes` is up
   * to its end.
   */
  readonly range?: TraceRangeStart
  /** False: what logs say is left out, arg2 of UserLog names empty strings. For who does not look: a trace with a log per
   *  request has as many texts. Default: true. */
  readonly withMessages?: boolean
  /** Where the chunks are to lie; only traces of format v2 are read into it. Default: memory of the reader's own. */
  readonly seat?: TraceSeat
}

/**
 * Reads a trace as its bytes come. Memory: a few generations (about a second of trace each) and the distinct strings
 * and stacks, whatever the size of the input.
 */
export async function readTrace(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  consumer: TraceConsumer,
  options: ReadTraceOptions = {},
): Promise<Result<Decoded<TraceMeta>, Fault>> {
  if (source instanceof Uint8Array) return readTraceSync(source, consumer, options)
  let head: Uint8Array = new Uint8Array(0)
  let engine: AnyEngine | undefined = openRange(consumer, options)
  for await (const piece of source) {
    if (engine !== undefined) {
      engine.push(piece)
    } else {
      head = joinBytes(head, piece)
      if (head.length < HEADER_BYTES) continue
      const format = readFormat(head)
      if (!format.ok) return format
      engine = openEngine(format.value, consumer, options)
      engine.push(head.subarray(HEADER_BYTES))
    }
    if (!engine.wantsMore) break
  }
  if (engine === undefined) return shortInput(head)
  engine.finish()
  return conclude(engine)
}

/** The same for a trace that is in memory; its bytes are not copied. */
export function readTraceSync(
  bytes: Uint8Array,
  consumer: TraceConsumer,
  options: ReadTraceOptions = {},
): Result<Decoded<TraceMeta>, Fault> {
  const range = openRange(consumer, options)
  if (range !== undefined) {
    range.readWhole(bytes)
    return conclude(range)
  }
  if (bytes.length < HEADER_BYTES) return shortInput(bytes)
  const format = readFormat(bytes)
  if (!format.ok) return format
  const engine = openEngine(format.value, consumer, options)
  engine.readWhole(bytes.subarray(HEADER_BYTES))
  return conclude(engine)
}

type AnyEngine = TraceEngine | TraceV1Engine

function readFormat(head: Uint8Array): Result<number, Fault> {
  const format = readTraceHeader(head)
  return format !== undefined && isV1Format(format) ? ok(format) : readTraceFormat(head)
}

function openEngine(format: number, consumer: TraceConsumer, options: ReadTraceOptions): AnyEngine {
  const { strict = false, limits = {} } = options
  if (isV1Format(format)) return new TraceV1Engine(format, HEADER_BYTES, consumer, strict, limits)
  return new TraceEngine({ format, firstOffset: HEADER_BYTES }, consumer, options)
}

function openRange(consumer: TraceConsumer, options: ReadTraceOptions): TraceEngine | undefined {
  return options.range === undefined ? undefined : new TraceEngine(options.range, consumer, options)
}

function conclude(engine: AnyEngine): Result<Decoded<TraceMeta>, Fault> {
  const { doubts } = engine
  if (doubts.fault !== undefined) return err(doubts.fault)
  const meta = engine.meta()
  if (meta.events === 0 && doubts.first !== undefined) return err(doubts.first)
  return ok({ value: meta, issues: doubts.issues() })
}

function shortInput(bytes: Uint8Array): Result<never, Fault> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY'))
  const isStart = 'go 1.'.startsWith(String.fromCharCode(...bytes.subarray(0, 5)))
  if (isStart) return err(fault('SL_DECODE_TRUNCATED', { message: 'the execution trace ends inside its header' }))
  return err(fault('SL_DECODE_UNKNOWN_FORMAT', { message: 'this is not a Go execution trace' }))
}

function joinBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right.slice()
  const joined = new Uint8Array(left.length + right.length)
  joined.set(left)
  joined.set(right, left.length)
  return joined
}
