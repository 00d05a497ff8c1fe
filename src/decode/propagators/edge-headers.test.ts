import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeEdgeHeaders } from './edge-headers.ts'

const W3C = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
const OTHER = { traceparent: '00-80f198ee56343ba864fe8b2a57d3eff7-00f067aa0ba902b7-01' }
const MULTI = { 'X-B3-TraceId': '4bf92f3577b34da6a3ce929d0e0e4736', 'X-B3-SpanId': '00f067aa0ba902b7' }
const SHORT = { 'X-B3-TraceId': 'a3ce929d0e0e4736', 'X-B3-SpanId': '00f067aa0ba902b7' }
const edge = { from: 'cart', to: 'price' }

function decode(lines: readonly object[]) {
  const decoded = decodeEdgeHeaders(lines.map((line) => JSON.stringify(line)).join('\n'))
  assert.ok(decoded.ok)
  return decoded.value
}

const sent = (headers: object) => ({ edge, direction: 'sent', headers })
const received = (headers: object) => ({ edge, direction: 'received', headers })

test('what each side has is told by format, and shared out over its requests', () => {
  const [row] = decode([sent(W3C), sent({ ...W3C, ...MULTI }), received(W3C), received({})]).value
  assert.deepEqual(row?.sent, ['b3multi', 'tracecontext'])
  assert.deepEqual(row?.received, ['tracecontext'])
  assert.deepEqual(row?.carries, [{ format: 'tracecontext', share: 0.5 }])
  assert.equal(row?.requests, 2)
})

test('one side alone says nothing of the way between', () => {
  const [row] = decode([sent(W3C), sent({})]).value
  assert.deepEqual([row?.received, row?.stripped, row?.truncated], [undefined, 0, 0])
})

test('contexts that were sent and do not arrive were stripped; ids that arrive shorter were cut', () => {
  const [gone] = decode([sent(W3C), sent(W3C), received(W3C), received({})]).value
  assert.equal(gone?.stripped, 1)
  const [never] = decode([sent({}), sent({}), received({}), received({})]).value
  assert.equal(never?.stripped, 0)
  const [cut] = decode([sent(MULTI), received(SHORT)]).value
  assert.equal(cut?.truncated, 1)
})

test('baggage or tracestate without a context, and two contexts of different traces, are counted', () => {
  const [row] = decode([
    received({ baggage: 'a=1' }),
    received({ tracestate: 'a=1' }),
    received({ ...OTHER, ...MULTI }),
  ]).value
  assert.deepEqual([row?.baggageOnly, row?.disagree], [2, 1])
})

test('what a callee reads holds for every caller, and is no edge by itself', () => {
  const { value } = decode([{ edge: { to: 'price' }, reads: ['b3', 'nonsense'] }, sent(W3C)])
  assert.deepEqual(
    value.map(({ from, read }) => [from, read]),
    [['cart', ['b3']]],
  )
})

test('a HAR file counts as sent, to its hosts, by nobody in particular', () => {
  const entry = (url: string, headers: object) => ({
    request: { url, headers: Object.entries(headers).map(([name, value]) => ({ name, value })) },
  })
  const har = {
    log: { entries: [entry('https://Price.shop.example:8443/x?y', W3C), entry('http://price.shop.example/', {}), {}] },
  }
  const decoded = decodeEdgeHeaders(JSON.stringify(har, undefined, 2))
  assert.ok(decoded.ok)
  const [row, ...more] = decoded.value.value
  assert.deepEqual(
    [row?.from, row?.to, row?.requests, row?.sent],
    [undefined, 'price.shop.example', 2, ['tracecontext']],
  )
  assert.equal(more.length, 0)
  assert.equal(decoded.value.issues.length, 1)
})

test('lines that are something else are counted as doubts; a file of nothing else is refused', () => {
  const { value, issues } = decode([
    sent(W3C),
    { edge: {}, direction: 'sent', headers: {} },
    { ...sent(W3C), direction: 'up' },
    [],
  ])
  assert.equal(value.length, 1)
  assert.equal(issues[0]?.count, 3)
  for (const text of ['', 'no', '{}', '[1]', '{"log": {}}', '{"edge": {"to": "a"}']) {
    const refused = decodeEdgeHeaders(text)
    assert.equal(!refused.ok && refused.error.code, 'SL_DECODE_UNKNOWN_FORMAT', text)
  }
})

test('ids are never in what is given out', () => {
  assert.doesNotMatch(JSON.stringify(decode([sent(W3C), received(MULTI)])), /4bf92f3577b34da6|00f067aa0ba902b7/)
})
