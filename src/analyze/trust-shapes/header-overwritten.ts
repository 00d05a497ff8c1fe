/**
 * Class 26. The callee hangs under the caller's own parent: same parent id as the caller's server span, while it lies
 * within a client span of the caller that nobody answered. Inbound headers were copied over the injected ones. Two
 * servers that one span calls without client spans of its own share their parent, too: of those, the one lies within a
 * client span of the other only at times.
 */
import { unsureBetween } from '../trust/aligned-times.ts'
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import {
  at,
  CLIENT,
  instanceOfRow,
  linkKey,
  nameOfService,
  SERVER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { findHeldOffset, type Held } from '../trust-edges/align-strangers.ts'

/** Rounding, beside what is known of the clocks. */
const SLACK_NS = 100e3
const MAX_BELOW = 512
/** Servers of one parent that are compared. */
const MAX_SIBLINGS = 32
const LEAST_WITHIN = 0.8

/** A server's span, the handler that has the same parent, and the handler's client span that holds it. */
type Pair = {
  readonly server: number
  readonly handler: number
  readonly client: number | undefined
  /** Where nothing compares the two clocks: all that may hold it. */
  readonly clients?: readonly number[]
}

export const headerOverwritten: BreakClassRule = {
  class: 'header-overwritten',
  find(facts) {
    const size = facts.services.length
    const pairs = alignPairs(facts, collectPairs(facts))
    const keyOf = ({ server, handler }: Pair): number =>
      at(facts.operations.of, server) * size + serviceOfRow(facts, handler)
    return [...Map.groupBy(pairs, keyOf).values()].flatMap((own) => describePairs(facts, own))
  },
}

function collectPairs(facts: TrustFacts): Pair[] {
  const { spans, forest } = facts
  const pairs: Pair[] = []
  const byParent = new Map<number, number[]>()
  for (let trace = 0; trace < spans.traceCount; trace++) {
    byParent.clear()
    for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
      const row = at(forest.rows, index)
      if (at(spans.kinds, row) !== SERVER || facts.taken[row] === 1) continue
      if (spans.parentHigh[row] === 0 && spans.parentLow[row] === 0) continue
      const key = linkKey(at(spans.parentHigh, row), at(spans.parentLow, row))
      const list = byParent.get(key)
      if (list === undefined) byParent.set(key, [row])
      else if (list.length < MAX_SIBLINGS) list.push(row)
    }
    for (const rows of byParent.values()) if (rows.length > 1) pairSiblings(facts, rows, pairs)
  }
  return pairs
}

function pairSiblings(facts: TrustFacts, rows: readonly number[], pairs: Pair[]): void {
  for (const handler of rows) {
    const others = rows.filter((row) => serviceOfRow(facts, row) !== serviceOfRow(facts, handler))
    if (others.length === 0) continue
    const clients = listClients(facts, handler)
    if (clients.length === 0) continue
    for (const server of others) {
      const client = clients.find((row) => holds(facts, row, server))
      const isStrange = client === undefined && partOf(facts, handler) !== partOf(facts, server)
      pairs.push({ server, handler, client, ...(isStrange ? { clients } : {}) })
    }
  }
}

function partOf({ aligned: { clocks }, spans }: TrustFacts, row: number): number {
  return at(clocks.part, at(clocks.clockOf, at(spans.resourceOf, row)))
}

/** Between clocks that no answered call compares, the offset at which the servers lie within these clients. */
function alignPairs(facts: TrustFacts, pairs: readonly Pair[]): Pair[] {
  const strange = pairs.filter(({ clients }) => clients !== undefined)
  const keyOf = ({ server, handler }: Pair): string =>
    `${at(facts.operations.of, server)} ${partOf(facts, handler)} ${partOf(facts, server)} ${serviceOfRow(facts, handler)}`
  const settled = new Map<Pair, number>()
  for (const own of Map.groupBy(strange, keyOf).values()) {
    const handlers = new Map<Held, number>()
    const calls = own.map(({ server, handler, clients = [] }): Held => {
      const call = { server, clients }
      handlers.set(call, handler)
      return call
    })
    const ahead = findHeldOffset(facts, calls, (call) => handlers.get(call) as number)
    if (ahead === undefined) continue
    for (const pair of own) {
      const client = pair.clients?.find((row) => isWithin(facts, row, pair.server, SLACK_NS, ahead))
      if (client !== undefined) settled.set(pair, client)
    }
  }
  return pairs.map((pair) => ({ ...pair, client: pair.client ?? settled.get(pair) }))
}

/** Client spans of the handler that nobody answered. */
function listClients(facts: TrustFacts, handler: number): number[] {
  const { spans, forest } = facts
  const instance = instanceOfRow(facts, handler)
  const clients: number[] = []
  const open = [handler]
  for (let steps = 0; open.length > 0 && steps < MAX_BELOW; steps++) {
    const row = open.pop() as number
    if (at(spans.kinds, row) === CLIENT && facts.answered[row] === 0) clients.push(row)
    const from = at(forest.childStart, row)
    for (let index = from; index < Math.min(at(forest.childStart, row + 1), from + MAX_BELOW); index++) {
      const child = at(forest.children, index)
      if (instanceOfRow(facts, child) === instance) open.push(child)
    }
  }
  return clients
}

/** Clocks that nobody can compare: where such calls are otherwise answered by that service, to meet is enough. */
function holds(facts: TrustFacts, client: number, server: number): boolean {
  const { spans, aligned, operations, usualAnswer } = facts
  const answer = at(usualAnswer, at(operations.of, client))
  if (answer >= 0 && at(facts.opService, answer) === serviceOfRow(facts, server)) {
    return (
      at(aligned.endNs, client) >= at(aligned.startNs, server) &&
      at(aligned.startNs, client) <= at(aligned.endNs, server)
    )
  }
  return isWithin(facts, client, server, SLACK_NS + unsureBetween(aligned, spans, client, server), 0)
}

function isWithin({ aligned }: TrustFacts, client: number, server: number, slackNs: number, aheadNs: number): boolean {
  const { startNs, endNs } = aligned
  if (at(endNs, client) + slackNs < at(endNs, server) - aheadNs) return false
  return at(startNs, client) - slackNs <= at(startNs, server) - aheadNs
}

function describePairs(facts: TrustFacts, pairs: readonly Pair[]): BreakGroup[] {
  const held = pairs.filter(({ client }) => client !== undefined)
  if (held.length === 0 || held.length < LEAST_WITHIN * pairs.length) return []
  const rows = [...new Set(held.map(({ server }) => server))]
  for (const { server, client } of held) {
    facts.taken[server] = 1
    facts.taken[client as number] = 1
  }
  const place = makePlace(facts, rows)
  const from = nameOfService(facts, serviceOfRow(facts, (held[0] as Pair).handler))
  const why = `${rows.length} of ${place.crossed} ${place.operation} of ${place.service} have the parent of their caller's (${from}) handler, and lie within its childless client span`
  return [
    {
      ...place,
      shape: 'direct',
      service: from,
      edge: { from, to: place.service },
      claims: [{ class: 'header-overwritten', score: 0.95, why }],
    },
  ]
}
