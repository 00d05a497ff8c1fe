/**
 * Runs a trace of format v2 through its stages: bytes, generations, tables, ordered chunks, consumer.
 * Enters: pieces of input after the header, in order. Leaves: calls to the consumer, and at the end the TraceMeta.
 * A generation is worked off as soon as it is whole, so memory is a few generations plus the interned tables.
 * Damage: what is wrong inside a generation ends that generation, and the next begins as a trace does; what is wrong
 * between batches ends reading. In strict mode every doubt ends reading.
 */
import type {
  TraceChunk,
  TraceClock,
  TraceConsumer,
  TraceCpuSample,
  TraceGeneration,
  TraceMeta,
} from '../../model/trace.ts'
import { TRACE_CHUNK_ROWS } from '../../model/trace.ts'
import { openClock, type TraceClockReader } from './clock.ts'
import { TraceDoubts } from './doubts.ts'
import { EXHAUSTED, FAILED, RAN, STALLED } from './event-notes.ts'
import { insertCursor, removeCursor, rootLimit, sortCursors, ThreadCursor, updateCursor } from './frontier.ts'
import { GenerationTables, NO_THREAD_FROM } from './generation.ts'
import { EventOrder } from './order.ts'
import { GenerationSplitter, type RawGeneration, type SplitStop } from './splitter.ts'
import { DEFAULT_MAX_STRING_BYTES, TableStore } from './tables.ts'

export type TraceLimits = {
  /** Bytes of one generation that are held; default 1 GiB. */
  readonly maxGenerationBytes?: number
  /** Bytes of distinct strings that are kept; default 256 MiB. */
  readonly maxStringBytes?: number
}

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

const DEFAULT_MAX_GENERATION_BYTES = 2 ** 30
/** First header whose generations hold a clock snapshot. */
const FORMAT_WITH_SNAPSHOT = 25
/** Threads looked at because the first in time had to wait, per generation: this many, and this many per byte. */
const BASE_STALLS = 1 << 22
const STALLS_PER_BYTE = 16

export class TraceEngine {
  readonly doubts: TraceDoubts
  private readonly format: number
  private readonly consumer: TraceConsumer
  private readonly splitter: GenerationSplitter
  private readonly store: TableStore
  private readonly tables: GenerationTables
  private readonly order: EventOrder
  private readonly clock: TraceClockReader = openClock()
  private sizeBytes: number
  private frontier: ThreadCursor[] = []
  /** Time 0 of the trace on its own clock, once known. */
  originNs: number | undefined
  /** Only finds the origin. */
  isProbe = false
  private needsRestart = true
  private generations = 0
  private events = 0
  private cpuSamples = 0
  private lastNs = 0
  private stalls = 0
  /** Events of a cut generation whose turn was assumed. */
  private assumed = 0
  /** Rows when the last one was; a second assumption without a row between would be for ever. */
  private assumedAfter = -1

  constructor(start: TraceRangeStart, consumer: TraceConsumer, isStrict: boolean, limits: TraceLimits) {
    const { format, firstOffset } = start
    this.format = format
    this.sizeBytes = firstOffset
    this.originNs = start.originNs
    this.clock.nsPerTick = start.nsPerTick ?? 0
    this.consumer = consumer
    this.doubts = new TraceDoubts(isStrict)
    const maxGenerationBytes = limits.maxGenerationBytes ?? DEFAULT_MAX_GENERATION_BYTES
    this.splitter = new GenerationSplitter(format, firstOffset, maxGenerationBytes)
    this.store = new TableStore(limits.maxStringBytes ?? DEFAULT_MAX_STRING_BYTES)
    this.tables = new GenerationTables(format, this.store, this.doubts)
    this.order = new EventOrder(this.doubts, this.tables)
  }

  /** False when reading has ended and more input is of no use. */
  get wantsMore(): boolean {
    return !this.splitter.isDone && this.doubts.fault === undefined
  }

