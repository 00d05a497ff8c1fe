/**
 * What the finding of breaks takes in beside spans and logs, and what of it is adjustable.
 * Header facts are per edge, already parsed (decode/propagators); source findings are what an audit said of the same
 * services. Both are optional; they settle what spans alone leave open, and are never needed to see that a break is there.
 */
import type { LogTable } from '../../model/spans.ts'
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
import type { SpanForest } from './forest.ts'
import type { Operations } from './operations.ts'

export type BreakOptions = {
  /** Longer than the time in which a span may still come; default: max(60 s, p99 of the roots' durations + 35 s). */
  readonly settleNs?: number
  /** When the data was complete, ns relative to the table's base; default: the end of the last span. */
  readonly readAtNs?: number
}

export type BreakInput = {
  readonly forest: SpanForest
  readonly operations: Operations
  readonly logs?: LogTable
  readonly headers?: readonly EdgeHeaders[]
  readonly source?: readonly SourceEvidence[]
  readonly options?: BreakOptions
}
