/**
 * Class 23. Log records (or spans' attributes) carry an id of the service's own making: no W3C id, or one that no span
 * has. Where one such id is met in the handlers of two traces, they were one request: the later one's root is a break.
 * A 64-bit or dashed form of a real trace id is that id.
 */
import type { LogTable } from '../../model/spans.ts'
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import { at, attributeText, MIN_SIGHTINGS, nameOfService, type TrustFacts } from '../trust/trust-facts.ts'
import { placeLogs } from './log-windows.ts'

const MAX_IDS = 500_000
const keys = ['trace_id', 'traceId', 'traceID']

export const homemadeTraceId: BreakClassRule = {
  class: 'homemade-trace-id',
  find(facts) {
    const firstTrace = new Map<string, number>()
    const joined = new Set<number>()
    const note = (id: string, row: number): void => {
      const trace = at(facts.spans.traces, row)
      const known = firstTrace.get(id)
      if (known === undefined) {
        if (firstTrace.size < MAX_IDS) firstTrace.set(id, trace)
      } else if (known !== trace) {
        joined.add(trace)
        joined.add(known)
      }
    }
    noteAttributes(facts, note)
    const groups = facts.logs === undefined ? [] : describeLogs(facts, facts.logs, note)
    return [...groups, ...describeRoots(facts, joined)]
  },
}

function noteAttributes(facts: TrustFacts, note: (id: string, row: number) => void): void {
  const own = keys.filter((key) => facts.spans.strings.includes(key))
  if (own.length === 0) return
  for (let row = 0; row < facts.spans.count; row++) {
    for (const key of own) {
      const id = attributeText(facts, row, key)
      if (id !== undefined && !isOfTrace(facts, id, at(facts.spans.traces, row))) note(id, row)
    }
  }
}

/** Roots of the traces that share an id with another, the earliest of each id apart. */
function describeRoots(facts: TrustFacts, joined: ReadonlySet<number>): BreakGroup[] {
  const { spans, forest } = facts
  const rows: number[] = []
  for (const trace of joined) {
    for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
      const row = at(forest.rows, index)
      const isInner = at(facts.opChildren, at(facts.operations.of, row)) > 0 || !isEntry(facts, row)
      if (forest.parents[row] === ROOT && facts.taken[row] === 0 && isInner) rows.push(row)
    }
  }
  if (rows.length < MIN_SIGHTINGS) return []
  rows.sort((left, right) => at(spans.startNs, left) - at(spans.startNs, right) || left - right)
  return groupByOperation(facts, rows).map((own): BreakGroup => {
    for (const row of own) facts.taken[row] = 1
    const place = makePlace(facts, own)
    const why = `${own.length} roots ${place.operation}: an id of the service's own joins their traces with others', which have the same one`
    return { ...place, shape: 'direct', claims: [{ class: 'homemade-trace-id', score: 0.92, why }] }
  })
}

/** Roots of the service that calls the others: it begins the request. */
function isEntry({ spans, forest }: TrustFacts, row: number): boolean {
  return at(forest.childStart, row + 1) > at(forest.childStart, row) && at(spans.kinds, row) === 2
}

function describeLogs(facts: TrustFacts, logs: LogTable, note: (id: string, row: number) => void): BreakGroup[] {
  const places = placeLogs(facts, logs)
  const byService = new Map<number, { records: number; traces: Set<number>; example: string }>()
  const all = new Map<number, number>()
  const real = collectShortIds(facts, logs)
  for (let record = 0; record < logs.count; record++) {
    const service = at(places.services, record)
    const host = at(places.hosts, record)
    if (service < 0 || host < 0) continue
    all.set(service, (all.get(service) ?? 0) + 1)
    const odd = at(logs.oddTraceIds, record)
    if (odd === 0) continue
    const id = logs.strings[odd] ?? ''
    if (real.has(normalise(id))) continue
    const own = byService.get(service) ?? { records: 0, traces: new Set<number>(), example: id }
    byService.set(service, own)
    own.records++
    own.traces.add(at(facts.spans.traces, host))
    note(id, host)
  }
  return [...byService].flatMap(([service, { records, traces, example }]): BreakGroup[] => {
    if (records < MIN_SIGHTINGS) return []
    const name = nameOfService(facts, service)
    const why = `${records} of ${all.get(service) ?? 0} records of ${name} within its handlers carry an id that no span has (${example.slice(0, 40)})`
    return [
      {
        shape: 'direct',
        service: name,
        operation: 'log records',
        rows: new Uint32Array(0),
        affected: traces.size,
        crossed: traces.size,
        logRecords: { affected: records, all: all.get(service) ?? records },
        claims: [{ class: 'homemade-trace-id', score: 0.92, why }],
      },
    ]
  })
}

/** Of the odd ids those that are a real trace's, whole with dashes or its low 64 bits. */
function collectShortIds({ spans }: TrustFacts, logs: LogTable): ReadonlySet<string> {
  const asked = new Set<string>()
  for (let record = 0; record < logs.count; record++) {
    const odd = at(logs.oddTraceIds, record)
    const id = odd === 0 ? '' : normalise(logs.strings[odd] ?? '')
    if (/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(id) && asked.size < MAX_IDS) asked.add(id)
  }
  const real = new Set<string>()
  if (asked.size === 0) return real
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const id = hexOf(spans.traceIds, trace * 16, 16)
    if (asked.has(id)) real.add(id)
    if (asked.has(id.slice(16))) real.add(id.slice(16))
  }
  return real
}

function normalise(id: string): string {
  return id.replaceAll('-', '').toLowerCase()
}

function isOfTrace({ spans }: TrustFacts, id: string, trace: number): boolean {
  const own = hexOf(spans.traceIds, trace * 16, 16)
  const given = normalise(id)
  return given === own || given === own.slice(16) || given === own.replace(/^0+/, '')
}

function hexOf(bytes: Uint8Array, from: number, size: number): string {
  let text = ''
  for (let index = from; index < from + size; index++) text += at(bytes, index).toString(16).padStart(2, '0')
  return text
}
