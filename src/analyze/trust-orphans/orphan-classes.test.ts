import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces, summarise } from '../trust-testing/draw-shop.ts'

const shop = (count: number, change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): SpanTable =>
  drawSpans(drawTraces(count, change))
const without = (spans: DrawnSpan[], ...ids: string[]): DrawnSpan[] => spans.filter(({ id }) => !ids.includes(id))
/** A share of the traces, spread without a period. */
const some = (index: number, percent: number): boolean => (index * 7919 + 13) % 101 < percent

for (const percent of [5, 50]) {
  test(`one span that never ends is named alone, at ${percent} %`, () => {
    const cases = breaksOf(shop(400, (index, spans) => (some(index, percent) ? without(spans, 'c') : spans)))
    assert.deepEqual(summarise(cases), ['lost span-never-ended'])
    assert.deepEqual([cases[0]?.service, cases[0]?.operation], ['cart', 'GET /cart'])
  })

  test(`a service that samples for itself is exonerated, at ${percent} %`, () => {
    const cases = breaksOf(
      shop(400, (index, spans) => (some(index, percent) ? without(spans, 'c', 'd', 'h', 'e') : spans)),
    )
    assert.deepEqual(debtOf(cases), [])
    assert.deepEqual(summarise(cases), ['exonerated sampling-disagreement'])
  })
}

test('remote parents at the edge that nobody here ever is are a public edge', () => {
  const cases = breaksOf(
    shop(400, (index, spans) =>
      spans.map((one) => (one.id === 'a' && index > 5 && some(index, 20) ? { ...one, parent: 'x@' } : one)),
    ),
  )
  assert.deepEqual(summarise(cases), ['exonerated external-caller'])
})

test('a hop that is always missing is exported elsewhere; one that is missing now and then is not', () => {
  const draw = (percent: number): SpanTable =>
    shop(400, (index, spans) =>
      spans.map((one) => (one.id === 'f' && some(index, percent) ? { ...one, parent: 'x@' } : one)),
    )
  assert.deepEqual(debtOf(breaksOf(draw(101))), [])
  assert.equal(debtOf(breaksOf(draw(10)))[0]?.class, 'proxy-strips-header')
})
