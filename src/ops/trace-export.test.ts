/** Exports of the recorded service's trace through the use case: files, sums against the account, doubts by their codes. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { decodePprofProto } from '../decode/pprof/pprof.ts'
import type { TraceStream } from '../model/ports.ts'
import type { ExportSink, NamedInterval, OpenStayExport, ProfileView } from '../model/trace-export/trace-export.ts'
import { readTimeline, type TimelineOptions } from './timeline.ts'
import type { ExportRequest } from './trace-export.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')
const trace = new Uint8Array(readFileSync(join(testdata, 'captures', 'shop', 'trace.bin')))

function streamOf(bytes: Uint8Array): TraceStream {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += 5000) yield bytes.slice(at, at + 5000)
  }
  return { name: 'trace.bin', issues: [], bytes: pieces(), failure: () => undefined }
}

function openMemory(): ExportSink & { readonly bytes: () => Uint8Array } {
  const blocks: Uint8Array[] = []
  return {
    path: 'memory',
    write: (block) => blocks.push(block.slice()) > 0,
    close: () => undefined,
    bytes: () => Buffer.concat(blocks),
  }
}

async function report(request: ExportRequest, options: TimelineOptions = {}, bytes: Uint8Array = trace) {
  const read = await readTimeline(streamOf(bytes), { ...options, export: request })
  assert.ok(read.ok, read.ok ? '' : read.error.message)
  return read.value
}

async function profile(what: ProfileView, options: TimelineOptions = {}, maxRows?: number) {
  const sink = openMemory()
  const { data, issues } = await report(
    { format: 'pprof', what, sink, ...(maxRows === undefined ? {} : { maxRows }) },
    options,
  )
  const decoded = decodePprofProto(gunzipSync(sink.bytes()))
  assert.ok(decoded.ok)
  const made = decoded.value.value
  const width = made.sampleTypes.length
  let ns = 0n
  for (let sample = 0; sample < made.sampleCount; sample++) ns += made.values[sample * width + width - 1] ?? 0n
  return { data, issues, made, ns: Number(ns), sink }
}

test('waiting, runnable and running of a profile are those of the account, system goroutines with them', async () => {
  for (const state of ['waiting', 'runnable', 'running'] as const) {
    const { data, ns, sink } = await profile(state)
    assert.equal(ns, data.totals[`${state}Ns`] + data.system[`${state}Ns`], state)
    assert.equal(data.export?.ns, ns)
    assert.equal(data.export?.sizeBytes, sink.bytes().length)
    assert.deepEqual([data.export?.path, data.export?.what], ['memory', state])
  }
})

test('the profile has the wall time and length of its window', async () => {
  const { made, data } = await profile('all', { fromNs: 250e6, toNs: 750e6 })
  assert.equal(made.durationNs, 500_000_000n)
  const start = BigInt(Date.parse(data.trace.startTime ?? '')) * 1_000_000n
  assert.ok((made.timeNs ?? 0n) - start - 250_000_000n < 2_000_000n)
})

test('a focus keeps stacks that match', async () => {
  const { made, ns } = await profile('waiting', { focus: /net\/http/ })
  const whole = await profile('waiting')
  assert.ok(ns > 0 && ns < whole.ns && made.sampleCount < whole.made.sampleCount)
})

test('what the trace does not have gives a valid profile without samples, and says so', async () => {
  const { made, issues } = await profile('cpu')
  assert.equal(made.sampleCount, 0)
  assert.ok(issues.some(({ code, message }) => code === 'SL_OPS_EXPORT_EMPTY' && /CPU profile/.test(message)))
})

test('stacks beyond the most are counted as missing', async () => {
  const { data, issues, ns } = await profile('waiting', {}, 5)
  const { omitted } = data.export ?? assert.fail()
  assert.ok(omitted.count > 0)
  assert.equal(ns + omitted.ns, data.totals.waitingNs + data.system.waitingNs)
  assert.ok(issues.some(({ code }) => code === 'SL_OPS_EXPORT_OMITTED'))
})

/** An encoder that counts: perfetto's own is of another room. */
function openCounting(sizeBytes: number, seen: { intervals: readonly NamedInterval[] }): OpenStayExport {
  return (options) => {
    let slices = 0
    return {
      listener: { onStay: () => slices++ },
      finish(intervals = []) {
        seen.intervals = intervals
        options.write(new Uint8Array(3))
        const none = { flows: 0, tasks: 0, regions: 0, logs: 0, cpuSamples: 0, tracks: 0, goroutinesInLanes: 0 }
        return { ...none, sizeBytes, packets: slices, slices }
      },
    }
  }
}

test('an export that is larger than a browser may hold says how to cut it', async () => {
  const seen = { intervals: [] }
  const { data, issues } = await report({ format: 'perfetto', sink: openMemory(), open: openCounting(3e9, seen) })
  assert.equal(data.export?.sizeBytes, 3e9)
  assert.ok((data.export?.slices ?? 0) > 1000)
  const large = issues.find(({ code }) => code === 'SL_OPS_EXPORT_LARGE')
  assert.match(large?.message ?? '', /GiB/)
})

test('spans of a file that the trace has are told to the export, with their ids', async () => {
  const folder = join(testdata, 'gotrace', 'spans', 'go1.27')
  const seen: { intervals: readonly NamedInterval[] } = { intervals: [] }
  const request: ExportRequest = { format: 'perfetto', sink: openMemory(), open: openCounting(1, seen) }
  const bytes = new Uint8Array(readFileSync(join(folder, 'trace.bin')))
  const { data } = await report(request, { spans: join(folder, 'spans.otlp.json') }, bytes)
  assert.ok(data.join.certain > 0)
  assert.equal(data.export?.spans, seen.intervals.length)
  const certain = seen.intervals.filter(({ notes }) => notes?.confidence === 'certain')
  assert.equal(certain.length, data.join.certain)
  for (const { goroutine, startNs, endNs, notes } of certain) {
    assert.ok(goroutine > 0 && endNs > startNs)
    assert.match(String(notes?.['span id']), /^[0-9a-f]{16}$/)
  }
})

test('a place that fails to take the export is the fault of the run; one that went away ends it', async () => {
  const failing: ExportSink = {
    write: () => false,
    close: () => ({ code: 'SL_CLI_CANNOT_WRITE', message: 'the disk is full', hint: '', retryable: false }),
  }
  const read = await readTimeline(streamOf(trace), { export: { format: 'pprof', what: 'all', sink: failing } })
  assert.ok(!read.ok)
  assert.equal(read.error.code, 'SL_CLI_CANNOT_WRITE')
})
