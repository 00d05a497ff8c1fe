import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TrustBreak } from '../../../src/model/trust/trust-data.ts'
import { type Row, scoreRows } from './compare.ts'
import type { TruthItem } from './truth.ts'

const edge = { from: 'orders', to: 'payment' }
const truth: readonly TruthItem[] = Array.from({ length: 40 }, (_none, request) => ({
  request,
  services: ['orders', 'payment'],
  edge,
  operations: ['HTTP POST', 'POST /charges'],
}))

function row(change: Partial<TrustBreak>, service = 'payment'): Row {
  const said: TrustBreak = {
    class: 'no-extract',
    alternatives: [],
    state: 'lost',
    edge,
    operation: 'POST /charges',
    count: 40,
    traces: 800,
    rate: 0.05,
    interval: [0.037, 0.067],
    confidence: 'probable',
    decidedBy: [],
    why: '',
    examples: [],
    ...change,
  }
  return { service, said }
}

const alone = { className: 'no-extract', demand: 'alone' } as const

test('a row that names the class alone at its place, with the count, is right', () => {
  const score = scoreRows([row({})], truth, alone)
  assert.deepEqual([score.precision, score.recall, score.outside], [1, 1, 0])
})

test('half of the count is half of the recall, and lies outside the interval', () => {
  const score = scoreRows([row({ count: 20, interval: [0.016, 0.038] })], truth, alone)
  assert.deepEqual([score.precision, score.recall, score.outside], [1, 0.5, 1])
})

test('a second name makes it no longer alone, but keeps it in a set of three', () => {
  const rows = [row({ alternatives: ['proxy-strips-header'] })]
  assert.equal(scoreRows(rows, truth, alone).recall, 0)
  assert.equal(scoreRows(rows, truth, { className: 'no-extract', demand: 'in-set' }).recall, 1)
})

test('where two classes leave the same spans, a set does if it begins with the class', () => {
  const first = { className: 'no-extract', demand: 'first' } as const
  const behind = [row({ class: 'proxy-strips-header', alternatives: ['no-extract'] })]
  assert.equal(scoreRows([row({ alternatives: ['proxy-strips-header'] })], truth, first).recall, 1)
  assert.deepEqual([scoreRows(behind, truth, first).recall, scoreRows(behind, truth, first).precision], [0, 0])
})

test('a loss that is expected must be named and exonerated: as debt it is wrong, without a name it is missed', () => {
  const expected = { className: 'sampling-disagreement', demand: 'exonerated' } as const
  const named = row({ class: 'sampling-disagreement', state: 'exonerated' })
  const nameless: Row = { service: 'payment', said: { ...named.said, class: undefined } as never }
  const scores = [named, row({ class: 'sampling-disagreement' }), nameless].map((one) => {
    const { precision, recall } = scoreRows([one], truth, expected)
    return [precision, recall]
  })
  assert.deepEqual(scores, [
    [1, 1],
    [0, 0],
    [1, 0],
  ])
})

test('a set of four names is none', () => {
  const rows = [row({ alternatives: ['proxy-strips-header', 'no-propagator', 'baggage-only'] })]
  assert.equal(scoreRows(rows, truth, { className: 'no-extract', demand: 'in-set' }).recall, 0)
})

test('debt at a place where nothing is broken costs precision by its count', () => {
  const elsewhere = row({ edge: { from: 'gateway', to: 'cart' }, operation: 'GET /cart/{id}' }, 'cart')
  const score = scoreRows([row({}), elsewhere], truth, alone)
  assert.equal(score.precision, 0.5)
  assert.equal(score.wrong.length, 1)
})

test('what is exonerated is no debt, and does not find the class', () => {
  const score = scoreRows([row({ state: 'exonerated', class: 'external-caller' })], truth, alone)
  assert.deepEqual([score.precision, score.recall], [1, 0])
})

test('items that may be told, and need not be, count for neither recall', () => {
  const optional = truth.map((item) => (item.request < 20 ? { ...item, optional: true } : item))
  const score = scoreRows([row({ count: 20, interval: [0.016, 0.038] })], optional, alone)
  assert.deepEqual([score.precision, score.recall, score.outside], [1, 1, 0])
})
