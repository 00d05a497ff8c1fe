/**
 * A SpanTable from plain rows: for tests, for fixtures drawn by hand, for whatever holds spans as objects already.
 * Enters: rows with hex ids and unix ns. Leaves: the table that a file with these spans would give.
 * Not for millions of spans: the readers write into the builder themselves.
 */
import type { Decoded } from '../../model/issue.ts'
import {
  type AttributeValue,
  type ParentPlace,
  parentPlaces,
  type SpanFormat,
  type SpanKind,
  type SpanTable,
  spanKinds,
  spanStatuses,
} from '../../model/spans.ts'
import { readResource } from '../stream/resources.ts'
import { splitBig, type TimePair } from '../stream/span-times.ts'
import { SpanBuilder, type SpanBuilderOptions } from './span-builder.ts'

export type SpanRow = {
  /** Hex, 32 digits; 16 are padded on the left. */
  readonly traceId: string
  /** Hex, 16 digits. */
  readonly spanId: string
  readonly parentId?: string
  readonly name: string
  readonly kind?: SpanKind
  readonly status?: (typeof spanStatuses)[number]
  readonly parentPlace?: ParentPlace
  readonly traceFlags?: number
  readonly traceState?: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  /** Resource attributes, `service.name` among them. */
  readonly resource: Readonly<Record<string, AttributeValue>>
  readonly scope?: string
  /** Those that are not trusted (see model/spans.ts) are kept here, too. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly events?: readonly { readonly name: string; readonly unixNs: bigint }[]
}

export function buildSpanTable(
  rows: readonly SpanRow[],
  options: SpanBuilderOptions & { readonly name?: string; readonly format?: SpanFormat } = {},
): Decoded<SpanTable> {
  const builder = new SpanBuilder(options)
  builder.beginSource(options.name ?? 'rows', options.format ?? 'otlp-json')
  const time: TimePair = { seconds: 0, nanos: 0 }
  const linkWords = new Uint32Array(4)
  for (const row of rows) {
    builder.beginSpan()
    setTraceWords(row.traceId, builder.traceWords)
    builder.idHigh = hexHigh(row.spanId)
    builder.idLow = hexLow(row.spanId)
    builder.parentHigh = hexHigh(row.parentId ?? '')
    builder.parentLow = hexLow(row.parentId ?? '')
    splitBig(row.startUnixNs, time)
    builder.startSeconds = time.seconds
    builder.startNanos = time.nanos
    splitBig(row.endUnixNs, time)
    builder.endSeconds = time.seconds
    builder.endNanos = time.nanos
    builder.name = builder.texts.internText(row.name)
    builder.kind = spanKinds.indexOf(row.kind ?? 'internal')
    builder.status = spanStatuses.indexOf(row.status ?? 'unset')
    builder.parentPlace = parentPlaces.indexOf(row.parentPlace ?? 'unknown')
    if (row.traceFlags !== undefined) builder.traceFlags = row.traceFlags
    builder.traceState = builder.texts.internText(row.traceState ?? '')
    builder.resource = builder.addResource(readResource(row.resource))
    builder.scope = builder.addScope({ name: row.scope ?? '' })
    for (const [key, value] of Object.entries(row.attributes ?? {})) {
      builder.addAttributeText(builder.texts.internText(key), builder.texts.internText(String(value)))
    }
    for (const link of row.links ?? []) {
      setTraceWords(link.traceId, linkWords)
      builder.addLink(linkWords, hexHigh(link.spanId), hexLow(link.spanId))
    }
    for (const event of row.events ?? []) {
      splitBig(event.unixNs, time)
      builder.addEvent(builder.texts.internText(event.name), time.seconds, time.nanos)
    }
    builder.commitSpan()
  }
  return builder.finish()
}

function setTraceWords(hex: string, words: Uint32Array): void {
  const padded = hex.padStart(32, '0')
  for (let at = 0; at < 4; at++) words[at] = Number.parseInt(padded.slice(at * 8, at * 8 + 8), 16)
}

function hexHigh(hex: string): number {
  return Number.parseInt(hex.padStart(16, '0').slice(0, 8), 16)
}

function hexLow(hex: string): number {
  return Number.parseInt(hex.padStart(16, '0').slice(8), 16)
}
