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
  some,
  span,
  summarise,
  without,
} from '../trust-testing/draw-shop.ts'

function find(change: (index: number, spans: DrawnSpan[]) => DrawnSpan[], count = 400): BreakCase[] {
  return breaksOf(drawSpans(drawTraces(count, change)))
}

for (const percent of [5, 50]) {
  const hit = (index: number): boolean => some(index, percent)

  test(`a callee under its caller's own parent, within the caller's childless client, at ${percent} %`, () => {
    const cases = find((index, spans) => (hit(index) ? edit(spans, 'f', { parent: 'b@' }) : spans))
    assert.deepEqual(summarise(cases), ['lost header-overwritten'])
    assert.deepEqual(cases[0]?.edge, { from: 'cart', to: 'price' })
  })

  test(`a chain of one operation, each begun after the one before, at ${percent} %`, () => {
    const steps = (isBroken: boolean): DrawnSpan[] =>
      [0, 1, 2, 3].map((turn) =>
        span(
          `s${turn}`,
          isBroken && turn > 0 ? `s${turn - 1}!` : 'c!',
          'cart',
          'internal',
          61 + turn * 4,
          64 + turn * 4,
          'step',
        ),
      )
    const cases = find((index, spans) => [...spans, ...steps(hit(index))])
    assert.deepEqual(summarise(cases), ['lost context-overwritten'])
    assert.equal(cases[0]?.crossed, 400)
  })

  test(`a span that ends before its own children begin while its caller waits, at ${percent} %`, () => {
    const cases = find((index, spans) => (hit(index) ? edit(spans, 'c', { end: 25 }) : spans))
    assert.deepEqual(summarise(cases), ['lost borrowed-span-ended'])
  })

  test(`a local child long after everything of its trace, at ${percent} %`, () => {
    const cases = find(
      (index, spans) =>
        hit(index)
          ? [
              ...without(spans, 'dh'),
              ...edit(spans, 'd', { start: 90_000 + (index % 77) * 300, end: 90_010 + (index % 77) * 300 }).filter(
                ({ id }) => id === 'd',
              ),
            ]
          : spans,
      600,
    )
    assert.deepEqual(summarise(cases), ['lost stale-context'])
  })

  test(`spans that fail at once, begun after their handler's end, at ${percent} %`, () => {
    const cases = find((index, spans) =>
      hit(index) ? [...spans, span('z', 'c!', 'cart', 'client', 93, 93.1, 'POST /audit', 'status=error')] : spans,
    )
    assert.deepEqual(summarise(cases), ['lost detached-context-cancelled'])
  })

  test(`children that became siblings of the span they lie within, at ${percent} %`, () => {
    const cases = find((index, spans) => (hit(index) ? edit(spans, 'h', { parent: 'c!' }) : spans))
    assert.deepEqual(summarise(cases), ['unexplained span-context-dropped'])
  })

  test(`an id that is there twice, at ${percent} %`, () => {
    const cases = find((index, spans) =>
      hit(index) ? [...spans, span('g', 'f!', 'price', 'client', 35, 51, 'SELECT prices')] : spans,
    )
    assert.deepEqual(summarise(cases), ['lost duplicate-span-id'])
  })

  test(`server spans outside their clients' by a steady offset are skew, no debt, at ${percent} %`, () => {
    const cases = find((index, spans) =>
      hit(index)
        ? spans.map((one) =>
            one.service === 'price' ? { ...one, start: one.start + 90, end: one.end + 90, more: 'host=late' } : one,
          )
        : spans,
    )
    assert.deepEqual(summarise(cases), ['exonerated clock-skew'])
  })

  test(`a trace id cut to 64 bits, the parent in the whole one, at ${percent} %`, () => {
    const cases = find((index, spans) => {
      const whole = spans.map((one) => ({ ...one, trace: `wxyz${String(index).padStart(8, '0')}` }))
      if (!hit(index)) return whole
      return whole.map((one) => ('fg'.includes(one.id) ? { ...one, trace: String(index).padStart(8, '0') } : one))
    })
    assert.deepEqual(summarise(cases), ['lost trace-id-truncated'])
    assert.deepEqual([cases[0]?.edge, cases[0]?.confidence], [{ from: 'cart', to: 'price' }, 'certain'])
  })
}

test('two servers that one span calls without client spans share its id: no header was overwritten', () => {
  const cases = find((index, spans) => {
    const call = 30 + ((index * 31) % 40)
    return [
      ...edit(without(spans, 'efg'), 'c', { parent: 'a@' }),
      span('e', 'c!', 'cart', 'client', call, call + 20, 'GET rates.example'),
      span('f', 'a@', 'price', 'server', 35, 50, 'GET /price'),
    ]
  })
  assert.deepEqual(
    summarise(cases).filter((line) => line.includes('header-overwritten')),
    [],
  )
})

test('handlers that end with another request’s work share it', () => {
  const cases = find((index, spans) => {
    const load = (start: number): DrawnSpan => span('l', 'c!', 'cart', 'internal', start, 88, 'refill')
    const length = 30 + ((index * 31) % 40)
    const other = (start: number): DrawnSpan => ({
      ...span('v', '-', 'cart', 'server', start, 89, 'GET /cart'),
      trace: `v${index}`,
    })
    return some(index, 40)
      ? [...spans.map((one) => (one.id === 'c' ? { ...one, end: 89 } : one)), load(88 - length), other(95 - length)]
      : [...spans, load(40)]
  })
  const shared = cases.filter((one) => one.class === 'shared-work')
  assert.equal(shared.length, 1, summarise(cases).join('; '))
  assert.equal(shared[0]?.state, 'unexplained')
})

test('a span that goes on to get the calls of later requests: its context was kept, though its trace never rests', () => {
  const lines = Array.from({ length: 60 }, (_, index) => {
    const begin = index * 30
    const call = index === 0 ? 't0/p0  l0!' : `t0/p${index}  l0!`
    return [
      `t${index}/s${index}  -  cart  server  ${begin}..${begin + 10}  GET /cart  instance=c1`,
      `t${index}/l${index}  s${index}!  cart  internal  ${begin + 1}..${begin + 9}  load cart  instance=c1`,
      `${call}  cart  client  ${begin + 2}..${begin + 8}  GET /price  instance=c1`,
    ]
  }).flat()
  const [first, ...others] = debtOf(breaksOf(drawSpans(lines.join('\n'))))
  assert.deepEqual([first?.state, first?.class, first?.affected, others], ['lost', 'stale-context', 59, []])
})
