import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { buildForest } from '../trust/forest.ts'
import { traceIdAt } from './examples.ts'
import { estimateSkew } from './skew.ts'
import { describeTrace, findTraces } from './trace-tree.ts'

test('spans stand in the order of a tree, orphans beside the roots with the parent that is not there', () => {
  const forest = buildForest(
    drawSpans(`
      a  -   cart   server    0..100  GET /cart   host=h1
      d  x@  price  server    12..38  GET /price  host=h2
      c  a   cart   internal  5..30   load        host=h1
      b  a   cart   client    2..4    GET /stock  host=h1  status=error
      e  c   cart   internal  3..9    early       host=h1
    `),
  )
  const tree = describeTrace(forest, 0, [], [])
  assert.deepEqual(
    tree.spans.map(({ depth, name }) => [depth, name]),
    [
      [0, 'GET /cart'],
      [1, 'GET /stock'],
      [1, 'load'],
      [2, 'early'],
      [0, 'GET /price'],
    ],
  )
  assert.deepEqual(tree.spans[4]?.marks, [{ kind: 'orphan', parentId: '0000000000000078', place: 'remote' }])
  assert.deepEqual(tree.spans[3]?.marks, [{ kind: 'outside-parent', beforeNs: 2e6, afterNs: 0 }])
  assert.equal(tree.spans[1]?.isError, true)
  assert.deepEqual([tree.spanCount, tree.omitted, tree.durationNs], [5, 0, 100e6])
})

test('a child outside its parent is put down to the clock where the hosts’ clocks surely differ', () => {
  const calls = Array.from(
    { length: 6 },
    (_, index) => `
      t${index}/a  -  cart   client  0..20     GET  host=h1
      t${index}/b  a  price  server  505..515  GET  host=h2
    `,
  )
  const forest = buildForest(drawSpans(calls.join('\n')))
  const { rows } = estimateSkew(forest)
  const [mark] = describeTrace(forest, 0, [], rows).spans[1]?.marks ?? []
  assert.deepEqual(mark, { kind: 'outside-parent', beforeNs: 0, afterNs: 495e6, skewNs: 500e6 })
})

test('a root that a call should have led to names the call that holds it in time', () => {
  const forest = buildForest(
    drawSpans(`
      t1/a  -  cart   client  0..50    GET /price
      t2/b  -  cart   client  5..60    GET /price
      t3/c  -  cart   client  70..90   GET /price
      t4/d  -  price  server  10..40   GET /price
      t5/e  -  other  client  8..42    GET /price
    `),
  )
  const lost: BreakCase = {
    service: 'price',
    operation: 'GET /price',
    edge: { from: 'cart', to: 'price' },
    class: 'no-extract',
    alternatives: [],
    state: 'lost',
    confidence: 'probable',
    decidedBy: [],
    why: 'drawn',
    rows: Uint32Array.of(3),
    affected: 1,
    crossed: 1,
  }
  const marks = describeTrace(forest, 3, [lost], []).spans[0]?.marks ?? []
  assert.deepEqual(
    marks.map(({ kind }) => kind),
    ['break', 'other-half'],
  )
  assert.deepEqual(marks[1], {
    kind: 'other-half',
    traceId: traceIdAt(forest.spans, 0),
    spanId: '0000000000000061',
    service: 'cart',
    name: 'GET /price',
    others: 1,
  })
})

test('a trace is found by its id, by 16 digits of a 64-bit one, by its beginning; and not by two that share it', () => {
  const forest = buildForest(drawSpans('t1/a  -  cart  server  0..1  a\nt2/a  -  cart  server  0..1  a'))
  const id = traceIdAt(forest.spans, 1)
  assert.deepEqual(findTraces(forest, id), [1])
  assert.deepEqual(findTraces(forest, id.toUpperCase()), [1])
  assert.deepEqual(findTraces(forest, id.slice(16)), [1])
  assert.deepEqual(findTraces(forest, '0000'), [0, 1])
  assert.deepEqual(findTraces(forest, 'ffff'), [])
  assert.deepEqual(findTraces(forest, 'no hex'), [])
})

test('duplicates are marked, and links named', () => {
  const forest = buildForest(
    drawSpans(`
      a  -  cart  server  0..10  one
      a  -  cart  server  0..10  two
      t2/b  -  cart  consumer  5..9  three  link=t1/a
    `),
  )
  const duplicate = describeTrace(forest, 0, [], []).spans.find(({ name }) => name === 'two')
  assert.deepEqual(duplicate?.marks, [{ kind: 'duplicate-id' }])
  const linked = describeTrace(forest, 1, [], []).spans[0]
  assert.deepEqual(linked?.marks, [{ kind: 'link', traceId: traceIdAt(forest.spans, 0) }])
})
