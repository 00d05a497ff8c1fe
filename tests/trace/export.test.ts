/** Exports of recorded traces, read back without our own writer or reader of them, against the account of the same trace. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { chunkRows, drawTrace } from '../../src/analyze/testing/draw-trace.ts'
import { openTraceAccount } from '../../src/analyze/trace/trace-account.ts'
import { openStayTracker } from '../../src/analyze/trace-stays/stay-tracker.ts'
import { readTraceSync } from '../../src/decode/gotrace/gotrace.ts'
import type { TraceMeta } from '../../src/model/trace.ts'
import type { GoroutineAccount, TraceAccount } from '../../src/model/trace-account.ts'
import type { NamedInterval, StayExportOptions, StayExportSummary } from '../../src/model/trace-export/trace-export.ts'
import { traceKinds } from '../../src/model/trace-kinds.ts'
import { openPerfettoExport } from '../../src/render/perfetto/export.ts'
import { type Walked, walkPerfetto } from './perfetto-walk.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')
const files = globSync(['captures/*/trace.bin', 'gotrace/**/trace.bin'], { cwd: testdata }).sort()
const load = (file: string) => new Uint8Array(readFileSync(join(testdata, file)))
const shop = load('captures/shop/trace.bin')

type Exported = {
  readonly walked: Walked
  readonly summary: StayExportSummary
  readonly account: TraceAccount
  readonly goroutines: readonly GoroutineAccount[]
  readonly meta: TraceMeta
  readonly sizeBytes: number
}

function exportTrace(
  bytes: Uint8Array,
  options: Partial<StayExportOptions> = {},
  intervals: readonly NamedInterval[] = [],
): Exported {
  const blocks: Uint8Array[] = []
  const goroutines: GoroutineAccount[] = []
  const target = openPerfettoExport({
    ...options,
    write: (block) => {
      blocks.push(block.slice())
      return true
    },
  })
  const tracker = openStayTracker(target.listener)
  const { fromNs, toNs } = options
  const account = openTraceAccount({
    ...(fromNs === undefined ? {} : { fromNs }),
    ...(toNs === undefined ? {} : { toNs }),
    onGoroutine: (one) => goroutines.push({ ...one }),
  })
  const read = readTraceSync(bytes, {
    onGeneration: (generation, tables) => {
      account.addGeneration(generation)
      tracker.addGeneration(generation, tables)
    },
    onChunk: (chunk, tables) => {
      account.addChunk(chunk, tables)
      tracker.addChunk(chunk, tables)
    },
    onCpuSamples: (samples, tables) => {
      account.addCpuSamples(samples, tables)
      tracker.addCpuSamples(samples, tables)
    },
  })
  assert.ok(read.ok)
  const meta = read.value.value
  tracker.finish(meta)
  const summary = target.finish(intervals)
  const whole = Buffer.concat(blocks)
  const walked = walkPerfetto(whole)
  assert.deepEqual(walked.faults, [])
  return { walked, summary, account: account.finish(meta), goroutines, meta, sizeBytes: whole.length }
}

const states = ['running', 'runnable', 'waiting', 'syscall'] as const
type Times = Record<string, number>

/** `17 waiting` → ns, by the track that the slice is on, or the slice of the goroutine that it lies in. */
function sumSlices({ slices, tracks }: Walked): Times {
  const sums: Times = {}
  for (const { track, category, ns, within } of slices) {
    if (!(states as readonly string[]).includes(category)) continue
    const place = within[0] ?? tracks.get(track)?.split(' / ').at(-1) ?? ''
    const id = /^goroutine (\d+)/.exec(place)?.[1]
    assert.ok(id !== undefined, place)
    sums[`${id} ${category}`] = (sums[`${id} ${category}`] ?? 0) + ns
  }
  return keepLong(sums)
}

