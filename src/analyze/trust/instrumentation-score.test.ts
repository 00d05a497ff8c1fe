import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSpanTable, type SpanRow } from '../../decode/spans/span-rows.ts'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { InstrumentationRule } from '../../model/trust/trust-data.ts'
import { buildForest } from './forest.ts'
import { instrumentationRules, scoreInstrumentation, scoreRules } from './instrumentation-score.ts'

function made(impact: InstrumentationRule['impact'], passed: number, total: number): InstrumentationRule[] {
  return Array.from({ length: total }, (_, index) => ({
    id: `${impact}-${index}`,
    impact,
    state: index < passed ? 'passed' : 'failed',
  }))
}

test('the worked example of the spec: 530 of 830 is 63.86', () => {
  const example = [
    ...made('Critical', 4, 8),
    ...made('Important', 8, 10),
    ...made('Normal', 6, 8),
    ...made('Low', 1, 5),
  ]
  const { score, band, complete } = scoreRules(example)
  assert.equal(score.toFixed(2), '63.86')
  assert.deepEqual([band, complete], ['Needs Improvement', true])
  assert.equal(
    scoreRules([
      ...made('Critical', 8, 8),
      ...made('Important', 8, 10),
      ...made('Normal', 6, 8),
      ...made('Low', 1, 5),
    ]).score.toFixed(2),
    '83.13',
  )
})

test('its 19 rules weigh 510 points', () => {
  const weights = { Critical: 40, Important: 30, Normal: 20, Low: 10 }
  assert.equal(instrumentationRules.length, 19)
  assert.equal(
    instrumentationRules.reduce((sum, { impact }) => sum + weights[impact], 0),
    510,
  )
})

test('bands begin at 90, 75 and 50; no band while a rule is not answered', () => {
  const bands = [90, 89, 75, 74, 50, 49].map((passed) => scoreRules(made('Low', passed, 100)).band)
  assert.deepEqual(bands, ['Excellent', 'Good', 'Good', 'Needs Improvement', 'Needs Improvement', 'Poor'])
  assert.equal(scoreRules([{ id: 'x', impact: 'Low', state: 'not-answerable' }]).band, undefined)
})

function statesOf(drawing: string, service: string): Record<string, string> {
  const score = scoreInstrumentation(buildForest(drawSpans(drawing))).get(service)
  assert.ok(score)
  assert.equal(score.complete, false)
  return Object.fromEntries(score.rules.map(({ id, state }) => [id, state]))
}

test('orphans, CLIENT roots and missing instance ids fail their rules, for the service that has them', () => {
  const drawing = `
    a     -   cart   server  0..100  A  instance=c1
    b     x@  price  server  1..90   B
    t2/c  -   price  client  1..9    C
  `
  const cart = statesOf(drawing, 'cart')
  const price = statesOf(drawing, 'price')
  assert.deepEqual([cart['SPA-002'], cart['SPA-004'], cart['RES-001'], cart['RES-005']], Array(4).fill('passed'))
  assert.deepEqual([price['SPA-002'], price['SPA-004'], price['RES-001']], Array(3).fill('failed'))
  assert.deepEqual(
    [cart['MET-001'], cart['LOG-002'], cart['SDK-001'], cart['SPA-003']],
    Array(4).fill('not-answerable'),
  )
})

test('eleven INTERNAL spans and twenty-one short ones in a trace are too many, ten and twenty are not', () => {
  const draw = (count: number, kind: string): string =>
    Array.from({ length: count }, (_, index) => `s${index}  -  a  ${kind}  0..1  S`).join('\n')
  assert.equal(statesOf(draw(10, 'internal'), 'a')['SPA-001'], 'passed')
  assert.equal(statesOf(draw(11, 'internal'), 'a')['SPA-001'], 'failed')
  assert.equal(statesOf(draw(20, 'server'), 'a')['SPA-005'], 'passed')
  assert.equal(statesOf(draw(21, 'server'), 'a')['SPA-005'], 'failed')
})

test('one instance id on two hosts fails, on one pod of which a part is known does not', () => {
  const twoHosts = 'a  -  cart  server  0..9  A  instance=i host=h1\nb  -  cart  server  0..9  A  instance=i host=h2'
  assert.equal(statesOf(twoHosts, 'cart')['RES-002'], 'failed')
  assert.equal(statesOf(twoHosts.replace('h2', 'h1'), 'cart')['RES-002'], 'passed')
  const rows = [{ 'k8s.pod.uid': 'u1', 'k8s.pod.name': 'cart-x' }, { 'k8s.pod.name': 'cart-x' }].map(
    (pod, index): SpanRow => ({
      traceId: `${index + 1}`,
      spanId: '1',
      name: 'A',
      startUnixNs: 1n,
      endUnixNs: 2n,
      resource: { 'service.name': 'cart', 'service.instance.id': 'i', ...pod },
    }),
  )
  const score = scoreInstrumentation(buildForest(buildSpanTable(rows).value)).get('cart')
  assert.equal(score?.rules.find(({ id }) => id === 'RES-002')?.state, 'passed')
})

test('Zipkin, which has no resource, cannot fail the rules of resources', () => {
  const row: SpanRow = {
    traceId: '1',
    spanId: '1',
    name: 'A',
    startUnixNs: 1n,
    endUnixNs: 2n,
    resource: { 'service.name': 'cart' },
  }
  const judge = (format: 'zipkin-v2' | 'otlp-json') =>
    scoreInstrumentation(buildForest(buildSpanTable([row], { format }).value))
      .get('cart')
      ?.rules.filter(({ id }) => /^RES-00[1235]$/.test(id))
      .map(({ state }) => state)
  assert.deepEqual(judge('zipkin-v2'), [...Array(3).fill('not-answerable'), 'passed'])
  assert.deepEqual(judge('otlp-json'), ['failed', 'passed', 'passed', 'passed'])
})
