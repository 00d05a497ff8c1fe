/**
 * Class 23. Log records (or spans' attributes) carry an id of the service's own making: no W3C id, or one that no span
 * has, one to a request. The roots of the handlers that wrote them are broken by the same middleware, unless they are
 * the service's own entry. Where one such id is met in the handlers of two traces, they were one request: the roots of
 * both are breaks.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { makePlace } from '../trust/places.ts'
import {
  at,
  attributeText,
  CLIENT,
  countTraces,
  MIN_SIGHTINGS,
  nameOfService,
  SERVER,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { buildWindows, findActive, type Windows } from '../trust/windows.ts'
import { findOwnIds, hexOf, lowOf, type OwnId, type OwnIds } from './own-ids.ts'

const MAX_IDS = 500_000
const keys = ['trace_id', 'traceId', 'traceID', 'requestTrace', 'request_trace']
/** Of the handlers with an id: so many are roots that a caller in the data should have had. */
const LEAST_CALLED = 0.5
/** Fewer say nothing: a root with another's id beside it. */
const LEAST_ROOTS = 2

export const homemadeTraceId: BreakClassRule = {
  class: 'homemade-trace-id',
  find(facts) {
    const joins = openJoins(facts)
    noteAttributes(facts, joins.note)
    const found = facts.logs === undefined ? [] : findOwnIds(facts, facts.logs)
    for (const { ids } of found) for (const { id, host } of ids) joins.note(id, host)
    const groups = found.flatMap((own) => describeLogs(facts, own, joins.traces))
    return [...groups, ...describeJoined(facts, joins.traces)]
  },
}

/** Traces that share an id with another. */
function openJoins({ spans }: TrustFacts): { traces: Set<number>; note: (id: string, row: number) => void } {
  const firstTrace = new Map<string, number>()
  const traces = new Set<number>()
  const note = (id: string, row: number): void => {
    const trace = at(spans.traces, row)
    const known = firstTrace.get(id)
    if (known === undefined) {
      if (firstTrace.size < MAX_IDS) firstTrace.set(id, trace)
    } else if (known !== trace) {
      traces.add(trace)
      traces.add(known)
    }
  }
  return { traces, note }
}

function noteAttributes(facts: TrustFacts, note: (id: string, row: number) => void): void {
  const { spans } = facts
  const own = keys.filter((key) => spans.strings.includes(key))
  if (own.length === 0) return
  for (let row = 0; row < spans.count; row++) {
    for (const key of own) {
      const id = attributeText(facts, row, key)
      if (id !== undefined && lowOf(id) !== hexOf(spans.traceIds, at(spans.traces, row) * 16 + 8, 8)) note(id, row)
    }
  }
}

/** The roots that were handled under such an id, by operation; the service's records, where there is no such root. */
function describeLogs(facts: TrustFacts, own: OwnIds, joined: ReadonlySet<number>): BreakGroup[] {
  const { spans, forest, operations } = facts
  const roots = own.ids.filter(
    ({ host }) => at(forest.parents, host) === ROOT && facts.taken[host] === 0 && !joined.has(at(spans.traces, host)),
  )
  const called = isCalled(facts, own.service, roots)
  const broken = roots.filter(({ host }) => called.has(at(operations.of, host)))
  const groups = [...Map.groupBy(broken, ({ host }) => at(operations.of, host)).values()].flatMap(
    (ids): BreakGroup[] => {
      if (ids.length < LEAST_ROOTS) return []
      const rows = ids.map(({ host }) => host)
      for (const row of rows) facts.taken[row] = 1
      const place = makePlace(facts, rows)
      const why = `${rows.length} roots ${place.operation} were handled under an id that no span has, one each, in the log records (${exampleOf(ids)})`
      return [{ ...place, shape: 'direct', claims: [{ class: 'homemade-trace-id', score: 0.92, why }] }]
    },
  )
  if (groups.length > 0 || own.ids.length < MIN_SIGHTINGS) return groups
  return [describeRecords(facts, own)]
}

function describeRecords(facts: TrustFacts, { service, ids, all }: OwnIds): BreakGroup {
  const name = nameOfService(facts, service)
  const records = ids.reduce((sum, one) => sum + one.records, 0)
  const affected = countTraces(
    facts,
    ids.map(({ host }) => host),
  )
  const why = `${records} of ${all} records of ${name} within its handlers carry an id that no span has (${exampleOf(ids)})`
  return {
    shape: 'direct',
    service: name,
    operation: 'log records',
    rows: new Uint32Array(0),
    affected,
    crossed: affected,
    logRecords: { affected: records, all: Math.max(all, records) },
    claims: [{ class: 'homemade-trace-id', score: 0.92, why }],
  }
}

function exampleOf(ids: readonly OwnId[]): string {
  return (ids[0]?.id ?? '').slice(0, 40)
}

/** Operations that are otherwise called by others, or of which the roots lie within calls that nobody answered. */
function isCalled(facts: TrustFacts, service: number, roots: readonly OwnId[]): ReadonlySet<number> {
  const { operations } = facts
  const called = new Set<number>()
  let windows: Windows | undefined
  for (const [operation, ids] of Map.groupBy(roots, ({ host }) => at(operations.of, host))) {
    windows ??= collectCalls(facts, service)
    const held = ids.filter(({ host }) =>
      findActive(
        windows as Windows,
        facts.spans,
        at(facts.spans.startNs, host),
        (client) => at(facts.spans.endNs, client) >= at(facts.spans.endNs, host),
      ),
    )
    if (at(facts.opChildren, operation) > 0 || held.length >= LEAST_CALLED * ids.length) called.add(operation)
  }
  return called
}

/** Calls of other services that nobody answered. */
function collectCalls(facts: TrustFacts, service: number): Windows {
  const { spans, answered, serviceOf } = facts
  const rows: number[] = []
  for (let row = 0; row < spans.count; row++) {
    const isOther = at(serviceOf, at(spans.resourceOf, row)) !== service
    if (isOther && at(spans.kinds, row) === CLIENT && answered[row] === 0) rows.push(row)
  }
  return buildWindows(spans, rows)
}

/** Roots of the traces that share an id with another, those of the entries apart. */
function describeJoined(facts: TrustFacts, joined: ReadonlySet<number>): BreakGroup[] {
  const { spans, forest, operations } = facts
  const rows: number[] = []
  for (const trace of joined) {
    for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
      const row = at(forest.rows, index)
      const isInner = at(facts.opChildren, at(operations.of, row)) > 0 || !isEntry(facts, row)
      if (forest.parents[row] === ROOT && facts.taken[row] === 0 && isInner) rows.push(row)
    }
  }
  if (rows.length < MIN_SIGHTINGS) return []
  rows.sort((left, right) => at(spans.startNs, left) - at(spans.startNs, right) || left - right)
  return [...Map.groupBy(rows, (row) => at(operations.of, row)).values()].map((own): BreakGroup => {
    for (const row of own) facts.taken[row] = 1
    const place = makePlace(facts, own)
    const why = `${own.length} roots ${place.operation}: an id of the service's own joins their traces with others', which have the same one`
    return { ...place, shape: 'direct', claims: [{ class: 'homemade-trace-id', score: 0.92, why }] }
  })
}

/** Roots of the service that calls the others: it begins the request. */
function isEntry({ spans, forest }: TrustFacts, row: number): boolean {
  return at(forest.childStart, row + 1) > at(forest.childStart, row) && at(spans.kinds, row) === SERVER
}
