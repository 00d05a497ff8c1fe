/**
 * Runs a trace of format v2 through its stages: bytes, generations, tables, ordered chunks, consumer.
 * Enters: pieces of input after the header, in order. Leaves: calls to the consumer, and at the end the TraceMeta.
 * A generation is worked off as soon as it is whole, so memory is a few generations plus the interned tables.
 * Damage: what is wrong inside a generation ends that generation, and the next begins as a trace does; what is wrong
 * between batches ends reading. In strict mode every doubt ends reading.
 */
import type { TraceClock, TraceConsumer, TraceCpuSample, TraceGeneration, TraceMeta } from '../../model/trace.ts'
import { openClock, type TraceClockReader } from './clock.ts'
import { type DoubtCode, TraceDoubts } from './doubts.ts'
import { type GenerationTables, NO_THREAD_FROM } from './generation.ts'
import { openParts, type PartsOptions, type TraceParts } from './parts.ts'
import type { RawGeneration, SplitStop } from './splitter.ts'

/** What a reader of some generations in the middle of a trace is told of the rest. */
export type TraceRangeStart = {
  /** The NN of the trace's header, `go 1.NN trace`. */
  readonly format: number
  /** Place in the input of the first byte that is read. */
  readonly firstOffset: number
  /** Time 0 of the whole trace on its own clock; absent: the earliest event that is read. */
  readonly originNs?: number
  /** As the generation before says it, for one that does not. */
  readonly nsPerTick?: number
}

/** See ReadTraceOptions. */
export type EngineOptions = PartsOptions & { readonly strict?: boolean }

/** First header whose generations hold a clock snapshot. */
const FORMAT_WITH_SNAPSHOT = 25
/** Threads looked at because the first in time had to wait, per generation: this many, and this many per byte. */
const BASE_STALLS = 1 << 22
const STALLS_PER_BYTE = 16

/** What opening a cursor may say: see wasm/trace-order/notes.ts. */
const RAN = 0
const FAILED = 3
/** How mergeChunk of wasm/trace-order/merge.ts ends. */
const CHUNK_FULL = 0
const MERGED = 1
const MERGE_FAILED = 2
const STUCK = 3
const TOO_MANY_STALLS = 4
/** In memory: a batch is begin u32, end u32, ticks f64. */
const BATCH_BYTES = 16
const CURSOR_BYTES = 48
const PIECE_BYTES = 1 << 20

export class TraceEngine {
  readonly doubts: TraceDoubts
  private readonly format: number
  private readonly consumer: TraceConsumer
  /** Undefined when there is no memory for them: then there is a fault. */
  private readonly parts: TraceParts | undefined
  private readonly clock: TraceClockReader = openClock()
  private sizeBytes: number
  /** Time 0 of the trace on its own clock, once known. */
  originNs: number | undefined
  /** Only finds the origin. */
  isProbe = false
  private needsRestart = true
  private generations = 0
  private events = 0
  private cpuSamples = 0
  private lastNs = 0
  /** Events of a cut generation whose turn was assumed. */
  private assumed = 0
  /** Rows when the last one was; a second assumption without a row between would be for ever. */
  private assumedAfter = -1

  constructor(start: TraceRangeStart, consumer: TraceConsumer, options: EngineOptions = {}) {
    const { format, firstOffset } = start
    this.format = format
    this.sizeBytes = firstOffset
    this.originNs = start.originNs
    this.clock.nsPerTick = start.nsPerTick ?? 0
    this.consumer = consumer
    this.doubts = new TraceDoubts(options.strict ?? false)
    this.parts = openParts(format, firstOffset, this.doubts, options)
    if (this.parts === undefined) this.doubts.refuse()
  }

  /** False when reading has ended and more input is of no use. */
  get wantsMore(): boolean {
    return this.parts !== undefined && !this.parts.splitter.isDone && this.doubts.fault === undefined
  }

