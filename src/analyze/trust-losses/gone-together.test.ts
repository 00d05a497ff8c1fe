import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import { breaksOf, debtOf, drawTraces, shopTrace, span, without } from '../trust-testing/draw-shop.ts'

const COUNT = 1000

/** The shop, whose gateway asks a stock as well; `ids` are gone from a fifth of the traces, by lot. */
function drawShop(ids: string): SpanTable {
  return drawSpans(
    drawTraces(COUNT, (index) => {
      const stock = [
        span('s', 'a!', 'gateway', 'client', 5, 40, 'GET /stock'),
        span('k', 's@', 'stock', 'server', 7, 38, 'GET /stock'),
        span('l', 'k!', 'stock', 'client', 10, 20, 'SELECT stock'),
      ]
      const spans = [...shopTrace(), ...stock]
      return castLot(index + 1) < 0.2 ? without(spans, ids) : spans
    }),
  )
}

/** The same each time; no pattern in the numbers. */
function castLot(number: number): number {
  let mixed = (number + 0x9e3779b9) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
}

test('of one service gone by lot, whose own callees are there, no other is said to be gone with it', () => {
  const cases = breaksOf(drawShop('cdhe'))
  assert.equal(cases.length, 1)
  assert.equal(cases[0]?.service, 'cart')
  assert.notEqual(cases[0]?.class, 'tail-sampling-split')
})

test('two services gone from the same traces are no matter of one sampler, though one of them leaves no orphan', () => {
  const cases = debtOf(breaksOf(drawShop('abskl')))
  assert.equal(cases.length, 1)
  const [one] = cases
  assert.deepEqual([one?.state, one?.class], ['unexplained', 'tail-sampling-split'])
  assert.ok(one?.alternatives.includes('sampling-disagreement'))
  assert.match(one?.why ?? '', /stock is gone from the same traces/)
})
