/**
 * Spans as columns: what OTLP, Jaeger, Zipkin and Tempo files decode to, and what trust judges.
 * A row is a span as it was exported; nothing is repaired, joined or moved. Ids are bytes; strings, resources and traces
 * are dense indices, so that a million spans stay below a few hundred bytes each. Times are ns relative to `baseUnixNs`,
 * exact within 104 days of it; a span outside is left out with an issue.
 *
 *   files ─► SpanTable (+ LogTable) ─► trace trees ─► primitives ─► break classes ─► verdict
 */

/** OTLP SpanKind; other formats are mapped (Jaeger's span.kind tag, Zipkin's kind). */
export const spanKinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof spanKinds)[number]

/** OTLP Status.code. */
export const spanStatuses = ['unset', 'ok', 'error'] as const

/** What `Span.flags` bits 8 and 9 say of the parent; formats without flags say `unknown`. */
export const parentPlaces = ['unknown', 'local', 'remote'] as const
export type ParentPlace = (typeof parentPlaces)[number]

export type AttributeValue = string | number | boolean | bigint

/** Who emitted: the OTLP resource. Jaeger's process and Zipkin's local endpoint are mapped to semantic conventions. */
export type SpanResource = {
  /** `service.name`; 'unknown_service' where the input has none. */
  readonly service: string
  /** `service.version` */
  readonly version?: string
  /** `service.instance.id`, else `host.name` + pid where both are there. */
  readonly instance?: string
  /** `host.id`, `host.name`, `k8s.pod.uid` or the peer's address: where its clock is. Absent: not known, never shared. */
  readonly host?: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly schemaUrl?: string
}

/** Instrumentation library. */
export type SpanScope = { readonly name: string; readonly version?: string }

export type SpanTable = {
  readonly count: number
  /** Time 0 of every column of times. */
  readonly baseUnixNs: bigint
  /** Index 0 is ''. Names, keys, string values. */
  readonly strings: readonly string[]
  readonly resources: readonly SpanResource[]
  readonly scopes: readonly SpanScope[]

  /** 16 bytes for each trace, by trace index. A 64-bit id fills the last eight, the first are 0. */
  readonly traceIds: Uint8Array
  readonly traceCount: number

  // One place per span:
  readonly traces: Uint32Array
  /** Big-endian halves of the id; both 0 = none (in the input invalid, kept). */
  readonly idHigh: Uint32Array
  readonly idLow: Uint32Array
  /** Both 0 = no parent. */
  readonly parentHigh: Uint32Array
  readonly parentLow: Uint32Array
  readonly startNs: Float64Array
  readonly endNs: Float64Array
  readonly names: Uint32Array
  /** Index of spanKinds, spanStatuses, parentPlaces. */
  readonly kinds: Uint8Array
  readonly statuses: Uint8Array
  readonly parentPlaces: Uint8Array
  /** W3C trace flags (bit 0: sampled, bit 1: random); 255 where the format has none. */
  readonly traceFlags: Uint8Array
  readonly traceStates: Uint32Array
  readonly resourceOf: Uint32Array
  readonly scopeOf: Uint32Array
  /** File of `sources` it came from. */
  readonly sourceOf: Uint16Array

  // Lists of span s: places [start[s] .. start[s + 1]).
  readonly attributeStart: Uint32Array
  readonly attributeKeys: Uint32Array
  /** Value as text, an index of strings: numbers and booleans as JSON prints them, arrays and maps as JSON. */
  readonly attributeValues: Uint32Array
  readonly linkStart: Uint32Array
  /** Trace index; a link to a trace of which no span was read has one too. */
  readonly linkTraces: Uint32Array
  readonly linkHigh: Uint32Array
  readonly linkLow: Uint32Array
  readonly eventStart: Uint32Array
  readonly eventNames: Uint32Array
  readonly eventNs: Float64Array

  readonly sources: readonly SpanSource[]
}

export type SpanSource = {
  readonly name: string
  readonly format: SpanFormat
  readonly spans: number
  /** A reader's display limit, a page of a search: spans may be missing for that reason alone. */
  readonly mayBePartial?: string
}

const spanFormats = ['otlp-json', 'otlp-protobuf', 'jaeger-json', 'zipkin-v2', 'tempo-json'] as const
export type SpanFormat = (typeof spanFormats)[number]

/** Log records, of OTLP or of JSON lines, as far as trust reads them. Ids as in SpanTable, in tables of their own. */
export type LogTable = {
  readonly count: number
  readonly baseUnixNs: bigint
  readonly strings: readonly string[]
  readonly resources: readonly SpanResource[]
  /** NaN: no time that could be read, or one more than 104 days from the others. */
  readonly timeNs: Float64Array
  /** 16 and 8 bytes per record; all 0 where the record has none or one that is no id. */
  readonly traceIds: Uint8Array
  readonly spanIds: Uint8Array
  /** What stood where the trace id belongs and is no W3C id (16 hex digits, a UUID, a word), index of strings; 0 = nothing. */
  readonly oddTraceIds: Uint32Array
  /** OTLP SeverityNumber 1..24; 0 = none. */
  readonly severities: Uint8Array
  /** Index of strings: the body's first 256 characters. */
  readonly bodies: Uint32Array
  readonly resourceOf: Uint32Array
  readonly sources: readonly { readonly name: string; readonly format: string; readonly records: number }[]
}

/** Attributes that trust reads; decoders keep these and those asked for, the rest are counted and dropped. */
export const trustedAttributes: readonly string[] = [
  'http.request.method',
  'http.method',
  'http.route',
  'http.target',
  'url.path',
  'url.full',
  'http.url',
  'http.status_code',
  'http.response.status_code',
  'server.address',
  'server.port',
  'net.peer.name',
  'net.peer.port',
  'net.peer.ip',
  'peer.service',
  'peer.address',
  'client.address',
  'network.peer.address',
  'rpc.system',
  'rpc.service',
  'rpc.method',
  'messaging.system',
  'messaging.operation',
  'messaging.operation.type',
  'messaging.operation.name',
  'messaging.destination.name',
  'messaging.destination',
  'messaging.batch.message_count',
  'db.system',
  'db.system.name',
  'db.operation',
  'code.function',
  'code.function.name',
  'code.namespace',
  'code.filepath',
  'code.file.path',
  'code.lineno',
  'code.line.number',
  'thread.id',
  'error.type',
  'exception.type',
  'exception.message',
  'otel.status_description',
  'sampling.probability',
  'sampling.rule',
  'sampling.priority',
  'sampler.type',
  'sampler.param',
  'user_agent.original',
  'http.request.header.traceparent',
  'http.request.header.b3',
  'http.request.header.x-b3-traceid',
  'http.request.header.uber-trace-id',
  'http.request.header.x-datadog-trace-id',
  'http.request.header.x-amzn-trace-id',
  'http.request.header.baggage',
  'http.request.header.tracestate',
  'trace_id',
  'traceId',
  'traceID',
]
