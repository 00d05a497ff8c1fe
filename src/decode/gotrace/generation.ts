/**
 * Reads what is no event in a generation of an execution trace: strings, stacks, clock, CPU samples, experimental rows.
 * Enters: one RawGeneration. Leaves: tables in the reader's memory, the clock, and the event batches of each thread.
 * Follows internal/trace/generation.go of Go 1.27.3. Damage is told to `TraceDoubts`, which says whether to go on.
 */
import { ByteCursor, CursorFault } from '../../base/byte-cursor.ts'
import type { TraceExperimentRow } from '../../model/trace.ts'
import type { TraceDoubts } from './doubts.ts'
import { structural } from './events.ts'
import { readExperiment } from './experiments.ts'
import type { OrderInstance } from './order-instance.ts'
import type { RawGeneration } from './splitter.ts'

/** First header whose sync batches begin with Sync and hold a clock snapshot. */
const FORMAT_WITH_SNAPSHOT = 25

/** Thread ids from here on mean: none. */
export const NO_THREAD_FROM = 2 ** 63

/** What is wrong with a string or stack batch: codes of wasm/trace-order/tables.ts and varint.ts. */
const FAULT_MEMORY = 9
const faultMessages: Readonly<Record<number, (detail: number, what: 'string' | 'stack') => string>> = {
  1: () => 'the input ends inside a record',
  2: () => 'a varint is longer than ten bytes',
  3: () => 'a varint is longer than 64 bits',
  4: (byte, what) => `byte ${byte} stands where a ${what} should`,
  5: (length) => `a string claims ${length} bytes`,
  6: (length) => `a field of ${length} bytes ends after the input`,
  7: (_, what) => `a ${what} id stands twice in a generation`,
  8: (count) => `a stack claims ${count} frames`,
}

export type ThreadBatches = { readonly thread: number; readonly batches: number[] }

export type RawCpuSample = { ticks: number; thread: number; processor: number; goroutine: number; stack: number }

export type RawSnapshot = { readonly ticks: number; readonly monotonicNs: number; readonly unixNs: bigint }

export class GenerationTables {
  threads: ThreadBatches[] = []
  samples: RawCpuSample[] = []
  experiments: TraceExperimentRow[] = []
  /** Nanoseconds per tick; 0 when the generation does not say. */
  nsPerTick = 0
  snapshot: RawSnapshot | undefined
  private readonly instance: OrderInstance
  private readonly doubts: TraceDoubts
  private readonly format: number

  constructor(format: number, instance: OrderInstance, doubts: TraceDoubts) {
    this.format = format
    this.instance = instance
    this.doubts = doubts
  }

  /** False when a doubt in strict mode ended reading. */
  read(raw: RawGeneration): boolean {
    this.instance.exports.clearTables()
    this.threads = []
    this.samples = []
    this.experiments = []
    this.nsPerTick = 0
    this.snapshot = undefined
    const byThread = new Map<number, ThreadBatches>()
    const stacks: number[] = []
    const samples: number[] = []
    for (let batch = 0; batch < raw.starts.length; batch++) {
      const start = raw.starts[batch] as number
      const type = start === raw.ends[batch] ? 0 : this.instance.bytes[raw.address + start]
      if (raw.experiments[batch] !== 0) {
        this.readExperimental(raw, batch)
      } else if (type === structural.strings) {
        if (!this.readNames(raw, batch, 'string')) return false
      } else if (type === structural.stacks) {
        stacks.push(batch)
      } else if (type === structural.cpuSamples) {
        samples.push(batch)
      } else if (type === (this.format < FORMAT_WITH_SNAPSHOT ? structural.frequency : structural.sync)) {
        if (!this.guard(raw, batch, (cursor) => this.readSync(cursor, raw.ticks[batch] as number))) return false
      } else {
        this.addEvents(byThread, raw, batch)
      }
    }
    // Stacks name strings, samples name stacks, and the tables may stand anywhere.
    return (
      stacks.every((batch) => this.readNames(raw, batch, 'stack')) &&
      samples.every((batch) => this.guard(raw, batch, (cursor) => this.readCpuSamples(cursor)))
    )
  }

  private addEvents(byThread: Map<number, ThreadBatches>, raw: RawGeneration, batch: number): void {
    const thread = raw.threads[batch] as number
    const key = thread >= NO_THREAD_FROM ? Number.NaN : thread
    const known = byThread.get(key)
    if (known !== undefined) {
      known.batches.push(batch)
      return
    }
    const added = { thread: key, batches: [batch] }
    byThread.set(key, added)
    this.threads.push(added)
  }

