/**
 * Reads what is no event in a generation of an execution trace: strings, stacks, clock, CPU samples, experimental rows.
 * Enters: one RawGeneration. Leaves: id maps into the TableStore, the clock, and the event batches of each thread.
 * Follows internal/trace/generation.go of Go 1.27.3. Damage is told to `TraceDoubts`, which says whether to go on.
 */
import { ByteCursor, CursorFault } from '../../base/byte-cursor.ts'
import type { TraceExperimentRow } from '../../model/trace.ts'
import type { TraceDoubts } from './doubts.ts'
import { MAX_STACK_FRAMES, MAX_STRING_BYTES, structural } from './events.ts'
import { readExperiment } from './experiments.ts'
import { IdMap, MISSING } from './id-map.ts'
import type { RawGeneration } from './splitter.ts'
import type { TableStore } from './tables.ts'

/** First header whose sync batches begin with Sync and hold a clock snapshot. */
const FORMAT_WITH_SNAPSHOT = 25

/** Thread ids from here on mean: none. */
export const NO_THREAD_FROM = 2 ** 63

/** Below MISSING. */
const UNREAD_FROM = -2

export type ThreadBatches = { readonly thread: number; readonly batches: number[] }

export type RawCpuSample = { ticks: number; thread: number; processor: number; goroutine: number; stack: number }

export type RawSnapshot = { readonly ticks: number; readonly monotonicNs: number; readonly unixNs: bigint }

export class GenerationTables {
  /** Indices of the table, or UNREAD_FROM - place of a string that nothing has named yet. */
  private readonly stringIds: IdMap = new IdMap()
  private readonly messageIds: IdMap = new IdMap()
  private bytes: Uint8Array = new Uint8Array(0)
  private stringStarts: number[] = []
  private stringEnds: number[] = []
  readonly stackIds: IdMap = new IdMap()
  threads: ThreadBatches[] = []
  samples: RawCpuSample[] = []
  experiments: TraceExperimentRow[] = []
  /** Nanoseconds per tick; 0 when the generation does not say. */
  nsPerTick = 0
  ticksPerSecond = 0
  snapshot: RawSnapshot | undefined
  private readonly store: TableStore
  private readonly doubts: TraceDoubts
  private readonly format: number
  private readonly frames: Int32Array = new Int32Array(MAX_STACK_FRAMES)

  constructor(format: number, store: TableStore, doubts: TraceDoubts) {
    this.format = format
    this.store = store
    this.doubts = doubts
  }

  /** False when a doubt in strict mode ended reading. */
  read(raw: RawGeneration): boolean {
    this.stringIds.clear()
    this.messageIds.clear()
    this.store.releaseMessages()
    this.bytes = raw.bytes
    this.stringStarts = []
    this.stringEnds = []
    this.stackIds.clear()
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
      const type = start === raw.ends[batch] ? 0 : raw.bytes[start]
      if (raw.experiments[batch] !== 0) {
        this.readExperimental(raw, batch)
      } else if (type === structural.strings) {
        if (!this.guard(raw, batch, (cursor) => this.readStrings(cursor))) return false
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
      stacks.every((batch) => this.guard(raw, batch, (cursor) => this.readStacks(cursor))) &&
      samples.every((batch) => this.guard(raw, batch, (cursor) => this.readCpuSamples(cursor)))
    )
  }

  /** Index of the string with this id; MISSING when the generation has none. */
  nameOf(id: number): number {
    const known = this.stringIds.get(id)
    if (known >= MISSING) return known
    const place = UNREAD_FROM - known
    const { stringStarts, stringEnds } = this
    const name = this.store.internString(this.bytes, stringStarts[place] as number, stringEnds[place] as number)
    this.stringIds.set(id, name)
    return name
  }

