/**
 * Calls between the services as the contrib instrumentations record them: net/http, gRPC, messaging over Kafka and NATS,
 * SQL, and calls to outside that never answer with a span.
 */
import { type Crossing, end, type Flow, fork, MS, type Protocol, start, US } from './flow.ts'
import {
  type Attributes,
  type Context,
  EMPTY,
  extract,
  type Headers,
  inject,
  type Process,
  type Span,
} from './runtime.ts'
import { pickProcess } from './shop.ts'

type Handler = (flow: Flow) => void

/** An HTTP request to another service. */
export function http(flow: Flow, to: string, method: string, route: string, handler: Handler): void {
  const attributes: Attributes = {
    'http.request.method': method,
    'server.address': to,
    'server.port': 8080,
    'url.full': `http://${to}:8080${pathOf(flow, route)}`,
  }
  call(flow, to, 'http', `HTTP ${method}`, `${method} ${route}`, attributes, handler, {
    'http.request.method': method,
    'http.route': route,
    'url.path': pathOf(flow, route),
    'server.address': to,
  })
}

/** A unary gRPC call. */
export function grpc(flow: Flow, to: string, rpcService: string, method: string, handler: Handler): void {
  const name = `${rpcService}/${method}`
  const attributes: Attributes = {
    'rpc.system': 'grpc',
    'rpc.service': rpcService,
    'rpc.method': method,
    'server.address': to,
    'server.port': 9090,
  }
  call(flow, to, 'grpc', name, name, attributes, handler, { ...attributes })
}

function call(
  flow: Flow,
  to: string,
  protocol: Protocol,
  clientName: string,
  serverName: string,
  attributes: Attributes,
  handler: Handler,
  serverAttributes: Attributes,
): void {
  const { random } = flow.world
  const crossing = announce(flow, openCrossing(flow, to, protocol, clientName, serverName, attributes))
  if (crossing.instrumented && random.chance(crossing.refuseChance)) refuse(flow, clientName, protocol, attributes)
  const began = flow.at
  const sent = crossing.instrumented ? start(flow, clientName, 'client', protocol, crossing.attributes) : undefined
  const headers = send(flow, crossing, sent?.context)
  const target = pickProcess(random, flow.world.shop, to, flow.at)
  const served = fork(flow, {
    process: target,
    at: flow.at + travel(flow),
    inbound: headers,
    context: read(target, crossing, headers),
  })
  serve(served, crossing, sent?.span, serverAttributes, handler)
  // A caller that does not wait longer; the callee goes on.
  const waits = random.chance(crossing.timeoutChance) ? 0.5 * MS + random.exponential(12 * MS) : 10_000 * MS
  const answered = served.at + travel(flow)
  flow.at = Math.min(answered, began + waits)
  if (answered > began + waits) served.failed = true
  if (sent !== undefined) {
    if (served.failed) markFailed(sent.span, answered > began + waits ? 'context deadline exceeded' : '')
    if (protocol === 'http') sent.span.attributes['http.response.status_code'] = served.failed ? 500 : 200
    else sent.span.attributes['rpc.grpc.status_code'] = served.failed ? 13 : 0
    end(flow, sent.span)
  }
  if (served.failed && random.chance(0.5)) flow.failed = true
}

function serve(
  flow: Flow,
  crossing: Crossing,
  sender: Span | undefined,
  attributes: Attributes,
  handler: Handler,
): Span {
  const isPublic = flow.process.traits.has('public-endpoint') && flow.context.span !== undefined
  const { span, context } = start(flow, crossing.serverName, 'server', crossing.protocol, attributes, {
    ...(isPublic && flow.context.span !== undefined ? { newRoot: true, links: [flow.context.span] } : {}),
    sharedId: flow.process.sharesIds === true,
  })
  // Zipkin's shared span: the server records the client's span, under the client's parent.
  if (flow.process.sharesIds === true && sender !== undefined) span.parentId = sender.parentId
  for (const hook of flow.world.hooks) hook.received?.(flow, crossing, sender, span)
  const body = fork(flow, { context })
  body.at += 20 * US
  handler(body)
  body.at += 10 * US
  if (flow.world.random.chance(0.008)) body.failed = true
  if (body.failed) markFailed(span, crossing.protocol === 'grpc' ? 'internal' : '')
  // Attributes set after End are not recorded, as in the SDK.
  if (span.endNs === undefined) {
    if (crossing.protocol === 'http') attributes['http.response.status_code'] = body.failed ? 500 : 200
    else attributes['rpc.grpc.status_code'] = body.failed ? 13 : 0
  }
  end(body, span)
  flow.at = body.at
  flow.failed = body.failed
  return span
}

/** A connection refused, before the retry that follows: a client span to which nobody answers. */
function refuse(flow: Flow, name: string, protocol: Protocol, attributes: Attributes): void {
  const { span } = start(flow, name, 'client', protocol, { ...attributes, 'error.type': 'connection_refused' })
  flow.at += 800 * US
  markFailed(span, 'dial tcp: connect: connection refused')
  end(flow, span)
  flow.at += Math.round(flow.world.random.exponential(20 * MS))
}

