/** Spans of the real OpenTelemetry SDK, in traces of Go 1.26 and 1.27: what the SDK exported is the oracle. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { errorCatalogue } from '../base/errors.ts'
import type { TraceStream } from '../model/ports.ts'
import type { SpanAnswer, SpanStack, SpanStates } from '../model/span-join.ts'
import { readTimeline, type TimelineOptions } from './timeline.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')
const recordings = join(testdata, 'gotrace')
/** What may lie between the SDK's stamps and the events: processors, the clock's reading; generous for a busy machine. */
const STAMP_NS = 100_000

type Exported = {
  readonly spanId: string
  readonly traceId: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
}

function exportedOf(folder: string): readonly Exported[] {
  const text = readFileSync(join(folder, 'spans.otlp.json'), 'utf8')
  const document = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Exported[] }[] }[] }
  return document.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}

function streamOf(path: string): TraceStream {
  async function* pieces() {
    yield new Uint8Array(readFileSync(path))
  }
  return { name: 'trace.bin', issues: [], bytes: pieces(), failure: () => undefined }
}

async function read(folder: string, options: TimelineOptions = {}) {
  const open = () => streamOf(join(folder, 'trace.bin'))
  return readTimeline(open(), { reopen: async () => ({ ok: true, value: open() }), ...options })
}

async function ask(
  folder: string,
  span: string,
  spans: string | undefined = join(folder, 'spans.otlp.json'),
): Promise<SpanAnswer> {
  const report = await read(folder, { span, ...(spans === '' ? {} : { spans }) })
  assert.ok(report.ok, report.ok ? '' : report.error.message)
  return report.value.data.span ?? assert.fail('no span')
}

const add = (times: SpanStates) =>
  times.runningNs + times.runnableNs + times.waitingNs + times.syscallNs + times.unknownNs + times.goneNs
const user = ({ frames, userFrame = 0 }: SpanStack) => frames[userFrame]?.function
const idOf = (folder: string, name: string) =>
  exportedOf(folder).find((span) => span.name === name)?.spanId ?? assert.fail(name)

for (const version of ['go1.26', 'go1.27']) {
  const folder = join(recordings, 'spans', version)

  test(`${version}: every exported span is found by its id, and only those that cross an edge are partial`, async () => {
    const report = await read(folder, { spans: join(folder, 'spans.otlp.json') })
    assert.ok(report.ok)
    const { rung, spans, certain, probable, partial, unmatched, outside } = report.value.data.join
    assert.deepEqual(
      { rung, spans, certain, probable, partial, unmatched, outside },
      { rung: 1, spans: 16, certain: 14, probable: 0, partial: 2, unmatched: 0, outside: 0 },
    )
    assert.deepEqual(report.value.issues, [])
  })

  test(`${version}: the states of every span add up to its length, which is the exported one within the stamps`, async () => {
    for (const { spanId, traceId, name, startTimeUnixNano, endTimeUnixNano } of exportedOf(folder)) {
      const span = await ask(folder, spanId)
      const { states } = span
      assert.ok(states !== undefined, name)
      assert.equal(add(states), span.durationNs, name)
      assert.equal(span.sumNs, span.durationNs, name)
      assert.equal(span.traceId, traceId)
      const isCut = name === 'older than the trace' || name === 'ends after the trace'
      assert.equal(span.confidence, isCut ? 'partial' : 'certain', name)
      const exportedNs = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano))
      if (name === 'backdated') assert.ok(span.doubts.some((doubt) => doubt.includes('its times in the file')))
      else if (!isCut) {
        assert.ok(Math.abs(span.durationNs - exportedNs) < STAMP_NS, `${name}: ${span.durationNs} and ${exportedNs}`)
        assert.equal(span.reported?.differenceNs, span.durationNs - exportedNs)
        assert.deepEqual(
          span.doubts.filter((doubt) => !doubt.includes('after handing it over')),
          [],
          name,
        )
        assert.equal(span.explainedRatio, 1)
      }
    }
  })

  test(`${version}: both readings of a span have the same states`, async () => {
    const report = await read(folder, { spans: join(folder, 'spans.otlp.json') })
    assert.ok(report.ok)
    const { longest = [] } = report.value.data.join
    assert.equal(longest.length, 16)
    for (const one of longest) {
      const span = await ask(folder, one.spanId ?? '')
      assert.deepEqual(span.states, one.states, one.name)
      // Of a span whose begin was not seen, the first reading cannot know whom it made.
      if (one.startNs === 0) continue
      assert.equal(span.created?.count, one.created.count)
      assert.equal(span.created?.waitingNs, one.created.waitingNs)
      assert.equal(span.created?.runningNs, one.created.runningNs)
    }
  })

  test(`${version}: a span that waits for a lock and for its own goroutines says where, and who ended it`, async () => {
    const span = await ask(folder, idOf(folder, 'POST /checkout'))
    assert.deepEqual(
      span.waits.slice(0, 2).map(({ reason, waitClass }) => [reason, waitClass]),
      [
        ['sync', 'sync'],
        ['sync', 'sync'],
      ],
    )
    const locked = span.longest.find(({ stack }) => user(stack) === 'main.reserve') ?? assert.fail()
    assert.equal(locked.wokenBy?.startFunction, 'main.hold')
    assert.ok(locked.ns > 1e6)
    assert.equal(span.created?.count, 2)
    assert.deepEqual(
      span.created?.goroutines.map(({ createdBy }) => createdBy),
      [span.goroutine, span.goroutine],
    )
    assert.ok(span.path.some(({ startFunction, woke }) => startFunction === 'main.hold' && woke === span.goroutine))
    assert.equal(
      span.path.reduce((sum, { ns }) => sum + ns, 0),
      span.durationNs,
    )
    const { bar } = span
    assert.ok(
      bar !== undefined &&
        Math.abs(bar.waitingNs.reduce((sum, ns) => sum + ns, 0) - (span.states?.waitingNs ?? 0)) < 100,
    )
  })

  test(`${version}: a span handed over names both goroutines`, async () => {
    const span = await ask(folder, idOf(folder, 'handed over'))
    assert.ok(span.endGoroutine !== undefined && span.endGoroutine !== span.goroutine)
    assert.ok(span.doubts.some((doubt) => doubt.includes('handing it over')))
  })

  const bare = join(recordings, 'tasks', version)
  test(`${version}: with tasks alone, names and times join; what they cannot tell apart is probable, the rest is left`, async () => {
    const price = await ask(bare, idOf(bare, 'price'))
    assert.deepEqual([price.rung, price.confidence, price.name], [0, 'certain', 'price'])
    const [twin] = exportedOf(bare).filter(({ name }) => name === 'twin')
    const one = await ask(bare, twin?.spanId ?? '')
    assert.deepEqual([one.rung, one.confidence, one.candidates.length], [0, 'probable', 1])
    const renamed = await ask(bare, idOf(bare, 'GET /orders/{id}'))
    assert.deepEqual(
      [renamed.confidence, renamed.doubts.some((doubt) => doubt.includes('HTTP GET'))],
      ['probable', true],
    )
    // Its stamps are not those of its calls: nothing in the trace can be said to be it.
    const backdated = await ask(bare, idOf(bare, 'backdated'))
    assert.deepEqual([backdated.rung, backdated.goroutine, backdated.confidence], [4, undefined, undefined])
    assert.ok(backdated.unexplained.length > 0)
  })

  test(`${version}: an id that only a file could give is no span without one; a name is`, async () => {
    const missing = await read(bare, { span: idOf(bare, 'price') })
    assert.ok(!missing.ok)
    assert.equal(missing.error.code, 'SL_OPS_NO_SPAN')
    assert.match(missing.error.hint, /--spans/)
    const price = await ask(bare, 'price', '')
    assert.deepEqual([price.name, price.rung, price.confidence], ['price', 0, 'certain'])
    const job = await ask(bare, 'job', '')
    assert.equal(job.sameName, 3)
  })

  test(`${version}: without either flag the join is told of the account's tasks`, async () => {
    const report = await read(folder)
    assert.ok(report.ok)
    const { join: found, taskCount } = report.value.data
    assert.deepEqual(found, { rung: 1, spans: taskCount, certain: taskCount - 1, probable: 0, partial: 1 })
    const other = await read(bare)
    assert.equal(other.ok && other.value.data.join.rung, 0)
  })
}

