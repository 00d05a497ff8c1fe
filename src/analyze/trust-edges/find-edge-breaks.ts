/**
 * Calls and messages whose context was lost on the way. Enters: the facts. Leaves: a group per edge and operation, each
 * with the process whose edges all break, where that is why it breaks: its calls and messages, in and out, have one
 * cause and get one answer.
 */
import type { BreakGroup, BrokenProcess, MessageRootGroup } from '../trust/break-group.ts'
import { at, MIN_SIGHTINGS, nameOfService, SERVER, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import { type BrokenCalls, findBrokenProcesses, type Process } from './broken-processes.ts'
import { type Edge, type Rates, rateEdges } from './compare-edges.ts'
import { collectHandlers, type HandlersByOperation } from './find-bare-callers.ts'
import { findMessageRoots, type MessageRoots } from './find-message-roots.ts'
import { describeEdge, describeRest, pairServerRoots } from './find-server-roots.ts'
import { settleByHeaders } from './process-headers.ts'

export function findEdgeBreaks(facts: TrustFacts): BreakGroup[] {
  const messages = findMessageRoots(facts)
  const paired = pairServerRoots(facts)
  const edges = paired?.edges ?? []
  const rates = rateEdges(facts, edges)
  const routes = edges.length === 0 ? new Map<number, readonly number[]>() : listRoutes(facts)
  const processes = describeProcesses(facts, rates, edges, messages)
  const groups: BreakGroup[] = [
    ...messages.groups.map((group) => markMessages(facts, processes, group)),
    ...edges.map((edge) => {
      const callee = at(facts.opService, edge.operation)
      const process = findProcess(processes, edge.from, callee, edge.isForeign)
      return describeEdge(facts, edge, rates, routes.get(callee) ?? [], process)
    }),
  ]
  let handlers: HandlersByOperation | undefined
  for (const rows of paired?.rest ?? []) {
    if (paired === undefined || rows.length < MIN_SIGHTINGS) continue
    handlers ??= collectHandlers(facts)
    groups.push(...describeRest(facts, rates, paired.callers, handlers, rows))
  }
  return groups
}

/** Of a service, operations that are asked whether they break as well. */
const MAX_ROUTES = 200

/** Operations of servers' spans, by service. */
function listRoutes({ operations, opService, opRows }: TrustFacts): ReadonlyMap<number, readonly number[]> {
  const routes = new Map<number, number[]>()
  operations.list.forEach(({ kind }, operation) => {
    if (kind !== SERVER) return
    const service = at(opService, operation)
    const list = routes.get(service)
    if (list === undefined) routes.set(service, [operation])
    else list.push(operation)
  })
  for (const list of routes.values()) {
    list.sort((left, right) => at(opRows, right) - at(opRows, left))
    list.length = Math.min(list.length, MAX_ROUTES)
  }
  return routes
}

type Known = ReadonlyMap<number, { readonly process: Process; readonly said: BrokenProcess }>

function describeProcesses(facts: TrustFacts, rates: Rates, edges: readonly Edge[], messages: MessageRoots): Known {
  const clients = new Map(messages.producers)
  const servers = new Set<number>()
  for (const group of messages.groups) for (const row of group.rows) servers.add(row)
  for (const { pairs, operation, isForeign } of edges) {
    // What a proxy began anew was sent with a context.
    if (isForeign) continue
    for (const { client, server } of pairs) {
      clients.set(client, at(facts.opService, operation))
      servers.add(server)
    }
  }
  const broken: BrokenCalls = { clients, servers }
  const known = new Map<number, { process: Process; said: BrokenProcess }>()
  if (clients.size === 0) return known
  for (const [service, process] of findBrokenProcesses(facts, broken)) {
    known.set(service, { process, said: describeProcess(facts, rates, process) })
  }
  return known
}

function describeProcess(facts: TrustFacts, rates: Rates, process: Process): BrokenProcess {
  const { service, isWhole, sendsOnly, callees, protocols, unit } = process
  const name = nameOfService(facts, service)
  const to = [...callees].map((callee) => nameOfService(facts, callee)).join(', ')
  const which = unit === undefined ? '' : ` (${unit})`
  const why = sendsOnly
    ? `${isWhole ? 'all' : 'some'} that ${name}${which} sends breaks: to ${to}`
    : `what ${name} sends breaks in the requests that it received broken, ${isWhole ? 'on every edge' : 'but not to everybody'}: to ${to}`
  return {
    service: name,
    isWhole,
    sendsOnly,
    oneProtocol: protocols.size < 2,
    ...settleByHeaders(facts, rates, process),
    why,
  }
}

/**
 * Of the caller, if it breaks with this callee; else of the callee, which receives nothing either. What a version or
 * instance of the caller sends to callees alone of which the other edges break as well is theirs: one fault for all.
 */
function findProcess(processes: Known, from: number, to: number, isForeign: boolean): BrokenProcess | undefined {
  if (isForeign) return undefined
  const caller = processes.get(from)
  const isJoint = (service: number): boolean => processes.get(service)?.process.sendsOnly === false
  const isOfCallees = caller?.process.sendsOnly === true && [...caller.process.callees].every(isJoint)
  if (!isOfCallees && caller?.process.callees.has(to) === true) return caller.said
  return isJoint(to) ? processes.get(to)?.said : undefined
}

/** Who sends messages alone that are lost is asked of its messages: nothing else tells of its propagator. */
function markMessages(facts: TrustFacts, processes: Known, group: MessageRootGroup): MessageRootGroup {
  const from = facts.services.indexOf(group.edge?.from ?? '')
  const process = findProcess(processes, from, serviceOfRow(facts, at(group.rows, 0)), false)
  const isRead = process?.settled === 'propagator-mismatch' || process?.settled === 'baggage-only'
  const isOfMessages = process?.sendsOnly === true && process.oneProtocol && !isRead
  return process === undefined || isOfMessages ? group : { ...group, process }
}
