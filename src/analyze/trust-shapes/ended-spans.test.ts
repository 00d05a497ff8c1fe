import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawSpans } from '../../decode/testing/draw-spans.ts'
import type { BreakCase } from '../trust/break-case.ts'
import {
  breaksOf,
  type DrawnSpan,
  drawTraces,
  edit,
  some,
  span,
  summarise,
  without,
} from '../trust-testing/draw-shop.ts'

function find(change: (index: number, spans: DrawnSpan[]) => DrawnSpan[], count = 400): BreakCase[] {
  return breaksOf(drawSpans(drawTraces(count, change)))
}

/** −1 … 1, the same each time. */
const jitter = (index: number, turn = 1): number => (((index * 7919 + turn * 104_729) % 2003) - 1001) / 1001

for (const percent of [5, 50, 101]) {
  test(`a handler that ends before its own calls, while its caller waits, is a break at ${percent} %`, () => {
    const cases = find((index, spans) =>
      some(index, percent) ? edit(spans, 'c', { end: 9 + 0.4 * jitter(index) }) : spans,
    )
    assert.deepEqual(summarise(cases), ['lost borrowed-span-ended'])
    assert.equal(cases[0]?.operation, 'GET /cart')
  })
}

for (const percent of [5, 50]) {
  test(`a root that ends before what it does has begun is a break at ${percent} %`, () => {
    const cases = find((index, spans) => (some(index, percent) ? edit(spans, 'a', { end: 3 }) : spans))
    assert.deepEqual(summarise(cases), ['lost borrowed-span-ended'])
  })
}

/** The handler's step: short requests, whose callers' clocks are off; it waits for it unless its span ended early. */
function drawStep(index: number, isBroken: boolean, more: DrawnSpan[] = []): DrawnSpan[] {
  const work = 1.5 + 1.2 * Math.abs(jitter(index))
  const off = index % 2 === 0 ? 60 : -35
  const net = 0.2 + 0.1 * Math.abs(jitter(index, 4))
  const ends = isBroken ? 10 + work * (0.05 + 0.3 * Math.abs(jitter(index, 2))) : 10.2 + work
  return [
    span('a', '-', 'gateway', 'server', off + 9, off + 14 + work, 'GET /shop'),
    span('b', 'a!', 'gateway', 'client', off + 10 - net, off + 10.2 + work + net, 'POST /score'),
    span('c', 'b@', 'cart', 'server', 10, ends, 'POST /score'),
    span('s', 'c!', 'cart', 'internal', 10.1, 10.1 + work, 'score'),
    ...more,
  ]
}

for (const percent of [5, 50, 101]) {
  test(`short handlers that end while their step runs, whatever the hosts' clocks say, are a break at ${percent} %`, () => {
    const cases = find((index) => drawStep(index, some(index, percent)))
    assert.deepEqual(summarise(cases), ['lost borrowed-span-ended'])
    assert.equal(
      cases[0]?.affected,
      Array.from({ length: 400 }, (_, index) => index).filter((index) => some(index, percent)).length,
    )
  })

  test(`another step of theirs, rightly detached, does not excuse them at ${percent} %`, () => {
    const cases = find((index) => {
      const start = 12.9 + 2 * Math.abs(jitter(index, 3))
      return drawStep(index, some(index, percent), [span('k', 'c!', 'cart', 'internal', start, start + 5, 'recount')])
    })
    assert.deepEqual(summarise(cases), ['lost borrowed-span-ended'])
  })
}

for (const isWaiting of [true, false]) {
  test(`a crowd, in which answers wait longer than the step runs on: ${isWaiting ? 'a break' : 'none, if nobody waits for it'}`, () => {
    const cases = find((index) => {
      const work = 5 + 4 * jitter(index)
      const rest = 15 + 5 * ((((index * 104_729) % 401) - 200) / 200)
      const ends = (isWaiting ? 10.1 + work : 10.3) + rest
      return [
        span('b', '-', 'gateway', 'client', 9.7, ends, 'POST /score'),
        span('c', 'b@', 'cart', 'server', 10, 10.2 + 0.1 * jitter(index, 5), 'POST /score'),
        span('s', 'c!', 'cart', 'internal', 10.4, 10.4 + work, 'score'),
      ]
    })
    assert.deepEqual(summarise(cases), isWaiting ? ['lost borrowed-span-ended'] : [])
  })
}

