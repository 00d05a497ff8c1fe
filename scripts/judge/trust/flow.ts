/**
 * How a handler of the shop moves through virtual time: a flow is one goroutine with its process, its context and its
 * clock. `hooks` are where an injector changes what the code does; a run without hooks is a healthy shop.
 */
import type { Random } from './random.ts'
import {
  type Attributes,
  type Context,
  endSpan,
  type Headers,
  type LogLine,
  type Process,
  type Request,
  type Span,
  type SpanContext,
  type SpanKindName,
  startSpan,
} from './runtime.ts'
import type { Shop } from './shop.ts'
import type { Truth } from './truth.ts'

export const US = 1e3
export const MS = 1e6
export const SECOND = 1e9

export type Protocol = 'http' | 'grpc' | 'kafka' | 'nats'

/** A call or message from one process to a service, before it is sent. */
export type Crossing = {
  readonly from: Process
  readonly to: string
  readonly protocol: Protocol
  /** Names of the spans on the two sides. */
  readonly clientName: string
  readonly serverName: string
  /** False: no span on the sending side, and no headers. */
  instrumented: boolean
  injects: boolean
  extracts: boolean
  /** How often the connection is refused at first, and the caller gives up too early. */
  refuseChance: number
  timeoutChance: number
  /** How long a message waits for its consumer; else drawn. */
  lagNs?: number
  /** What happens to the headers: the sender's own code first, then what is in between. */
  readonly onSend: ((headers: Headers) => Headers)[]
  readonly onWire: ((headers: Headers) => Headers)[]
  readonly attributes: Attributes
}

export type Hooks = {
  /** The context that a span of this name is started from. */
  parentOf?(flow: Flow, name: string, kind: SpanKindName, given: Context): Context
  /** False: the context that Start returned is dropped. */
  keeps?(flow: Flow, span: Span): boolean
  /** False: End is never called. */
  ends?(flow: Flow, span: Span): boolean
  crossing?(flow: Flow, crossing: Crossing): void
  /** After the receiver's span is there; undefined where none was made. */
  received?(flow: Flow, crossing: Crossing, sender: Span | undefined, receiver: Span): void
  /** True: a new root with a link to the context given (trace.WithNewRoot). */
  rootsAnew?(flow: Flow, name: string, kind: SpanKindName): boolean
  /** A marked place in the shop's code. True: what follows there is not done. */
  site?(flow: Flow, name: string): boolean
  log?(flow: Flow, line: LogLine): LogLine
  /** A request and all that it caused is over: what is lost on the way out. */
  finish?(request: Request): void
}

export type World = {
  readonly random: Random
  /** The injectors' own chance, so that the shop's does not move with the rate. */
  readonly chance: Random
  readonly shop: Shop
  readonly hooks: readonly Hooks[]
  readonly truth: Truth
  readonly endNs: number
  /** Utilisation of the shop at a time, 0 to below 1. */
  loadAt(ns: number): number
  readonly headers: { edge: { from: string; to: string }; direction: 'sent' | 'received'; headers: Headers }[]
  readonly keepsHeaders: boolean
}

export type Flow = {
  readonly world: World
  readonly request: Request
  readonly process: Process
  context: Context
  /** Now. */
  at: number
  failed: boolean
  /** The request's own headers, where this flow serves one. */
  readonly inbound?: Headers
}

const scopes: Readonly<Record<'go' | 'java', Readonly<Record<string, string>>>> = {
  go: {
    http: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp',
    grpc: 'go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc',
    sql: 'github.com/XSAM/otelsql',
    kafka: 'github.com/twmb/franz-go/plugin/kotel',
    nats: 'github.com/shop/natsotel',
  },
  java: {
    http: 'io.opentelemetry.tomcat-10.0',
    grpc: 'io.opentelemetry.grpc-1.6',
    sql: 'io.opentelemetry.jdbc',
    kafka: 'io.opentelemetry.kafka-clients-2.6',
    nats: 'io.opentelemetry.nats-2.17',
  },
}

