/**
 * Reads an execution trace stream for its consumers, on one thread or two. Two for a file that is large enough to pay
 * for the second: then this thread has the consumers, and the other one decodes and orders. What is read is the same.
 * Pipes and what is packed come in order only, through this thread.
 */
import { err, type Result } from '../../base/result.ts'
import { openTraceFile } from '../../collect/trace-file.ts'
import { readTrace } from '../../decode/gotrace/gotrace.ts'
import type { TracePlace, TraceStream, WorkerPool } from '../../model/ports.ts'
import type { ProgressSink } from '../../model/report.ts'
import type { TraceConsumer } from '../../model/trace.ts'
import { HEAD_BYTES, type InputWatch, openInputProgress, watchBytes } from '../timeline-input.ts'
import { type AsideReading, openSharedPlaces, readTraceAside, type TraceJobs } from './read-aside.ts'
import type { SharedChunks } from './shared-chunks.ts'

export type TraceThreads = {
  /** Of the machine, as far as this process may use them. */
  readonly cores: number
  readonly openPool: (size: number) => WorkerPool<TraceJobs>
}

export type TraceThreadOptions = {
  /** Absent: one thread. */
  readonly threads?: TraceThreads
  /** Threads that read; absent: as the file and the machine suggest. */
  readonly workers?: number
}

/** False: no consumer looks at what logs say. */
type ConsumerNeeds = { readonly withMessages?: boolean }

type ReadOptions = TraceThreadOptions &
  ConsumerNeeds & {
    readonly strict?: boolean
    readonly progress?: ProgressSink
    readonly signal?: AbortSignal
  }

/** Below, the second thread wins no more than the tenth of a second that it takes to start (measured: equal at 16 MB). */
const LEAST_BYTES = 24 * 1024 * 1024

export async function readTraceStream(
  stream: TraceStream,
  consumer: TraceConsumer,
  options: ReadOptions,
  watch: InputWatch,
): Promise<AsideReading> {
  const { place } = stream
  const { strict = false, withMessages = true, threads } = options
  if (place !== undefined && threads !== undefined && countThreads(place, threads, options.workers) > 1) {
    const chunks = openSharedPlaces()
    if (chunks !== undefined) return readWithThread({ stream, place, threads, chunks }, consumer, options, watch)
  }
  const read = await readTrace(watchBytes(stream, options, watch), consumer, { strict, withMessages })
  const failure = stream.failure()
  return { read, ...(failure === undefined ? {} : { failure }) }
}

function countThreads({ sizeBytes }: TracePlace, { cores }: TraceThreads, asked: number | undefined): number {
  return asked ?? (sizeBytes < LEAST_BYTES ? 1 : Math.min(2, cores))
}

type Source = {
  readonly stream: TraceStream
  readonly place: TracePlace
  readonly threads: TraceThreads
  readonly chunks: SharedChunks
}

async function readWithThread(
  { stream, place, threads, chunks }: Source,
  consumer: TraceConsumer,
  { strict = false, withMessages = true, progress, signal }: ReadOptions,
  watch: InputWatch,
): Promise<AsideReading> {
  const opened = await takeHead(stream, place, watch)
  if (!opened.ok) return { read: opened }
  const pool = threads.openPool(1)
  const tell = openInputProgress(stream, progress, watch)
  try {
    return await readTraceAside(pool, place, chunks, consumer, {
      strict,
      withMessages,
      ...(signal === undefined ? {} : { signal }),
      onBytes: (done) => {
        tell(done)
        return !watch.isOver
      },
    })
  } finally {
    await pool.close()
  }
}

/** The first bytes, for a file that turns out to be something else; the stream, which is not read, is closed. */
async function takeHead(stream: TraceStream, place: TracePlace, watch: InputWatch): Promise<Result<void>> {
  for await (const _ of stream.bytes) break
  const file = openTraceFile(place)
  if (!file.ok) return err(file.error)
  watch.head = file.value.read(0, HEAD_BYTES)
  file.value.close()
  return { ok: true, value: undefined }
}
