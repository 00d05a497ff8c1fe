/** Recorded v1 traces against what Go makes of them, and hand-made ones for what recordings do not hold. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { type ParsedSummary, summariseParsed } from '../../../scripts/fixtures/old-traces.ts'
import { type ReadTraceOptions, readTrace, readTraceSync } from '../gotrace/gotrace.ts'
import { readOurs, readReference } from '../testing/compare-v1.ts'
import { openParsedText } from '../testing/parsed-text.ts'
import { openV1Writer, type V1Writer } from '../testing/write-v1.ts'
import { v1 } from './kinds.ts'

const recorded = join(import.meta.dirname, '../../../testdata/gotrace/v1')
const cases = globSync('*/*/trace.bin', { cwd: recorded }).sort()

/** What our reader tells, one line per event without context, and its issues. */
function tell(bytes: Uint8Array, options: ReadTraceOptions = {}) {
  const print = openParsedText()
  const lines: string[] = []
  const times: number[] = []
  const read = readTraceSync(
    bytes,
    {
      onChunk: (chunk, tables) =>
        print(chunk, tables, (line, timeNs) => {
          lines.push(line.replace(/^M=\S+ P=\S+ G=\S+ /, '').replace('StateTransition ', ''))
          times.push(timeNs)
        }),
    },
    options,
  )
  return {
    lines,
    times,
    error: read.ok ? undefined : read.error,
    issues: read.ok ? read.value.issues.map(({ code, message }) => `${code} ${message}`) : [],
    meta: read.ok ? read.value.value : undefined,
  }
}

/** A processor that runs goroutine 1, as every trace begins. */
function begin(writer: V1Writer): void {
  writer.batch(0, 1000)
  writer.event(v1.goCreate, 1, 1, 0, 0)
  writer.event(v1.procStart, 1, 7)
  writer.event(v1.goStart, 1, 1, 1)
  writer.event(v1.procsChange, 1, 2, 0)
}

test('there are recordings of both old Go versions', () => {
  assert.deepEqual(cases.map(dirname), ['lone/go1.19', 'lone/go1.21', 'mix/go1.19', 'mix/go1.21'])
})

for (const path of cases) {
  test(`a recorded trace reads as Go reads it: ${dirname(path)}`, () => {
    const wanted = JSON.parse(readFileSync(join(recorded, dirname(path), 'parsed.json'), 'utf8')) as ParsedSummary
    const ours = readOurs(readFileSync(join(recorded, path)))
    if (typeof ours === 'string') throw new Error(ours)
    let last = -1
    const events = ours.map(({ text, timeNs }) => {
      last = Math.max(timeNs, last + 1)
      return text.replace(/^(M=\S+ P=\S+ G=\S+ \w+)/, `$1 Time=${last}`)
    })
    const none = 'M=-1 P=-1 G=-1 Sync Time'
    const summary = summariseParsed([`${none}=-1 N=1`, ...events, `${none}=${last + 1} N=2`].join('\n'))
    assert.deepEqual({ ...summary, first: [] }, { ...wanted, first: [] })
    const first = readReference(wanted.first.join('\n'))
    assert.ok(first.length >= 35)
    assert.deepEqual(readReference(events.join('\n')).slice(0, first.length), first)
  })
}

test('pieces of any size read as the whole does', async () => {
  const bytes = readFileSync(join(recorded, 'lone/go1.21/trace.bin'))
  const whole = tell(bytes)
  async function* cut(size: number): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(size)
    for (let at = 0; at < bytes.length; at += size) {
      const part = bytes.subarray(at, at + size)
      piece.set(part)
      yield piece.subarray(0, part.length)
    }
  }
  for (const size of [1, 1000]) {
    let rows = 0
    const read = await readTrace(cut(size), {
      onChunk(chunk) {
        rows += chunk.rowCount
      },
    })
    if (!read.ok) throw new Error(read.error.message)
    assert.deepEqual(read.value.value, whole.meta)
    assert.equal(rows, whole.meta?.events)
  }
})

test('a trace that is larger than the limit is refused by code, whole or in pieces', async () => {
  const bytes = readFileSync(join(recorded, 'lone/go1.21/trace.bin'))
  const limits = { maxV1Bytes: bytes.length - 17 }
  assert.equal(tell(bytes, { limits }).error?.code, 'SL_DECODE_TOO_LARGE')
  assert.equal(tell(bytes, { limits: { maxV1Bytes: bytes.length - 16 } }).error, undefined)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 20)
    yield bytes.subarray(20)
  }
  const read = await readTrace(pieces(), {}, { limits })
  assert.equal(read.ok ? '' : read.error.code, 'SL_DECODE_TOO_LARGE')
})

test('a trace that was cut gives its events in order, at times of 0 rather than wrong ones, and says so', () => {
  const bytes = readFileSync(join(recorded, 'mix/go1.21/trace.bin'))
  const whole = tell(bytes)
  const part = bytes.subarray(0, bytes.length >> 2)
  const cut = tell(part)
  assert.ok(cut.lines.length > whole.lines.length / 4)
  assert.deepEqual(new Set(cut.times), new Set([0]))
  assert.equal(cut.meta?.complete, false)
  assert.ok(cut.issues.some((issue) => /SL_DECODE_TRUNCATED .*how long a tick is/.test(issue)))
  assert.ok(cut.issues.some((issue) => /SL_DECODE_TRUNCATED .*stacks/.test(issue)))
  assert.equal(tell(part, { strict: true }).error?.code, 'SL_DECODE_TRUNCATED')
  const told = tell(part, { limits: { v1TicksPerSecond: 1e9 } })
  assert.deepEqual(told.lines, cut.lines)
  assert.ok((told.times.at(-1) as number) > 0)
})

