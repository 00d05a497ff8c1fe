/**
 * Server spans that are roots although somebody called them. Enters: the facts. Leaves: one group per caller, callee and
 * operation, with how the edge compares to its neighbours: the callee's other callers, the caller's other callees, edges
 * between the same two languages, the processes of which all edges break. A server root that nothing holds is an ordinary
 * entry, and no suspect; where the operation is otherwise always called from here, it is told as a public edge.
 */
import type { BreakGroup, BrokenProcess, ContextFormat, ServerRootGroup } from '../trust/break-group.ts'
import { ORPHAN, ROOT } from '../trust/forest.ts'
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
import { alignStrangers } from './align-strangers.ts'
import { type Callers, collectCallers, comparePorts, findProxy } from './collect-callers.ts'
import { compareEdge, countSound, type Edge, findRoute, findSpread, findUnits, type Rates } from './compare-edges.ts'
import { findBareCaller, type HandlersByOperation } from './find-bare-callers.ts'
import { openCandidates, type Pair, pairServers } from './pair-servers.ts'

const USUALLY_CALLED = 0.8
const CROWDED = 0.05
/** Of a service, paired one by one. */
const MAX_OPERATIONS = 100

export type PairedServers = {
  readonly edges: readonly Edge[]
  readonly callers: Callers
  /** Roots that no client holds, by operation. */
  readonly rest: readonly (readonly number[])[]
}

export function pairServerRoots(facts: TrustFacts): PairedServers | undefined {
  const { spans, forest, taken } = facts
  const roots: number[] = []
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== SERVER || taken[row] === 1 || hasLink(facts, row)) continue
    if (forest.parents[row] === ROOT || isForeign(facts, row)) roots.push(row)
  }
  if (roots.length === 0) return undefined
  const callers = collectCallers(facts)
  alignStrangers(facts, callers, roots)
  const candidates = openCandidates(facts, callers)
  const edges: Edge[] = []
  const rest: number[][] = []
  for (const rows of mergeRare(facts, groupByOperation(facts, roots))) {
    const callee = serviceOfRow(facts, rows[0] as number)
    for (const { lift, pairs, clients } of pairServers(candidates, rows)) {
      for (const client of clients) if (callers.meantFor[client] === -1) callers.meantFor[client] = callee
      for (const part of groupRows(pairs, keyOf)) {
        const { client, server } = part[0] as Pair
        const isOfProxy = forest.parents[server] === ORPHAN
        const operation = at(facts.operations.of, server)
        edges.push({ from: serviceOfRow(facts, client), operation, lift, pairs: part, isForeign: isOfProxy })
        for (const pair of part) {
          taken[pair.server] = 1
          taken[pair.client] = 1
        }
      }
    }
    const left = rows.filter((row) => taken[row] === 0 && forest.parents[row] === ROOT)
    // A few that found no partner among many that did are the same calls, crowded.
    if (left.length > CROWDED * (rows.length - left.length)) rest.push(...groupByOperation(facts, left))
  }
  return { edges: mergeEdges(edges), callers, rest }

  function keyOf({ client, server }: Pair): number {
    const caller = serviceOfRow(facts, client) * 2 + (forest.parents[server] === ORPHAN ? 1 : 0)
    return caller * facts.operations.list.length + at(facts.operations.of, server)
  }
}

/** Of each service the operations with the most roots, and the rest as one: names without end stay bounded. */
function mergeRare(facts: TrustFacts, groups: readonly number[][]): number[][] {
  const counts = new Map<number, number>()
  const rare = new Map<number, number[]>()
  const kept: number[][] = []
  for (const rows of [...groups].sort((left, right) => right.length - left.length)) {
    const service = serviceOfRow(facts, rows[0] as number)
    const count = (counts.get(service) ?? 0) + 1
    counts.set(service, count)
    const list = rare.get(service)
    if (count <= MAX_OPERATIONS) kept.push(rows)
    else if (list === undefined) rare.set(service, [...rows])
    else list.push(...rows)
  }
  return [...kept, ...rare.values()]
}

/** An orphan that is the first of its trace: whoever called it is of another trace, or exports nothing. */
function isForeign({ spans, forest, aligned }: TrustFacts, row: number): boolean {
  if (forest.parents[row] !== ORPHAN) return false
  const trace = at(spans.traces, row)
  const from = at(forest.traceStart, trace)
  const to = Math.min(at(forest.traceStart, trace + 1), from + 64)
  for (let index = from; index < to; index++) {
    const other = at(forest.rows, index)
    if (other !== row && at(aligned.startNs, other) < at(aligned.startNs, row)) return false
  }
  return true
}

