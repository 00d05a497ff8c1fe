/**
 * Splits an execution trace (format v2) into its batches without decoding them: header, then length-prefixed batches.
 * Enters: the bytes of a file. Leaves: an index of batches, and where and why reading ended if not at the end.
 * Spec: internal/trace/batch.go of Go 1.27.3. Format v1 is recognised and refused by code.
 */
import { ByteCursor, CursorFault } from '../../base/byte-cursor.ts'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { MAX_BATCH_BYTES, oldTraceFormats, structural, traceFormats } from './events.ts'

export const HEADER_BYTES = 16
/** More batches than 64 GiB of trace hold; bounds the index against hostile input. */
const MAX_BATCHES = 1 << 20

export type TraceBatch = {
  readonly generation: number
  /** Machine thread; the runtime's own batches (tables) have one that is not below 2^53. */
  readonly thread: number
  /** Ticks at which the first delta starts. */
  readonly baseTicks: number
  readonly start: number
  readonly end: number
  /** Experimental batches are opaque here. */
  readonly isExperimental: boolean
}

export type TraceFraming = {
  readonly format: number
  readonly batches: readonly TraceBatch[]
  /** Set when reading ended before the bytes did. */
  readonly stopped?: { readonly offset: number; readonly why: string }
}

/** The NN of `go 1.NN trace`, when the bytes begin so. */
export function readTraceHeader(head: Uint8Array): number | undefined {
  if (head.length < HEADER_BYTES) return undefined
  const text = String.fromCharCode(...head.subarray(0, HEADER_BYTES))
  const match = /^go 1\.(\d{1,2}) trace\0+$/.exec(text)
  return match === null ? undefined : Number(match[1])
}

/** The NN of the header, when it is one of format v2. */
export function readTraceFormat(head: Uint8Array): Result<number, Fault> {
  const format = readTraceHeader(head)
  if (format === undefined) {
    return err(fault('SL_DECODE_UNKNOWN_FORMAT', { message: 'this is not a Go execution trace' }))
  }
  if ((traceFormats as readonly number[]).includes(format)) return ok(format)
  const age = (oldTraceFormats as readonly number[]).includes(format) ? 'older' : 'newer'
  return err(
    fault('SL_DECODE_TRACE_VERSION', {
      message: `execution traces of go 1.${format} are ${age} than those read here`,
    }),
  )
}

/** Batches up to the end or to the first damage. Fails only when the header is none, or of a format not read here. */
export function indexBatches(bytes: Uint8Array): Result<TraceFraming, Fault> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY'))
  const header = readTraceFormat(bytes)
  if (!header.ok) return header
  const format = header.value
  const batches: TraceBatch[] = []
  const cursor = new ByteCursor(bytes, HEADER_BYTES)
  try {
    while (!cursor.isAtEnd && batches.length < MAX_BATCHES) {
      const batch = readBatch(cursor)
      if (batch !== undefined) batches.push(batch)
    }
  } catch (thrown) {
    if (!(thrown instanceof CursorFault)) throw thrown
    return ok({ format, batches, stopped: { offset: thrown.offset, why: thrown.message } })
  }
  return ok({ format, batches })
}

function readBatch(cursor: ByteCursor): TraceBatch | undefined {
  const offset = cursor.at
  const type = cursor.readByte()
  if (type === structural.endOfGeneration) return undefined
  if (type !== structural.eventBatch && type !== structural.experimentalBatch) {
    throw new CursorFault('malformed', offset, `a batch begins with byte ${type}`)
  }
  const isExperimental = type === structural.experimentalBatch
  if (isExperimental) cursor.readByte()
  const generation = cursor.readVarint()
  const thread = cursor.readVarint()
  const baseTicks = cursor.readVarint()
  const size = cursor.readVarint()
  if (generation === 0) throw new CursorFault('malformed', offset, 'a batch is of generation 0')
  if (size > MAX_BATCH_BYTES) throw new CursorFault('malformed', offset, `a batch claims ${size} bytes`)
  const start = cursor.at
  cursor.skip(size)
  return { generation, thread, baseTicks, start, end: cursor.at, isExperimental }
}
