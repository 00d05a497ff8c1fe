/**
 * Class 24. Records written within a handler's span that name no trace. Known where the same line carries an id at other
 * times, or where records fall into handlers more than chance does. Start-up and background lines fall outside.
 */
import type { LogTable } from '../../model/spans.ts'
import type { BreakClassRule, BreakGroup, Lift } from '../trust/break-group.ts'
import { generaliseName } from '../trust/operations.ts'
import { at, MIN_SIGHTINGS, nameOfService, percent, sampleRows, type TrustFacts } from '../trust/trust-facts.ts'
import { isLifted, measureLift } from '../trust/windows.ts'
import { hasTraceId, type LogPlaces, placeLogs } from './log-windows.ts'

const SAMPLE = 500
const LEAST = 0.2

export const logWithoutContext: BreakClassRule = {
  class: 'log-without-context',
  find(facts) {
    const { logs } = facts
    if (logs === undefined || logs.count === 0) return []
    const places = placeLogs(facts, logs)
    const templates = new Map<number, string>()
    const services = new Map<number, ServiceLogs>()
    for (let record = 0; record < logs.count; record++) {
      const service = at(places.services, record)
      if (service < 0 || at(places.hosts, record) < 0) continue
      const own = services.get(service) ?? { without: [], withId: 0, templates: new Set<string>() }
      services.set(service, own)
      if (hasTraceId(logs, record)) {
        own.withId++
        if (own.templates.size < 10_000) own.templates.add(templateOf(logs, record, templates))
      } else if (logs.oddTraceIds[record] === 0) own.without.push(record)
    }
    return [...services].flatMap(([service, own]) => describeService(facts, logs, places, service, own, templates))
  },
}

type ServiceLogs = { readonly without: number[]; withId: number; readonly templates: Set<string> }

function describeService(
  facts: TrustFacts,
  logs: LogTable,
  places: LogPlaces,
  service: number,
  own: ServiceLogs,
  templates: Map<number, string>,
): BreakGroup[] {
  const all = own.without.length + own.withId
  if (own.without.length < MIN_SIGHTINGS) return []
  const known = own.without.filter((record) => own.templates.has(templateOf(logs, record, templates)))
  const lift = measureRecords(facts, logs, places, service, own)
  const isInside = isLifted(lift, LEAST)
  const affected = isInside ? own.without : known
  if (affected.length < MIN_SIGHTINGS && (own.withId > 0 || lift.seen < 0.95)) return []
  const records = affected.length < MIN_SIGHTINGS ? own.without : affected
  const traces = countHosts(facts, places, records)
  const name = nameOfService(facts, service)
  const signs = [
    ...(known.length > 0 ? [`${known.length} are lines that carry one at other times`] : []),
    ...(isInside
      ? [`${percent(lift.seen)} of the records without one lie within a handler, by chance ${percent(lift.chance)}`]
      : []),
  ]
  const why = `${records.length} of ${all} records of ${name} within its handlers have no trace id${signs.length > 0 ? '; ' : ''}${signs.join('; ')}`
  const isSure = affected.length >= MIN_SIGHTINGS
  return [
    {
      shape: 'direct',
      service: name,
      operation: 'log records',
      rows: new Uint32Array(0),
      affected: traces,
      crossed: countHosts(facts, places, allRecords(places, service)),
      logRecords: { affected: records.length, all },
      claims: [{ class: 'log-without-context', score: isSure ? 0.92 : 0.5, why }],
    },
  ]
}

/** All records without an id of the service, inside or not: are they inside more than by chance? */
function measureRecords(facts: TrustFacts, logs: LogTable, places: LogPlaces, service: number, own: ServiceLogs): Lift {
  const outside: number[] = []
  for (let record = 0; record < logs.count; record++) {
    const isOwn = at(places.services, record) === service && at(places.hosts, record) < 0
    if (isOwn && !hasTraceId(logs, record) && logs.oddTraceIds[record] === 0) outside.push(record)
  }
  const sample = sampleRows(
    [...own.without, ...outside].sort((left, right) => left - right),
    SAMPLE,
  )
  return measureLift(facts, sample, places.typicalNs, (record, movedNs) => places.hostAt(record, movedNs) >= 0)
}

function allRecords(places: LogPlaces, service: number): number[] {
  const records: number[] = []
  for (let record = 0; record < places.services.length; record++) {
    if (at(places.services, record) === service && at(places.hosts, record) >= 0) records.push(record)
  }
  return records
}

function countHosts({ spans }: TrustFacts, places: LogPlaces, records: readonly number[]): number {
  return new Set(records.map((record) => at(spans.traces, at(places.hosts, record)))).size
}

function templateOf(logs: LogTable, record: number, known: Map<number, string>): string {
  const body = at(logs.bodies, record)
  const found = known.get(body)
  if (found !== undefined) return found
  const made = generaliseName(logs.strings[body] ?? '').replace(/\d+/g, '{}')
  if (known.size < 100_000) known.set(body, made)
  return made
}
