/**
 * AWS X-Ray's `X-Amzn-Trace-Id: Root=1-8hex-24hex;Parent=16hex;Sampled=0|1|?` (AWS X-Ray developer guide, concepts).
 * Every part has to have a `=`; unknown ones are passed over. A root without a parent carries no span to go on from:
 * what a load balancer makes of a request, and for OpenTelemetry no context.
 */
import { type Extraction, firstOf, found, type HeaderFields, malformed, NONE, whyNoId } from './context.ts'

const FORMAT = 'xray'

export function extractXray(headers: HeaderFields): Extraction {
  const text = firstOf(headers, 'x-amzn-trace-id')
  if (text === '') return NONE
  let traceId = ''
  let spanId = ''
  let sampled = ''
  const parts = text.split(';')
  for (const [index, given] of parts.entries()) {
    const isLast = index === parts.length - 1
    if (isLast && given === '') break
    const part = isLast ? given.trim() : given
    const equals = part.indexOf('=')
    if (equals === -1) return malformed(FORMAT, 'a part has no =')
    const value = part.slice(equals + 1)
    if (part.startsWith('Root')) {
      if (value.length !== 35) return malformed(FORMAT, `the root has ${value.length} characters instead of 35`)
      if (!value.startsWith('1')) return malformed(FORMAT, 'the root is of a version other than 1')
      if (value[1] !== '-' || value[10] !== '-') return malformed(FORMAT, 'the root is not 1-8hex-24hex')
      traceId = value.slice(2, 10) + value.slice(11)
      const why = whyNoId(traceId, 32, 'root')
      if (why !== undefined) return malformed(FORMAT, why)
    } else if (part.startsWith('Parent')) {
      const why = whyNoId(value, 16, 'parent')
      if (why !== undefined) return malformed(FORMAT, why)
      spanId = value
    } else if (part.startsWith('Sampled')) sampled = value
  }
  if (traceId === '') return malformed(FORMAT, 'it has no Root')
  if (spanId === '') return malformed(FORMAT, 'it has no Parent')
  return found({
    format: FORMAT,
    traceId,
    spanId,
    traceIdBits: 128,
    ...(sampled === '0' || sampled === '1' ? { isSampled: sampled === '1' } : {}),
    notes: ['', '0', '1', '?'].includes(sampled) ? [] : ['Sampled is none of 0, 1 and ?'],
  })
}
