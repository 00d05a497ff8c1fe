import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareTotals, type OwnTotals, type RawTotals, type StateTotals } from './compare.ts'

const raw: RawTotals = { events: 9, kinds: { EventBatch: 2, String: 3, GoStart: 4, CPUSample: 1 } }
const states: StateTotals = {
  goroutines: 2,
  processors: 1,
  statesNs: { NotExist: 0, Running: 640, Runnable: 64, Waiting: 128, Syscall: 0 },
  waitingNs: { sync: 128 },
  tasks: 1,
  regions: 0,
  logs: 0,
  cpuSamples: 1,
  durationNs: 1280,
  unknownNs: 0,
}
const ours: OwnTotals = { ...states, events: 4, complete: true, kinds: { GoStart: 4 }, omitted: 0 }

test('batches and tables are no events: equal totals leave no difference', () => {
  assert.deepEqual(compareTotals(raw, states, ours), [])
})

test('one event too many, and a kind that only one side has, are named', () => {
  const found = compareTotals(raw, states, { ...ours, kinds: { GoStart: 5, GoStop: 1 } })
  assert.deepEqual(found, [
    { what: 'events GoStart', reference: 4, ours: 5 },
    { what: 'events GoStop', reference: 0, ours: 1 },
  ])
})

test('a tick of whole ns leaves no slack in durations; where the reference rounds, 1 ns for each event', () => {
  const off = { ...ours, statesNs: { ...ours.statesNs, Running: 642 } }
  assert.deepEqual(compareTotals(raw, states, off), [{ what: 'Running ns', reference: 640, ours: 642 }])
  const rounded = { ...states, durationNs: 1281 }
  assert.deepEqual(compareTotals(raw, rounded, { ...off, durationNs: 1283 }), [])
  const far = compareTotals(raw, rounded, { ...off, durationNs: 1290 })
  assert.deepEqual(far, [{ what: 'duration ns', reference: 1281, ours: 1290 }])
})

test('time that moved to another reason, and what the accounting left out, are differences', () => {
  const found = compareTotals(raw, states, { ...ours, waitingNs: { sleep: 128 }, omitted: 3 })
  assert.deepEqual(
    found.map(({ what }) => what),
    ['left out by the accounting', 'Waiting ns by reason "sync"', 'Waiting ns by reason "sleep"'],
  )
})
