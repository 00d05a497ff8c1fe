/** --goroutine over the recorded service's trace: a life adds up to the account, and says who made and woke whom. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openGoroutineLife } from '../analyze/timeline/goroutine-life.ts'
import { openTraceAccount } from '../analyze/trace/trace-account.ts'
import { readTraceSync } from '../decode/gotrace/gotrace.ts'
import type { TraceStream } from '../model/ports.ts'
import type { TraceTables } from '../model/trace.ts'
import type { GoroutineAccount } from '../model/trace-account.ts'
import { readTimeline, type TimelineOptions } from './timeline.ts'

const path = join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop', 'trace.bin')
const trace = new Uint8Array(readFileSync(path))
const states = ['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const

function readAccounts(window: { fromNs?: number; toNs?: number } = {}): GoroutineAccount[] {
  const found: GoroutineAccount[] = []
  const account = openTraceAccount({ ...window, onGoroutine: (one) => found.push(one) })
  const read = readTraceSync(trace, { onChunk: (chunk, tables) => account.addChunk(chunk, tables) })
  assert.ok(read.ok)
  account.finish(read.value.value)
  return found
}

function readLife(goroutine: number, window: { fromNs?: number; toNs?: number } = {}) {
  const life = openGoroutineLife({ goroutine, ...window })
  let tables: TraceTables | undefined
  const read = readTraceSync(trace, {
    onGeneration: (generation) => life.addGeneration(generation),
    onChunk: (chunk, all) => {
      tables = all
      life.addChunk(chunk, all)
    },
  })
  assert.ok(read.ok && tables !== undefined)
  return life.finish(read.value.value.durationNs, tables)
}

async function goroutineOf(goroutine: number, options: TimelineOptions = {}) {
  const stream: TraceStream = {
    name: 'trace.bin',
    issues: [],
    bytes: (async function* () {
      yield trace
    })(),
    failure: () => undefined,
  }
  const report = await readTimeline(stream, { ...options, goroutine })
  assert.ok(report.ok, report.ok ? '' : report.error.message)
  const { goroutine: found } = report.value.data
  assert.ok(found?.life !== undefined)
  return { ...found, life: found.life }
}

for (const window of [{}, { fromNs: 2e8, toNs: 7e8 }]) {
  test(`the states of every life are those of the account, ${'toNs' in window ? 'in a part of' : 'over'} the trace`, () => {
    const accounts = readAccounts(window)
    assert.ok(accounts.length > 200)
    for (const account of accounts) {
      const { bar, places } = readLife(account.id, window)
      for (const state of states) {
        const sum = bar[state].reduce((total, ns) => total + ns, 0)
        assert.equal(sum, account[state], `goroutine ${account.id} ${state}`)
      }
      const away = places.reduce((total, { ns }) => total + ns, 0)
      assert.equal(away, account.runnableNs + account.waitingNs + account.syscallNs)
    }
  })
}

test('parts of the bar are never fuller than they are wide, and reach to the end', () => {
  const accounts = readAccounts()
  const all = accounts.slice(0, 40).map(({ id }) => readLife(id).bar)
  for (const bar of all) {
    assert.ok(bar.waitingNs.length >= 100 && bar.waitingNs.length <= 256)
    bar.waitingNs.forEach((_, at) => {
      const sum = states.reduce((total, state) => total + (bar[state][at] ?? 0), 0)
      assert.ok(sum <= bar.binNs)
    })
  }
})

test('a goroutine made in the trace knows who made it, where and when', async () => {
  const made = readAccounts().find(
    ({ createdInTrace, isSystem, creator }) => createdInTrace && !isSystem && creator !== '',
  )
  assert.ok(made !== undefined)
  const { life, startNs, creator } = await goroutineOf(made.id)
  assert.equal(life.createdBy?.timeNs, startNs)
  assert.equal(life.createdBy?.stack[0]?.function, creator)
  assert.ok((life.createdBy?.goroutine ?? 0) > 0)
  const maker = await goroutineOf(life.createdBy?.goroutine ?? 0)
  assert.ok(maker.life.created.count >= 1)
  assert.ok(maker.life.created.rows.some(({ startFunction }) => startFunction === made.startFunction))
})

test('the longest wait that a goroutine ended has a path whose steps adjoin and fill it', async () => {
  let found = 0
  for (const { id } of readAccounts()) {
    const { life } = await goroutineOf(id)
    const { path: steps } = life
    if (steps === undefined || steps.length === 0) continue
    found += 1
    const woken = life.longest.filter(({ state, wokenBy }) => state === 'waiting' && wokenBy !== undefined)
    const [wait] = woken
    if (wait === undefined) continue
    const first = steps[0]
    const last = steps.at(-1)
    assert.ok(first !== undefined && last !== undefined)
    assert.equal(last.startNs + last.ns, wait.startNs + wait.ns)
    assert.ok(first.startNs >= wait.startNs)
    steps.forEach((step, at) => {
      const next = steps[at + 1]
      if (next !== undefined) assert.equal(step.startNs + step.ns, next.startNs)
    })
  }
  assert.ok(found > 5)
})

test('longest stays are in order; the network wakes without a goroutine, a deadline that one sets with it', () => {
  const lives = readAccounts().map(({ id }) => readLife(id))
  for (const { longest } of lives) {
    const lengths = longest.map(({ ns }) => ns)
    assert.deepEqual(
      lengths,
      lengths.toSorted((a, b) => b - a),
    )
  }
  const ended = lives.flatMap(({ longest }) => longest.filter(({ reason, isOpen }) => reason === 'network' && !isOpen))
  assert.ok(ended.some(({ wokenBy }) => wokenBy === undefined))
  const byDeadline = ended.find(({ wokenBy }) => wokenBy !== undefined)
  assert.equal(byDeadline?.wokenBy?.stack[0]?.function, 'internal/poll.setDeadlineImpl')
})
