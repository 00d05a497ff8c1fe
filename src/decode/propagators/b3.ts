/**
 * B3 (openzipkin/b3-propagation): the single `b3` header first, and the X-B3-* headers where that is absent or invalid.
 * 64-bit trace ids are padded on the left. Debug means sampled; without a decision it is left to the receiver. Headers
 * with a decision and no ids carry no trace: `none`.
 */
import { type Extraction, firstOf, found, type HeaderFields, malformed, NONE, whyNoId } from './context.ts'

const FORMAT = 'b3'
const PADDING = '0000000000000000'

export function extractB3(headers: HeaderFields): Extraction {
  const text = firstOf(headers, 'b3')
  const single = text === '' ? NONE : readSingle(text)
  if (single.kind === 'context') return single
  const multi = readMulti(headers)
  if (multi.kind === 'none') return single
  if (multi.kind !== 'context' || single.kind !== 'malformed') return multi
  const notes = [`the b3 header was passed over: ${single.why}`]
  return found({ ...multi.context, notes })
}

function readSingle(text: string): Extraction {
  if (text.length === 1) {
    return /^[01d]$/.test(text) ? NONE : malformed(FORMAT, 'a header of one character is none of 0, 1 and d')
  }
  if (text.length === 16 || text.length === 32) return malformed(FORMAT, 'a trace id stands alone')
  if (text.length < 33) return malformed(FORMAT, 'it is too short for two ids')
  const width = text[16] === '-' ? 16 : text[32] === '-' ? 32 : 0
  if (width === 0) return malformed(FORMAT, 'the trace id has neither 16 nor 32 digits')
  const traceId = text.slice(0, width).padStart(32, '0')
  const spanId = text.slice(width + 1, width + 17)
  const why = whyNoId(traceId, 32, 'trace id') ?? whyNoId(spanId, 16, 'span id')
  if (why !== undefined) return malformed(FORMAT, why)
  const rest = text.slice(width + 17)
  let sampling = ''
  if (rest !== '') {
    const parts = /^-(.)(?:-(.{16}))?$/s.exec(rest)
    if (parts === null) return malformed(FORMAT, 'what follows the ids is no decision with or without a parent id')
    sampling = parts[1] ?? ''
    const parent = parts[2] === undefined ? undefined : whyNoId(parts[2], 16, 'parent span id')
    if (parent !== undefined) return malformed(FORMAT, parent)
    if (!/^[01d]$/.test(sampling)) return malformed(FORMAT, 'the decision is none of 0, 1 and d')
  }
  return found({
    format: FORMAT,
    traceId,
    spanId,
    traceIdBits: bitsOf(traceId, width),
    ...(sampling === '' ? {} : { isSampled: sampling !== '0' }),
    ...(sampling === 'd' ? { isDebug: true } : {}),
    notes: [],
  })
}

function readMulti(headers: HeaderFields): Extraction {
  const sent = firstOf(headers, 'x-b3-traceid')
  const spanId = firstOf(headers, 'x-b3-spanid')
  const parentId = firstOf(headers, 'x-b3-parentspanid')
  const sampled = firstOf(headers, 'x-b3-sampled').toLowerCase()
  const isDebug = firstOf(headers, 'x-b3-flags') === '1'
  if (!['', '0', '1', 'true', 'false'].includes(sampled)) {
    return malformed(FORMAT, 'X-B3-Sampled is none of 0, 1, true and false')
  }
  if (sent === '' && spanId === '') {
    return parentId === '' ? NONE : malformed(FORMAT, 'a parent span id stands without the ids it belongs to')
  }
  const traceId = sent.length === 16 ? PADDING + sent : sent
  if (sent !== '') {
    const why = whyNoId(traceId, 32, 'trace id')
    if (why !== undefined) return malformed(FORMAT, why)
  }
  const why = spanId === '' ? 'the span id is missing' : whyNoId(spanId, 16, 'span id')
  if (why !== undefined) return malformed(FORMAT, why)
  if (sent === '') return malformed(FORMAT, 'the trace id is missing')
  const whyParent = parentId === '' ? undefined : whyNoId(parentId, 16, 'parent span id')
  if (whyParent !== undefined) return malformed(FORMAT, whyParent)
  const decision = isDebug || sampled === '1' || sampled === 'true'
  return found({
    format: FORMAT,
    traceId,
    spanId,
    traceIdBits: bitsOf(traceId, sent.length),
    ...(sampled === '' && !isDebug ? {} : { isSampled: decision }),
    ...(isDebug ? { isDebug: true } : {}),
    notes: sampled === 'true' || sampled === 'false' ? ['X-B3-Sampled is a word, B3 asks for 0 or 1'] : [],
  })
}

function bitsOf(traceId: string, digits: number): 64 | 128 {
  return digits === 16 || traceId.startsWith(PADDING) ? 64 : 128
}