test('goroutines from before the trace get the status that the runtime tells, runnable when it tells none', () => {
  const writer = openV1Writer()
  writer.batch(0, 1000)
  for (const id of [1, 2, 3, 4]) writer.event(v1.goCreate, 1, id, 0, 0)
  writer.event(v1.goWaiting, 1, 2)
  writer.event(v1.goInSyscall, 1, 3)
  writer.event(v1.procStart, 1, 7)
  writer.event(v1.goStart, 1, 1, 1)
  writer.event(v1.procsChange, 1, 2, 0)
  assert.deepEqual(tell(writer.finish(), { strict: true }).lines, [
    'GoID=2 Undetermined->Waiting Reason=""',
    'GoID=3 Undetermined->Syscall Reason=""',
    'ProcID=0 Undetermined->Running Reason=""',
    'GoID=1 Undetermined->Running Reason=""',
    'GoID=4 Undetermined->Runnable Reason=""',
  ])
})

test('sequence numbers decide over clocks; strict mode refuses such a trace as Go does', () => {
  const writer = openV1Writer()
  begin(writer)
  writer.event(v1.goCreate, 500, 2, 0, 0)
  writer.batch(1, 1100)
  writer.event(v1.procStart, 1, 8)
  writer.event(v1.goStart, 1, 2, 1)
  writer.event(v1.goEnd, 1)
  const bytes = writer.finish()
  const ours = tell(bytes)
  const places = ['NotExist->Runnable', 'Runnable->Running', 'Running->NotExist'].map((move) =>
    ours.lines.findIndex((line) => line.startsWith(`GoID=2 ${move}`)),
  )
  assert.ok(
    places.every((place, at) => place > (places[at - 1] ?? 0)),
    `${places}`,
  )
  assert.ok(ours.issues.some((issue) => issue.includes('clocks contradict')))
  assert.equal(ours.meta?.complete, true)
  assert.equal(tell(bytes, { strict: true }).error?.code, 'SL_DECODE_MALFORMED')
})

test('a call that blocked ends at its own time, one that did not takes none, and a CPU sample in it hides nothing', () => {
  const writer = openV1Writer()
  begin(writer)
  writer.event(v1.goSysCall, 10, 0)
  writer.event(v1.goSysCall, 10, 0)
  writer.sample(1035, 0, 1, 0)
  writer.event(v1.goSysBlock, 20)
  writer.event(v1.procStop, 1)
  writer.event(v1.procStart, 100, 7)
  writer.event(v1.goSysExit, 10, 1, 2, 1060)
  writer.event(v1.goStart, 10, 1, 3)
  const { lines, times } = tell(writer.finish(), { strict: true })
  const moves = lines.map((line, at) => `${line.replace(/ Reason.*/, '')} ${times[at]}`).slice(2)
  assert.deepEqual(moves, [
    'GoID=1 Running->Syscall 13',
    'GoID=1 Syscall->Running 13',
    'GoID=1 Running->Syscall 23',
    'ProcID=0 Running->Idle 44',
    'GoID=1 Syscall->Runnable 59',
    'ProcID=0 Idle->Running 144',
    'GoID=1 Runnable->Running 164',
  ])
})

test('names, stacks and the text of logs come through, wherever the tables stand', () => {
  const writer = openV1Writer()
  begin(writer)
  writer.event(v1.taskCreate, 1, 5, 0, 1, 9)
  writer.log(1, 5, 2, 9, 'größer')
  writer.event(v1.region, 1, 5, 0, 3, 9)
  writer.event(v1.region, 1, 5, 1, 3, 9)
  writer.event(v1.taskEnd, 1, 5, 9)
  writer.event(v1.stwStart, 1, 9)
  writer.event(v1.stwDone, 1)
  writer.stack(9, [0x10, 4, 5, 12])
  for (const [at, text] of ['order', 'key', 'load', 'main.load', 'main.go'].entries()) writer.string(at + 1, text)
  const { lines } = tell(writer.finish(), { strict: true })
  const none = 2n ** 64n - 1n
  const stack = '\nStack=\n\tmain.load @ 0x10\n\t\tmain.go:12'
  assert.deepEqual(lines.slice(2), [
    `TaskBegin ID=5 Parent=${none} Type="order"${stack}`,
    `Log Task=5 Category="key" Message="größer"${stack}`,
    `RegionBegin Task=5 Type="load"${stack}`,
    `RegionEnd Task=5 Type="load"${stack}`,
    `TaskEnd ID=5 Parent=${none} Type="order"${stack}`,
    'RangeBegin Name="stop-the-world (GOMAXPROCS)" Scope=Goroutine(1)',
    'RangeEnd Name="stop-the-world (GOMAXPROCS)" Scope=Goroutine(1) Attributes=[]',
  ])
})

test('an event whose turn never comes is left out and counted; the rest is told', () => {
  const writer = openV1Writer()
  begin(writer)
  writer.event(v1.goUnblock, 1, 99, 4, 0)
  writer.event(v1.heapAlloc, 1, 5)
  writer.batch(1, 1100)
  writer.event(v1.procStart, 1, 8)
  const bytes = writer.finish()
  const ours = tell(bytes)
  assert.ok(ours.lines.includes('ProcID=1 Undetermined->Running Reason=""'))
  assert.ok(!ours.lines.some((line) => line.startsWith('Metric')))
  assert.ok(ours.issues.some((issue) => /wait for an event that is not there/.test(issue)))
  assert.equal(tell(bytes, { strict: true }).error?.code, 'SL_DECODE_MALFORMED')
})
