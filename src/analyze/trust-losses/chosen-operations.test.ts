import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces, some, summarise, without } from '../trust-testing/draw-shop.ts'

/** cart has two spans of its own between its handler and what it calls. */
function withInner(spans: readonly DrawnSpan[]): DrawnSpan[] {
  const handler = spans.find(({ id }) => id === 'c') as DrawnSpan
  const inner = (id: string, name: string): DrawnSpan => ({
    ...handler,
    id,
    name,
    parent: 'c!',
    kind: 'internal',
    start: handler.start + 1,
    end: handler.end - 1,
  })
  const moved = spans.map((one) =>
    one.parent.startsWith('c') ? { ...one, parent: one.id === 'e' ? 'y!' : 'x!' } : one,
  )
  return [...moved, inner('x', 'check stock'), inner('y', 'find price')]
}

const draw = (change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]) =>
  breaksOf(drawSpans(drawTraces(600, (index, spans) => change(index, withInner(spans)))))

for (const percent of [5, 50]) {
  test(`two spans of a process that never end are two places, each named alone, at ${percent} %`, () => {
    const cases = debtOf(
      draw((index, spans) => (some(index, percent) ? without(spans, index % 2 === 0 ? 'x' : 'y') : spans)),
    )
    assert.deepEqual(summarise(cases), ['lost span-never-ended', 'lost span-never-ended'])
    assert.deepEqual(cases.map(({ operation }) => operation).sort(), ['check stock', 'find price'])
    assert.match(cases[0]?.why ?? '', /blind loss would hit these operations/)
  })
}

test('spans of any operation that are missing one by one are no span that is never ended', () => {
  const cases = debtOf(draw((index, spans) => (some(index, 20) ? without(spans, 'xyce'[index % 4] as string) : spans)))
  for (const one of cases) assert.notEqual(one.class, 'span-never-ended')
  assert.ok(cases.length > 0)
})

test('what is missing of the same operations in bursts, whole, is told by bursts and not by operations', () => {
  const cases = debtOf(draw((index, spans) => (index % 125 > 115 ? without(spans, 'cxyeh') : spans)))
  for (const one of cases) assert.notEqual(one.class, 'span-never-ended')
})
