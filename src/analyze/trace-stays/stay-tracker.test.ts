/** Stays against the account: the same trace, goroutine by goroutine and state by state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GoroutineAccount } from '../../model/trace-account.ts'
import type { TraceStay, TraceStayListener, TraceWake } from '../../model/trace-export/trace-stays.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawnTrace, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from '../trace/trace-account.ts'
import { openStayTracker } from './stay-tracker.ts'

type Sums = Record<string, readonly [number, number, number, number]>

/** [runnable, running, waiting, syscall] of each goroutine, in order of id. */
function addStay(sums: Map<number, [number, number, number, number]>, stay: TraceStay): void {
  const sum = sums.get(stay.goroutine) ?? [0, 0, 0, 0]
  sum[stay.state - 2] = (sum[stay.state - 2] as number) + stay.endNs - stay.startNs
  sums.set(stay.goroutine, sum)
}

function addAccount(sums: Map<number, [number, number, number, number]>, one: GoroutineAccount): void {
  const sum = sums.get(one.id) ?? [0, 0, 0, 0]
  const times = [one.runnableNs, one.runningNs, one.waitingNs, one.syscallNs]
  sums.set(one.id, sum.map((before, at) => before + (times[at] as number)) as [number, number, number, number])
}

const listOf = (sums: Map<number, [number, number, number, number]>): Sums =>
  Object.fromEntries([...sums].sort(([a], [b]) => a - b))

function run(drawn: DrawnTrace, listener: Partial<TraceStayListener> = {}) {
  const stays: TraceStay[] = []
  const byStays = new Map<number, [number, number, number, number]>()
  const byAccount = new Map<number, [number, number, number, number]>()
  const account = openTraceAccount({ onGoroutine: (one) => addAccount(byAccount, one) })
  const tracker = openStayTracker({
    ...listener,
    onStay: (stay) => {
      stays.push({ ...stay })
      addStay(byStays, stay)
    },
  })
  for (const chunk of chunkRows(drawn.rows, 5)) {
    account.addChunk(chunk, drawn.tables)
    tracker.addChunk(chunk, drawn.tables)
  }
  account.finish(drawn)
  tracker.finish(drawn)
  return { stays, byStays: listOf(byStays), byAccount: listOf(byAccount) }
}

const draw = (lines: readonly string[], options: DrawOptions = {}) => drawTrace(lines, options)

test('stays follow each other without a gap, and carry why they began', () => {
  const drawn = draw(['1 RRrrRWWWrRSSrR.', '2 RRRRRRRRRRRRRRRR'], { stacks: { W: ['runtime.chanrecv1', 'main.wait'] } })
  const { stays } = run(drawn)
  const first = stays.filter(({ goroutine }) => goroutine === 1)
  assert.equal(first[0]?.startNs, 0)
  for (const [at, stay] of first.entries()) if (at > 0) assert.equal(stay.startNs, first[at - 1]?.endNs)
  const wait = first.find(({ state }) => state === 4)
  assert.equal(drawn.tables.strings[wait?.reason ?? 0], 'chan receive')
  assert.equal(wait?.endNs === undefined ? 0 : wait.endNs - wait.startNs, 300)
  const woken = first.find(({ wake }) => wake !== 0)
  assert.equal(woken?.state, 2)
  assert.equal(woken?.stack, wait?.stack)
  assert.deepEqual(
    first.map(({ isOlder, isOpen }) => [isOlder, isOpen]).filter(([older, open]) => older === true || open === true),
    [[true, false]],
  )
  const last = stays.filter(({ goroutine }) => goroutine === 2)
  assert.deepEqual([last.length, last[0]?.isOlder, last[0]?.isOpen], [1, true, true])
})

test('a stay of a goroutine whose start function shows up later is told with it', () => {
  const { stays } = run(draw(['1 WWrrRRRWW'], { starts: { 1: 'main.late' } }))
  assert.equal(new Set(stays.map(({ startFunction }) => startFunction)).size, 1)
  assert.notEqual(stays[0]?.startFunction, 0)
})

test('who woke and who made a goroutine is told with the serial that its stay carries', () => {
  const wakes: TraceWake[] = []
  const drawn = draw(['1 RRRRRRRRRR', '2 RRWWWrRRRR', '3 ..rRRRRRR.'])
  const { stays } = run(drawn, { onWake: (wake) => wakes.push(wake) })
  assert.deepEqual(
    wakes.map(({ waker, woken, isCreation, timeNs }) => [waker, woken, isCreation, timeNs]),
    [
      [1, 3, true, 200],
      [1, 2, false, 500],
    ],
  )
  for (const wake of wakes) {
    const stay = stays.find((one) => one.wake === wake.serial)
    assert.deepEqual([stay?.goroutine, stay?.startNs], [wake.woken, wake.timeNs])
  }
})

test('events that move no goroutine are passed on in their place', () => {
  const drawn = draw(['1 RRWWRR', '2 RRRRRR'], { rows: () => [{ timeNs: 250, kind: kind.HeapAlloc, args: [77] }] })
  const seen: unknown[] = []
  run(drawn, {
    onWake: ({ timeNs }) => seen.push(timeNs),
    onOther: (chunk, row) => seen.push([chunk.kinds[row], chunk.arg0[row]]),
  })
  assert.deepEqual(seen, [[kind.HeapAlloc, 77], 400])
})

test('whatever the picture, stays add up to the account of each goroutine', () => {
  const line = fc.stringMatching(/^\.{0,3}[RrWNMS]{1,25}\.{0,3}$/)
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
      const { byStays, byAccount } = run(draw(lines.map((states, at) => `${at + 1} ${states}`)))
      assert.deepEqual(byStays, byAccount)
    }),
    { numRuns: 200 },
  )
})

test('rows of nonsense never throw, and add up to what the account makes of them', () => {
  const row = fc.record({
    timeNs: fc.nat(1_000_000),
    kind: fc.constantFrom(...Object.values(kind)),
    goroutine: fc.nat(4),
    processor: fc.nat(5000),
    // 0 is no goroutine: no event names it.
    args: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
      const drawn = draw(['1 RWR'])
      drawn.tables.stack('a.b', 'c.d')
      drawn.tables.stack('e.f')
      const { byStays, byAccount } = run({ ...drawn, rows: [...drawn.rows, ...rows], durationNs: 1_000_000 })
      assert.deepEqual(byStays, byAccount)
    }),
    { numRuns: 300 },
  )
})
