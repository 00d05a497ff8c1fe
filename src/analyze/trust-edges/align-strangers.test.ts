import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import {
  breaksOf,
  type DrawnSpan,
  debtOf,
  drawTraces,
  edit,
  span,
  summarise,
  without,
} from '../trust-testing/draw-shop.ts'

/** price runs on a host of its own, whose clock is off, and calls nobody that a clock could be compared by. */
function find(ms: number, change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): BreakCase[] {
  const drawing = drawTraces(300, (index, spans) =>
    change(index, spans).map((one) => {
      const isOff = one.service === 'price'
      const more = `${one.more ?? ''} host=${isOff ? 'far' : 'near'}`
      return isOff ? { ...one, start: one.start + ms, end: one.end + ms, more } : { ...one, more }
    }),
  )
  return breaksOf(drawSpans(drawing))
}

/** The call to price begins at another time in each handler. */
const late = (index: number, spans: DrawnSpan[]): DrawnSpan[] => {
  const by = (index * 31) % 25
  return spans.map((one) => ('efg'.includes(one.id) ? { ...one, start: one.start + by, end: one.end + by } : one))
}

for (const ms of [-200, -5, 5, 60]) {
  test(`a callee that always hangs under its grandparent is seen through a clock that is ${ms} ms off`, () => {
    const cases = debtOf(find(ms, (index, spans) => edit(late(index, spans), 'f', { parent: 'b@' })))
    assert.deepEqual(summarise(cases), ['lost header-overwritten'])
    assert.deepEqual([cases[0]?.edge, cases[0]?.affected], [{ from: 'cart', to: 'price' }, 300])
  })
}

test('a sibling that any offset puts into the call no better than another request’s is no callee', () => {
  const cases = find(60, (index, spans) => [
    ...late(index, edit(without(spans, 'fg'), 'e', { name: 'GET rates.example' })),
    span('f', 'b@', 'price', 'server', 10 + ((index * 53) % 40), 20 + ((index * 53) % 40), 'GET /price'),
  ])
  assert.deepEqual(
    summarise(cases).filter((line) => line.includes('header-overwritten')),
    [],
  )
})