export function scopeOf(process: Process, library: string, kind: SpanKindName): string {
  return process.scopes?.[kind] ?? scopes[process.language][library] ?? `shop/${process.service}`
}

export function fork(flow: Flow, change: Partial<Flow> = {}): Flow {
  return { ...flow, failed: false, ...change }
}

/** The CPU and the queues of this process: slower under load. */
export function work(flow: Flow, medianMs: number, sigma = 0.45): void {
  const { random } = flow.world
  const load = flow.world.loadAt(flow.at)
  const own = random.logNormal(medianMs * MS, sigma)
  flow.at += Math.round(own + random.exponential(medianMs * MS * 0.4 * (load / (1 - load))) + 2 * US)
}

export function start(
  flow: Flow,
  name: string,
  kind: SpanKindName,
  library: string,
  attributes: Attributes,
  more: { links?: SpanContext[]; newRoot?: boolean; sharedId?: boolean } = {},
): { span: Span; context: Context } {
  let parent = flow.context
  for (const hook of flow.world.hooks) parent = hook.parentOf?.(flow, name, kind, parent) ?? parent
  const anew = parent.span !== undefined && flow.world.hooks.some((hook) => hook.rootsAnew?.(flow, name, kind) === true)
  const { random } = flow.world
  const scope = scopeOf(flow.process, library, kind)
  const started = startSpan(random, flow.request, flow.process, parent, {
    name,
    kind,
    startNs: flow.at,
    scope,
    attributes,
    ...more,
    ...(anew && parent.span !== undefined ? { newRoot: true, links: [parent.span] } : {}),
  })
  for (const hook of flow.world.hooks) {
    if (hook.keeps?.(flow, started.span) === false) return { span: started.span, context: flow.context }
  }
  return started
}

export function end(flow: Flow, span: Span): void {
  if (flow.world.hooks.some((hook) => hook.ends?.(flow, span) === false)) return
  endSpan(span, flow.at)
}

/** `ctx, span := tracer.Start(ctx, name); defer span.End(); body`. */
export function inner(flow: Flow, name: string, body: (flow: Flow) => void, attributes: Attributes = {}): void {
  const { span, context } = start(flow, name, 'internal', 'own', {
    'code.function.name': codeName(flow, name),
    ...attributes,
  })
  const child = fork(flow, { context })
  child.at += 3 * US
  body(child)
  child.at += 2 * US
  end(child, span)
  flow.at = child.at
  if (child.failed) flow.failed = true
}

/** `go func() { … }()`: the caller goes on at once. */
export function goroutine(flow: Flow, body: (flow: Flow) => void, delayNs = 0): void {
  const child = fork(flow)
  child.at += Math.round(flow.world.random.exponential(15 * US) + delayNs)
  body(child)
}

/** errgroup with a goroutine each; done when the last one is. */
export function parallel(flow: Flow, bodies: readonly ((flow: Flow) => void)[]): void {
  let last = flow.at
  for (const body of bodies) {
    const child = fork(flow)
    child.at += Math.round(flow.world.random.exponential(20 * US))
    body(child)
    last = Math.max(last, child.at)
    if (child.failed) flow.failed = true
  }
  flow.at = last + 5 * US
}

export function log(flow: Flow, body: string, severity: 5 | 9 | 13 | 17 = 9, attributes: Attributes = {}): void {
  const span = flow.context.span
  const ids = span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId }
  let line: LogLine = { process: flow.process, atNs: flow.at, severity, body, attributes, ...ids }
  for (const hook of flow.world.hooks) line = hook.log?.(flow, line) ?? line
  flow.request.logs.push(line)
}

/** True where a hook has done, or left out, what follows. */
export function site(flow: Flow, name: string): boolean {
  return flow.world.hooks.some((hook) => hook.site?.(flow, name) === true)
}

function codeName(flow: Flow, name: string): string {
  return `shop/${flow.process.service}.(*Service).${name.replace(/(^|[._ ])(\w)/g, (_all, _dot, letter) => letter.toUpperCase())}`
}
