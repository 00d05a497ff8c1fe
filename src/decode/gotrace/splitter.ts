/**
 * Cuts the bytes of an execution trace (format v2) into generations, as they come.
 * Enters: pieces of input in order. Leaves: one generation at a time, its batches indexed by their headers only; its
 * bytes stay where they are until the next push. Memory: one generation and the piece after it.
 * Before Go 1.26 a generation ends where a batch of the next begins; since then an EndOfGeneration byte ends it.
 */
import { MAX_BATCH_BYTES, structural } from './events.ts'

/** First header that ends generations by a byte of their own. */
export const FORMAT_WITH_END = 26
const NO_EXPERIMENT = 0
/** Two bytes and four varints. */
const MAX_BATCH_HEADER_BYTES = 42

export type SplitStop = {
  /** In the input. */
  readonly offset: number
  readonly why: string
  /** Unfinished: the input ends between batches, before the generation's end. */
  readonly kind: 'truncated' | 'unfinished' | 'malformed' | 'too-large'
}

/** Where the input lies while it is read: a stretch of memory that grows, and may move when it does. */
export type InputWindow = {
  /** All of it; holds until memory grows. */
  readonly bytes: Uint8Array
  readonly address: number
  /** At least so many bytes, of which the first `held` stay as they are; false when memory is refused. */
  grow(bytes: number, held: number): boolean
}

/** Starts and ends are places from `address` on. */
export type RawGeneration = {
  readonly generation: number
  /** Place in memory of its first byte. */
  readonly address: number
  readonly sizeBytes: number
  /** Place in the input of its first byte. */
  readonly offset: number
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly threads: readonly number[]
  readonly ticks: readonly number[]
  readonly experiments: readonly number[]
  /** Set when the input broke off or went wrong before the generation's end. */
  readonly stop?: SplitStop
}

type Columns = { starts: number[]; ends: number[]; threads: number[]; ticks: number[]; experiments: number[] }

export class GenerationSplitter {
  /** Set when no generation follows. */
  isDone = false
  /** Why reading ended before the input did, unless a generation carries it. */
  stop: SplitStop | undefined
  private readonly format: number
  private readonly maxGenerationBytes: number
  private readonly input: InputWindow
  private window: Uint8Array = new Uint8Array(0)
  /** Where the current generation begins and where the next batch header is, in the window. */
  private from = 0
  private at = 0
  private end = 0
  private windowOffset: number
  private isFinished = false
  /** No memory for more input. */
  private isRefused = false
  private generation = 0
  private columns: Columns = newColumns()
  private field = 0

  /** `offset` is the place in the input of the first byte that will be pushed. */
  constructor(input: InputWindow, format: number, offset: number, maxGenerationBytes: number) {
    this.input = input
    this.format = format
    this.windowOffset = offset
    this.maxGenerationBytes = maxGenerationBytes
  }

  push(piece: Uint8Array): void {
    if (this.isRefused) return
    const kept = this.end - this.from
    // What is kept moves down when that costs no more than was read since the last time.
    if (this.from > 0 && kept <= this.from) {
      this.input.bytes.copyWithin(0, this.from, this.end)
      this.windowOffset += this.from
      this.at -= this.from
      this.end = kept
      this.from = 0
    }
    const needed = this.end + piece.length
    if (needed > this.input.bytes.length && !this.input.grow(Math.max(needed, this.end * 2), this.end)) {
      this.isRefused = true
      return
    }
    this.input.bytes.set(piece, this.end)
    this.end = needed
  }

  /** No more pieces come. */
  finish(): void {
    this.isFinished = true
  }

  /** The next whole generation; undefined when more input is needed, or none is left (`isDone`). */
  next(): RawGeneration | undefined {
    if (this.isDone) return undefined
    this.window = this.input.bytes
    const generation = this.step()
    if (generation !== undefined || this.isDone || !this.isRefused) return generation
    return this.halt('too-large', this.at, 'there is no memory for more')
  }

