/** --group-by, --focus and --ignore over the recorded service's trace: what rows say adds up to the whole. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TraceStream } from '../model/ports.ts'
import { type TimelineGroupKey, timelineGroupKeys } from '../model/timeline.ts'
import { readTimeline, type TimelineOptions } from './timeline.ts'

const path = join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop', 'trace.bin')
const trace = new Uint8Array(readFileSync(path))

async function timeline(options: TimelineOptions = {}) {
  const stream: TraceStream = {
    name: 'trace.bin',
    issues: [],
    bytes: (async function* () {
      yield trace
    })(),
    failure: () => undefined,
  }
  const report = await readTimeline(stream, options)
  assert.ok(report.ok, report.ok ? '' : report.error.message)
  return report.value.data
}

async function grouped(...by: TimelineGroupKey[]) {
  const { grouped: found } = await timeline({ groupBy: by })
  assert.ok(found !== undefined)
  return found
}

const states = ['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const

for (const by of [
  ...timelineGroupKeys.map((key) => [key]),
  ['start', 'state'],
  ['creator', 'reason', 'stack'],
] as const) {
  test(`rows by ${by.join(' and ')} share out the time of the program's goroutines, state by state`, async () => {
    const { totals } = await timeline()
    const { rows, ns, rowCount } = await grouped(...(by as TimelineGroupKey[]))
    assert.equal(rows.length, rowCount)
    for (const state of states) {
      assert.equal(
        rows.reduce((sum, row) => sum + row[state], 0),
        totals[state],
        state,
      )
    }
    assert.equal(
      rows.reduce((sum, row) => sum + row.ns, 0),
      ns,
    )
    assert.ok(rows.every((row, at) => at === 0 || row.ns <= (rows[at - 1]?.ns ?? 0)))
  })
}

test('rows by start function are the groups of the account', async () => {
  const { groups } = await timeline()
  const { rows } = await grouped('start')
  for (const row of rows) {
    const group = groups.find(({ startFunction, system }) => !system && startFunction === row.startFunction)
    for (const state of states) assert.equal(row[state], group?.[state])
  }
})

test('rows by reason have the counts, the longest and the quantiles of the waits', async () => {
  const { waiting } = await timeline()
  const { rows } = await grouped('reason')
  for (const reason of new Set(waiting.map(({ blockReason }) => blockReason).filter((one) => one !== ''))) {
    const same = waiting.filter(({ blockReason }) => blockReason === reason)
    const row = rows.find((one) => one.state === 'waiting' && one.reason === reason)
    const [stays] = row?.states ?? []
    assert.equal(
      stays?.count,
      same.reduce((sum, { count }) => sum + count, 0),
    )
    assert.equal(stays?.maxNs, Math.max(...same.map(({ maxNs }) => maxNs)))
    if (same.length === 1) assert.equal(stays?.p99Ns, same[0]?.p99Ns)
    assert.ok(stays?.p50Ns !== undefined && stays.p50Ns <= (stays.p99Ns ?? 0))
  }
})

test('a stack is told by its frames, leaf first, and running time has none', async () => {
  const { rows } = await grouped('stack', 'state')
  assert.ok(rows.some(({ state, stack }) => state === 'waiting' && (stack?.length ?? 0) > 3))
  for (const { state, stack } of rows) if (state === 'running') assert.deepEqual(stack, [])
  const waits = rows.flatMap(({ stack }) => (stack === undefined || stack.length === 0 ? [] : [stack]))
  assert.ok(waits.every((frames) => frames.every((frame) => frame.function !== '' && frame.line >= 0)))
})

test('focus keeps what has a match in its stack, and says the share; ignore keeps the rest', async () => {
  const whole = await timeline()
  const pattern = /internal\/poll\./
  const kept = await timeline({ focus: pattern })
  const rest = await timeline({ ignore: pattern })
  assert.ok(kept.focus !== undefined && rest.focus !== undefined)
  assert.ok(kept.focus.keptNs > 0 && rest.focus.keptNs > 0)
  assert.equal(kept.focus.keptNs + rest.focus.keptNs, kept.focus.ofNs)
  for (const state of states) assert.equal(kept.totals[state] + rest.totals[state], whole.totals[state])
  assert.ok(kept.waiting.some(({ blockReason }) => blockReason === 'network'))
  assert.ok(!rest.waiting.some(({ blockReason }) => blockReason === 'network'))
  assert.equal(kept.blind.blindNs + rest.blind.blindNs, whole.blind.blindNs)
  assert.equal(kept.scheduler.count, whole.scheduler.count)
})

test('a focus that all matches changes nothing but to say so', async () => {
  const whole = await timeline()
  const { focus, ...kept } = await timeline({ focus: /^/ })
  assert.equal(focus?.keptRatio, 1)
  assert.deepEqual(kept.totals, whole.totals)
  assert.deepEqual(kept.blind, whole.blind)
  // Of equal ones either may be the longest.
  const sorted = (rows: readonly { readonly ns: number; readonly blockReason: string }[]) =>
    rows
      .map((row) => ({ ...row, longest: undefined }))
      .toSorted((a, b) => b.ns - a.ns || a.blockReason.localeCompare(b.blockReason))
  assert.deepEqual(sorted(kept.waiting), sorted(whole.waiting))
})

test('a focus that nothing matches keeps nothing', async () => {
  const { focus, totals, waiting, groups } = await timeline({ focus: /no such function/, groupBy: ['start'] })
  assert.equal(focus?.keptRatio, 0)
  assert.deepEqual(Object.values(totals), [0, 0, 0, 0])
  assert.deepEqual([waiting, groups], [[], []])
})

test('no more rows than asked for, and the number there are', async () => {
  const { grouped: found } = await timeline({ groupBy: ['stack'], top: 3 })
  assert.equal(found?.rows.length, 3)
  assert.ok((found?.rowCount ?? 0) > 3)
})

test('a wait from before the trace and one in it are one row, where they wait in the same place', async () => {
  const { rows } = await grouped('stack')
  const own = /^runtime\.|\.runtime_|^internal\/poll\.\(\*pollDesc\)\./
  const places = rows.map(({ stack = [] }) =>
    stack
      .slice(
        Math.max(
          0,
          stack.findIndex((frame) => !own.test(frame.function)),
        ),
      )
      .map((frame) => `${frame.function}:${frame.line}`)
      .join('\n'),
  )
  assert.equal(new Set(places).size, places.length)
  const mixed = rows.filter(({ states: stays }) =>
    stays.some(({ state, openCount, count }) => state === 'waiting' && openCount !== count),
  )
  assert.ok(mixed.length > 3)
})
