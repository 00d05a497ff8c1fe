/**
 * Header parsers against what OpenTelemetry's Go propagators accept and refuse. The facts (which header gives which
 * context) are those of propagation/trace_context_test.go at 736a14f and propagators/{b3,jaeger,ot}/*_data_test.go and
 * propagators/aws/xray/propagator_test.go at b91281a; the tables are our own.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { extractComposite, extractWith } from './composite.ts'
import { compareTraceIds, type HeaderFields, type PropagatorName } from './context.ts'
import { extractTraceContext, readTraceState } from './trace-context.ts'

const T = '4bf92f3577b34da6a3ce929d0e0e4736'
const S = '00f067aa0ba902b7'
const SHORT = 'a3ce929d0e0e4736'
const PADDED = `0000000000000000${SHORT}`
const AB = 'ab000000000000000000000000000000'
const CD = 'cd00000000000000'

/** `ids-decision`: 1, 0, d (debug), ? (deferred); or undefined: no context. */
type Vector = readonly [what: string, headers: Readonly<Record<string, string>>, want: string | undefined]

function summarize(name: PropagatorName, headers: Readonly<Record<string, string>>): string | undefined {
  const extraction = extractWith(name, Object.entries(headers))
  if (extraction.kind !== 'context') return undefined
  const { traceId, spanId, isSampled, isDebug } = extraction.context
  const decision = isDebug === true ? 'd' : isSampled === undefined ? '?' : isSampled ? '1' : '0'
  return `${traceId}-${spanId}-${decision}`
}

function runVectors(name: PropagatorName, vectors: readonly Vector[]): void {
  for (const [what, headers, want] of vectors) {
    it(`${want === undefined ? 'gives no context' : 'reads'}: ${what}`, () => {
      assert.equal(summarize(name, headers), want)
    })
  }
}

const parent = (value: string) => ({ traceparent: value })

