/** Timelines of the recorded service's trace: whole, cut, of one goroutine, as lines; and of what is no trace. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TraceStream } from '../model/ports.ts'
import { readTimeline, type TimelineOptions } from './timeline.ts'

const shop = join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop')
const trace = new Uint8Array(readFileSync(join(shop, 'trace.bin')))

function streamOf(bytes: Uint8Array, pieceBytes = 1000): TraceStream {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.slice(at, at + pieceBytes)
  }
  return { name: 'trace.bin', issues: [], bytes: pieces(), failure: () => undefined }
}

async function timeline(bytes: Uint8Array, options: TimelineOptions = {}) {
  const report = await readTimeline(streamOf(bytes), options)
  assert.ok(report.ok, report.ok ? '' : report.error.message)
  return report.value
}

async function refusal(bytes: Uint8Array, options: TimelineOptions = {}) {
  const report = await readTimeline(streamOf(bytes), options)
  assert.ok(!report.ok)
  return report.error
}

type Line = {
  readonly kind: string
  readonly timeNs: number
  readonly goroutine?: number
  readonly thread?: number
  readonly args?: { readonly [name: string]: unknown }
}

async function linesOf(options: TimelineOptions = {}): Promise<readonly Line[]> {
  let text = ''
  await timeline(trace, {
    ...options,
    onLines: (more) => {
      text += more
      return true
    },
  })
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** The shape of `timeline --json` that is promised. */
const promised = {
  trace: 'goVersion format sizeBytes generations events goroutines processors durationNs startTime clock complete',
  totals: 'runningNs runnableNs waitingNs syscallNs',
  system: 'runningNs runnableNs waitingNs syscallNs',
  scheduler: 'latencyNs',
  gc: 'cycles stwNs assistNs',
  blind: 'waitingNs blindNs blindRatio',
  join: 'rung spans certain probable partial',
} as const

test('the data has every key that is promised', async () => {
  const { data } = await timeline(trace)
  const record = data as unknown as Record<string, Record<string, unknown>>
  for (const [name, keys] of Object.entries(promised)) {
    for (const key of keys.split(' ')) assert.ok(Object.hasOwn(record[name] ?? {}, key), `${name}.${key}`)
  }
  assert.deepEqual(Object.keys(data.scheduler.latencyNs), ['p50', 'p95', 'p99', 'max'])
  for (const key of ['eventCounts', 'waiting', 'groups', 'tasks', 'taskCount']) assert.ok(key in data, key)
  for (const key of ['blockReason', 'waitClass', 'ns', 'count', 'recordedBy', 'blind']) {
    assert.ok(data.waiting.length > 0 && data.waiting.every((wait) => key in wait), key)
  }
  for (const key of ['startFunction', 'count', 'runningNs', 'runnableNs', 'waitingNs', 'syscallNs', 'waiting']) {
    assert.ok(data.groups.length > 0 && data.groups.every((group) => key in group), key)
  }
})

test('the lines are the events that were counted, in order of the reader, with strings and stacks in words', async () => {
  const lines = await linesOf()
  const { data } = await timeline(trace)
  const counts: Record<string, number> = {}
  for (const { kind } of lines) counts[kind] = (counts[kind] ?? 0) + 1
  assert.deepEqual(counts, { ...data.eventCounts })
  assert.equal(lines.length, data.trace.events)
  const block = lines.find(({ kind, args }) => kind === 'GoBlock' && args?.reason === 'network')
  assert.ok(block?.goroutine !== undefined && Number.isInteger(block.timeNs))
  const stack = block.args?.stack as readonly { function: string; file: string; line: number }[]
  assert.ok(stack.some((frame) => frame.function.startsWith('internal/poll.') && frame.line > 0))
  const statuses = lines.filter(({ kind }) => kind === 'GoStatus' || kind === 'GoStatusStack')
  assert.ok(statuses.length > 0 && statuses.every(({ args }) => /^[a-z]+$/.test(String(args?.gStatus))))
  // A goroutine on no thread has no thread: the wire says it by a number of all ones.
  assert.ok(statuses.some(({ args }) => args?.gStatus === 'waiting' && args.m === undefined))
})

