/** One span in full, on drawn timelines: its sum, its waits, who ended them, whom it made, what is not explained. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KnownSpan } from '../../model/span-join.ts'
import type { TraceClock } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { spanIds, spanRows } from '../testing/draw-spans.ts'
import { chunkRows, type DrawnRow, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { describeSpan } from './span-answer.ts'
import { openSpanJoin } from './span-join.ts'
import { openSpanProbe } from './span-probe.ts'

type Case = {
  readonly lines: readonly string[]
  readonly rows: (write: ReturnType<typeof spanRows>) => readonly DrawnRow[]
  readonly asked?: string
  readonly draw?: DrawOptions
  readonly spans?: readonly KnownSpan[]
  readonly clock?: TraceClock
}

function answer({ lines, rows, asked = 'a', draw, spans, clock = { kind: 'none' } }: Case) {
  const drawn = drawTrace(lines, { ...draw, rows: (tables) => rows(spanRows(tables)) })
  const join = openSpanJoin({ asked, ...(spans === undefined ? {} : { spans }) })
  join.addGeneration({ isRestart: true })
  for (const chunk of chunkRows(drawn.rows, 3)) join.addChunk(chunk, drawn.tables)
  const { goal } = join.finish({ durationNs: drawn.durationNs, clock })
  assert.ok(goal !== undefined)
  const probe = openSpanProbe(goal)
  probe.addGeneration({ isRestart: true })
  for (const chunk of chunkRows(drawn.rows, 3)) probe.addChunk(chunk, drawn.tables)
  return describeSpan(goal, probe.finish(), drawn.tables)
}

const draw: DrawOptions = {
  reasons: { W: 'chan receive', M: 'sync', Z: 'sleep' },
  stacks: {
    W: ['runtime.chanrecv1', 'main.take'],
    M: ['sync.(*Mutex).Lock', 'main.lock'],
    Z: ['time.Sleep', 'main.nap'],
  },
}

test('waits by reason and stack, with the user’s frame, and who ended them', () => {
  // 2 runs from 300, wakes 1 at 600.
  const span = answer({
    lines: ['1 RRWWWWrRRMMrRR', '2 WWWrRRRRRRRWWW', '3 ........RRRRRR'],
    rows: (w) => [w.begin(100, 1, 1, 'a'), w.end(1250, 1, 1, 'a')],
    draw,
  })
  assert.deepEqual(
    span.waits
      .filter(({ state }) => state === 'waiting')
      .map(({ reason, waitClass, ns, stack }) => [reason, waitClass, ns, stack.frames[stack.userFrame ?? 0]?.function]),
    [
      ['chan receive', 'chan', 400, 'main.take'],
      ['sync', 'sync', 200, 'main.lock'],
    ],
  )
  const [wait] = span.longest
  assert.deepEqual(
    [wait?.ns, wait?.startNs, wait?.wokenBy?.goroutine, wait?.wokenBy?.startFunction],
    [400, 200, 2, 'main.g2'],
  )
  // What 2 did meanwhile: it waited from before the span, then for a processor, then it ran.
  assert.deepEqual(
    wait?.path?.map(({ goroutine, state, ns }) => [goroutine, state, ns]),
    [
      [2, 'waiting', 100],
      [2, 'runnable', 100],
      [2, 'running', 200],
    ],
  )
  assert.equal(span.sumNs, 1150)
  assert.equal(span.explainedRatio, 1)
  assert.deepEqual(span.unexplained, [])
})

test('the path of the whole span adds up to its length, through those that woke it', () => {
  const span = answer({
    lines: ['1 RRWWWWWrRR', '2 WWWWrRRRRR', '3 RRRRR.....'],
    rows: (w) => [w.begin(100, 1, 1, 'a'), w.end(950, 1, 1, 'a')],
    draw,
  })
  assert.equal(
    span.path.reduce((sum, { ns }) => sum + ns, 0),
    span.durationNs,
  )
  assert.deepEqual(span.path.map(({ goroutine, state, woke }) => [goroutine, state, woke]).slice(0, 4), [
    [3, 'running', 2],
    [2, 'runnable', undefined],
    [2, 'running', 1],
    [1, 'runnable', undefined],
  ])
})

test('what it made, and what those made, until its end; by start function and one by one', () => {
  const span = answer({
    lines: ['1 RRRRRRRRRRRR', '2 ..rRZZZZZrRR', '3 ....rRRR....', '4 .........rRR'],
    rows: (w) => [w.begin(100, 1, 1, 'a'), w.end(850, 1, 1, 'a')],
    draw: { ...draw, starts: { 2: 'main.worker', 3: 'main.worker' } },
  })
  assert.deepEqual(
    span.created?.groups.map(({ startFunction, count, waitingNs }) => [startFunction, count, waitingNs]),
    [['main.worker', 2, 450]],
  )
  assert.deepEqual(
    span.created?.goroutines.map(({ goroutine, startNs, ns, ended, mostly }) => [
      goroutine,
      startNs,
      ns,
      ended,
      mostly?.reason,
    ]),
    [
      [2, 200, 650, false, 'sleep'],
      [3, 400, 400, true, undefined],
    ],
  )
})

test('a wait from before the trace has no reason: it is not explained, and the rest is', () => {
  const { logged } = spanIds(1)
  const span = answer({
    lines: ['1 WWWWrRRRRR'],
    rows: (w) => [w.log(900, 1, `${logged} end`)],
    asked: spanIds(1).spanId,
    draw: { ...draw, reasons: { W: '' } },
  })
  assert.equal(span.confidence, 'partial')
  assert.equal(span.sumNs, 900)
  assert.deepEqual(
    span.unexplained.map(({ ns }) => ns),
    [400],
  )
  assert.equal(Math.round((span.explainedRatio ?? 0) * 900), 500)
})

test('time after its goroutine ended is not explained, and says who ended the span', () => {
  const span = answer({
    lines: ['1 RRRR....', '2 RRRRRRRR'],
    rows: (w) => [w.begin(100, 1, 1, 'a'), w.end(700, 2, 1, 'a')],
  })
  assert.deepEqual(span.states, {
    runningNs: 300,
    runnableNs: 0,
    waitingNs: 0,
    syscallNs: 0,
    unknownNs: 0,
    goneNs: 300,
  })
  assert.match(span.unexplained[0]?.why ?? '', /goroutine 2 ended the span/)
  assert.equal(span.explainedRatio, 0.5)
})

test('assists and stops of the world within the span, and no more of them', () => {
  const mark = (timeNs: number, type: number, goroutine: number): DrawnRow => ({
    timeNs,
    kind: type,
    goroutine,
    args: [0, 0],
  })
  const span = answer({
    lines: ['1 RRRRRRRRRR', '2 RRRRRRRRRR'],
    rows: (w) => [
      w.begin(200, 1, 1, 'a'),
      w.end(800, 1, 1, 'a'),
      mark(100, kind.GCMarkAssistBegin, 1),
      mark(300, kind.GCMarkAssistEnd, 1),
      mark(400, kind.GCMarkAssistBegin, 2),
      mark(700, kind.STWBegin, 2),
      mark(900, kind.STWEnd, 2),
    ],
  })
  assert.deepEqual([span.assistNs, span.stoppedNs, span.sumNs], [100, 100, 600])
})

test('regions and logs of the span, not those of others; a mark of an id is no log', () => {
  const { logged, spanId } = spanIds(1)
  const span = answer({
    asked: spanId,
    lines: ['1 RRRRRRRRRR', '2 RRRRRRRRRR'],
    rows: (w) => [
      w.log(100, 1, logged),
      w.begin(110, 1, 1, 'a'),
      w.region(200, 1, 'load'),
      w.region(250, 2, 'other'),
      w.log(300, 1, 'cart is empty', { category: 'order', task: 1 }),
      w.log(310, 2, 'elsewhere', { category: 'order' }),
      w.region(400, 1, 'load', true),
      w.region(450, 1, 'open'),
      w.end(500, 1, 1, 'a'),
      w.log(510, 1, `${logged} end`),
    ],
  })
  assert.deepEqual(
    span.regions.map(({ name, ns, open }) => [name, ns, open]),
    [
      ['load', 200, false],
      ['open', 50, true],
    ],
  )
  assert.deepEqual(
    span.logs.map(({ message }) => message),
    ['cart is empty'],
  )
})

test('rung 4: a span of the file that left nothing in the trace has candidates by its function, and no sum', () => {
  const { traceId, spanId } = spanIds(1)
  const known = { traceId, spanId, name: 'a', startUnixNs: 1_000_200n, endUnixNs: 1_000_800n, function: 'main.lock' }
  const given: Case = {
    asked: spanId,
    lines: ['1 RRRMMrRRRR', '2 RRRRWWrRRR', '3 RRRRRRRRRMM'],
    rows: () => [],
    draw,
    spans: [known],
    clock: { kind: 'snapshot', traceNs: 0, unixNs: 1_000_000n, uncertaintyNs: 10 },
  }
  const span = answer(given)
  assert.deepEqual([span.rung, span.goroutine, span.states, span.explainedRatio], [4, undefined, undefined, undefined])
  assert.deepEqual(
    span.candidates.map(({ goroutine }) => goroutine),
    [1],
  )
  assert.equal(span.unexplained[0]?.ns, 600)
  const { function: _, ...nameless } = known
  assert.deepEqual(answer({ ...given, spans: [nameless] }).candidates, [])
})

test('a span of no length divides by nothing', () => {
  const span = answer({ lines: ['1 RRRR'], rows: (w) => [w.begin(200, 1, 1, 'a'), w.end(200, 1, 1, 'a')] })
  assert.deepEqual([span.durationNs, span.sumNs, span.explainedRatio], [0, 0, 1])
})