/** A message, and what its consumer does with it. `continues`: the consumer's span is a child, else a root with a link. */
export function publish(
  flow: Flow,
  system: 'kafka' | 'nats',
  topic: string,
  to: string,
  handler: Handler,
  continues = true,
): void {
  const { random } = flow.world
  const attributes: Attributes = {
    'messaging.system': system,
    'messaging.destination.name': topic,
    'messaging.operation.type': 'send',
  }
  const crossing = announce(flow, openCrossing(flow, to, system, `${topic} publish`, `${topic} process`, attributes))
  const sent = crossing.instrumented
    ? start(flow, crossing.clientName, 'producer', system, crossing.attributes)
    : undefined
  const headers = send(flow, crossing, sent?.context)
  flow.at += Math.round(random.logNormal(1.2 * MS, 0.5))
  if (sent !== undefined) end(flow, sent.span)
  const drawnLag = random.chance(0.03) ? random.exponential(6000 * MS) : random.logNormal(25 * MS, 0.8)
  const process = pickProcess(random, flow.world.shop, to, flow.at)
  const read_ = read(process, crossing, headers)
  const taken = fork(flow, {
    process,
    at: Math.round(flow.at + (crossing.lagNs ?? drawnLag)),
    inbound: headers,
    context: read_,
  })
  const link =
    (!continues || process.traits.has('links')) && read_.span !== undefined
      ? { newRoot: true, links: [read_.span] }
      : {}
  const { span, context } = start(
    taken,
    crossing.serverName,
    'consumer',
    system,
    { ...attributes, 'messaging.operation.type': 'process' },
    link,
  )
  for (const hook of flow.world.hooks) hook.received?.(taken, crossing, sent?.span, span)
  const body = fork(taken, { context })
  handler(body)
  end(body, span)
}

/** A statement; the database makes no spans. */
export function sql(flow: Flow, operation: string, table: string, medianMs = 1.5): void {
  const { span } = start(flow, `${operation} ${table}`, 'client', 'sql', {
    'db.system.name': 'postgresql',
    'db.operation.name': operation,
    'db.collection.name': table,
    'server.address': 'postgres-main',
    'server.port': 5432,
  })
  flow.at += Math.round(flow.world.random.logNormal(medianMs * MS, 0.7))
  end(flow, span)
}

/** A call to somebody who exports nothing here. */
export function outside(flow: Flow, host: string, method: string, medianMs: number): void {
  for (let attempt = 0; attempt < 3; attempt++) {
    const { span } = start(flow, `HTTP ${method}`, 'client', 'http', {
      'http.request.method': method,
      'server.address': host,
      'server.port': 443,
      'url.full': `https://${host}/v1/`,
      ...(attempt > 0 ? { 'http.request.resend_count': attempt } : {}),
    })
    flow.at += Math.round(flow.world.random.logNormal(medianMs * MS, 0.5))
    const failed = flow.world.random.chance(0.03)
    span.attributes['http.response.status_code'] = failed ? 503 : 200
    if (failed) markFailed(span, '')
    end(flow, span)
    if (!failed) return
    flow.at += Math.round(flow.world.random.exponential(50 * MS))
  }
}

/** A request that nobody in the shop made: from outside, a probe, a cron of the platform. */
export function arrive(flow: Flow, method: string, route: string, headers: Headers, handler: Handler): Span {
  const crossing = openCrossing(flow, flow.process.service, 'http', '', `${method} ${route}`, {})
  const served = fork(flow, { inbound: headers, context: extract(flow.process, headers) })
  const span = serve(
    served,
    crossing,
    undefined,
    { 'http.request.method': method, 'http.route': route, 'url.path': pathOf(flow, route) },
    handler,
  )
  flow.at = served.at
  return span
}

function openCrossing(
  flow: Flow,
  to: string,
  protocol: Protocol,
  clientName: string,
  serverName: string,
  attributes: Attributes,
): Crossing {
  return {
    from: flow.process,
    to,
    protocol,
    clientName,
    serverName,
    instrumented: true,
    injects: true,
    extracts: true,
    refuseChance: 0.003,
    timeoutChance: 0.004,
    onSend: [],
    onWire: [],
    attributes,
  }
}

function announce(flow: Flow, crossing: Crossing): Crossing {
  for (const hook of flow.world.hooks) hook.crossing?.(flow, crossing)
  return crossing
}

function send(flow: Flow, crossing: Crossing, context: Context | undefined): Headers {
  let headers = context === undefined || !crossing.injects ? {} : inject(flow.process, context)
  for (const change of crossing.onSend) headers = change(headers)
  note(flow, crossing, 'sent', headers)
  for (const change of crossing.onWire) headers = change(headers)
  note(flow, crossing, 'received', headers)
  return headers
}

function read(process: Process, crossing: Crossing, headers: Headers): Context {
  return crossing.extracts ? extract(process, headers) : EMPTY
}

function note(flow: Flow, crossing: Crossing, direction: 'sent' | 'received', headers: Headers): void {
  const { world } = flow
  if (!world.keepsHeaders) return
  world.headers.push({ edge: { from: flow.process.service, to: crossing.to }, direction, headers: { ...headers } })
}

function travel(flow: Flow): number {
  return Math.round(flow.world.random.logNormal(0.25 * MS, 0.4))
}

export function markFailed(span: Span, message: string): void {
  if (span.endNs !== undefined) return
  span.status = 2
  span.statusMessage = message
}

function pathOf(flow: Flow, route: string): string {
  return route.replace(/\{\w+\}/g, String(1000 + flow.request.number))
}
