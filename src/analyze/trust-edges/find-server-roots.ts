/**
 * Server spans that are roots although somebody called them. Enters: the facts. Leaves: one group per caller, callee and
 * operation, with how the edge compares to its neighbours: the callee's other callers, the caller's other callees, edges
 * between the same two languages. A server root that nothing holds is an ordinary entry, and no suspect; where the
 * operation is otherwise always called from here, it is told as a public edge.
 */
import type { BreakGroup, ContextFormat, EdgeRate, ServerRootGroup } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { groupByOperation, groupRows, makePlace } from '../trust/places.ts'
import {
  at,
  attributeText,
  hasLink,
  MIN_SIGHTINGS,
  nameOfOperation,
  nameOfService,
  SERVER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { collectCallers, comparePorts, findProxy } from './collect-callers.ts'
import { collectHandlers, findBareCaller, type HandlersByOperation } from './find-bare-callers.ts'
import { learnOffsets, type Pair, pairServers } from './pair-servers.ts'

const USUALLY_CALLED = 0.8
const CROWDED = 0.05
/** Of one trace that are looked at for each row. */
const MAX_TRACE_ROWS = 512

type Edge = {
  readonly from: number
  readonly operation: number
  readonly lift: ServerRootGroup['lift']
  readonly pairs: readonly Pair[]
}

export function findServerRoots(facts: TrustFacts): BreakGroup[] {
  const { spans, forest, taken } = facts
  const roots: number[] = []
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== SERVER || forest.parents[row] !== ROOT || taken[row] === 1) continue
    if (!hasLink(facts, row)) roots.push(row)
  }
  if (roots.length === 0) return []
  const callers = collectCallers(facts)
  const offsets = learnOffsets(facts)
  const edges: Edge[] = []
  const rest: number[][] = []
  for (const rows of groupByOperation(facts, roots)) {
    const operation = at(facts.operations.of, rows[0] as number)
    for (const { lift, pairs } of pairServers(facts, callers, offsets, rows)) {
      for (const part of groupRows(pairs, ({ client }) => serviceOfRow(facts, client))) {
        const from = serviceOfRow(facts, (part[0] as Pair).client)
        edges.push({ from, operation, lift, pairs: part })
        for (const { server, client } of part) {
          taken[server] = 1
          taken[client] = 1
        }
      }
    }
    const left = rows.filter((row) => taken[row] === 0)
    // A few that found no partner among many that did are the same calls, crowded.
    if (left.length > CROWDED * (rows.length - left.length)) rest.push(left)
  }
  const rates = rateEdges(facts, edges)
  const groups: BreakGroup[] = mergeEdges(edges).map((edge) => describeEdge(facts, edge, rates))
  let handlers: HandlersByOperation | undefined
  for (const rows of rest) {
    if (rows.length < MIN_SIGHTINGS) continue
    handlers ??= collectHandlers(facts)
    groups.push(...describeRest(facts, rates, handlers, rows))
  }
  return groups
}

/** Several operations of one caller that hold roots of one operation are one edge. */
function mergeEdges(edges: readonly Edge[]): Edge[] {
  const merged = new Map<string, Edge>()
  for (const edge of edges) {
    const key = `${edge.from} ${edge.operation}`
    const known = merged.get(key)
    merged.set(key, known === undefined ? edge : { ...known, pairs: [...known.pairs, ...edge.pairs] })
  }
  return [...merged.values()]
}

type Rates = {
  readonly list: readonly (EdgeRate & { fromIndex: number; toIndex: number })[]
  /** Rows of clients and servers in broken pairs. */
  readonly servers: ReadonlySet<number>
  readonly clients: ReadonlySet<number>
  /** Sound calls by caller's service * operations + operation of the callee. */
  readonly calls: ReadonlyMap<number, number>
}

function rateEdges(facts: TrustFacts, edges: readonly Edge[]): Rates {
  const { spans, forest, services, operations } = facts
  const calls = new Map<number, number>()
  const counts = new Map<number, { sound: number; broken: number }>()
  const countOf = (from: number, to: number): { sound: number; broken: number } => {
    const key = from * services.length + to
    const own = counts.get(key) ?? { sound: 0, broken: 0 }
    counts.set(key, own)
    return own
  }
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    if (parent < 0 || at(spans.kinds, row) !== SERVER) continue
    const from = serviceOfRow(facts, parent)
    const to = serviceOfRow(facts, row)
    if (from === to) continue
    countOf(from, to).sound++
    const call = from * operations.list.length + at(operations.of, row)
    calls.set(call, (calls.get(call) ?? 0) + 1)
  }
  const servers = new Set<number>()
  const clients = new Set<number>()
  for (const { from, operation, pairs } of edges) {
    countOf(from, at(facts.opService, operation)).broken += pairs.length
    for (const { server, client } of pairs) {
      servers.add(server)
      clients.add(client)
    }
  }
  const list = [...counts].map(([key, { sound, broken }]) => {
    const fromIndex = Math.floor(key / services.length)
    const toIndex = key % services.length
    const from = nameOfService(facts, fromIndex)
    const to = nameOfService(facts, toIndex)
    return { fromIndex, toIndex, from, to, broken, crossed: sound + broken }
  })
  return { list, servers, clients, calls }
}

