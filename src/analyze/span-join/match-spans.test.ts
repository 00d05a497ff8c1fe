/** Spans of a file against tasks of a trace: what is certain, what only probable, what is refused. Times in ns. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spanIds } from '../testing/draw-spans.ts'
import { matchSpans, type PlacedSpan } from './match-spans.ts'
import type { Sighting } from './sightings.ts'

const MS = 1e6
const nothing = { runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 }

function seen(name: string, startNs: number, endNs: number, more: Partial<Sighting> = {}): Sighting {
  return {
    name,
    startNs,
    endNs,
    rung: more.spanId === undefined ? 0 : 1,
    sdk: 'otel',
    goroutine: 1,
    hasBegin: true,
    hasEnd: true,
    states: { ...nothing, unknownNs: 0, goneNs: 0 },
    assistNs: 0,
    created: { ...nothing, count: 0 },
    ...more,
  }
}

let last = 0
function known(name: string, startNs: number, endNs: number, more: Partial<PlacedSpan> = {}): PlacedSpan {
  const { traceId, spanId } = spanIds(++last)
  return { traceId, spanId, name, startUnixNs: BigInt(startNs), endUnixNs: BigInt(endNs), startNs, endNs, ...more }
}

const trace = { endNs: 100 * MS, clockErrorNs: 1000 }
const short = (
  spans: readonly PlacedSpan[],
  all: readonly Sighting[],
  about: { endNs: number; clockErrorNs?: number } = trace,
) =>
  matchSpans(spans, all, about).map(({ sighting, confidence }) => [
    sighting === undefined ? -1 : all.indexOf(sighting),
    confidence,
  ])

test('one task of that name at these times is certain; its id beats any time', () => {
  assert.deepEqual(short([known('a', MS, 2 * MS)], [seen('a', MS + 800, 2 * MS + 30)]), [[0, 'certain']])
  const span = known('a', MS, 2 * MS)
  const own = seen('other', 50 * MS, 51 * MS, { traceId: span.traceId, spanId: span.spanId })
  assert.deepEqual(short([span], [seen('a', MS, 2 * MS), own]), [[1, 'certain']])
})

test('two of one name that end at about the same time are probable, each its nearest, the other told', () => {
  const spans = [known('a', MS, 2 * MS), known('a', MS + 100, 2 * MS + 5000)]
  const all = [seen('a', MS + 900, 2 * MS + 5100), seen('a', MS + 500, 2 * MS + 100)]
  assert.deepEqual(short(spans, all), [
    [1, 'probable'],
    [0, 'probable'],
  ])
  const [first] = matchSpans(spans, all, trace)
  assert.deepEqual(
    first?.candidates.map(({ endOffNs }) => endOffNs),
    [5100],
  )
  assert.match(first?.doubts[0] ?? '', /of that name/)
})

test('two of one name that began far apart are told apart', () => {
  const spans = [known('a', MS, 9 * MS), known('a', 5 * MS, 9 * MS + 100)]
  const all = [seen('a', 5 * MS + 500, 9 * MS + 200), seen('a', MS + 500, 9 * MS + 50)]
  assert.deepEqual(short(spans, all), [
    [1, 'certain'],
    [0, 'certain'],
  ])
})

test('a span that was not exported keeps another from being taken for it: two tasks, one span', () => {
  const all = [seen('a', MS + 500, 2 * MS + 9000), seen('a', MS + 400, 2 * MS + 100)]
  assert.deepEqual(short([known('a', MS, 2 * MS)], all), [[1, 'probable']])
})

test('two spans for one task: at most one has it, and none for sure', () => {
  const found = short([known('a', MS, 2 * MS), known('a', MS, 2 * MS + 50)], [seen('a', MS + 400, 2 * MS + 60)])
  assert.deepEqual(found, [
    [-1, undefined],
    [0, 'probable'],
  ])
})

test('the parent’s task settles which of two it is', () => {
  const parent = known('outer', 0, 9 * MS)
  const spans = [parent, known('a', MS, 2 * MS, { parentSpanId: parent.spanId })]
  const all = [
    seen('outer', 500, 9 * MS + 50, { task: 3 }),
    seen('a', MS + 400, 2 * MS + 90, { parentTask: 8 }),
    seen('a', MS + 400, 2 * MS + 95, { parentTask: 3 }),
  ]
  assert.deepEqual(short(spans, all), [
    [0, 'certain'],
    [2, 'certain'],
  ])
})

test('renamed after its start: found by its times, as probable; with two that fit, not at all', () => {
  const span = known('GET /orders/{id}', MS, 2 * MS)
  assert.deepEqual(short([span], [seen('HTTP GET', MS + 400, 2 * MS + 90)]), [[0, 'probable']])
  assert.match(matchSpans([span], [seen('HTTP GET', MS + 400, 2 * MS + 90)], trace)[0]?.doubts[0] ?? '', /HTTP GET/)
  assert.deepEqual(short([span], [seen('x', MS + 400, 2 * MS + 90), seen('y', MS + 400, 2 * MS + 95)]), [
    [-1, undefined],
  ])
})

test('its own times are not those of the trace (WithTimestamp): no match by time', () => {
  assert.deepEqual(short([known('a', MS, 2 * MS)], [seen('a', 11 * MS, 12 * MS)]), [[-1, undefined]])
  assert.deepEqual(short([known('a', MS, 2 * MS)], [seen('a', 5 * MS, 2 * MS)]), [[-1, undefined]])
})

test('before, after and across the edges of the trace', () => {
  const [early, late] = matchSpans([known('a', -3 * MS, -2 * MS), known('a', 101 * MS, 102 * MS)], [], trace)
  assert.deepEqual([early?.isOutside, late?.isOutside], [true, true])
  const older = seen('a', 0, 2 * MS + 50, { hasBegin: false })
  const open = seen('b', 99 * MS + 300, 100 * MS, { hasEnd: false })
  const spans = [known('a', -5 * MS, 2 * MS), known('b', 99 * MS, 110 * MS)]
  assert.deepEqual(short(spans, [older, open]), [
    [0, 'partial'],
    [1, 'partial'],
  ])
})

test('an id twice in the file or in the trace is not certain', () => {
  const span = known('a', MS, 2 * MS)
  const ids = { traceId: span.traceId, spanId: span.spanId }
  assert.deepEqual(short([span, span], [seen('a', MS, 2 * MS, ids)]), [
    [0, 'probable'],
    [0, 'probable'],
  ])
  assert.deepEqual(short([span], [seen('a', 9 * MS, 10 * MS, ids), seen('a', MS, 2 * MS, ids)]), [[1, 'probable']])
})

test('a task that the program began itself is never certain, and without a clock only ids join', () => {
  assert.deepEqual(short([known('a', MS, 2 * MS)], [seen('a', MS, 2 * MS, { sdk: 'datadog' })]), [[0, 'probable']])
  assert.deepEqual(short([known('a', MS, 2 * MS)], [seen('a', MS, 2 * MS)], { endNs: 100 * MS }), [[-1, undefined]])
})

test('a thousand namesakes at one moment are read in time, and none of them is certain', () => {
  const spans = Array.from({ length: 1000 }, (_, at) => known('a', MS + at, 2 * MS + at))
  const all = Array.from({ length: 1000 }, (_, at) => seen('a', MS + at, 2 * MS + at))
  const found = matchSpans(spans, all, trace)
  assert.equal(found.filter(({ confidence }) => confidence === 'certain').length, 0)
  assert.ok(found.filter(({ confidence }) => confidence === 'probable').length > 900)
})
