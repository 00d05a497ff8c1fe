import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GoroutineAccount, TraceAccount } from '../../model/trace-account.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawnRow, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount, type TraceAccountOptions } from './trace-account.ts'

const mutexStack = ['sync.(*Mutex).Lock', 'main.work']
const networkStack = ['internal/poll.runtime_pollWait', 'internal/poll.(*FD).Read', 'net.(*conn).Read']

function account(lines: readonly string[], draw: DrawOptions = {}, options: TraceAccountOptions = {}) {
  const goroutines = new Map<number, GoroutineAccount>()
  const drawn = drawTrace(lines, draw)
  const open = openTraceAccount({ ...options, onGoroutine: (one) => goroutines.set(one.id, one) })
  for (const chunk of chunkRows(drawn.rows, 7)) open.addChunk(chunk, drawn.tables)
  return { ...open.finish({ durationNs: drawn.durationNs }), goroutineOf: (id: number) => goroutines.get(id) }
}

const groupOf = (result: TraceAccount, name: string) => result.groups.find((group) => group.startFunction === name)
const times = (one: GoroutineAccount | undefined) =>
  one && [one.runningNs, one.runnableNs, one.waitingNs, one.syscallNs]

test('each state of a goroutine is counted for as long as it is drawn', () => {
  const result = account(['1 RRRRrrWWWSRRr', '2 RRRRRRRRRRRRR'])
  assert.deepEqual(times(result.goroutineOf(1)), [600, 300, 300, 100])
  assert.deepEqual(times(result.goroutineOf(2)), [1300, 0, 0, 0])
  assert.deepEqual(result.totals, { runningNs: 1900, runnableNs: 300, waitingNs: 300, syscallNs: 100 })
  assert.equal(result.syscalls.count, 1)
})

test('a goroutine that waits from before the trace to its end is counted from the start, with its reason unknown', () => {
  const drawn = drawTrace(['1 RRRRRRRRRR'], {
    rows: (tables) => [
      // As the runtime does it: told at the end of the first generation, and again in the second.
      {
        timeNs: 500,
        kind: kind.GoStatusStack,
        args: [7, Number.NaN, wireGoroutineStatus.waiting, tables.stack(...networkStack, 'main.serve')],
      },
      { timeNs: 600, kind: kind.GoStatus, generation: 2, args: [1, 0, wireGoroutineStatus.running] },
      {
        timeNs: 900,
        kind: kind.GoStatusStack,
        generation: 2,
        args: [7, Number.NaN, wireGoroutineStatus.waiting, tables.stack(...networkStack, 'main.serve')],
      },
    ],
  })
  const open = openTraceAccount()
  for (const chunk of chunkRows(drawn.rows)) open.addChunk(chunk, drawn.tables)
  const result = open.finish({ durationNs: 1000 })
  const group = groupOf(result, 'main.serve')
  assert.equal(group?.waitingNs, 1000)
  const [row] = group?.waiting ?? []
  assert.deepEqual([row?.blockReason, row?.waitClass, row?.olderCount, row?.openCount], ['', 'network', 1, 1])
  assert.equal(row?.blind, true)
  assert.deepEqual(
    result.unknownWaits.rows.map((one) => [one.goroutine, one.startFunction]),
    [[7, 'main.serve']],
  )
})

test('a reason is kept over generations that tell the state again', () => {
  const drawn = drawTrace(['1 RRWWWWWWRR'], { stacks: { W: ['runtime.chanrecv1'] } })
  const rows: DrawnRow[] = drawn.rows.map((row) => (row.timeNs >= 500 ? { ...row, generation: 2 } : row))
  rows.splice(
    rows.findIndex((row) => row.timeNs >= 500),
    0,
    { timeNs: 550, kind: kind.GoStatus, generation: 2, args: [1, Number.NaN, wireGoroutineStatus.waiting] },
  )
  const open = openTraceAccount()
  for (const chunk of chunkRows(rows)) open.addChunk(chunk, drawn.tables)
  const [row] = open.finish({ durationNs: 1000 }).waiting
  assert.deepEqual([row?.blockReason, row?.ns, row?.count, row?.openCount], ['chan receive', 600, 1, 0])
})

