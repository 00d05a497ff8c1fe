/**
 * Spans: how fast and in how much memory files of a million are decoded.
 * Makes the files (OTLP JSON in lines of requests, OTLP protobuf as the file exporter frames it, Jaeger and Zipkin
 * JSON) under .cache, then decodes each in a process of its own, streaming. `node bench/spans.ts [--spans N]`.
 */
import { createReadStream, createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { decodeSpans } from '../src/decode/spans/spans.ts'
import { measureCommand, medianRun } from './lib/measure.ts'

const BATCH = 500
const SPANS_PER_TRACE = 8
const START_NS = 1_760_000_000_000_000_000n
const SERVICES = ['gateway', 'cart', 'catalogue', 'pricing', 'checkout', 'payment', 'shipping', 'mail']

type Span = {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: readonly (readonly [string, string | number])[]
}

/** Deterministic: the same numbers in every run. */
function openRandom(seed: number): () => number {
  const state = { value: seed }
  return () => {
    state.value = (Math.imul(state.value, 1664525) + 1013904223) >>> 0
    return state.value
  }
}

function hex(random: () => number, words: number): string {
  let text = ''
  for (let word = 0; word < words; word++) text += random().toString(16).padStart(8, '0')
  return text
}

/** One batch of spans of one service. */
function makeBatch(index: number, size: number): { service: string; spans: Span[] } {
  const random = openRandom(index + 1)
  const service = SERVICES[index % SERVICES.length] as string
  const spans: Span[] = []
  let traceId = ''
  for (let at = 0; at < size; at++) {
    if (at % SPANS_PER_TRACE === 0) traceId = hex(random, 4)
    const startNs = START_NS + BigInt(index) * 5_000_000_000n + BigInt(at * 10_000_000 + (random() % 1_000_000))
    const spanId = hex(random, 2)
    const route = `/api/v1/${service}/items/{id}`
    spans.push({
      traceId,
      spanId,
      parentSpanId: at % SPANS_PER_TRACE === 0 ? '' : (spans[at - 1]?.spanId ?? ''),
      name: at % 2 === 0 ? `GET ${route}` : `${service}.Load`,
      kind: at % 2 === 0 ? 2 : 3,
      startNs,
      endNs: startNs + BigInt(random() % 50_000_000),
      attributes: [
        ['http.request.method', 'GET'],
        ['http.route', route],
        ['http.response.status_code', 200],
        ['url.path', `/api/v1/${service}/items/${random() % 5000}`],
        ['server.address', `${service}.shop.svc.cluster.local`],
        ['server.port', 8080],
        ['network.protocol.version', '1.1'],
        ['user_agent.original', 'Go-http-client/1.1'],
        ['client.address', `10.0.${random() % 4}.${random() % 250}`],
        ['http.response.body.size', random() % 100_000],
      ],
    })
  }
  return { service, spans }
}

function otlpJson(index: number, size: number): string {
  const { service, spans } = makeBatch(index, size)
  const text = (key: string, value: string | number) =>
    typeof value === 'number' ? { key, value: { intValue: String(value) } } : { key, value: { stringValue: value } }
  const resource = {
    attributes: [
      text('service.name', service),
      text('service.version', 'v1.4.2'),
      text('host.name', `node-${index % 16}`),
      text('process.pid', 100 + (index % 16)),
    ],
  }
  return `${JSON.stringify({
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          {
            scope: { name: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp', version: '0.70.0' },
            spans: spans.map((span) => ({
              traceId: span.traceId,
              spanId: span.spanId,
              parentSpanId: span.parentSpanId,
              flags: 257,
              name: span.name,
              kind: span.kind,
              startTimeUnixNano: String(span.startNs),
              endTimeUnixNano: String(span.endNs),
              attributes: span.attributes.map(([key, value]) => text(key, value)),
              status: {},
            })),
          },
        ],
      },
    ],
  })}\n`
}

function jaegerJson(index: number, size: number): string {
  const { service, spans } = makeBatch(index, size)
  const traces: Record<string, Span[]> = {}
  for (const span of spans) {
    traces[span.traceId] ??= []
    traces[span.traceId]?.push(span)
  }
  return `${JSON.stringify({
    data: Object.entries(traces).map(([traceID, list]) => ({
      traceID,
      spans: list.map((span) => ({
        traceID,
        spanID: span.spanId,
        operationName: span.name,
        references: span.parentSpanId === '' ? [] : [{ refType: 'CHILD_OF', traceID, spanID: span.parentSpanId }],
        startTime: Number(span.startNs / 1000n),
        duration: Number((span.endNs - span.startNs) / 1000n),
        tags: span.attributes.map(([key, value]) => ({
          key,
          type: typeof value === 'number' ? 'int64' : 'string',
          value,
        })),
        logs: [],
        processID: 'p1',
        warnings: null,
      })),
      processes: {
        p1: { serviceName: service, tags: [{ key: 'hostname', type: 'string', value: `node-${index % 16}` }] },
      },
    })),
  })}\n`
}

function zipkinJson(index: number, size: number): string {
  const { service, spans } = makeBatch(index, size)
  return `${JSON.stringify(
    spans.map((span) => ({
      traceId: span.traceId,
      id: span.spanId,
      ...(span.parentSpanId === '' ? {} : { parentId: span.parentSpanId }),
      kind: span.kind === 2 ? 'SERVER' : 'CLIENT',
      name: span.name,
      timestamp: Number(span.startNs / 1000n),
      duration: Number((span.endNs - span.startNs) / 1000n),
      localEndpoint: { serviceName: service, ipv4: `10.1.0.${index % 16}` },
      tags: Object.fromEntries(span.attributes.map(([key, value]) => [key, String(value)])),
    })),
  )}\n`
}

/** Protobuf by hand: this is a bench, not a codec. */
function otlpProto(index: number, size: number): Uint8Array {
  const { service, spans } = makeBatch(index, size)
  const bytes = (number: number, body: Buffer) => Buffer.concat([varint((number << 3) | 2), varint(body.length), body])
  const text = (number: number, value: string) => bytes(number, Buffer.from(value))
  const fixed64 = (number: number, value: bigint) => {
    const body = Buffer.alloc(9)
    body[0] = (number << 3) | 1
    body.writeBigUInt64LE(value, 1)
    return body
  }
  const pair = (number: number, key: string, value: string | number) =>
    bytes(
      number,
      Buffer.concat([
        text(1, key),
        bytes(2, typeof value === 'string' ? text(1, value) : Buffer.concat([varint(24), varint(value)])),
      ]),
    )
  const flags = Buffer.from([0x85, 0x01, 1, 1, 0, 0])
  const body = spans.map((span) =>
    bytes(
      2,
      Buffer.concat([
        bytes(1, Buffer.from(span.traceId, 'hex')),
        bytes(2, Buffer.from(span.spanId, 'hex')),
        ...(span.parentSpanId === '' ? [] : [bytes(4, Buffer.from(span.parentSpanId, 'hex'))]),
        text(5, span.name),
        varint(48),
        varint(span.kind),
        fixed64(7, span.startNs),
        fixed64(8, span.endNs),
        ...span.attributes.map(([key, value]) => pair(9, key, value)),
        flags,
      ]),
    ),
  )
  const resource = bytes(
    1,
    Buffer.concat([pair(1, 'service.name', service), pair(1, 'host.name', `node-${index % 16}`)]),
  )
  const scope = bytes(1, text(1, 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp'))
  const request = bytes(1, Buffer.concat([resource, bytes(2, Buffer.concat([scope, ...body]))]))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(request.length)
  return Buffer.concat([length, request])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}

const FORMATS: Readonly<Record<string, (index: number, size: number) => string | Uint8Array>> = {
  'otlp.json': otlpJson,
  'otlp.binpb': otlpProto,
  'jaeger.json': jaegerJson,
  'zipkin.json': zipkinJson,
}

async function makeFile(path: string, spans: number, make: (index: number, size: number) => string | Uint8Array) {
  const file = createWriteStream(path)
  for (let index = 0; index * BATCH < spans; index++) {
    const size = Math.min(BATCH, spans - index * BATCH)
    if (!file.write(make(index, size))) await new Promise((resolve) => file.once('drain', resolve))
  }
  await closeFile(file)
}

function closeFile(file: Writable): Promise<void> {
  return new Promise((resolve) => file.end(resolve))
}

async function decodeOne(path: string): Promise<void> {
  const begun = performance.now()
  const decoded = await decodeSpans([{ name: path, bytes: createReadStream(path, { highWaterMark: 1 << 20 }) }])
  const seconds = (performance.now() - begun) / 1000
  if (!decoded.ok) throw new Error(decoded.error.message)
  const { value, issues } = decoded.value
  process.stdout.write(JSON.stringify({ spans: value.count, seconds, traces: value.traceCount, issues: issues.length }))
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { spans: { type: 'string', default: '1000000' }, decode: { type: 'string' }, runs: { type: 'string' } },
  })
  if (values.decode !== undefined) return decodeOne(values.decode)
  const spans = Number(values.spans)
  const folder = join(import.meta.dirname, '..', '.cache', 'bench-spans')
  mkdirSync(folder, { recursive: true })
  for (const [suffix, make] of Object.entries(FORMATS)) {
    const path = join(folder, `${spans}.${suffix}`)
    if (!existsSync(path)) await makeFile(path, spans, make)
    const runs = []
    for (let run = 0; run < Number(values.runs ?? '3'); run++) {
      runs.push(await measureCommand([process.execPath, import.meta.filename, '--decode', path]))
    }
    const middle = medianRun(runs)
    const said = middle.stdout === '' ? undefined : (JSON.parse(middle.stdout) as { spans: number; seconds: number })
    const megabytes = (statSync(path).size / 1e6).toFixed(0)
    const peak = ((middle.peakBytes ?? 0) / 1e6).toFixed(0)
    const rate =
      said === undefined
        ? middle.stderr
        : `${said.seconds.toFixed(2)} s, ${Math.round(said.spans / said.seconds)} spans/s`
    console.log(
      `${suffix}: ${megabytes} MB, ${said?.spans ?? 0} spans, ${rate}, peak ${peak} MB, wall ${middle.wallSeconds.toFixed(2)} s`,
    )
  }
}

await main()
