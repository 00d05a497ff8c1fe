/**
 * How edges compare to their neighbours. Enters: the facts and the broken calls of each edge. Leaves: rates per pair of
 * services; for one edge its neighbours (the callee's other callers, the caller's other callees), the languages of its
 * ends, the version or instance of the callee that breaks always, and whether the caller's calls break alike wherever
 * they go.
 */
import type { EdgeRate, ServerRootGroup } from '../trust/break-group.ts'
import {
  at,
  MIN_SIGHTINGS,
  nameOfOperation,
  nameOfService,
  SERVER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { wilsonInterval } from '../trust/wilson.ts'
import type { Pair } from './pair-servers.ts'

export type Edge = {
  readonly from: number
  readonly operation: number
  readonly lift: ServerRootGroup['lift']
  readonly pairs: readonly Pair[]
  /** The servers have parents that nobody exported. */
  readonly isForeign: boolean
}

type Rate = EdgeRate & { readonly fromIndex: number; readonly toIndex: number }

type Tally = { broken: number; sound: number }

export type Rates = {
  /** Edges by caller, by callee and by the languages of both, those with the most calls first. */
  readonly byCaller: ReadonlyMap<number, readonly Rate[]>
  readonly byCallee: ReadonlyMap<number, readonly Rate[]>
  readonly byLanguages: ReadonlyMap<string, readonly Rate[]>
  /** Calls by caller's service * operations + operation of the callee. */
  readonly calls: ReadonlyMap<number, Tally>
  /** Calls that arrive at each service to which some are broken, by resource and scope. */
  readonly arrivals: ReadonlyMap<number, readonly Arrival[]>
  /** By service: language and vendor, as a resource names them; '' where none does. */
  readonly languages: readonly string[]
  /** Resources of the clients of broken calls, by caller. */
  readonly callers: ReadonlyMap<number, ReadonlySet<number>>
  /** What was found of each callee, and of each caller. */
  readonly units: Map<number, Units>
  readonly spreads: Map<number, ServerRootGroup['spread']>
}

type Arrival = Tally & { readonly resource: number; readonly scope: number }

export function rateEdges(facts: TrustFacts, edges: readonly Edge[]): Rates {
  const { spans, forest, services, operations } = facts
  const calls = new Map<number, Tally>()
  const places = new Map<number, Arrival>()
  const arrivals = new Map<number, Arrival[]>()
  const callers = new Map<number, Set<number>>()
  const breaking = new Set(edges.map(({ operation }) => at(facts.opService, operation)))
  const count = (from: number, to: number, server: number, kind: 'sound' | 'broken'): void => {
    tally(calls, from * operations.list.length + at(operations.of, server))[kind]++
    if (!breaking.has(to)) return
    const resource = at(spans.resourceOf, server)
    const scope = at(spans.scopeOf, server)
    const key = resource * (spans.scopes.length + 1) + scope
    let arrival = places.get(key)
    if (arrival === undefined) {
      arrival = { resource, scope, broken: 0, sound: 0 }
      places.set(key, arrival)
      push(arrivals, to, arrival)
    }
    arrival[kind]++
  }
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    if (parent < 0 || at(spans.kinds, row) !== SERVER) continue
    const from = serviceOfRow(facts, parent)
    const to = serviceOfRow(facts, row)
    if (from !== to) count(from, to, row, 'sound')
  }
  for (const { from, operation, pairs } of edges) {
    const to = at(facts.opService, operation)
    const own = callers.get(from) ?? new Set<number>()
    callers.set(from, own)
    for (const { client, server } of pairs) {
      count(from, to, server, 'broken')
      own.add(at(spans.resourceOf, client))
    }
  }
  const counts = new Map<number, Tally>()
  for (const [key, { sound, broken }] of calls) {
    const from = Math.floor(key / operations.list.length)
    const own = tally(counts, from * services.length + at(facts.opService, key % operations.list.length))
    own.sound += sound
    own.broken += broken
  }
  const languages = nameLanguages(facts)
  const list = [...counts].map(([key, { sound, broken }]): Rate => {
    const fromIndex = Math.floor(key / services.length)
    const toIndex = key % services.length
    const from = nameOfService(facts, fromIndex)
    const to = nameOfService(facts, toIndex)
    return { fromIndex, toIndex, from, to, broken, crossed: sound + broken }
  })
  list.sort((left, right) => right.crossed - left.crossed)
  return {
    byCaller: groupRates(list, ({ fromIndex }) => fromIndex),
    byCallee: groupRates(list, ({ toIndex }) => toIndex),
    byLanguages: groupRates(list, ({ fromIndex, toIndex }) => `${languages[fromIndex]}\0${languages[toIndex]}`),
    calls,
    arrivals,
    languages,
    callers,
    units: new Map(),
    spreads: new Map(),
  }
}

function tally(counts: Map<number, Tally>, key: number): Tally {
  const known = counts.get(key)
  if (known !== undefined) return known
  const made = { broken: 0, sound: 0 }
  counts.set(key, made)
  return made
}

function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function groupRates<Key>(list: readonly Rate[], keyOf: (rate: Rate) => Key): Map<Key, Rate[]> {
  const groups = new Map<Key, Rate[]>()
  for (const rate of list) push(groups, keyOf(rate), rate)
  return groups
}

function nameLanguages({ spans, serviceOf, services }: TrustFacts): string[] {
  const names: (string | undefined)[] = new Array(services.length)
  spans.resources.forEach(({ attributes }, resource) => {
    const service = at(serviceOf, resource)
    if (names[service] !== undefined) return
    const keys = ['telemetry.sdk.language', 'telemetry.sdk.name', 'telemetry.distro.name']
    names[service] = keys.flatMap((key) => attributes[key] ?? []).join('/')
  })
  return Array.from(names, (name) => name ?? '')
}