  private step(): RawGeneration | undefined {
    for (;;) {
      if (this.at >= this.end) {
        if (this.end - this.from > this.maxGenerationBytes) return this.halt('too-large', this.at, this.tooLarge())
        if (!this.isFinished) return undefined
        return this.endOfInput()
      }
      const headerAt = this.at
      const type = this.window[headerAt] as number
      if (type === structural.endOfGeneration && this.format >= FORMAT_WITH_END) {
        if (this.columns.starts.length === 0) return this.halt('malformed', headerAt, 'a generation is empty')
        this.at += 1
        return this.emit(this.at)
      }
      if (type !== structural.eventBatch && type !== structural.experimentalBatch) {
        return this.halt('malformed', headerAt, `a batch begins with byte ${type}`)
      }
      if (this.end - headerAt < MAX_BATCH_HEADER_BYTES && !this.isFinished) return undefined
      const ready = this.readBatch(headerAt, type === structural.experimentalBatch)
      if (ready === 'wait') return undefined
      if (ready !== 'more') return ready
    }
  }

  private readBatch(headerAt: number, isExperimental: boolean): RawGeneration | undefined | 'wait' | 'more' {
    const experiment = isExperimental ? (this.window[headerAt + 1] ?? NO_EXPERIMENT) : NO_EXPERIMENT
    let at = this.readVarint(headerAt + (isExperimental ? 2 : 1))
    const generation = this.field
    if (at > 0) at = this.readVarint(at)
    const thread = this.field
    if (at > 0) at = this.readVarint(at)
    const ticks = this.field
    if (at > 0) at = this.readVarint(at)
    const size = this.field
    if (at === 0) return this.halt('truncated', headerAt, 'the input ends inside the head of a batch')
    if (at < 0) return this.halt('malformed', headerAt, 'the head of a batch holds no number')
    if (size > MAX_BATCH_BYTES) return this.halt('malformed', headerAt, `a batch claims ${size} bytes`)
    if (at + size > this.end) {
      if (!this.isFinished) return 'wait'
      return this.halt('truncated', headerAt, 'the input ends inside a batch')
    }
    if (generation === 0) return this.halt('malformed', headerAt, 'a batch is of generation 0')
    const columns = this.columns
    if (columns.starts.length === 0 || this.generation === generation) {
      this.generation = generation
    } else if (this.format < FORMAT_WITH_END && generation === this.generation + 1) {
      return this.emit(headerAt)
    } else {
      const why = `a batch of generation ${generation} stands in generation ${this.generation}`
      return this.halt('malformed', headerAt, why)
    }
    columns.starts.push(at - this.from)
    columns.ends.push(at + size - this.from)
    columns.threads.push(thread)
    columns.ticks.push(ticks)
    columns.experiments.push(experiment)
    this.at = at + size
    if (this.at - this.from > this.maxGenerationBytes) return this.halt('too-large', this.at, this.tooLarge())
    return 'more'
  }

  /** Position after the varint at `at`, its value in `field`; 0 when the input ends in it, below 0 when it is none. */
  private readVarint(at: number): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++, at++) {
      if (at >= this.end) return 0
      const byte = this.window[at] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.field = value
        return count === 9 && byte > 1 ? -1 : at + 1
      }
      scale *= 128
    }
    return -1
  }

  private endOfInput(): RawGeneration | undefined {
    this.isDone = true
    if (this.columns.starts.length === 0) return undefined
    if (this.format < FORMAT_WITH_END) return this.emit(this.end)
    return this.halt('unfinished', this.end, 'the input ends inside a generation')
  }

  private halt(kind: SplitStop['kind'], at: number, why: string): RawGeneration | undefined {
    this.isDone = true
    const stop = { offset: this.windowOffset + at, why, kind }
    if (this.columns.starts.length === 0) {
      this.stop = stop
      return undefined
    }
    return this.emit(at, stop)
  }

  private emit(to: number, stop?: SplitStop): RawGeneration {
    const raw = {
      generation: this.generation,
      address: this.input.address + this.from,
      sizeBytes: to - this.from,
      offset: this.windowOffset + this.from,
      ...this.columns,
      ...(stop === undefined ? {} : { stop }),
    }
    this.columns = newColumns()
    this.from = to
    this.at = to
    return raw
  }

  private tooLarge(): string {
    return `a generation is larger than ${this.maxGenerationBytes} bytes`
  }
}

function newColumns(): Columns {
  return { starts: [], ends: [], threads: [], ticks: [], experiments: [] }
}
