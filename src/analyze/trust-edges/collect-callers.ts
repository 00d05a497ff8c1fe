/**
 * Client spans that nobody answered, by the service they were meant for: by address (one that is a service's name, or
 * that answered calls went to), else by who usually answers their operation; else not known. Calls of databases are left
 * out: they answer with no span. Linear in the spans.
 */

import { findAttribute } from '../trust/operations.ts'
import {
  at,
  attributeText,
  CLIENT,
  MIN_SIGHTINGS,
  nameOfService,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'

/** An address with its port, where both are known: several services may share a host. */
const portKeys = ['server.port', 'net.peer.port', 'network.peer.port']
const addressKeys = ['peer.service', 'server.address', 'net.peer.name', 'peer.address']
const databaseKeys = ['db.system', 'db.system.name']

export type Callers = {
  /** Unanswered rows by service meant and by operation of the client. */
  readonly known: ReadonlyMap<number, ReadonlyMap<number, number[]>>
  /** Those of which the peer is not known, by operation and address. */
  readonly unknown: ReadonlyMap<number, number[]>
  /** By row: service that an unanswered client's call was meant for; -1: not known, or no such row. */
  readonly meantFor: Int32Array
}

export function collectCallers(facts: TrustFacts): Callers {
  const { spans, operations } = facts
  const calls = readCalls(facts)
  const services = learnAddresses(facts, calls)
  const peers = learnPeers(facts, calls)
  const known = new Map<number, Map<number, number[]>>()
  const unknown = new Map<number, number[]>()
  const meantFor = new Int32Array(spans.count).fill(-1)
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT || facts.answered[row] === 1) continue
    const operation = at(operations.of, row)
    const peer = calls.list[at(calls.of, row)] as Peer
    if (peer.isDatabase) continue
    const service = findService(facts, row, peer, services, peer.key < 0 ? undefined : (peers.get(peer.key) ?? -1))
    meantFor[row] = service
    if (facts.taken[row] === 1) continue
    // Calls of one name to several addresses are told apart.
    if (service < 0) push(unknown, (peer.key + 1) * operations.list.length + operation, row)
    else {
      const byOperation = known.get(service) ?? new Map<number, number[]>()
      known.set(service, byOperation)
      push(byOperation, operation, row)
    }
  }
  return { known, unknown, meantFor }
}

/** What clients' spans say of whom they call. */
type Peer = {
  /** Index of the text of each address that it names, by order of the keys; 0: not this one. */
  readonly addresses: readonly number[]
  /** First address and port as one number; -1: it does not say both. */
  readonly key: number
  readonly isDatabase: boolean
}

type Calls = {
  readonly list: readonly Peer[]
  /** By row: place in the list; of clients alone. */
  readonly of: Int32Array
  /** By place in the list * number of services + who answered: how often. */
  readonly answers: ReadonlyMap<number, number>
}

const PORT = addressKeys.length
const DATABASE = PORT + portKeys.length

/** One walk over each client's attributes; the first of the same key counts. What several spans say is kept once. */
function readCalls(facts: TrustFacts): Calls {
  const { spans, forest, services } = facts
  const size = spans.strings.length
  const places = new Uint8Array(size)
  const keys = [...addressKeys, ...portKeys, ...databaseKeys]
  keys.forEach((key, place) => {
    const index = spans.strings.indexOf(key)
    if (index > 0) places[index] = 1 + place
  })
  const values = new Int32Array(keys.length)
  const steps = new Map<number, number>()
  const list: Peer[] = []
  const ends = new Map<number, number>()
  const of = new Int32Array(spans.count).fill(-1)
  const answers = new Map<number, number>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT) continue
    values.fill(0)
    const last = at(spans.attributeStart, row + 1)
    for (let index = at(spans.attributeStart, row); index < last; index++) {
      const place = at(places, at(spans.attributeKeys, index))
      if (place > 0 && values[place - 1] === 0) values[place - 1] = at(spans.attributeValues, index)
    }
    // The same values one after another lead to the same number.
    let state = 0
    for (let place = 0; place < keys.length; place++) {
      const value = place < DATABASE ? at(values, place) : at(values, place) === 0 ? 0 : 1
      if (value === 0) continue
      const step = (state * keys.length + place) * size + value
      let next = steps.get(step)
      if (next === undefined) {
        next = steps.size + 1
        steps.set(step, next)
      }
      state = next
    }
    let call = ends.get(state)
    if (call === undefined) {
      call = list.push(describePeer(values, size)) - 1
      ends.set(state, call)
    }
    of[row] = call
    if (facts.answered[row] !== 1) continue
    const child = at(forest.children, at(forest.childStart, row))
    const answer = call * services.length + serviceOfRow(facts, child)
    answers.set(answer, (answers.get(answer) ?? 0) + 1)
  }
  return { list, of, answers }
}

