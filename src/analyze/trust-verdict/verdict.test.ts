import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { TrustService } from '../../model/trust/trust-data.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { buildForest, type SpanForest } from '../trust/forest.ts'
import { nameOperations } from '../trust/operations.ts'
import { countEdges } from './edges.ts'
import { findTrustTroubles } from './trust-findings.ts'
import { gradeRate, judgeTrust, reachesGrade } from './verdict.ts'

const HOUR_MS = 3_600_000

/** Each trace is a call of a by gateway and one of b; `only`: traces with the first alone; `lost`: without b's client. */
function drawShop(traces: number, { gapMs = 100, only = 0, lost = 0 } = {}): SpanForest {
  const lines = Array.from({ length: traces }, (_, index) => {
    const at = index * gapMs
    const span = (id: string, parent: string, service: string, kind: string, from: number, to: number) =>
      `t${index}/${id}  ${parent}  ${service}  ${kind}  ${at + from}..${at + to}  GET /${service}`
    const first = [span('r', '-', 'gateway', 'server', 0, 50), span('c', 'r', 'gateway', 'client', 1, 20)]
    const more = [span('d', 'r', 'gateway', 'client', 21, 40), span('f', 'd', 'b', 'server', 22, 39)]
    const calls = index < lost ? more.slice(1) : index < traces - only ? more : []
    return [...first, span('e', 'c', 'a', 'server', 2, 19), ...calls].join('\n')
  })
  return buildForest(drawSpans(lines.join('\n')))
}

/** A case on the spans of a service in the first so many traces. */
function breakOf(forest: SpanForest, service: string, affected: number, more: Partial<BreakCase> = {}): BreakCase {
  const { spans } = forest
  const rows = Array.from({ length: spans.count }, (_, row) => row).filter(
    (row) => spans.resources[spans.resourceOf[row] as number]?.service === service,
  )
  return {
    service,
    operation: `GET /${service}`,
    edge: { from: 'gateway', to: service },
    class: 'no-extract',
    alternatives: [],
    state: 'lost',
    confidence: 'probable',
    decidedBy: [],
    why: 'drawn',
    rows: Uint32Array.from(rows.slice(0, affected)),
    affected,
    crossed: rows.length,
    ...more,
  }
}

function judge(forest: SpanForest, cases: readonly BreakCase[]) {
  return judgeTrust({ forest, operations: nameOperations(forest.spans), cases, settleNs: 60e9 })
}

function serviceOf(forest: SpanForest, cases: readonly BreakCase[], name: string): TrustService {
  const found = judge(forest, cases).services.find(({ service }) => service === name)
  assert.ok(found)
  return found
}

test('a whole crossing is a child of another service, counted once a trace', () => {
  const forest = buildForest(
    drawSpans(`
      a  -  cart   server    0..100  GET /cart
      b  a  cart   client    10..40  GET /price
      c  b  price  server    12..38  GET /price
      d  a  cart   client    50..70  GET /price
      e  d  price  server    52..68  GET /price
      f  c  price  internal  20..30  load
      g  f  price  client    22..28  GET /price
      h  g  price  server    23..27  GET /price
    `),
  )
  assert.deepEqual(countEdges(forest, []).edges, [
    { from: 'cart', to: 'price', traces: 1, broken: 0 },
    { from: 'price', to: 'price', traces: 1, broken: 0 },
  ])
})

test('a trace that crossed whole and broken counts once, as broken; a case without spans by its number', () => {
  const forest = drawShop(10)
  const { edges } = countEdges(forest, [
    breakOf(forest, 'a', 3),
    breakOf(forest, 'c', 4, { edge: { from: 'a', to: 'c' } }),
  ])
  assert.deepEqual(edges, [
    { from: 'a', to: 'c', traces: 4, broken: 4 },
    { from: 'gateway', to: 'a', traces: 10, broken: 3 },
    { from: 'gateway', to: 'b', traces: 10, broken: 0 },
  ])
})

