/**
 * Where the generations of an execution trace (format v2) lie, from the heads of its batches only: for readers that
 * take several at a time. Enters: a source that is read at any place. Leaves: one row per generation, and the time 0 of
 * the trace. Reads a few hundred bytes per 64 KiB, and the first generation whole. What follows the last whole
 * generation (a cut or damaged rest) belongs to the last row, so that the reader of that row tells of it.
 */
import type { Fault } from '../../base/errors.ts'
import { ok, type Result } from '../../base/result.ts'
import { TraceEngine } from './engine.ts'
import { MAX_BATCH_BYTES, structural } from './events.ts'
import { HEADER_BYTES, readTraceFormat } from './framing.ts'
import { FORMAT_WITH_END } from './splitter.ts'

/** A trace at rest. `read` gives `length` bytes from `offset` on, fewer only where the input ends; not kept. */
export type TraceStore = {
  readonly sizeBytes: number
  readonly read: (offset: number, length: number) => Uint8Array
}

export type TraceRange = {
  readonly generation: number
  /** In the input. */
  readonly offset: number
  readonly sizeBytes: number
  readonly batches: number
  /** Nanoseconds per tick as the generation before says it, or the one before that; absent when none does. */
  readonly nsPerTick?: number
}

export type TraceIndex = {
  readonly format: number
  /** Together all of the input after the header. */
  readonly ranges: readonly TraceRange[]
  /** Time 0 of the trace on its own clock; absent when no generation has events. */
  readonly originNs?: number
}

/** Bytes read at a time: heads of a batch or of many small ones. */
const BLOCK_BYTES = 1024
/** Two bytes and four varints, then the first record of a sync batch. */
const HEAD_BYTES = 64
/** A generation that is looked at for the trace's time 0 is held whole. */
const MAX_FIRST_BYTES = 2 ** 30

/** Fails where the header is none of format v2: older traces are one generation, read whole. */
export function indexGenerations(store: TraceStore): Result<TraceIndex, Fault> {
  const format = readTraceFormat(store.read(0, HEADER_BYTES))
  if (!format.ok) return format
  const ranges = new BatchWalk(store, format.value).walk()
  const originNs = findOrigin(store, format.value, ranges)
  return ok({ format: format.value, ranges, ...(originNs === undefined ? {} : { originNs }) })
}

/** As the reader finds it: in the first generation that can be read and has events. */
function findOrigin(store: TraceStore, format: number, ranges: readonly TraceRange[]): number | undefined {
  for (const { offset, sizeBytes, nsPerTick } of ranges) {
    if (sizeBytes > MAX_FIRST_BYTES) return undefined
    const range = { format, firstOffset: offset, ...(nsPerTick === undefined ? {} : { nsPerTick }) }
    const engine = new TraceEngine(range, {})
    engine.isProbe = true
    engine.readWhole(store.read(offset, sizeBytes))
    if (engine.originNs !== undefined) return engine.originNs
  }
  return undefined
}

/** The rules of GenerationSplitter, for batches whose payload is not looked at. */
class BatchWalk {
  private readonly store: TraceStore
  private readonly format: number
  private readonly ranges: TraceRange[] = []
  private block: Uint8Array = new Uint8Array(0)
  private blockAt = 0
  private from = HEADER_BYTES
  private generation = 0
  private batches = 0
  /** Said before the generation, and up to now. */
  private nsPerTickBefore = 0
  private nsPerTick = 0
  private field = 0

  constructor(store: TraceStore, format: number) {
    this.store = store
    this.format = format
  }

  walk(): TraceRange[] {
    const { sizeBytes } = this.store
    let at = HEADER_BYTES
    while (at < sizeBytes) {
      const next = this.step(at)
      if (next === undefined) break
      at = next
    }
    if (this.batches > 0) this.close(sizeBytes)
    const last = this.ranges.at(-1)
    if (last !== undefined) this.ranges[this.ranges.length - 1] = { ...last, sizeBytes: sizeBytes - last.offset }
    return this.ranges
  }

  /** Position after the batch at `at`; undefined where reading ends. */
  private step(at: number): number | undefined {
    const head = this.load(at)
    const type = this.block[head]
    if (type === structural.endOfGeneration && this.format >= FORMAT_WITH_END) {
      if (this.batches === 0) return undefined
      this.close(at + 1)
      return at + 1
    }
    const isExperimental = type === structural.experimentalBatch
    if (type !== structural.eventBatch && !isExperimental) return undefined
    let place = this.readVarint(head + (isExperimental ? 2 : 1))
    const generation = this.field
    if (place > 0) place = this.readVarint(place)
    if (place > 0) place = this.readVarint(place)
    if (place > 0) place = this.readVarint(place)
    const size = this.field
    const next = at + (place - head) + size
    if (place <= 0 || size > MAX_BATCH_BYTES || generation === 0 || next > this.store.sizeBytes) return undefined
    if (this.batches > 0 && generation !== this.generation) {
      if (this.format >= FORMAT_WITH_END || generation !== this.generation + 1) return undefined
      this.close(at)
    }
    this.generation = generation
    this.batches += 1
    if (size > 0 && !isExperimental) this.readFrequency(place)
    return next
  }

  private close(to: number): void {
    this.ranges.push({
      generation: this.generation,
      offset: this.from,
      sizeBytes: to - this.from,
      batches: this.batches,
      ...(this.nsPerTickBefore > 0 ? { nsPerTick: this.nsPerTickBefore } : {}),
    })
    this.from = to
    this.batches = 0
    this.nsPerTickBefore = this.nsPerTick
  }

  private readFrequency(at: number): void {
    const place = this.block[at] === structural.sync ? at + 1 : at
    if (this.block[place] !== structural.frequency) return
    if (this.readVarint(place + 1) > 0 && this.field > 0) this.nsPerTick = 1 / (this.field / 1e9)
  }

  /** Place in the block of the byte at this offset; the head that begins there is in the block too. */
  private load(at: number): number {
    const place = at - this.blockAt
    if (place + HEAD_BYTES <= this.block.length) return place
    this.block = this.store.read(at, BLOCK_BYTES)
    this.blockAt = at
    return 0
  }

  /** Position after the varint, its value in `field`; not above 0 when it is none. */
  private readVarint(from: number): number {
    let value = 0
    let scale = 1
    for (let at = from; at < from + 10; at++) {
      const byte = this.block[at]
      if (byte === undefined) return 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.field = value
        return at + 1
      }
      scale *= 128
    }
    return -1
  }
}
