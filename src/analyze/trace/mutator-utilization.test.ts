import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { chunkRows, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from './trace-account.ts'

test('mutator utilization is the least share of the processors over any window', () => {
  // 3 ms with two of four processors, then a stop of 0.5 ms, then nothing for a day.
  const drawn = drawTrace(['1 R'], {
    rows: (tables) => [
      { timeNs: 0, kind: kind.ProcsChange, args: [4] },
      { timeNs: 10e6, kind: kind.GCSweepBegin, processor: 1 },
      { timeNs: 10e6, kind: kind.GCSweepBegin, processor: 2 },
      { timeNs: 13e6, kind: kind.STWBegin, goroutine: 1, args: [tables.string('GC mark termination')] },
      { timeNs: 13.5e6, kind: kind.STWEnd, goroutine: 1 },
      { timeNs: 13.5e6, kind: kind.GCSweepEnd, processor: 1 },
      { timeNs: 13.5e6, kind: kind.GCSweepEnd, processor: 2 },
    ],
  })
  const open = openTraceAccount()
  for (const chunk of chunkRows(drawn.rows)) open.addChunk(chunk, drawn.tables)
  const { gc } = open.finish({ durationNs: 86_400e9 })
  const [one, ten, hundred, second] = gc.minimumMutatorUtilization
  assert.ok(Math.abs((one?.ratio ?? 0) - 0.25) < 0.02)
  assert.ok(Math.abs((ten?.ratio ?? 0) - 0.8) < 0.002)
  assert.ok(Math.abs((hundred?.ratio ?? 0) - 0.98) < 0.0002)
  assert.ok(Math.abs((second?.ratio ?? 0) - 0.998) < 0.0001)
  assert.equal(gc.collectorNs, 8e6)
  assert.equal(gc.sweep.count, 2)
})