describe('W3C trace context', () => {
  runVectors('tracecontext', [
    ['not sampled', parent(`00-${T}-${S}-00`), `${T}-${S}-0`],
    ['sampled', parent(`00-${T}-${S}-01`), `${T}-${S}-1`],
    ['random', parent(`00-${T}-${S}-02`), `${T}-${S}-0`],
    ['sampled and random', parent(`00-${T}-${S}-03`), `${T}-${S}-1`],
    ['with a tracestate', { ...parent(`00-${T}-${S}-00`), tracestate: 'key1=value1,key2=value2' }, `${T}-${S}-0`],
    ['with an invalid tracestate', { ...parent(`00-${T}-${S}-00`), tracestate: 'invalid$@#=invalid' }, `${T}-${S}-0`],
    ['a future version', parent(`02-${T}-${S}-00`), `${T}-${S}-0`],
    ['a future version, sampled', parent(`02-${T}-${S}-01`), `${T}-${S}-1`],
    ['a future version with reserved bits', parent(`02-${T}-${S}-09`), `${T}-${S}-1`],
    ['a future version with only reserved bits', parent(`02-${T}-${S}-08`), `${T}-${S}-0`],
    ['a future version with more fields', parent(`02-${T}-${S}-00-XYZxsf09`), `${T}-${S}-0`],
    ['a dash at the end', parent(`00-${T}-${S}-00-`), `${T}-${S}-0`],
    ['a future version with a dash at the end', parent(`03-${T}-${S}-00-`), `${T}-${S}-0`],
    ['version cc', parent(`cc-${T}-${S}-01-what-the-future-holds`), `${T}-${S}-1`],
    ['no header', {}, undefined],
    ['a version of four digits', parent('0000-00000000000000000000000000000000-0000000000000000-01'), undefined],
    ['a trace id of 34 digits', parent(`00-${AB}00-${CD}-01`), undefined],
    ['a span id of 18 digits', parent(`00-${AB}-${CD}00-01`), undefined],
    ['flags of four digits', parent(`00-${AB}-${CD}-0100`), undefined],
    ['a version that is not hex', parent('qw-00000000000000000000000000000000-0000000000000000-01'), undefined],
    ['a trace id that is not hex', parent(`00-qw000000000000000000000000000000-${CD}-01`), undefined],
    ['a span id that is not hex', parent(`00-${AB}-qw00000000000000-01`), undefined],
    ['flags that are not hex', parent(`00-${AB}-${CD}-qw`), undefined],
    ['an upper-case version', parent('A0-00000000000000000000000000000000-0000000000000000-01'), undefined],
    ['an upper-case trace id', parent(`00-${AB.toUpperCase()}-${CD}-01`), undefined],
    ['an upper-case span id', parent(`00-${AB}-${CD.toUpperCase()}-01`), undefined],
    ['upper-case flags', parent(`00-${AB}-${CD}-A1`), undefined],
    ['ids of zeros', parent('00-00000000000000000000000000000000-0000000000000000-01'), undefined],
    ['a trace id of zeros', parent(`00-00000000000000000000000000000000-${S}-01`), undefined],
    ['a span id of zeros', parent(`00-${T}-0000000000000000-01`), undefined],
    ['no flags', parent(`00-${T}-${S}`), undefined],
    ['empty flags', parent(`00-${T}-${S}-`), undefined],
    ['version 00 with reserved flags', parent(`00-${AB}-${CD}-09`), undefined],
    ['version 00 with more fields', parent(`00-${T}-${S}-01-extra`), undefined],
    ['version ff', parent(`ff-${T}-${S}-01`), undefined],
    ['an upper-case header name', { TRACEPARENT: `00-${T}-${S}-01` }, `${T}-${S}-1`],
  ])

  it('calls two traceparent headers malformed', () => {
    const headers: HeaderFields = [
      ['traceparent', `00-${T}-${S}-01`],
      ['traceparent', `00-${AB}-${CD}-01`],
    ]
    const extraction = extractTraceContext(headers)
    assert.equal(extraction.kind === 'malformed' && extraction.why, 'there are 2 traceparent headers')
  })

  it('knows the random flag in level 2 only', () => {
    const headers: HeaderFields = [['traceparent', `00-${T}-${S}-02`]]
    const [one, two] = [extractTraceContext(headers, { level: 1 }), extractTraceContext(headers)]
    assert.equal(one.kind === 'context' && one.context.isRandom, undefined)
    assert.equal(two.kind === 'context' && two.context.isRandom, true)
  })

  it('joins several tracestate headers and drops a bad list whole', () => {
    assert.deepEqual(readTraceState(['a=1, b=2', ' ,c=3'], 1), { text: 'a=1,b=2,c=3' })
    const many = Array.from({ length: 33 }, (_, at) => `k${at}=v`)
    assert.equal(readTraceState(many.slice(1), 1).text.split(',').length, 32)
    for (const [list, why] of [
      [many, 'more than 32'],
      [['a=1,a=2'], 'twice'],
      [['A=1'], 'key'],
      [['a='], 'value'],
      [[`a=${'x'.repeat(257)}`], 'value'],
      [[`${'a'.repeat(257)}=1`], 'key'],
      [['a'], 'no ='],
    ] as const) {
      assert.match(readTraceState(list, 1).why ?? '', new RegExp(why))
    }
  })

  it('takes a key that begins with a digit from level 2 on, and tenants in both', () => {
    assert.match(readTraceState(['1a=1'], 1).why ?? '', /key/)
    assert.equal(readTraceState(['1a=1'], 2).text, '1a=1')
    assert.equal(readTraceState(['1t@sys=1'], 1).text, '1t@sys=1')
    assert.match(readTraceState(['t@systemnametoolong=1'], 1).why ?? '', /key/)
  })
})

const b3 = (value: string) => ({ b3: value })
function multi(trace: string, span: string, sampled = '', more: Record<string, string> = {}): Record<string, string> {
  return {
    ...(trace === '' ? {} : { 'X-B3-TraceId': trace }),
    ...(span === '' ? {} : { 'X-B3-SpanId': span }),
    ...(sampled === '' ? {} : { 'X-B3-Sampled': sampled }),
    ...more,
  }
}

