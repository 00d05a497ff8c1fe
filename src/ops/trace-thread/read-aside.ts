/**
 * Reads a trace on two threads: another one decodes and orders (order-trace.ts), this one has the consumers. As the
 * reader does it alone, event for event: the door for those who would call `readTrace` and have a file and a pool.
 */
import type { Fault } from '../../base/errors.ts'
import { err, type Result } from '../../base/result.ts'
import type { Decoded } from '../../model/issue.ts'
import type { AbortNotice, TracePlace, WorkerPool } from '../../model/ports.ts'
import type { TraceConsumer, TraceMeta } from '../../model/trace.ts'
import { openTableMirror } from './mirror-tables.ts'
import type { ChunkNews, OrderTraceJob, OrderTraceNews } from './order-trace.ts'
import { makeSharedChunks, openChunkTaker, type SharedChunks } from './shared-chunks.ts'

/** Jobs of the worker threads that timeline asks for. */
export type TraceJobs = { readonly 'order-trace': OrderTraceJob }

export type ReadAsideOptions = {
  readonly strict?: boolean
  /** False: the consumer does not look at what logs say (arg2 of UserLog). Default: true. */
  readonly withMessages?: boolean
  readonly signal?: AbortNotice
  /** Bytes read so far; false: no more are wanted, and reading ends as if the file did. */
  readonly onBytes?: (done: number) => boolean
}

export type AsideReading = {
  readonly read: Result<Decoded<TraceMeta>, Fault>
  /** Why the file could not be read to its end. */
  readonly failure?: Fault
}

/** Chunks that lie between the two threads: enough for one not to wait for every breath of the other. */
const PLACES = 32

/** Undefined where threads can share no memory. */
export function openSharedPlaces(): SharedChunks | undefined {
  return makeSharedChunks(PLACES)
}

export async function readTraceAside(
  pool: WorkerPool<TraceJobs>,
  place: TracePlace,
  chunks: SharedChunks,
  consumer: TraceConsumer,
  { strict = false, withMessages = true, signal, onBytes }: ReadAsideOptions = {},
): Promise<AsideReading> {
  const taker = openChunkTaker(chunks)
  const mirror = openTableMirror()
  const hearChunk = ({ place: at, rowCount, hasSlots, tables, messages }: ChunkNews): void => {
    if (tables !== undefined) mirror.add(tables)
    if (messages !== undefined) mirror.change(messages)
    consumer.onChunk?.(taker.take(at, rowCount, hasSlots), mirror.tables)
    taker.release()
  }
  let heard = 0
  const hearBytes = (done: number): void => {
    if (done === heard) return
    heard = done
    if (onBytes?.(done) === false) taker.end()
  }
  const hear = (news: OrderTraceNews): void => {
    if ('tables' in news && news.tables !== undefined) mirror.add(news.tables)
    switch (news.kind) {
      case 'bytes':
        hearBytes(news.done)
        return
      case 'generation':
        consumer.onGeneration?.(news.generation, mirror.tables)
        return
      case 'chunks':
        for (const chunk of news.chunks) hearChunk(chunk)
        hearBytes(news.done)
        return
      case 'samples':
        consumer.onCpuSamples?.(news.samples, mirror.tables)
        return
      case 'experiment':
        consumer.onExperiment?.(news.rows)
        return
    }
  }
  const [done] = await pool.run('order-trace', [{ place, chunks, strict, withMessages }], {
    onNews: (_index, news) => hear(news),
    ...(signal === undefined ? {} : { signal }),
  })
  if (done === undefined) throw new Error('a pool gives a result for each input')
  return done.ok ? done.value : { read: err(done.error) }
}
