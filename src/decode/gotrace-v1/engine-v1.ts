/**
 * Runs a trace of format v1 (Go 1.11 to 1.21) through its stages: bytes, survey, order, rows, consumer. The same face as
 * the engine of v2, and what it tells is one generation of v2.
 * The format has its tables at its end, so all of its bytes are held (bounded); its events are not: they are read three
 * times, and two bytes each are kept between.
 * A trace that was cut has lost how long a tick is, and all stacks. Its events are told all the same, in order, with
 * times of 0 rather than wrong ones, unless the caller knows the ticks per second.
 */
import { fault } from '../../base/errors.ts'
import type { TraceConsumer, TraceCpuSample, TraceMeta } from '../../model/trace.ts'
import { TraceDoubts } from '../gotrace/doubts.ts'
import { DEFAULT_MAX_STRING_BYTES } from '../gotrace/text.ts'
import { V1Converter } from './convert.ts'
import { V1Order } from './event-order.ts'
import { v1Formats } from './kinds.ts'
import { ChunkRows } from './rows.ts'
import { V1Survey } from './survey.ts'
import { TableStore } from './table-store.ts'

/** All of the trace is held at once. */
const DEFAULT_MAX_V1_BYTES = 512 * 1024 * 1024

export type V1Limits = {
  /** Bytes of the trace that are held; default 512 MiB. */
  readonly maxV1Bytes?: number
  /** Bytes of distinct strings that are kept; default 256 MiB. */
  readonly maxStringBytes?: number
  /** Length of a tick for a trace that does not say. */
  readonly v1TicksPerSecond?: number
}

export function isV1Format(format: number): boolean {
  return (v1Formats as readonly number[]).includes(format)
}

/** A v1 trace is one generation. */
const GENERATION = 1

export class TraceV1Engine {
  readonly doubts: TraceDoubts
  private readonly format: number
  private readonly headerBytes: number
  private readonly consumer: TraceConsumer
  private readonly limits: V1Limits
  private pieces: Uint8Array[] = []
  private pieceBytes = 0
  private events = 0
  private samples = 0
  private lastNs = 0

  constructor(format: number, headerBytes: number, consumer: TraceConsumer, isStrict: boolean, limits: V1Limits) {
    this.format = format
    this.headerBytes = headerBytes
    this.consumer = consumer
    this.limits = limits
    this.doubts = new TraceDoubts(isStrict)
  }

  /** False when reading has ended and more input is of no use. */
  get wantsMore(): boolean {
    return this.doubts.fault === undefined
  }

  push(piece: Uint8Array): void {
    if (!this.admit(piece.length)) return
    this.pieces.push(piece.slice())
  }

  finish(): void {
    if (this.doubts.fault !== undefined) return
    const bytes = new Uint8Array(this.pieceBytes)
    let at = 0
    for (const piece of this.pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    this.pieces = []
    this.read(bytes)
  }

  /** All of the input after the header at once; not copied. */
  readWhole(bytes: Uint8Array): void {
    if (this.admit(bytes.length)) this.read(bytes)
  }

  meta(): TraceMeta {
    return {
      headerVersion: `go1.${this.format}`,
      format: `v1/${this.format}`,
      sizeBytes: this.headerBytes + this.pieceBytes,
      generations: this.events > 0 ? 1 : 0,
      events: this.events,
      cpuSamples: this.samples,
      durationNs: this.lastNs,
      clock: { kind: 'none' },
      complete: !this.doubts.isIncomplete,
    }
  }

  private admit(count: number): boolean {
    if (this.doubts.fault !== undefined) return false
    this.pieceBytes += count
    const most = this.limits.maxV1Bytes ?? DEFAULT_MAX_V1_BYTES
    if (this.pieceBytes <= most) return true
    this.pieces = []
    const message = `the execution trace: a trace of Go 1.21 or older is held whole, and it is larger than ${most} bytes (maxV1Bytes)`
    this.doubts.fault = fault('SL_DECODE_TOO_LARGE', { message })
    return false
  }

  private read(bytes: Uint8Array): void {
    const { doubts, consumer } = this
    doubts.baseOffset = this.headerBytes
    const store = new TableStore(this.limits.maxStringBytes ?? DEFAULT_MAX_STRING_BYTES)
    const survey = new V1Survey(bytes, this.format, store, doubts)
    if (!survey.read(0)) return
    const order = new V1Order(survey, doubts)
    if (!order.find()) return
    const clock = this.settleClock(survey, order)
    if (clock === undefined) return
    if (order.length > 0) {
      const generation = { generation: GENERATION, offset: this.headerBytes, isRestart: true, startNs: 0 }
      consumer.onGeneration?.(generation, store)
    }
    const rows = new ChunkRows(GENERATION, (chunk) => consumer.onChunk?.(chunk, store))
    const converter = new V1Converter(survey, order, store, doubts, rows, clock)
    converter.convert()
    rows.flush()
    this.events = rows.written
    this.lastNs = converter.lastNs
    if (doubts.fault !== undefined) return
    this.noteMissing(converter.missingNames, store.omittedStrings)
    this.deliverSamples(survey, converter, store)
  }

  private settleClock(survey: V1Survey, order: V1Order): { originTicks: number; nsPerTick: number } | undefined {
    const first = Math.min(order.firstTicks, survey.samples[0]?.ticks ?? Number.POSITIVE_INFINITY)
    const originTicks = Number.isFinite(first) ? first : 0
    if (survey.ticksPerSecond > 0) return { originTicks, nsPerTick: 1e9 / survey.ticksPerSecond }
    const known = this.limits.v1TicksPerSecond ?? 0
    const left = known > 0 ? "the caller's is used" : 'all times are 0, the order is right'
    if (!this.doubts.note(`it does not say how long a tick is; ${left}`, undefined, 'SL_DECODE_TRUNCATED'))
      return undefined
    return { originTicks, nsPerTick: known > 0 ? 1e9 / known : 0 }
  }

  private noteMissing(missingNames: number, omittedStrings: number): void {
    if (this.doubts.isStrict) return
    if (missingNames > 0) {
      const message = 'events name strings or stacks that the trace does not hold; they are left empty'
      this.doubts.note(message, undefined, 'SL_DECODE_TRUNCATED', missingNames)
    }
    if (omittedStrings > 0) {
      const message = 'distinct strings beyond the limit are left empty (maxStringBytes)'
      this.doubts.note(message, undefined, 'SL_DECODE_TOO_LARGE', omittedStrings)
    }
  }

  private deliverSamples(survey: V1Survey, converter: V1Converter, store: TableStore): void {
    const rows: TraceCpuSample[] = survey.samples.map((sample) => ({
      timeNs: converter.toNs(sample.ticks),
      ...(sample.processor < 0 ? {} : { processor: sample.processor }),
      ...(sample.goroutine === 0 ? {} : { goroutine: sample.goroutine }),
      stack: sample.stack,
    }))
    this.samples = rows.length
    if (rows.length > 0) this.consumer.onCpuSamples?.(rows, store)
  }
}
