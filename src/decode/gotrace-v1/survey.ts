/**
 * The first pass over a trace of format v1: where its batches are and what its tables say.
 * Enters: all bytes of the file. Leaves: batches by processor, string and stack ids interned, the tick's length, timer
 * goroutines, CPU samples, and where and why reading ended if not at the end. Every event up to there is whole and has
 * the number of arguments that its kind wants, so later passes read without looking out.
 * Follows internal/trace/internal/tracev1/parser.go of Go 1.27.3. v1 has no lengths on batches: what stands after
 * damage cannot be found again.
 */
import type { TraceDoubts } from '../gotrace/doubts.ts'
import { ByteReader, NO_NUMBER } from './byte-reader.ts'
import { IdMap, MISSING } from './id-map.ts'
import { sinceFormat, structuralFlags, v1, varintCounts } from './kinds.ts'
import type { TableStore } from './table-store.ts'

/** Go's reader refuses longer ones (parser.go); real strings are cut at 64 KiB by the runtime. */
const MAX_STRING_BYTES = 1_000_000
const MAX_ARGUMENT_BYTES = 2048
const MAX_STACK_FRAMES = 1000
/** Processors that have batches; the runtime's own limit on GOMAXPROCS is 1,024. Fits 15 bits. */
const MAX_PROCESSORS = 32_767
/** Form 3 of an event: its arguments stand behind their length. */
const LENGTH_PREFIXED = 3

export type V1Stop = { readonly offset: number; readonly why: string; readonly kind: 'truncated' | 'malformed' }

/** The batches of one processor, in file order: columns of equal length. */
export type V1Processor = {
  /** -1 = what runs on no processor. */
  readonly id: number
  readonly starts: number[]
  readonly ends: number[]
  readonly baseTicks: number[]
}

export type V1Sample = { readonly ticks: number; readonly processor: number; readonly goroutine: number; stack: number }

export class V1Survey {
  readonly bytes: Uint8Array
  readonly format: number
  readonly processors: V1Processor[] = []
  readonly stringIds: IdMap = new IdMap()
  readonly stackIds: IdMap = new IdMap()
  readonly timerGoroutines: Set<number> = new Set()
  readonly samples: V1Sample[] = []
  /** Events of all processors. */
  eventCount = 0
  /** 0 when the trace does not say. */
  ticksPerSecond = 0
  stop: V1Stop | undefined
  private readonly store: TableStore
  private readonly doubts: TraceDoubts
  private readonly byId: Map<number, V1Processor> = new Map()
  private readonly stackOffsets: number[] = []
  private readonly reader: ByteReader
  private current: V1Processor | undefined
  private readonly frames: Int32Array = new Int32Array(MAX_STACK_FRAMES)

  constructor(bytes: Uint8Array, format: number, store: TableStore, doubts: TraceDoubts) {
    this.bytes = bytes
    this.format = format
    this.store = store
    this.doubts = doubts
    this.reader = new ByteReader(bytes)
  }

  /** False when a doubt in strict mode ended reading. */
  read(from: number): boolean {
    const { bytes, reader } = this
    let at = from
    while (at < bytes.length) {
      const next = this.readEvent(at)
      if (next === NO_NUMBER) break
      at = next
    }
    this.closeBatch(Math.min(at, bytes.length))
    if (this.stop !== undefined) {
      const { why, offset, kind } = this.stop
      const code = kind === 'truncated' ? 'SL_DECODE_TRUNCATED' : 'SL_DECODE_MALFORMED'
      if (!this.doubts.note(`nothing is read past a point: ${why}`, offset, code)) return false
    }
    for (const offset of this.stackOffsets) {
      reader.at = offset
      if (!this.readStack()) return false
    }
    for (const sample of this.samples) {
      const stack = this.stackIds.get(sample.stack)
      sample.stack = stack === MISSING ? 0 : stack
    }
    this.samples.sort((left, right) => left.ticks - right.ticks)
    return this.doubts.fault === undefined
  }

  /** Where the next event begins, or NO_NUMBER when reading ends here. */
  private readEvent(start: number): number {
    const { bytes, reader } = this
    const head = bytes[start] as number
    const kind = head & 63
    const form = head >> 6
    const since = sinceFormat[kind] as number
    if (since === 0 || since > this.format) return this.halt(start, `there is no event ${kind}`)
    if (kind === v1.batch) return this.readBatch(start, form)
    if (this.current === undefined) return this.halt(start, 'an event stands before the first batch')
    if (kind === v1.string) return this.readString(start)
    if (form === LENGTH_PREFIXED) return this.readPrefixed(start, kind)
    if (varintCounts[kind] !== form + 1) return this.halt(start, `event ${kind} has ${form + 1} arguments`)
    let at = start + 1
    for (let left = form; left >= 0; left--) at = reader.skipVarint(at)
    if (!(at <= bytes.length)) return this.haltIn(start, at)
    if (structuralFlags[kind] === 0) this.eventCount += 1
    else this.readStructural(start, kind)
    return at
  }

  /** Short events without a time: the tick's length and timer goroutines. */
  private readStructural(head: number, kind: number): void {
    this.reader.at = head + 1
    const value = this.reader.readVarint()
    if (kind === v1.timerGoroutine) this.timerGoroutines.add(value)
    else if (value > 0 && value < 2 ** 63) this.ticksPerSecond = value
    else this.doubts.quibble('it claims a clock without ticks', head)
  }

