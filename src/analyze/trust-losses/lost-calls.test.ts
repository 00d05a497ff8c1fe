import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces, span } from '../trust-testing/draw-shop.ts'

const COUNT = 1000
const BATCH = 12

/** Gateway asks tax twice, one call after the other, and each time tax asks a service of its own. */
function drawCalls(isLost: (index: number, call: number) => boolean, lost = 'tv'): SpanTable {
  return drawSpans(
    drawTraces(COUNT, (index) => {
      const spans = [span('a', '-', 'gateway', 'server', 0, 100, 'GET /shop')]
      for (const call of [0, 1]) {
        const mark = 'xy'[call] as string
        const own = drawCall(mark, 5 + 45 * call)
        const ids = [...lost].map((letter) => letter + mark)
        spans.push(...(isLost(index, call) ? own.filter(({ id }) => !ids.includes(id)) : own))
      }
      return spans
    }),
  )
}

function drawCall(mark: string, start: number): DrawnSpan[] {
  return [
    span(`c${mark}`, 'a!', 'gateway', 'client', start, start + 40, 'GET /tax'),
    span(`t${mark}`, `c${mark}@`, 'tax', 'server', start + 2, start + 38, 'GET /tax'),
    span(`v${mark}`, `t${mark}!`, 'tax', 'client', start + 5, start + 30, 'GET /rate'),
    span(`r${mark}`, `v${mark}@`, 'rate', 'server', start + 7, start + 28, 'GET /rate'),
    span(`q${mark}`, `r${mark}!`, 'rate', 'client', start + 10, start + 20, 'SELECT rates'),
  ]
}

/** Lots that do not follow the number. */
function draw(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 15), 0x85ebca6b)
  return ((Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ (mixed >>> 16)) >>> 0) / 2 ** 32
}

for (const share of [0.1, 0.5]) {
  test(`calls of a service that are gone one by one, ${100 * share} of 100, were not sampled`, () => {
    const cases = breaksOf(drawCalls((index, call) => draw(1 + 2 * index + call) < share))
    assert.deepEqual(debtOf(cases), [])
    const [one, ...more] = cases
    assert.deepEqual(more, [])
    assert.deepEqual([one?.state, one?.class], ['exonerated', 'sampling-disagreement'])
    assert.match(one?.why ?? '', /several times in a trace/)
  })
}

test('calls that are gone batch by batch are no matter of sampling', () => {
  const cases = breaksOf(drawCalls((index, call) => draw(1 + Math.floor((index + 0.5 * call) / BATCH)) < 0.1))
  assert.equal(debtOf(cases).length, 1)
  assert.equal(cases.filter(({ class: name }) => name === 'sampling-disagreement').length, 0)
})

test('of calls that lost a part, no sampler is the cause', () => {
  const cases = breaksOf(drawCalls((index, call) => draw(1 + 2 * index + call) < 0.1, 't'))
  assert.ok(cases.length > 0)
  assert.equal(cases.filter(({ class: name }) => name === 'sampling-disagreement').length, 0)
})