test('roots of two kinds, in one of which the step runs on, and that take as long, are a break', () => {
  const cases = find((index) =>
    drawStep(index, some(index, 50))
      .filter(({ id }) => id === 'c' || id === 's')
      .map((one) => (one.id === 'c' ? { ...one, parent: '-' } : one)),
  )
  assert.deepEqual(summarise(cases), ['lost borrowed-span-ended'])
})

test('a detached step of short answers from a cache, within the long ones, is no break', () => {
  for (const hasCaller of [true, false]) {
    const cases = find((index) => {
      const ends = some(index, 50) ? 10.3 + 0.1 * jitter(index, 5) : 19 + 2 * jitter(index, 5)
      const spans = [
        span('b', '-', 'gateway', 'client', 9.7, ends + 0.3, 'POST /score'),
        span('c', hasCaller ? 'b@' : '-', 'cart', 'server', 10, ends, 'POST /score'),
        span('s', 'c!', 'cart', 'internal', 10.1, 11.6 + 0.4 * jitter(index), 'count'),
      ]
      return hasCaller ? spans : spans.slice(1)
    })
    assert.deepEqual(summarise(cases), [], `caller: ${hasCaller}`)
  }
})

test('what outlives its handler by as long as answers are on their way is no break', () => {
  const cases = find((index) => {
    const ends = 12 + 1.5 * jitter(index, 5)
    const step = 1.6 + 0.3 * jitter(index)
    return [
      span('b', '-', 'gateway', 'client', 9.7, ends + 2, 'POST /score'),
      span('c', 'b@', 'cart', 'server', 10, ends, 'POST /score'),
      span('s', 'c!', 'cart', 'internal', 10.1, 10.1 + step, 'count'),
    ]
  })
  assert.deepEqual(summarise(cases), [])
})

test('three such ends in four hundred are no case', () => {
  assert.deepEqual(
    find((index, spans) => (index % 150 === 7 ? edit(spans, 'c', { end: 9 }) : spans)),
    [],
  )
})

test('a goroutine that begins as its handler ends is no break, before or after as it is scheduled', () => {
  for (const length of [0.02, 0.6, 45]) {
    const cases = find((index, spans) => {
      const start = 92 + 0.15 * jitter(index)
      return [...spans, span('k', 'c!', 'cart', 'internal', start, start + length, 'notify')]
    })
    assert.deepEqual(summarise(cases), [], `${length} ms`)
  }
})

test('a goroutine that is scheduled late at times, under load, is no break', () => {
  const cases = find((index, spans) => {
    const isSlow = some(index, 8)
    const slow = isSlow ? 1.5 + 0.5 * Math.abs(jitter(index)) : 1
    const delay = isSlow ? 5 + 30 * Math.abs(jitter(index, 2)) : 0.05 + 0.04 * jitter(index, 3)
    const load = edit(spans, 'd', { end: 10 + 9 * slow })
    return [...load, span('k', 'd!', 'cart', 'internal', 11 + delay, 11.3 + delay, 'warm')]
  })
  assert.deepEqual(summarise(cases), [])
})

test('what is handed to a pool as a step ends, while the handler goes on with other things, is no break', () => {
  const cases = find((index, spans) => {
    const start = 20.02 + 0.01 * Math.abs(jitter(index))
    return [...spans, span('k', 'd!', 'cart', 'internal', start, start + 14 + 3 * jitter(index, 2), 'restock')]
  })
  assert.deepEqual(summarise(cases), [])
})

test('an answer from a cache that is refreshed afterwards: the caller is not kept, no break', () => {
  const cases = find((index, spans) => {
    if (some(index, 60)) return spans
    const quick = edit(edit(without(spans, 'dh'), 'c', { end: 28 }), 'b', { end: 31 })
    return edit(quick, 'a', { end: 40 })
  })
  assert.deepEqual(
    summarise(cases).filter((line) => line.includes('borrowed')),
    [],
  )
})

