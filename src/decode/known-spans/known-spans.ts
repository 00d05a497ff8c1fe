/**
 * Spans of an OTLP JSON file, as far as joining them with an execution trace needs: ids, name, times, service, function.
 * Enters: the text of an ExportTraceServiceRequest or TracesData, or one per line as the collector's file exporter
 * writes them. Ids are hexadecimal digits, 64-bit times decimal strings or numbers (OTLP/JSON). Leaves: rows in the
 * file's order; a span that has no id or no times is left out and counted. Trust's readers take more formats and fields.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { KnownSpan } from '../../model/span-join.ts'

export type KnownSpans = {
  readonly spans: readonly KnownSpan[]
  /** Spans without ids or times, and those above `maxSpans`. */
  readonly leftOut: number
}

export const MAX_KNOWN_SPANS = 1 << 18

type Json = Readonly<Record<string, unknown>>

const functionKeys = ['code.function.name', 'code.function']

export function readKnownSpans(text: string, maxSpans: number = MAX_KNOWN_SPANS): Result<KnownSpans, Fault> {
  const documents = parseDocuments(text)
  if (documents === undefined) {
    return err(fault('SL_DECODE_MALFORMED', { message: 'the file of spans is no JSON' }))
  }
  const spans: KnownSpan[] = []
  let leftOut = 0
  let seen = 0
  for (const document of documents) {
    for (const group of listOf(document, 'resourceSpans', 'batches')) {
      const service = findText(listOf(objectOf(group.resource), 'attributes'), ['service.name'])
      for (const scope of listOf(group, 'scopeSpans', 'instrumentationLibrarySpans')) {
        for (const one of listOf(scope, 'spans')) {
          seen++
          const span = spans.length < maxSpans ? readSpan(one, service) : undefined
          if (span === undefined) leftOut++
          else spans.push(span)
        }
      }
    }
  }
  if (seen === 0) {
    return err(
      fault('SL_DECODE_UNKNOWN_FORMAT', {
        message: 'the file has no resourceSpans with spans in them',
        hint: 'Give spans as OTLP JSON: a file of the collector’s file exporter, or an ExportTraceServiceRequest.',
      }),
    )
  }
  return ok({ spans, leftOut })
}

function parseDocuments(text: string): Json[] | undefined {
  const whole = parseObject(text)
  if (whole !== undefined) return [whole]
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const documents = lines.map(parseObject)
  // The last line of a file that is being written may be half a line.
  if (documents.length > 1 && documents.at(-1) === undefined) documents.pop()
  const good = documents.filter((one) => one !== undefined)
  return good.length === documents.length && good.length > 0 ? good : undefined
}

function parseObject(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function readSpan(span: Json, service: string | undefined): KnownSpan | undefined {
  const traceId = readId(span.traceId, 32)
  const spanId = readId(span.spanId, 16)
  const startUnixNs = readTime(span.startTimeUnixNano)
  const endUnixNs = readTime(span.endTimeUnixNano)
  if (traceId === undefined || spanId === undefined || startUnixNs === undefined || endUnixNs === undefined)
    return undefined
  if (endUnixNs < startUnixNs) return undefined
  const parentSpanId = readId(span.parentSpanId, 16)
  const fn = findText(listOf(span, 'attributes'), functionKeys)
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: typeof span.name === 'string' ? span.name : '',
    startUnixNs,
    endUnixNs,
    ...(service === undefined ? {} : { service }),
    ...(fn === undefined ? {} : { function: fn }),
  }
}

function readId(value: unknown, digits: number): string | undefined {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-fA-F]+$/.test(value)) return undefined
  return /^0+$/.test(value) ? undefined : value.toLowerCase()
}

function readTime(value: unknown): bigint | undefined {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  // A number has lost its last digits; some exporters write one all the same.
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? BigInt(value) : undefined
}

function findText(attributes: readonly Json[], keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = objectOf(attributes.find((one) => one.key === key)?.value)?.stringValue
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

function listOf(value: Json | undefined, ...keys: readonly string[]): Json[] {
  for (const key of keys) {
    const list = value?.[key]
    if (Array.isArray(list)) return list.map(objectOf).filter((one) => one !== undefined)
  }
  return []
}

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}
