/** Lives drawn and lives at random: whatever a trace says, a life has the account's times and never throws. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GoroutineAccount } from '../../model/trace-account.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawnRow, drawTrace, openTables } from '../testing/draw-trace.ts'
import { openTraceAccount } from '../trace/trace-account.ts'
import { type LifeOptions, openGoroutineLife } from './goroutine-life.ts'

const states = ['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const

function lifeOf(lines: readonly string[], options: LifeOptions, rows: readonly DrawnRow[] = []) {
  const drawn = drawTrace(lines, { stacks: { W: ['runtime.chanrecv1'] }, rows: () => rows })
  const life = openGoroutineLife(options)
  for (const chunk of chunkRows(drawn.rows, 5)) life.addChunk(chunk, drawn.tables)
  return life.finish(drawn.durationNs, drawn.tables)
}

test('a wait ends with who ended it, and its place has its count, its longest and when that was', () => {
  const { places, longest, wokenBy, longestWoken } = lifeOf(['1 RRRRRRRRRRRR', '2 RWWRRWWWWRRR'], { goroutine: 2 })
  const [waits] = places
  assert.deepEqual(
    [waits?.state, waits?.reason, waits?.ns, waits?.count, waits?.maxNs, waits?.longestStartNs],
    ['waiting', 'chan receive', 600, 2, 400, 500],
  )
  assert.deepEqual([longest[0]?.startNs, longest[0]?.ns, longest[0]?.wokenBy?.goroutine], [500, 400, 1])
  assert.equal(wokenBy[0]?.count, 2)
  assert.deepEqual([longestWoken?.startNs, longestWoken?.endNs], [500, 900])
})

test('a window cuts stays at its edges, and what lies outside is not there', () => {
  const options = { goroutine: 2, fromNs: 300, toNs: 700 }
  const { places, bar } = lifeOf(['1 RRRRRRRRRRRR', '2 RWWRRWWWWRRR'], options)
  assert.deepEqual(
    places.filter(({ ns }) => ns > 0).map(({ ns, openCount }) => [ns, openCount]),
    [[200, 0]],
  )
  assert.equal(
    bar.runningNs.reduce((sum, ns) => sum + ns, 0),
    200,
  )
})

const kinds = [
  kind.GoCreate,
  kind.GoCreateBlocked,
  kind.GoCreateSyscall,
  kind.GoStart,
  kind.GoStop,
  kind.GoBlock,
  kind.GoUnblock,
  kind.GoSyscallBegin,
  kind.GoSyscallEnd,
  kind.GoSyscallEndBlocked,
  kind.GoDestroy,
  kind.GoStatus,
  kind.GoStatusStack,
  kind.GoSwitch,
  kind.GoSwitchDestroy,
  kind.UserTaskBegin,
  kind.UserTaskEnd,
  kind.UserRegionBegin,
  kind.UserRegionEnd,
  kind.UserLog,
]

const row = fc.record({
  kind: fc.constantFrom(...kinds),
  step: fc.integer({ min: -30, max: 2000 }),
  goroutine: fc.integer({ min: 0, max: 4 }),
  first: fc.integer({ min: 0, max: 4 }),
  status: fc.integer({ min: 0, max: 5 }),
  isNext: fc.boolean(),
})

test('events at random: bars, places and totals agree, tasks and regions lie in the window', () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 120 }), fc.boolean(), (events, isCut) => {
      const tables = openTables()
      const stack = tables.stack('main.leaf', 'main.root')
      let timeNs = 0
      let generation = 1
      const rows = events.map((event): DrawnRow => {
        timeNs = Math.max(0, timeNs + event.step)
        if (event.isNext && event.step % 7 === 0) generation += 1
        const isStatus = event.kind === kind.GoStatus || event.kind === kind.GoStatusStack
        const args = [event.first, isStatus ? 0 : stack, isStatus ? event.status : stack, stack]
        return { timeNs, kind: event.kind, goroutine: event.goroutine, generation, args }
      })
      const window = isCut ? { fromNs: 500, toNs: 20_000 } : {}
      for (let id = 1; id <= 4; id++) {
        const life = openGoroutineLife({ goroutine: id, ...window })
        for (const chunk of chunkRows(rows, 9)) life.addChunk(chunk, tables)
        const endNs = rows.reduce((most, one) => Math.max(most, one.timeNs), 0)
        const told = life.finish(endNs, tables)
        const away = told.places.reduce((sum, { ns }) => sum + ns, 0)
        const sums = states.map((state) => told.bar[state].reduce((sum, ns) => sum + ns, 0))
        assert.equal(away, (sums[1] ?? 0) + (sums[2] ?? 0) + (sums[3] ?? 0))
        assert.ok(sums.every((sum) => sum >= 0))
        for (const { ns, startNs } of [...told.regions, ...told.tasks]) {
          assert.ok(ns >= 0 && (!isCut || (startNs >= 500 && startNs + ns <= 20_000)))
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('a trace without a doubt in it: the life of each goroutine is the one that the account has', () => {
  const pictures = fc.array(fc.stringMatching(/^[RrWS]{1,30}$/), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(pictures, (lines) => {
      const drawn = drawTrace(
        lines.map((line, at) => `${at + 1} ${line}`),
        {},
      )
      const accounts: GoroutineAccount[] = []
      const account = openTraceAccount({ onGoroutine: (one) => accounts.push(one) })
      for (const chunk of chunkRows(drawn.rows, 7)) account.addChunk(chunk, drawn.tables)
      account.finish({ durationNs: drawn.durationNs })
      for (const one of accounts) {
        const life = openGoroutineLife({ goroutine: one.id })
        for (const chunk of chunkRows(drawn.rows, 7)) life.addChunk(chunk, drawn.tables)
        const { bar } = life.finish(drawn.durationNs, drawn.tables)
        for (const state of states)
          assert.equal(
            bar[state].reduce((sum, ns) => sum + ns, 0),
            one[state],
          )
      }
    }),
    { numRuns: 200 },
  )
})
