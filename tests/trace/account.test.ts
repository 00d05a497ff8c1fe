/** Reader and accounting joined, on a recorded service: what must hold of any trace, and of this one. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { toTimelineData } from '../../src/analyze/trace/timeline-data.ts'
import { openTraceAccount, type TraceAccountOptions } from '../../src/analyze/trace/trace-account.ts'
import { readTrace } from '../../src/decode/gotrace/gotrace.ts'
import type { GoroutineAccount } from '../../src/model/trace-account.ts'

const bytes = new Uint8Array(
  readFileSync(join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop', 'trace.bin')),
)

async function* cut(size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function account(source: Uint8Array | AsyncIterable<Uint8Array>, options: TraceAccountOptions = {}) {
  const open = openTraceAccount(options)
  const read = await readTrace(source, {
    onChunk: (chunk, tables) => open.addChunk(chunk, tables),
    onCpuSamples: (samples, tables) => open.addCpuSamples(samples, tables),
  })
  assert.ok(read.ok)
  return { meta: read.value.value, result: open.finish(read.value.value) }
}

const sum = (one: { runningNs: number; runnableNs: number; waitingNs: number; syscallNs: number }) =>
  one.runningNs + one.runnableNs + one.waitingNs + one.syscallNs

test('states of each goroutine of a recorded service add up to its life, and those of all to the totals', async () => {
  const goroutines: GoroutineAccount[] = []
  const { result, meta } = await account(bytes, { onGoroutine: (one) => goroutines.push(one) })
  assert.equal(goroutines.length, result.goroutines.count)
  for (const one of goroutines) {
    assert.ok(Math.abs(sum(one) - (one.endNs - one.startNs)) < 1, `goroutine ${one.id}`)
    assert.ok(one.endNs <= meta.durationNs)
  }
  const lives = goroutines.reduce((all, one) => all + (one.endNs - one.startNs), 0)
  assert.ok(Math.abs(sum(result.totals) + sum(result.system) - lives) < 1000)
  assert.deepEqual(result.omitted, {})
})

test('who waits from before the trace to its end is counted for all of it, and blamed on nobody', async () => {
  const { result, meta } = await account(bytes)
  assert.ok(result.unknownWaits.count > 0)
  assert.ok(Math.abs(result.unknownWaits.ns / result.unknownWaits.count - meta.durationNs) < 1e6)
  assert.equal(result.unknownWaits.rows.length, result.unknownWaits.count)
  // Their class is read off their stacks.
  const older = result.waiting.filter((row) => row.blockReason === '' && row.openCount > 0)
  assert.ok(older.some((row) => row.waitClass === 'network' && row.blind))
  assert.ok(older.some((row) => row.waitClass === 'sync' && !row.blind))
})

test('the account is the same however the bytes come, and two windows add up to the whole', async () => {
  const whole = await account(bytes)
  const pieces = await account(cut(997))
  assert.deepEqual(pieces.result, whole.result)
  const half = whole.meta.durationNs / 2
  const first = await account(bytes, { toNs: half })
  const second = await account(bytes, { fromNs: half })
  for (const state of ['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const) {
    const both = first.result.totals[state] + second.result.totals[state]
    const names = new Set(whole.result.groups.map((group) => group.startFunction))
    assert.ok(names.size > 0)
    const systems = first.result.system[state] + second.result.system[state]
    const all = whole.result.totals[state] + whole.result.system[state]
    assert.ok(Math.abs(both + systems - all) < 1000, `${state}: ${both + systems} of ${all}`)
  }
})

test('timeline data has the rows that the contract promises, and their sums agree', async () => {
  const { result, meta } = await account(bytes)
  const data = toTimelineData(result, meta)
  const json = JSON.parse(JSON.stringify(data)) as typeof data
  assert.deepEqual(json, data)
  for (const key of ['trace', 'eventCounts', 'totals', 'system', 'waiting', 'groups', 'scheduler', 'gc', 'taskCount']) {
    assert.ok(key in data, key)
  }
  const counted = Object.values(data.eventCounts).reduce((all, count) => all + count, 0)
  assert.equal(counted, data.trace.events)
  const waited = data.waiting.reduce((all, row) => all + row.ns, 0)
  assert.ok(Math.abs(waited - data.totals.waitingNs) < 1)
  const blind = data.waiting.filter((row) => row.blind).reduce((all, row) => all + row.ns, 0)
  assert.equal(blind, data.blind.blindNs)
  assert.match(data.trace.startTime ?? '', /^20\d\d-.*Z$/)
  for (const group of data.groups) {
    const waitedHere = group.waiting.reduce((all, row) => all + row.ns, 0)
    assert.ok(Math.abs(waitedHere - group.waitingNs) < 1, group.startFunction)
  }
})