test('time from before the start function was known goes to its group too', () => {
  const result = account(['1 WWWrrRRWWW'], { starts: { 1: 'main.late' } })
  const group = groupOf(result, 'main.late')
  assert.equal(group?.waitingNs, 600)
  assert.equal(group?.runnableNs, 200)
  assert.equal(
    group?.waiting.reduce((sum, row) => sum + row.ns, 0),
    600,
  )
  assert.equal(result.groups.length, 1)
})

test('goroutines fold into the group of their start function, apart by creator', () => {
  const result = account(['1 RRRRRRRRRR', '2 ..RRRR....', '3 ...rRRWW..', '4 .....RRRRR'], {
    starts: { 2: 'main.worker', 3: 'main.worker', 4: 'main.worker' },
  })
  const group = groupOf(result, 'main.worker')
  assert.deepEqual([group?.count, group?.createdCount, group?.endedCount], [3, 3, 2])
  assert.deepEqual(
    group?.creators.map((one) => [one.function, one.count]),
    [['main.make1', 3]],
  )
  assert.equal(group?.lifeNs, 1400)
  assert.equal(result.goroutines.mostAtOnce, 4)
})

test("the runtime's own goroutines are counted apart from the program's", () => {
  const result = account(['1 RRRR', '2 WWRW', '3 RRRR'], {
    starts: { 1: 'runtime.main', 2: 'runtime.bgsweep', 3: 'main.work' },
    stacks: {},
    rows: (tables) => [
      { timeNs: 350, kind: kind.GoBlock, goroutine: 1, args: [0, tables.stack('runtime.main')] },
      { timeNs: 350, kind: kind.GoBlock, goroutine: 3, args: [0, tables.stack('main.work')] },
    ],
  })
  assert.equal(result.system.waitingNs, 300)
  assert.equal(groupOf(result, 'runtime.bgsweep')?.isSystem, true)
  assert.equal(groupOf(result, 'runtime.main')?.isSystem, false)
})

test('waits are blind where the lens table gives no profile that records them', () => {
  const result = account(['1 RRMMMMRRNNNNNNNNR', '2 RRRRRRRRRRRRRRRRR'], {
    reasons: { M: 'sync', N: 'network' },
    stacks: { M: mutexStack, N: networkStack },
  })
  const rows = Object.fromEntries(result.waiting.map((row) => [row.blockReason, row]))
  assert.deepEqual(rows.sync?.recordedBy, ['block', 'mutex'])
  assert.equal(rows.sync?.blind, false)
  assert.equal(rows.network?.blind, true)
  assert.deepEqual(result.blind, { waitingNs: 1200, blindNs: 800, unknownNs: 0, blindRatio: 800 / 1200 })
})

test("a semaphore of the runtime is not a user's lock: the stack tells them apart", () => {
  const result = account(['1 RRMMRRQQQR'], {
    reasons: { M: 'sync', Q: 'sync' },
    stacks: { M: mutexStack, Q: ['runtime.semacquire', 'runtime.gcStart', 'runtime.mallocgc', 'main.work'] },
  })
  const classes = result.waiting.map((row) => [row.waitClass, row.ns, row.blind, row.p50Ns !== undefined])
  assert.deepEqual(classes, [
    ['runtime', 300, true, true],
    ['sync', 200, false, true],
  ])
})

test('scheduler latency has its causes, and what filled the time', () => {
  const result = account(['1 RRRRrrrrRRRR', '2 RRRRRRRRWWWW', '3 ..WWWWWWWrrR'], {
    rows: () => [{ timeNs: 0, kind: kind.ProcsChange, args: [2, 0] }],
  })
  const causes = Object.fromEntries(result.scheduler.causes.map((row) => [row.cause, row.ns]))
  assert.deepEqual(causes, { preempted: 400, unblocked: 200, created: 0 })
  assert.equal(result.scheduler.latency.maxNs, 400)
  assert.equal(result.scheduler.longest?.goroutine, 1)
  assert.equal(result.scheduler.allBusyNs, 500)
  assert.equal(result.scheduler.duringAllBusyNs, 0)
})

