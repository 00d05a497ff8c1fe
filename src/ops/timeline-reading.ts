/**
 * What may be read out of an execution trace beside its account: each answer to a question is a reading, and one pass
 * over the trace serves them all. Enters: the readings of a run. Leaves: one consumer, and at the end what each adds to
 * the report. A reading without a consumer lives from the account alone; then the trace may be read in parts.
 */
import type { Fault } from '../base/errors.ts'
import type { Finding } from '../model/contract.ts'
import type { Issue } from '../model/issue.ts'
import type { TimelineData, TimelineReportData } from '../model/timeline.ts'
import type { TraceConsumer, TraceMeta, TraceTables } from '../model/trace.ts'
import type { TraceAccount } from '../model/trace-account.ts'

/** All that is known when the trace has been read. */
export type TimelineEnd = {
  readonly meta: TraceMeta
  readonly account: TraceAccount
  /** What the indices of the account's stacks mean. */
  readonly tables: TraceTables
  /** The account in its public form; a reading may give a better value of any of its fields. */
  readonly data: TimelineData
  readonly goVersion?: string
}

export type TimelineAddition = {
  readonly data?: Partial<TimelineReportData>
  readonly findings?: readonly Finding[]
  readonly issues?: readonly Issue[]
  /** The run has failed: what was asked for is not there. */
  readonly fault?: Fault
}

export type TimelineReading = {
  /** Is told of all events; absent where the account is enough. Chunks are reused: copy what must stay. */
  readonly consumer?: TraceConsumer
  /** Once, when all has been read, in the order of the readings. */
  finish(end: TimelineEnd): TimelineAddition | Promise<TimelineAddition>
}

/** One consumer that tells all of them, in their order; hooks that none has are absent. */
export function combineConsumers(consumers: readonly TraceConsumer[]): TraceConsumer {
  const [only, ...others] = consumers
  if (only !== undefined && others.length === 0) return only
  const generation = consumers.flatMap(({ onGeneration }) => onGeneration ?? [])
  const chunk = consumers.flatMap(({ onChunk }) => onChunk ?? [])
  const samples = consumers.flatMap(({ onCpuSamples }) => onCpuSamples ?? [])
  const experiment = consumers.flatMap(({ onExperiment }) => onExperiment ?? [])
  return {
    ...(generation.length === 0
      ? {}
      : {
          onGeneration: (one, tables) => {
            for (const tell of generation) tell(one, tables)
          },
        }),
    ...(chunk.length === 0
      ? {}
      : {
          onChunk: (one, tables) => {
            for (const tell of chunk) tell(one, tables)
          },
        }),
    ...(samples.length === 0
      ? {}
      : {
          onCpuSamples: (rows, tables) => {
            for (const tell of samples) tell(rows, tables)
          },
        }),
    ...(experiment.length === 0
      ? {}
      : {
          onExperiment: (rows) => {
            for (const tell of experiment) tell(rows)
          },
        }),
  }
}
