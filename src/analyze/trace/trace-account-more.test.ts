/** Cases that Go's own tools showed: processors that change within a window, names learned from what a goroutine does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { chunkRows, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from './trace-account.ts'

const MS = 1e6

test('a window in which the number of processors changes is of the share that each moment had', () => {
  const drawn = drawTrace(['1 RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR'], {
    tickNs: MS,
    rows: (tables) => [
      { timeNs: 0, kind: kind.ProcsChange, args: [4, 0] },
      { timeNs: 10 * MS, kind: kind.GoLabel, goroutine: 1, args: [tables.string('GC (dedicated)')] },
      { timeNs: 15 * MS, kind: kind.ProcsChange, args: [2, 0] },
      { timeNs: 20 * MS, kind: kind.GoLabel, goroutine: 1, args: [tables.string('GC (idle)')] },
    ],
  })
  const open = openTraceAccount()
  for (const chunk of chunkRows(drawn.rows)) open.addChunk(chunk, drawn.tables)
  const { gc } = open.finish({ durationNs: drawn.durationNs })
  const [one, ten] = gc.minimumMutatorUtilization
  assert.ok(Math.abs((one?.ratio ?? 0) - 0.5) < 0.02)
  // A quarter for 5 ms, half for 5 ms.
  assert.ok(Math.abs((ten?.ratio ?? 0) - 0.625) < 0.002)
})

test('a goroutine that shows no stack of its own stops is named where it makes or wakes another', () => {
  const switches = Array.from({ length: 500 }, (_, at) => [
    { timeNs: 1000 + at * 20, kind: kind.GoSwitch, goroutine: 1, args: [2, 0] },
    { timeNs: 1010 + at * 20, kind: kind.GoSwitch, goroutine: 2, args: [1, 0] },
  ]).flat()
  for (const isMaker of [true, false]) {
    const drawn = drawTrace(
      ['3 RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR'],
      {
        tickNs: 1000,
        rows: (tables) => {
          const stack = tables.stack('main.pull', 'main.producer')
          const own = isMaker
            ? { timeNs: 20_000, kind: kind.GoCreate, goroutine: 1, args: [9, tables.stack('main.child'), stack] }
            : { timeNs: 20_000, kind: kind.GoUnblock, goroutine: 1, args: [8, 1, stack] }
          return [
            { timeNs: 0, kind: kind.GoStatus, args: [1, 0, 2] },
            { timeNs: 0, kind: kind.GoStatus, args: [2, Number.NaN, 4] },
            { timeNs: 0, kind: kind.GoStatus, args: [8, Number.NaN, 4] },
            ...switches,
            own,
          ]
        },
      },
    )
    const open = openTraceAccount()
    for (const chunk of chunkRows(drawn.rows)) open.addChunk(chunk, drawn.tables)
    const { groups } = open.finish({ durationNs: drawn.durationNs })
    const producer = groups.find(({ startFunction }) => startFunction === 'main.producer')
    assert.equal(producer?.count, 1)
    const life = [producer?.runningNs, producer?.waitingNs].reduce((sum = 0, ns = 0) => sum + ns, 0)
    assert.equal(life, drawn.durationNs)
    assert.equal(
      producer?.waiting.reduce((sum, { count }) => sum + count, 0),
      500,
    )
  }
})
