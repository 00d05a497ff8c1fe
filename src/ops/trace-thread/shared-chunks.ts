/**
 * Chunks of events in memory that two threads share: one fills them, the other reads them, a few in between.
 * Enters on the one side a chunk, which is copied into the next free place; leaves on the other a chunk whose columns
 * lie there. The filling thread waits while all places are full; the reading one says when it is done with a place.
 */
import { CHUNK_BYTES, chunkColumnOffsets, TRACE_CHUNK_ROWS, type TraceChunk } from '../../model/trace.ts'

/** As it goes from thread to thread. */
export type SharedChunks = {
  readonly columns: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly places: number
}

/** Words of `control`. */
const TAKEN = 0
const ENDED = 1
/** Looked up anyway: a wake-up may come between a look and a wait. */
const WAIT_MS = 100

export function makeSharedChunks(places: number): SharedChunks {
  return {
    columns: new SharedArrayBuffer(places * CHUNK_BYTES),
    control: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT),
    places,
  }
}

type Columns = Required<Omit<TraceChunk, 'rowCount' | 'memory'>>

export type ChunkFiller = {
  /** Copies the rows into the next place, and gives its number. Waits for it to be free: never on a main thread. */
  put(chunk: TraceChunk): number
  /** True when the other side wants no more. */
  readonly isEnded: boolean
}

export function openChunkFiller(shared: SharedChunks): ChunkFiller {
  const control = new Int32Array(shared.control)
  const places = listPlaces(shared)
  let filled = 0
  return {
    put(chunk) {
      for (let taken = Atomics.load(control, TAKEN); filled - taken >= places.length; ) {
        Atomics.wait(control, TAKEN, taken, WAIT_MS)
        taken = Atomics.load(control, TAKEN)
      }
      const place = filled % places.length
      copyRows(chunk, places[place] as Columns)
      filled += 1
      return place
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

export function openChunkTaker(shared: SharedChunks): ChunkTaker {
  const control = new Int32Array(shared.control)
  const places = listPlaces(shared)
  return {
    take(place, rowCount, hasSlots) {
      const { slots, targets, ...columns } = places[place] as Columns
      return hasSlots ? { rowCount, ...columns, slots, targets } : { rowCount, ...columns }
    },
    release() {
      Atomics.add(control, TAKEN, 1)
      Atomics.notify(control, TAKEN)
    },
    end() {
      Atomics.store(control, ENDED, 1)
    },
  }
}

function listPlaces({ columns, places }: SharedChunks): Columns[] {
  return Array.from({ length: places }, (_, place) => {
    const at = (name: keyof typeof chunkColumnOffsets): number => place * CHUNK_BYTES + chunkColumnOffsets[name]
    const floats = (name: keyof typeof chunkColumnOffsets) => new Float64Array(columns, at(name), TRACE_CHUNK_ROWS)
    const words = (name: keyof typeof chunkColumnOffsets) => new Uint32Array(columns, at(name), TRACE_CHUNK_ROWS)
    return {
      kinds: new Uint8Array(columns, at('kinds'), TRACE_CHUNK_ROWS),
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
  })
}

function copyRows(chunk: TraceChunk, to: Columns): void {
  const { rowCount } = chunk
  const copy = <Column extends Float64Array | Uint32Array | Uint8Array>(
    from: Column | undefined,
    into: Column,
  ): void => {
    if (from !== undefined) into.set(rowCount === from.length ? from : from.subarray(0, rowCount))
  }
  copy(chunk.kinds, to.kinds)
  copy(chunk.timesNs, to.timesNs)
  copy(chunk.threads, to.threads)
  copy(chunk.goroutines, to.goroutines)
  copy(chunk.arg0, to.arg0)
  copy(chunk.arg1, to.arg1)
  copy(chunk.arg2, to.arg2)
  copy(chunk.arg3, to.arg3)
  copy(chunk.processorsPlusOne, to.processorsPlusOne)
  copy(chunk.slots, to.slots)
  copy(chunk.targets, to.targets)
  copy(chunk.generations, to.generations)
}