  private readNames(raw: RawGeneration, batch: number, what: 'string' | 'stack'): boolean {
    const { exports } = this.instance
    const from = raw.address + (raw.starts[batch] as number) + 1
    const end = raw.address + (raw.ends[batch] as number)
    const isRead = what === 'string' ? exports.readStrings(from, end) : exports.readStacks(from, end)
    const incomplete = what === 'stack' ? exports.takeIncompleteStacks() : 0
    if (incomplete > 0) {
      const message = 'a stack names a function or file that is not in the string table'
      if (!this.doubts.note(message, undefined, 'SL_DECODE_MALFORMED', incomplete)) return false
    }
    if (isRead !== 0) return true
    const code = exports.faultCode.value
    if (code === FAULT_MEMORY) return this.doubts.refuse()
    const message = faultMessages[code]?.(exports.faultDetail.value, what) ?? 'a table is damaged'
    return this.doubts.note(message, raw.offset + (exports.faultAt.value >>> 0) - raw.address)
  }

  private guard(raw: RawGeneration, batch: number, read: (cursor: ByteCursor) => void): boolean {
    const cursor = this.cursorOf(raw, batch)
    try {
      cursor.readByte()
      read(cursor)
      return true
    } catch (thrown) {
      if (!(thrown instanceof CursorFault)) throw thrown
      return this.doubts.note(thrown.message, raw.offset + thrown.offset - raw.address)
    }
  }

  private cursorOf(raw: RawGeneration, batch: number): ByteCursor {
    const [start, end] = [raw.starts[batch] as number, raw.ends[batch] as number]
    return new ByteCursor(this.instance.bytes, raw.address + start, raw.address + end)
  }

  private readCpuSamples(cursor: ByteCursor): void {
    while (!cursor.isAtEnd) {
      const type = cursor.readByte()
      if (type !== structural.cpuSample) {
        throw new CursorFault('malformed', cursor.at - 1, `byte ${type} stands where a CPU sample should`)
      }
      const ticks = readNumber(cursor)
      const thread = readNumber(cursor)
      const processor = readNumber(cursor)
      const goroutine = readNumber(cursor)
      const stack = this.instance.exports.stackOf(readNumber(cursor))
      this.samples.push({ ticks, thread, processor, goroutine, stack })
    }
  }

  private readExperimental(raw: RawGeneration, batch: number): void {
    const cursor = this.cursorOf(raw, batch)
    try {
      readExperiment(cursor, raw.experiments[batch] as number, this.experiments)
    } catch (thrown) {
      if (!(thrown instanceof CursorFault)) throw thrown
      const place = raw.offset + thrown.offset - raw.address
      this.doubts.remark(`an experimental batch is damaged: ${thrown.message}`, place)
    }
  }

  private readSync(cursor: ByteCursor, batchTicks: number): void {
    // Before Go 1.25 the batch begins with the frequency itself.
    if (this.format < FORMAT_WITH_SNAPSHOT) cursor.at -= 1
    let ticks = batchTicks
    while (!cursor.isAtEnd) {
      const type = cursor.readByte()
      if (type === structural.frequency) {
        if (this.nsPerTick !== 0) throw new CursorFault('malformed', cursor.at, 'a generation has two frequencies')
        const perSecond = readNumber(cursor)
        if (perSecond === 0) throw new CursorFault('malformed', cursor.at, 'a generation has a frequency of 0')
        this.nsPerTick = 1 / (perSecond / 1e9)
      } else if (type === structural.clockSnapshot && this.format >= FORMAT_WITH_SNAPSHOT) {
        if (this.snapshot !== undefined) throw new CursorFault('malformed', cursor.at, 'a generation has two clocks')
        ticks += readNumber(cursor)
        const monotonicNs = readNumber(cursor)
        const seconds = cursor.readVarintBig()
        const nanoseconds = cursor.readVarintBig()
        const unixNs = BigInt.asIntN(64, seconds) * 1_000_000_000n + BigInt.asIntN(64, nanoseconds)
        this.snapshot = { ticks, monotonicNs, unixNs }
      } else {
        throw new CursorFault('malformed', cursor.at - 1, `a sync batch holds byte ${type}`)
      }
    }
  }
}

/** A varint that fits 64 bits. */
function readNumber(cursor: ByteCursor): number {
  const from = cursor.at
  const value = cursor.readVarint()
  if (cursor.at - from === 10 && (cursor.bytes[cursor.at - 1] as number) > 1) {
    throw new CursorFault('malformed', from, 'a varint is longer than 64 bits')
  }
  return value
}