  /** All of the input after the header at once. */
  readWhole(bytes: Uint8Array): void {
    this.sizeBytes += bytes.length
    this.splitter.pushWhole(bytes)
    this.drain()
  }

  push(piece: Uint8Array): void {
    this.sizeBytes += piece.length
    this.splitter.push(piece)
    this.drain()
  }

  finish(): void {
    this.splitter.finish()
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
    while (this.doubts.fault === undefined) {
      const raw = this.splitter.next()
      if (raw === undefined) break
      this.readGeneration(raw)
    }
    if (this.splitter.stop !== undefined) this.noteStop(this.splitter.stop)
    this.splitter.stop = undefined
    this.noteOmitted()
  }

  private noteOmitted(): void {
    const omitted = this.store.omittedStrings
    if (omitted === 0) return
    this.store.omittedStrings = 0
    const message = 'distinct strings beyond the limit are left empty (maxStringBytes)'
    this.doubts.note(message, undefined, 'SL_DECODE_TOO_LARGE', omitted)
  }

  private noteStop(stop: SplitStop): void {
    const isCut = stop.kind === 'truncated' || stop.kind === 'unfinished'
    const code = isCut
      ? 'SL_DECODE_TRUNCATED'
      : stop.kind === 'malformed'
        ? 'SL_DECODE_MALFORMED'
        : 'SL_DECODE_TOO_LARGE'
    this.doubts.note(`nothing is read past a point: ${stop.why}`, stop.offset, code)
  }

  private readGeneration(raw: RawGeneration): void {
    const { doubts, tables } = this
    doubts.generation = raw.generation
    if (!tables.read(raw)) return
    // Go's reader does not miss a generation without events.
    if (raw.stop !== undefined && (raw.stop.kind !== 'unfinished' || tables.threads.length > 0)) this.noteStop(raw.stop)
    if (doubts.fault !== undefined || !this.settleClock(raw)) return
    this.generations += 1
    const isRestart = this.needsRestart
    if (isRestart) this.order.restart()
    this.needsRestart = false
    this.order.beginGeneration(raw, tables.nsPerTick, this.originNs ?? 0)
    const hasCursors = this.openCursors()
    if (this.isProbe) return
    this.announce(raw, isRestart)
    if (!hasCursors || !this.mergeThreads(raw)) {
      this.needsRestart = true
      if (doubts.fault === undefined) this.noteLost(raw)
    }
    this.deliver()
    this.order.endGeneration()
    this.noteAssumed(raw)
    this.deliverSamples()
  }