describe('B3', () => {
  runVectors('b3', [
    ['no header', {}, undefined],
    ['multi: decision deferred', multi(T, S), `${T}-${S}-?`],
    ['multi: denied', multi(T, S, '0'), `${T}-${S}-0`],
    ['multi: accepted', multi(T, S, '1'), `${T}-${S}-1`],
    ['multi: true', multi(T, S, 'true'), `${T}-${S}-1`],
    ['multi: false', multi(T, S, 'false'), `${T}-${S}-0`],
    ['multi: debug', multi(T, S, '', { 'X-B3-Flags': '1' }), `${T}-${S}-d`],
    ['multi: flags other than 1 are ignored', multi(T, S, '1', { 'X-B3-Flags': '2' }), `${T}-${S}-1`],
    ['multi: debug beats denied', multi(T, S, '0', { 'X-B3-Flags': '1' }), `${T}-${S}-d`],
    ['multi: with a parent', multi(T, S, '1', { 'X-B3-ParentSpanId': '00f067aa0ba90200' }), `${T}-${S}-1`],
    ['multi: only a decision', multi('', '', '0'), undefined],
    ['multi: 64-bit trace id', multi(SHORT, S), `${PADDED}-${S}-?`],
    ['single: decision deferred', b3(`${T}-${S}`), `${T}-${S}-?`],
    ['single: denied', b3(`${T}-${S}-0`), `${T}-${S}-0`],
    ['single: accepted', b3(`${T}-${S}-1`), `${T}-${S}-1`],
    ['single: debug', b3(`${T}-${S}-d`), `${T}-${S}-d`],
    ['single: with a parent', b3(`${T}-${S}-1-00000000000000cd`), `${T}-${S}-1`],
    ['single: only a decision', b3('0'), undefined],
    ['single: 64-bit trace id', b3(`${SHORT}-${S}`), `${PADDED}-${S}-?`],
    ['both: single goes first', { ...b3(`${T}-${S}-1`), ...multi(T, S, '0') }, `${T}-${S}-1`],
    ['both: an invalid single falls back', { ...b3(`${T}-${S}-`), ...multi(T, S, '0') }, `${T}-${S}-0`],
    ['both: an invalid multi is not seen', { ...b3(`${T}-${S}-1`), ...multi(T, S, 'invalid') }, `${T}-${S}-1`],
    ['multi: trace id of 34', multi(`${AB}00`, CD, '1'), undefined],
    ['multi: trace id of 28', multi('ab00000000000000000000000000', CD, '1'), undefined],
    ['multi: trace id of 12', multi('ab0000000000', CD, '1'), undefined],
    ['multi: span id of 18', multi(AB, `${CD}00`, '1'), undefined],
    ['multi: decision 10', multi(AB, CD, '10'), undefined],
    ['multi: trace id not hex', multi('qw000000000000000000000000000000', CD, '1'), undefined],
    ['multi: span id not hex', multi(AB, 'qw00000000000000', '1'), undefined],
    ['multi: decision d', multi(AB, CD, 'd'), undefined],
    ['multi: upper-case trace id', multi(AB.toUpperCase(), CD, '1'), undefined],
    ['multi: upper-case span id', multi(AB, CD.toUpperCase(), '1'), undefined],
    ['multi: trace id of zeros', multi('0'.repeat(32), CD, '1'), undefined],
    ['multi: span id of zeros', multi(AB, '0'.repeat(16), '1'), undefined],
    ['multi: no span id', multi(AB, '', '1'), undefined],
    ['multi: no trace id', multi('', CD, '1'), undefined],
    ['multi: accepted, without ids', multi('', '', '1'), undefined],
    ['single: trace id of 34', b3(`${AB}00-${CD}-1`), undefined],
    ['single: span id of 18', b3(`${AB}-${CD}00-1`), undefined],
    ['single: a traceparent', b3(`00-${AB}-${CD}-01`), undefined],
    ['single: parent of 18', b3(`${AB}-${CD}-1-cd0000000000000000`), undefined],
    ['single: trace id not hex', b3(`qw000000000000000000000000000000-${CD}-1`), undefined],
    ['single: span id not hex', b3(`${AB}-qw00000000000000-1`), undefined],
    ['single: decision q', b3(`${AB}-${CD}-q`), undefined],
    ['single: parent not hex', b3(`${AB}-${CD}-1-qw00000000000000`), undefined],
    ['single: upper-case trace id', b3(`${AB.toUpperCase()}-${CD}-1`), undefined],
    ['single: upper-case span id', b3(`${AB}-${CD.toUpperCase()}-1`), undefined],
    ['single: upper-case parent', b3(`${AB}-${CD}-1-EF00000000000000`), undefined],
    ['single: zeros', b3(`${'0'.repeat(32)}-${'0'.repeat(16)}-1`), undefined],
    ['single: true', b3(`${AB}-${CD}-true`), undefined],
    ['single: a parent in place of the decision', b3(`${AB}-${CD}-00000000000000cd`), undefined],
    ['single: a trace id alone', b3(T), undefined],
  ])
})

