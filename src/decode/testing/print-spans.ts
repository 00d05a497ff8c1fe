/** A SpanTable as plain rows, for comparing in tests. */
import { type SpanTable, spanKinds, spanStatuses } from '../../model/spans.ts'

export type PrintedSpan = {
  readonly trace: string
  readonly id: string
  readonly parent: string
  readonly name: string
  readonly kind: string
  readonly status: string
  readonly place: number
  readonly flags: number
  readonly state: string
  readonly start: bigint
  readonly end: bigint
  readonly service: string
  readonly scope: string
  readonly attributes: Readonly<Record<string, string>>
  readonly links: readonly string[]
  readonly events: readonly string[]
}

export function printSpans(table: SpanTable): PrintedSpan[] {
  const text = (index: number | undefined) => table.strings[index ?? 0] ?? ''
  const hex = (high: number | undefined, low: number | undefined) =>
    (high ?? 0).toString(16).padStart(8, '0') + (low ?? 0).toString(16).padStart(8, '0')
  const trace = (index: number | undefined) =>
    Array.from(table.traceIds.subarray((index ?? 0) * 16, (index ?? 0) * 16 + 16), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('')
  const places = (start: Uint32Array, row: number) =>
    Array.from({ length: (start[row + 1] ?? 0) - (start[row] ?? 0) }, (_, at) => (start[row] ?? 0) + at)
  const time = (ns: number | undefined) => table.baseUnixNs + BigInt(ns ?? 0)
  return Array.from({ length: table.count }, (_, row) => ({
    trace: trace(table.traces[row]),
    id: hex(table.idHigh[row], table.idLow[row]),
    parent: hex(table.parentHigh[row], table.parentLow[row]),
    name: text(table.names[row]),
    kind: spanKinds[table.kinds[row] ?? 0] ?? '',
    status: spanStatuses[table.statuses[row] ?? 0] ?? '',
    place: table.parentPlaces[row] ?? 0,
    flags: table.traceFlags[row] ?? 0,
    state: text(table.traceStates[row]),
    start: time(table.startNs[row]),
    end: time(table.endNs[row]),
    service: table.resources[table.resourceOf[row] ?? 0]?.service ?? '',
    scope: table.scopes[table.scopeOf[row] ?? 0]?.name ?? '',
    attributes: Object.fromEntries(
      places(table.attributeStart, row).map((at) => [text(table.attributeKeys[at]), text(table.attributeValues[at])]),
    ),
    links: places(table.linkStart, row).map(
      (at) => `${trace(table.linkTraces[at])}-${hex(table.linkHigh[at], table.linkLow[at])}`,
    ),
    events: places(table.eventStart, row).map((at) => `${text(table.eventNames[at])}@${time(table.eventNs[at])}`),
  }))
}
