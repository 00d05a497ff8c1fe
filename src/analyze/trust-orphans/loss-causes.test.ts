import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { LogTable, SpanTable } from '../../model/spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces, some, summarise, without } from '../trust-testing/draw-shop.ts'

const CART = 'cdhe'
const COUNT = 1000
/** Traces of the shop in five seconds. */
const BATCH = 12

const shop = (change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): SpanTable =>
  drawSpans(drawTraces(COUNT, change))

const mark = (spans: readonly DrawnSpan[], more: string): DrawnSpan[] =>
  spans.map((one) => (one.service === 'cart' ? { ...one, more } : one))

const names = (one: BreakCase | undefined): string[] =>
  one?.class === undefined ? [] : [one.class, ...one.alternatives]

/** Lines of cart's logs at the times of these traces. */
function say(body: string, at: readonly number[]): LogTable {
  return {
    count: at.length,
    baseUnixNs: 1_767_225_600_000_000_000n,
    strings: ['', body],
    resources: [{ service: 'cart', instance: 'cart1', attributes: {} }],
    timeNs: Float64Array.from(at, (index) => index * 400e6 + 100e6),
    traceIds: new Uint8Array(at.length * 16),
    spanIds: new Uint8Array(at.length * 8),
    oddTraceIds: new Uint32Array(at.length),
    severities: new Uint8Array(at.length).fill(17),
    bodies: new Uint32Array(at.length).fill(1),
    resourceOf: new Uint32Array(at.length),
    sources: [],
  }
}

const LIFE = 125

test('a service that falls silent at the end of each instance was not flushed', () => {
  const cases = breaksOf(
    shop((index, spans) => {
      const own = mark(spans, `instance=cart-${Math.floor(index / LIFE)}`)
      return index % LIFE >= LIFE - BATCH && index < COUNT - LIFE ? without(own, CART) : own
    }),
  )
  assert.deepEqual(
    debtOf(cases).map((one) => [one.state, one.class]),
    [['unexplained', 'no-flush']],
  )
  assert.equal(cases.length, 1)
})

test('where nothing tells instances apart, the same silence may be one, and is not taken for sampling', () => {
  const [one, ...more] = breaksOf(
    shop((index, spans) => {
      const own = spans.map((span) => ({ ...span, more: 'instance=' }))
      return index % LIFE >= LIFE - BATCH && index < COUNT - LIFE ? without(own, CART) : own
    }),
  )
  assert.deepEqual(more, [])
  assert.equal(one?.state, 'unexplained')
  assert.ok(names(one).includes('no-flush'), String(names(one)))
})

test('a rolling restart with a flush, and spans that outlive their parents, are no loss', () => {
  const cases = breaksOf(
    shop((index, spans) =>
      mark(spans, `instance=cart-${Math.floor(index / LIFE)}`).map((one) =>
        one.id === 'g' && some(index, 20) ? { ...one, end: one.end + 20_000 } : one,
      ),
    ),
  )
  assert.deepEqual(debtOf(cases), [])
})

test('traces that are sampled as a whole leave no hole', () => {
  assert.deepEqual(breaksOf(shop((index, spans) => (some(index, 60) ? [] : spans))), [])
})

test('whole batches that are gone within the life of an instance are debt, with the cancelled export first', () => {
  const [one, ...more] = breaksOf(
    shop((index, spans) => (some(Math.floor(index / BATCH), 20) && index > BATCH ? without(spans, CART) : spans)),
  )
  assert.deepEqual(more, [])
  assert.deepEqual([one?.state, one?.class], ['unexplained', 'export-context-cancelled'])
  assert.ok(!names(one).includes('sampling-disagreement'))
})

const lostAt = Array.from({ length: COUNT }, (_, index) => index).filter(
  (index) => index > BATCH && some(Math.floor(index / BATCH), 8),
)
const drawLost = (): SpanTable => shop((index, spans) => (lostAt.includes(index) ? without(spans, CART) : spans))

