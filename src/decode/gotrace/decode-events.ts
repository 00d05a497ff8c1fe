/**
 * The events of a trace as each thread wrote them, decoded and not ordered: for counting, searching and whatever asks
 * nothing of the order over threads. Several times as fast as readTrace.
 * Enters: a trace of format v2, whole or in pieces. Leaves: calls with events of one batch each, generation by
 * generation, thread by thread; a thread's events come in their order. Memory: one generation.
 * Damage ends a batch, or between batches the reading, with an issue. What events contradict is not looked at.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { Decoded } from '../../model/issue.ts'
import type { TraceTables } from '../../model/trace.ts'
import { TraceDoubts } from './doubts.ts'
import { stopCode } from './engine.ts'
import { HEADER_BYTES, readTraceFormat } from './framing.ts'
import { openParts, type TraceLimits, type TraceParts } from './parts.ts'
import type { RawGeneration } from './splitter.ts'

/** Events of one thread, in its order. The columns are used again after the call: copy what must stay. */
export type TraceEvents = {
  /** Places of the columns that are meant; they have TRACE_CHUNK_ROWS. */
  readonly rowCount: number
  readonly generation: number
  /** As the trace names it; NaN = no thread. */
  readonly thread: number
  /** Wire event id, see events.ts. */
  readonly kinds: Uint8Array
  /** On the trace's own clock: not since its first event. */
  readonly timesNs: Float64Array
  /** Arguments after the time delta as they stand there, 0 where there is none; names are ids of the generation. */
  readonly arg0: Float64Array
  readonly arg1: Float64Array
  readonly arg2: Float64Array
  readonly arg3: Float64Array
}

/** What the ids of the generation mean, while its events are told. */
export type TraceNames = {
  readonly tables: TraceTables
  /** Index of `tables.strings`; undefined where the generation has no such string. */
  readonly stringOf: (id: number) => number | undefined
  /** A stack of `tables`. */
  readonly stackOf: (id: number) => number | undefined
}

export type TraceEventsSummary = {
  readonly format: number
  readonly sizeBytes: number
  readonly generations: number
  readonly events: number
  /** Times of the first and the last event on the trace's clock; both 0 when there is none. */
  readonly firstNs: number
  readonly lastNs: number
  readonly complete: boolean
}

export type DecodeTraceOptions = { readonly limits?: TraceLimits }

export async function decodeTraceEvents(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  onEvents: (events: TraceEvents, names: TraceNames) => void,
  options: DecodeTraceOptions = {},
): Promise<Result<Decoded<TraceEventsSummary>, Fault>> {
  if (source instanceof Uint8Array) return decodeTraceEventsSync(source, onEvents, options)
  let head: Uint8Array = new Uint8Array(0)
  let decoder: EventDecoder | undefined
  for await (const piece of source) {
    if (decoder !== undefined) {
      decoder.push(piece)
    } else {
      const taken = HEADER_BYTES - head.length
      head = Uint8Array.of(...head, ...piece.subarray(0, taken))
      if (head.length < HEADER_BYTES) continue
      const format = readTraceFormat(head)
      if (!format.ok) return format
      decoder = new EventDecoder(format.value, onEvents, options.limits ?? {})
      decoder.push(piece.subarray(taken))
    }
    if (!decoder.wantsMore) break
  }
  return decoder === undefined ? refuseShort(head) : decoder.finish()
}

/** The same for a trace that is in memory. */
export function decodeTraceEventsSync(
  bytes: Uint8Array,
  onEvents: (events: TraceEvents, names: TraceNames) => void,
  options: DecodeTraceOptions = {},
): Result<Decoded<TraceEventsSummary>, Fault> {
  if (bytes.length < HEADER_BYTES) return refuseShort(bytes)
  const format = readTraceFormat(bytes)
  if (!format.ok) return format
  const decoder = new EventDecoder(format.value, onEvents, options.limits ?? {})
  for (let at = HEADER_BYTES; at < bytes.length && decoder.wantsMore; at += PIECE_BYTES) {
    decoder.push(bytes.subarray(at, at + PIECE_BYTES))
  }
  return decoder.finish()
}

const PIECE_BYTES = 1 << 20

