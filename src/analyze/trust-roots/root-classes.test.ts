import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { SpanTable } from '../../model/spans.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
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
} from '../trust-testing/draw-shop.ts'

function find(change: (index: number, spans: DrawnSpan[]) => DrawnSpan[], more: Partial<BreakInput> = {}): BreakCase[] {
  return breaksOf(drawSpans(drawTraces(400, change)), more)
}

const move = (spans: DrawnSpan[], ids: string, by: number, longer = 0): DrawnSpan[] =>
  spans.map((one) => (ids.includes(one.id) ? { ...one, start: one.start + by, end: one.end + by + longer } : one))

for (const percent of [5, 50]) {
  test(`a call that is a root within its handler: built without context, or begun from an empty one, at ${percent} %`, () => {
    const cases = find((index, spans) => (some(index, percent) ? cutOff(spans, 'efg', `x${index}`) : spans))
    assert.equal(cases.length, 1)
    assert.deepEqual(
      [cases[0]?.state, cases[0]?.class, cases[0]?.alternatives[0]],
      ['unexplained', 'request-without-context', 'background-context'],
    )
    assert.match(
      cases[0]?.why ?? '',
      /\d+ of \d+ roots GET \/price lie within a handler of cart \(GET \/cart\); by chance/,
    )
  })

  test(`an inner root that the handler waits for: background context first, at ${percent} %`, () => {
    const cases = find((index, spans) => (some(index, percent) ? cutOff(spans, 'dh', `x${index}`) : spans))
    assert.equal(cases.length, 1)
    assert.deepEqual([cases[0]?.state, cases[0]?.class], ['unexplained', 'background-context'])
    assert.ok(cases[0]?.alternatives.includes('goroutine-without-context'))
    assert.equal(
      cases[0]?.affected,
      Array.from({ length: 400 }, (_, index) => index).filter((index) => some(index, percent)).length,
    )
  })

  test(`an inner root that outlives the handler: a goroutine first, at ${percent} %`, () => {
    const cases = find((index, spans) =>
      some(index, percent) ? move(cutOff(spans, 'dh', `x${index}`), 'dh', 30, 90) : spans,
    )
    assert.deepEqual([cases.length, cases[0]?.state, cases[0]?.class], [1, 'unexplained', 'goroutine-without-context'])
  })
}

test('a call that is a root and always takes its turn is no goroutine; one that runs beside others may be', () => {
  const isHit = (index: number): boolean => some(index, 50)
  const inTurn = find((index, spans) => (isHit(index) ? cutOff(spans, 'efg', `x${index}`) : spans).map(lengthen))
  assert.deepEqual(summarise(inTurn), ['unexplained request-without-context background-context'])
  const beside = find((index, spans) => {
    const cut = isHit(index) ? cutOff(spans, 'efg', `x${index}`) : spans
    return (isHit(index) ? move(cut, 'efg', -12 - (index % 9)) : cut).map(lengthen)
  })
  assert.equal(beside.length, 1)
  assert.ok([beside[0]?.class, ...(beside[0]?.alternatives ?? [])].includes('goroutine-without-context'))
})

/** The handler makes three calls of one name, one of which is for `price`. */
function drawCalls(index: number, isBroken: boolean, address: (turn: number) => string, steps = 3): DrawnSpan[] {
  const calls = Array.from({ length: 3 }, (_, turn): DrawnSpan => {
    const start = 20 + (turn * 60) / steps
    const isCut = isBroken && turn === 1
    return {
      ...span(`k${turn}`, isCut ? '-' : 'c!', 'cart', 'client', start, start + 18 + (index % 3), 'GET', address(turn)),
      ...(isCut ? { trace: `x${index}` } : {}),
    }
  })
  return [span('c', '-', 'cart', 'server', 8, 92, 'GET /cart'), ...calls]
}

