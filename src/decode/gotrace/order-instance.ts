/**
 * The reader's WebAssembly module (wasm/trace-order) as functions, on a memory of its own: one instance per trace.
 * What it is given and gives lies in that memory. Growing the memory makes new buffers, so views are taken anew after
 * every call that may have grown it; `bytes` and the chunk's columns see to that.
 */
import { compileModule } from '../../base/wasm-module.ts'
import { chunkColumnOffsets, TRACE_CHUNK_ROWS, type TraceChunk, type TraceSeat } from '../../model/trace.ts'
import { timedEvents } from './events.ts'
import { moduleText } from './order-module.ts'
import type { InputWindow } from './splitter.ts'

type Global = { readonly value: number }

/** Addresses come as signed numbers: `>>> 0` them. Flags are 0 or 1. */
export type OrderExports = {
  open(strict: number, maxTextBytes: number, seedLow: number, seedHigh: number): number
  useColumns(address: number): void
  argCountsAddress(): number
  scratchOf(bytes: number): number
  growWindow(bytes: number, held: number): number
  windowAddress(): number
  windowCapacity(): number

  clearTables(): void
  leaveMessages(): void
  readStrings(from: number, end: number): number
  readStacks(from: number, end: number): number
  takeIncompleteStacks(): number
  stackOf(id: number): number
  readonly faultCode: Global
  readonly faultAt: Global
  readonly faultDetail: Global

  readonly stringCount: Global
  readonly stackCount: Global
  readonly frameCount: Global
  textAddress(): number
  textStartAddress(): number
  framesAddress(): number
  stackFramesAddress(): number
  stackStartAddress(): number
  messagesAddress(): number
  takeMessages(): number
  takeOmitted(): number

  restart(): void
  beginGeneration(generation: number, nsPerTick: number, originNs: number, stalls: number, sizeBytes: number): void
  reserveThreads(count: number): number
  openCursor(cursor: number, thread: number, firstBatch: number, endOfBatches: number): number
  openFrontier(from: number, to: number, takesOrigin: number): number
  firstTime(): number
  bytesLeft(): number
  mergeChunk(): number
  assumeTurn(): void
  takeRows(): void
  readonly originNs: Global
  readonly rowCount: Global
  readonly latestNs: Global

  openBatch(from: number, end: number, ticks: number, nsPerTick: number): void
  decodeBatch(): number
  nameOfFloat(id: number): number

  doubtsAddress(): number
  clearDoubts(): void
  readonly hasDoubt: Global
  readonly missingNames: Global
  readonly firstMissing: Global
  readonly failCode: Global
  readonly failKind: Global
  readonly failAt: Global
}

/** In 64 KiB; below lie the static data of the modules that may share the memory. */
const INITIAL_PAGES = 4
const NO_EVENT = 255

export class OrderInstance {
  readonly memory: WebAssembly.Memory
  readonly exports: OrderExports
  /** Of ordered events. */
  chunk: TraceChunk
  readonly input: InputWindow
  private readonly chunks: readonly MemoryChunk[]
  private chunkPlace = 0
  private all: Uint8Array

  private constructor(memory: WebAssembly.Memory, exports: OrderExports, columns: readonly number[]) {
    this.memory = memory
    this.exports = exports
    this.chunks = columns.map((address) => new MemoryChunk(memory, address))
    this.chunk = this.chunks[0] as TraceChunk
    this.input = new MemoryWindow(memory, exports)
    this.all = new Uint8Array(memory.buffer)
  }

  /** Undefined when there is no memory for it. An event younger than the format is none, as for the reference reader;
   *  those of the allocation experiment are read from Go 1.23 on, though Go 1.27's reader knows them in format 26 alone. */
  static open(format: number, isStrict: boolean, maxTextBytes: number, seat?: TraceSeat): OrderInstance | undefined {
    const memory = (seat?.memory as WebAssembly.Memory | undefined) ?? openMemory()
    if (memory === undefined) return undefined
    const { exports } = new WebAssembly.Instance(compileModule(moduleText, memory), { env: { memory } })
    const order = exports as OrderExports
    const seed = (): number => Math.floor(Math.random() * 4294967296)
    const columns = order.open(isStrict ? 1 : 0, maxTextBytes, seed(), seed())
    if (columns === 0) return undefined
    const counts = new Uint8Array(memory.buffer, order.argCountsAddress() >>> 0, 256).fill(NO_EVENT)
    for (const { id, args, since } of timedEvents) if (since <= format) counts[id] = args.length
    const places = seat?.chunks ?? [columns >>> 0]
    order.useColumns(places[0] as number)
    return new OrderInstance(memory, order, places)
  }