test('what is pending, exonerated or about log records breaks no edge and no grade', () => {
  const forest = drawShop(400)
  const cases = [
    breakOf(forest, 'a', 200, { state: 'pending' }),
    breakOf(forest, 'a', 200, { state: 'exonerated', exoneratedBy: 'sampled' }),
    breakOf(forest, 'a', 0, { class: 'log-without-context', logRecords: { affected: 90, all: 100 } }),
  ]
  const service = serviceOf(forest, cases, 'a')
  assert.equal(service.grade, 'A')
  assert.equal(service.breakRate, 0)
  assert.deepEqual(
    service.breaks.map(({ state }) => state),
    ['pending', 'exonerated', 'lost'],
  )
  assert.equal(countEdges(forest, cases).edges[0]?.broken, 0)
})

test('grades are of the worse end of the interval, and none below 300 traces', () => {
  const steps = [0.01, 0.03, 0.1, 0.25, 0.5, 0.51].map((most) => gradeRate([0, most], 300))
  assert.deepEqual(steps, ['A', 'B', 'C', 'D', 'E', 'F'])
  assert.equal(gradeRate([0, 0.001], 299), 'insufficient')
  assert.equal(serviceOf(drawShop(400), [], 'a').grade, 'A')
  // 0 of 300 may still be 1.3 %.
  assert.equal(serviceOf(drawShop(300), [], 'a').grade, 'B')
  assert.equal(serviceOf(drawShop(299), [], 'a').grade, 'insufficient')
})

test('a grade reaches another that is as good or worse; none reaches any', () => {
  assert.equal(reachesGrade('B', 'B'), true)
  assert.equal(reachesGrade('C', 'B'), false)
  assert.equal(reachesGrade('insufficient', 'F'), false)
})

test('a 6 % broken edge of high traffic caps a service that many good ones would cover', () => {
  // b takes part in 1,000 of 10,000 traces of gateway; 6 % of those break, 0.6 % of all.
  const forest = drawShop(10_000, { only: 9_000 })
  const own = breakOf(forest, 'b', 60, { service: 'gateway' })
  const gateway = serviceOf(forest, [own], 'gateway')
  assert.equal(gateRate(gateway), 0.006)
  assert.equal(gateway.grade, 'C')
  assert.equal(gateway.cappedBy, 'gateway → b')
  assert.equal(serviceOf(forest, [own], 'a').grade, 'A')
})

function gateRate({ breakRate = 0 }: TrustService): number {
  return Number(breakRate.toFixed(6))
}

test('an edge too small for a grade caps at C where its rate is surely above 5 %, and else not', () => {
  const forest = drawShop(5_000, { only: 4_900 })
  const capped = serviceOf(forest, [breakOf(forest, 'b', 20, { service: 'gateway' })], 'gateway')
  assert.deepEqual([capped.grade, capped.cappedBy], ['C', 'gateway → b'])
  const open = serviceOf(forest, [breakOf(forest, 'b', 6, { service: 'gateway' })], 'gateway')
  assert.deepEqual([open.grade, open.cappedBy], ['A', undefined])
})

test('two broken traces of two cap nothing, and what is lost within a service is no edge', () => {
  const forest = drawShop(400)
  const few = breakOf(forest, 'a', 2, { edge: { from: 'a', to: 'c' } })
  const inside = breakOf(forest, 'a', 2, { edge: { from: 'a', to: 'a' } })
  const { services, edges } = judge(forest, [few, inside])
  assert.deepEqual(edges.map(({ from, to }) => `${from} ${to}`).sort(), ['a c', 'gateway a', 'gateway b'])
  assert.equal(services.find(({ service }) => service === 'a')?.cappedBy, undefined)
})

test('spans that a service lost cap it, by their share and by the edges on which their children hang', () => {
  // 10,000 traces of gateway hold 20,940 spans of it; 6 % of its calls of b are lost, and no edge is named.
  const forest = drawShop(10_000, { only: 9_000, lost: 60 })
  const { edge, ...calls } = breakOf(forest, 'b', 60, { service: 'gateway', class: 'queue-overflow', missing: 60 })
  const byEdge = serviceOf(forest, [calls], 'gateway')
  assert.deepEqual([byEdge.grade, byEdge.cappedBy, edge?.to], ['C', 'gateway → b', 'b'])
  // In few traces, many spans: of all that should be there a fifth is not.
  const { edge: _, ...many } = breakOf(forest, 'gateway', 40, { class: 'queue-overflow', missing: 5_000 })
  const byShare = serviceOf(forest, [many], 'gateway')
  assert.deepEqual([byShare.grade, byShare.cappedBy], ['D', '5000 of 25940 spans missing'])
})