  /** The same for the message of a log, which is one of as many as there are logs: its index holds for a generation. */
  messageOf(id: number): number {
    const known = this.stringIds.get(id)
    if (known >= MISSING) return known
    const earlier = this.messageIds.get(id)
    if (earlier !== MISSING) return earlier
    const place = UNREAD_FROM - known
    const { stringStarts, stringEnds } = this
    const message = this.store.addMessage(this.bytes, stringStarts[place] as number, stringEnds[place] as number)
    this.messageIds.add(id, message)
    return message
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

  private guard(raw: RawGeneration, batch: number, read: (cursor: ByteCursor) => void): boolean {
    const cursor = new ByteCursor(raw.bytes, raw.starts[batch] as number, raw.ends[batch] as number)
    try {
      cursor.readByte()
      read(cursor)
      return true
    } catch (thrown) {
      if (!(thrown instanceof CursorFault)) throw thrown
      return this.doubts.note(thrown.message, raw.offset + thrown.offset)
    }
  }

  private readStrings(cursor: ByteCursor): void {
    while (!cursor.isAtEnd) {
      expectRow(cursor, structural.string, 'a string')
      const id = readNumber(cursor)
      const length = readNumber(cursor)
      if (length > MAX_STRING_BYTES) throw new CursorFault('malformed', cursor.at, `a string claims ${length} bytes`)
      const from = cursor.at
      cursor.skip(length)
      if (!this.stringIds.add(id, UNREAD_FROM - this.stringStarts.length)) {
        throw new CursorFault('malformed', from, 'a string id stands twice in a generation')
      }
      this.stringStarts.push(from)
      this.stringEnds.push(cursor.at)
    }
  }

  private readStacks(cursor: ByteCursor): void {
    const frames = this.frames
    while (!cursor.isAtEnd) {
      expectRow(cursor, structural.stack, 'a stack')
      const id = readNumber(cursor)
      const count = readNumber(cursor)
      if (count > MAX_STACK_FRAMES) throw new CursorFault('malformed', cursor.at, `a stack claims ${count} frames`)
      let hasUnknown = false
      for (let frame = 0; frame < count; frame++) {
        const pc = readNumber(cursor)
        const functionName = this.nameOf(readNumber(cursor))
        const file = this.nameOf(readNumber(cursor))
        const line = readNumber(cursor)
        hasUnknown ||= functionName === MISSING || file === MISSING
        frames[frame] = this.store.internFrame(pc, Math.max(0, functionName), Math.max(0, file), line)
      }
      if (!this.stackIds.add(id, this.store.internStack(frames, count))) {
        throw new CursorFault('malformed', cursor.at, 'a stack id stands twice in a generation')
      }
      if (hasUnknown && !this.doubts.note('a stack names a function or file that is not in the string table')) {
        throw new CursorFault('malformed', cursor.at, 'a stack names a string that is not there')
      }
    }
  }

  private readCpuSamples(cursor: ByteCursor): void {
    while (!cursor.isAtEnd) {
      expectRow(cursor, structural.cpuSample, 'a CPU sample')
      const ticks = readNumber(cursor)
      const thread = readNumber(cursor)
      const processor = readNumber(cursor)
      const goroutine = readNumber(cursor)
      const stack = this.stackIds.get(readNumber(cursor))
      this.samples.push({ ticks, thread, processor, goroutine, stack })
    }
  }

  private readExperimental(raw: RawGeneration, batch: number): void {
    const cursor = new ByteCursor(raw.bytes, raw.starts[batch] as number, raw.ends[batch] as number)
    try {
      readExperiment(cursor, raw.experiments[batch] as number, this.experiments)
    } catch (thrown) {
      if (!(thrown instanceof CursorFault)) throw thrown
      this.doubts.remark(`an experimental batch is damaged: ${thrown.message}`, raw.offset + thrown.offset)
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
        this.ticksPerSecond = perSecond
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

function expectRow(cursor: ByteCursor, type: number, what: string): void {
  const found = cursor.readByte()
  if (found !== type) throw new CursorFault('malformed', cursor.at - 1, `byte ${found} stands where ${what} should`)
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
