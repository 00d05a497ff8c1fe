import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces, some, summarise, without } from '../trust-testing/draw-shop.ts'

const shop = (count: number, change: (index: number, spans: DrawnSpan[]) => DrawnSpan[]): SpanTable =>
  drawSpans(drawTraces(count, change))

for (const percent of [5, 50]) {
  test(`one span that never ends is named alone, at ${percent} %`, () => {
    const cases = breaksOf(shop(400, (index, spans) => (some(index, percent) ? without(spans, 'c') : spans)))
    assert.deepEqual(summarise(cases), ['lost span-never-ended'])
    assert.deepEqual([cases[0]?.service, cases[0]?.operation], ['cart', 'GET /cart'])
  })

  test(`a service that draws lots for itself is exonerated, at ${percent} %`, () => {
    const cases = breaksOf(shop(400, (index, spans) => (some(index, percent) ? without(spans, 'cdhe') : spans)))
    assert.deepEqual(debtOf(cases), [])
    assert.deepEqual(summarise(cases), ['exonerated sampling-disagreement'])
  })

  test(`a service whose sampler decides by the trace id is named from few traces, at ${percent} %`, () => {
    const cases = breaksOf(
      drawSpans(
        drawTraces(200, (index, spans) => {
          const id = randomId(index)
          const own = spans.map((one) => ({ ...one, trace: id.text }))
          return id.share < percent / 100 ? without(own, 'cdhe') : own
        }),
      ),
    )
    assert.deepEqual(summarise(cases), ['exonerated sampling-disagreement'])
    assert.match(cases[0]?.why ?? '', /their ids say which/)
  })
}

/** A trace's name of eight letters, whose bytes are the last eight of its id, and where it lies among all such names. */
function randomId(index: number): { text: string; share: number } {
  const value = (index * 0.6180339887498949) % 1
  let rest = value
  let text = ''
  for (let place = 0; place < 8; place++) {
    const letter = Math.floor(rest * 26)
    text += String.fromCharCode(97 + letter)
    rest = rest * 26 - letter
  }
  return { text, share: value }
}

test('remote parents at the edge that nobody here ever is are a public edge', () => {
  const cases = breaksOf(
    shop(400, (index, spans) =>
      spans.map((one) => (one.id === 'a' && index > 5 && some(index, 20) ? { ...one, parent: 'x@' } : one)),
    ),
  )
  assert.deepEqual(summarise(cases), ['exonerated external-caller'])
})

test('callers from outside are a public edge at any rate, also where their clock or a second call comes first', () => {
  for (const percent of [1, 6, 60]) {
    const cases = breaksOf(
      shop(600, (index, spans) => {
        if (index < 30 || !some(index, percent)) return spans
        const own = spans.map((one) => (one.id === 'a' ? { ...one, parent: 'x@' } : one))
        return [...own, { ...(own[0] as DrawnSpan), id: 'y', parent: 'z@', start: 40, end: 45 }]
      }),
    )
    assert.deepEqual(summarise(cases), ['exonerated external-caller'])
  }
})

test('an orphan of an operation that is only ever called from here is no public edge', () => {
  const cases = breaksOf(shop(400, (index, spans) => (some(index, 6) ? without(spans, 'ab') : spans)))
  assert.deepEqual(
    debtOf(cases).map(({ service }) => service),
    [],
  )
  assert.deepEqual(summarise(cases), ['exonerated sampling-disagreement'])
  assert.equal(cases[0]?.service, 'gateway')
})

test('a hop that exports elsewhere breaks nothing, at any rate', () => {
  for (const percent of [101, 50, 6]) {
    const cases = breaksOf(
      shop(400, (index, spans) =>
        spans.map((one) => (one.id === 'f' && some(index, percent) ? { ...one, parent: 'x@' } : one)),
      ),
    )
    assert.deepEqual(debtOf(cases), [])
    assert.deepEqual(
      cases.map(({ state, exoneratedBy, edge }) => [state, exoneratedBy, edge?.from, edge?.to]),
      [['exonerated', 'exported elsewhere', 'cart', 'price']],
    )
  }
})

test('what is lost when the load is high is a queue that overflows', () => {
  const cases = breaksOf(
    drawSpans(
      drawTraces(1200, (index, spans) => {
        const isBusy = index % 300 >= 240
        const moved = isBusy
          ? spans.map((one) => ({ ...one, start: one.start - shift(index), end: one.end - shift(index) }))
          : spans
        if (!isBusy || index < 20) return moved
        return some(index, 40) ? without(moved, index % 2 === 0 ? 'c' : index % 3 === 0 ? 'd' : 'e') : moved
      }),
    ),
  )
  assert.deepEqual(summarise(debtOf(cases)), ['lost queue-overflow'])
})

/** Sixty traces begin within the time of ten. */
function shift(index: number): number {
  return ((index % 300) - 240) * 340
}

test('what is lost in the last seconds of an instance is not flushed', () => {
  const cases = breaksOf(
    drawSpans(
      drawTraces(1000, (index, spans) => {
        const life = index % 250
        const own = spans.map((one) =>
          one.service === 'cart' ? { ...one, more: `instance=cart-${Math.floor(index / 250)}` } : one,
        )
        return life > 225 && index < 750 && some(index, 60) ? without(own, index % 2 === 0 ? 'c' : 'e') : own
      }),
    ),
  )
  const [first] = debtOf(cases)
  assert.equal(first?.class, 'no-flush')
  assert.equal(first?.state, 'unexplained')
  assert.match(first?.why ?? '', /at the end of an instance's life .*by chance/)
})

test('whole batches that are gone, at any load, are an export that was cancelled, or what looks like it', () => {
  const cases = breaksOf(
    drawSpans(
      drawTraces(1000, (index, spans) => (index % 125 > 115 ? without(spans, index % 2 === 0 ? 'c' : 'e') : spans)),
    ),
  )
  const names = debtOf(cases).map((one) => [one.class, ...one.alternatives])
  assert.equal(names.length, 1)
  assert.ok(names[0]?.includes('export-context-cancelled'), String(names))
  assert.ok((names[0]?.length ?? 0) <= 3)
})

test('several services that are wholly missing together are split by tail sampling', () => {
  const cases = breaksOf(
    drawSpans(
      drawTraces(600, (index, spans) => {
        const more = [...spans, ...below(spans)]
        return some(index, 20) ? more.filter(({ service }) => service !== 'cart' && service !== 'price') : more
      }),
    ),
  )
  for (const one of debtOf(cases)) assert.ok([one.class, ...one.alternatives].includes('tail-sampling-split'))
  assert.ok(debtOf(cases).length > 0)
})

/** price and cart both call mail, so that both leave orphans when they are missing. */
function below(spans: readonly DrawnSpan[]): DrawnSpan[] {
  const first = spans[0] as DrawnSpan
  const one = (id: string, parent: string, service: string, kind: string, start: number): DrawnSpan => ({
    ...first,
    id,
    parent,
    service,
    kind,
    start,
    end: start + 3,
    name: kind === 'client' ? 'POST /mail' : `POST /mail/${service}`,
  })
  return [
    one('m', 'f!', 'price', 'client', 52),
    { ...one('n', 'm@', 'mail', 'server', 53), name: 'POST /mail/price', end: 54 },
    one('o', 'c!', 'cart', 'client', 62),
    { ...one('q', 'o@', 'mail', 'server', 63), name: 'POST /mail/cart', end: 64 },
  ]
}
