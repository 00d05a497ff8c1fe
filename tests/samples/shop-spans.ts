/**
 * Spans of a small shop for tests of the command: gateway → cart → price, and cart → stock, drawn by rule, the same in
 * every run; written in each format that is read. `lost`: the share of traces in which price begins a trace of its own
 * though cart called it; `skewNs`: how far the clock of price's host is ahead.
 */
import { type Field, hexBytes, writeMessage } from '../../src/decode/testing/write-otlp-proto.ts'

export type ShopSpan = {
  readonly traceId: string
  readonly spanId: string
  readonly parentId?: string
  readonly service: string
  readonly kind: 'server' | 'client'
  readonly name: string
  readonly startNs: bigint
  readonly durationNs: number
  /** More than a test needs: what instrumentation really writes. */
  readonly attributes?: readonly (readonly [string, string])[]
}

export type ShopOptions = {
  readonly traces?: number
  readonly lost?: number
  readonly skewNs?: number
  /** Between two traces. */
  readonly gapMs?: number
  /** Number of the first trace: batches of one long time. */
  readonly first?: number
}

const BEGIN_NS = 1_767_225_600_000_000_000n
const kinds = { server: 2, client: 3 } as const

export function makeShop({ traces = 600, lost = 0, skewNs = 0, gapMs = 500, first = 0 }: ShopOptions = {}): ShopSpan[] {
  const spans: ShopSpan[] = []
  let seed = 7 + first
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32
  }
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
  for (let index = 0; index < traces; index++) {
    const traceId = hex(32)
    const begin = BEGIN_NS + BigInt(Math.round((first + index + random() * 0.5) * gapMs * 1e6))
    const add = (
      service: string,
      kind: ShopSpan['kind'],
      name: string,
      [fromMs, toMs]: readonly [number, number],
      parentId?: string,
      trace = traceId,
    ): string => {
      const spanId = hex(16)
      const ahead = service === 'price' ? BigInt(skewNs) : 0n
      const startNs = begin + BigInt(Math.round((fromMs + random() * 0.4) * 1e6)) + ahead
      const durationNs = Math.round((toMs - fromMs - random() * 0.4) * 1e6)
      spans.push({
        traceId: trace,
        spanId,
        ...(parentId === undefined ? {} : { parentId }),
        service,
        kind,
        name,
        startNs,
        durationNs,
      })
      return spanId
    }
    const isLost = random() < lost
    const top = add('gateway', 'server', 'GET /cart', [0, 100])
    const call = add('gateway', 'client', 'GET /cart', [2, 96], top)
    const cart = add('cart', 'server', 'GET /cart', [4, 94], call)
    const asks = add('cart', 'client', 'GET /price', [8, 50], cart)
    if (isLost) add('price', 'server', 'GET /price', [12, 46], undefined, hex(32))
    else add('price', 'server', 'GET /price', [12, 46], asks)
    const checks = add('cart', 'client', 'GET /stock', [52, 90], cart)
    add('stock', 'server', 'GET /stock', [56, 86], checks)
  }
  return spans
}

const hostOf = (service: string) => `node-${service}`

function byService(spans: readonly ShopSpan[]): readonly (readonly [string, readonly ShopSpan[]])[] {
  return [...new Set(spans.map(({ service }) => service))].map((service) => [
    service,
    spans.filter((span) => span.service === service),
  ])
}

