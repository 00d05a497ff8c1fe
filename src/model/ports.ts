/**
 * The ports: what a room may ask of the world outside it. Narrow, by capability; an adapter declares what it cannot
 * do, it never emulates badly. Implemented by `collect` and `store`, wired in `main.ts`, handed down as `deps`.
 * Model: storage/interface.go in prometheus/prometheus. Ranges are half-open [start, end) in unix ns.
 */
import type { Fault } from '../base/errors.ts'
import type { Result } from '../base/result.ts'
import type { Capture, CaptureFile, CaptureManifest } from './capture.ts'
import type { Issue } from './issue.ts'
import type { MetricFamily } from './metrics.ts'
import type { Profile } from './profile.ts'

/** Wall time and a monotonic clock. Replay gives a clock that stands still. */
export type Clock = {
  nowUnixNs(): bigint
  nowMonoNs(): number
}

/** Inflates gzip, zlib or zstd within bounds: `maxBytes` of output and a ratio limit, else SL_DECODE_BOMB. */
export type Inflater = {
  inflate(bytes: Uint8Array, limits: { readonly maxBytes: number }): Promise<Result<Uint8Array>>
}

/** What the platforms' AbortSignal offers of itself here. */
export type AbortNotice = {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A kind of work that another thread can do. All three are structured-cloneable: plain data and typed arrays. */
export type WorkerJob = { readonly input: unknown; readonly output: unknown; readonly news: unknown }
/** The jobs of a pool by name; a name means the same on both sides, so that both are typed by it. */
export type WorkerJobs = Readonly<Record<string, WorkerJob>>

export type WorkerRunOptions<Job extends WorkerJob> = {
  /** Aborted: what has not begun does not; what has is told through its own signal, and may still give what it has. */
  readonly signal?: AbortNotice
  /** What a job tells while it works; `index` is that of its input. */
  readonly onNews?: (index: number, news: Job['news']) => void
  /** Buffers of an input that go over to the worker instead of being copied. */
  readonly transfer?: (input: Job['input']) => readonly ArrayBuffer[]
}

/** Runs jobs on other threads, as many at a time as there are workers; results in the order of the inputs. A worker
 *  that dies or throws is a fault of that input (SL_COLLECT_WORKER_LOST), and the others go on. */
export type WorkerPool<Jobs extends WorkerJobs> = {
  /** Workers at most. */
  readonly size: number
  run<Name extends keyof Jobs & string>(
    job: Name,
    inputs: readonly Jobs[Name]['input'][],
    options?: WorkerRunOptions<Jobs[Name]>,
  ): Promise<Result<Jobs[Name]['output']>[]>
  /** Ends all workers; what runs becomes a fault. */
  close(): Promise<void>
}

/** The side of the worker: what does a job. Never throws for what its input holds. */
export type WorkerHandler<Job extends WorkerJob> = (
  input: Job['input'],
  context: { readonly signal: AbortNotice; readonly tell: (news: Job['news']) => void },
) => Promise<Result<WorkerAnswer<Job>>>

export type WorkerAnswer<Job extends WorkerJob> = {
  readonly output: Job['output']
  /** Buffers of the output that go over instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[]
}

/** Reads captures from disk: a folder, an `.slc`, loose files, stdin. */
export type CaptureReader = {
  readCapture(paths: readonly string[]): Promise<Result<Capture>>
}

/** An execution trace as it comes: read `bytes` once, to its end or to where it is given up; that closes the file. */
export type TraceStream = {
  /** The file it is, for people and issues. */
  readonly name: string
  /** Where it is known beforehand. */
  readonly sizeBytes?: number
  /** `go1.27.3`, where a capture around it says it. */
  readonly goVersion?: string
  readonly issues: readonly Issue[]
  /** The same bytes, where they can also be read at any place. */
  readonly place?: TracePlace
  /** The capture around it, where there is one. */
  readonly capture?: TraceCapture
  /** Never throws: it ends where reading fails, and `failure` says why. A piece holds until the next is asked for. */
  readonly bytes: AsyncIterable<Uint8Array>
  failure(): Fault | undefined
}

/** What else was taken with a trace. */
export type TraceCapture = {
  readonly manifest?: CaptureManifest
  /** Its goroutine dumps, read when asked for; those that cannot be read are left out. */
  readDumps(): Promise<readonly CaptureFile[]>
}

/** A trace at rest, uncompressed, in a file that can be read at any place by any thread. */
export type TracePlace = { readonly path: string; readonly sizeBytes: number }

/** Finds the execution trace in a file, in a capture (folder or `.slc`), or on stdin (`-`), without reading it. */
export type TraceOpener = {
  openTrace(path: string): Promise<Result<TraceStream>>
}

export type CaptureWriter = {
  /** A folder, or an `.slc` file when the path ends so. */
  writeCapture(capture: Capture, path: string): Promise<Result<{ readonly path: string; readonly sizeBytes: number }>>
}

export type TimeRange = { readonly startNs: bigint; readonly endNs: bigint }

/** One attribute test of a query; adapters that cannot do `regex` say so in `capabilities`. */
export type Matcher = { readonly name: string; readonly op: '=' | '!=' | 'regex' | '!regex'; readonly value: string }

export type Capabilities = { readonly cannot: readonly string[] }

/** Columns of spans or logs, dictionary-coded; `rowCount` long each. Designed with the store, kept narrow here. */
export type ColumnBatch = {
  readonly rowCount: number
  readonly columns: Readonly<
    Record<string, Float64Array | BigInt64Array | BigUint64Array | Uint32Array | readonly string[]>
  >
  readonly dictionaries: Readonly<Record<string, readonly string[]>>
}

export type SpanWriter = { writeSpans(batch: ColumnBatch): Promise<Result<{ readonly acknowledged: number }>> }
export type SpanReader = Capabilities & {
  readTrace(traceId: string): Promise<Result<ColumnBatch>>
  searchSpans(range: TimeRange, matchers: readonly Matcher[], limit: number): Promise<Result<ColumnBatch>>
}
export type LogWriter = { writeLogs(batch: ColumnBatch): Promise<Result<{ readonly acknowledged: number }>> }
export type LogReader = Capabilities & {
  readLogs(range: TimeRange, matchers: readonly Matcher[], limit: number): Promise<Result<ColumnBatch>>
}
export type MetricWriter = {
  writeMetrics(families: readonly MetricFamily[]): Promise<Result<{ readonly acknowledged: number }>>
}
export type MetricReader = Capabilities & {
  readSeries(range: TimeRange, matchers: readonly Matcher[], stepNs: number): Promise<Result<ColumnBatch>>
}
export type ProfileMeta = {
  readonly service: string
  readonly instance?: string
  readonly kind: string
  readonly range: TimeRange
}
export type ProfileWriter = {
  writeProfile(meta: ProfileMeta, profile: Profile, raw: Uint8Array): Promise<Result<{ readonly id: string }>>
}
export type ProfileReader = Capabilities & {
  listProfiles(
    range: TimeRange,
    matchers: readonly Matcher[],
  ): Promise<Result<readonly (ProfileMeta & { readonly id: string })[]>>
  readProfile(id: string): Promise<Result<Uint8Array>>
}
export type Alert = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAtNs: bigint
  readonly endsAtNs?: bigint
}
export type AlertSource = { listAlerts(range: TimeRange): Promise<Result<readonly Alert[]>> }
