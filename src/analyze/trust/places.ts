/** Where a group is and what it affects, from its rows: service, operation, version, traces affected and crossed. */
import { at, countTraces, type TrustFacts, versionOf } from './trust-facts.ts'

export type PlaceOfRows = {
  readonly service: string
  readonly operation: string
  readonly version?: string
  readonly rows: Uint32Array
  readonly affected: number
  readonly crossed: number
}

/** Of the first row's operation; crossed: its spans, or `crossed` where a better number is known. */
export function makePlace(facts: TrustFacts, rows: readonly number[], crossed?: number): PlaceOfRows {
  const operation = at(facts.operations.of, rows[0] as number)
  const own = facts.operations.list[operation]
  const version = versionOf(facts, rows)
  const affected = countTraces(facts, rows)
  return {
    service: own?.service ?? '',
    operation: own?.name ?? '',
    ...(version === undefined ? {} : { version }),
    rows: Uint32Array.from(rows),
    affected,
    crossed: Math.max(affected, crossed ?? Math.min(at(facts.opRows, operation), facts.spans.traceCount)),
  }
}

export function groupByOperation(facts: TrustFacts, rows: readonly number[]): number[][] {
  return groupRows(rows, (row) => at(facts.operations.of, row))
}

/** In order of the first row of each. */
export function groupRows<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Row[][] {
  const groups = new Map<Key, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}