function sumAccount(goroutines: readonly GoroutineAccount[]): Times {
  const sums: Times = {}
  for (const one of goroutines) {
    for (const state of states) sums[`${one.id} ${state}`] = (sums[`${one.id} ${state}`] ?? 0) + one[`${state}Ns`]
  }
  return keepLong(sums)
}

const keepLong = (sums: Times): Times =>
  Object.fromEntries(
    Object.entries(sums)
      .filter(([, ns]) => Math.round(ns) > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

/** Ticks of old traces are no whole ns: each end of a slice is rounded. */
function assertSame(left: Times, right: Times, slack: number, message: string): void {
  if (slack === 0) {
    assert.deepEqual(left, right, message)
    return
  }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    assert.ok(Math.abs((left[key] ?? 0) - (right[key] ?? 0)) <= slack, `${message}: ${key}`)
  }
}

for (const file of files) {
  test(`${file}: slices of each goroutine and state add up to its account, whole and in parts`, () => {
    const bytes = load(file)
    const { walked, goroutines, account, meta, summary, sizeBytes } = exportTrace(bytes)
    const isOld = meta.format.startsWith('v1')
    assertSame(sumSlices(walked), sumAccount(goroutines), isOld ? 1000 : 0, 'whole')
    assert.equal(summary.sizeBytes, sizeBytes)
    assert.equal(walked.slices.filter(({ category }) => category === 'task').length, account.taskCount)
    const middle = Math.round(meta.durationNs / 2)
    for (const part of [{ toNs: middle }, { fromNs: middle }, { fromNs: middle / 2, toNs: middle }]) {
      const cut = exportTrace(bytes, part)
      assertSame(sumSlices(cut.walked), sumAccount(cut.goroutines), isOld ? 1000 : 0, JSON.stringify(part))
      for (const { startNs, ns } of cut.walked.slices) {
        assert.ok(startNs >= Math.floor(part.fromNs ?? 0) && startNs + ns <= Math.ceil(part.toNs ?? meta.durationNs))
      }
    }
  })
}

test('runs on processors, one after the other, are the running time of all goroutines', () => {
  const { walked, account } = exportTrace(shop)
  const runs = walked.slices.filter(({ category }) => category === 'processor')
  const total = runs.reduce((sum, { ns }) => sum + ns, 0)
  assert.equal(total, account.totals.runningNs + account.system.runningNs)
  assert.ok(runs.every(({ depth, notes }) => depth === 0 && Number(notes.goroutine) > 0))
  const places = new Set(runs.map(({ track }) => walked.tracks.get(track)))
  assert.deepEqual(
    [...places].sort(),
    account.processors
      .filter(({ runningNs }) => runningNs > 0)
      .map(({ processor }) => `Go execution trace / Processors / P${processor}`),
  )
})

test('each flow goes from the instant of the waker to the stay that it began', () => {
  const { walked, summary } = exportTrace(shop)
  assert.ok(walked.flows.size > 50)
  assert.equal(walked.flows.size, summary.flows)
  for (const ends of walked.flows.values()) assert.deepEqual(ends, ['start', 'end'])
  const wakes = walked.instants.filter(({ category }) => category === 'wake')
  assert.ok(wakes.some(({ name }) => name === 'go') && wakes.some(({ name }) => name === 'unblock'))
  assert.ok(wakes.every(({ stack }) => stack.length > 0))
})

test('waits carry their reason as name, their class, and the stack outermost first', () => {
  const { walked } = exportTrace(shop)
  const wait = walked.slices.find(({ name, stack }) => name === 'sync' && stack.at(-1)?.startsWith('sync.(*Mutex)'))
  assert.equal(wait?.notes['wait class'], 'sync')
  assert.match(wait?.stack.at(-1) ?? '', /^sync\.\(\*Mutex\)\.Lock:\d+$/)
  assert.doesNotMatch(wait?.stack[0] ?? '', /^sync\./)
  assert.match(walked.tracks.get(wait?.track ?? '') ?? '', /^Go execution trace \/ Goroutines \/ .+ \/ goroutine \d+ /)
  const older = walked.slices.filter(({ notes }) => notes['began before the trace'] === '1')
  assert.ok(older.length > 10 && older.every(({ startNs }) => startNs === 0))
})

test('the clock ties the times to the wall clock of the trace', () => {
  const { walked, meta } = exportTrace(shop)
  const { clock } = meta
  assert.ok(clock.kind === 'snapshot')
  const ours = Number(walked.clocks.get(64))
  assert.equal(walked.clocks.get(1), clock.unixNs + BigInt(ours - clock.traceNs))
  assert.ok((walked.clocks.get(3) ?? 0n) > 0n)
})

test('the heap ends where the account has it, and the collector has as many cycles', () => {
  const { walked, account } = exportTrace(shop)
  const find = (name: string) => [...walked.tracks].find(([, path]) => path.endsWith(` / ${name}`))?.[0] ?? ''
  assert.equal(walked.counters.get(find('heap'))?.at(-1)?.[1], account.heap?.lastBytes)
  assert.equal(walked.slices.filter(({ track }) => track === find('GC cycles')).length, account.gc.cycles)
  const stopped = walked.slices.filter(({ track }) => track === find('stopped world'))
  assert.equal(
    stopped.reduce((sum, { ns }) => sum + ns, 0),
    account.gc.stw.ns,
  )
})

test('beyond the limit of tracks goroutines share lanes, each under a slice of its own', () => {
  const { walked, goroutines, summary } = exportTrace(shop, { maxGoroutineTracks: 5 })
  assert.ok(summary.goroutinesInLanes > 20)
  assert.deepEqual(sumSlices(walked), sumAccount(goroutines))
  assert.ok(summary.tracks < exportTrace(shop).summary.tracks)
})

test('one goroutine: its slices, and the wakes that it gave or got', () => {
  const whole = exportTrace(shop)
  const id = Number(whole.walked.instants.find(({ name }) => name === 'go')?.notes.goroutine)
  const { walked } = exportTrace(shop, { goroutine: id })
  const mine = (times: Times) => Object.fromEntries(Object.entries(times).filter(([key]) => key.startsWith(`${id} `)))
  assert.deepEqual(sumSlices(walked), mine(sumAccount(whole.goroutines)))
})

test('tasks and regions of a program have their names, lengths and places', () => {
  const { walked, account, goroutines } = exportTrace(load('gotrace/v2/span/go1.25/trace.bin'))
  const tasks = walked.slices.filter(({ category }) => category === 'task')
  assert.deepEqual(
    tasks.map(({ notes, name, ns }) => [Number(notes.task), name, ns]).sort(),
    account.tasks.map(({ id, name, durationNs }) => [id, name || `task ${id}`, durationNs]).sort(),
  )
  const regions = walked.slices.filter(({ category }) => category === 'region')
  assert.ok(account.regions.length >= 10 && tasks.length >= 4)
  for (const { name, count, ns } of account.regions) {
    const own = regions.filter((region) => region.name === name)
    assert.equal(own.length, count)
    assert.equal(
      own.reduce((sum, region) => sum + region.ns, 0),
      ns,
    )
  }
  assert.ok(goroutines.length > 0)
})

test('regions in a part of the trace are those that touch it, each once', () => {
  const bytes = load('gotrace/v2/span/go1.25/trace.bin')
  const isRegion = ({ category }: { readonly category: string }) => category === 'region'
  const whole = exportTrace(bytes).walked.slices.filter(isRegion)
  const times = whole.flatMap(({ startNs, ns }) => [startNs, startNs + ns]).sort((a, b) => a - b)
  const fromNs = times[Math.floor(times.length / 3)] as number
  const toNs = times[Math.floor((times.length * 2) / 3)] as number
  const { walked } = exportTrace(bytes, { fromNs: fromNs + 1, toNs: toNs - 1 })
  const cut = whole.flatMap(({ name, startNs, ns }) => {
    const start = Math.max(startNs, fromNs + 1)
    const end = Math.min(startNs + ns, toNs - 1)
    return end >= start ? [`${name} ${start} ${end - start}`] : []
  })
  const shown = walked.slices.filter(isRegion).map(({ name, startNs, ns }) => `${name} ${startNs} ${ns}`)
  assert.deepEqual(shown.sort(), cut.sort())
  assert.ok(cut.length > 0 && cut.length < whole.length)
})

test('named intervals on a goroutine are slices, those that overlap in lanes of their own', () => {
  const intervals = [
    { goroutine: 7, name: 'GET /', startNs: 100, endNs: 900, notes: { 'span id': 'abc', sure: true } },
    { goroutine: 7, name: 'SELECT', startNs: 200, endNs: 1000 },
    { goroutine: 7, name: 'later', startNs: 900, endNs: 950 },
  ]
  const { walked } = exportTrace(shop, {}, intervals)
  const spans = walked.slices.filter(({ category }) => category === 'span')
  assert.deepEqual(
    spans.map(({ name, startNs, ns, depth }) => [name, startNs, ns, depth]),
    [
      ['GET /', 100, 800, 0],
      ['later', 900, 50, 0],
      ['SELECT', 200, 800, 0],
    ],
  )
  assert.equal(spans[0]?.notes['span id'], 'abc')
  assert.equal(new Set(spans.map(({ track }) => track)).size, 2)
})

test('a sink that takes no more is left alone', () => {
  let calls = 0
  const target = openPerfettoExport({
    write: () => {
      calls++
      return false
    },
  })
  const tracker = openStayTracker(target.listener)
  const read = readTraceSync(shop, {
    onGeneration: (generation, tables) => tracker.addGeneration(generation, tables),
    onChunk: (chunk, tables) => tracker.addChunk(chunk, tables),
  })
  assert.ok(read.ok)
  tracker.finish(read.value.value)
  target.finish()
  assert.equal(calls, 1)
})

test('a trace that was cut short is exported as far as it goes', () => {
  const { walked, goroutines } = exportTrace(shop.subarray(0, 9000))
  assert.deepEqual(sumSlices(walked), sumAccount(goroutines))
  assert.ok(walked.slices.length > 0)
})

test('whatever the events say, the export is well formed, and says no more than there is', () => {
  const row = fc.record({
    timeNs: fc.nat(1_000_000),
    kind: fc.constantFrom(...Object.values(traceKinds)),
    goroutine: fc.nat(4),
    processor: fc.nat(5000),
    args: fc.array(fc.oneof(fc.nat(6), fc.double({ min: 0, max: 2 ** 60, noNaN: true })), {
      minLength: 4,
      maxLength: 4,
    }),
  })
  const part = fc.record({ fromNs: fc.nat(1_000_000), lengthNs: fc.nat(1_000_000), maxGoroutineTracks: fc.nat(3) })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), part, (rows, { fromNs, lengthNs, maxGoroutineTracks }) => {
      const { tables } = drawTrace(['1 RWR'])
      tables.stack('a.b', 'c.d')
      const blocks: Uint8Array[] = []
      const write = (block: Uint8Array) => blocks.push(block.slice()) > 0
      const target = openPerfettoExport({ write, fromNs, toNs: fromNs + lengthNs, maxGoroutineTracks })
      const tracker = openStayTracker(target.listener)
      for (const chunk of chunkRows(rows, 7)) tracker.addChunk(chunk, tables)
      tracker.finish({ durationNs: 1_000_000 })
      const summary = target.finish()
      const walked = walkPerfetto(Buffer.concat(blocks))
      assert.deepEqual(walked.faults, [])
      const times = [...walked.slices, ...walked.instants]
      for (const { startNs, ns } of times) assert.ok(startNs >= fromNs && startNs + ns <= fromNs + lengthNs && ns >= 0)
      assert.ok(summary.slices <= walked.slices.length)
    }),
    { numRuns: 300 },
  )
})
