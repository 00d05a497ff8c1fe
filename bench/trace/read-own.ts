/**
 * The measured process of the trace bench: `node read-own.ts MODE FILE`, MODE being decode, ordered or account.
 * Streams the file through the reader as the product does and prints one line of JSON: what was counted, and how long
 * the work took from the first byte (the start of Node apart).
 */
import { createReadStream } from 'node:fs'
import { openTraceAccount } from '../../src/analyze/trace/trace-account.ts'
import { decodeTraceEvents } from '../../src/decode/gotrace/decode-events.ts'
import { readTrace } from '../../src/decode/gotrace/gotrace.ts'
import type { TraceChunk, TraceConsumer } from '../../src/model/trace.ts'

const PIECE_BYTES = 1 << 20

type Outcome = { readonly consumer: TraceConsumer; readonly conclude: (durationNs: number) => object }

const modes: Readonly<Record<string, () => Outcome>> = {
  /** Ordered events in columns, every row read back. */
  ordered: () => {
    let rows = 0
    let sum = 0
    const onChunk = (chunk: TraceChunk): void => {
      rows += chunk.rowCount
      sum += sumColumns(chunk)
    }
    return { consumer: { onChunk }, conclude: () => ({ rows, sum }) }
  },
  account: () => {
    const account = openTraceAccount()
    return {
      consumer: {
        onChunk: (chunk, tables) => account.addChunk(chunk, tables),
        onCpuSamples: (samples, tables) => account.addCpuSamples(samples, tables),
      },
      conclude: (durationNs) => {
        const { goroutines, totals, system, taskCount, waiting, blind, unknownWaits, eventCounts } = account.finish({
          durationNs,
        })
        const unknown = { count: unknownWaits.count, ns: unknownWaits.ns }
        return { goroutines, totals, system, taskCount, waiting, blind, unknown, eventCounts }
      },
    }
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

/** Decode without order. */
async function runDecode(path: string): Promise<object> {
  const read = await decodeTraceEvents(createReadStream(path, { highWaterMark: PIECE_BYTES }), () => {})
  if (!read.ok) fail(`${read.error.code}: ${read.error.message}`)
  const { events, generations, firstNs, lastNs, complete } = read.value.value
  return { events, generations, durationNs: lastNs - firstNs, complete, issues: read.value.issues }
}

async function runReader({ consumer, conclude }: Outcome, path: string): Promise<object> {
  const read = await readTrace(createReadStream(path, { highWaterMark: PIECE_BYTES }), consumer)
  if (!read.ok) fail(`${read.error.code}: ${read.error.message}`)
  const { value: meta, issues } = read.value
  const { events, generations, cpuSamples, durationNs, complete } = meta
  return { events, generations, cpuSamples, durationNs, complete, issues, ...conclude(durationNs) }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

const [mode = '', file = ''] = process.argv.slice(2)
const open = modes[mode]
if (open === undefined && mode !== 'decode') fail(`usage: read-own.ts decode|${Object.keys(modes).join('|')} FILE`)
const begun = performance.now()
const counted = open === undefined ? await runDecode(file) : await runReader(open(), file)
process.stdout.write(`${JSON.stringify({ workSeconds: (performance.now() - begun) / 1000, ...counted })}\n`)
