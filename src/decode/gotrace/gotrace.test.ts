import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openParsedText } from '../testing/parsed-text.ts'
import { writeTraceText } from '../testing/write-text.ts'
import { type ReadTraceOptions, readTrace, readTraceSync, type TraceConsumer } from './gotrace.ts'

const recorded = new Uint8Array(readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')))
const NONE = '18446744073709551615'

/** One goroutine on one thread that logs; the sizes of batches are filled in. */
function drawTrace(version: number, generations: readonly (readonly string[])[]): Uint8Array {
  const lines = [`Trace Go1.${version}`]
  for (const [index, events] of generations.entries()) {
    const batch = (thread: string, body: readonly string[]): void => {
      const size = writeTraceText(['Trace Go1.26', ...body].join('\n')).length - 16
      lines.push(`EventBatch gen=${index + 1} m=${thread} time=${100 * (index + 1)} size=${size}`, ...body)
    }
    const sync =
      version >= 25
        ? ['Sync', 'Frequency freq=1000000000', 'ClockSnapshot dt=1 mono=101 sec=7 nsec=9']
        : ['Frequency freq=1000000000']
    batch(NONE, sync)
    batch('5', events)
    batch(NONE, ['Stacks', 'Stack id=1 nframes=1', 'pc=16 func=1 file=2 line=3'])
    batch(NONE, ['Strings', 'String id=1', 'data="work"', 'String id=2', 'data="work.go"'])
    if (version >= 26) lines.push('EndOfGeneration')
  }
  return writeTraceText(lines.join('\n'))
}

const begin = ['ProcStatus dt=1 p=0 pstatus=1', 'GoStatus dt=1 g=1 m=5 gstatus=2']

function readLines(bytes: Uint8Array, options: ReadTraceOptions = {}) {
  const lines: string[] = []
  const print = openParsedText()
  const read = readTraceSync(
    bytes,
    { onChunk: (chunk, tables) => print(chunk, tables, (line) => lines.push(line)) },
    options,
  )
  return { lines, read }
}

test('a stream in pieces of any size gives the same events as the bytes at once', async () => {
  const whole = readLines(recorded)
  assert.ok(whole.read.ok && whole.lines.length > 1000)
  for (const size of [1, 7, 1000, 1 << 20]) {
    const lines: string[] = []
    const print = openParsedText()
    const consumer: TraceConsumer = { onChunk: (chunk, tables) => print(chunk, tables, (line) => lines.push(line)) }
    const read = await readTrace(cut(recorded, size), consumer)
    assert.deepEqual(read, whole.read)
    assert.deepEqual(lines, whole.lines)
  }
})

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

test('the clock snapshot ties trace time to wall time', () => {
  const read = readTraceSync(drawTrace(26, [begin]), {})
  assert.ok(read.ok)
  assert.deepEqual(read.value.value.clock, {
    kind: 'snapshot',
    traceNs: 0,
    unixNs: 7_000_000_009n,
    uncertaintyNs: 1000,
  })
})

test('strings and stacks of later generations keep the index they had', () => {
  const log = 'UserRegionBegin dt=1 task=0 name_string=1 stack=1'
  const names: number[] = []
  const stacks: number[] = []
  const read = readTraceSync(
    drawTrace(22, [
      [...begin, log],
      [...begin, log],
    ]),
    {
      onChunk(chunk) {
        for (let row = 0; row < chunk.rowCount; row++) {
          if (chunk.kinds[row] !== 42) continue
          names.push(chunk.arg1[row] as number)
          stacks.push(chunk.arg2[row] as number)
        }
      },
    },
  )
  assert.ok(read.ok && read.value.value.complete)
  assert.equal(names.length, 2)
  assert.equal(new Set(names).size, 1)
  assert.equal(new Set(stacks).size, 1)
})

test('a task that ends in a later generation carries the name it began with', () => {
  const end = [...begin, 'UserTaskEnd dt=1 task=2 stack=0']
  const { lines } = readLines(
    drawTrace(23, [[...begin, 'UserTaskBegin dt=1 task=2 parent_task=0 name_string=1 stack=0'], end]),
  )
  assert.match(lines.at(-1) as string, /TaskEnd ID=2 Parent=\d+ Type="work"/)
})

test('a task ends with the parent it began with, be that above all numbers of 63 bits', () => {
  const parent = 2n ** 64n - 9n
  const parents: number[] = []
  readTraceSync(
    drawTrace(26, [
      [
        ...begin,
        `UserTaskBegin dt=1 task=2 parent_task=${parent} name_string=1 stack=0`,
        'UserTaskEnd dt=1 task=2 stack=0',
      ],
    ]),
    {
      onChunk({ kinds, arg1, arg2, rowCount }) {
        for (let row = 0; row < rowCount; row++) {
          if (kinds[row] === 40) parents.push(arg1[row] as number)
          if (kinds[row] === 41) parents.push(arg2[row] as number)
        }
      },
    },
  )
  assert.deepEqual(parents, [Number(parent), Number(parent)])
})

test('a generation that contradicts itself is left there, and the next is read from its statuses', () => {
  const broken = [...begin, 'GoStop dt=1 reason_string=1 stack=1', 'GoStop dt=1 reason_string=1 stack=1']
  const bytes = drawTrace(26, [broken, begin])
  const restarts: boolean[] = []
  const read = readTraceSync(bytes, { onGeneration: ({ isRestart }) => restarts.push(isRestart) })
  assert.ok(read.ok)
  assert.equal(read.value.value.complete, false)
  assert.equal(read.value.value.events, 5)
  assert.deepEqual(restarts, [true, true])
  assert.ok(read.value.issues.some(({ code, at }) => code === 'SL_DECODE_MALFORMED' && at?.offset !== undefined))
  const strict = readTraceSync(bytes, {}, { strict: true })
  assert.equal(strict.ok ? '' : strict.error.code, 'SL_DECODE_MALFORMED')
})

test('an event that waits for one that is not there ends its generation with an issue', () => {
  const read = readTraceSync(drawTrace(26, [[...begin, 'GoUnblock dt=1 g=9 g_seq=1 stack=0']]), {})
  assert.ok(read.ok)
  assert.equal(read.value.value.events, 2)
  assert.match(read.value.issues.map(({ message }) => message).join('\n'), /every thread waits/)
})

test('a misused region is an issue, not the end: only strict mode rejects it', () => {
  const region = [
    'UserRegionBegin dt=1 task=0 name_string=1 stack=0',
    'UserRegionEnd dt=1 task=0 name_string=2 stack=0',
  ]
  const bytes = drawTrace(26, [[...begin, ...region]])
  const read = readTraceSync(bytes, {})
  assert.ok(read.ok && read.value.value.complete)
  assert.equal(read.value.issues.length, 1)
  assert.equal(readTraceSync(bytes, {}, { strict: true }).ok, false)
})

test('a trace cut at any byte gives the events before the cut, and says that it was cut', () => {
  const whole = readLines(recorded).lines
  for (let end = 16; end < recorded.length; end += 97) {
    const { lines, read } = readLines(recorded.subarray(0, end))
    if (!read.ok) assert.equal(read.error.code, 'SL_DECODE_TRUNCATED')
    else if (lines.length > 0) {
      assert.equal(read.value.value.complete, false)
      assert.ok(lines.length <= whole.length)
      assert.ok(read.value.issues.some(({ code }) => code === 'SL_DECODE_TRUNCATED'))
    }
    const strict = readTraceSync(recorded.subarray(0, end), {}, { strict: true })
    assert.ok(!strict.ok || strict.value.value.events === 0)
  }
})

test('an event that waits for one beyond the cut is kept, and its issue says that states before it are not known', () => {
  const bytes = drawTrace(26, [[...begin, 'GoUnblock dt=1 g=9 g_seq=3 stack=0', 'HeapAlloc dt=1 heapalloc_value=7']])
  const { lines, read } = readLines(bytes.subarray(0, bytes.length - 1))
  assert.ok(read.ok && !read.value.value.complete)
  assert.deepEqual(lines.map((line) => line.split(' ')[3]).length, 4)
  assert.ok(read.value.issues.some(({ message }) => message.includes('are cut off')))
})

test('a generation larger than its limit ends reading with a code that says so', () => {
  const read = readTraceSync(recorded, {}, { limits: { maxGenerationBytes: 5000 } })
  const codes = read.ok ? read.value.issues.map(({ code }) => code) : [read.error.code]
  assert.ok(codes.includes('SL_DECODE_TOO_LARGE'))
})

test('what is no trace, of another version or empty is refused by code', () => {
  const code = (bytes: Uint8Array): string | undefined => {
    const read = readTraceSync(bytes, {})
    return read.ok ? undefined : read.error.code
  }
  assert.equal(code(new Uint8Array(0)), 'SL_DECODE_EMPTY')
  assert.equal(code(recorded.subarray(0, 9)), 'SL_DECODE_TRUNCATED')
  assert.equal(code(new TextEncoder().encode('goroutine 1 [running]:')), 'SL_DECODE_UNKNOWN_FORMAT')
  assert.equal(code(new TextEncoder().encode('go 1.99 trace\0\0\0')), 'SL_DECODE_TRACE_VERSION')
})

test('mutated traces neither throw nor hang, and every row stays within the tables', () => {
  let state = 20_260_101
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
  let salvaged = 0
  for (let round = 0; round < 600; round++) {
    const bytes = recorded.slice(0, round % 5 === 0 ? 16 + random(recorded.length - 16) : recorded.length)
    for (let flips = random(8); flips >= 0; flips--) bytes[16 + random(bytes.length - 16)] = random(256)
    const started = performance.now()
    const consumer: TraceConsumer = {
      onChunk(chunk, tables) {
        for (let row = 0; row < chunk.rowCount; row++) {
          if (chunk.kinds[row] !== 20) continue
          assert.ok((chunk.arg0[row] as number) < tables.strings.length)
          assert.ok((chunk.arg1[row] as number) < tables.stackStart.length - 1)
        }
      },
    }
    const read = readTraceSync(bytes, consumer)
    readTraceSync(bytes, consumer, { strict: true })
    assert.ok(performance.now() - started < 5000)
    if (read.ok && !read.value.value.complete) salvaged += 1
  }
  assert.ok(salvaged > 100)
})

test('threads that wait for each other by the thousand do not hang the reader', () => {
  const lines = ['Trace Go1.26']
  const batch = (thread: number | string, body: string[]): void => {
    const size = writeTraceText(['Trace Go1.26', ...body].join('\n')).length - 16
    lines.push(`EventBatch gen=1 m=${thread} time=1 size=${size}`, ...body)
  }
  batch(NONE, ['Sync', 'Frequency freq=1000000000', 'ClockSnapshot dt=1 mono=1 sec=1 nsec=1'])
  const count = 3000
  for (let thread = 0; thread < count; thread++) {
    batch(thread, [`GoUnblock dt=${thread} g=${NONE.slice(0, 9)} g_seq=${count - thread} stack=0`])
  }
  batch(count, [`GoStatus dt=9999 g=${NONE.slice(0, 9)} m=${NONE} gstatus=4`])
  const bytes = writeTraceText([...lines, 'EndOfGeneration'].join('\n'))
  const started = performance.now()
  const read = readTraceSync(bytes, {})
  assert.ok(performance.now() - started < 10_000)
  assert.ok(read.ok && read.value.value.events === 2 && !read.value.value.complete)
})

test('an event that is younger than the trace’s format is none, as for the reference reader', () => {
  const file = readFileSync(join(import.meta.dirname, '../../../testdata/gotrace/v2/span/go1.23/trace.bin'))
  assert.ok(readTraceSync(file, {}, { strict: true }).ok)
  const older = new Uint8Array(file)
  older.set(new TextEncoder().encode('go 1.22 trace'), 0)
  assert.equal(readTraceSync(older, {}, { strict: true }).ok, false)
})