for (const percent of [5, 50]) {
  const hit = (index: number): boolean => some(index, percent)

  test(`chains of two, one of one, and what comes after the loop are one fault, at ${percent} %`, () => {
    const cases = find((index, spans) => {
      const turns = (index % 2) + 1
      const lines = Array.from({ length: turns }, (_, turn) => {
        const parent = hit(index) && turn > 0 ? `s${turn - 1}!` : 'c!'
        return span(`s${turn}`, parent, 'cart', 'internal', 61 + turn * 4, 64 + turn * 4, 'order line')
      })
      const last = hit(index) ? `s${turns - 1}!` : 'c!'
      return [...spans, ...lines, span('p', last, 'cart', 'client', 75, 85, 'POST /charges')]
    })
    assert.deepEqual(summarise(cases), ['lost context-overwritten'])
    assert.equal(cases[0]?.affected, Array.from({ length: 400 }, (_, index) => index).filter(hit).length)
  })

  test(`what fails at once after the handler's end is cancelled with it, and the span around it, at ${percent} %`, () => {
    const cases = find((index, spans) => {
      const start = hit(index) ? 95 + 4 * jitter(index) : 89
      const fate = hit(index) ? [0.03, 'status=error'] : [40]
      return [
        ...spans,
        span('n', 'c!', 'cart', 'internal', start, start + 0.05 + Number(fate[0]), 'notify'),
        span(
          'z',
          'n!',
          'cart',
          'client',
          start + 0.02,
          start + 0.02 + Number(fate[0]),
          'POST /hook',
          String(fate[1] ?? ''),
        ),
      ]
    })
    assert.deepEqual(summarise(cases), ['lost detached-context-cancelled'])
    assert.equal(cases[0]?.operation, 'POST /hook')
  })
}

test('a late call that fails on its way, or that its peer has answered, was not cancelled before it began', () => {
  for (const [length, isAnswered] of [
    [0.9, false],
    [0.1, true],
  ] as const) {
    const cases = find((index, spans) => {
      const isLate = some(index, 5)
      const start = isLate ? 95 + 4 * Math.abs(jitter(index)) : 80
      const end = start + (isLate ? length : 1.5)
      const call = span('z', 'c!', 'cart', 'client', start, end, 'GET /copy', isLate ? 'status=error' : '')
      const answer = span('y', 'z@', 'copy', 'server', start + 0.01, end - 0.01, 'GET /copy')
      return [...spans, call, ...(isAnswered || !isLate ? [answer] : [])]
    })
    assert.deepEqual(
      summarise(cases).filter((line) => line.includes('cancelled')),
      [],
    )
  }
})

test('recursion whose steps are scheduled late at times is no chain', () => {
  const cases = find((index, spans) => {
    const late = some(index, 10) ? 5 : 1
    return [
      ...spans,
      span('r', 'c!', 'cart', 'internal', 61, 65, 'walk'),
      span('s', 'r!', 'cart', 'internal', 61 + late, 64 + late, 'walk'),
      span('t', 'r!', 'cart', 'internal', 61.5 + late, 64 + late, 'walk'),
    ]
  })
  assert.deepEqual(summarise(cases), [])
})

test('a peer that refuses all calls, late or not, cancels nothing', () => {
  const cases = find((index, spans) => {
    const start = index % 2 === 0 ? 93 : 80
    return [...spans, span('z', 'c!', 'cart', 'client', start, start + 0.1, 'POST /hook', 'status=error')]
  })
  assert.deepEqual(summarise(cases), [])
})

test('work that is done later for each request, by a timer or a queue, is nobody else’s', () => {
  for (const delay of [(): number => 10_000, (index: number): number => 6_000 + 90_000 * Math.abs(jitter(index))]) {
    const cases = find((index, spans) => {
      const start = 93 + delay(index)
      return [...spans, span('k', 'c!', 'cart', 'internal', start, start + 12, 'expire cart')]
    }, 600)
    assert.deepEqual(summarise(cases), [])
  }
})