/** Several operations of one caller that hold roots of one operation are one edge. */
function mergeEdges(edges: readonly Edge[]): Edge[] {
  const merged = new Map<string, Edge>()
  for (const edge of edges) {
    const key = `${edge.from} ${edge.operation} ${edge.isForeign}`
    const known = merged.get(key)
    merged.set(key, known === undefined ? edge : { ...known, pairs: [...known.pairs, ...edge.pairs] })
  }
  return [...merged.values()]
}

export function describeEdge(
  facts: TrustFacts,
  edge: Edge,
  rates: Rates,
  siblings: readonly number[],
  process: BrokenProcess | undefined,
): ServerRootGroup {
  const { from, operation, lift, pairs } = edge
  const rows = pairs.map(({ server }) => server)
  const clients = pairs.map(({ client }) => client)
  const callee = at(facts.opService, operation)
  const place = makePlace(facts, rows)
  const sound = countSound(facts, rates, from, operation)
  const viaProxy = findProxy(facts, clients, callee)
  const portsDiffer = comparePorts(facts, pairs)
  const units = findUnits(facts, rates, callee)
  const always = units.always ?? findRoute(facts, rates, from, operation, siblings)
  const spread = process === undefined ? findSpread(facts, rates, from) : undefined
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
    ...compareEdge(rates, from, callee),
    baggageOnly: rows.filter((row) => isBaggageOnly(facts, row)).length / rows.length,
    arrived: countArrived(facts, rows),
    narrowIds:
      pairs.filter(({ client, server }) => isNarrow(facts, server) && !isNarrow(facts, client)).length / pairs.length,
    ...(viaProxy === undefined ? {} : { viaProxy }),
    ...(portsDiffer === undefined ? {} : { portsDiffer }),
    ...(process === undefined ? {} : { process }),
    ...(spread === undefined ? {} : { spread }),
    ...(always === undefined ? {} : { alwaysAt: always }),
    mixedUnits: always === undefined ? units.mixed : 0,
    ...(edge.isForeign ? { isForeign: true } : {}),
  }
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
    if (!isKnownKey(facts, key)) continue
    const count = rows.filter((row) => attributeText(facts, row, key) !== undefined).length
    if (count > 0) counts[format] = count / rows.length
  }
  return counts
}

/** Some span has the attribute. */
function isKnownKey(facts: TrustFacts, key: string): boolean {
  attributeText(facts, 0, key)
  return (facts.keys.get(key) ?? -1) >= 0
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

export function describeRest(
  facts: TrustFacts,
  rates: Rates,
  callers: Callers,
  handlers: HandlersByOperation,
  rows: readonly number[],
): BreakGroup[] {
  const operation = at(facts.operations.of, rows[0] as number)
  const callee = at(facts.opService, operation)
  const bare = findBareCaller(facts, callers, handlers, rows)
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
      ...compareEdge(rates, from, callee),
      baggageOnly: 0,
      arrived: countArrived(facts, bare.servers),
      narrowIds: 0,
      mixedUnits: 0,
    })
  }
  const left = rows.filter((row) => facts.taken[row] === 0)
  const called = at(facts.opChildren, operation) / Math.max(1, at(facts.opRows, operation))
  if (called < USUALLY_CALLED || left.length < MIN_SIGHTINGS) return groups
  const unanswered = findUnanswered(facts, callers, callee, left)
  if (unanswered !== undefined) return [...groups, unanswered]
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

const LEAST_CALLERS = 0.7

/** As many calls to the service were never answered as there are roots: the two belong together, though no time says so. */
function findUnanswered(
  facts: TrustFacts,
  { known }: Callers,
  callee: number,
  roots: readonly number[],
): BreakGroup | undefined {
  const clients = [...(known.get(callee)?.values() ?? [])].flat().filter((row) => facts.taken[row] === 0)
  if (clients.length < LEAST_CALLERS * roots.length) return undefined
  const [callers] = groupRows(clients, (row) => serviceOfRow(facts, row)).sort(
    (one, other) => other.length - one.length,
  )
  if (callers === undefined) return undefined
  for (const row of roots) facts.taken[row] = 1
  const edge = {
    from: nameOfService(facts, serviceOfRow(facts, callers[0] as number)),
    to: nameOfService(facts, callee),
  }
  const why = `${roots.length} ${nameOfOperation(facts, at(facts.operations.of, roots[0] as number))} are roots, and ${clients.length} calls to ${edge.to} were never answered`
  return {
    ...makePlace(facts, roots),
    shape: 'direct',
    edge,
    claims: [
      { class: 'no-extract', score: 0.5, why },
      { class: 'propagator-mismatch', score: 0.4, why },
      { class: 'proxy-strips-header', score: 0.4, why },
    ],
  }
}