function describeEdge(facts: TrustFacts, { from, operation, lift, pairs }: Edge, rates: Rates): ServerRootGroup {
  const rows = pairs.map(({ server }) => server)
  const clients = pairs.map(({ client }) => client)
  const callee = at(facts.opService, operation)
  const place = makePlace(facts, rows)
  const sound = countSound(facts, rates, from, operation)
  const viaProxy = findProxy(facts, clients, callee)
  const portsDiffer = comparePorts(facts, pairs)
  return {
    ...place,
    shape: 'server-root',
    crossed: place.affected + sound,
    edge: { from: nameOfService(facts, from), to: nameOfService(facts, callee) },
    from: nameOfService(facts, from),
    to: nameOfService(facts, callee),
    paired: true,
    lift,
    rate: place.affected / Math.max(1, place.affected + sound),
    ...compareEdge(facts, rates, from, callee),
    jointInto: jointShare(facts, clients, rates.servers, from),
    jointOut: jointShare(facts, rows, rates.clients, callee),
    baggageOnly: rows.filter((row) => isBaggageOnly(facts, row)).length / rows.length,
    arrived: countArrived(facts, rows),
    narrowIds:
      pairs.filter(({ client, server }) => isNarrow(facts, server) && !isNarrow(facts, client)).length / pairs.length,
    ...(viaProxy === undefined ? {} : { viaProxy }),
    ...(portsDiffer === undefined ? {} : { portsDiffer }),
  }
}

/** Spans of the operation whose parents are the caller's. */
function countSound(facts: TrustFacts, { calls }: Rates, from: number, operation: number): number {
  return calls.get(from * facts.operations.list.length + operation) ?? 0
}

function compareEdge(
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

/** Of the rows, the share in whose trace a row of `broken` is of the service. */
function jointShare(facts: TrustFacts, rows: readonly number[], broken: ReadonlySet<number>, service: number): number {
  const { forest, spans } = facts
  let count = 0
  for (const row of rows) {
    const trace = at(spans.traces, row)
    const first = at(forest.traceStart, trace)
    for (let index = first; index < Math.min(at(forest.traceStart, trace + 1), first + MAX_TRACE_ROWS); index++) {
      const other = at(forest.rows, index)
      if (!broken.has(other) || serviceOfRow(facts, other) !== service) continue
      count++
      break
    }
  }
  return rows.length === 0 ? 0 : count / rows.length
}

const contextHeaders: readonly (readonly [ContextFormat, string])[] = [
  ['tracecontext', 'http.request.header.traceparent'],
  ['b3', 'http.request.header.b3'],
  ['b3multi', 'http.request.header.x-b3-traceid'],
  ['jaeger', 'http.request.header.uber-trace-id'],
  ['datadog', 'http.request.header.x-datadog-trace-id'],
  ['xray', 'http.request.header.x-amzn-trace-id'],
]

function countArrived(facts: TrustFacts, rows: readonly number[]): ServerRootGroup['arrived'] {
  const counts: Partial<Record<ContextFormat, number>> = {}
  for (const [format, key] of contextHeaders) {
    const count = rows.filter((row) => attributeText(facts, row, key) !== undefined).length
    if (count > 0) counts[format] = count / rows.length
  }
  return counts
}

/** Baggage or tracestate came, and no format of context; or tracestate stands on a root, and is no sampler's. */
function isBaggageOnly(facts: TrustFacts, row: number): boolean {
  const has = (key: string): boolean => attributeText(facts, row, key) !== undefined
  if (contextHeaders.some(([, key]) => has(key))) return false
  if (has('http.request.header.baggage') || has('http.request.header.tracestate')) return true
  const state = facts.spans.strings[at(facts.spans.traceStates, row)] ?? ''
  return state.split(',').some((member) => member.trim() !== '' && !member.trim().startsWith('ot='))
}

function isNarrow({ spans }: TrustFacts, row: number): boolean {
  const from = at(spans.traces, row) * 16
  for (let index = from; index < from + 8; index++) if (at(spans.traceIds, index) !== 0) return false
  return true
}

function describeRest(
  facts: TrustFacts,
  rates: Rates,
  handlers: HandlersByOperation,
  rows: readonly number[],
): BreakGroup[] {
  const operation = at(facts.operations.of, rows[0] as number)
  const callee = at(facts.opService, operation)
  const bare = findBareCaller(facts, handlers, rows)
  const groups: BreakGroup[] = []
  if (bare !== undefined) {
    const from = at(facts.opService, bare.host)
    for (const row of bare.servers) facts.taken[row] = 1
    const place = makePlace(facts, bare.servers)
    const sound = countSound(facts, rates, from, operation)
    groups.push({
      ...place,
      shape: 'server-root',
      service: nameOfService(facts, from),
      crossed: place.affected + sound,
      edge: { from: nameOfService(facts, from), to: nameOfService(facts, callee) },
      from: nameOfService(facts, from),
      to: nameOfService(facts, callee),
      paired: false,
      host: nameOfOperation(facts, bare.host),
      lift: bare.lift,
      rate: place.affected / Math.max(1, place.affected + sound),
      ...compareEdge(facts, rates, from, callee),
      jointInto: 0,
      jointOut: 0,
      baggageOnly: 0,
      arrived: countArrived(facts, bare.servers),
      narrowIds: 0,
    })
  }
  const left = rows.filter((row) => facts.taken[row] === 0)
  const called = at(facts.opChildren, operation) / Math.max(1, at(facts.opRows, operation))
  if (called < USUALLY_CALLED || left.length < MIN_SIGHTINGS) return groups
  groups.push({
    ...makePlace(facts, left),
    shape: 'direct',
    claims: [
      {
        class: 'external-caller',
        score: 0.8,
        exoneratedBy: 'public edge',
        why: `${left.length} of ${at(facts.opRows, operation)} ${nameOfOperation(facts, operation)} are roots that no span of this data holds: called from outside`,
      },
    ],
  })
  return groups
}
