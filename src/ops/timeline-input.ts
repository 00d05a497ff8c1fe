/**
 * The bytes of an execution trace on their way to the reader: progress, early ends, and, where they are no trace, what
 * they are instead.
 */
import { type Fault, fault } from '../base/errors.ts'
import { formatDuration } from '../base/units.ts'
import { detectKind } from '../decode/detect.ts'
import type { TraceStream } from '../model/ports.ts'
import type { ProgressSink } from '../model/report.ts'

/** Looked at where the input is no trace, to say what it is. */
export const HEAD_BYTES = 64 * 1024
/** Before that, nothing can be said of how long the rest takes. */
const LEAST_MS = 500

export type InputWatch = {
  /** The first bytes, kept. */
  head: Uint8Array
  /** Set from outside: no more is wanted. */
  readonly isOver: boolean
  /** Counted from outside, for the progress line. */
  readonly events: number
}

/** The stream's pieces, with progress; ends where the run is ended. */
export async function* watchBytes(
  stream: TraceStream,
  { progress, signal }: { readonly progress?: ProgressSink; readonly signal?: AbortSignal },
  watch: InputWatch,
): AsyncGenerator<Uint8Array, void> {
  const tell = openInputProgress(stream, progress, watch)
  let done = 0
  for await (const piece of stream.bytes) {
    if (done < HEAD_BYTES) watch.head = joinHead(watch.head, piece)
    done += piece.length
    yield piece
    if (signal?.aborted === true || watch.isOver) return
    tell(done)
  }
}

/** Says how many bytes have been read of the stream, and how long the rest takes. */
export function openInputProgress(
  stream: TraceStream,
  progress: ProgressSink | undefined,
  watch: InputWatch,
): (done: number) => void {
  const startMs = performance.now()
  const total = stream.sizeBytes
  return (done) =>
    progress?.step(sayReading(stream.name, watch.events, total, done, performance.now() - startMs), {
      done,
      ...(total === undefined ? {} : { total }),
      unit: 'bytes',
    })
}

/** `reading trace.bin, 12.4 M events, about 3s left` */
function sayReading(name: string, events: number, total: number | undefined, done: number, spentMs: number): string {
  const parts = [`reading ${name}`]
  if (events > 0) parts.push(`${sayCount(events)} events`)
  if (total !== undefined && total > done && spentMs >= LEAST_MS) {
    const leftMs = (spentMs / done) * (total - done)
    if (leftMs >= 1000) parts.push(`about ${formatDuration(Math.round(leftMs / 1000) * 1e9)} left`)
  }
  return parts.join(', ')
}

function sayCount(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`
  return count >= 1e3 ? `${Math.round(count / 1e3)} K` : String(count)
}

function joinHead(head: Uint8Array, piece: Uint8Array): Uint8Array {
  const more = piece.subarray(0, HEAD_BYTES - head.length)
  const joined = new Uint8Array(head.length + more.length)
  joined.set(head)
  joined.set(more, head.length)
  return joined
}

/** Why nothing could be read; what the input is, where it is no trace. */
export function explainTraceFault(
  error: Fault,
  stream: TraceStream,
  head: Uint8Array,
  failure: Fault | undefined,
): Fault {
  const target = error.target ?? stream.name
  if (failure !== undefined) return { ...failure, target, cause: error }
  if (error.code !== 'SL_DECODE_UNKNOWN_FORMAT') return { ...error, target }
  const { kind, fault: why } = detectKind(head, { name: stream.name })
  if (why !== undefined) return { ...why, target }
  if (kind === 'unknown') return { ...error, target }
  return fault('SL_DECODE_UNKNOWN_FORMAT', {
    message: `This is no execution trace: ${kind.replaceAll('-', ' ')}`,
    hint: 'Give it to sightline diagnose; timeline reads what /debug/pprof/trace, runtime/trace and go test -trace write.',
    target,
  })
}
