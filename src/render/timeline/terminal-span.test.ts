import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpanAnswer } from '../../model/span-join.ts'
import { widthOf } from '../text.ts'
import { plainTheme } from '../theme.ts'
import { renderJoin, renderSpan } from './terminal-span.ts'

const stack = {
  frames: [
    { function: 'sync.(*Mutex).Lock', file: 'sync/mutex.go', line: 46 },
    { function: 'example.com/shop/internal/stock.reserve', file: 'example.com/shop/internal/stock/stock.go', line: 31 },
    { function: 'main.main', file: 'example.com/shop/main.go', line: 9 },
  ],
  userFrame: 1,
}
const times = { runningNs: 1e6, runnableNs: 0, waitingNs: 8e6, syscallNs: 0 }
const span: SpanAnswer = {
  asked: 'b7ad6b7169203331',
  kind: 'span',
  name: 'POST /checkout',
  spanId: 'b7ad6b7169203331',
  rung: 1,
  confidence: 'certain',
  doubts: [],
  startNs: 2e6,
  durationNs: 10e6,
  candidates: [],
  goroutine: 7,
  startFunction: 'example.com/shop/internal/api.(*Server).serve',
  states: { ...times, unknownNs: 0, goneNs: 1e6 },
  sumNs: 10e6,
  assistNs: 0,
  stoppedNs: 0,
  explainedRatio: 0.9,
  unexplained: [{ ns: 1e6, why: 'its goroutine had ended, goroutine 9 ended the span' }],
  bar: {
    binNs: 1e6,
    runningNs: [1e6, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    runnableNs: new Array(10).fill(0),
    waitingNs: [0, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 0],
    syscallNs: new Array(10).fill(0),
  },
  waits: [{ state: 'waiting', reason: 'sync', waitClass: 'sync', ns: 8e6, count: 2, maxNs: 7e6, blind: false, stack }],
  longest: [
    {
      goroutine: 7,
      state: 'waiting',
      reason: 'sync',
      waitClass: 'sync',
      startNs: 3e6,
      ns: 7e6,
      stack,
      wokenBy: { goroutine: 8, startFunction: 'main.hold' },
      path: [
        {
          goroutine: 8,
          startFunction: 'main.hold',
          state: 'waiting',
          reason: 'sleep',
          startNs: 3e6,
          ns: 7e6,
          stack,
          woke: 7,
        },
      ],
    },
    { goroutine: 7, state: 'waiting', reason: 'sync', waitClass: 'sync', startNs: 3e6, ns: 1e6, stack, wokenBy: {} },
  ],
  created: {
    ...times,
    count: 30,
    groups: [],
    goroutines: [
      {
        goroutine: 11,
        startFunction: 'main.worker',
        createdBy: 7,
        startNs: 3e6,
        ns: 9e6,
        ended: true,
        ...times,
        mostly: { reason: 'sleep', waitClass: 'timer', ns: 8e6, stack },
      },
    ],
  },
  path: [],
  regions: [],
  logs: [],
  omitted: {},
}

const render = (more: Partial<SpanAnswer> = {}, width = 100) =>
  renderSpan({ ...span, ...more }, { width, theme: plainTheme }).join('\n')

test('first what it is and how sure, then a bar, the sum, and what is not explained with its reason', () => {
  const text = render()
  assert.match(
    text,
    /^POST \/checkout 10ms\nCertain: found by its id in the trace \(rung 1\), on goroutine 7 api\.\(\*Server\)\.serve\.\n/,
  )
  assert.match(text, /\n█········\n/)
  assert.match(text, /States add up to 10ms of 10ms; 90 % of the span is explained\./)
  assert.match(text, /\nNot explained\n1ms: its goroutine had ended, goroutine 9 ended the span\.\n/)
})

test('the user’s frame stands first, what it called below it; who ended a wait, or that no goroutine did', () => {
  const text = render()
  assert.match(
    text,
    /8ms 80 % waiting: sync, 2 times, longest 7ms\n {4}stock\.reserve {2}stock\/stock\.go:31\n {6}calls sync\.\(\*Mutex\)\.Lock\n {4}main\.main/,
  )
  assert.match(
    text,
    /7ms waiting: sync in stock\.reserve, ended by goroutine 8 main\.hold; until then:\n {2}7ms goroutine 8 main\.hold: waiting \(sleep\) in stock\.reserve, then let goroutine 7 go on/,
  )
  assert.match(text, /ended by no goroutine: a timer, the network poller or the\s+runtime/)
  assert.match(text, /30 goroutines until the span ended/)
  assert.match(text, /and 29 more goroutines/)
})

test('what is not certain is said in the second line, with its doubts and the others that it could be', () => {
  const candidates = [{ name: 'twin', task: 4, goroutine: 9, startNs: 1e6, durationNs: 2e6, endOffNs: -5000 }]
  const text = render({
    confidence: 'probable',
    rung: 0,
    doubts: ['1 more of that name ended at about the same time'],
    candidates,
  })
  assert.match(text, /\nProbable: found by the name and times of its task \(rung 0\)/)
  assert.match(text, /\n· 1 more of that name ended at about the same time\.\n/)
  assert.match(text, /What else it could be\ntwin: task 4, goroutine 9, 2ms from 1ms, its end 5µs before the span’s/)
})

test('without a goroutine there is no sum, and the way to get one is told', () => {
  const {
    goroutine: _g,
    states: _s,
    sumNs: _n,
    explainedRatio: _e,
    bar: _b,
    created: _c,
    confidence: _f,
    ...rest
  } = span
  const text = renderSpan({ ...rest, rung: 4, waits: [], longest: [] }, { width: 100, theme: plainTheme }).join('\n')
  assert.match(text, /\nNot found on any goroutine: only its time is known \(rung 4\)\.\n/)
  assert.match(text, /docs\/span-join\.md/)
  assert.doesNotMatch(text, /add up to/)
})

test('no line is wider than the terminal, and no name steers it', () => {
  const name = 'GET /\u001b[31m\u202e/x\nSent'
  for (const width of [60, 100]) {
    const text = render(
      { name, logs: [{ timeNs: 3e6, goroutine: 7, category: 'a\u0007', message: `${'very long '.repeat(30)}` }] },
      width,
    )
    for (const line of text.split('\n')) assert.ok(widthOf(line) <= width, line)
    assert.doesNotMatch(text, /[^\P{C}\n]/u)
    assert.match(text, /\\x1b\[31m/)
  }
})

test('all spans by name: how they were joined, and what was left', () => {
  const row = { name: 'job', count: 3, ns: 9e6, maxNs: 4e6, partialCount: 0, createdCount: 0, createdNs: 0, ...times }
  const lines = renderJoin(
    { rung: 0, spans: 5, certain: 3, probable: 1, partial: 0, unmatched: 1, outside: 2, names: [row] },
    { width: 100, theme: plainTheme },
  )
  assert.equal(
    lines[0],
    '5 spans: 3 certain, 1 probable and 1 of no goroutine, by the name and times of its task (rung 0); 2',
  )
  assert.match(lines.join('\n'), /3 +9ms +4ms +1ms +8ms +job$/)
})