function describePeer(values: Int32Array, size: number): Peer {
  const addresses = [...values.subarray(0, PORT)]
  const address = addresses.find((value) => value !== 0) ?? 0
  const port = values.subarray(PORT, DATABASE).find((value) => value !== 0) ?? 0
  const key = address === 0 || port === 0 ? -1 : address * size + port
  return { addresses, key, isDatabase: values.subarray(DATABASE).some((value) => value !== 0) }
}

function addressOf(facts: TrustFacts, row: number): string | undefined {
  for (const key of addressKeys) {
    const place = facts.spans.strings.indexOf(key)
    const value = place < 0 ? 0 : findAttribute(facts.spans, row, place)
    if (value !== 0) return facts.spans.strings[value]
  }
  return undefined
}

function findService(
  facts: TrustFacts,
  row: number,
  { addresses }: Peer,
  services: ReadonlyMap<number, number>,
  peer: number | undefined,
): number {
  for (const address of addresses) {
    const service = address === 0 ? -1 : (services.get(address) ?? -1)
    if (service >= 0) return service
  }
  if (peer !== undefined) return peer
  const answer = at(facts.usualAnswer, at(facts.operations.of, row))
  return answer < 0 ? -1 : at(facts.opService, answer)
}

/** Who answers at each address and port: one service nearly always, or -1. */
function learnPeers({ services }: TrustFacts, { list, answers }: Calls): ReadonlyMap<number, number> {
  const counts = new Map<number, Map<number, number>>()
  for (const [key, count] of answers) {
    const peer = (list[Math.floor(key / services.length)] as Peer).key
    if (peer >= 0) add(counts, peer, key % services.length, count)
  }
  return new Map([...counts].map(([peer, own]) => [peer, pickAnswer(own)]))
}

function add(counts: Map<number, Map<number, number>>, key: number, service: number, count: number): void {
  const own = counts.get(key) ?? new Map<number, number>()
  counts.set(key, own)
  own.set(service, (own.get(service) ?? 0) + count)
}

function pickAnswer(counts: ReadonlyMap<number, number>): number {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const [service, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? [-1, 0]
  return count >= 0.9 * all ? service : -1
}

/** Index of an address's text → service: by name, or where nearly all answered calls to it went. */
function learnAddresses({ spans, services }: TrustFacts, { list, answers }: Calls): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  const byName = new Map(services.map((name, index) => [name.toLowerCase(), index]))
  for (const { addresses } of list) {
    for (const address of addresses) {
      if (address === 0 || found.has(address)) continue
      const text = (spans.strings[address] ?? '').toLowerCase()
      found.set(address, byName.get(text) ?? byName.get(/^[^.:/]+/.exec(text)?.[0] ?? '') ?? -1)
    }
  }
  const counts = new Map<number, Map<number, number>>()
  for (const [key, count] of answers) {
    const peer = list[Math.floor(key / services.length)] as Peer
    for (const address of peer.key >= 0 ? [] : peer.addresses) {
      if (address !== 0 && (found.get(address) ?? -1) < 0) add(counts, address, key % services.length, count)
    }
  }
  for (const [address, own] of counts) {
    const service = pickAnswer(own)
    if (service >= 0) found.set(address, service)
  }
  return found
}

function push(map: Map<number, number[]>, key: number, row: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [row])
  else list.push(row)
}

const proxies =
  /envoy|proxy|nginx|haproxy|traefik|ingress|mesh|istio|linkerd|kong|apisix|load-?balancer|(^|[-.])[aen]?lb([-.\d]|$)/i

/** The address that most of the calls name, where it is a proxy's and not the callee's. */
export function findProxy(facts: TrustFacts, clients: readonly number[], callee: number): string | undefined {
  const counts = new Map<string, number>()
  for (const row of clients.slice(0, 200)) {
    const address = addressOf(facts, row)
    if (address !== undefined) counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  const [address, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? ['', 0]
  if (count * 2 < Math.min(clients.length, 200)) return undefined
  return proxies.test(address) && address !== nameOfService(facts, callee) ? address : undefined
}

/** `calls go to port 80, and the callee listens on 8080`, where that is so for nearly all pairs. */
export function comparePorts(
  facts: TrustFacts,
  pairs: readonly { readonly client: number; readonly server: number }[],
): string | undefined {
  const counts = new Map<string, number>()
  let known = 0
  const portOf = (row: number): string | undefined =>
    attributeText(facts, row, 'server.port') ?? attributeText(facts, row, 'net.host.port')
  for (const { client, server } of pairs.slice(0, 200)) {
    const to = portOf(client) ?? attributeText(facts, client, 'net.peer.port')
    const own = portOf(server)
    if (to === undefined || own === undefined) continue
    known++
    if (to === own) continue
    const text = `calls go to port ${to}, and the callee listens on ${own}`
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  const [text, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? ['', 0]
  return known >= MIN_SIGHTINGS && count >= 0.9 * known ? text : undefined
}