test('after damage the gap is nobody’s time, and what is told again goes on from there', () => {
  const drawn = drawTrace(['1 RRWWW', '2 RRRRR'])
  const open = openTraceAccount()
  for (const chunk of chunkRows(drawn.rows)) open.addChunk(chunk, drawn.tables)
  open.addGeneration({ generation: 3, offset: 0, isRestart: true, startNs: 900 })
  const rows: DrawnRow[] = [
    { timeNs: 900, generation: 3, kind: kind.GoStatus, args: [1, 0, wireGoroutineStatus.waiting] },
    { timeNs: 950, generation: 3, kind: kind.GoUnblock, args: [1, 1, 0] },
  ]
  for (const chunk of chunkRows(rows)) open.addChunk(chunk, drawn.tables)
  const { totals } = open.finish({ durationNs: 1000 })
  // The last event before the damage stands at 200.
  assert.deepEqual(totals, { runningNs: 400, runnableNs: 50, waitingNs: 50, syscallNs: 0 })
})

test('who woke whom is summed by group and reason', () => {
  const result = account(['1 RRRRRRRR', '2 RRWWWWRR', '3 RRWWRRRR'], { starts: { 1: 'main.producer' } })
  const rows = result.wakes.map((row) => [row.woken, row.blockReason, row.count, row.ns])
  assert.deepEqual(rows, [
    ['main.g2', 'chan receive', 1, 400],
    ['main.g3', 'chan receive', 1, 200],
  ])
})

test('a window cuts waits at its edges and leaves out what lies outside', () => {
  const result = account(['1 RRWWWWWWRR', '2 WWR.......'], {}, { fromNs: 400, toNs: 600 })
  assert.deepEqual(result.totals, { runningNs: 0, runnableNs: 0, waitingNs: 200, syscallNs: 0 })
  assert.equal(result.waiting[0]?.count, 1)
})

test('a system call that lost its processor is counted as blocked from then on', () => {
  const result = account(['1 RRSSSSSSrr'], {
    rows: () => [{ timeNs: 500, kind: kind.ProcSteal, goroutine: 0, processor: 3, args: [1, 0, 0] }],
  })
  const [group] = result.groups
  assert.equal(group?.syscallNs, 600)
  assert.equal(group?.syscallBlockedNs, 300)
})

test('a coroutine switch waits without a reason, is known by the switch, and was in no queue', () => {
  const result = account(['1 RRRRRRRRRR'], {
    rows: (tables) => [
      { timeNs: 100, kind: kind.GoCreateBlocked, goroutine: 1, args: [5, tables.stack('runtime.corostart'), 0] },
      { timeNs: 300, kind: kind.GoSwitch, goroutine: 1, args: [5, 1] },
      { timeNs: 700, kind: kind.GoSwitchDestroy, goroutine: 5, args: [1, 1] },
    ],
  })
  assert.deepEqual(times(result.goroutineOf(1)), [600, 0, 400, 0])
  assert.deepEqual(times(result.goroutineOf(5)), [400, 0, 200, 0])
  assert.equal(result.scheduler.latency.count, 0)
  assert.ok(result.waiting.every((row) => row.waitClass === 'coroutine' && row.blockReason === ''))
})

test('stops of the world are counted by kind, cycles and assists by their ends', () => {
  const result = account(['1 RRRRRRRRRR', '2 RRRRRRRRRR'], {
    rows: (tables) => [
      { timeNs: 100, kind: kind.STWBegin, goroutine: 1, args: [tables.string('GC sweep termination'), 0] },
      { timeNs: 150, kind: kind.STWEnd, goroutine: 1 },
      { timeNs: 160, kind: kind.GCBegin, goroutine: 1, args: [1, 0] },
      { timeNs: 200, kind: kind.GCMarkAssistBegin, goroutine: 2, args: [0] },
      { timeNs: 500, kind: kind.GCMarkAssistEnd, goroutine: 2 },
      { timeNs: 700, kind: kind.GCEnd, goroutine: 1, args: [2] },
      { timeNs: 800, kind: kind.STWBegin, goroutine: 2, args: [tables.string('read mem stats'), 0] },
      { timeNs: 830, kind: kind.STWEnd, goroutine: 2 },
    ],
  })
  assert.equal(result.gc.cycles, 1)
  assert.equal(result.gc.activeNs, 540)
  assert.equal(result.gc.assist.ns, 300)
  assert.deepEqual(
    result.gc.stwByKind.map((row) => [row.kind, row.count, row.ns]),
    [
      ['GC sweep termination', 1, 50],
      ['read mem stats', 1, 30],
    ],
  )
})