for (const [habit, address] of [
  ['whose peers are told by their addresses', (turn: number) => `server.address=p${turn} server.port=80`],
  ['of which nothing but the name is known', () => ''],
] as const) {
  for (const percent of [5, 50, 101]) {
    test(`one of three calls of one name, ${habit}, a root in its handler, at ${percent} %`, () => {
      const cases = find((index) => drawCalls(index, some(index, percent), address))
      assert.deepEqual(summarise(cases), [
        'unexplained request-without-context background-context auto-instrumentation-gap',
      ])
      const broken = Array.from({ length: 400 }, (_, index) => index).filter((index) => some(index, percent))
      assert.equal(cases[0]?.affected, broken.length)
    })
  }
}

test('calls that run beside the others of their handler: built without context first', () => {
  const cases = find((index) => drawCalls(index, some(index, 30), (turn) => `peer.service=p${turn}`, 20))
  assert.deepEqual(summarise(cases), [
    'unexplained request-without-context goroutine-without-context background-context',
  ])
})

test('a poller of its own, whose calls have the name of the handlers’ and another peer, is no break', () => {
  const cases = find((index) => {
    const start = ((index * 104_729) % 397) - 100
    const poll = span('p', '-', 'cart', 'client', start, start + 4, 'GET', 'server.address=config')
    return [...drawCalls(index, false, (turn) => `server.address=p${turn}`), { ...poll, trace: `x${index}` }]
  })
  assert.deepEqual(debtOf(cases), [])
})

test('roots of a step that as many handlers lack are theirs, however long after; where none lacks it, it runs by itself', () => {
  const drawn = (isExtra: boolean) => (index: number, spans: DrawnSpan[]) => {
    const isHit = some(index, 10)
    const start = 8 + ((index * 104_729) % 380)
    const root = { ...span('k', '-', 'cart', 'internal', start, start + 3, 'audit'), trace: `x${index}` }
    const child = span('k2', 'c!', 'cart', 'internal', 80, 83, 'audit')
    return [...spans, ...(isHit ? [root] : []), ...(isHit && !isExtra ? [] : [child])]
  }
  assert.deepEqual(
    find(drawn(false)).map(({ state }) => state),
    ['unexplained'],
  )
  assert.deepEqual(debtOf(find(drawn(true))), [])
})

/** The handler's own step takes a good part of it. */
const lengthen = (one: DrawnSpan): DrawnSpan => (one.id === 'd' ? { ...one, end: 29 } : one)

const scope = 'go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin'

/** The handlers' spans are made by gin's middleware. */
function underGin(spans: SpanTable): SpanTable {
  const scopeOf = Uint32Array.from(spans.kinds, (kind) => (kind === 2 ? 1 : 0))
  return { ...spans, scopes: [{ name: 'shop' }, { name: scope }], scopeOf }
}

/** All that the services export is made by an agent. */
function byAgent(spans: SpanTable): SpanTable {
  const attributes = { 'telemetry.distro.name': 'opentelemetry-go-instrumentation' }
  return { ...spans, resources: spans.resources.map((resource) => ({ ...resource, attributes })) }
}

for (const percent of [5, 50]) {
  const drawn = (ids: string): SpanTable =>
    drawSpans(drawTraces(400, (index, spans) => (some(index, percent) ? cutOff(spans, ids, `x${index}`) : spans)))

  test(`an inner root within a handler of gin: its context is in the set, first, at ${percent} %`, () => {
    const cases = breaksOf(underGin(drawn('dh')))
    assert.deepEqual([cases.length, cases[0]?.state, cases[0]?.class], [1, 'unexplained', 'framework-context'])
    assert.equal(cases[0]?.alternatives.length, 2)
    assert.match(cases[0]?.why ?? '', /otelgin/)
  })

  test(`a call that is a root where all spans are an agent's: its gap is in the set, first, at ${percent} %`, () => {
    const cases = breaksOf(byAgent(drawn('efg')))
    assert.deepEqual([cases.length, cases[0]?.state, cases[0]?.class], [1, 'unexplained', 'auto-instrumentation-gap'])
    assert.ok(cases[0]?.alternatives.includes('request-without-context'))
  })
}

