/**
 * The measured process of the trace bench where no command of the product is: `node read-own.ts decode|ordered FILE`.
 * Reads the file as the product does, piece by piece, and prints one line of JSON: what was counted, and how long the
 * work took from the first byte (the start of Node apart; the bench measures the process with it).
 */
import { statSync } from 'node:fs'
import { openTraceFile, type TraceFile } from '../../src/collect/trace-file.ts'
import { decodeTraceEvents, readTrace } from '../../src/decode/gotrace/gotrace.ts'
import type { TraceChunk } from '../../src/model/trace.ts'

const modes: Readonly<Record<string, (file: TraceFile) => Promise<object>>> = {
  /** Decode without order: events by kind, as the raw reader beside it counts them. */
  decode: async (file) => {
    const counts = new Float64Array(256)
    const read = await decodeTraceEvents(file.pieces(0, file.sizeBytes), ({ kinds, rowCount }) => {
      for (let row = 0; row < rowCount; row++) {
        const kind = kinds[row] as number
        counts[kind] = (counts[kind] as number) + 1
      }
    })
    if (!read.ok) fail(`${read.error.code}: ${read.error.message}`)
    const kinds = Object.fromEntries([...counts].flatMap((count, kind) => (count === 0 ? [] : [[kind, count]])))
    return { ...read.value.value, issues: read.value.issues, kinds }
  },
  /** Ordered events in columns, every row read back. */
  ordered: async (file) => {
    let rows = 0
    let sum = 0
    const read = await readTrace(file.pieces(0, file.sizeBytes), {
      onChunk: (chunk) => {
        rows += chunk.rowCount
        sum += sumColumns(chunk)
      },
    })
    if (!read.ok) fail(`${read.error.code}: ${read.error.message}`)
    const { events, generations, durationNs, complete } = read.value.value
    return { events, generations, durationNs, complete, issues: read.value.issues, rows, sum }
  },
}

/** Depends on every row of the columns most asked for, so that none of the work can be left out. */
function sumColumns(chunk: TraceChunk): number {
  const { kinds, timesNs, threads, goroutines, arg0, arg1, rowCount } = chunk
  let sum = 0
  for (let row = 0; row < rowCount; row++) {
    const time = (timesNs[row] as number) + (threads[row] as number)
    sum = (sum + (kinds[row] as number) + (goroutines[row] as number) + (arg0[row] as number)) | 0
    sum = (sum ^ (arg1[row] as number) ^ time) | 0
  }
  return sum
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

const [mode = '', path = ''] = process.argv.slice(2)
const run = modes[mode]
if (run === undefined) fail(`usage: read-own.ts ${Object.keys(modes).join('|')} FILE`)
const begun = performance.now()
const file = openTraceFile({ path, sizeBytes: statSync(path).size })
if (!file.ok) fail(`${file.error.code}: ${file.error.message}`)
const counted = await run(file.value)
process.stdout.write(`${JSON.stringify({ workSeconds: (performance.now() - begun) / 1000, ...counted })}\n`)
