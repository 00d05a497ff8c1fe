import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { LogTable, SpanTable } from '../../model/spans.ts'
import { breaksOf, cutOff, type DrawnSpan, drawTraces, some, summarise } from '../trust-testing/draw-shop.ts'

type Line = { readonly service: string; readonly ms: number; readonly id?: string; readonly body: string }

/** An id of 32 hex digits goes where ids belong; any other is an odd one. */
function drawLogs(lines: readonly Line[]): LogTable {
  const strings = ['']
  const intern = (text: string): number => {
    const known = strings.indexOf(text)
    return known >= 0 ? known : strings.push(text) - 1
  }
  const services = [...new Set(lines.map(({ service }) => service))]
  const traceIds = new Uint8Array(lines.length * 16)
  const isReal = (id: string | undefined): boolean => /^[0-9a-f]{32}$/.test(id ?? '')
  lines.forEach(({ id }, record) => {
    if (id === undefined || !isReal(id)) return
    for (let index = 0; index < 16; index++)
      traceIds[record * 16 + index] = Number.parseInt(id.slice(index * 2, index * 2 + 2), 16)
  })
  return {
    count: lines.length,
    baseUnixNs: 1_767_225_600_000_000_000n,
    strings,
    resources: services.map((service) => ({ service, instance: `${service}1`, attributes: {} })),
    timeNs: Float64Array.from(lines, ({ ms }) => ms * 1e6),
    traceIds,
    spanIds: new Uint8Array(lines.length * 8),
    oddTraceIds: Uint32Array.from(lines, ({ id }) => (id === undefined || isReal(id) ? 0 : intern(id))),
    severities: new Uint8Array(lines.length).fill(9),
    bodies: Uint32Array.from(lines, ({ body }) => intern(body)),
    resourceOf: Uint32Array.from(lines, ({ service }) => services.indexOf(service)),
    sources: [],
  }
}

const ID = '0af7651916cd43dd8448eb211c80319c'
const sound = (): SpanTable => drawSpans(drawTraces(400, (_, spans) => spans))

/** Within cart's handler of trace `index`. */
const within = (index: number, ms: number): number => index * 400 + ((index * 7919) % 389) + ms

function lines(idOf: (index: number) => string | undefined): Line[] {
  return Array.from({ length: 400 }, (_, index) => ({
    service: 'cart',
    ms: within(index, 40),
    body: `cart ${index} loaded`,
    ...(idOf(index) === undefined ? {} : { id: idOf(index) as string }),
  }))
}

for (const percent of [5, 50, 101]) {
  test(`lines within a handler that name no trace are found, at ${percent} %`, () => {
    const spans = sound()
    const logs = drawLogs(lines((index) => (some(index, percent) ? undefined : ID)))
    const [first, ...more] = breaksOf(spans, { logs })
    assert.deepEqual([summarise(first === undefined ? [] : [first]), more.length], [['lost log-without-context'], 0])
    assert.equal(first?.service, 'cart')
    assert.equal(first?.logRecords?.all, 400)
    assert.equal(first?.logRecords?.affected, first?.affected)
  })
}

test('lines that all name their trace, and background lines that fall anywhere, are sound', () => {
  const spans = sound()
  const background = Array.from({ length: 300 }, (_, index) => ({
    service: 'cart',
    ms: (index * 533.7) % 160_000,
    body: `swept ${index} entries`,
  }))
  assert.deepEqual(breaksOf(spans, { logs: drawLogs([...lines(() => ID), ...background]) }), [])
})

test('ids of one’s own in lines are found; a real id with dashes or its low half is none', () => {
  const spans = drawSpans(
    drawTraces(400, (index, own) => own.map((one) => ({ ...one, trace: `wxyz${String(index).padStart(10, '0')}` }))),
  )
  const named = (idOf: (index: number) => string): string[] =>
    summarise(breaksOf(spans, { logs: drawLogs(lines(idOf)) }))
  assert.deepEqual(
    named((index) => `req-${index}`),
    ['lost homemade-trace-id'],
  )
  const hex = (index: number): string =>
    [...`wxyz${String(index).padStart(10, '0')}`]
      .map((letter) => letter.charCodeAt(0).toString(16))
      .join('')
      .padStart(32, '0')
  assert.deepEqual(
    named((index) => hex(index).slice(16)),
    [],
  )
  assert.deepEqual(
    named((index) => `${hex(index).slice(0, 8)}-${hex(index).slice(8)}`),
    [],
  )
})