/** Spans of the operation whose parents are the caller's. */
export function countSound(facts: TrustFacts, { calls }: Rates, from: number, operation: number): number {
  return calls.get(from * facts.operations.list.length + operation)?.sound ?? 0
}

/** Neighbours of an edge that are looked at. */
const MAX_OTHERS = 256

export function compareEdge(
  rates: Rates,
  from: number,
  to: number,
): Pick<ServerRootGroup, 'otherCallers' | 'otherCallees' | 'languages' | 'sameLanguages' | 'breaksAtHome'> {
  const languages = [rates.languages[from] ?? '', rates.languages[to] ?? ''] as const
  const othersOf = (list: readonly Rate[] = []): Rate[] =>
    list.slice(0, MAX_OTHERS).filter((edge) => edge.fromIndex !== from || edge.toIndex !== to)
  const otherCallers = othersOf(rates.byCallee.get(to))
  return {
    otherCallers,
    otherCallees: othersOf(rates.byCaller.get(from)),
    languages,
    breaksAtHome: otherCallers.some((edge) => edge.broken > 0 && rates.languages[edge.fromIndex] === languages[1]),
    sameLanguages: othersOf(rates.byLanguages.get(languages.join('\0'))),
  }
}

const ALWAYS = 0.95
const COVERED = 0.9
const LEAST_OF_UNIT = 2

/** `mixed`: units with sound and with broken calls. */
type Units = { readonly always?: string; readonly mixed: number }

/** The callee's versions, instances, hosts or scopes: those of which every call breaks, if they are where it breaks. */
export function findUnits(facts: TrustFacts, rates: Rates, service: number): Units {
  const known = rates.units.get(service)
  if (known !== undefined) return known
  const found = compareUnits(facts, rates.arrivals.get(service) ?? [])
  rates.units.set(service, found)
  return found
}

function compareUnits({ spans }: TrustFacts, arrivals: readonly Arrival[]): Units {
  let mixed = 0
  for (const kind of ['version', 'instance', 'host', 'scope'] as const) {
    const units = new Map<string, Tally>()
    for (const { resource, scope, broken, sound } of arrivals) {
      const name = kind === 'scope' ? spans.scopes[scope]?.name : spans.resources[resource]?.[kind]
      if (name === undefined) continue
      const own = units.get(name) ?? { broken: 0, sound: 0 }
      units.set(name, own)
      own.broken += broken
      own.sound += sound
    }
    // What instruments a server tells servers apart, and is no version or instance of it.
    if (kind !== 'scope')
      mixed = Math.max(mixed, [...units.values()].filter((one) => one.broken * one.sound > 0).length)
    const all = [...units.values()].reduce((sum, { broken }) => sum + broken, 0)
    const always = [...units].filter(
      ([, { broken, sound }]) => broken >= LEAST_OF_UNIT && broken >= ALWAYS * (broken + sound),
    )
    const covered = always.reduce((sum, [, { broken }]) => sum + broken, 0)
    if (units.size < 2 || always.length === units.size || always.length === 0 || covered < COVERED * all) continue
    return { always: `${kind} ${always.map(([name]) => name).join(', ')}`, mixed }
  }
  return { mixed }
}

/** Operations of the callee that always break while the same caller's calls to others of it do not. */
export function findRoute(
  facts: TrustFacts,
  { calls }: Rates,
  from: number,
  operation: number,
  siblings: readonly number[],
): string | undefined {
  const size = facts.operations.list.length
  const own = calls.get(from * size + operation)
  if (own === undefined || own.broken < MIN_SIGHTINGS || own.broken < ALWAYS * (own.broken + own.sound))
    return undefined
  let sound = 0
  for (const other of siblings) {
    const one = calls.get(from * size + other)
    if (one === undefined || other === operation || one.broken >= ALWAYS * (one.broken + one.sound)) continue
    if (one.broken > (1 - ALWAYS) * (one.broken + one.sound)) return undefined
    sound += one.sound
  }
  return sound < MIN_SIGHTINGS ? undefined : `route ${nameOfOperation(facts, operation)}`
}

/**
 * What the caller sends breaks at one rate to several callees, in every version and instance: a share of its calls goes
 * a way on which the context is lost.
 */
export function findSpread(facts: TrustFacts, rates: Rates, from: number): ServerRootGroup['spread'] {
  if (rates.spreads.has(from)) return rates.spreads.get(from)
  const found = compareCallees(facts, rates, from)
  rates.spreads.set(from, found)
  return found
}

function compareCallees(facts: TrustFacts, rates: Rates, from: number): ServerRootGroup['spread'] {
  const own = (rates.byCaller.get(from) ?? []).filter(({ broken }) => broken > 0)
  const mine = own.filter(({ toIndex }) => findUnits(facts, rates, toIndex).always === undefined)
  const broken = mine.reduce((sum, rate) => sum + rate.broken, 0)
  const crossed = mine.reduce((sum, rate) => sum + rate.crossed, 0)
  const rate = broken / Math.max(1, crossed)
  const alike = mine.filter(({ broken: count, crossed: all }) => {
    const [low, high] = wilsonInterval(count, all)
    // Pairs that were not found, and rates that differ a little by route.
    return low <= 1.25 * rate && high >= 0.8 * rate
  })
  if (alike.length < 2 || alike.length < mine.length || broken < MIN_SIGHTINGS || rate > ALWAYS) return undefined
  const callers = [...(rates.callers.get(from) ?? [])].map((resource) => facts.spans.resources[resource])
  const knownUnits = callers.every((one) => one?.instance !== undefined || one?.version !== undefined)
  return { callees: alike.length, rate, knownUnits }
}