for (const version of ['go1.26', 'go1.27']) {
  test(`${version}: the spans of Datadog's tracer are found by the ids that it has of them, in decimal digits`, async () => {
    const folder = join(recordings, 'datadog', version)
    const spans = JSON.parse(readFileSync(join(folder, 'spans.json'), 'utf8')) as { id: string; name: string }[]
    assert.equal(spans.length, 16)
    for (const { id, name } of spans) {
      const span = await ask(folder, id, '')
      assert.deepEqual([span.name, span.rung, span.confidence], [name, 3, 'certain'])
      assert.equal(span.spanId, BigInt(id).toString(16).padStart(16, '0'))
      assert.equal(span.sumNs, span.durationNs)
    }
  })
}

test('a span needs a second reading: what can be read once is refused', async () => {
  const folder = join(recordings, 'spans', 'go1.27')
  const report = await readTimeline(streamOf(join(folder, 'trace.bin')), { span: 'price' })
  assert.ok(!report.ok)
  assert.equal(report.error.code, 'SL_CLI_USAGE')
})

test('a file of spans that is not there, that is none, or that has spans without ids', async () => {
  const folder = join(recordings, 'spans', 'go1.27')
  const absent = await read(folder, { spans: join(folder, 'absent.json') })
  assert.ok(!absent.ok && absent.error.code === 'SL_COLLECT_NO_INPUT')
  const other = await read(folder, { spans: join(folder, 'meta.json') })
  assert.ok(!other.ok && errorCatalogue[other.error.code].exitCode === 65, other.ok ? '' : other.error.code)
  const scratch = mkdtempSync(join(tmpdir(), 'sightline-spans-'))
  try {
    const document = JSON.parse(readFileSync(join(folder, 'spans.otlp.json'), 'utf8')) as {
      resourceSpans: { scopeSpans: { spans: { spanId: string }[] }[] }[]
    }
    const first = document.resourceSpans[0]?.scopeSpans[0]?.spans[0] ?? assert.fail()
    first.spanId = '0'.repeat(16)
    writeFileSync(join(scratch, 'spans.json'), JSON.stringify(document))
    const report = await read(folder, { spans: join(scratch, 'spans.json') })
    assert.ok(report.ok)
    assert.deepEqual(
      report.value.issues.map(({ code }) => code),
      ['SL_OPS_SPANS_LEFT_OUT'],
    )
    assert.equal(report.value.data.join.spans, 15)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

test('a trace without a wall clock joins by ids only, and says so', async () => {
  const old = join(recordings, 'v1', 'lone', 'go1.21')
  const spans = join(recordings, 'spans', 'go1.27', 'spans.otlp.json')
  const report = await read(old, { spans })
  assert.ok(report.ok)
  assert.ok(report.value.issues.some(({ code }) => code === 'SL_OPS_SPANS_NO_CLOCK'))
  assert.equal(report.value.data.join.unmatched, 16)
})
