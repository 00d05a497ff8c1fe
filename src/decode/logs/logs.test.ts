/** Log records of every form: ids where loggers put them, odd ids kept as they are, times and levels; damage. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { LogTable } from '../../model/spans.ts'
import { detectKind } from '../detect.ts'
import { bytesOf, otlp, plainSpan, protoRequest, protoResource } from '../testing/span-samples.ts'
import { hexBytes, writeMessage } from '../testing/write-otlp-proto.ts'
import { parseLogfmt } from './log-lines.ts'
import { decodeLogs } from './logs.ts'

const T = '4bf92f3577b34da6a3ce929d0e0e4736'
const S = '00f067aa0ba902b7'
const EXAMPLE = join(import.meta.dirname, '..', '..', '..', 'testdata', 'spans', 'otlp-logs.json')

function print(table: LogTable) {
  const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return Array.from({ length: table.count }, (_, row) => {
    const ns = table.timeNs[row] ?? Number.NaN
    return {
      time: Number.isNaN(ns) ? undefined : table.baseUnixNs + BigInt(ns),
      trace: hex(table.traceIds.subarray(row * 16, row * 16 + 16)),
      span: hex(table.spanIds.subarray(row * 8, row * 8 + 8)),
      odd: table.strings[table.oddTraceIds[row] ?? 0],
      severity: table.severities[row],
      body: table.strings[table.bodies[row] ?? 0],
      service: table.resources[table.resourceOf[row] ?? 0]?.service,
    }
  })
}

async function decode(text: string | Uint8Array) {
  const decoded = await decodeLogs([{ name: 'a', bytes: typeof text === 'string' ? bytesOf(text) : text }])
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error.message)
  return { rows: print(decoded.value.value), table: decoded.value.value, issues: decoded.value.issues }
}

describe('log lines', () => {
  const nsOf = (text: string) => BigInt(Date.parse(text)) * 1_000_000n
  const at = nsOf('2026-11-22T20:00:00Z')

  it('gives ids, time, level and message of every logger', async () => {
    const lines: readonly (readonly [string, bigint, number])[] = [
      [
        `{"time":"2026-11-22T20:00:00.000000123Z","level":"INFO","msg":"m","trace_id":"${T}","span_id":"${S}"}`,
        at + 123n,
        9,
      ],
      [`{"time":"2026-11-22T21:00:00+01:00","level":"WARN+1","msg":"m","trace_id":"${T}","span_id":"${S}"}`, at, 14],
      [
        `{"level":"error","ts":1795377600.5,"caller":"a.go:1","msg":"m","traceId":"${T}","spanId":"${S}"}`,
        at + 500_000_000n,
        17,
      ],
      [`{"level":"debug","time":1795377600000000123,"message":"m","traceID":"${T}","spanID":"${S}"}`, at + 123n, 5],
      [`{"level":"warning","time":"2026-11-22T20:00:00Z","msg":"m","otelTraceID":"${T}","otelSpanID":"${S}"}`, at, 13],
      [
        `{"@timestamp":"2026-11-22T20:00:00.000Z","log.level":"info","message":"m","trace":{"id":"${T}"},"span":{"id":"${S}"}}`,
        at,
        9,
      ],
      [
        `{"severity":"ERROR","time":"2026-11-22T20:00:00Z","message":"m","logging.googleapis.com/trace":"projects/p/traces/${T}","logging.googleapis.com/spanId":"${S}"}`,
        at,
        17,
      ],
      [`time=2026-11-22T20:00:00.000Z level=INFO msg=m trace_id=${T} span_id=${S}`, at, 9],
      [`ts=2026-11-22T20:00:00Z lvl=eror msg="m" traceID=${T} spanID=${S}`, at, 17],
      [
        `2026-11-22T20:00:00.5Z stdout F {"ts":1795377600000,"level":"fatal","msg":"m","trace_id":"${T}","span_id":"${S}"}`,
        at,
        21,
      ],
      [
        JSON.stringify({
          log: `{"time":"2026-11-22T20:00:00Z","level":"trace","msg":"m","trace_id":"${T}","span_id":"${S}"}\n`,
          stream: 'stdout',
          time: 'x',
        }),
        at,
        1,
      ],
    ]
    for (const [line, time, severity] of lines) {
      const { rows } = await decode(`${line}\n`)
      assert.deepEqual(
        rows.map(({ service: _, ...row }) => row),
        [{ time, trace: T, span: S, odd: '', severity, body: 'm' }],
        line,
      )
    }
  })

  it('takes an id of the service’s own making where there is no other', async () => {
    for (const key of ['requestTrace', 'request_trace_id']) {
      const line = `{"time":"2026-11-22T20:00:00Z","level":"info","msg":"m","${key}":"r-17"`
      const own = (await decode(`${line}}\n`)).rows[0]
      assert.deepEqual([own?.trace === T, own?.odd], [false, 'r-17'], key)
      const both = (await decode(`${line},"trace_id":"${T}"}\n`)).rows[0]
      assert.deepEqual([both?.trace, both?.odd], [T, ''], key)
    }
  })

  it('keeps what stands in place of a trace id and is none', async () => {
    const odd = ['a3ce929d0e0e4736', '0190a4f1-7b1c-7c3e-9d2a-1f2e3d4c5b6a', 'req-42', '12345678901234567890']
    const { rows } = await decode(odd.map((id) => JSON.stringify({ msg: 'x', level: 'info', trace_id: id })).join('\n'))
    assert.deepEqual(
      rows.map((row) => row.odd),
      odd,
    )
    assert.ok(rows.every(({ trace }) => /^0+$/.test(trace)))
    const exact = await decode('{"msg":"x","level":"info","dd.trace_id":12345678901234567891}')
    assert.equal(exact.rows[0]?.odd, '12345678901234567891')
  })

  it('takes no id for absent, empty and zero ones', async () => {
    const { rows } = await decode(
      `{"msg":"a","level":"info"}\n{"msg":"b","level":"info","trace_id":""}\n{"msg":"c","level":"info","trace_id":"${'0'.repeat(32)}"}\n`,
    )
    assert.ok(rows.every((row) => row.odd === '' && /^0+$/.test(row.trace) && row.time === undefined))
  })

  it('reads dated text, counts other lines and leaves them out', async () => {
    const { rows, issues, table } = await decode(
      `2026/11/22 20:00:00 http: error trace_id=${T}\nbanner\n\tat nothing\n2026/11/22 20:00:01 [WARN] two\n`,
    )
    assert.deepEqual(
      rows.map((row) => [row.trace === T, row.severity, row.time]),
      [
        [true, 0, at],
        [false, 13, at + 1_000_000_000n],
      ],
    )
    assert.equal(issues.find(({ code }) => code === 'SL_DECODE_SPAN_SKIPPED')?.count, 2)
    assert.deepEqual(table.sources, [{ name: 'a', format: 'text', records: 2 }])
  })

  it('names the service that the line names', async () => {
    const { rows } = await decode('{"msg":"a","level":"info","service":"cart"}\n{"msg":"a","level":"info"}\n')
    assert.deepEqual(
      rows.map(({ service }) => service),
      ['cart', 'unknown_service'],
    )
  })

  it('reads logfmt with quotes, and not what only looks so', () => {
    assert.deepEqual(parseLogfmt('level=info msg="a \\"b\\" c=d" n=1'), { level: 'info', msg: 'a "b" c=d', n: '1' })
    for (const text of ['a=b', 'GET /x?a=b level=info', 'foo=bar baz=qux', 'x = y', '']) {
      assert.equal(parseLogfmt(text), undefined, text)
    }
  })

  it('passes over a line longer than the limit', async () => {
    const { rows, issues } = await decode(`{"msg":"a"}\n{"msg":"${'x'.repeat(2_000_000)}"}\n{"msg":"b"}\n`)
    assert.deepEqual(
      rows.map(({ body }) => body),
      ['a', 'b'],
    )
    assert.ok(issues.some(({ message }) => /longer than/.test(message)))
  })
})

const record = writeMessage([
  [1, { fixed64: 1_544_712_660_300_000_000n }],
  [2, 10],
  [3, 'Information'],
  [5, [[1, 'Example log record']]],
  [9, hexBytes('5b8efff798038103d269b633813fc60c')],
  [10, hexBytes('eee19b7ec3c1b174')],
])
const logRequest = writeMessage([
  [
    1,
    [
      [1, protoResource],
      [
        2,
        [
          [1, [[1, 'lib']]],
          [2, record],
          [2, record],
        ],
      ],
    ],
  ],
])

describe('OTLP logs', () => {
  it('reads the example of the specification, and the same from protobuf', async () => {
    const want = {
      time: 1_544_712_660_300_000_000n,
      trace: '5b8efff798038103d269b633813fc60c',
      span: 'eee19b7ec3c1b174',
      odd: '',
      severity: 10,
      body: 'Example log record',
    }
    const json = await decode(new Uint8Array(readFileSync(EXAMPLE)))
    assert.deepEqual(json.rows, [{ ...want, service: 'my.service' }])
    assert.deepEqual(json.issues, [])
    const proto = await decode(logRequest)
    assert.deepEqual(proto.rows, [
      { ...want, service: 'cart' },
      { ...want, service: 'cart' },
    ])
  })

  it('takes the observed time and ids among the attributes where the record has none', async () => {
    const logRecords = [
      {
        observedTimeUnixNano: '1544712660300000001',
        severityText: 'WARN',
        body: { kvlistValue: { values: [{ key: 'a', value: { intValue: '1' } }] } },
        attributes: [{ key: 'trace_id', value: { stringValue: T } }],
      },
    ]
    const { rows } = await decode(JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }))
    assert.deepEqual(
      [rows[0]?.time, rows[0]?.severity, rows[0]?.body, rows[0]?.trace, rows[0]?.service],
      [1_544_712_660_300_000_001n, 13, '{"a":1}', T, 'unknown_service'],
    )
  })
})

describe('any log input', () => {
  it('cut or changed at any byte is never thrown for', async () => {
    const lines = bytesOf(
      `{"time":"2026-11-22T20:00:00Z","level":"INFO","msg":"m","trace_id":"${T}"}\nlevel=info msg="a\\x"\n`,
    )
    for (const bytes of [lines, logRequest, new Uint8Array(readFileSync(EXAMPLE))]) {
      for (let at = 0; at < bytes.length; at++) {
        const changed = Uint8Array.from(bytes)
        changed[at] = (changed[at] as number) ^ 0x22
        for (const input of [bytes.subarray(0, at), changed]) {
          const decoded = await decodeLogs([{ name: 'x', bytes: input }])
          if (!decoded.ok) assert.match(decoded.error.code, /^SL_DECODE_/)
          else assert.equal(decoded.value.value.traceIds.length, decoded.value.value.count * 16)
        }
      }
    }
  })
})

describe('detection by content', () => {
  it('tells spans and logs of every format', () => {
    const zipkin = [{ traceId: 'a1', id: 'b2', name: 'x', timestamp: 1, localEndpoint: { serviceName: 's' } }]
    const jaeger = { data: [{ traceID: 'a', spans: [], processes: {} }] }
    for (const [value, kind] of [
      [bytesOf(otlp([plainSpan])), 'spans'],
      [protoRequest, 'spans'],
      [Uint8Array.of(0, 0, protoRequest.length >> 8, protoRequest.length & 0xff, ...protoRequest), 'spans'],
      [bytesOf(jaeger), 'spans'],
      [bytesOf([{ traceId: 'AAAAAAAAAAAAAAAAAAAAEQ==', spanId: 'AAAAAAAAAAM=', operationName: 'x' }]), 'spans'],
      [bytesOf({ batches: otlp([plainSpan]).resourceSpans }), 'spans'],
      [bytesOf(zipkin), 'spans'],
      [logRequest, 'logs'],
      [new Uint8Array(readFileSync(EXAMPLE)), 'logs'],
      [bytesOf('time=2026-11-22T20:00:00Z level=INFO msg=a\ntime=2026-11-22T20:00:01Z level=INFO msg=b\n'), 'logs'],
      [bytesOf('{"level":"info","msg":"a"}\n{"level":"info","msg":"b"}\n'), 'logs'],
    ] as const) {
      assert.equal(detectKind(value).kind, kind, JSON.stringify(detectKind(value)))
    }
  })
})
