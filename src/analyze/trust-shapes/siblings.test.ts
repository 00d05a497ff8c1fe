import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { breaksOf, type DrawnSpan, drawTraces, some, span, summarise } from '../trust-testing/draw-shop.ts'

function find(change: (index: number, spans: DrawnSpan[]) => DrawnSpan[], count = 400): BreakCase[] {
  return breaksOf(drawSpans(drawTraces(count, change)))
}

/** 0 … 1, the same each time. */
const chance = (index: number, turn: number): number => ((index * 7919 + turn * 104_729) % 2003) / 2003
/** A machine that is busy at times: all that runs is stretched alike. */
const load = (index: number): number => 0.4 + 1.2 * chance(index, 9) ** 4

test('a span whose calls are all beside it, and which ends with the last of them, dropped its context', () => {
  const cases = find((index, spans) => {
    const first = 2 + 6 * chance(index, 1)
    const second = 2 + 8 * chance(index, 2)
    return [
      ...spans,
      span('v', 'c!', 'cart', 'internal', 60.2, 61 + first + second, 'validate'),
      span('w', 'c!', 'cart', 'client', 60.3, 60.3 + first, 'SELECT customers'),
      span('x', 'c!', 'cart', 'client', 60.4 + first, 60.4 + first + second, 'GET /limits'),
      // A goroutine of the handler's, at that time.
      span('y', 'c!', 'cart', 'internal', 60.5 + first, 60.7 + first + 0.2 * chance(index, 3), 'record visit'),
    ]
  })
  assert.deepEqual(cases.map(({ operation, class: name }) => `${name} ${operation}`).sort(), [
    'span-context-dropped GET /limits',
    'span-context-dropped SELECT customers',
  ])
})

test('goroutines side by side, one shorter than the other, are siblings, on a busy machine, too', () => {
  const cases = find((index, spans) => [
    ...spans,
    span('v', 'c!', 'cart', 'internal', 60, 60 + 16 * load(index) + chance(index, 1), 'load prices'),
    span('w', 'c!', 'cart', 'internal', 60.03, 60.03 + 9 * load(index) + chance(index, 2) / 2, 'load offers'),
    span('x', 'c!', 'cart', 'client', 60.04, 60.04 + 5 * load(index) + chance(index, 3) / 2, 'SELECT stock'),
  ])
  assert.deepEqual(summarise(cases), [])
})

test('steps one after another, and leaves, are siblings', () => {
  const cases = find((_, spans) => [
    ...spans,
    span('v', 'c!', 'cart', 'internal', 61, 62, 'parse'),
    span('w', 'c!', 'cart', 'internal', 62, 70, 'price all'),
    span('x', 'c!', 'cart', 'internal', 70, 71, 'encode'),
  ])
  assert.deepEqual(summarise(cases), [])
})

for (const percent of [5, 50]) {
  test(`what runs in parallel beside the group's span that it belongs to: captured outer context is in the set, at ${percent} %`, () => {
    const cases = find((index, spans) => {
      const above = some(index, percent) ? 'c!' : 'v!'
      const length = 4 + 10 * chance(index, 1)
      return [
        ...spans,
        span('v', 'c!', 'cart', 'internal', 60, 61 + length, 'quote all'),
        span('w', above, 'cart', 'client', 60.2, 60.2 + length, 'GET /quote'),
        span('x', above, 'cart', 'client', 60.3, 60.3 + length * 0.8, 'GET /quote'),
        span('y', above, 'cart', 'client', 60.4, 60.4 + length * 0.6, 'GET /quote'),
      ]
    })
    assert.deepEqual(summarise(cases), ['unexplained outer-context-captured span-context-dropped'])
  })
}
