/**
 * Jaeger's `uber-trace-id: trace:span:parent:flags` (jaegertracing.io, client libraries, propagation format).
 * Ids may be shorter and are padded on the left; the parent is not looked at; flags are hex: 1 sampled, 2 debug, which
 * counts only with 1, as in Go.
 */
import { type Extraction, firstOf, found, type HeaderFields, malformed, NONE, whyNoId } from './context.ts'

const FORMAT = 'jaeger'

export function extractJaeger(headers: HeaderFields): Extraction {
  const text = firstOf(headers, 'uber-trace-id')
  if (text === '') return NONE
  const parts = text.split(':')
  if (parts.length !== 4) {
    const encoded = /%3a/i.test(text) ? ', its colons are percent-encoded' : ''
    return malformed(FORMAT, `it has ${parts.length} parts instead of four${encoded}`)
  }
  const [sentTrace = '', sentSpan = '', , flagText = ''] = parts
  const traceId = sentTrace.padStart(32, '0')
  const spanId = sentSpan.padStart(16, '0')
  const why = whyNoId(traceId, 32, 'trace id') ?? whyNoId(spanId, 16, 'span id')
  if (why !== undefined) return malformed(FORMAT, why)
  if (!/^(?:[+-]?[0-9a-fA-F]{1,16})?$/.test(flagText.replace(/^([+-]?)0+(?=.)/, '$1'))) {
    return malformed(FORMAT, 'the flags are not hex')
  }
  const flags = Number.parseInt(flagText.slice(-2) || '0', 16)
  const isSampled = (flags & 1) !== 0
  return found({
    format: FORMAT,
    traceId,
    spanId,
    traceIdBits: sentTrace.length <= 16 || traceId.startsWith('0000000000000000') ? 64 : 128,
    isSampled,
    ...(isSampled && (flags & 2) !== 0 ? { isDebug: true } : {}),
    notes: flags === 2 ? ['debug is set without sampled, and is not looked at'] : [],
  })
}
