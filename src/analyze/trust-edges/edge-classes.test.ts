import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { BreakCase } from '../trust/break-case.ts'
import type { BreakInput } from '../trust/trust-evidence.ts'
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
  without,
} from '../trust-testing/draw-shop.ts'

function find(change: (index: number, spans: DrawnSpan[]) => DrawnSpan[], more: Partial<BreakInput> = {}): BreakCase[] {
  return breaksOf(drawSpans(drawTraces(400, change)), more)
}

/** The gateway calls price as well. */
const second = (spans: DrawnSpan[]): DrawnSpan[] => [
  ...spans,
  span('i', 'a!', 'gateway', 'client', 96, 99, 'GET /price'),
  span('j', 'i@', 'price', 'server', 97, 98, 'GET /price'),
]

/** What one edge alone can be. */
const OPEN = 'unexplained no-extract proxy-strips-header propagator-mismatch'

for (const percent of [5, 50]) {
  test(`a server root within a childless client of its only caller: the server first, or a hop, at ${percent} %`, () => {
    const cases = find((index, spans) => (some(index, percent) ? cutOff(spans, 'fg', `x${index}`) : spans))
    assert.deepEqual(summarise(cases), [OPEN])
    assert.deepEqual([cases[0]?.service, cases[0]?.edge], ['price', { from: 'cart', to: 'price' }])
    assert.equal(cases[0]?.crossed, 400)
  })

  test(`the same for every caller of it, at ${percent} %`, () => {
    const cases = find((index, spans) => {
      const more = second(spans)
      return some(index, percent) ? cutOff(cutOff(more, 'fg', `x${index}`), 'j', `y${index}`) : more
    })
    assert.deepEqual(summarise(cases), ['lost no-extract', 'lost no-extract'])
  })

  test(`every edge of one service, in and out: no propagator, or one that nobody else reads, at ${percent} %`, () => {
    const cases = find((index, spans) =>
      some(index, percent) ? cutOff(cutOff(spans, 'cdhe', `x${index}`), 'fg', `y${index}`) : spans,
    )
    const set = 'unexplained no-propagator propagator-mismatch baggage-only'
    assert.deepEqual(summarise(cases), [set, set])
    assert.deepEqual(
      cases.map(({ service }) => service),
      ['cart', 'cart'],
    )
  })

  test(`one edge while the callee's other callers are sound: proxy or mismatch, at ${percent} %`, () => {
    const cases = find((index, spans) => {
      const more = second(spans)
      return some(index, percent) ? cutOff(more, 'fg', `x${index}`) : more
    })
    assert.equal(cases.length, 1)
    assert.equal(cases[0]?.state, 'unexplained')
    assert.deepEqual([cases[0]?.class, ...(cases[0]?.alternatives ?? [])].sort(), [
      'no-extract',
      'propagator-mismatch',
      'proxy-strips-header',
    ])
  })

  test(`a root within a handler that has no client span for it: a bare client, at ${percent} %`, () => {
    const cases = find((index, spans) =>
      some(index, percent) ? without(cutOff(spans, 'fg', `x${index}`), 'e') : spans,
    )
    assert.deepEqual(summarise(cases), ['unexplained uninstrumented-client external-caller'])
    assert.equal(cases[0]?.service, 'cart')
  })

  test(`a consumer's root without a link: consumer or producer, at ${percent} %`, () => {
    const cases = find((index, spans) => queue(index, spans, some(index, percent)))
    assert.deepEqual(summarise(cases), ['unexplained consumer-without-extract producer-without-inject'])
  })
}

function queue(index: number, spans: DrawnSpan[], isBroken: boolean, more?: string): DrawnSpan[] {
  const consumer = span('q', isBroken ? '-' : 'p@', 'mail', 'consumer', 200 + (index % 50), 260, 'orders process', more)
  return [
    ...spans,
    span('p', 'c!', 'cart', 'producer', 61, 63, 'orders publish'),
    isBroken ? { ...consumer, trace: `q${index}` } : consumer,
  ]
}

test('a consumer with a link is sound, and so is one that continues', () => {
  assert.deepEqual(debtOf(find((index, spans) => queue(index, spans, true, `link=t${index}/p${index}`))), [])
  assert.deepEqual(
    find((index, spans) => queue(index, spans, false)),
    [],
  )
})

