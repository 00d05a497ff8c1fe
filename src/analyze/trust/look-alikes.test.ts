import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import { breaksOf, type DrawnSpan, debtOf, drawTraces, some, span, without } from '../trust-testing/draw-shop.ts'

function debt(change: (index: number, spans: DrawnSpan[]) => DrawnSpan[], count = 400): string[] {
  return debtOf(breaksOf(drawSpans(drawTraces(count, change)))).map(
    ({ class: name, service, operation, why }) => `${name} ${service} ${operation}: ${why}`,
  )
}

const inner = (id: string, parent: string, start: number, end: number, name: string, more?: string): DrawnSpan =>
  span(id, parent, 'cart', 'internal', start, end, name, more)

test('retries under one parent', () => {
  assert.deepEqual(
    debt((index, spans) =>
      some(index, 40)
        ? [
            ...spans,
            span('r1', 'c!', 'cart', 'client', 61, 65, 'GET /price', 'status=error'),
            span('r2', 'c!', 'cart', 'client', 66, 70, 'GET /price', 'status=error'),
          ]
        : spans,
    ),
    [],
  )
})

test('recursion', () => {
  assert.deepEqual(
    debt((_, spans) => [
      ...spans,
      inner('r1', 'c!', 61, 80, 'walk'),
      inner('r2', 'r1!', 62, 78, 'walk'),
      inner('r3', 'r2!', 63, 75, 'walk'),
      inner('r4', 'r3!', 64, 70, 'walk'),
    ]),
    [],
  )
})

test('parallel siblings, one of which is always the longest', () => {
  assert.deepEqual(
    debt((index, spans) => [
      ...spans,
      inner('p1', 'c!', 61, 75 + ((index * 37) % 13), 'slow'),
      inner('p2', 'c!', 61.5, 63 + ((index * 53) % 7), 'quick'),
      inner('p3', 'c!', 61.6, 63 + ((index * 29) % 9), 'middling'),
    ]),
    [],
  )
})

test('detached work that keeps its trace and outlives the request', () => {
  assert.deepEqual(
    debt((index, spans) => [
      ...spans,
      inner('w', 'c!', 80, 180 + (index % 40), 'write audit'),
      span('x', 'w!', 'cart', 'client', 120, 160, 'INSERT audit'),
      inner('y', 'c!', 92.5, 140, 'send mail'),
    ]),
    [],
  )
})

test('errors of a running handler that take no time', () => {
  assert.deepEqual(
    debt((index, spans) =>
      some(index, 30) ? [...spans, span('z', 'c!', 'cart', 'client', 70, 70.05, 'POST /audit', 'status=error')] : spans,
    ),
    [],
  )
})

test('consumers that continue long after', () => {
  assert.deepEqual(
    debt((index, spans) => [
      ...spans,
      span('p', 'c!', 'cart', 'producer', 61, 63, 'orders publish'),
      span('q', 'p@', 'mail', 'consumer', 20_000 + (index % 900) * 20, 20_050 + (index % 900) * 20, 'orders process'),
      span('r', 'q!', 'mail', 'client', 20_010 + (index % 900) * 20, 20_020 + (index % 900) * 20, 'SMTP'),
    ]),
    [],
  )
})

test('batch consumers with links', () => {
  assert.deepEqual(
    debt((index, spans) => [
      ...spans,
      span('p', 'c!', 'cart', 'producer', 61, 63, 'orders publish'),
      ...(index % 5 === 4
        ? [
            {
              ...span(
                'q',
                '-',
                'mail',
                'consumer',
                200,
                250,
                'orders process',
                `link=t${index}/p${index},t${index - 1}/p${index - 1}`,
              ),
              trace: `q${index}`,
            },
          ]
        : []),
    ]),
    [],
  )
})

test('health checks and other roots of a server that nobody here calls', () => {
  assert.deepEqual(
    debt((index, spans) => [
      ...spans,
      {
        ...span('k', '-', 'price', 'server', (index * 37) % 400, ((index * 37) % 400) + 1, 'GET /healthz'),
        trace: `k${index}`,
      },
    ]),
    [],
  )
})

test('whole traces that were not sampled', () => {
  assert.deepEqual(
    debt((index, spans) => (some(index, 10) ? spans : [])),
    [],
  )
})

test('a job that begins on a period and calls services', () => {
  assert.deepEqual(
    debt((index, spans) => {
      if (index % 10 !== 0) return spans
      const start = -((index * 7919) % 389) + 37
      const job = { trace: `j${index}`, service: 'cart' }
      return [
        ...spans,
        { ...inner('j', '-', start, start + 60, 'nightly'), ...job },
        { ...span('jc', 'j!', 'cart', 'client', start + 5, start + 50, 'GET /price'), ...job },
        { ...span('js', 'jc@', 'price', 'server', start + 8, start + 45, 'GET /price'), trace: `j${index}` },
      ]
    }),
    [],
  )
})

test('a client and a server of one Zipkin call with one id', () => {
  const zipkin = (spans: DrawnSpan[]): DrawnSpan[] =>
    spans.map((one) =>
      one.id === 'f' ? { ...one, id: 'e', parent: 'c@' } : one.id === 'g' ? { ...one, parent: 'e!' } : one,
    )
  assert.deepEqual(
    debt((_, spans) => zipkin(spans)),
    [],
  )
})

test('clocks that differ do not hide a break, and are none', () => {
  const skewed = (spans: DrawnSpan[]): DrawnSpan[] =>
    spans.map((one) =>
      one.service === 'price' ? { ...one, start: one.start + 500, end: one.end + 500, more: 'host=p' } : one,
    )
  assert.deepEqual(
    debt((_, spans) => skewed(spans)),
    [],
  )
  const [first] = debtOf(
    breaksOf(
      drawSpans(
        drawTraces(400, (index, spans) =>
          skewed(spans).map((one) =>
            some(index, 20) && 'fg'.includes(one.id)
              ? { ...one, trace: `x${index}`, parent: one.id === 'f' ? '-' : one.parent }
              : one,
          ),
        ),
      ),
    ),
  )
  assert.deepEqual([first?.class, first?.state], ['no-extract', 'unexplained'])
})

test('a request that has not ended leaves its children pending', () => {
  const drawing = drawTraces(400, (index, spans) =>
    index === 300 ? [...without(spans, 'abc'), inner('u', 'c!', 39_000, 39_900, 'stream')] : spans,
  )
  const cases = breaksOf(drawSpans(drawing), { options: { settleNs: 30e9 } })
  assert.deepEqual(debtOf(cases), [])
})