test('an id of one’s own that joins two traces names the cause of the later root', () => {
  const spans = drawSpans(drawTraces(400, (index, own) => (some(index, 50) ? cutOff(own, 'fg', `x${index}`) : own)))
  const own: Line[] = Array.from({ length: 400 }, (_, index) => [
    { service: 'cart', ms: within(index, 25), id: `req-${index}`, body: 'calling price' },
    { service: 'price', ms: within(index, 40), id: `req-${index}`, body: 'called' },
  ]).flat()
  const cases = breaksOf(spans, { logs: drawLogs(own) })
  assert.deepEqual(
    [...new Set(cases.map(({ class: name, state }) => `${state} ${name}`))],
    ['lost homemade-trace-id'],
    summarise(cases).join('; '),
  )
  assert.ok(cases.some(({ operation }) => operation === 'GET /price'))
})

test('an id of one’s own in span attributes does the same', () => {
  const mark = (spans: DrawnSpan[], index: number): DrawnSpan[] =>
    spans.map((one) => ('cf'.includes(one.id) ? { ...one, more: `trace_id=req-${index}` } : one))
  const cases = breaksOf(
    drawSpans(drawTraces(400, (index, own) => mark(some(index, 50) ? cutOff(own, 'fg', `x${index}`) : own, index))),
  )
  assert.deepEqual(summarise(cases), ['lost homemade-trace-id'])
})

const traceOf = (index: number): string => `wxyz${String(index).padStart(10, '0')}`
const hexOf = (trace: string): string =>
  [...trace]
    .map((letter) => letter.charCodeAt(0).toString(16))
    .join('')
    .padStart(32, '0')
const madeUp = (index: number): string => (0xabcdef12345 + index * 7919).toString(16).repeat(3).slice(0, 32)

/** Two lines of price's handler per request, with the id that is given for it. */
const priceLines = (idOf: (index: number) => string): Line[] =>
  Array.from({ length: 400 }, (_, index) => [
    { service: 'price', ms: within(index, 36), id: idOf(index), body: `price of ${index}` },
    { service: 'price', ms: within(index, 50), id: idOf(index), body: `priced ${index}` },
  ]).flat()

for (const percent of [5, 50, 101]) {
  test(`an id of one’s own that looks like a trace’s, one per request, takes the roots with it, at ${percent} %`, () => {
    const hit = (index: number): boolean => some(index, percent)
    const spans = drawSpans(
      drawTraces(400, (index, own) => {
        const named = own.map((one) => ({ ...one, trace: traceOf(index) }))
        return hit(index) ? cutOff(named, 'fg', `x${index}`) : named
      }),
    )
    const logs = drawLogs(priceLines((index) => (hit(index) ? madeUp(index) : hexOf(traceOf(index)))))
    const cases = breaksOf(spans, { logs })
    assert.deepEqual(summarise(cases), ['lost homemade-trace-id'])
    assert.deepEqual([cases[0]?.service, cases[0]?.operation], ['price', 'GET /price'])
    assert.equal(cases[0]?.affected, Array.from({ length: 400 }, (_, index) => index).filter(hit).length)
  })
}

test('ids of requests that were not sampled are no one’s own: the handlers that are there name theirs', () => {
  const spans = drawSpans(drawTraces(400, (index, own) => own.map((one) => ({ ...one, trace: traceOf(index) }))))
  const unsampled = Array.from({ length: 3000 }, (_, index) => [
    { service: 'price', ms: index * 53.3, id: madeUp(index), body: 'priced' },
    { service: 'price', ms: index * 53.3 + 4, id: madeUp(index), body: 'priced' },
  ]).flat()
  const logs = drawLogs([...priceLines((index) => hexOf(traceOf(index))), ...unsampled])
  assert.deepEqual(summarise(breaksOf(spans, { logs })), [])
})

test('records of services without spans, or without a time, are nothing', () => {
  const spans = sound()
  const logs = drawLogs([
    ...Array.from({ length: 50 }, (_, index) => ({ service: 'other', ms: index, body: 'x' })),
    ...Array.from({ length: 50 }, () => ({ service: 'cart', ms: Number.NaN, body: 'x' })),
  ])
  assert.deepEqual(breaksOf(spans, { logs }), [])
})