  /** False when the generation's times cannot be told. */
  private settleClock(raw: RawGeneration): boolean {
    const { doubts, tables } = this
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
  private openCursors(): boolean {
    const { order, tables } = this
    const cursors: ThreadCursor[] = []
    let isWhole = true
    for (const { thread, batches } of tables.threads) {
      const slot = Number.isNaN(thread) ? -1 : order.state.threadSlot(thread)
      const cursor = new ThreadCursor(thread, slot, batches)
      const outcome = order.peek(cursor)
      if (outcome === RAN) cursors.push(cursor)
      else if (outcome === FAILED) isWhole = false
    }
    if (this.originNs === undefined && cursors.length > 0) {
      this.originNs = cursors.reduce((least, { timeNs }) => Math.min(least, timeNs), Number.POSITIVE_INFINITY)
      for (const cursor of cursors) cursor.timeNs -= this.originNs
      order.setOrigin(this.originNs)
    }
    this.frontier = []
    for (const cursor of cursors) insertCursor(this.frontier, cursor)
    return isWhole || !this.doubts.isStrict
  }

  private announce(raw: RawGeneration, isRestart: boolean): void {
    const { snapshot, nsPerTick, experiments } = this.tables
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
    const generation: TraceGeneration = {
      generation: raw.generation,
      offset: raw.offset,
      isRestart,
      startNs: this.frontier[0]?.timeNs ?? this.lastNs,
      ...(read === undefined ? {} : { snapshot: read }),
    }
    onGeneration?.(generation, this.store)
    if (experiments.length > 0) onExperiment?.(experiments)
  }

  /** Events of all threads in order. False when they could not all be ordered. */
  private mergeThreads(raw: RawGeneration): boolean {
    const { frontier, order, doubts } = this
    this.stalls = BASE_STALLS + raw.bytes.length * STALLS_PER_BYTE
    while (frontier.length > 0) {
      const root = frontier[0] as ThreadCursor
      const outcome = order.runThread(root, rootLimit(frontier))
      if (outcome === RAN) updateCursor(frontier, 0)
      else if (outcome === EXHAUSTED) removeCursor(frontier, 0)
      else if (outcome === FAILED || !this.advanceAnother(raw)) return false
      if (doubts.fault !== undefined) return false
      if (order.chunk.rowCount === TRACE_CHUNK_ROWS) this.deliver()
    }
    return true
  }

  /** The root waits for another thread: one event of the first in time that can go on. */
  private advanceAnother(raw: RawGeneration): boolean {
    const { frontier, order, doubts } = this
    if (order.chunk.rowCount === TRACE_CHUNK_ROWS) this.deliver()
    this.stalls -= frontier.length
    if (this.stalls < 0) {
      doubts.note('its threads wait for each other too often to be ordered', raw.offset)
      return false
    }
    sortCursors(frontier)
    for (let place = 1; place < frontier.length; place++) {
      const outcome = order.runThread(frontier[place] as ThreadCursor, Number.NEGATIVE_INFINITY)
      if (outcome === STALLED) continue
      if (outcome === FAILED) return false
      this.lastNs = Math.max(this.lastNs, order.chunk.timesNs[order.chunk.rowCount - 1] as number)
      if (outcome === RAN) updateCursor(frontier, place)
      else removeCursor(frontier, place)
      return true
    }
    const message = 'every thread waits for an event that is not there'
    const progress = this.events + order.chunk.rowCount
    if (raw.stop === undefined || doubts.isStrict || progress === this.assumedAfter) {
      doubts.note(message, raw.offset)
      return false
    }
    this.assumedAfter = progress
    // The buffers of a thread that wrote little are among the last in the file: its events are missing from early on.
    order.assumeTurn(frontier[0] as ThreadCursor)
    this.assumed += 1
    return true
  }

  private noteAssumed(raw: RawGeneration): void {
    if (this.assumed === 0) return
    const message = 'events stand where others that they follow are cut off: states between them are not known'
    this.doubts.note(message, raw.offset, 'SL_DECODE_TRUNCATED', this.assumed)
    this.assumed = 0
  }

  private noteLost(raw: RawGeneration): void {
    let left = 0
    for (const cursor of this.frontier) {
      left += cursor.end - cursor.at
      for (let next = cursor.nextBatch; next < cursor.batches.length; next++) {
        const batch = cursor.batches[next] as number
        left += (raw.ends[batch] as number) - (raw.starts[batch] as number)
      }
    }
    this.frontier = []
    const share = Math.round((left / Math.max(1, raw.bytes.length)) * 100)
    this.doubts.note(`events of about ${left} bytes (${share} % of the generation) are left out`, raw.offset)
  }

  private deliver(): void {
    const chunk: TraceChunk = this.order.chunk
    if (chunk.rowCount === 0) return
    this.events += chunk.rowCount
    // Times step back where sequence numbers overrule the clock: the last row need not be the latest.
    const { timesNs, rowCount } = chunk
    let lastNs = this.lastNs
    for (let row = 0; row < rowCount; row++) if ((timesNs[row] as number) > lastNs) lastNs = timesNs[row] as number
    this.lastNs = lastNs
    if (this.doubts.fault === undefined) this.consumer.onChunk?.(chunk, this.store)
    chunk.rowCount = 0
  }

  private deliverSamples(): void {
    const { samples, nsPerTick } = this.tables
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
    this.consumer.onCpuSamples?.(rows, this.store)
  }
}