const JAEGER_T = 'a1ce929d0e0e4736a3ce929d0e0e4736'
const uber = (value: string) => ({ 'Uber-Trace-Id': value })

describe('Jaeger', () => {
  runVectors('jaeger', [
    ['no header', {}, undefined],
    ['not sampled', uber(`${JAEGER_T}:${S}:0:0`), `${JAEGER_T}-${S}-0`],
    ['sampled', uber(`${JAEGER_T}:${S}:0:1`), `${JAEGER_T}-${S}-1`],
    ['debug', uber(`${JAEGER_T}:${S}:0:3`), `${JAEGER_T}-${S}-d`],
    ['debug without sampled', uber(`${JAEGER_T}:${S}:0:2`), `${JAEGER_T}-${S}-0`],
    ['flags of any length', uber(`${JAEGER_T}:${S}:0:00001`), `${JAEGER_T}-${S}-1`],
    ['hex flags', uber(`${JAEGER_T}:${S}:0:ff`), `${JAEGER_T}-${S}-d`],
    ['60-bit trace id', uber(`3ce929d0e0e4736:${S}:0:1`), `000000000000000003ce929d0e0e4736-${S}-1`],
    ['64-bit trace id', uber(`${SHORT}:${S}:0:1`), `${PADDED}-${S}-1`],
    ['any parent', uber(`${JAEGER_T}:${S}:whatever:1`), `${JAEGER_T}-${S}-1`],
    ['trace id of 36', uber(`${JAEGER_T}0000:${S}:0:1`), undefined],
    ['span id of 20', uber(`${JAEGER_T}:${S}0000:0:1`), undefined],
    ['trace id not hex', uber(`zcd00v0000000000a3ce929d0e0e4736:${S}:0:1`), undefined],
    ['span id not hex', uber(`${JAEGER_T}:00f0wiredba902b7:0:1`), undefined],
    ['flags not hex', uber(`${JAEGER_T}:${S}:0:wired`), undefined],
    ['other separators', uber(`${JAEGER_T}-${S}-0-1`), undefined],
    ['percent-encoded colons', uber(`${JAEGER_T}%3A${S}%3A0%3A1`), undefined],
    ['empty ids', uber(':::1'), undefined],
  ])
})

const XRAY_T = 'abcdef121234567890abcdef12345678'
const XRAY_S = '1234567890abcdef'
const ROOT = 'Root=1-abcdef12-1234567890abcdef12345678'
const amzn = (value: string) => ({ 'X-Amzn-Trace-Id': value })

