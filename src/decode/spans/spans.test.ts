/** Spans of every format: what a row says, tolerance with an issue, pieces of any size, damage of any kind. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { printSpans } from '../testing/print-spans.ts'
import {
  bytesOf,
  decode,
  fullRow,
  fullSpan,
  otlp,
  plainSpan,
  protoRequest,
  protoResource,
  protoSpan,
  SPAN_START,
  SPAN_TRACE,
} from '../testing/span-samples.ts'
import { type Field, hexBytes, writeMessage } from '../testing/write-otlp-proto.ts'
import { buildSpanTable } from './span-rows.ts'
import { openSpanReader } from './spans.ts'

const FIXTURES = join(import.meta.dirname, '..', '..', '..', 'testdata', 'spans')
const fixture = (name: string) => new Uint8Array(readFileSync(join(FIXTURES, name)))

describe('OTLP JSON', () => {
  it('reads the example of the specification', async () => {
    const { table, issues } = await decode(fixture('otlp-trace.json'))
    assert.deepEqual(issues, [])
    const [row] = printSpans(table)
    assert.equal(row?.trace, SPAN_TRACE)
    assert.equal(row?.parent, 'eee19b7ec3c1b173')
    assert.deepEqual([row?.kind, row?.service, row?.scope], ['server', 'my.service', 'my.library'])
    assert.equal(row?.start, 1544712660000000000n)
    assert.equal(row?.end, 1544712661000000000n)
    assert.deepEqual(table.sources, [{ name: 'a', format: 'otlp-json', spans: 1 }])
  })

  it('reads every field exactly, 64-bit numbers too', async () => {
    const { table, issues } = await decode(otlp([fullSpan]))
    assert.deepEqual(issues, [])
    assert.deepEqual(printSpans(table), [fullRow])
  })

  it('takes 64-bit times as numbers to the last digit', async () => {
    const text = JSON.stringify(otlp([plainSpan])).replaceAll(/"(15447126\d+)"/g, '$1')
    const { table } = await decode(text)
    assert.deepEqual(
      printSpans(table).map((row) => [row.start, row.end]),
      [[SPAN_START, SPAN_START + 5n]],
    )
  })

  it('reads a stream of lines, documents one after the other, a list, and a byte order mark', async () => {
    const one = JSON.stringify(otlp([plainSpan]))
    for (const text of [`${one}\n${one}\n`, one + one, `[${one},${one}]`, `\ufeff${one}\r\n${one}`]) {
      assert.equal((await decode(text)).table.count, 2, text.slice(0, 20))
    }
  })

  it('reads resource and scope that stand after their spans', async () => {
    const scoped = { spans: [plainSpan], scope: { name: 'late' } }
    const { table } = await decode({
      resourceSpans: [
        { scopeSpans: [scoped], resource: { attributes: [{ key: 'service.name', value: { stringValue: 'b' } }] } },
        { scopeSpans: [{ spans: [plainSpan] }] },
      ],
    })
    assert.deepEqual(
      printSpans(table).map((row) => [row.service, row.scope]),
      [
        ['b', 'late'],
        ['unknown_service', ''],
      ],
    )
  })

  it('reads base64 ids and names of enums, and says so', async () => {
    const odd = { ...plainSpan, traceId: 'W47/95gDgQPSabYzgT/GDA==', spanId: '7uGbfsPBsXQ=', kind: 'SPAN_KIND_CLIENT' }
    const { table, issues } = await decode(otlp([odd]))
    const [row] = printSpans(table)
    assert.deepEqual([row?.trace, row?.id, row?.kind], [SPAN_TRACE, 'eee19b7ec3c1b174', 'client'])
    assert.deepEqual(
      issues.map(({ code, severity }) => [code, severity]),
      Array(3).fill(['SL_DECODE_SPAN_ODD', 'info']),
    )
  })

  it('leaves a span out whose ids or times are none, says where, and keeps the others', async () => {
    const bad = [
      { ...plainSpan, traceId: 'zz' },
      { ...plainSpan, traceId: '' },
      { ...plainSpan, spanId: '0123456789abcdef0' },
      { ...plainSpan, startTimeUnixNano: 'yesterday' },
      { ...plainSpan, startTimeUnixNano: '-5' },
      { ...plainSpan, startTimeUnixNano: 0, endTimeUnixNano: 0 },
      7,
    ]
    for (const span of bad) {
      const { table, issues } = await decode(otlp([span, plainSpan]))
      assert.equal(table.count, 1, JSON.stringify(span))
      assert.equal(issues[0]?.code, 'SL_DECODE_SPAN_SKIPPED')
    }
  })

  it('leaves out a span 104 days from the others, wherever it stands', async () => {
    const old = { ...fullSpan, startTimeUnixNano: '1000', endTimeUnixNano: '2000', name: 'old' }
    const { table, issues } = await decode(otlp([old, plainSpan, old, fullSpan, old, plainSpan, plainSpan, plainSpan]))
    assert.deepEqual(
      printSpans(table).map(({ name }) => name),
      ['a', fullRow.name, 'a', 'a', 'a'],
    )
    assert.deepEqual(printSpans(table)[1], fullRow)
    assert.equal(issues[0]?.count, 3)
    assert.equal(table.sources[0]?.spans, 5)
  })

  it('goes on at the next line after a broken one', async () => {
    const line = JSON.stringify(otlp([plainSpan]))
    const { table, issues } = await decode(`${line}\n${line.slice(0, 250)}\n${line}\n{"resourceSpans":[}\n${line}\n`)
    assert.equal(table.count, 3)
    assert.deepEqual(
      issues.map(({ code }) => code),
      ['SL_DECODE_MALFORMED', 'SL_DECODE_MALFORMED'],
    )
  })

  it('gives the same in pieces of any size', async () => {
    const bytes = bytesOf(`${JSON.stringify(otlp([fullSpan, plainSpan]))}\n${JSON.stringify(otlp([fullSpan]))}`)
    const want = printSpans((await decode(bytes)).table)
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      const reader = openSpanReader()
      reader.beginFile('a')
      for (let from = 0; from < bytes.length; from += size) reader.feed(bytes.subarray(from, from + size))
      reader.endFile()
      const decoded = reader.finish()
      assert.ok(decoded.ok)
      assert.deepEqual(printSpans(decoded.value.value), want, `pieces of ${size}`)
      assert.deepEqual(decoded.value.issues, [])
    }
  })
})

describe('OTLP protobuf', () => {
  it('gives the same row as the same span in JSON', async () => {
    const { table, issues } = await decode(protoRequest)
    assert.deepEqual(issues, [])
    assert.deepEqual(printSpans(table), [fullRow])
    assert.deepEqual(table.sources[0]?.format, 'otlp-protobuf')
    assert.equal(table.resources[table.resourceOf[0] ?? 0]?.schemaUrl, 'https://schema')
  })

  it('reads messages one after the other, and with lengths before them', async () => {
    const length = Uint8Array.of(0, 0, protoRequest.length >> 8, protoRequest.length & 0xff)
    const varint = Uint8Array.of((protoRequest.length & 0x7f) | 0x80, protoRequest.length >> 7)
    for (const prefix of [new Uint8Array(0), length, varint]) {
      const twice = new Uint8Array([...prefix, ...protoRequest, ...prefix, ...protoRequest])
      const { table, issues } = await decode(twice)
      assert.deepEqual(printSpans(table), [fullRow, fullRow])
      assert.deepEqual(issues, [])
      const reader = openSpanReader()
      reader.beginFile('a')
      for (const byte of twice) reader.feed(Uint8Array.of(byte))
      reader.endFile()
      const decoded = reader.finish()
      assert.ok(decoded.ok)
      assert.deepEqual(printSpans(decoded.value.value), [fullRow, fullRow])
    }
  })

  it('leaves a damaged span out and reads those after it', async () => {
    const broken: readonly Field[] = [
      [1, hexBytes(SPAN_TRACE)],
      [
        9,
        [
          [1, 'http.route'],
          [2, Uint8Array.of(0x0a, 0x7f)],
        ],
      ],
    ]
    const request = writeMessage([
      [
        1,
        [
          [1, protoResource],
          [
            2,
            [
              [2, broken],
              [2, protoSpan],
            ],
          ],
        ],
      ],
    ])
    const { table, issues } = await decode(request)
    assert.equal(table.count, 1)
    assert.equal(issues[0]?.code, 'SL_DECODE_SPAN_SKIPPED')
  })
})

describe('Jaeger JSON', () => {
  it('gives what the OTLP that it was made of gives', async () => {
    const comparable = async (name: string) =>
      printSpans((await decode(fixture(name))).table).map(
        ({ trace, id, parent, name: span, kind, start, end, service }) => [
          trace,
          id,
          parent,
          span,
          kind,
          start,
          end,
          service,
        ],
      )
    assert.deepEqual(await comparable('otlp2jaeger-out.json'), await comparable('otlp2jaeger-in.json'))
  })

  it('reads a trace alone: short ids, references, tags, processes after the spans', async () => {
    const { table } = await decode(fixture('jaeger-ui.json'))
    const rows = printSpans(table)
    assert.equal(table.sources[0]?.format, 'jaeger-json')
    assert.equal(rows[0]?.trace, '00000000000000000000000000000001')
    assert.deepEqual([rows[0]?.id, rows[0]?.events[0]], ['0000000000000002', 'some-event@1485467191639875000'])
    assert.deepEqual([rows[0]?.start, rows[0]?.end], [1485467191639875000n, 1485467191639880000n])
    assert.deepEqual([rows[1]?.status, rows[1]?.attributes['peer.service']], ['error', 'service-y'])
    assert.equal(rows[2]?.parent, '0000000000000002')
    assert.ok(rows.every(({ service }) => service !== 'unknown_service'))
  })

  const jaegerSpan = { traceID: 'a', spanID: '2', operationName: 'x', startTime: 1544712660000000, duration: 5 }
  const trace = (references: readonly unknown[], more: Record<string, unknown> = {}) => ({
    data: [
      {
        traceID: 'a',
        spans: [{ ...jaegerSpan, references, processID: 'p1', ...more }],
        processes: { p1: { serviceName: 's', tags: [{ key: 'hostname', type: 'string', value: 'h' }] } },
      },
    ],
  })
  const reference = (refType: string, traceID: string, spanID: string) => ({ refType, traceID, spanID })

  it('takes CHILD_OF for the parent before FOLLOWS_FROM, and the others for links', async () => {
    const other = '0000000000000000000000000000000b-0000000000000009'
    const own = (id: string) => `0000000000000000000000000000000a-000000000000000${id}`
    for (const [references, parent, links] of [
      [[reference('FOLLOWS_FROM', 'a', '1')], '1', []],
      [[reference('FOLLOWS_FROM', 'a', '1'), reference('CHILD_OF', 'a', '3')], '3', [own('1')]],
      [[reference('CHILD_OF', 'a', '3'), reference('FOLLOWS_FROM', 'a', '1')], '3', [own('1')]],
      [[reference('CHILD_OF', 'b', '9')], '0', [other]],
      [[reference('CHILD_OF', 'a', '3'), reference('CHILD_OF', 'a', '4')], '3', [own('4')]],
    ] as const) {
      const [row] = printSpans((await decode(trace(references))).table)
      assert.deepEqual([row?.parent, row?.links], [parent.padStart(16, '0'), links])
    }
  })

  it('keeps what Jaeger warns of, and a limit that was reached', async () => {
    const warned = trace([], { warnings: ['clock skew adjustment disabled; not applying calculated delta of 5ms'] })
    const { table, issues } = await decode({ ...warned, limit: 1 })
    assert.match(issues[0]?.message ?? '', /^Jaeger warns: clock skew adjustment disabled/)
    assert.match(table.sources[0]?.mayBePartial ?? '', /limit of 1/)
    assert.equal(table.resources[0]?.host, 'h')
  })

  it('reads spans with their process in them, as protojson and Elasticsearch have them', async () => {
    const inline = {
      traceId: 'AAAAAAAAAAAAAAAAAAAAEQ==',
      spanId: 'AAAAAAAAAAM=',
      operationName: 'x',
      startTime: '2017-01-26T16:46:31.639875Z',
      duration: '100000ns',
      tags: [{ key: 'span.kind', vType: 'STRING', vStr: 'server' }],
      process: { serviceName: 'p', tags: [] },
    }
    for (const value of [inline, { spans: [inline, inline] }]) {
      const [row] = printSpans((await decode(value)).table)
      assert.deepEqual(
        [row?.trace, row?.id, row?.service],
        ['00000000000000000000000000000011', '0000000000000003', 'p'],
      )
      assert.deepEqual([row?.start, row?.end, row?.kind], [1485449191639875000n, 1485449191639975000n, 'server'])
    }
  })

  it('keeps what the error was, in the tag or in a log of OpenTracing', async () => {
    const span = (spanID: string, value: unknown, fields: unknown[]): object => ({
      traceID: '4e441824ec2b6a44',
      spanID,
      operationName: 'notify',
      startTime: 1458702548467000,
      duration: 40,
      processID: 'p1',
      tags: [{ key: 'error', value }],
      logs: [{ timestamp: 1458702548467001, fields }],
    })
    const said = [
      { key: 'event', value: 'error' },
      { key: 'error.object', value: 'context canceled' },
    ]
    const spans = [span('0a', 'context canceled', []), span('0b', true, said), span('0c', false, [])]
    const { table } = await decode({ data: [{ spans, processes: { p1: { serviceName: 'cart' } } }] })
    assert.deepEqual(
      printSpans(table).map(({ status, attributes }) => [status, Object.values(attributes)]),
      [
        ['error', ['context canceled']],
        ['error', ['context canceled']],
        ['unset', []],
      ],
    )
  })

  it('reads the third version of its API', async () => {
    const { table } = await decode({ result: otlp([plainSpan]) })
    assert.deepEqual([table.count, table.sources[0]?.format], [1, 'jaeger-json'])
  })
})

describe('Zipkin v2 JSON', () => {
  const zipkin = {
    traceId: '4e441824ec2b6a44',
    id: 'bd7a977555f6b982',
    name: 'get /api',
    timestamp: 1458702548467000,
    duration: 386000,
    kind: 'CLIENT',
    localEndpoint: { serviceName: 'frontend', ipv4: '192.168.99.1', port: 3306 },
    remoteEndpoint: { serviceName: 'backend', ipv4: '10.0.0.9', port: 80 },
    annotations: [{ timestamp: 1458702548467001, value: 'ws' }],
    tags: { 'http.path': '/api', 'http.method': 'GET', error: '' },
  }

  it('reads a client and the shared span of its server as two rows', async () => {
    const server = { ...zipkin, kind: 'SERVER', shared: true, parentId: '0000000000000001', tags: {} }
    const { table, issues } = await decode([zipkin, server])
    assert.deepEqual(issues, [])
    const [client, shared] = printSpans(table)
    assert.deepEqual(table.sources[0]?.format, 'zipkin-v2')
    assert.deepEqual(
      [client?.trace, client?.id, client?.kind, client?.service, client?.status],
      ['00000000000000004e441824ec2b6a44', 'bd7a977555f6b982', 'client', 'frontend', 'error'],
    )
    assert.deepEqual(client?.attributes, {
      'peer.service': 'backend',
      'network.peer.address': '10.0.0.9',
      'http.method': 'GET',
    })
    assert.deepEqual([client?.start, client?.end], [1458702548467000000n, 1458702548853000000n])
    assert.deepEqual(client?.events, ['ws@1458702548467001000'])
    assert.deepEqual([shared?.id, shared?.kind, shared?.attributes['zipkin.shared']], [client?.id, 'server', 'true'])
    assert.equal(table.resources[0]?.host, '192.168.99.1')
  })

  it('keeps what the error was and the scope, as tags have them', async () => {
    const scope = 'go.opentelemetry.io/contrib/otelgin'
    const tags = [{ error: 'context canceled', 'otel.scope.name': scope }, { error: 'true' }, { error: 'false' }]
    const { table } = await decode(tags.map((own) => ({ ...zipkin, tags: own })))
    assert.deepEqual(
      printSpans(table).map(({ status, attributes }) => [status, attributes['otel.status_description']]),
      [
        ['error', 'context canceled'],
        ['error', undefined],
        ['unset', undefined],
      ],
    )
    assert.deepEqual(
      table.scopes.map(({ name }) => name),
      [scope, ''],
    )
  })

  it('reads lists of lists and one span a line', async () => {
    assert.equal((await decode([[zipkin], [zipkin, zipkin]])).table.count, 3)
    assert.equal((await decode(`${JSON.stringify(zipkin)}\n${JSON.stringify(zipkin)}\n`)).table.count, 2)
  })
})

describe('Tempo JSON', () => {
  const span = { ...plainSpan, traceId: 'W47/95gDgQPSabYzgT/GDA==', spanId: '7uGbfsPBsXQ=', kind: 'SPAN_KIND_SERVER' }

  it('reads both forms of its answer, base64 ids without a doubt', async () => {
    const { resourceSpans } = otlp([span])
    for (const answer of [{ batches: resourceSpans }, { trace: { resourceSpans }, status: 'PARTIAL' }]) {
      const { table, issues } = await decode(answer)
      assert.deepEqual(issues, [])
      assert.deepEqual([table.sources[0]?.format, printSpans(table)[0]?.trace], ['tempo-json', SPAN_TRACE])
    }
    const { table } = await decode({ trace: { resourceSpans }, status: 'PARTIAL' })
    assert.match(table.sources[0]?.mayBePartial ?? '', /partial/)
  })
})

describe('rows by hand', () => {
  it('give the table that the file would', async () => {
    const { value } = buildSpanTable([
      {
        traceId: SPAN_TRACE,
        spanId: 'eee19b7ec3c1b174',
        name: 'a',
        kind: 'server',
        startUnixNs: SPAN_START,
        endUnixNs: SPAN_START + 5n,
        resource: { 'service.name': 'cart' },
        scope: 'lib',
      },
    ])
    assert.deepEqual(printSpans(value), printSpans((await decode(otlp([plainSpan]))).table))
  })
})