test('the scope of gin in a tag, as Zipkin has it, is as good', () => {
  const cases = find((index, spans) =>
    edit(some(index, 50) ? cutOff(spans, 'dh', `x${index}`) : spans, 'c', { more: `otel.scope.name=${scope}` }),
  )
  assert.equal(cases[0]?.class, 'framework-context')
})

test('gin and agents alone are no breaks', () => {
  const sound = drawSpans(drawTraces(400, (_, spans) => spans))
  assert.deepEqual([breaksOf(underGin(sound)), breaksOf(byAgent(sound))], [[], []])
})

test('roots of one operation within handlers of several kinds: a hand-off is in the set', () => {
  const cases = find((index, spans) => {
    const named = index % 2 === 0 ? spans : edit(spans, 'c', { name: 'POST /cart' })
    return some(index, 30) ? cutOff(named, 'dh', `x${index}`) : named
  })
  assert.deepEqual([cases.length, cases[0]?.class, cases[0]?.alternatives.length], [1, 'handoff-without-context', 2])
})

test('an audit that found the goroutine settles the set', () => {
  const source: readonly SourceEvidence[] = [
    {
      class: 'goroutine-without-context',
      services: ['cart'],
      file: 'cart/load.go',
      line: 41,
      starts: ['load cart'],
      operations: [],
      known: new Set(),
    },
  ]
  const cases = find((index, spans) => (some(index, 30) ? cutOff(spans, 'dh', `x${index}`) : spans), { source })
  assert.deepEqual([summarise(cases), cases[0]?.confidence], [['lost goroutine-without-context'], 'certain'])
  assert.match(cases[0]?.why ?? '', /cart\/load\.go:41/)
})

test('roots with a link are intended', () => {
  const cases = find((index, spans) =>
    some(index, 30) ? edit(cutOff(spans, 'dh', `x${index}`), 'd', { more: `link=t${index}/c${index}` }) : spans,
  )
  assert.deepEqual(summarise(cases), ['exonerated forced-new-root'])
})

const periodic = (index: number): number => -((index * 7919) % 389)

test('an operation that runs by itself on a period is no break, though handlers run it, too', () => {
  const cases = find((index, spans) => {
    if (index % 3 !== 0) return spans
    const start = periodic(index) + 170
    return [...spans, { ...(spans[3] as DrawnSpan), id: 'k', parent: '-', trace: `k${index}`, start, end: start + 12 }]
  })
  assert.deepEqual(debtOf(cases), [])
  assert.deepEqual(
    cases.map(({ exoneratedBy }) => exoneratedBy),
    ['scheduled root'],
  )
})

test('what keeps a period is handed over by nobody, though half of it begins as a handler ends', () => {
  const cases = find((index, spans) => {
    const start = periodic(index) + 170
    const end = Math.max(...spans.filter(({ service }) => service === 'cart').map((one) => one.end))
    const laterBy = index % 2 === 0 ? start - end - 0.01 : 0
    const moved = spans.map((one) => ({ ...one, start: one.start + laterBy, end: one.end + laterBy }))
    const tick = { ...(spans[3] as DrawnSpan), id: 'k', parent: '-', trace: `k${index}`, name: 'report levels' }
    return [...moved, { ...tick, start, end: start + 1 }]
  })
  assert.deepEqual(debtOf(cases), [])
})

test('roots of an operation that is never a child, and that no handler holds, are nothing', () => {
  const cases = find((index, spans) => [
    ...spans,
    {
      ...(spans[3] as DrawnSpan),
      id: 'k',
      parent: '-',
      trace: `k${index}`,
      name: 'sweep',
      start: (index * 31) % 400,
      end: ((index * 31) % 400) + 5,
    },
  ])
  assert.deepEqual(cases, [])
})