  /** All of the input after the header at once. */
  readWhole(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.wantsMore; at += PIECE_BYTES) {
      this.push(bytes.subarray(at, at + PIECE_BYTES))
    }
    this.finish()
  }

  push(piece: Uint8Array): void {
    this.sizeBytes += piece.length
    this.parts?.splitter.push(piece)
    this.drain()
  }

  finish(): void {
    this.parts?.splitter.finish()
    this.drain()
  }

  meta(): TraceMeta {
    return {
      headerVersion: `go1.${this.format}`,
      format: `v2/${this.format}`,
      sizeBytes: this.sizeBytes,
      generations: this.generations,
      events: this.events,
      cpuSamples: this.cpuSamples,
      durationNs: this.lastNs,
      clock: this.clock.read() satisfies TraceClock,
      complete: !this.doubts.isIncomplete,
    }
  }

  private drain(): void {
    const { parts } = this
    if (parts === undefined) return
    const { splitter } = parts
    while (this.doubts.fault === undefined) {
      const raw = splitter.next()
      if (raw === undefined) break
      this.readGeneration(parts, raw)
    }
    if (splitter.stop !== undefined) this.noteStop(splitter.stop)
    splitter.stop = undefined
    const omitted = parts.instance.exports.takeOmitted()
    if (omitted === 0) return
    const message = 'distinct strings beyond the limit are left empty (maxStringBytes)'
    this.doubts.note(message, undefined, 'SL_DECODE_TOO_LARGE', omitted)
  }

  private noteStop(stop: SplitStop): void {
    this.doubts.note(`nothing is read past a point: ${stop.why}`, stop.offset, stopCode(stop))
  }

  private readGeneration(parts: TraceParts, raw: RawGeneration): void {
    const { doubts } = this
    const { tables, store, instance, notes } = parts
    doubts.generation = raw.generation
    store.releaseMessages()
    if (!tables.read(raw)) return
    // Go's reader does not miss a generation without events.
    if (raw.stop !== undefined && (raw.stop.kind !== 'unfinished' || tables.threads.length > 0)) this.noteStop(raw.stop)
    if (doubts.fault !== undefined || !this.settleClock(tables, raw)) return
    this.generations += 1
    const isRestart = this.needsRestart
    if (isRestart) instance.exports.restart()
    this.needsRestart = false
    const stalls = BASE_STALLS + raw.sizeBytes * STALLS_PER_BYTE
    instance.exports.beginGeneration(raw.generation, tables.nsPerTick, this.originNs ?? 0, stalls, raw.sizeBytes)
    instance.chunk.generations.fill(raw.generation)
    const hasCursors = this.openCursors(parts, raw)
    if (this.isProbe || doubts.fault !== undefined) return
    this.announce(parts, raw, isRestart)
    if (!hasCursors || !this.mergeThreads(parts, raw)) {
      this.needsRestart = true
      if (doubts.fault === undefined) this.noteLost(parts, raw)
    }
    this.deliver(parts)
    notes.tellMissing(raw)
    this.noteAssumed(raw)
    this.deliverSamples(parts)
  }

  /** False when the generation's times cannot be told. */
  private settleClock(tables: GenerationTables, raw: RawGeneration): boolean {
    const { doubts } = this
    const isKnown = tables.nsPerTick > 0
    if (!isKnown) {
      tables.nsPerTick = this.clock.nsPerTick
      const left = tables.nsPerTick > 0 ? "the one before's is used" : 'it is left out'
      if (!doubts.note(`a generation does not say how long a tick is; ${left}`, raw.offset)) return false
      if (tables.nsPerTick === 0) this.needsRestart = true
      if (tables.nsPerTick === 0) return false
    }
    this.clock.nsPerTick = tables.nsPerTick
    if (tables.snapshot !== undefined || this.format < FORMAT_WITH_SNAPSHOT) return true
    return doubts.note('a generation holds no clock snapshot', raw.offset)
  }

  /** A cursor per thread that has events, at its first. False when one is damaged there. */
  private openCursors({ instance, tables, notes }: TraceParts, raw: RawGeneration): boolean {
    const { exports } = instance
    const { threads } = tables
    const batchCount = threads.reduce((sum, { batches }) => sum + batches.length, 0)
    const bytes = batchCount * BATCH_BYTES + threads.length * (CURSOR_BYTES + 4)
    const table = exports.scratchOf(Math.max(bytes, BATCH_BYTES)) >>> 0
    if (table === 0 || exports.reserveThreads(threads.length) === 0) return this.doubts.refuse()
    const view = new DataView(instance.memory.buffer)
    let cursor = table + batchCount * BATCH_BYTES
    const pointers = cursor + threads.length * CURSOR_BYTES
    let [batchAt, pointer, isWhole] = [table, pointers, true]
    for (const { thread, batches } of threads) {
      const first = batchAt
      for (const batch of batches) {
        view.setUint32(batchAt, raw.address + (raw.starts[batch] as number), true)
        view.setUint32(batchAt + 4, raw.address + (raw.ends[batch] as number), true)
        view.setFloat64(batchAt + 8, raw.ticks[batch] as number, true)
        batchAt += BATCH_BYTES
      }
      const outcome = exports.openCursor(cursor, thread, first, batchAt)
      if (outcome === RAN) {
        view.setUint32(pointer, cursor, true)
        pointer += 4
      } else if (outcome === FAILED) {
        notes.tellFailure(raw)
        isWhole = false
      }
      cursor += CURSOR_BYTES
    }
    const takesOrigin = this.originNs === undefined && pointer > pointers
    if (exports.openFrontier(pointers, pointer, takesOrigin ? 1 : 0) === 0) return this.doubts.refuse()
    if (takesOrigin) this.originNs = exports.originNs.value
    return isWhole || !this.doubts.isStrict
  }

  private announce({ instance, tables, store }: TraceParts, raw: RawGeneration, isRestart: boolean): void {
    const { snapshot, nsPerTick, experiments } = tables
    const { onGeneration, onExperiment } = this.consumer
    const origin = this.originNs ?? 0
    const read =
      snapshot === undefined
        ? undefined
        : {
            traceNs: Math.trunc(snapshot.ticks * nsPerTick) - origin,
            unixNs: snapshot.unixNs,
            monotonicNs: snapshot.monotonicNs,
          }
    if (read !== undefined) this.clock.add(read, origin)
    const first = instance.exports.firstTime()
    const generation: TraceGeneration = {
      generation: raw.generation,
      offset: raw.offset,
      isRestart,
      startNs: Number.isFinite(first) ? first : this.lastNs,
      ...(read === undefined ? {} : { snapshot: read }),
    }
    store.update()
    onGeneration?.(generation, store)
    if (experiments.length > 0) onExperiment?.(experiments)
  }

  /** Events of all threads in order. False when they could not all be ordered. */
  private mergeThreads(parts: TraceParts, raw: RawGeneration): boolean {
    const { doubts } = this
    const { instance, notes } = parts
    for (;;) {
      const outcome = instance.exports.mergeChunk()
      notes.tellDoubts(raw)
      if (doubts.fault !== undefined) return false
      if (outcome === MERGED) return true
      if (outcome === CHUNK_FULL) {
        this.deliver(parts)
        if (doubts.fault !== undefined) return false
      } else if (outcome === MERGE_FAILED) {
        notes.tellFailure(raw)
        return false
      } else if (outcome === STUCK) {
        if (!this.assumeTurn(parts, raw)) return false
      } else if (outcome === TOO_MANY_STALLS) {
        return doubts.note('its threads wait for each other too often to be ordered', raw.offset) && false
      } else {
        return doubts.refuse()
      }
    }
  }

  /** Every thread waits: in a cut generation for events that are missing. */
  private assumeTurn({ instance }: TraceParts, raw: RawGeneration): boolean {
    const { doubts } = this
    const message = 'every thread waits for an event that is not there'
    const progress = this.events + instance.exports.rowCount.value
    if (raw.stop === undefined || doubts.isStrict || progress === this.assumedAfter) {
      doubts.note(message, raw.offset)
      return false
    }
    this.assumedAfter = progress
    // The buffers of a thread that wrote little are among the last in the file: its events are missing from early on.
    instance.exports.assumeTurn()
    this.assumed += 1
    return true
  }

  private noteAssumed(raw: RawGeneration): void {
    if (this.assumed === 0) return
    const message = 'events stand where others that they follow are cut off: states between them are not known'
    this.doubts.note(message, raw.offset, 'SL_DECODE_TRUNCATED', this.assumed)
    this.assumed = 0
  }

  private noteLost({ instance }: TraceParts, raw: RawGeneration): void {
    const left = instance.exports.bytesLeft()
    const share = Math.round((left / Math.max(1, raw.sizeBytes)) * 100)
    this.doubts.note(`events of about ${left} bytes (${share} % of the generation) are left out`, raw.offset)
  }

  private deliver({ instance, store }: TraceParts): void {
    const { exports, chunk } = instance
    const rowCount = exports.rowCount.value
    if (rowCount === 0) return
    this.events += rowCount
    this.lastNs = Math.max(this.lastNs, exports.latestNs.value)
    if (this.doubts.fault === undefined) {
      store.update()
      chunk.rowCount = rowCount
      this.consumer.onChunk?.(chunk, store)
      chunk.rowCount = 0
      instance.advanceChunk(this.doubts.generation)
    }
    exports.takeRows()
  }

  private deliverSamples({ tables, store }: TraceParts): void {
    const { samples, nsPerTick } = tables
    if (samples.length === 0 || this.doubts.fault !== undefined) return
    const origin = this.originNs ?? 0
    const rows: TraceCpuSample[] = samples.map((sample) => ({
      timeNs: Math.trunc(sample.ticks * nsPerTick) - origin,
      ...(sample.thread >= NO_THREAD_FROM ? {} : { thread: sample.thread }),
      ...(sample.processor >= NO_THREAD_FROM ? {} : { processor: sample.processor }),
      ...(sample.goroutine === 0 ? {} : { goroutine: sample.goroutine }),
      stack: Math.max(0, sample.stack),
    }))
    rows.sort((left, right) => left.timeNs - right.timeNs)
    this.cpuSamples += rows.length
    this.consumer.onCpuSamples?.(rows, store)
  }
}

export function stopCode({ kind }: SplitStop): DoubtCode {
  if (kind === 'truncated' || kind === 'unfinished') return 'SL_DECODE_TRUNCATED'
  return kind === 'malformed' ? 'SL_DECODE_MALFORMED' : 'SL_DECODE_TOO_LARGE'
}
