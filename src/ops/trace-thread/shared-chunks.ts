/**
 * Chunks of events in memory that two threads share: one fills them, the other reads them, a few in between.
 * The reader of the trace sits in that memory (TraceSeat) and fills one place after the other; what is not written there
 * (traces of Go 1.21 and older) is copied in. The filling thread waits while all places are full; the other one says
 * when it is done with a place. What consumes the chunks may take room in the memory too: it grows, and does not move.
 */
import { openSharedMemory } from '../../base/wasm-module.ts'
import {
  CHUNK_BYTES,
  chunkColumnOffsets,
  TRACE_CHUNK_ROWS,
  type TraceChunk,
  type TraceSeat,
} from '../../model/trace.ts'

/** As it goes from thread to thread. */
export type SharedChunks = {
  readonly seat: TraceSeat
  readonly control: SharedArrayBuffer
}

/** Words of `control`: places given back so far; whether no more is wanted; how many must have been given back for the
 *  waiting thread to go on. */
const TAKEN = 0
const ENDED = 1
const WANTED = 2
const WORDS = 3
/** Looked up anyway: a wake-up may come between a look and a wait. */
const WAIT_MS = 100

const PAGE_BYTES = 65_536
/** Below lie the static data of the modules (scripts/wasm.ts). */
const FIRST_PAGE = 8

/** Undefined where such memory is refused. */
export function makeSharedChunks(places: number): SharedChunks | undefined {
  const memory = openSharedMemory(FIRST_PAGE + Math.ceil((places * CHUNK_BYTES) / PAGE_BYTES))
  if (memory === undefined) return undefined
  const chunks = Array.from({ length: places }, (_, place) => FIRST_PAGE * PAGE_BYTES + place * CHUNK_BYTES)
  // TraceMemory is a WebAssembly.Memory; that the buffer of this one is shared is known where it is made and here.
  return {
    seat: { memory: memory as TraceSeat['memory'], chunks },
    control: new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT),
  }
}

export type ChunkFiller = {
  /** Number of the place in which the chunk lies now. */
  put(chunk: TraceChunk): number
  /** True when the next place is not free. */
  readonly isFull: boolean
  /** While all places are full: waits until a good part of them is free, as to be woken costs more than a chunk does.
   *  Never on a main thread. After the other side was told of the last one. */
  wait(): void
  /** True when the other side wants no more. */
  readonly isEnded: boolean
}

export function openChunkFiller({ seat, control: words }: SharedChunks): ChunkFiller {
  const control = new Int32Array(words)
  const { chunks } = seat
  let filled = 0
  return {
    put(chunk) {
      const place = filled % chunks.length
      if (chunk.memory?.memory !== seat.memory) copyRows(chunk, columnsAt(seat, place))
      else if (chunk.memory.address !== chunks[place]) throw new Error('a chunk is not in its place')
      filled += 1
      return place
    },
    get isFull() {
      return filled - Atomics.load(control, TAKEN) >= chunks.length
    },
    wait() {
      if (filled - Atomics.load(control, TAKEN) < chunks.length) return
      const wanted = filled - (chunks.length >> 1)
      Atomics.store(control, WANTED, wanted)
      for (let taken = Atomics.load(control, TAKEN); taken < wanted; ) {
        Atomics.wait(control, TAKEN, taken, WAIT_MS)
        taken = Atomics.load(control, TAKEN)
      }
    },
    get isEnded() {
      return Atomics.load(control, ENDED) !== 0
    },
  }
}

export type ChunkTaker = {
  /** The chunk at this place; hold it until `release`. */
  take(place: number, rowCount: number, hasSlots: boolean): TraceChunk
  release(): void
  /** No more is wanted. */
  end(): void
}

export function openChunkTaker({ seat, control: words }: SharedChunks): ChunkTaker {
  const control = new Int32Array(words)
  // Memory that is shared keeps its buffers when it grows: views are made once.
  const places = seat.chunks.map((_, place) => columnsAt(seat, place))
  return {
    take(place, rowCount, hasSlots) {
      const { slots, targets, ...columns } = places[place] as Columns
      const memory = { memory: seat.memory, address: seat.chunks[place] as number }
      return hasSlots ? { rowCount, ...columns, slots, targets, memory } : { rowCount, ...columns }
    },
    release() {
      const taken = Atomics.add(control, TAKEN, 1) + 1
      if (taken === Atomics.load(control, WANTED)) Atomics.notify(control, TAKEN)
    },
    end() {
      Atomics.store(control, ENDED, 1)
    },
  }
}

type Columns = Required<Omit<TraceChunk, 'rowCount' | 'memory'>>

function columnsAt({ memory, chunks }: TraceSeat, place: number): Columns {
  const { buffer } = memory
  const at = (name: keyof typeof chunkColumnOffsets): number => (chunks[place] as number) + chunkColumnOffsets[name]
  const floats = (name: keyof typeof chunkColumnOffsets) => new Float64Array(buffer, at(name), TRACE_CHUNK_ROWS)
  const words = (name: keyof typeof chunkColumnOffsets) => new Uint32Array(buffer, at(name), TRACE_CHUNK_ROWS)
  return {
    kinds: new Uint8Array(buffer, at('kinds'), TRACE_CHUNK_ROWS),
    timesNs: floats('timesNs'),
    threads: floats('threads'),
    goroutines: floats('goroutines'),
    arg0: floats('arg0'),
    arg1: floats('arg1'),
    arg2: floats('arg2'),
    arg3: floats('arg3'),
    processorsPlusOne: words('processorsPlusOne'),
    slots: words('slots'),
    targets: words('targets'),
    generations: words('generations'),
  }
}

function copyRows(chunk: TraceChunk, to: Columns): void {
  for (const name of Object.keys(chunkColumnOffsets) as (keyof typeof chunkColumnOffsets)[]) {
    const from = chunk[name]?.subarray(0, chunk.rowCount)
    const into = to[name]
    if (from !== undefined) into.set(from)
  }
}