test('a line of the SDK near the losses settles what they are', () => {
  const said = (body: string): string[] => summarise(debtOf(breaksOf(drawLost(), { logs: say(body, lostAt) })))
  assert.deepEqual(said('traces export: Post "http://collector/v1/traces": context canceled'), [
    'lost export-context-cancelled',
  ])
  assert.deepEqual(said('BatchSpanProcessor dropped 312 spans: queue is full'), ['lost queue-overflow'])
})

test('the same line all the time, or one that speaks of something else, settles nothing', () => {
  const always = Array.from({ length: COUNT }, (_, index) => index)
  const all = debtOf(breaksOf(drawLost(), { logs: say('dropped 3 spans: queue is full', always) }))
  assert.equal(all[0]?.state, 'unexplained')
  const other = debtOf(breaksOf(drawLost(), { logs: say('order export cancelled by customer', lostAt) }))
  assert.notEqual(other[0]?.confidence, 'certain')
})

test('a loss that blind chance could have made is no sampling where parts of the service are left', () => {
  const [one, ...more] = debtOf(
    breaksOf(
      shop((index, spans) =>
        some(index, 10) ? without(spans, index % 3 === 0 ? 'c' : index % 3 === 1 ? 'e' : CART) : spans,
      ),
    ),
  )
  assert.deepEqual(more, [])
  assert.equal(one?.state, 'unexplained')
  assert.ok(!names(one).includes('sampling-disagreement'), String(names(one)))
})

test('few losses name no single cause', () => {
  const cases = debtOf(
    breaksOf(shop((index, spans) => ([100, 400, 700].includes(index) ? without(spans, CART) : spans))),
  )
  assert.equal(cases.length, 1)
  assert.equal(cases[0]?.state, 'unexplained')
  assert.equal(names(cases[0]).length, 3)
})

test('what may still come is pending by the time at which the data was complete', () => {
  const draw = (): SpanTable => shop((index, spans) => (index > COUNT - 40 ? without(spans, CART) : spans))
  const near = breaksOf(draw(), { options: { settleNs: 60e9 } })
  assert.deepEqual([...new Set(near.map(({ state }) => state))], ['pending'])
  const far = breaksOf(draw(), { options: { settleNs: 60e9, readAtNs: COUNT * 400e6 + 3600e9 } })
  assert.ok(far.some(({ state, affected }) => state === 'unexplained' && affected > 20))
})

test('data that was read long after it stopped is cut through the traces of its last moments', () => {
  const cut = shop((index, spans) => (index === COUNT - 1 ? spans.filter(({ end }) => end <= 60) : spans))
  const cases = breaksOf(cut, { options: { settleNs: 60e9, readAtNs: COUNT * 400e6 + 3600e9 } })
  assert.deepEqual([...new Set(cases.map(({ state }) => state))], ['pending'])
})

test('where only hosts are known, an end that is not seen is possible, and no queue is full at rest', () => {
  const clusters = [3, 40, 77]
  const [one, ...more] = debtOf(
    breaksOf(
      shop((index, spans) => {
        const own = spans.map((span) => ({ ...span, more: `instance=  host=${span.service}-a` }))
        return clusters.some((at) => index > at * BATCH && index <= at * BATCH + 5) ? without(own, CART) : own
      }),
    ),
  )
  assert.deepEqual(more, [])
  assert.equal(one?.state, 'unexplained')
  assert.ok(names(one).includes('no-flush'), String(names(one)))
})

test('a parent that two services may have been is of the one that loses others', () => {
  const cases = debtOf(
    breaksOf(
      shop((index, spans) => {
        // gateway and cart both call price; cart loses spans one by one.
        const both = [
          ...spans,
          { ...(spans[1] as DrawnSpan), id: 'p', name: 'GET /price', start: 96, end: 99 },
          { ...(spans[6] as DrawnSpan), id: 'q', parent: 'p@', start: 97, end: 98 },
        ]
        return some(index, 30) ? without(both, index % 2 === 0 ? 'd' : 'e') : both
      }),
    ),
  )
  assert.deepEqual([...new Set(cases.map(({ service }) => service))], ['cart'])
})