test('a sound edge never caps: without a break it is only less sure', () => {
  const forest = drawShop(5_000, { only: 4_690 })
  assert.equal(serviceOf(forest, [], 'gateway').grade, 'A')
})

test('breaks in traces that the service has no span in count for it', () => {
  const forest = drawShop(400)
  const uninstrumented = breakOf(forest, 'a', 100, { service: 'caller', class: 'uninstrumented-client' })
  const caller = serviceOf(forest, [uninstrumented], 'caller')
  assert.deepEqual([caller.traces, caller.spans, caller.breakRate], [0, 0, 1])
  assert.equal(caller.grade, 'insufficient')
})

test('affected traces a day are told from an hour of data on', () => {
  const short = drawShop(301, { gapMs: HOUR_MS / 400 })
  assert.equal(serviceOf(short, [breakOf(short, 'a', 30)], 'a').breaks[0]?.affectedTracesPerDay, undefined)
  const long = drawShop(301, { gapMs: HOUR_MS / 150 })
  const [found] = serviceOf(long, [breakOf(long, 'a', 30)], 'a').breaks
  assert.equal(found?.affectedTracesPerDay, 360)
})

test('a break names traces and spans that differ', () => {
  const forest = drawShop(20)
  const [found] = serviceOf(forest, [breakOf(forest, 'a', 20)], 'a').breaks
  assert.equal(found?.examples.length, 5)
  assert.equal(new Set(found?.examples.map(({ traceId }) => traceId)).size, 5)
  assert.match(found?.examples[0]?.spanId ?? '', /^[0-9a-f]{16}$/)
})

test('a break is a finding with evidence, a fix and a fingerprint of edge and operation alone', () => {
  const forest = drawShop(400)
  const lost = breakOf(forest, 'a', 100)
  const open = breakOf(forest, 'b', 6, {
    state: 'unexplained',
    class: 'no-extract',
    alternatives: ['no-propagator'],
    decidedBy: ['headers', 'source'],
    confidence: 'possible',
  })
  const pending = breakOf(forest, 'b', 8, { state: 'pending' })
  const findings = findTrustTroubles({ forest, cases: [open, pending, lost], mayBePartial: false })
  assert.deepEqual(
    findings.map(({ rule, severity, confidence }) => [rule, severity, confidence]),
    [
      ['no-extract', 'high', 'probable'],
      ['unexplained-break', 'low', 'possible'],
    ],
  )
  const [first, second] = findings
  assert.match(first?.evidence[0].at ?? '', /^trace [0-9a-f]{32} span [0-9a-f]{16}$/)
  assert.equal(first?.fix.doc, 'docs/trust.md#no-extract')
  assert.match(second?.fix.summary ?? '', /--headers FILE.*sightline audit DIR/)
  const later = drawShop(500)
  const again = findTrustTroubles({ forest: later, cases: [breakOf(later, 'a', 300)], mayBePartial: false })
  assert.equal(again[0]?.fingerprint, first?.fingerprint)
  assert.equal(judge(forest, [lost]).services.flatMap(({ breaks }) => breaks)[0]?.fingerprint, first?.fingerprint)
  const partial = findTrustTroubles({ forest, cases: [lost], mayBePartial: true })
  assert.equal(partial[0]?.confidence, 'possible')
})

test('severity is of the rate that is sure and of the traffic', () => {
  const forest = drawShop(1_000)
  const severities = [600, 100, 20, 5].map(
    (affected) =>
      findTrustTroubles({ forest, cases: [breakOf(forest, 'a', affected)], mayBePartial: false })[0]?.severity,
  )
  assert.deepEqual(severities, ['critical', 'high', 'medium', 'low'])
})

test('a trace id of a span is what counts as broken, so two cases of one trace are one', () => {
  const forest = drawShop(400)
  const cases = [breakOf(forest, 'a', 50), breakOf(forest, 'a', 30, { operation: 'other' })]
  assert.equal(serviceOf(forest, cases, 'a').breakRate, 50 / 400)
})
