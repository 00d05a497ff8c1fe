/**
 * Datadog's headers (dd-trace-go ddtrace/tracer/textmap.go): ids are decimal 64-bit numbers; the upper half of a
 * 128-bit trace id is `_dd.p.tid` in x-datadog-tags. Priority 1 and 2 keep, 0 and -1 drop. A parent id of 0 is allowed
 * for synthetic tests only.
 */
import { type Extraction, firstOf, found, type HeaderFields, malformed, NONE } from './context.ts'

const FORMAT = 'datadog'
const MAX_ID = 0xffff_ffff_ffff_ffffn

export function extractDatadog(headers: HeaderFields): Extraction {
  const trace = firstOf(headers, 'x-datadog-trace-id').trim()
  const parent = firstOf(headers, 'x-datadog-parent-id').trim()
  if (trace === '' && parent === '') return NONE
  const low = readId(trace)
  if (low === undefined) return malformed(FORMAT, 'the trace id is no decimal number of 64 bits')
  if (low === 0n) return malformed(FORMAT, 'the trace id is 0')
  const span = readId(parent === '' ? '0' : parent)
  if (span === undefined) return malformed(FORMAT, 'the parent id is no decimal number of 64 bits')
  const isSynthetic = firstOf(headers, 'x-datadog-origin').startsWith('synthetics')
  if (span === 0n && !isSynthetic) return malformed(FORMAT, 'the parent id is missing or 0')
  const priority = firstOf(headers, 'x-datadog-sampling-priority').trim()
  if (priority !== '' && !/^[+-]?\d{1,9}$/.test(priority)) return malformed(FORMAT, 'the priority is no number')
  const tid = /(?:^|,)\s*_dd\.p\.tid=([^,]*)/.exec(firstOf(headers, 'x-datadog-tags'))?.[1]
  const isTid = tid !== undefined && /^[0-9a-f]{16}$/.test(tid)
  const high = isTid ? tid : '0000000000000000'
  return found({
    format: FORMAT,
    traceId: high + low.toString(16).padStart(16, '0'),
    spanId: span.toString(16).padStart(16, '0'),
    traceIdBits: /^0+$/.test(high) ? 64 : 128,
    ...(priority === '' ? {} : { isSampled: Number(priority) > 0 }),
    notes: tid === undefined || isTid ? [] : ['_dd.p.tid is not 16 lower-case hex digits'],
  })
}

function readId(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined
  const id = BigInt(text)
  return id <= MAX_ID ? id : undefined
}
