/**
 * Log records and the handlers they were written in. Enters: the facts. Leaves: per record the handler's span that runs
 * on its instance at its time (the latest begun; -1: none, or no time), and the service. Records of a service whose
 * instance is not named match any instance of it.
 */
import type { LogTable } from '../../model/spans.ts'
import { at, type TrustFacts } from '../trust/trust-facts.ts'
import { buildWindows, findActive, type Windows } from '../trust/windows.ts'
import { collectHosts } from '../trust-roots/root-hosts.ts'

export type LogPlaces = {
  /** Index of the services; -1: no spans of it. */
  readonly services: Int32Array
  readonly hosts: Int32Array
  /** Handler at a moved time: for what chance gives. */
  hostAt(record: number, movedNs: number): number
  readonly typicalNs: number
  /** Handlers of the record's instance. */
  windowsOf(record: number): Windows | undefined
  /** On the spans' base; NaN: none. */
  timeOf(record: number): number
}

export function placeLogs(facts: TrustFacts, logs: LogTable): LogPlaces {
  const { spans } = facts
  const shiftNs = Number(logs.baseUnixNs - spans.baseUnixNs)
  const serviceIndex = new Map(facts.services.map((name, index) => [name, index]))
  const instances = new Map<string, number>()
  spans.resources.forEach(({ service, instance, host }, resource) => {
    instances.set(`${service}\0${instance ?? host ?? ''}`, at(facts.instanceOf, resource))
  })
  const hosts = collectHosts(facts)
  const byService = collectByService(facts, hosts)
  const windowsOf = logs.resources.map(({ service, instance, host }) => {
    const own = instances.get(`${service}\0${instance ?? host ?? ''}`)
    return own === undefined ? byService.get(serviceIndex.get(service) ?? -1) : hosts[own]
  })
  const hostAt = (record: number, movedNs: number): number => {
    const windows = windowsOf[at(logs.resourceOf, record)]
    const time = at(logs.timeNs, record)
    if (windows === undefined || Number.isNaN(time)) return -1
    let found = -1
    const span = Math.max(1, facts.lastNs - facts.firstNs)
    const place = (time + shiftNs + movedNs - facts.firstNs) % span
    const moved = movedNs === 0 ? time + shiftNs : facts.firstNs + (place < 0 ? place + span : place)
    findActive(windows, spans, moved, (row) => {
      found = row
      return true
    })
    return found
  }
  const services = Int32Array.from({ length: logs.count }, (_, record) => {
    const name = logs.resources[at(logs.resourceOf, record)]?.service ?? ''
    return serviceIndex.get(name) ?? -1
  })
  const found = Int32Array.from({ length: logs.count }, (_, record) => hostAt(record, 0))
  const typicalNs = hosts.reduce((most, windows) => Math.max(most, windows.medianNs), 0)
  return {
    services,
    hosts: found,
    hostAt,
    typicalNs,
    windowsOf: (record) => windowsOf[at(logs.resourceOf, record)],
    timeOf: (record) => at(logs.timeNs, record) + shiftNs,
  }
}

function collectByService(facts: TrustFacts, hosts: readonly Windows[]): ReadonlyMap<number, Windows> {
  const lists = new Map<number, number[]>()
  for (const windows of hosts) {
    for (const row of windows.rows) {
      const service = at(facts.serviceOf, at(facts.spans.resourceOf, row))
      const list = lists.get(service)
      if (list === undefined) lists.set(service, [row])
      else list.push(row)
    }
  }
  return new Map([...lists].map(([service, rows]) => [service, buildWindows(facts.spans, rows)]))
}

export function hasTraceId({ traceIds }: LogTable, record: number): boolean {
  for (let index = record * 16; index < record * 16 + 16; index++) if (at(traceIds, index) !== 0) return true
  return false
}
