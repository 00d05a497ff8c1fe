/**
 * Ids in log records that no trace in the data has, and the handlers that wrote them. Enters: the facts and logs. Leaves:
 * per service the ids that were found, each with the handler (server's or consumer's span) in which all its records lie,
 * one handler to an id; a handler whose records name its own trace wrote none of them. Requests that were not sampled
 * leave ids without spans as well: those fall into handlers as chance has it, and the handlers that are there name their
 * own. A real id with dashes, or its low 64 bits, is that id.
 */
import type { LogTable } from '../../model/spans.ts'
import type { Lift } from '../trust/break-group.ts'
import { at, MIN_SIGHTINGS, sampleRows, type TrustFacts } from '../trust/trust-facts.ts'
import { findActive, measureLift, moveTime } from '../trust/windows.ts'
import { isHeld } from '../trust-roots/find-inner-roots.ts'
import { hasTraceId, type LogPlaces, placeLogs } from './log-windows.ts'

const MAX_IDS = 500_000
const SAMPLE = 300
/** Where chance holds nearly all ids: handlers of a service that are enough, when none names its own trace. */
const MIN_HANDLERS = 20
/** One may be a stranger's. */
const LEAST_IDS = 2

export type OwnId = {
  readonly id: string
  readonly service: number
  /** A record that has it. */
  readonly record: number
  fromNs: number
  toNs: number
  records: number
  /** It is no id of W3C's. */
  readonly isOdd: boolean
  /** -1: none. */
  host: number
}

export type OwnIds = {
  readonly service: number
  readonly ids: readonly OwnId[]
  /** Records of the service within its handlers. */
  readonly all: number
  readonly lift: Lift
}

export function findOwnIds(facts: TrustFacts, logs: LogTable): OwnIds[] {
  const places = placeLogs(facts, logs)
  const { ids, named, counts } = collectIds(facts, logs, places)
  return [...Map.groupBy(ids, ({ service }) => service)].flatMap(([service, own]): OwnIds[] => {
    if (own.length < LEAST_IDS) return []
    const isOpen = (row: number): boolean => !named.has(at(facts.spans.traces, row) * facts.services.length + service)
    const holds = (one: OwnId, movedNs: number, visit: (row: number) => boolean): boolean => {
      const windows = places.windowsOf(one.record)
      if (windows === undefined) return false
      const from = moveTime(facts, one.fromNs, movedNs)
      const to = from + one.toNs - one.fromNs
      return findActive(windows, facts.spans, from, (row) =>
        isOpen(row) && at(facts.spans.endNs, row) >= to ? visit(row) : false,
      )
    }
    const sample = sampleRows(
      own.map((_, index) => index),
      SAMPLE,
    )
    const lift = measureLift(facts, sample, places.typicalNs, (index, movedNs) =>
      holds(own[index] as OwnId, movedNs, () => true),
    )
    const used = new Set<number>()
    for (const one of own) {
      holds(one, 0, (row) => {
        if (used.has(row)) return false
        used.add(row)
        one.host = row
        return true
      })
    }
    const found = own.filter(({ host }) => host >= 0)
    const isMany = found.length >= MIN_SIGHTINGS
    const isOther = isMany && (found.some(({ isOdd }) => isOdd) || isSilent(facts, places, service, named, lift))
    if (found.length < LEAST_IDS || !(isHeld(lift) || isOther)) return []
    return [{ service, ids: found, all: counts.get(service) ?? 0, lift }]
  })
}

/** None of the handlers of the service ever names its own trace, although its records lie within them. */
function isSilent(
  facts: TrustFacts,
  places: LogPlaces,
  service: number,
  named: ReadonlySet<number>,
  lift: Lift,
): boolean {
  const size = facts.services.length
  for (const key of named) if (key % size === service) return false
  const handlers = new Set<number>()
  for (let record = 0; record < places.services.length && handlers.size < MIN_HANDLERS; record++) {
    const host = at(places.hosts, record)
    if (at(places.services, record) === service && host >= 0) handlers.add(host)
  }
  return handlers.size >= MIN_HANDLERS && lift.seen >= 0.9
}

/** `named`: (trace, service) of which a record names the trace. */
function collectIds(
  facts: TrustFacts,
  logs: LogTable,
  places: LogPlaces,
): { ids: OwnId[]; named: Set<number>; counts: Map<number, number> } {
  const traces = indexTraces(facts)
  const found = new Map<string, OwnId>()
  const named = new Set<number>()
  const counts = new Map<number, number>()
  for (let record = 0; record < logs.count; record++) {
    const service = at(places.services, record)
    const odd = at(logs.oddTraceIds, record)
    const isOdd = odd !== 0
    if (service < 0 || (!isOdd && !hasTraceId(logs, record))) continue
    if (at(places.hosts, record) >= 0) counts.set(service, (counts.get(service) ?? 0) + 1)
    const id = isOdd ? (logs.strings[odd] ?? '') : hexOf(logs.traceIds, record * 16, 16)
    const trace = traces.get(lowOf(id))
    if (trace !== undefined) {
      named.add(trace * facts.services.length + service)
      continue
    }
    const timeNs = places.timeOf(record)
    if (Number.isNaN(timeNs)) continue
    const key = `${at(logs.resourceOf, record)} ${id}`
    const known = found.get(key)
    if (known !== undefined) {
      known.fromNs = Math.min(known.fromNs, timeNs)
      known.toNs = Math.max(known.toNs, timeNs)
      known.records++
    } else if (found.size < MAX_IDS) {
      found.set(key, { id, service, record, fromNs: timeNs, toNs: timeNs, records: 1, isOdd, host: -1 })
    }
  }
  const ids = [...found.values()].sort((left, right) => left.fromNs - right.fromNs || left.record - right.record)
  return { ids, named, counts }
}

/** By the low 64 bits of their ids. */
function indexTraces({ spans }: TrustFacts): ReadonlyMap<string, number> {
  const traces = new Map<string, number>()
  for (let trace = 0; trace < spans.traceCount; trace++) traces.set(hexOf(spans.traceIds, trace * 16 + 8, 8), trace)
  return traces
}

/** Low 64 bits of what may be a trace id: of 16 or 32 hex digits, dashed or not; anything else as it is. */
export function lowOf(id: string): string {
  const plain = id.replaceAll('-', '').toLowerCase()
  return /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(plain) ? plain.slice(-16) : id
}

export function hexOf(bytes: Uint8Array, from: number, size: number): string {
  let text = ''
  for (let index = from; index < from + size; index++) text += at(bytes, index).toString(16).padStart(2, '0')
  return text
}
