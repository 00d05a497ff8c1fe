/** Which edges break together: one process, one hop, one callee; and what is sound beside them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { BreakCase } from '../trust/break-case.ts'
import {
  breaksOf,
  cutOff,
  type DrawnSpan,
  debtOf,
  drawTraces,
  edit,
  some,
  span,
  summarise,
} from '../trust-testing/draw-shop.ts'

type Change = (index: number, spans: DrawnSpan[]) => DrawnSpan[]

/** 400 traces of the shop with a second callee of the cart's and a message to `mail`. */
function find(change: Change, headers: readonly EdgeHeaders[] = []): BreakCase[] {
  return breaksOf(drawSpans(drawTraces(400, (index, spans) => change(index, widen(spans)))), { headers })
}

function widen(spans: DrawnSpan[]): DrawnSpan[] {
  return [
    ...spans,
    span('i', 'c!', 'cart', 'client', 62, 70, 'GET /stock'),
    span('j', 'i@', 'stock', 'server', 63, 69, 'GET /stock'),
    span('p', 'c!', 'cart', 'producer', 71, 73, 'orders publish'),
    span('q', 'p@', 'mail', 'consumer', 150, 180, 'orders process'),
  ]
}

/** A version of the cart of its own, in a share of the traces; `cut` is what is lost there. */
const canary =
  (percent: number, cut: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): Change =>
  (index, spans) => {
    const version = some(index, percent) ? '2' : '1'
    const own = spans.map((one) => (one.service === 'cart' ? { ...one, more: `version=${version}` } : one))
    return some(index, percent) ? cut(index, own) : own
  }

const every = (index: number, spans: DrawnSpan[]): DrawnSpan[] =>
  ['cdheip', 'fg', 'j', 'q'].reduce((own, ids) => cutOff(own, ids, `${ids}${index}`), spans)

const only = (ids: string, at: number, spans: DrawnSpan[]): DrawnSpan[] => cutOff(spans, ids, `${ids}${at}`)

for (const percent of [5, 50]) {
  test(`a version without a propagator: one answer for calls and messages, in and out, at ${percent} %`, () => {
    const cases = find(canary(percent, every))
    assert.equal(new Set(summarise(cases)).size, 1)
    assert.equal(summarise(cases)[0], 'unexplained no-propagator propagator-mismatch baggage-only')
    assert.deepEqual(cases.map(({ edge }) => `${edge?.from} ${edge?.to}`).sort(), [
      'cart mail',
      'cart price',
      'cart stock',
      'gateway cart',
    ])
    assert.ok(cases.every(({ service }) => service === 'cart'))
  })

  test(`the same where its caller was deployed at once, so that all of one version of it breaks too, at ${percent} %`, () => {
    const both: Change = (index, spans) =>
      canary(percent, every)(index, spans).map((one) =>
        one.service === 'gateway' ? { ...one, more: `version=${some(index, percent) ? '2' : '1'}` } : one,
      )
    const cases = find(both)
    assert.equal(cases.length, 4)
    assert.deepEqual([...new Set(summarise(cases))], ['unexplained no-propagator propagator-mismatch baggage-only'])
    assert.ok(cases.every(({ service }) => service === 'cart'))
  })

  test(`a version of which the messages alone are lost: the messages' own classes, and no proxy, at ${percent} %`, () => {
    const cases = find(canary(percent, (index, spans) => only('q', index, spans)))
    assert.deepEqual(summarise(cases), ['unexplained consumer-without-extract producer-without-inject'])
  })

  test(`a version that one peer understands: mismatch, and a missing propagator is out of the question, at ${percent} %`, () => {
    const cases = find(canary(percent, (index, spans) => only('fg', index, only('cdheijpq', index, spans))))
    assert.deepEqual(summarise(cases), [
      'unexplained propagator-mismatch no-extract',
      'unexplained propagator-mismatch no-extract',
    ])
  })

  test(`a version that is not reached but reaches others does not extract, at ${percent} %`, () => {
    const cases = find(canary(percent, (index, spans) => only('cdhefgijpq', index, spans)))
    assert.deepEqual(summarise(cases), ['lost no-extract'])
    assert.equal(cases[0]?.service, 'cart')
  })
}

/** The gateway calls a second callee too; a share of what it sends is lost, each call for itself. */
const hop: Change = (index, spans) => {
  const instance = index % 3
  const more = [
    ...spans.filter(({ id }) => !'pq'.includes(id)),
    span('k', 'a!', 'gateway', 'client', 95, 99, 'GET /ads'),
    span('l', 'k@', 'ads', 'server', 96, 98, 'GET /ads'),
  ].map((one) => (one.service === 'gateway' ? { ...one, more: `version=${instance}` } : one))
  const lost = some(index, 20) ? only('cdhefgij', index, more) : more
  return some(index + 50, 20) ? only('l', index, lost) : lost
}