test('a callee that outsiders call as well: their roots are no break', () => {
  const cases = find((index, spans) => [
    ...spans,
    ...(index % 4 === 0
      ? [
          {
            ...span('y', '-', 'price', 'server', (index * 37) % 400, ((index * 37) % 400) + 20, 'GET /price'),
            trace: `y${index}`,
          },
        ]
      : []),
  ])
  assert.deepEqual(debtOf(cases), [])
})

test('languages differ and no other edge between them is sound: mismatch is in the set', () => {
  const speak = (spans: DrawnSpan[]): DrawnSpan[] => spans
  const spans = drawSpans(
    drawTraces(400, (index, own) => (some(index, 50) ? cutOff(speak(own), 'fg', `x${index}`) : own)),
  )
  const resources = spans.resources.map((resource) => ({
    ...resource,
    attributes: { ...resource.attributes, 'telemetry.sdk.language': resource.service === 'price' ? 'java' : 'go' },
  }))
  const [first] = breaksOf({ ...spans, resources })
  assert.deepEqual([first?.state, first?.alternatives.includes('propagator-mismatch')], ['unexplained', true])
})

const headers: EdgeHeaders = {
  from: 'cart',
  to: 'price',
  requests: 100,
  sent: ['tracecontext'],
  disagree: 0,
  stripped: 0,
  truncated: 0,
  baggageOnly: 0,
}

test('headers settle the cause', () => {
  const broken = (index: number, spans: DrawnSpan[]): DrawnSpan[] =>
    some(index, 50) ? cutOff(spans, 'fg', `x${index}`) : spans
  const named = (more: Partial<EdgeHeaders>): string[] =>
    summarise(find(broken, { headers: [{ ...headers, ...more }] }))
  assert.deepEqual(named({ sent: ['b3'], read: ['tracecontext'] }), ['lost propagator-mismatch'])
  assert.deepEqual(named({ stripped: 60, received: [] }), ['lost proxy-strips-header'])
  assert.deepEqual(named({ baggageOnly: 90, sent: [] }), ['lost baggage-only'])
  assert.deepEqual(named({ sent: [] }), ['unexplained no-propagator baggage-only'])
  assert.deepEqual(named({ received: ['tracecontext'], read: ['tracecontext'] }), ['lost no-extract'])
  // The other half of the calls is continued, in the same format.
  assert.deepEqual(named({ received: ['tracecontext'] }), ['lost no-extract'])
})

/** What the cart sends: nothing to one peer, or a context; a context to another. */
const sentBy = (to: string, more: Partial<EdgeHeaders>): EdgeHeaders => ({
  ...headers,
  from: 'cart',
  to,
  requests: 400,
  bare: 0,
  withBaggage: 0,
  ...more,
})
const NONE = { sent: [], received: [], bare: 400 } as const
const CONTEXT = { sent: ['tracecontext'], received: ['tracecontext'] } as const

test('headers name a bare client alone: nothing is sent here, though the caller sends a context elsewhere', () => {
  const bare = (index: number, spans: DrawnSpan[]): DrawnSpan[] => without(cutOff(spans, 'fg', `x${index}`), 'e')
  const named = (...own: EdgeHeaders[]): string[] => summarise(find(bare, { headers: own }))
  const open = ['unexplained uninstrumented-client external-caller']
  assert.deepEqual(named(sentBy('price', NONE), sentBy('stock', CONTEXT)), ['lost uninstrumented-client'])
  assert.deepEqual(named(sentBy('price', NONE)), open)
  assert.deepEqual(named(sentBy('price', CONTEXT), sentBy('stock', CONTEXT)), open)
})

for (const percent of [5, 100]) {
  test(`headers of messages tell the consumer from the producer, at ${percent} %`, () => {
    const named = (...own: EdgeHeaders[]): string[] =>
      summarise(find((index, spans) => queue(index, spans, some(index, percent)), { headers: own }))
    const open = ['unexplained consumer-without-extract producer-without-inject']
    const stock = sentBy('stock', CONTEXT)
    assert.deepEqual(named(sentBy('mail', CONTEXT), stock), ['lost consumer-without-extract'])
    const part = { ...CONTEXT, bare: percent * 4 }
    assert.deepEqual(named(sentBy('mail', percent === 100 ? NONE : part), stock), ['lost producer-without-inject'])
    assert.deepEqual(named(sentBy('mail', NONE)), open)
    assert.deepEqual(named(sentBy('mail', { ...CONTEXT, received: [], stripped: 400 }), stock), open)
  })
}