test('one goroutine: its own times, and only the events that it ran or that name it', async () => {
  const all = await linesOf()
  const made = all.find(({ kind }) => kind === 'GoCreate')
  const id = Number(made?.args?.newG)
  const { data } = await timeline(trace, { goroutine: id })
  assert.equal(data.goroutine?.id, id)
  assert.equal(data.goroutine?.createdInTrace, true)
  const { runningNs, runnableNs, waitingNs, syscallNs, startNs, endNs } = data.goroutine ?? assert.fail()
  assert.equal(runningNs + runnableNs + waitingNs + syscallNs, endNs - startNs)
  const own = await linesOf({ goroutine: id })
  const concerns = ({ goroutine, args }: Line) => goroutine === id || args?.g === id || args?.newG === id
  assert.deepEqual(own, all.filter(concerns))
  assert.ok(own.length > 2 && own.length < all.length)
})

test('a goroutine that the trace does not have is a fault', async () => {
  assert.equal((await refusal(trace, { goroutine: 123_456_789 })).code, 'SL_OPS_NO_GOROUTINE')
})

test('a part of the trace: two halves account for the whole', async () => {
  const whole = (await timeline(trace)).data
  const middle = Math.round(whole.trace.durationNs / 2)
  const first = (await timeline(trace, { toNs: middle })).data
  const second = (await timeline(trace, { fromNs: middle })).data
  assert.deepEqual(first.window, { fromNs: 0, toNs: middle })
  assert.deepEqual(second.window, { fromNs: middle, toNs: whole.trace.durationNs })
  for (const key of ['runningNs', 'runnableNs', 'waitingNs', 'syscallNs'] as const) {
    assert.equal(first.totals[key] + second.totals[key], whole.totals[key], key)
  }
})

test('a trace that was cut short is a report that says so, and strict mode refuses it', async () => {
  const cut = trace.subarray(0, 9000)
  const report = await timeline(cut)
  assert.equal(report.data.trace.complete, false)
  assert.equal(report.exitCode, 0)
  assert.ok(report.data.trace.events > 0)
  assert.ok(report.issues.some(({ code, at }) => code === 'SL_DECODE_TRUNCATED' && at?.file === 'trace.bin'))
  assert.equal((await refusal(cut, { strict: true })).code, 'SL_DECODE_TRUNCATED')
})

test('input that could not be read to its end is not whole, even where the trace in it is', async () => {
  const broken: TraceStream = {
    ...streamOf(trace),
    failure: () => ({ code: 'SL_COLLECT_NO_INPUT', message: 'the disk is gone', hint: '', retryable: false }),
  }
  const report = await readTimeline(broken)
  assert.ok(report.ok)
  assert.equal(report.value.data.trace.complete, false)
  assert.ok(report.value.issues.some(({ message }) => message === 'the disk is gone'))
})

test('a run that is ended early reports what was read, as partial; before there is anything it is a fault', async () => {
  assert.equal((await refusal(trace, { signal: AbortSignal.abort() })).code, 'SL_COLLECT_INTERRUPTED')
  const ended = await readTimeline(streamOf(trace, trace.length), { signal: AbortSignal.abort() })
  assert.ok(ended.ok)
  assert.equal(ended.value.exitCode, 3)
  assert.equal(ended.value.data.trace.complete, false)
  assert.ok(ended.value.issues.some(({ code }) => code === 'SL_COLLECT_INTERRUPTED'))
})

test('reading ends where no more lines are wanted', async () => {
  let calls = 0
  await timeline(trace, { onLines: () => ++calls < 0 })
  assert.equal(calls, 1)
})

test('what is no trace is named for what it is', async () => {
  const dump = await refusal(new Uint8Array(readFileSync(join(shop, 'goroutine.0.txt'))))
  assert.equal(dump.code, 'SL_DECODE_UNKNOWN_FORMAT')
  assert.match(dump.message, /goroutine dump/)
  assert.match(dump.hint, /diagnose/)
  assert.equal((await refusal(new Uint8Array())).code, 'SL_DECODE_EMPTY')
  const page = new TextEncoder().encode('<!DOCTYPE html><html><body>404</body></html>')
  assert.equal((await refusal(page)).code, 'SL_DECODE_HTML')
})
