/**
 * OpenTracing's basic headers as LightStep's tracers send them: ot-tracer-traceid, -spanid, -sampled.
 * 64-bit trace ids are padded on the left; without a decision it is not sampled, as in Go.
 */
import { type Extraction, firstOf, found, type HeaderFields, malformed, NONE, whyNoId } from './context.ts'

const FORMAT = 'ottrace'

export function extractOtTrace(headers: HeaderFields): Extraction {
  const sent = firstOf(headers, 'ot-tracer-traceid')
  const spanId = firstOf(headers, 'ot-tracer-spanid')
  const sampled = firstOf(headers, 'ot-tracer-sampled').toLowerCase()
  if (sent === '' && spanId === '') return NONE
  if (!['', '0', '1', 'true', 'false'].includes(sampled)) {
    return malformed(FORMAT, 'ot-tracer-sampled is none of 0, 1, true and false')
  }
  if (sent === '') return malformed(FORMAT, 'the trace id is missing')
  if (spanId === '') return malformed(FORMAT, 'the span id is missing')
  const traceId = sent.length === 16 ? sent.padStart(32, '0') : sent
  const why = whyNoId(traceId, 32, 'trace id') ?? whyNoId(spanId, 16, 'span id')
  if (why !== undefined) return malformed(FORMAT, why)
  return found({
    format: FORMAT,
    traceId,
    spanId,
    traceIdBits: traceId.startsWith('0000000000000000') ? 64 : 128,
    isSampled: sampled === '1' || sampled === 'true',
    notes: [],
  })
}
