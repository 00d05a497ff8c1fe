/**
 * How edges compare to their neighbours. Enters: the facts and the broken calls of each edge. Leaves: rates per pair of
 * services; for one edge its neighbours (the callee's other callers, the caller's other callees), the languages of its
 * ends, the version or instance of the callee that breaks always, and whether the caller's calls break alike wherever
 * they go.
 */
import type { EdgeRate, ServerRootGroup } from '../trust/break-group.ts'
import { at, MIN_SIGHTINGS, nameOfService, SERVER, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
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

export type Rates = {
  readonly list: readonly Rate[]
  /** Sound calls by caller's service * operations + operation of the callee. */
  readonly calls: ReadonlyMap<number, number>
  /** Calls that arrived whole, by resource of the callee; and broken ones. */
  readonly soundAt: Uint32Array
  readonly brokenAt: Uint32Array
}

export function rateEdges(facts: TrustFacts, edges: readonly Edge[]): Rates {
  const { spans, forest, services, operations } = facts
  const calls = new Map<number, number>()
  const counts = new Map<number, { sound: number; broken: number }>()
  const countOf = (from: number, to: number): { sound: number; broken: number } => {
    const key = from * services.length + to
    const own = counts.get(key) ?? { sound: 0, broken: 0 }
    counts.set(key, own)
    return own
  }
  const soundAt = new Uint32Array(spans.resources.length)
  const brokenAt = new Uint32Array(spans.resources.length)
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    if (parent < 0 || at(spans.kinds, row) !== SERVER) continue
    const from = serviceOfRow(facts, parent)
    const to = serviceOfRow(facts, row)
    if (from === to) continue
    countOf(from, to).sound++
    const resource = at(spans.resourceOf, row)
    soundAt[resource] = at(soundAt, resource) + 1
    const call = from * operations.list.length + at(operations.of, row)
    calls.set(call, (calls.get(call) ?? 0) + 1)
  }
  for (const { from, operation, pairs } of edges) {
    countOf(from, at(facts.opService, operation)).broken += pairs.length
    for (const { server } of pairs) {
      const resource = at(spans.resourceOf, server)
      brokenAt[resource] = at(brokenAt, resource) + 1
    }
  }
  const list = [...counts].map(([key, { sound, broken }]) => {
    const fromIndex = Math.floor(key / services.length)
    const toIndex = key % services.length
    const from = nameOfService(facts, fromIndex)
    const to = nameOfService(facts, toIndex)
    return { fromIndex, toIndex, from, to, broken, crossed: sound + broken }
  })
  return { list, calls, soundAt, brokenAt }
}

/** Spans of the operation whose parents are the caller's. */
export function countSound(facts: TrustFacts, { calls }: Rates, from: number, operation: number): number {
  return calls.get(from * facts.operations.list.length + operation) ?? 0
}

export function compareEdge(
  facts: TrustFacts,
  { list }: Rates,
  from: number,
  to: number,
): Pick<
  ServerRootGroup,
  'otherCallers' | 'otherCallees' | 'intoCaller' | 'outOfCallee' | 'languages' | 'sameLanguages' | 'breaksAtHome'
> {
  const languages = [languageOf(facts, from), languageOf(facts, to)] as const
  const others = list.filter((edge) => edge.fromIndex !== from || edge.toIndex !== to)
  return {
    otherCallers: others.filter((edge) => edge.toIndex === to),
    otherCallees: others.filter((edge) => edge.fromIndex === from),
    intoCaller: others.filter((edge) => edge.toIndex === from),
    outOfCallee: others.filter((edge) => edge.fromIndex === to),
    languages,
    breaksAtHome: others.some(
      (edge) => edge.toIndex === to && edge.broken > 0 && languageOf(facts, edge.fromIndex) === languages[1],
    ),
    sameLanguages: others.filter(
      (edge) => languageOf(facts, edge.fromIndex) === languages[0] && languageOf(facts, edge.toIndex) === languages[1],
    ),
  }
}

/** Language and vendor, as the resource names them; '' where it does not. */
function languageOf({ spans, services }: TrustFacts, service: number): string {
  const own = spans.resources.find((resource) => resource.service === services[service])?.attributes ?? {}
  const parts = ['telemetry.sdk.language', 'telemetry.sdk.name', 'telemetry.distro.name'].map((key) => own[key])
  return parts.filter((part) => part !== undefined).join('/')
}

const ALWAYS = 0.95
const COVERED = 0.9
const LEAST_OF_UNIT = 2

/** `mixed`: units with sound and with broken calls. */
type Units = { readonly always?: string; readonly mixed: number }

/** The callee's versions, instances or hosts: those of which every call breaks, if they are where it breaks. */
export function findUnits({ spans, serviceOf }: TrustFacts, { soundAt, brokenAt }: Rates, service: number): Units {
  let mixed = 0
  for (const kind of ['version', 'instance', 'host'] as const) {
    const units = new Map<string, { broken: number; sound: number }>()
    spans.resources.forEach((resource, index) => {
      const name = resource[kind]
      if (serviceOf[index] !== service || name === undefined) return
      const own = units.get(name) ?? { broken: 0, sound: 0 }
      units.set(name, own)
      own.broken += at(brokenAt, index)
      own.sound += at(soundAt, index)
    })
    mixed = Math.max(mixed, [...units.values()].filter(({ broken, sound }) => broken > 0 && sound > 0).length)
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

/**
 * What the caller sends breaks at one rate to several callees, in every version and instance: a share of its calls goes
 * a way on which the context is lost.
 */
export function findSpread(
  facts: TrustFacts,
  rates: Rates,
  edges: readonly Edge[],
  from: number,
): ServerRootGroup['spread'] {
  const own = rates.list.filter((rate) => rate.fromIndex === from && rate.broken > 0)
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
  const resources = new Set<number>()
  for (const edge of edges) {
    if (edge.from === from) for (const { client } of edge.pairs) resources.add(at(facts.spans.resourceOf, client))
  }
  const callers = [...resources].map((resource) => facts.spans.resources[resource])
  const knownUnits = callers.every((one) => one?.instance !== undefined || one?.version !== undefined)
  return { callees: alike.length, rate, knownUnits }
}