describe('X-Ray', () => {
  runVectors('xray', [
    ['sampled', amzn(`${ROOT};Parent=${XRAY_S};Sampled=1`), `${XRAY_T}-${XRAY_S}-1`],
    ['not sampled', amzn(`${ROOT};Parent=${XRAY_S};Sampled=0`), `${XRAY_T}-${XRAY_S}-0`],
    ['decision asked for', amzn(`${ROOT};Parent=${XRAY_S};Sampled=?`), `${XRAY_T}-${XRAY_S}-?`],
    ['no decision', amzn(`${ROOT};Parent=${XRAY_S}`), `${XRAY_T}-${XRAY_S}-?`],
    ['an unknown decision', amzn(`${ROOT};Parent=${XRAY_S};Sampled=other`), `${XRAY_T}-${XRAY_S}-?`],
    ['a semicolon at the end', amzn(`${ROOT};Parent=${XRAY_S};Sampled=1;`), `${XRAY_T}-${XRAY_S}-1`],
    ['an empty header', amzn(''), undefined],
    ['a short root', amzn(`Root=1-abc-123;Parent=${XRAY_S};Sampled=1`), undefined],
    ['a root without dashes', amzn(`Root=1${XRAY_T};Parent=${XRAY_S};Sampled=1`), undefined],
    ['a root of version 2', amzn(`Root=2-abcdef12-1234567890abcdef12345678;Parent=${XRAY_S}`), undefined],
    ['a bad parent', amzn(`${ROOT};Parent=bad-spanid;Sampled=1`), undefined],
    ['a part without =', amzn(`${ROOT};BrokenKeyValue;Sampled=1`), undefined],
    ['only a decision', amzn('Sampled=1'), undefined],
    ['no root', amzn(`Parent=${XRAY_S};Sampled=1`), undefined],
    ['a root alone, as load balancers send it', amzn(ROOT), undefined],
  ])
})

function ot(trace: string, span: string, sampled: string, more: Record<string, string> = {}): Record<string, string> {
  return { 'Ot-Tracer-Traceid': trace, 'Ot-Tracer-Spanid': span, 'Ot-Tracer-Sampled': sampled, ...more }
}

describe('OT', () => {
  runVectors('ottrace', [
    ['no header', {}, undefined],
    ['not sampled', ot(JAEGER_T, S, '0'), `${JAEGER_T}-${S}-0`],
    ['sampled, with baggage', ot(JAEGER_T, S, '1', { 'ot-baggage-test': 'value123' }), `${JAEGER_T}-${S}-1`],
    ['64-bit trace id', ot(SHORT, S, '1'), `${PADDED}-${S}-1`],
    ['invalid baggage harms nothing', ot(JAEGER_T, S, '1', { 'ot-baggage-d–76': 'test' }), `${JAEGER_T}-${S}-1`],
    ['trace id of 36', ot(`${JAEGER_T}0000`, S, '1'), undefined],
    ['trace id of 19', ot('1234567890abcd01234', S, '1'), undefined],
    ['span id of 20', ot(JAEGER_T, `${S}0000`, '1'), undefined],
    ['trace id not hex', ot('zcd00v0000000000a3ce929d0e0e4736', S, '1'), undefined],
    ['span id not hex', ot(JAEGER_T, '00f0wiredba902b7', '1'), undefined],
    ['an unknown decision', ot(JAEGER_T, S, 'wired'), undefined],
    ['no span id', { 'ot-tracer-traceid': JAEGER_T, 'ot-tracer-sampled': '1' }, undefined],
  ])
})

function dd(trace: string, span: string, priority: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    'X-Datadog-Trace-Id': trace,
    'X-Datadog-Parent-Id': span,
    ...(priority === '' ? {} : { 'X-Datadog-Sampling-Priority': priority }),
    ...more,
  }
}
const DD_T = BigInt(`0x${SHORT}`).toString()
const DD_S = BigInt(`0x${S}`).toString()
const TID = { 'X-Datadog-Tags': '_dd.p.dm=-1,_dd.p.tid=640cfd8d00000000' }

