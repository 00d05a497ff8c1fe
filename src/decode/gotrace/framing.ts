/**
 * The header of an execution trace: which format it is of, and whether it is one that is read here.
 * Enters: the first bytes of a file. Leaves: the version in the header; a fault with a code for what is none, or of a
 * format not read here. Spec: internal/trace/batch.go of Go 1.27.3. Format v1 is recognised and refused by code.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { oldTraceFormats, traceFormats } from './events.ts'

export const HEADER_BYTES = 16

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
