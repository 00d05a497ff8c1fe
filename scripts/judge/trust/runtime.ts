/**
 * A small model of the OpenTelemetry SDKs: contexts, samplers, propagators, spans. Handlers of the shop run over it in
 * virtual time; what is broken is broken here as in the real SDK (a span that is never ended is never exported, an empty
 * context makes a root, a sampler's decision travels in the header), so that the damage is the SDK's own and not painted.
 * Times are ns since the first second of the run.
 */
import type { Random } from './random.ts'

export type PropagatorName = 'tracecontext' | 'baggage' | 'b3' | 'b3multi'
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type Attributes = Record<string, string | number | boolean>
export type Headers = Record<string, string>

/** One instance of a service. */
export type Process = {
  readonly service: string
  instance: string
  version: string
  host: string
  /** How far its host's clock is ahead. */
  clockOffsetNs: number
  language: 'go' | 'java'
  /** The exporter says whether the parent is remote (OTLP flags, bits 8 and 9). */
  tellsParentPlace: boolean
  propagators: PropagatorName[]
  /** False: requests are served without a look at their headers. */
  extracts: boolean
  /** Undefined: always on. A root is sampled in this share. */
  rootRatio?: number
  /** A ratio of its own without regard to the parent's decision (by the trace id, as TraceIDRatioBased does). */
  ownRatio?: number
  /** Always sampled, whatever the parent decided. */
  alwaysOn?: boolean
  /** Ids of incoming traces are cut to 64 bits. */
  truncatesIds?: boolean
  /** Server spans take the client's id (Zipkin's shared spans). */
  sharesIds?: boolean
  /** How much later than others its spans arrive. */
  exportDelayNs?: number
  extraResource?: Attributes
  /** Overrides of the names of instrumentation scopes, by kind. */
  scopes?: Partial<Record<SpanKindName, string>>
  readonly traits: Set<string>
  /** Anything an injector keeps per process. */
  readonly memory: Map<string, Context>
}

export type SpanContext = { traceId: string; spanId: string; sampled: boolean; remote: boolean }
export type Context = { readonly span?: SpanContext; readonly live?: Span; readonly cancelledAtNs?: number }

export type Span = {
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  parentId: string
  name: string
  readonly kind: SpanKindName
  readonly startNs: number
  endNs: number | undefined
  readonly attributes: Attributes
  readonly links: SpanContext[]
  status: 0 | 2
  statusMessage: string
  readonly process: Process
  readonly scope: string
  readonly isSampled: boolean
  /** Set when a collector or exporter loses it. */
  lost: boolean
  /** Delivered a second time. */
  repeated: boolean
}

export type LogLine = {
  readonly process: Process
  readonly atNs: number
  readonly severity: 5 | 9 | 13 | 17
  readonly body: string
  readonly attributes: Attributes
  readonly traceId?: string
  readonly spanId?: string
}

export const EMPTY: Context = {}

/** What is made for one request: everything that it causes, in whichever service. */
export type Request = {
  readonly number: number
  readonly startNs: number
  readonly spans: Span[]
  readonly logs: LogLine[]
}

/** tracer.Start: samples, makes ids, records. The span is exported only where it is ended. */
export function startSpan(
  random: Random,
  request: Request,
  process: Process,
  context: Context,
  what: {
    name: string
    kind: SpanKindName
    startNs: number
    scope: string
    attributes?: Attributes
    links?: SpanContext[]
    newRoot?: boolean
    sharedId?: boolean
  },
): { span: Span; context: Context } {
  const parent = what.newRoot === true ? undefined : context.span
  const shared = what.sharedId === true && parent !== undefined
  const traceId = parent?.traceId ?? random.hex(16)
  const isSampled = decide(random, process, parent, traceId)
  const spanId = shared && parent !== undefined ? parent.spanId : random.hex(8)
  const spanContext: SpanContext = { traceId, spanId, sampled: isSampled, remote: false }
  const span: Span = {
    context: spanContext,
    parent,
    parentId: parent === undefined ? '' : parent.spanId,
    name: what.name,
    kind: what.kind,
    startNs: what.startNs,
    endNs: undefined,
    attributes: what.attributes ?? {},
    links: what.links ?? [],
    status: 0,
    statusMessage: '',
    process,
    scope: what.scope,
    isSampled,
    lost: false,
    repeated: false,
  }
  request.spans.push(span)
  const kept = context.cancelledAtNs === undefined ? {} : { cancelledAtNs: context.cancelledAtNs }
  return { span, context: { span: spanContext, live: span, ...kept } }
}

/** span.End: the first one wins. */
export function endSpan(span: Span, atNs: number): void {
  if (span.endNs === undefined) span.endNs = Math.max(atNs, span.startNs)
}

export function isExported(span: Span): boolean {
  return span.isSampled && span.endNs !== undefined && !span.lost
}

/** propagator.Inject of every propagator that the process has set. */
export function inject(process: Process, context: Context): Headers {
  const headers: Headers = {}
  const span = context.span
  for (const name of process.propagators) {
    if (name === 'baggage') headers.baggage = 'tenant=shop-eu'
    if (span === undefined) continue
    const flag = span.sampled ? '01' : '00'
    if (name === 'tracecontext') headers.traceparent = `00-${span.traceId}-${span.spanId}-${flag}`
    if (name === 'b3') headers.b3 = `${span.traceId}-${span.spanId}-${span.sampled ? 1 : 0}`
    if (name === 'b3multi') {
      headers['x-b3-traceid'] = span.traceId
      headers['x-b3-spanid'] = span.spanId
      headers['x-b3-sampled'] = span.sampled ? '1' : '0'
    }
  }
  return headers
}

/** propagator.Extract: what the process can read of the headers. */
export function extract(process: Process, headers: Headers): Context {
  if (!process.extracts) return EMPTY
  for (const name of process.propagators) {
    const found = readHeader(name, headers)
    if (found === undefined) continue
    const traceId = process.truncatesIds === true ? found.traceId.slice(16).padStart(32, '0') : found.traceId
    return { span: { ...found, traceId } }
  }
  return EMPTY
}

function readHeader(name: PropagatorName, headers: Headers): SpanContext | undefined {
  if (name === 'tracecontext' && headers.traceparent !== undefined) {
    const [, traceId = '', spanId = '', flags = '00'] = headers.traceparent.split('-')
    return { traceId, spanId, sampled: flags === '01', remote: true }
  }
  if (name === 'b3' && headers.b3 !== undefined) {
    const [traceId = '', spanId = '', sampled = '0'] = headers.b3.split('-')
    return { traceId, spanId, sampled: sampled === '1', remote: true }
  }
  const traceId = headers['x-b3-traceid']
  if (name !== 'b3multi' || traceId === undefined) return undefined
  return { traceId, spanId: headers['x-b3-spanid'] ?? '', sampled: headers['x-b3-sampled'] === '1', remote: true }
}

function decide(random: Random, process: Process, parent: SpanContext | undefined, traceId: string): boolean {
  if (process.alwaysOn === true) return true
  if (process.ownRatio !== undefined) return isInRatio(traceId, process.ownRatio)
  if (parent !== undefined) return parent.sampled
  return process.rootRatio === undefined || random.chance(process.rootRatio)
}

/** TraceIDRatioBased of the Go SDK: by the last eight bytes of the id. */
function isInRatio(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(16, 24), 16) / 2 ** 32 < ratio
}
