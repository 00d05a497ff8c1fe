/**
 * What was seen of the headers of one edge: what the caller sends, what arrives, what the callee reads. Counts, never
 * values. Decoded from a file of headers (decode/propagators), matched to services by ops, weighed by the break classes,
 * shown with the edge's grade.
 */

/** Names as OTEL_PROPAGATORS has them; the two forms of B3 are told apart; `datadog` is dd-trace-go's own. */
export type HeaderFormat = 'tracecontext' | 'b3' | 'b3multi' | 'jaeger' | 'xray' | 'ottrace' | 'datadog'

export type EdgeHeaders = {
  /** Absent: any caller. */
  readonly from?: string
  readonly to: string
  readonly requests: number
  /** Formats in which the caller sends a valid context. */
  readonly sent: readonly HeaderFormat[]
  /** Formats that arrive at the callee; absent where only one side was seen. */
  readonly received?: readonly HeaderFormat[]
  /** Formats that the callee reads, where that is known. */
  readonly read?: readonly HeaderFormat[]
  /** Requests in which two formats name different traces. */
  readonly disagree: number
  /** Requests sent with a context that arrive without any. */
  readonly stripped: number
  /** Requests whose trace id arrives cut to 64 bits. */
  readonly truncated: number
  /** Requests with baggage or tracestate and no context. */
  readonly baggageOnly: number
  /** Requests that the caller sends with neither context nor baggage nor tracestate. */
  readonly bare?: number
  /** Requests that the caller sends with baggage, whatever else they hold. */
  readonly withBaggage?: number
  /** Share of the requests that the caller sends with a valid context, by format. */
  readonly sends?: readonly { readonly format: HeaderFormat; readonly share: number }[]
  /** Share of the requests with a valid context, by format; of the callee's side where that was seen. */
  readonly carries?: readonly { readonly format: HeaderFormat; readonly share: number }[]
}