class EventDecoder {
  private readonly format: number
  private readonly onEvents: (events: TraceEvents, names: TraceNames) => void
  private readonly doubts: TraceDoubts = new TraceDoubts(false)
  private readonly parts: TraceParts | undefined
  private sizeBytes = HEADER_BYTES
  private generations = 0
  private events = 0
  private firstNs = Number.POSITIVE_INFINITY
  private lastNs = Number.NEGATIVE_INFINITY
  private nsPerTick = 0

  constructor(format: number, onEvents: (events: TraceEvents, names: TraceNames) => void, limits: TraceLimits) {
    this.format = format
    this.onEvents = onEvents
    this.parts = openParts(format, HEADER_BYTES, this.doubts, { limits })
    if (this.parts === undefined) this.doubts.refuse()
  }

  get wantsMore(): boolean {
    return this.parts !== undefined && !this.parts.splitter.isDone && this.doubts.fault === undefined
  }

  push(piece: Uint8Array): void {
    this.sizeBytes += piece.length
    this.parts?.splitter.push(piece)
    this.drain()
  }

  finish(): Result<Decoded<TraceEventsSummary>, Fault> {
    this.parts?.splitter.finish()
    this.drain()
    const { doubts, events } = this
    if (doubts.fault !== undefined) return err(doubts.fault)
    if (events === 0 && doubts.first !== undefined) return err(doubts.first)
    const value: TraceEventsSummary = {
      format: this.format,
      sizeBytes: this.sizeBytes,
      generations: this.generations,
      events,
      firstNs: events === 0 ? 0 : this.firstNs,
      lastNs: events === 0 ? 0 : this.lastNs,
      complete: !doubts.isIncomplete,
    }
    return ok({ value, issues: doubts.issues() })
  }

  private drain(): void {
    const { parts, doubts } = this
    if (parts === undefined) return
    while (doubts.fault === undefined) {
      const raw = parts.splitter.next()
      if (raw === undefined) break
      this.readGeneration(parts, raw)
    }
    const { stop } = parts.splitter
    if (stop !== undefined) doubts.note(`nothing is read past a point: ${stop.why}`, stop.offset, stopCode(stop))
    parts.splitter.stop = undefined
  }

  private readGeneration(parts: TraceParts, raw: RawGeneration): void {
    const { doubts } = this
    const { tables, store, instance } = parts
    doubts.generation = raw.generation
    store.releaseMessages()
    if (!tables.read(raw)) return
    const { stop } = raw
    if (stop !== undefined) doubts.note(`nothing is read past a point: ${stop.why}`, stop.offset, stopCode(stop))
    if (tables.nsPerTick > 0) this.nsPerTick = tables.nsPerTick
    if (this.nsPerTick === 0) {
      doubts.note('a generation does not say how long a tick is; it is left out', raw.offset)
      return
    }
    store.update()
    this.generations += 1
    const names: TraceNames = {
      tables: store,
      stringOf: (id) => {
        const index = instance.exports.nameOfFloat(id)
        if (index >= store.strings.length) store.update()
        return index < 0 ? undefined : index
      },
      stackOf: (id) => {
        const stack = instance.exports.stackOf(id)
        return stack < 0 ? undefined : stack
      },
    }
    for (const { thread, batches } of tables.threads) {
      for (const batch of batches) this.readBatch(parts, raw, batch, thread, names)
    }
  }

  private readBatch(parts: TraceParts, raw: RawGeneration, batch: number, thread: number, names: TraceNames): void {
    const { instance, notes } = parts
    const { exports, chunk } = instance
    const [from, end] = [raw.address + (raw.starts[batch] as number), raw.address + (raw.ends[batch] as number)]
    exports.openBatch(from, end, raw.ticks[batch] as number, this.nsPerTick)
    const { generation } = raw
    for (;;) {
      const rowCount = exports.decodeBatch()
      if (rowCount < 0) notes.tellFailure(raw)
      if (rowCount <= 0) return
      const { kinds, timesNs, arg0, arg1, arg2, arg3 } = chunk
      this.events += rowCount
      // Within a batch times do not fall.
      this.firstNs = Math.min(this.firstNs, timesNs[0] as number)
      this.lastNs = Math.max(this.lastNs, timesNs[rowCount - 1] as number)
      this.onEvents({ rowCount, generation, thread, kinds, timesNs, arg0, arg1, arg2, arg3 }, names)
    }
  }
}

function refuseShort(bytes: Uint8Array): Result<never, Fault> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY'))
  return readTraceFormat(bytes) as Result<never, Fault>
}
