/**
 * What the finding of breaks takes in beside spans and logs, and what of it is adjustable.
 * Header facts are per edge, already parsed (decode/propagators); source findings are what an audit said of the same
 * services. Both are optional; they settle what spans alone leave open, and are never needed to see that a break is there.
 */
import type { LogTable } from '../../model/spans.ts'
import type { BreakClass } from '../../model/trust/break-classes.ts'
import type { SpanForest } from './forest.ts'
import type { Operations } from './operations.ts'

/** What was seen of the headers of one edge. Formats: tracecontext, b3, b3multi, jaeger, xray, ottrace, datadog … */
export type EdgeHeaders = {
  /** Absent: any caller. */
  readonly from?: string
  readonly to: string
  readonly requests: number
  /** Formats in which the caller sends a valid context. */
  readonly sent: readonly string[]
  /** Formats that arrive at the callee; absent where only one side was seen. */
  readonly received?: readonly string[]
  /** Formats that the callee reads, where that is known. */
  readonly read?: readonly string[]
  /** Requests in which two formats name different traces. */
  readonly disagree: number
  /** Requests sent with a context that arrive without any. */
  readonly stripped: number
  /** Requests whose trace id arrives cut to 64 bits. */
  readonly truncated: number
  /** Requests with baggage or tracestate and no context. */
  readonly baggageOnly: number
}

/** A finding of `audit`, as far as it helps here. */
export type SourceEvidence = {
  readonly class: BreakClass
  readonly service?: string
  /** As `code.function.name` has it. */
  readonly function?: string
  readonly file: string
  readonly line: number
  /** Of the span that the code starts, where it is a literal. */
  readonly spanName?: string
}

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