function otlpBatches(spans: readonly ShopSpan[]): object[] {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
  return byService(spans).map(([service, own]) => ({
    resource: {
      attributes: [
        text('service.name', service),
        text('host.name', hostOf(service)),
        text('service.instance.id', `${service}-1`),
      ],
    },
    scopeSpans: [
      {
        scope: { name: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp' },
        spans: own.map((span) => ({
          traceId: span.traceId,
          spanId: span.spanId,
          ...(span.parentId === undefined ? {} : { parentSpanId: span.parentId }),
          flags: span.kind === 'server' && span.parentId !== undefined ? 0x301 : 0x101,
          name: span.name,
          kind: kinds[span.kind],
          startTimeUnixNano: String(span.startNs),
          endTimeUnixNano: String(span.startNs + BigInt(span.durationNs)),
          attributes: [
            text('http.request.method', 'GET'),
            ...(span.kind === 'client' ? [text('server.address', span.name.slice(5))] : []),
            ...(span.attributes ?? []).map(([key, value]) => text(key, value)),
          ],
        })),
      },
    ],
  }))
}

const byTrace = (spans: readonly ShopSpan[]) => Object.entries(Object.groupBy(spans, ({ traceId }) => traceId))

function jaegerTrace(traceID: string, spans: readonly ShopSpan[]): object {
  const services = [...new Set(spans.map(({ service }) => service))]
  return {
    traceID,
    spans: spans.map((span) => ({
      traceID,
      spanID: span.spanId,
      operationName: span.name,
      references: span.parentId === undefined ? [] : [{ refType: 'CHILD_OF', traceID, spanID: span.parentId }],
      startTime: Number(span.startNs / 1000n),
      duration: Math.round(span.durationNs / 1000),
      tags: [{ key: 'span.kind', type: 'string', value: span.kind }],
      logs: [],
      processID: `p${services.indexOf(span.service)}`,
    })),
    processes: Object.fromEntries(
      services.map((service, index) => [
        `p${index}`,
        { serviceName: service, tags: [{ key: 'hostname', type: 'string', value: hostOf(service) }] },
      ]),
    ),
  }
}

function protoRequest(spans: readonly ShopSpan[]): Uint8Array {
  const pair = (key: string, value: string): readonly Field[] => [
    [1, key],
    [2, [[1, value]]],
  ]
  return writeMessage(
    byService(spans).map(
      ([service, own]): Field => [
        1,
        [
          [
            1,
            [
              [1, pair('service.name', service)],
              [1, pair('host.name', hostOf(service))],
            ],
          ],
          [
            2,
            own.map(
              (span): Field => [
                2,
                [
                  [1, hexBytes(span.traceId)],
                  [2, hexBytes(span.spanId)],
                  ...(span.parentId === undefined ? [] : [[4, hexBytes(span.parentId)] as const]),
                  [5, span.name],
                  [6, kinds[span.kind]],
                  [7, { fixed64: span.startNs }],
                  [8, { fixed64: span.startNs + BigInt(span.durationNs) }],
                  ...(span.attributes ?? []).map(([key, value]) => [9, pair(key, value)] as const),
                ],
              ],
            ),
          ],
        ],
      ],
    ),
  )
}

/** By file name. */
export const shopFormats: Readonly<Record<string, (spans: readonly ShopSpan[]) => string | Uint8Array>> = {
  'otlp.json': (spans) => JSON.stringify({ resourceSpans: otlpBatches(spans) }),
  'otlp.ndjson': (spans) =>
    otlpBatches(spans)
      .map((batch) => JSON.stringify({ resourceSpans: [batch] }))
      .join('\n'),
  'otlp.binpb': protoRequest,
  'jaeger.json': (spans) =>
    JSON.stringify({ data: byTrace(spans).map(([traceId, own = []]) => jaegerTrace(traceId, own)) }),
  'zipkin.json': (spans) =>
    JSON.stringify(
      spans.map((span) => ({
        traceId: span.traceId,
        id: span.spanId,
        ...(span.parentId === undefined ? {} : { parentId: span.parentId }),
        kind: span.kind.toUpperCase(),
        name: span.name,
        timestamp: Number(span.startNs / 1000n),
        duration: Math.round(span.durationNs / 1000),
        localEndpoint: { serviceName: span.service, ipv4: `10.0.0.${span.service.length}` },
      })),
    ),
  'tempo.json': (spans) => JSON.stringify({ batches: otlpBatches(spans) }),
}
