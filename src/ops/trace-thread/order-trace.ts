/**
 * The job `order-trace` of a worker thread: reads a trace from its file and puts its events into order, chunk by chunk
 * in shared memory, for a thread that has the consumers. What a consumer is told here is told there, in the same order:
 * the result is that of reading on one thread, whatever the trace holds.
 */

import type { Fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { openTraceFile } from '../../collect/trace-file.ts'
import { readTrace } from '../../decode/gotrace/gotrace.ts'
import type { Decoded } from '../../model/issue.ts'
import type { TracePlace, WorkerAnswer, WorkerHandler } from '../../model/ports.ts'
import type { TraceCpuSample, TraceExperimentRow, TraceGeneration, TraceMeta } from '../../model/trace.ts'
import { type ChangedStrings, openTableWatcher, type TableAddition } from './mirror-tables.ts'
import { openChunkFiller, type SharedChunks } from './shared-chunks.ts'

export type OrderTraceInput = {
  readonly place: TracePlace
  readonly chunks: SharedChunks
  readonly strict: boolean
  /** The messages of logs go over too: a string each, the only ones that do not stay few. */
  readonly withMessages: boolean
}

/** `tables`: what was added to them before the rest is told. `done`: bytes read so far. */
export type OrderTraceNews =
  | { readonly kind: 'bytes'; readonly done: number }
  | { readonly kind: 'generation'; readonly generation: TraceGeneration; readonly tables?: TableAddition }
  | { readonly kind: 'chunks'; readonly chunks: readonly ChunkNews[]; readonly done: number }
  | { readonly kind: 'samples'; readonly samples: readonly TraceCpuSample[]; readonly tables?: TableAddition }
  | { readonly kind: 'experiment'; readonly rows: readonly TraceExperimentRow[] }

export type ChunkNews = {
  readonly place: number
  readonly rowCount: number
  readonly hasSlots: boolean
  readonly tables?: TableAddition
  readonly messages?: ChangedStrings
}

export type OrderTraceOutput = {
  readonly read: Result<Decoded<TraceMeta>, Fault>
  /** Why the file could not be read to its end. */
  readonly failure?: Fault
}

export type OrderTraceJob = {
  readonly input: OrderTraceInput
  readonly output: OrderTraceOutput
  readonly news: OrderTraceNews
}

/** Chunks that are told together: a message wakes the other thread, which costs both as much as a chunk does. */
const TOLD_TOGETHER = 12

export const orderTrace: WorkerHandler<OrderTraceJob> = async (input, { signal, tell }) => {
  const { place, chunks, strict, withMessages } = input
  const file = openTraceFile(place)
  if (!file.ok) return err(file.error)
  const filler = openChunkFiller(chunks)
  const watcher = openTableWatcher()
  let untold: ChunkNews[] = []
  let done = 0
  const tellChunks = (): void => {
    if (untold.length > 0) tell({ kind: 'chunks', chunks: untold, done })
    untold = []
  }
  const tellNews = (news: OrderTraceNews): void => {
    tellChunks()
    tell(news)
  }
  async function* pieces(from: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    for await (const piece of from) {
      done += piece.length
      yield piece
      if (signal.aborted || filler.isEnded) return
      if (untold.length === 0) tell({ kind: 'bytes', done })
    }
  }
  try {
    const read = await readTrace(
      pieces(file.value.pieces(0, place.sizeBytes)),
      {
        onGeneration: (generation, tables) => {
          const added = watcher.addition(tables)
          tellNews({ kind: 'generation', generation, ...(added === undefined ? {} : { tables: added }) })
        },
        onChunk: (chunk, tables) => {
          const added = watcher.addition(tables)
          const messages = withMessages ? watcher.messages(chunk, tables) : undefined
          untold.push({
            place: filler.put(chunk),
            rowCount: chunk.rowCount,
            hasSlots: chunk.slots !== undefined,
            ...(added === undefined ? {} : { tables: added }),
            ...(messages === undefined ? {} : { messages }),
          })
          if (untold.length >= TOLD_TOGETHER || filler.isFull) tellChunks()
          filler.wait()
        },
        onCpuSamples: (samples, tables) => {
          const added = watcher.addition(tables)
          tellNews({ kind: 'samples', samples, ...(added === undefined ? {} : { tables: added }) })
        },
        onExperiment: (rows) => tellNews({ kind: 'experiment', rows }),
      },
      { strict, withMessages, seat: chunks.seat },
    )
    tellChunks()
    const failure = file.value.failure()
    return ok<WorkerAnswer<OrderTraceJob>>({ output: { read, ...(failure === undefined ? {} : { failure }) } })
  } finally {
    file.value.close()
  }
}
