/**
 * A chunk of events without rows, its columns at full length: filled and handed on again and again (see model/trace.ts).
 */
import { TRACE_CHUNK_ROWS, type TraceChunk } from '../../model/trace.ts'

export function newTraceChunk(): TraceChunk {
  const floats = (): Float64Array => new Float64Array(TRACE_CHUNK_ROWS)
  return {
    rowCount: 0,
    kinds: new Uint8Array(TRACE_CHUNK_ROWS),
    timesNs: floats(),
    threads: floats(),
    processorsPlusOne: new Uint32Array(TRACE_CHUNK_ROWS),
    goroutines: floats(),
    arg0: floats(),
    arg1: floats(),
    arg2: floats(),
    arg3: floats(),
    generations: new Uint32Array(TRACE_CHUNK_ROWS),
  }
}
