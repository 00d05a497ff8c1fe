/**
 * What a propagator finds in headers: a context, nothing, or something malformed with why. Shared by all formats.
 * Enters: header fields as they came, names of any case. Leaves: ids as lower-case hex of full length.
 * What a parser accepts is what OpenTelemetry's Go propagators accept (go.opentelemetry.io/otel 1.45 and contrib),
 * since that decides whether a Go service goes on with the trace; stricter rules of a format are notes.
 */

export const propagatorNames = ['tracecontext', 'b3', 'jaeger', 'xray', 'ottrace', 'datadog'] as const
/** Names as autoprop has them (OTEL_PROPAGATORS); `datadog` is dd-trace-go's own. */
export type PropagatorName = (typeof propagatorNames)[number]

export type HeaderFields = readonly (readonly [name: string, value: string])[]

export type PropagatedContext = {
  readonly format: PropagatorName
  /** 32 and 16 hex digits. */
  readonly traceId: string
  readonly spanId: string
  /** 64: the upper half was not sent, and is 0. */
  readonly traceIdBits: 64 | 128
  /** Absent: the decision is left to whoever receives. */
  readonly isSampled?: boolean
  readonly isDebug?: boolean
  /** W3C level 2: the trace id's lower 7 bytes are random. */
  readonly isRandom?: boolean
  readonly traceState?: string
  /** What is odd about it, though it was read. */
  readonly notes: readonly string[]
}

export type Extraction =
  | { readonly kind: 'context'; readonly context: PropagatedContext }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly format: PropagatorName; readonly why: string }

export const NONE: Extraction = { kind: 'none' }

export function found(context: PropagatedContext): Extraction {
  return { kind: 'context', context }
}

export function malformed(format: PropagatorName, why: string): Extraction {
  return { kind: 'malformed', format, why }
}

/** All values of a header, in order; names compare without case. */
export function valuesOf(headers: HeaderFields, name: string): readonly string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
}

/** The first value, as Go's http.Header.Get gives it; '' where there is none. */
export function firstOf(headers: HeaderFields, name: string): string {
  return valuesOf(headers, name)[0] ?? ''
}

const ZEROS = /^0*$/

/** Lower-case hex of exactly so many digits, not all zero: trace.TraceIDFromHex and SpanIDFromHex in Go. */
export function whyNoId(text: string, digits: 16 | 32, what: string): string | undefined {
  if (text.length !== digits) return `the ${what} has ${text.length} digits instead of ${digits}`
  if (/[A-F]/.test(text)) return `the ${what} has upper-case digits`
  if (!/^[0-9a-f]+$/.test(text)) return `the ${what} is not hex`
  return ZEROS.test(text) ? `the ${what} is all zero` : undefined
}

/** How two trace ids relate: one may be the other without its upper half (jaegertracing/jaeger#3084). */
export function compareTraceIds(one: string, other: string): 'same' | 'truncated' | 'different' {
  if (one === other) return 'same'
  if (one.slice(16) !== other.slice(16)) return 'different'
  return ZEROS.test(one.slice(0, 16)) || ZEROS.test(other.slice(0, 16)) ? 'truncated' : 'different'
}
