import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces } from '../trust-testing/draw-shop.ts'

const shop = (count: number, change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): SpanTable =>
  drawSpans(drawTraces(count, change))

test('sound traces have no breaks; no spans have none either', () => {
  assert.deepEqual(breaksOf(shop(200, (_, spans) => spans)), [])
  assert.deepEqual(breaksOf(drawSpans('')), [])
})

test('an orphan whose parent may still come is pending, and no debt', () => {
  const drawing = shop(200, (index, spans) => (index > 190 ? spans.filter(({ id }) => id !== 'c') : spans))
  const cases = breaksOf(drawing, { options: { settleNs: 60e9 } })
  assert.ok(cases.length > 0)
  assert.deepEqual(new Set(cases.map(({ state }) => state)), new Set(['pending']))
  assert.ok(debtOf(breaksOf(drawing, { options: { settleNs: 60e9, readAtNs: 1e12 } })).length > 0)
})

test('traces that began before the data are outside of it', () => {
  const drawing = shop(200, (index, spans) => (index < 2 ? spans.filter(({ id }) => id > 'b') : spans))
  const cases = breaksOf(drawing)
  assert.deepEqual(
    cases.map(({ state, exoneratedBy }) => [state, exoneratedBy]),
    [['exonerated', 'outside the window']],
  )
})

test('fewer than five sightings name no cause alone', () => {
  const drawing = shop(200, (index, spans) => (index % 60 === 20 ? spans.filter(({ id }) => id !== 'c') : spans))
  const [first] = debtOf(breaksOf(drawing))
  assert.equal(first?.state, 'unexplained')
  assert.equal(first?.affected, 3)
  assert.match(first?.why ?? '', /too few for one name/)
})