test('tasks run from begin to end; without one of them they run to the edge and are not complete', () => {
  const result = account(['1 RRRRRRRRRR'], {
    rows: (tables) => [
      { timeNs: 100, kind: kind.UserTaskBegin, goroutine: 1, args: [5, 0, tables.string('checkout'), 0] },
      { timeNs: 250, kind: kind.UserTaskEnd, goroutine: 1, args: [9, 0] },
      { timeNs: 400, kind: kind.UserTaskEnd, goroutine: 1, args: [5, 0] },
      { timeNs: 500, kind: kind.UserTaskBegin, goroutine: 1, args: [6, 5, tables.string('checkout'), 0] },
      { timeNs: 550, kind: kind.UserLog, goroutine: 1, args: [6, tables.string('otel'), 0, 0] },
    ],
  })
  assert.equal(result.taskCount, 3)
  assert.deepEqual(
    result.tasks.map((task) => [task.id, task.name, task.startNs, task.durationNs, task.complete, task.parent]),
    [
      [6, 'checkout', 500, 500, false, 5],
      [5, 'checkout', 100, 300, true, undefined],
      [9, '', 0, 250, false, undefined],
    ],
  )
  assert.deepEqual(result.logs, { count: 1, categories: [{ category: 'otel', count: 1 }] })
})

test('a region knows the states of its goroutine between its ends', () => {
  const result = account(['1 RRRRWWWrRRRR'], {
    rows: (tables) => [
      { timeNs: 150, kind: kind.UserRegionBegin, goroutine: 1, args: [0, tables.string('parse'), 0] },
      { timeNs: 950, kind: kind.UserRegionEnd, goroutine: 1, args: [0, tables.string('parse'), 0] },
    ],
  })
  const [region] = result.regions
  assert.deepEqual(
    [region?.ns, region?.runningNs, region?.runnableNs, region?.waitingNs, region?.openCount],
    [800, 400, 100, 300, 0],
  )
})

test('whatever the order and the events, states add up to the life of each goroutine and of all', () => {
  const line = fc.stringMatching(/^\.{0,3}[RrWNMS]{1,25}\.{0,3}$/)
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
      const drawn = lines.map((states, at) => `${at + 1} ${states}`)
      const result = account(drawn, { reasons: { N: 'network', M: 'sync' } })
      for (let id = 1; id <= lines.length; id++) {
        const one = result.goroutineOf(id)
        const states = lines[id - 1] ?? ''
        const isThere = /[^.]/.test(states)
        assert.equal(one !== undefined, isThere)
        if (one === undefined) continue
        const sum = one.runningNs + one.runnableNs + one.waitingNs + one.syscallNs
        assert.equal(sum, one.endNs - one.startNs)
        assert.equal(one.waitingNs, (states.match(/[WNM]/g)?.length ?? 0) * 100)
        assert.equal(one.runningNs, (states.match(/R/g)?.length ?? 0) * 100)
      }
      for (const group of result.groups) {
        const sum = group.runningNs + group.runnableNs + group.waitingNs + group.syscallNs
        assert.equal(sum, group.lifeNs)
        assert.equal(
          group.waiting.reduce((all, row) => all + row.ns, 0),
          group.waitingNs,
        )
      }
    }),
    { numRuns: 300 },
  )
})

test('rows of nonsense never throw, and no time is made of nothing', () => {
  const kinds = Object.values(kind)
  const row = fc.record({
    timeNs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    kind: fc.constantFrom(...kinds),
    goroutine: fc.nat(4),
    processor: fc.nat(5000),
    args: fc.array(fc.nat(6), { minLength: 4, maxLength: 4 }),
  })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
      const drawn = drawTrace(['1 RWR'], { reasons: {} })
      drawn.tables.stack('a.b', 'c.d')
      drawn.tables.stack('e.f')
      const open = openTraceAccount()
      for (const chunk of chunkRows([...drawn.rows, ...rows])) open.addChunk(chunk, drawn.tables)
      const result = open.finish({ durationNs: 1e6 })
      const { runningNs, runnableNs, waitingNs, syscallNs } = result.totals
      const system = result.system.runningNs + result.system.runnableNs + result.system.waitingNs
      const all = runningNs + runnableNs + waitingNs + syscallNs + system + result.system.syscallNs
      const life = result.groups.reduce((sum, group) => sum + group.lifeNs, 0)
      assert.ok(Math.abs(all - life) < 1, `${all} ≠ ${life}`)
    }),
    { numRuns: 300 },
  )
})
