/**
 * A chunk whose columns are looked up once: a reader's chunk may make its arrays anew at each access, since the memory
 * under them can be moved; within one call it is not.
 */
import type { TraceChunk } from '../../model/trace.ts'

export function pinChunk(chunk: TraceChunk): TraceChunk {
  const { rowCount, kinds, timesNs, threads, processorsPlusOne, goroutines, arg0, arg1, arg2, arg3, generations } =
    chunk
  return { rowCount, kinds, timesNs, threads, processorsPlusOne, goroutines, arg0, arg1, arg2, arg3, generations }
}
