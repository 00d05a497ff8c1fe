/**
 * What every use case of `ops` returns: the data with its findings, doubts and coverage, and a fault where the job
 * could not be done (then `data` still holds what was got). `cli` and `serve` turn it into the envelope and exit code.
 */
import type { ExitCode, Fault } from '../base/errors.ts'
import type { Coverage, Finding } from './contract.ts'
import type { Issue } from './issue.ts'

export type Report<T> = {
  readonly data: T
  readonly findings: readonly Finding[]
  readonly issues: readonly Issue[]
  readonly coverage: Coverage
  readonly error?: Fault
  /** What the report alone decides: 0 passes, 2 inconclusive, 3 partial beyond the tolerance. `error` and `--fail-on` may raise it. */
  readonly exitCode: ExitCode
}

/** Steps of a long job, for a progress line on stderr; never needed for the result. */
export type ProgressSink = {
  step(
    what: string,
    progress?: { readonly done: number; readonly total?: number; readonly unit?: 'bytes' | 'steps' },
  ): void
}
