/**
 * Writes rows of a TraceChunk and hands the chunk on when it is full. The columns are reused (see model/trace.ts).
 */

import { newTraceChunk, TRACE_CHUNK_ROWS, type TraceChunk } from '../../model/trace.ts'

export class ChunkRows {
  readonly chunk: TraceChunk
  written = 0
  private readonly onFull: (chunk: TraceChunk) => void

  constructor(generation: number, onFull: (chunk: TraceChunk) => void) {
    this.onFull = onFull
    this.chunk = newTraceChunk()
    this.chunk.generations.fill(generation)
  }

  /** `thread` NaN = none, `processor` -1 = none, `goroutine` 0 = none. */
  add(
    kind: number,
    timeNs: number,
    thread: number,
    processor: number,
    goroutine: number,
    arg0: number,
    arg1: number,
    arg2: number,
    arg3: number,
  ): void {
    const { chunk } = this
    const row = chunk.rowCount++
    chunk.kinds[row] = kind
    chunk.timesNs[row] = timeNs
    chunk.threads[row] = thread
    chunk.processorsPlusOne[row] = processor + 1
    chunk.goroutines[row] = goroutine
    chunk.arg0[row] = arg0
    chunk.arg1[row] = arg1
    chunk.arg2[row] = arg2
    chunk.arg3[row] = arg3
    if (row === TRACE_CHUNK_ROWS - 1) this.flush()
  }

  flush(): void {
    if (this.chunk.rowCount === 0) return
    this.written += this.chunk.rowCount
    this.onFull(this.chunk)
    this.chunk.rowCount = 0
  }
}
