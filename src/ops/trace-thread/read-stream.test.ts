/** Reading on two threads against reading on one: the same events, answers, issues and faults, whole and damaged. */
import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openInflater } from '../../collect/inflate.ts'
import { openTraceOpener } from '../../collect/trace-stream.ts'
import { openWorkerPool } from '../../collect/workers/worker-pool.ts'
import { indexGenerations, type TraceRange } from '../../decode/gotrace/gotrace.ts'
import type { ProgressSink } from '../../model/report.ts'
import { readTimeline, type TimelineOptions } from '../timeline.ts'
import type { TraceThreads } from './read-stream.ts'

const testdata = join(import.meta.dirname, '..', '..', '..', 'testdata')
const entry = new URL('../../worker.ts', import.meta.url)
const scratch = mkdtempSync(join(tmpdir(), 'sightline-threads-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

let pools = 0
const threads: TraceThreads = {
  cores: 2,
  openPool: (size) => {
    pools += 1
    return openWorkerPool({ entry, size })
  },
}

async function timeline(path: string, options: TimelineOptions) {
  const stream = await openTraceOpener({ inflater: openInflater() }).openTrace(path)
  assert.ok(stream.ok)
  return readTimeline(stream.value, { threads, ...options })
}

async function lines(path: string, options: TimelineOptions): Promise<string> {
  let text = ''
  await timeline(path, {
    ...options,
    onLines: (more) => {
      text += more
      return true
    },
  })
  return text
}

const recordings = globSync(
  ['gotrace/v2/span/*/trace.bin', 'gotrace/v1/mix/go1.21/trace.bin', 'captures/shop/trace.bin'],
  {
    cwd: testdata,
  },
).sort()

test('the recordings are there', () => assert.equal(recordings.length, 6))

for (const name of recordings) {
  test(`two threads say what one says, line by line and as a whole: ${name}`, async () => {
    const path = join(testdata, name)
    const before = pools
    const one = await timeline(path, { workers: 1 })
    assert.equal(pools, before)
    const two = await timeline(path, { workers: 2 })
    assert.equal(pools, before + 1)
    assert.ok(one.ok && one.value.data.trace.events > 1000)
    assert.deepEqual(two, one)
    assert.equal(await lines(path, { workers: 2 }), await lines(path, { workers: 1 }))
  })
}

test('a damaged trace has the same issues on two threads, strict or not', async () => {
  const whole = readFileSync(join(testdata, 'gotrace/v2/span/go1.25/trace.bin'))
  let seen = 0
  for (let round = 0; round < 12; round++) {
    const bytes = Buffer.from(whole)
    const at = 200 + ((round * 7919) % (whole.length - 400))
    if (round % 3 === 0) bytes.fill(0xff, at, at + 3)
    else if (round % 3 === 1) bytes[at] = (bytes[at] as number) ^ 0x55
    const path = join(scratch, `damaged-${round}`)
    writeFileSync(path, round % 3 === 2 ? bytes.subarray(0, at) : bytes)
    for (const strict of [false, true]) {
      const one = await timeline(path, { workers: 1, strict })
      assert.deepEqual(await timeline(path, { workers: 2, strict }), one, `round ${round}, strict ${strict}`)
      if (!one.ok || one.value.issues.length > 0) seen += 1
    }
  }
  assert.ok(seen > 12)
})

test('what is no trace is said to be what it is', async () => {
  const path = join(scratch, 'dump.txt')
  writeFileSync(path, 'goroutine 1 [running]:\nmain.main()\n\t/tmp/main.go:3 +0x1d\n')
  const one = await timeline(path, { workers: 1 })
  assert.ok(!one.ok)
  assert.match(one.error.message, /goroutine dump/)
  assert.deepEqual(await timeline(path, { workers: 2 }), one)
  const empty = join(scratch, 'empty')
  writeFileSync(empty, '')
  assert.deepEqual(await timeline(empty, { workers: 2 }), await timeline(empty, { workers: 1 }))
})

test('a small file, a machine of one core, and a stream that is no file are read on one thread', async () => {
  const path = join(testdata, 'captures/shop/trace.bin')
  const before = pools
  await timeline(path, {})
  const stream = await openTraceOpener({ inflater: openInflater() }).openTrace(path)
  assert.ok(stream.ok)
  const { place: _, ...piped } = stream.value
  const report = await readTimeline(piped, { threads, workers: 2 })
  assert.ok(report.ok)
  assert.equal(pools, before)
})

/** The recording, and batches of an experiment that nobody reads: a large file of few events. */
function writeLarge(path: string): void {
  const bytes = readFileSync(join(testdata, 'gotrace/v2/span/go1.25/trace.bin'))
  const index = indexGenerations({ sizeBytes: bytes.length, read: (at, length) => bytes.subarray(at, at + length) })
  assert.ok(index.ok)
  const { generation } = index.value.ranges.at(-1) as TraceRange
  const batch = Buffer.alloc(8 + 0xffff)
  // An experimental batch of experiment 99: generation, thread, time, and 65,535 bytes.
  batch.set([49, 99, generation, 1, 1, 0xff, 0xff, 0x03])
  writeFileSync(path, Buffer.concat([bytes, ...Array.from({ length: 400 }, () => batch)]))
}

test('a large file is read on two threads by itself, with progress; one core keeps it on one', async () => {
  const path = join(scratch, 'large')
  writeLarge(path)
  const before = pools
  const told: number[] = []
  const sink: ProgressSink = { step: (_text, at) => void told.push(at?.done ?? 0) }
  const two = await timeline(path, { progress: sink })
  assert.equal(pools, before + 1)
  assert.ok(two.ok && two.value.data.trace.complete)
  assert.ok(told.length > 10 && told.every((done, at) => at === 0 || done > (told[at - 1] as number)))
  const one = await timeline(path, { threads: { ...threads, cores: 1 } })
  assert.equal(pools, before + 1)
  assert.deepEqual(two, one)
})

test('a run that is ended says so, and what it read until then', async () => {
  const path = join(testdata, 'gotrace/v2/span/go1.25/trace.bin')
  const controller = new AbortController()
  controller.abort()
  const report = await timeline(path, { workers: 2, signal: controller.signal })
  assert.ok(!report.ok)
  assert.equal(report.error.code, 'SL_COLLECT_INTERRUPTED')
})

test('a run that is ended while it reads gives what was read until then', async () => {
  const path = join(scratch, 'ended')
  writeLarge(path)
  const controller = new AbortController()
  const options = { workers: 2, signal: controller.signal, progress: { step: () => controller.abort() } }
  const report = await timeline(path, options)
  assert.ok(report.ok)
  assert.equal(report.value.exitCode, 3)
  assert.ok(report.value.issues.some(({ code }) => code === 'SL_COLLECT_INTERRUPTED'))
  assert.equal(report.value.data.trace.complete, false)
  assert.ok(report.value.data.trace.events > 1000)
  assert.ok(report.value.data.trace.sizeBytes < 24 * 1024 * 1024)
})

test('lines that nobody wants any more end the reading', async () => {
  const path = join(testdata, 'gotrace/v2/span/go1.25/trace.bin')
  let calls = 0
  const report = await timeline(path, {
    workers: 2,
    onLines: () => {
      calls += 1
      return false
    },
  })
  assert.ok(report.ok)
  assert.equal(calls, 1)
})

test('a thread that cannot be started is a fault with a way out', async () => {
  const path = join(testdata, 'captures/shop/trace.bin')
  const broken = {
    cores: 2,
    openPool: (size: number) => openWorkerPool({ entry: new URL('./nothing.ts', import.meta.url), size }),
  }
  const report = await timeline(path, { workers: 2, threads: broken as TraceThreads })
  assert.ok(!report.ok)
  assert.equal(report.error.code, 'SL_COLLECT_WORKER_LOST')
  assert.match(report.error.hint, /--workers 1/)
})