test('what an instance does before it handles its first request is its start', () => {
  const cases = find((index, spans) => {
    if (index !== 0) return spans
    const setup = Array.from({ length: 8 }, (_, step) => ({
      ...(spans[4] as DrawnSpan),
      id: `s${step}`,
      parent: '-',
      trace: `s${step}`,
      start: -100 + step * 10,
      end: -95 + step * 10,
    }))
    return [...setup, ...spans]
  })
  assert.deepEqual(cases, [])
})

test('one root of a usual child names nothing', () => {
  assert.deepEqual(
    find((index, spans) => (index === 200 ? cutOff(spans, 'h', 'x200') : spans)),
    [],
  )
})

test('a handler that always runs holds every root, where chance would leave some outside', () => {
  const cases = find((index, spans) => {
    const long = edit(edit(spans, 'a', { end: 380 }), 'c', { end: 370, start: 6 })
    return [
      ...long,
      {
        ...(spans[3] as DrawnSpan),
        id: 'k',
        parent: '-',
        trace: `k${index}`,
        name: 'record visit',
        start: 20,
        end: 320,
      },
    ]
  })
  assert.deepEqual([cases.length, cases[0]?.operation], [1, 'record visit'])
})

test('roots that begin as a step of a handler ends were handed over', () => {
  const cases = find((index, spans) => {
    const start = 20.01 + (index % 3) * 0.004
    return [
      ...spans,
      { ...(spans[3] as DrawnSpan), id: 'k', parent: '-', trace: `k${index}`, name: 'restock', start, end: start + 90 },
    ]
  })
  assert.deepEqual([cases.length, cases[0]?.operation], [1, 'restock'])
  assert.ok([cases[0]?.class, ...(cases[0]?.alternatives ?? [])].includes('handoff-without-context'))
})

test('roots that begin as long after a handler as otherwise its child does were handed over', () => {
  for (const percent of [5, 50]) {
    const cases = find((index, spans) => {
      const start = 92.4 + ((index * 31) % 50) / 10
      const isHit = some(index, percent)
      const parent = isHit ? '-' : 'c!'
      const job: DrawnSpan = { ...(spans[3] as DrawnSpan), id: 'k', parent, name: 'index', start, end: start + 9 }
      return [...spans, isHit ? { ...job, trace: `k${index}` } : job]
    })
    assert.deepEqual([cases.length, cases[0]?.state, cases[0]?.operation], [1, 'unexplained', 'index'], `${percent} %`)
    assert.ok([cases[0]?.class, ...(cases[0]?.alternatives ?? [])].includes('handoff-without-context'))
  }
})

for (const percent of [5, 50]) {
  test(`a call that is a root within the step of a goroutine that outlives its handler is 8 first, at ${percent} %`, () => {
    const detached = [
      span('m', 'c!', 'cart', 'internal', 80, 180, 'send mail'),
      span('n', 'm!', 'cart', 'client', 90, 170, 'POST /mail'),
    ]
    const cases = find((index, spans) => {
      const all = [...spans, ...detached]
      return some(index, percent) ? cutOff(all, 'n', `x${index}`) : all
    })
    assert.deepEqual([cases.length, cases[0]?.state, cases[0]?.class], [1, 'unexplained', 'request-without-context'])
    assert.ok(cases[0]?.alternatives.includes('background-context'))
    assert.match(cases[0]?.why ?? '', /lie whole within a step of cart \(send mail\)/)
  })

  test(`a call of a goroutine that no step holds stays a goroutine's first, beside steps too, at ${percent} %`, () => {
    const detached = [
      span('m', 'c!', 'cart', 'internal', 70, 120, 'send mail'),
      span('n', 'c!', 'cart', 'client', 80, 190, 'POST /mail'),
    ]
    const cases = find((index, spans) => {
      const all = [...spans, ...detached]
      return some(index, percent) ? cutOff(all, 'n', `x${index}`) : all
    })
    assert.deepEqual([cases.length, cases[0]?.class], [1, 'goroutine-without-context'])
  })
}
