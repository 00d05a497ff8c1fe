/**
 * Rows of a table of spans as joining wants them: ids in hexadecimal digits, times of the wall clock. Enters: what any
 * reader of span files gave. Leaves: rows in the table's order; spans without an id, or that end before they begin, are
 * left out and counted, as are those above `maxSpans`.
 */
import type { KnownSpan } from '../../model/span-join.ts'
import type { SpanTable } from '../../model/spans.ts'

const MAX_SPANS = 1 << 18
/** Newest names first, as semantic conventions renamed them. */
const functionKeys = ['code.function.name', 'code.function']

export function toKnownSpans(
  table: SpanTable,
  maxSpans = MAX_SPANS,
): { readonly spans: readonly KnownSpan[]; readonly leftOut: number } {
  const spans: KnownSpan[] = []
  const keys = functionKeys.map((key) => table.strings.indexOf(key)).filter((key) => key !== -1)
  for (let row = 0; row < table.count; row++) {
    const span = spans.length < maxSpans ? toKnownSpan(table, row, keys) : undefined
    if (span !== undefined) spans.push(span)
  }
  return { spans, leftOut: table.count - spans.length }
}

function toKnownSpan(table: SpanTable, row: number, functionKeys: readonly number[]): KnownSpan | undefined {
  const spanId = toHex(table.idHigh[row] as number, table.idLow[row] as number)
  const parentSpanId = toHex(table.parentHigh[row] as number, table.parentLow[row] as number)
  const startNs = table.startNs[row] as number
  const endNs = table.endNs[row] as number
  if (spanId === undefined || !(endNs >= startNs)) return undefined
  const trace = table.traces[row] as number
  const traceId = Array.from(table.traceIds.subarray(trace * 16, trace * 16 + 16), toHexByte).join('')
  const fn = findAttribute(table, row, functionKeys)
  const service = table.resources[table.resourceOf[row] as number]?.service
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name: table.strings[table.names[row] as number] ?? '',
    startUnixNs: table.baseUnixNs + BigInt(Math.round(startNs)),
    endUnixNs: table.baseUnixNs + BigInt(Math.round(endNs)),
    ...(service === undefined ? {} : { service }),
    ...(fn === undefined ? {} : { function: fn }),
  }
}

function findAttribute(table: SpanTable, row: number, keys: readonly number[]): string | undefined {
  const to = table.attributeStart[row + 1] as number
  for (const key of keys) {
    for (let at = table.attributeStart[row] as number; at < to; at++) {
      if (table.attributeKeys[at] === key) return table.strings[table.attributeValues[at] as number]
    }
  }
  return undefined
}

/** Undefined for no id. */
function toHex(high: number, low: number): string | undefined {
  if (high === 0 && low === 0) return undefined
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

function toHexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