describe('Datadog', () => {
  runVectors('datadog', [
    ['no header', {}, undefined],
    ['kept', dd(DD_T, DD_S, '1'), `${PADDED}-${S}-1`],
    ['kept by a user', dd(DD_T, DD_S, '2'), `${PADDED}-${S}-1`],
    ['dropped', dd(DD_T, DD_S, '0'), `${PADDED}-${S}-0`],
    ['dropped by a user', dd(DD_T, DD_S, '-1'), `${PADDED}-${S}-0`],
    ['no priority', dd(DD_T, DD_S, ''), `${PADDED}-${S}-?`],
    ['a 128-bit trace id', dd(DD_T, DD_S, '1', TID), `640cfd8d00000000${SHORT}-${S}-1`],
    ['the largest id', dd('18446744073709551615', '1', '1'), `${'0'.repeat(16)}${'f'.repeat(16)}-0000000000000001-1`],
    ['a synthetic test', dd(DD_T, '0', '1', { 'x-datadog-origin': 'synthetics' }), `${PADDED}-${'0'.repeat(16)}-1`],
    ['an id past 64 bits', dd('18446744073709551616', DD_S, '1'), undefined],
    ['a hex id', dd(SHORT, DD_S, '1'), undefined],
    ['a trace id of 0', dd('0', DD_S, '1'), undefined],
    ['a parent id of 0', dd(DD_T, '0', '1'), undefined],
    ['a priority that is no number', dd(DD_T, DD_S, 'high'), undefined],
  ])
})

describe('a composite', () => {
  const both: HeaderFields = [
    ['traceparent', `00-${T}-${S}-01`],
    ['b3', `${SHORT}-${S}-1`],
    ['baggage', 'user=1'],
  ]

  it('goes on with the last context, in the order of the service', () => {
    assert.equal(extractComposite(both, ['tracecontext', 'b3']).context?.traceId, PADDED)
    assert.equal(extractComposite(both, ['b3', 'tracecontext']).context?.traceId, T)
  })

  it('says where a lost upper half makes two traces of one', () => {
    const { disagreements } = extractComposite(both, ['b3', 'tracecontext'])
    assert.deepEqual(disagreements, [{ winner: 'tracecontext', other: 'b3', about: 'truncated' }])
    assert.equal(compareTraceIds(T, PADDED), 'truncated')
    assert.equal(compareTraceIds(T, `1000000000000000${SHORT}`), 'different')
  })

  it('tells traces, spans and decisions that disagree apart', () => {
    const about = (b3Value: string) =>
      extractComposite([...both.slice(0, 1), ['b3', b3Value]], ['tracecontext', 'b3']).disagreements.map(
        (row) => row.about,
      )
    assert.deepEqual(about(`${AB}-${S}-1`), ['trace'])
    assert.deepEqual(about(`${T}-${CD}-1`), ['span'])
    assert.deepEqual(about(`${T}-${S}-0`), ['sampling'])
    assert.deepEqual(about(`${T}-${S}`), [])
  })

  it('keeps the context of one when a later one is malformed', () => {
    const headers: HeaderFields = [
      ['traceparent', `00-${T}-${S}-01`],
      ['b3', 'nonsense'],
    ]
    const { context, malformed } = extractComposite(headers, ['tracecontext', 'b3'])
    assert.equal(context?.traceId, T)
    assert.deepEqual(malformed, [{ format: 'b3', why: 'it is too short for two ids' }])
  })

  it('sees baggage without a context that these propagators read', () => {
    assert.equal(extractComposite(both, ['jaeger']).isBaggageOnly, true)
    assert.equal(extractComposite(both, ['b3']).isBaggageOnly, false)
  })

  it('never throws, whatever the values are', () => {
    const names = ['traceparent', 'tracestate', 'b3', 'x-b3-traceid', 'uber-trace-id', 'x-amzn-trace-id']
    const pieces = ['', '-', ':', ';', '=', 'Root=', '00', T, S, 'é', '\0', '%3A', 'd', '1', ' ', '9'.repeat(400)]
    let seed = 7
    const next = (bound: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return (seed >>> 8) % bound
    }
    for (let round = 0; round < 20_000; round++) {
      const value = Array.from({ length: next(7) }, () => pieces[next(pieces.length)]).join('')
      const { context } = extractComposite([[names[next(names.length)] ?? 'b3', value]])
      if (context !== undefined) assert.match(`${context.traceId}-${context.spanId}`, /^[0-9a-f]{32}-[0-9a-f]{16}$/)
    }
  })
})
