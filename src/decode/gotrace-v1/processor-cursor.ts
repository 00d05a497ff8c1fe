/**
 * The events of one processor in the order in which it wrote them, one at a time.
 * Enters: a surveyed trace, so that nothing here can run past an end. Leaves: the event in the cursor's fields.
 * As in internal/trace/internal/tracev1/parser.go of Go 1.27.3: an event is of the goroutine that last started here.
 */
import { ByteReader } from './byte-reader.ts'
import { stackFlags, structuralFlags, v1, varintCounts } from './kinds.ts'
import type { V1Processor } from './survey.ts'

const LENGTH_PREFIXED = 3

/** What the event does to the goroutine that runs on the processor. */
const STARTS = 1
const LEAVES = 2
/** The event is of the goroutine that it names. */
const NAMES = 3
const roles = new Uint8Array(64)
for (const kind of [v1.goStart, v1.goStartLocal, v1.goStartLabel]) roles[kind] = STARTS
for (const kind of [v1.goEnd, v1.goStop, v1.goSched, v1.goPreempt, v1.goSleep, v1.goSysBlock]) roles[kind] = LEAVES
for (const kind of [v1.goBlock, v1.goBlockSend, v1.goBlockRecv, v1.goBlockSelect]) roles[kind] = LEAVES
for (const kind of [v1.goBlockSync, v1.goBlockCond, v1.goBlockNet, v1.goBlockGc]) roles[kind] = LEAVES
for (const kind of [v1.goSysExit, v1.goSysExitLocal, v1.goWaiting, v1.goInSyscall]) roles[kind] = NAMES

export class ProcessorCursor {
  /** -1 = none. */
  readonly processor: number
  kind = 0
  ticks = 0.5
  /** The goroutine that the event is of; 0 = none. */
  goroutine = 0
  arg0 = 0
  arg1 = 0
  arg2 = 0
  /** Stack id of the wire; 0 = none. */
  stack = 0
  /** Where the text of a user log stands. */
  textFrom = 0
  textTo = 0
  /** Where the event begins. */
  offset = 0
  /** For the reader's use: where it last found the goroutine of an event. */
  slotHint = 0
  private readonly batches: V1Processor
  private readonly reader: ByteReader
  private nextBatch = 0
  private at = 0
  private end = 0
  private running = 0

  constructor(bytes: Uint8Array, batches: V1Processor) {
    this.processor = batches.id
    this.batches = batches
    this.reader = new ByteReader(bytes)
  }

  /** Reads the next event; false when there is none. */
  next(): boolean {
    const { reader } = this
    const { bytes } = reader
    for (;;) {
      while (this.at >= this.end) {
        if (this.nextBatch >= this.batches.starts.length) return false
        this.at = this.batches.starts[this.nextBatch] as number
        this.end = this.batches.ends[this.nextBatch] as number
        this.ticks = this.batches.baseTicks[this.nextBatch] as number
        this.nextBatch += 1
      }
      const head = bytes[this.at] as number
      const kind = head & 63
      reader.at = this.at + 1
      if (structuralFlags[kind] === 1) {
        this.skip(kind, head >> 6)
        continue
      }
      this.offset = this.at
      if (head >> 6 === LENGTH_PREFIXED) reader.readVarint()
      this.kind = kind
      this.ticks += reader.readSigned()
      this.readArguments(kind)
      this.at = reader.at
      this.assign(kind)
      return true
    }
  }

  private readArguments(kind: number): void {
    const { reader } = this
    const hasStack = stackFlags[kind] as number
    const count = (varintCounts[kind] as number) - 1 - hasStack
    this.arg0 = count > 0 ? reader.readVarint() : 0
    this.arg1 = count > 1 ? reader.readVarint() : 0
    this.arg2 = count > 2 ? reader.readVarint() : 0
    this.stack = hasStack === 1 ? reader.readVarint() : 0
    if (kind !== v1.log) return
    const length = reader.readVarint()
    this.textFrom = reader.at
    reader.at += length
    this.textTo = reader.at
  }

  private assign(kind: number): void {
    this.goroutine = this.running
    const role = roles[kind]
    if (role === STARTS) {
      this.running = this.arg0
      this.goroutine = this.arg0
    } else if (role === LEAVES) {
      this.running = 0
    } else if (role === NAMES) {
      this.goroutine = this.arg0
    }
  }

  private skip(kind: number, form: number): void {
    const { reader } = this
    if (kind === v1.string) {
      reader.readVarint()
      const length = reader.readVarint()
      reader.at += length
    } else if (form === LENGTH_PREFIXED) {
      const length = reader.readVarint()
      reader.at += length
    } else {
      for (let left = form; left >= 0; left--) reader.readVarint()
    }
    this.at = reader.at
  }
}
