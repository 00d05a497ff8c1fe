/** Profiles of drawn traces: what each view counts, by which stack, and what is left out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileViews } from '../../model/trace-export/trace-export.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { chunkRows, type DrawOptions, drawTrace } from '../testing/draw-trace.ts'
import { buildProfile } from './build-profile.ts'
import { openStayProfile, type StayProfileOptions } from './stay-profile.ts'
import { openStayTracker } from './stay-tracker.ts'

const lines = ['1 RRRRRRRRRRRRRRRR', '2 RWWWrRSSrRNNNrRR', '3 ..rrRWWWWWWWWWWW']
const options: DrawOptions = {
  reasons: { N: 'network' },
  stacks: {
    W: ['runtime.chanrecv1', 'main.wait'],
    N: ['internal/poll.runtime_pollWait', 'internal/poll.(*FD).Read', 'net.(*conn).Read'],
    S: ['syscall.Syscall', 'main.call'],
  },
}

function profile(asked: StayProfileOptions, draw: DrawOptions = options, drawnLines: readonly string[] = lines) {
  const drawn = drawTrace(drawnLines, draw)
  const open = openStayProfile(asked)
  const tracker = openStayTracker(open.listener)
  for (const chunk of chunkRows(drawn.rows, 6)) tracker.addChunk(chunk, drawn.tables)
  tracker.addCpuSamples([{ timeNs: 150, goroutine: 1, stack: drawn.tables.stack('main.hot', 'main.g1') }], drawn.tables)
  tracker.finish(drawn)
  return { ...open.finish(), tables: drawn.tables, durationNs: drawn.durationNs }
}

const short = (rows: readonly { state: string; reason: string; count: number; ns: number; isOpen: boolean }[]) =>
  rows.map(({ state, reason, count, ns, isOpen }) => [state, reason, count, ns, isOpen])

test('waiting has all waits of the window, those that have not ended apart, with class and blindness', () => {
  const { rows } = profile({ what: 'waiting' })
  assert.deepEqual(short(rows), [
    ['waiting', 'chan receive', 1, 1100, true],
    ['waiting', 'chan receive', 1, 300, false],
    ['waiting', 'network', 1, 300, false],
  ])
  assert.deepEqual(
    rows.map(({ startFunction, waitClass, isBlind }) => [startFunction, waitClass, isBlind]),
    [
      ['main.g3', 'chan', false],
      ['main.g2', 'chan', false],
      ['main.g2', 'network', true],
    ],
  )
})

test('the views of go tool trace have what ended, of their reasons; sched not the wait for the first start', () => {
  assert.deepEqual(short(profile({ what: 'sync' }).rows), [['waiting', 'chan receive', 1, 300, false]])
  assert.deepEqual(short(profile({ what: 'net' }).rows), [['waiting', 'network', 1, 300, false]])
  assert.deepEqual(short(profile({ what: 'syscall' }).rows), [['syscall', '', 1, 200, false]])
  const sum = (what: 'sched' | 'runnable') => profile({ what }).rows.reduce((all, { ns }) => all + ns, 0)
  assert.equal(sum('sched'), 300)
  assert.equal(sum('runnable'), 500)
})

test('parts of the trace add up to the whole, and one goroutine is its own part', () => {
  const sum = (asked: Partial<StayProfileOptions>) =>
    profile({ what: 'all', ...asked }).rows.reduce((all, { ns }) => all + ns, 0)
  assert.equal(sum({ toNs: 650 }) + sum({ fromNs: 650 }), sum({}))
  assert.equal(sum({ goroutine: 1 }) + sum({ goroutine: 2 }) + sum({ goroutine: 3 }), sum({}))
})

test('what finds no row is counted as left out', () => {
  const whole = profile({ what: 'all' })
  const { rows, omitted } = profile({ what: 'all', maxRows: 2 })
  assert.equal(rows.length, 2)
  const sum = (all: readonly { ns: number }[]) => all.reduce((total, { ns }) => total + ns, 0)
  assert.equal(sum(rows) + omitted.ns, sum(whole.rows))
  assert.ok(omitted.count > 0)
})

test('regions by the stack that began them: one that is open to the end of its goroutine is marked', () => {
  const { rows } = profile(
    { what: 'region' },
    {
      ...options,
      rows: (tables) => [
        {
          timeNs: 110,
          kind: kind.UserRegionBegin,
          goroutine: 1,
          args: [0, tables.string('load'), tables.stack('main.load')],
        },
        { timeNs: 310, kind: kind.UserRegionEnd, goroutine: 1, args: [0, tables.string('load'), 0] },
        {
          timeNs: 410,
          kind: kind.UserRegionBegin,
          goroutine: 1,
          args: [0, tables.string('store'), tables.stack('main.store')],
        },
      ],
    },
  )
  assert.deepEqual(short(rows), [
    ['region', 'store', 1, 1190, true],
    ['region', 'load', 1, 200, false],
  ])
})

test('every view makes a profile whose columns fit each other', () => {
  for (const what of profileViews) {
    const { rows, tables, durationNs } = profile({ what })
    const made = buildProfile(rows, tables, { what, durationNs })
    assert.equal(made.sampleCount, rows.length)
    assert.equal(made.values.length, rows.length * made.sampleTypes.length)
    assert.equal(made.locationStart.at(-1), made.sampleLocations.length)
    assert.equal(made.labelStart.at(-1), made.labelKeys.length)
    assert.ok(made.sampleLocations.every((at) => at < made.locationCount))
    assert.ok(what === 'region' || rows.length > 0, what)
  }
})

test('CPU samples have counts only; running has start functions only', () => {
  const samples = profile({ what: 'cpu' })
  const made = buildProfile(samples.rows, samples.tables, { what: 'cpu', durationNs: 1 })
  assert.deepEqual(made.sampleTypes, [{ type: 'samples', unit: 'count' }])
  const names = [...made.functionNames].map((at) => made.strings[at])
  assert.deepEqual(names, ['main.hot', 'main.g1'])
  const running = profile({ what: 'running' })
  assert.deepEqual(
    running.rows.filter(({ startFunction }) => startFunction === 'main.g2').map(({ ns, isOpen }) => [ns, isOpen]),
    [
      [300, false],
      [200, true],
    ],
  )
})