  /** The chunk's rows have been handed on: the next ones go where they do not touch them. */
  advanceChunk(generation: number): void {
    if (this.chunks.length === 1) return
    this.chunkPlace = (this.chunkPlace + 1) % this.chunks.length
    const chunk = this.chunks[this.chunkPlace] as MemoryChunk
    this.exports.useColumns(chunk.memory.address)
    if (chunk.generations[0] !== generation) chunk.generations.fill(generation)
    this.chunk = chunk
  }

  /** All of the memory, by address. */
  get bytes(): Uint8Array {
    if (this.all.buffer !== this.memory.buffer) this.all = new Uint8Array(this.memory.buffer)
    return this.all
  }

  /** The same as numbers of 32 bits, by address / 4. */
  get words(): Uint32Array {
    return new Uint32Array(this.memory.buffer)
  }
}

function openMemory(): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial: INITIAL_PAGES })
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined
    throw thrown
  }
}

/** The input's place: a stretch of the memory. */
class MemoryWindow implements InputWindow {
  address = 0
  private readonly memory: WebAssembly.Memory
  private readonly exports: OrderExports
  private view: Uint8Array

  constructor(memory: WebAssembly.Memory, exports: OrderExports) {
    this.memory = memory
    this.exports = exports
    this.view = new Uint8Array(memory.buffer, 0, 0)
  }

  get bytes(): Uint8Array {
    if (this.view.buffer !== this.memory.buffer) this.renew()
    return this.view
  }

  grow(bytes: number, held: number): boolean {
    const isGrown = this.exports.growWindow(bytes, held) !== 0
    this.renew()
    return isGrown
  }

  private renew(): void {
    this.address = this.exports.windowAddress() >>> 0
    this.view = new Uint8Array(this.memory.buffer, this.address, this.exports.windowCapacity() >>> 0)
  }
}

type Columns = Required<Omit<TraceChunk, 'rowCount' | 'memory'>>

/** A chunk whose columns lie in memory: they are made anew when it has grown. */
class MemoryChunk implements TraceChunk {
  rowCount = 0
  readonly memory: { readonly memory: WebAssembly.Memory; readonly address: number }
  private columns: Columns
  private buffer: ArrayBuffer

  constructor(memory: WebAssembly.Memory, address: number) {
    this.memory = { memory, address }
    this.buffer = memory.buffer
    this.columns = columnsAt(this.buffer, address)
  }

  private get own(): Columns {
    const { memory, address } = this.memory
    const { buffer } = memory
    if (this.buffer !== buffer) {
      this.buffer = buffer
      this.columns = columnsAt(buffer, address)
    }
    return this.columns
  }

  get kinds(): Uint8Array {
    return this.own.kinds
  }
  get timesNs(): Float64Array {
    return this.own.timesNs
  }
  get threads(): Float64Array {
    return this.own.threads
  }
  get processorsPlusOne(): Uint32Array {
    return this.own.processorsPlusOne
  }
  get goroutines(): Float64Array {
    return this.own.goroutines
  }
  get arg0(): Float64Array {
    return this.own.arg0
  }
  get arg1(): Float64Array {
    return this.own.arg1
  }
  get arg2(): Float64Array {
    return this.own.arg2
  }
  get arg3(): Float64Array {
    return this.own.arg3
  }
  get generations(): Uint32Array {
    return this.own.generations
  }
  get slots(): Uint32Array {
    return this.own.slots
  }
  get targets(): Uint32Array {
    return this.own.targets
  }
}

function columnsAt(buffer: ArrayBuffer, address: number): Columns {
  const floats = (offset: number): Float64Array => new Float64Array(buffer, address + offset, TRACE_CHUNK_ROWS)
  const words = (offset: number): Uint32Array => new Uint32Array(buffer, address + offset, TRACE_CHUNK_ROWS)
  const at = chunkColumnOffsets
  return {
    kinds: new Uint8Array(buffer, address + at.kinds, TRACE_CHUNK_ROWS),
    timesNs: floats(at.timesNs),
    threads: floats(at.threads),
    goroutines: floats(at.goroutines),
    arg0: floats(at.arg0),
    arg1: floats(at.arg1),
    arg2: floats(at.arg2),
    arg3: floats(at.arg3),
    processorsPlusOne: words(at.processorsPlusOne),
    slots: words(at.slots),
    targets: words(at.targets),
    generations: words(at.generations),
  }
}
