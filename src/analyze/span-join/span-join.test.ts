/** Each rung of the ladder, and what comes near it, on drawn timelines: a tick is 100 ns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpanStates } from '../../model/span-join.ts'
import { spanIds, spanRows } from '../testing/draw-spans.ts'
import { chunkRows, type DrawnRow, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { addStates } from './sightings.ts'
import { openSpanJoin, type SpanJoinOptions } from './span-join.ts'

type Rows = (write: ReturnType<typeof spanRows>) => readonly DrawnRow[]

function join(lines: readonly string[], rows: Rows, options: SpanJoinOptions = {}, draw: DrawOptions = {}) {
  const drawn = drawTrace(lines, { ...draw, rows: (tables) => rows(spanRows(tables)) })
  const open = openSpanJoin(options)
  open.addGeneration({ isRestart: true })
  for (const chunk of chunkRows(drawn.rows, 3)) open.addChunk(chunk, drawn.tables)
  return open.finish({ durationNs: drawn.durationNs, clock: { kind: 'none' } })
}

const states = (
  running: number,
  runnable: number,
  waiting: number,
  syscall = 0,
  unknown = 0,
  gone = 0,
): SpanStates => ({
  runningNs: running,
  runnableNs: runnable,
  waitingNs: waiting,
  syscallNs: syscall,
  unknownNs: unknown,
  goneNs: gone,
})

const one = (found: ReturnType<typeof join>) => {
  const [span, ...others] = found.summary.longest ?? []
  assert.ok(span !== undefined && others.length === 0)
  return span
}
const { traceId, spanId, logged } = spanIds(1)

test('rung 1: the id is in the trace; the task that begins next gives the name, its end the end', () => {
  const found = join(['1 RRRWWWrRRSRR'], (w) => [
    w.log(150, 1, logged),
    w.begin(160, 1, 7, 'GET /'),
    w.end(1050, 1, 7, 'GET /'),
    w.log(1060, 1, `${logged} end`),
  ])
  const { rung, spans, certain, probable, partial } = found.summary
  assert.deepEqual(
    { rung, spans, certain, probable, partial },
    { rung: 1, spans: 1, certain: 1, probable: 0, partial: 0 },
  )
  const span = one(found)
  assert.deepEqual([span.name, span.traceId, span.spanId, span.task], ['GET /', traceId, spanId, 7])
  assert.deepEqual([span.startNs, span.durationNs], [150, 900])
  assert.deepEqual(span.states, states(400, 100, 300, 100))
  assert.equal(addStates(span.states), span.durationNs)
})

test('rung 1 without tasks: the logs alone bound the span', () => {
  const span = one(join(['1 RRRWWrRRR'], (w) => [w.log(100, 1, logged), w.log(800, 1, `${logged} end`)]))
  assert.deepEqual(
    [span.rung, span.confidence, span.durationNs, span.states],
    [1, 'certain', 700, states(400, 100, 200)],
  )
})

test('rung 0: a task of the SDK is a span, one of the program is none', () => {
  const found = join(['1 RRRWWrRRR'], (w) => [
    w.begin(100, 1, 1, 'GET /'),
    w.end(800, 1, 1, 'GET /'),
    w.begin(810, 1, 2, 'own', { sdk: 'none' }),
    w.end(850, 1, 2, 'own', 'none'),
  ])
  assert.deepEqual([found.summary.rung, found.summary.spans, one(found).name], [0, 1, 'GET /'])
})

test("rung 3: Datadog's log names its task's span", () => {
  const id = { category: 'datadog.uint64_span_id', task: 4 }
  const span = one(
    join(['1 RRRWWrRRR'], (w) => [
      w.begin(100, 1, 4, 'web.request', { sdk: 'datadog' }),
      w.log(110, 1, 'ABCDEFGH', id),
      w.end(800, 1, 4, 'web.request', 'datadog'),
    ]),
  )
  assert.deepEqual([span.rung, span.spanId, span.name], [3, '4847464544434241', 'web.request'])
})

test('no tasks, no ids: rung 4, and no spans', () => {
  const { rung, spans } = join(['1 RRR'], () => []).summary
  assert.deepEqual([rung, spans], [4, 0])
})

test('goroutines made under a span count until its end, those that they make too, and none from before or after', () => {
  const lines = ['1 RRRRRRRRRRRR', '2 ...rRRRRRRR.', '3 .....rRRWWWW', '4 .rRRRRRRRRRR', '5 ..........rR']
  const span = one(join(lines, (w) => [w.begin(250, 1, 1, 'parent'), w.end(950, 1, 1, 'parent')]))
  // 2 from 300, 3 from 500 by 1: both until 950.
  assert.deepEqual(span.created, {
    count: 2,
    runningNs: 550 + 200,
    runnableNs: 100 + 100,
    waitingNs: 150,
    syscallNs: 0,
  })
})

test('spans that overlap on one goroutine each have their own time, and a child goroutine is of both', () => {
  const found = join(['1 RRRWWrRRRRRR', '2 .......rRRR.'], (w) => [
    w.begin(50, 1, 1, 'outer'),
    w.begin(450, 1, 2, 'late'),
    w.end(850, 1, 1, 'outer'),
    w.end(1150, 1, 2, 'late'),
  ])
  const [outer, late] = found.summary.longest ?? []
  assert.deepEqual([outer?.name, outer?.states], ['outer', states(500, 100, 200)])
  assert.deepEqual([late?.name, late?.states], ['late', states(550, 100, 50)])
  assert.deepEqual([outer?.created.count, late?.created.count], [1, 1])
  assert.equal(outer?.created.runningNs, 50)
  assert.equal(late?.created.runningNs, 300)
})

test('ended on another goroutine: the states are of the one that began it, and the other is named', () => {
  const span = one(
    join(['1 RRRWWWWWrRR', '2 RRRRRRRRRRR'], (w) => [
      w.log(100, 1, logged),
      w.begin(110, 1, 1, 'handed over'),
      w.end(700, 2, 1, 'handed over'),
      w.log(710, 2, `${logged} end`),
    ]),
  )
  assert.deepEqual([span.goroutine, span.endGoroutine, span.confidence], [1, 2, 'certain'])
  assert.deepEqual(span.states, states(200, 0, 400))
})

test('its goroutine ended before it did: that time is nobody’s, and said', () => {
  const span = one(join(['1 RRRR....', '2 RRRRRRRR'], (w) => [w.begin(100, 1, 1, 'left'), w.end(700, 2, 1, 'left')]))
  assert.deepEqual(span.states, states(300, 0, 0, 0, 0, 300))
  assert.equal(addStates(span.states), span.durationNs)
})

test('a goroutine that serves span after span: each has only its own time', () => {
  const second = spanIds(2)
  const found = join(['1 RRRWrRRRWrRR'], (w) => [
    w.log(50, 1, logged),
    w.begin(60, 1, 1, 'job'),
    w.end(550, 1, 1, 'job'),
    w.log(560, 1, `${logged} end`),
    w.log(600, 1, second.logged),
    w.begin(610, 1, 2, 'job'),
    w.end(1150, 1, 2, 'job'),
    w.log(1160, 1, `${second.logged} end`),
  ])
  assert.deepEqual(
    found.summary.longest?.map((span) => [span.spanId, span.states.waitingNs, span.durationNs]),
    [
      [second.spanId, 100, 550],
      [spanId, 100, 500],
    ],
  )
  assert.deepEqual(
    found.summary.names?.map(({ name, count, waitingNs }) => ({ name, count, waitingNs })),
    [{ name: 'job', count: 2, waitingNs: 200 }],
  )
})

test('a span from before the trace is partial: its end names the goroutine, the task and the log are one span', () => {
  const found = join(['1 WWWrRRRR'], (w) => [w.end(600, 1, 9), w.log(610, 1, `${logged} end`)])
  const span = one(found)
  assert.deepEqual(
    [span.confidence, span.startNs, span.spanId, span.task, found.summary.partial],
    ['partial', 0, spanId, 9, 1],
  )
  assert.ok(span.doubts.some((doubt) => doubt.includes('before the trace')))
})

test('a span that was begun before the trace by another goroutine than ended it: its time is not known', () => {
  const span = one(join(['1 RRRRRRRR', '2 ..rRRRR.'], (w) => [w.log(600, 2, `${logged} end`)]))
  assert.deepEqual([span.confidence, span.states], ['partial', states(0, 0, 0, 0, 600)])
})

test('no end in the trace: partial, up to the end of the trace', () => {
  const span = one(join(['1 RRRWWWWW'], (w) => [w.log(100, 1, logged), w.begin(110, 1, 1, 'open')]))
  assert.deepEqual([span.confidence, span.durationNs, span.states], ['partial', 700, states(200, 0, 500)])
  assert.ok(span.doubts.some((doubt) => doubt.includes('had not ended')))
})

test('one id for two spans: neither is certain', () => {
  const found = join(['1 RRRRRRRR', '2 RRRRRRRR'], (w) => [
    w.log(100, 1, logged),
    w.begin(110, 1, 1, 'a'),
    w.log(200, 2, logged),
    w.begin(210, 2, 2, 'a'),
    w.end(500, 1, 1, 'a'),
    w.end(600, 2, 2, 'a'),
  ])
  assert.deepEqual([found.summary.certain, found.summary.probable], [0, 2])
})

test('an end that comes twice, and a log of another kind between, change nothing', () => {
  const found = join(['1 RRRRRRRR'], (w) => [
    w.log(100, 1, logged),
    w.log(105, 1, 'cart is empty', { category: 'order' }),
    w.begin(110, 1, 1, 'a'),
    w.end(500, 1, 1, 'a'),
    w.log(510, 1, `${logged} end`),
  ])
  assert.deepEqual([found.summary.certain, found.summary.spans], [1, 1])
})

test('what was not known after damage is unknown, not spread over the states', () => {
  const drawn = drawTrace(['1 RRRRWWWWrRRR'], {
    rows: (tables) => [spanRows(tables).begin(100, 1, 1, 'cut'), spanRows(tables).end(1100, 1, 1, 'cut')],
  })
  const open = openSpanJoin()
  open.addGeneration({ isRestart: true })
  const rows = drawn.rows.filter(({ timeNs }) => timeNs < 300 || timeNs >= 800)
  const [before, after] = [rows.filter(({ timeNs }) => timeNs < 300), rows.filter(({ timeNs }) => timeNs >= 800)]
  for (const chunk of chunkRows(before)) open.addChunk(chunk, drawn.tables)
  open.addGeneration({ isRestart: true })
  for (const chunk of chunkRows(after)) open.addChunk(chunk, drawn.tables)
  const span = one(open.finish({ durationNs: 1200, clock: { kind: 'none' } }))
  assert.equal(span.states.unknownNs, 700)
  assert.equal(addStates(span.states), span.durationNs)
})

test('of tens of thousands at once no more is kept than is open, by name and the longest', () => {
  const most = 20_000
  const found = join(['1 RRRR'], (w) => [
    ...Array.from({ length: most }, (_, at) => w.begin(100, 1, at + 1, `n${at % 3}`)),
    ...Array.from({ length: most }, (_, at) => w.end(300, 1, at + 1, `n${at % 3}`)),
  ])
  assert.equal(found.summary.spans, most)
  assert.deepEqual(
    found.summary.names?.map(({ count }) => count),
    [6667, 6667, 6666],
  )
  assert.equal(found.summary.longest?.length, 20)
})

test('asked by id, by task, by name (the longest), by region; nothing of that name: no goal', () => {
  const rows: Rows = (w) => [
    w.log(100, 1, logged),
    w.begin(110, 1, 1, 'a'),
    w.region(150, 1, 'load'),
    w.region(250, 1, 'load', true),
    w.end(300, 1, 1, 'a'),
    w.log(310, 1, `${logged} end`),
    w.begin(400, 1, 2, 'a'),
    w.end(900, 1, 2, 'a'),
  ]
  const ask = (asked: string) => join(['1 RRRRRRRRRR'], rows, { asked }).goal
  assert.deepEqual([ask(spanId)?.startNs, ask(`${traceId}:${spanId}`)?.startNs, ask(traceId)?.startNs], [100, 100, 100])
  assert.deepEqual(
    [ask('task:2')?.startNs, ask('2')?.startNs, ask('a')?.startNs, ask('a')?.sameName],
    [400, 400, 400, 2],
  )
  assert.deepEqual(
    [ask('region:load')?.kind, ask('region:load')?.startNs, ask('region:load')?.endNs],
    ['region', 150, 250],
  )
  assert.deepEqual([ask('b'), ask('region:b'), ask('ffffffffffffffff')], [undefined, undefined, undefined])
})

test('spans inside more others than are followed keep their own sums, and are counted as such', () => {
  const most = 80
  const found = join(['1 RRRR..', '2 RRRRRR'], (w) => [
    ...Array.from({ length: most }, (_, at) => w.begin(100, 1, at + 1, 'deep')),
    ...Array.from({ length: most }, (_, at) => w.end(500, 2, at + 1, 'deep')),
  ])
  assert.equal(found.summary.omitted?.deepSpans, most - 64)
  for (const { states: own, durationNs } of found.summary.longest ?? []) assert.equal(addStates(own), durationNs)
})

test('a listener is told of every log line, with its task', () => {
  const heard: string[] = []
  join(['1 RRRRR'], (w) => [w.log(100, 1, logged), w.log(200, 1, 'paid', { category: 'order', task: 3 })], {
    onLog: ({ timeNs, goroutine, task, category, message }) =>
      heard.push([timeNs, goroutine, task, category, message].join(' ')),
  })
  assert.deepEqual(heard, [`100 1 0 otel ${logged}`, '200 1 3 order paid'])
})