test('a share of what one service sends is lost, alike to all and in no version always: a proxy, and no propagator is missing', () => {
  const cases = find(hop)
  assert.equal(cases.length, 2)
  for (const one of cases) {
    assert.equal(one.class, 'proxy-strips-header')
    assert.equal(one.state, 'unexplained')
    assert.ok(!one.alternatives.includes('no-propagator'))
  }
})

test('a proxy that begins traces of its own: the server continues one that nobody began, within a childless client', () => {
  const change: Change = (index, spans) =>
    some(index, 20)
      ? spans.map((one) =>
          'cdhefgijpq'.includes(one.id)
            ? { ...one, trace: `y${index}`, parent: one.id === 'c' ? 'z@' : one.parent }
            : one,
        )
      : spans
  const cases = debtOf(find(change))
  assert.deepEqual(summarise(cases), ['unexplained proxy-strips-header'])
  assert.deepEqual(cases[0]?.edge, { from: 'gateway', to: 'cart' })
})

test('callers from outside that send a context: no childless client, no debt', () => {
  const change: Change = (index, spans) => (some(index, 20) ? edit(spans, 'a', { parent: 'z@' }) : spans)
  assert.deepEqual(debtOf(find(change)), [])
})

const headers = (from: string, to: string, more: Partial<EdgeHeaders>): EdgeHeaders => ({
  from,
  to,
  requests: 400,
  sent: ['tracecontext'],
  disagree: 0,
  stripped: 0,
  truncated: 0,
  baggageOnly: 0,
  ...more,
})

test('headers of what a process sends name the cause of all its edges, those into it as well', () => {
  const into = headers('gateway', 'cart', { received: ['tracecontext'], withBaggage: 400 })
  const named = (more: Partial<EdgeHeaders>): string[] => [
    ...new Set(summarise(find(canary(50, every), [into, headers('cart', 'price', more)]))),
  ]
  const half = { sends: [{ format: 'tracecontext', share: 0.5 }] } as const
  assert.deepEqual(named({ ...half, bare: 200 }), ['lost no-propagator'])
  assert.deepEqual(named({ ...half, baggageOnly: 200 }), ['lost baggage-only'])
  const foreign = [...half.sends, { format: 'b3', share: 0.5 }] as const
  assert.deepEqual(named({ sent: ['b3', 'tracecontext'], sends: foreign }), ['lost propagator-mismatch'])
  assert.deepEqual(named({ ...half }), ['unexplained no-propagator propagator-mismatch baggage-only'])
})

/** What one edge alone can be. */
const OPEN = 'unexplained no-extract proxy-strips-header propagator-mismatch'

/** All of a service's spans moved in time, as its host's clock has it. */
const skewed =
  (service: string, ms: number, change: Change): Change =>
  (index, spans) =>
    change(index, spans).map((one) => {
      const moved = one.service === service ? { ...one, start: one.start + ms, end: one.end + ms } : one
      return { ...moved, more: `${one.more ?? ''} host=${one.service}` }
    })

for (const ms of [-60, -5, 5, 60, 2_000]) {
  test(`a callee whose clock is ${ms} ms off is paired by the calls that were answered`, () => {
    const change: Change = (index, spans) => (some(index, 50) ? only('fg', index, spans) : spans)
    assert.deepEqual(summarise(debtOf(find(skewed('price', ms, change)))), [OPEN])
  })

  test(`and where no call was ever answered, by the offset at which all fit: ${ms} ms`, () => {
    const cases = debtOf(find(skewed('price', ms, (index, spans) => only('fg', index, spans))))
    assert.deepEqual(summarise(cases), [OPEN])
    assert.equal(cases[0]?.affected, 400)
  })
}

for (const ms of [-30_000, 40_000]) {
  test(`and by an offset in which many other calls go: ${ms} ms`, () => {
    // Requests come without a rhythm: no other offset fits as well.
    const uneven: Change = (index, spans) => {
      const by = (index * index * 53) % 211
      const moved = spans.map((one) => ({ ...one, start: one.start + by, end: one.end + by }))
      return only('fg', index, moved)
    }
    const cases = debtOf(find(skewed('price', ms, uneven)))
    assert.deepEqual([summarise(cases), cases[0]?.affected], [[OPEN], 400])
  })
}

test('probes and the public edge are roots by their nature, whatever a client of another edge holds', () => {
  const change: Change = (index, spans) => {
    const own = some(index, 50) ? only('fg', index, spans) : spans
    const at = (index * 131) % 390
    const probe = { ...span('y', '-', 'price', 'server', at, at + 1, 'GET /healthz'), trace: `h${index}` }
    return [...own, { ...probe, more: 'http.request.method=GET url.path=/healthz' }].map((one) =>
      one.id === 'e' ? { ...one, more: 'http.request.method=GET url.path=/price' } : one,
    )
  }
  assert.deepEqual(summarise(debtOf(find(change))), [OPEN])
})