  private readBatch(start: number, form: number): number {
    const { reader, bytes } = this
    if (form !== 1) return this.halt(start, 'a batch has a wrong number of arguments')
    const ticksAt = reader.skipVarint(start + 1)
    const end = ticksAt === NO_NUMBER ? NO_NUMBER : reader.skipVarint(ticksAt)
    if (!(end <= bytes.length)) return this.haltIn(start, end)
    reader.at = start + 1
    const id = reader.readSigned()
    if (id < -1 || id >= 2 ** 31) return this.halt(start, 'a batch is of an impossible processor')
    const baseTicks = reader.readVarint()
    this.closeBatch(start)
    let processor = this.byId.get(id)
    if (processor === undefined) {
      if (this.byId.size >= MAX_PROCESSORS) return this.halt(start, 'it has more processors than Go allows')
      processor = { id, starts: [], ends: [], baseTicks: [] }
      this.byId.set(id, processor)
      this.processors.push(processor)
    }
    processor.starts.push(end)
    processor.baseTicks.push(baseTicks)
    this.current = processor
    return end
  }

  private closeBatch(at: number): void {
    this.current?.ends.push(at)
  }

  private readString(start: number): number {
    const { reader, bytes } = this
    const lengthAt = reader.skipVarint(start + 1)
    const from = lengthAt === NO_NUMBER ? NO_NUMBER : reader.skipVarint(lengthAt)
    if (!(from <= bytes.length)) return this.haltIn(start, from)
    reader.at = start + 1
    const id = reader.readVarint()
    const length = reader.readVarint()
    if (length > bytes.length - from) return this.haltIn(start, from + length)
    if (length === 0 || length > MAX_STRING_BYTES) this.doubts.quibble('a string has an odd length', start)
    if (!this.stringIds.add(id, this.store.internString(bytes, from, from + length))) {
      this.doubts.quibble('a string id stands twice', start)
    }
    return from + length
  }

  /** Stacks, CPU samples, and events of more than three arguments. */
  private readPrefixed(start: number, kind: number): number {
    const { reader, bytes } = this
    const from = reader.skipVarint(start + 1)
    if (!(from <= bytes.length)) return this.haltIn(start, from)
    reader.at = start + 1
    const length = reader.readVarint()
    if (length > bytes.length - from) return this.haltIn(start, from + length)
    if (length > MAX_ARGUMENT_BYTES) this.doubts.quibble('the arguments of an event are very long', start)
    const end = from + length
    if (kind === v1.stack) {
      this.stackOffsets.push(start)
      return end
    }
    let at = from
    for (let left = varintCounts[kind] as number; left > 0; left--) at = reader.skipVarint(at)
    if (at !== end) return this.halt(start, `event ${kind} has a wrong number of arguments`)
    if (kind === v1.cpuSample) this.readSample(from)
    else if (structuralFlags[kind] === 1) this.readStructural(from - 1, kind)
    else this.eventCount += 1
    if (kind !== v1.log) return end
    const textAt = reader.skipVarint(end)
    if (!(textAt <= bytes.length)) return this.uncount(start, textAt)
    reader.at = end
    const textBytes = reader.readVarint()
    if (textBytes > bytes.length - textAt) return this.uncount(start, textAt + textBytes)
    if (textBytes > MAX_STRING_BYTES) this.doubts.quibble('a string has an odd length', start)
    return textAt + textBytes
  }

  private readSample(from: number): void {
    const { reader } = this
    reader.at = reader.skipVarint(from)
    const ticks = reader.readVarint()
    const processor = reader.readSigned()
    const goroutine = reader.readVarint()
    this.samples.push({ ticks, processor, goroutine, stack: reader.readVarint() % 2 ** 32 })
  }

  /** False when a doubt in strict mode ended reading. Strings may stand anywhere, so stacks are read last. */
  private readStack(): boolean {
    const { reader, stringIds, store, frames } = this
    const start = reader.at
    reader.at += 1
    const length = reader.readVarint()
    const end = reader.at + length
    const id = reader.readVarint() % 2 ** 32
    const count = reader.readVarint()
    if (!(count <= MAX_STACK_FRAMES)) return this.doubts.note(`a stack claims ${count} frames`, start)
    let hasUnknown = false
    for (let frame = 0; frame < count; frame++) {
      const pc = reader.readVarint()
      const functionName = stringIds.get(reader.readVarint())
      const file = stringIds.get(reader.readVarint())
      const line = reader.readVarint()
      if (!(reader.at <= end)) break
      hasUnknown ||= functionName === MISSING || file === MISSING
      frames[frame] = store.internFrame(pc, Math.max(0, functionName), Math.max(0, file), line)
    }
    if (reader.at !== end) return this.doubts.note('a stack is not as long as it says', start)
    if (hasUnknown) this.doubts.quibble('a stack names a function or file that is not in the string table', start)
    if (id !== 0 && count > 0) this.stackIds.add(id, store.internStack(frames, count))
    return true
  }

  private uncount(start: number, at: number): number {
    this.eventCount -= 1
    return this.haltIn(start, at)
  }

  /** The event at `start` goes on past the end of the input, or holds no number. */
  private haltIn(start: number, at: number): number {
    if (at === NO_NUMBER && !this.reader.isCut) return this.halt(start, 'an event holds no number')
    this.stop = { offset: start, why: 'the input ends inside an event', kind: 'truncated' }
    this.closeAt(start)
    return NO_NUMBER
  }

  private halt(offset: number, why: string): number {
    this.stop = { offset, why, kind: 'malformed' }
    this.closeAt(offset)
    return NO_NUMBER
  }

  private closeAt(offset: number): void {
    this.closeBatch(offset)
    this.current = undefined
  }
}
