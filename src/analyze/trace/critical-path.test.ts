import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawnRow, drawTrace } from '../testing/draw-trace.ts'
import { findCriticalPath } from './critical-path.ts'
import { openWakeHistory } from './wake-history.ts'

function pathOf(
  rows: readonly DrawnRow[],
  tables: ReturnType<typeof drawTrace>['tables'],
  goal: { goroutine: number; fromNs: number; toNs: number },
  maxRows?: number,
) {
  const open = openWakeHistory({ fromNs: 0, toNs: 1e9, ...(maxRows === undefined ? {} : { maxRows }) })
  for (const chunk of chunkRows(rows, 5)) open.addChunk(chunk, tables)
  const history = open.finish()
  return { history, path: findCriticalPath(history, tables, goal) }
}

const short = (path: ReturnType<typeof findCriticalPath>) =>
  path.map((one) => `${one.goroutine} ${one.state} ${one.startNs}-${one.endNs}`)

test('the path of a wait goes through the goroutine that ended it, and what that one waited for', () => {
  // 3 wakes 2 at 300, 2 runs from 400 and wakes 1 at 600.
  const drawn = drawTrace(['1 RWWWWWrR', '2 WWWrRRRR', '3 RRRR....'])
  const { path } = pathOf(drawn.rows, drawn.tables, { goroutine: 1, fromNs: 0, toNs: 800 })
  assert.deepEqual(short(path), [
    '3 running 0-300',
    '2 runnable 300-400',
    '2 running 400-600',
    '1 runnable 600-700',
    '1 running 700-800',
  ])
  assert.deepEqual(
    path.map((one) => one.woke),
    [2, undefined, 1, undefined, undefined],
  )
})

test('a wait that no goroutine ended is itself the path, with its reason', () => {
  const drawn = drawTrace(['1 RRZZZZrR'], { reasons: { Z: 'sleep' } })
  const { path } = pathOf(drawn.rows, drawn.tables, { goroutine: 1, fromNs: 0, toNs: 800 })
  assert.deepEqual(short(path), ['1 running 0-200', '1 waiting 200-600', '1 runnable 600-700', '1 running 700-800'])
  assert.equal(path[1]?.reason, 'sleep')
})

test('a path goes through the creator of a goroutine, and its lengths add up to the window', () => {
  const drawn = drawTrace(['1 RRRRRRWW', '2 ...rRRRR'])
  const { path } = pathOf(drawn.rows, drawn.tables, { goroutine: 2, fromNs: 100, toNs: 700 })
  assert.deepEqual(short(path), ['1 running 100-300', '2 runnable 300-400', '2 running 400-700'])
  assert.equal(
    path.reduce((sum, one) => sum + one.endNs - one.startNs, 0),
    600,
  )
})

test('what a goroutine did before its first change is unknown, and a full history says so', () => {
  const drawn = drawTrace(['1 RRRR'], {
    rows: () => [{ timeNs: 250, kind: kind.GoUnblock, goroutine: 9, args: [1, 0, 0] }],
  })
  const { path } = pathOf(drawn.rows, drawn.tables, { goroutine: 1, fromNs: 0, toNs: 400 })
  assert.deepEqual(short(path), ['9 unknown 0-250', '1 runnable 250-400'])
  assert.equal(pathOf(drawn.rows, drawn.tables, { goroutine: 1, fromNs: 0, toNs: 400 }, 1).history.complete, false)
})
