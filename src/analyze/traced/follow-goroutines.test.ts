/** Followed goroutines against the account of the same trace, and what their stays say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GoroutineAccount } from '../../model/trace-account.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { openTraceAccount } from '../trace/trace-account.ts'
import { followGoroutines } from './follow-goroutines.ts'

function follow(lines: readonly string[], ids: readonly number[], draw: DrawOptions = {}) {
  const drawn = drawTrace(lines, draw)
  const accounts = new Map<number, GoroutineAccount>()
  const account = openTraceAccount({ onGoroutine: (one) => accounts.set(one.id, one) })
  const follower = followGoroutines(Float64Array.from(ids))
  for (const chunk of chunkRows(drawn.rows, 5)) {
    account.addChunk(chunk, drawn.tables)
    follower.addChunk(chunk)
  }
  account.finish({ durationNs: drawn.durationNs })
  return { followed: follower.finish(drawn.durationNs, drawn.tables.strings), accounts }
}

test('a followed goroutine has the times that the account has, whatever it does', () => {
  const state = fc.constantFrom('R', 'r', 'S', 'W')
  const life = fc.array(state, { minLength: 1, maxLength: 12 })
  const line = fc.tuple(fc.nat(3), life, fc.nat(3)).map(([before, states, after]) => {
    return '.'.repeat(before) + states.join('') + '.'.repeat(after)
  })
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
      const { followed, accounts } = follow(
        lines.map((states, at) => `${at + 1} ${states}`),
        lines.map((_, at) => at + 1),
      )
      for (const [row] of lines.entries()) {
        const account = accounts.get(row + 1)
        const times = [
          followed.runningNs[row],
          followed.runnableNs[row],
          followed.waitingNs[row],
          followed.syscallNs[row],
        ]
        assert.deepEqual(
          times,
          account === undefined
            ? [0, 0, 0, 0]
            : [account.runningNs, account.runnableNs, account.waitingNs, account.syscallNs],
        )
      }
    }),
  )
})

test('stays are told apart by reason and stack, with their number, their longest and whether they have ended', () => {
  const { followed } = follow(['7 RWWRMWWWW'], [9, 7], {
    reasons: { M: 'sync' },
    stacks: { M: ['sync.(*Mutex).Lock', 'main.work'] },
  })
  assert.deepEqual([...followed.seen], [0, 1])
  assert.deepEqual(followed.staysOf(0), [])
  const stays = followed
    .staysOf(1)
    .filter(({ state }) => state === 'Waiting')
    .map(({ reason, count, ns, maxNs, isOpen }) => ({ reason, count, ns, maxNs, isOpen }))
  assert.deepEqual(stays, [
    { reason: 'chan receive', count: 2, ns: 600, maxNs: 400, isOpen: true },
    { reason: 'sync', count: 1, ns: 100, maxNs: 100, isOpen: false },
  ])
})

test('who waits from before the trace to its end did not move, and its wait has no reason', () => {
  const { followed } = follow(['1 RRRR'], [5], {
    rows: (tables) => [
      {
        timeNs: 300,
        kind: kind.GoStatusStack,
        args: [5, Number.NaN, wireGoroutineStatus.waiting, tables.stack('main.wait')],
      },
    ],
  })
  assert.equal(followed.moves[0], 0)
  assert.equal(followed.waitingNs[0], 400)
  const [stay] = followed.staysOf(0)
  assert.deepEqual([stay?.reason, stay?.isOpen, stay?.isOlder, stay?.isSwitch], ['', true, true, false])
})
