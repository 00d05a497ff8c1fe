import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openParsedText } from '../testing/parsed-text.ts'
import { writeTraceText } from '../testing/write-text.ts'
import { type ReadTraceOptions, readTraceSync } from './gotrace.ts'
import { indexGenerations, type TraceIndex } from './index-generations.ts'

const recorded = new Uint8Array(readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')))
const NONE = '18446744073709551615'

/** Generations of one goroutine whose ticks are of different lengths. */
function drawTrace(version: number, frequencies: readonly number[]): Uint8Array {
  const lines = [`Trace Go1.${version}`]
  for (const [index, frequency] of frequencies.entries()) {
    const batch = (thread: string, body: readonly string[]): void => {
      const size = writeTraceText(['Trace Go1.26', ...body].join('\n')).length - 16
      lines.push(`EventBatch gen=${index + 1} m=${thread} time=${1000 * (index + 1)} size=${size}`, ...body)
    }
    const sync = ['Sync', `Frequency freq=${frequency}`, 'ClockSnapshot dt=1 mono=101 sec=7 nsec=9']
    if (frequency > 0) batch(NONE, version >= 25 ? sync : [`Frequency freq=${frequency}`])
    const statuses = ['ProcStatus dt=3 p=0 pstatus=1', 'GoStatus dt=1 g=1 m=5 gstatus=2']
    batch('5', [...statuses, 'UserRegionBegin dt=1 task=0 name_string=1 stack=0'])
    batch(NONE, ['Strings', 'String id=1', 'data="work"'])
    if (version >= 26) lines.push('EndOfGeneration')
  }
  return writeTraceText(lines.join('\n'))
}

function indexOf(bytes: Uint8Array): TraceIndex {
  const read = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length)
  const index = indexGenerations({ sizeBytes: bytes.length, read })
  assert.ok(index.ok)
  return index.value
}

function readLines(bytes: Uint8Array, options: ReadTraceOptions = {}) {
  const lines: string[] = []
  const print = openParsedText()
  const read = readTraceSync(
    bytes,
    { onChunk: (chunk, tables) => print(chunk, tables, (line, timeNs) => lines.push(`${timeNs} ${line}`)) },
    options,
  )
  return { lines, messages: read.ok ? read.value.issues.map(({ message }) => message) : [read.error.message] }
}

/** Apart from what was before, which the first generation of a range cannot know: context and state at a status. */
function withoutPast(line: string): string {
  return line.replace(/ P=\S+ G=\S+ StateTransition/, ' StateTransition').replace(/\b[A-Z][A-Za-z]+->/, '')
}

test('ranges of one generation each give the rows of the trace as a whole', () => {
  for (const bytes of [recorded, drawTrace(26, [1e9, 2e9, 3e9]), drawTrace(23, [1e9, 2e9, 3e9])]) {
    const { format, ranges, originNs } = indexOf(bytes)
    assert.ok(originNs !== undefined)
    const parts = ranges.map(({ offset, sizeBytes, nsPerTick }) =>
      readLines(bytes.subarray(offset, offset + sizeBytes), {
        range: { format, firstOffset: offset, originNs, ...(nsPerTick === undefined ? {} : { nsPerTick }) },
      }),
    )
    const whole = readLines(bytes)
    assert.ok(whole.lines.length >= ranges.length * 3)
    assert.deepEqual(
      parts.flatMap(({ lines }) => lines.map(withoutPast)),
      whole.lines.map(withoutPast),
    )
  }
})

test('the ranges are the generations, one after another from the header to the end', () => {
  const bytes = drawTrace(26, [1e9, 1e9])
  const { ranges, format } = indexOf(bytes)
  assert.equal(format, 26)
  assert.deepEqual(
    ranges.map(({ generation, batches }) => [generation, batches]),
    [
      [1, 3],
      [2, 3],
    ],
  )
  assert.equal(ranges[0]?.offset, 16)
  assert.equal((ranges[0]?.offset ?? 0) + (ranges[0]?.sizeBytes ?? 0), ranges[1]?.offset)
  assert.equal((ranges[1]?.offset ?? 0) + (ranges[1]?.sizeBytes ?? 0), bytes.length)
})

test('a generation without a frequency is read with that of the one before, also as a range', () => {
  const bytes = drawTrace(26, [5e8, 0])
  const { ranges, format, originNs } = indexOf(bytes)
  const last = ranges[1]
  assert.equal(last?.nsPerTick, 2)
  assert.ok(last !== undefined && originNs !== undefined)
  const { lines } = readLines(bytes.subarray(last.offset), {
    range: { format, firstOffset: last.offset, originNs, nsPerTick: 2 },
  })
  assert.deepEqual(lines.map(withoutPast), readLines(bytes).lines.slice(3).map(withoutPast))
})

test('a trace cut anywhere is covered by its ranges, and the last one tells of the cut', () => {
  const bytes = drawTrace(26, [1e9, 1e9, 1e9])
  for (let end = 17; end < bytes.length; end++) {
    const cut = bytes.subarray(0, end)
    const { ranges, format, originNs } = indexOf(cut)
    const whole = readLines(cut)
    const places = ranges.flatMap(({ offset, sizeBytes }) => [offset, offset + sizeBytes])
    if (ranges.length === 0) continue
    assert.equal(places[0], 16)
    assert.equal(places.at(-1), end)
    const parts = ranges.map(({ offset, sizeBytes, nsPerTick }) => {
      const known = {
        ...(originNs === undefined ? {} : { originNs }),
        ...(nsPerTick === undefined ? {} : { nsPerTick }),
      }
      return readLines(cut.subarray(offset, offset + sizeBytes), { range: { format, firstOffset: offset, ...known } })
    })
    assert.deepEqual(
      parts.flatMap(({ messages }) => messages),
      whole.messages,
    )
  }
})

test('what is no trace of format v2 is refused by code', () => {
  const read = (): Uint8Array => new TextEncoder().encode('goroutine 1 [running]:')
  const index = indexGenerations({ sizeBytes: 22, read: (_, length) => read().subarray(0, length) })
  assert.equal(index.ok ? '' : index.error.code, 'SL_DECODE_UNKNOWN_FORMAT')
})