test('headers that a server recorded on its span settle it as well', () => {
  const broken = (more: string) => (index: number, spans: DrawnSpan[]) =>
    some(index, 50) ? edit(cutOff(spans, 'fg', `x${index}`), 'f', { more }) : spans
  assert.deepEqual(summarise(find(broken('http.request.header.baggage=a'))), ['lost baggage-only'])
  assert.deepEqual(summarise(find(broken('http.request.header.traceparent=a'))), ['lost no-extract'])
  assert.deepEqual(summarise(find(broken('http.request.header.x-b3-traceid=a'))), ['lost propagator-mismatch'])
})

test('a callee that sends another format than the one that arrives does not read it', () => {
  const own: EdgeHeaders = { ...headers, from: 'price', to: 'cart', sent: ['b3'] }
  const cases = find((index, spans) => (some(index, 50) ? cutOff(spans, 'fg', `x${index}`) : spans), {
    headers: [{ ...headers, received: ['tracecontext'] }, own],
  })
  assert.deepEqual(summarise(cases), ['lost propagator-mismatch'])
})

/** Two callees behind one host, by port; `price` on the other port than the one that is called, if `hop`. */
const ported = (spans: DrawnSpan[], hop: boolean): DrawnSpan[] =>
  spans.map((one) => {
    const port =
      one.id === 'e' ? 'server.address=10.0.0.1  server.port=9001' : 'server.address=10.0.0.1  server.port=9002'
    if (one.id === 'e' || one.id === 'b') return { ...one, name: 'HTTP GET', more: port }
    return one.id === 'f' ? { ...one, more: `server.port=${hop ? 7001 : 9001}` } : one
  })

test('calls of one name to two ports are two peers: the one that breaks is seen beside the sound one', () => {
  const cases = find((index, spans) => cutOff(ported(spans, false), 'fg', `x${index}`))
  assert.deepEqual(summarise(cases), [OPEN])
  assert.deepEqual(cases[0]?.edge, { from: 'cart', to: 'price' })
})

test('calls to another port than the callee listens on: a proxy is in the set', () => {
  const cases = find((index, spans) => cutOff(ported(spans, true), 'fg', `x${index}`))
  assert.deepEqual(summarise(cases), [OPEN])
})

test('a version, a route or a scope of the callee that always breaks, while others never do, is the callee', () => {
  const broken = (index: number, spans: DrawnSpan[], changes: Partial<DrawnSpan>, other: Partial<DrawnSpan>) =>
    index % 3 === 0 ? edit(cutOff(spans, 'fg', `x${index}`), 'f', changes) : edit(spans, 'f', other)
  const byVersion = find((index, spans) => broken(index, spans, { more: 'version=2' }, { more: 'version=1' }))
  assert.deepEqual(summarise(byVersion), ['lost no-extract'])
  const byRoute = find((index, spans) => broken(index, spans, { name: 'GET /quote' }, {}))
  assert.deepEqual(summarise(byRoute), ['lost no-extract'])
  assert.match(byRoute[0]?.why ?? '', /all of route GET \/quote/)
  const drawn = drawSpans(drawTraces(400, (index, spans) => broken(index, spans, {}, {})))
  const scopeOf = drawn.scopeOf.map((_, row) =>
    drawn.kinds[row] === 2 ? (drawn.parentHigh[row] === 0 && drawn.parentLow[row] === 0 ? 1 : 0) : 0,
  )
  const byScope = breaksOf({ ...drawn, scopes: [{ name: 'otelhttp' }, { name: 'pricing/own' }], scopeOf })
  assert.deepEqual(summarise(byScope), ['lost no-extract'])
})

test('a route that another caller alone asks for says nothing of the callee', () => {
  const [first] = find((index, spans) => [
    ...cutOff(spans, 'fg', `x${index}`),
    span('i', 'a!', 'gateway', 'client', 96, 99, 'GET /rates'),
    span('j', 'i@', 'price', 'server', 97, 98, 'GET /rates'),
  ])
  assert.equal(first?.state, 'unexplained')
})
