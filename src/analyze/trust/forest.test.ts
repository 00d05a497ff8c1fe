import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import { buildForest, ORPHAN, ROOT } from './forest.ts'
import { wilsonInterval } from './wilson.ts'

function namesOf(spans: SpanTable, rows: Iterable<number>): string[] {
  return [...rows].map((row) => spans.strings[spans.names[row] as number] as string)
}

test('spans find their parents in their own trace, whatever order they come in', () => {
  const spans = drawSpans(`
    c      b@  price  server  12..38   C
    a      -   cart   server  0..100   A
    b      a   cart   client  10..40   B
    t2/d   b   cart   client  10..40   D
    e      x@  cart   client  50..60   E
    f      a   cart   client  5..6     F
  `)
  const forest = buildForest(spans)
  assert.deepEqual([...forest.parents], [2, ROOT, 1, ORPHAN, ORPHAN, 1])
  assert.deepEqual(namesOf(spans, forest.rows.subarray(forest.traceStart[0], forest.traceStart[1])), [
    'A',
    'F',
    'B',
    'C',
    'E',
  ])
  assert.deepEqual(namesOf(spans, forest.children.subarray(forest.childStart[1], forest.childStart[2])), ['F', 'B'])
  assert.deepEqual(forest.duplicates, [])
})

test('a span id that is there twice is a duplicate; the client and server of one Zipkin call are not', () => {
  const spans = drawSpans(`
    a  -  cart   client  0..100  call
    a  -  price  server  10..90  call
    b  a  price  client  20..30  below
    c  a  cart   server  1..2    again
    c  a  cart   server  1..2    again
  `)
  const forest = buildForest(spans)
  assert.deepEqual([...forest.parents], [ROOT, 0, 0, 0, 0])
  assert.deepEqual(forest.duplicates, [4])
})

test('parents in a circle end, and are told', () => {
  const forest = buildForest(
    drawSpans(`
    a  b  s  internal  0..1  A
    b  c  s  internal  0..1  B
    c  a  s  internal  0..1  C
    d  c  s  internal  0..1  D
    e  e  s  internal  0..1  E
  `),
  )
  assert.equal(forest.cyclic.length, 1)
  assert.equal([...forest.parents].filter((parent) => parent === ORPHAN).length, 2)
})

test('no spans, no forest', () => {
  const forest = buildForest(drawSpans(''))
  assert.deepEqual([forest.rows.length, forest.traceStart.length, forest.children.length], [0, 1, 0])
})

test('Wilson’s interval: known values, and never outside 0 to 1', () => {
  const near = (actual: readonly [number, number], low: number, high: number): void => {
    assert.ok(Math.abs(actual[0] - low) < 5e-5 && Math.abs(actual[1] - high) < 5e-5, String(actual))
  }
  near(wilsonInterval(0, 10), 0, 0.27753)
  near(wilsonInterval(10, 10), 0.72247, 1)
  near(wilsonInterval(81, 263), 0.2553, 0.36621)
  assert.deepEqual(wilsonInterval(0, 0), [0, 1])
})
