/**
 * Client spans that nobody answered, by the service they were meant for: by address (one that is a service's name, or
 * that answered calls went to), else by who usually answers their operation; else not known. Calls of databases are left
 * out: they answer with no span. Linear in the spans.
 */

import type { SpanTable } from '../../model/spans.ts'
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
  const reader = openReader(facts)
  const services = learnAddresses(facts, reader)
  const peers = learnPeers(facts, reader)
  const known = new Map<number, Map<number, number[]>>()
  const unknown = new Map<number, number[]>()
  const meantFor = new Int32Array(spans.count).fill(-1)
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT || facts.answered[row] === 1) continue
    const operation = at(operations.of, row)
    const call = readCall(reader, row)
    if (at(call, DATABASE) !== 0) continue
    const peer = peerOf(reader, call)
    const service = findService(facts, row, call, services, peer < 0 ? undefined : (peers.get(peer) ?? -1))
    meantFor[row] = service
    if (facts.taken[row] === 1) continue
    // Calls of one name to several addresses are told apart.
    if (service < 0) push(unknown, (peer + 1) * operations.list.length + operation, row)
    else {
      const byOperation = known.get(service) ?? new Map<number, number[]>()
      known.set(service, byOperation)
      push(byOperation, operation, row)
    }
  }
  return { known, unknown, meantFor }
}

const PORT = addressKeys.length
const DATABASE = PORT + portKeys.length

/** What a client's span says of its peer: by place of the key, index of the value's text; 0: it does not say. */
type Reader = {
  readonly spans: SpanTable
  /** By index of a key's text: 1 + its place; 0: another key. */
  readonly places: Uint8Array
  /** Of the row that was read last. */
  readonly values: Int32Array
}

function openReader({ spans }: TrustFacts): Reader {
  const places = new Uint8Array(spans.strings.length)
  const keys = [...addressKeys, ...portKeys, ...databaseKeys]
  keys.forEach((key, place) => {
    const index = spans.strings.indexOf(key)
    if (index > 0) places[index] = 1 + place
  })
  return { spans, places, values: new Int32Array(keys.length) }
}

/** All of them in one walk over the span's attributes; the first of the same key counts. */
function readCall({ spans, places, values }: Reader, row: number): Int32Array {
  values.fill(0)
  const end = at(spans.attributeStart, row + 1)
  for (let index = at(spans.attributeStart, row); index < end; index++) {
    const place = at(places, at(spans.attributeKeys, index))
    if (place > 0 && values[place - 1] === 0) values[place - 1] = at(spans.attributeValues, index)
  }
  values[DATABASE] = at(values, DATABASE) || at(values, DATABASE + 1)
  return values
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
  call: Int32Array,
  services: ReadonlyMap<number, number>,
  peer: number | undefined,
): number {
  for (let place = 0; place < PORT; place++) {
    const value = at(call, place)
    if (value === 0) continue
    const service = services.get(value) ?? -1
    if (service >= 0) return service
  }
  if (peer !== undefined) return peer
  const answer = at(facts.usualAnswer, at(facts.operations.of, row))
  return answer < 0 ? -1 : at(facts.opService, answer)
}

/** Address and port as one number; -1: it does not say both. */
function peerOf({ spans }: Reader, call: Int32Array): number {
  const port = firstOf(call, PORT, DATABASE)
  if (port === 0) return -1
  const address = firstOf(call, 0, PORT)
  return address === 0 ? -1 : address * spans.strings.length + port
}

function firstOf(call: Int32Array, from: number, to: number): number {
  for (let place = from; place < to; place++) if (at(call, place) !== 0) return at(call, place)
  return 0
}

/** Who answers at each address and port: one service nearly always, or -1. */
function learnPeers(facts: TrustFacts, reader: Reader): ReadonlyMap<number, number> {
  const { spans, forest } = facts
  const answers = new Map<number, Map<number, number>>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT || facts.answered[row] !== 1) continue
    const peer = peerOf(reader, readCall(reader, row))
    if (peer < 0) continue
    const counts = answers.get(peer) ?? new Map<number, number>()
    answers.set(peer, counts)
    const service = serviceOfRow(facts, at(forest.children, at(forest.childStart, row)))
    counts.set(service, (counts.get(service) ?? 0) + 1)
  }
  return new Map([...answers].map(([peer, counts]) => [peer, pickAnswer(counts)]))
}

function pickAnswer(counts: ReadonlyMap<number, number>): number {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const [service, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? [-1, 0]
  return count >= 0.9 * all ? service : -1
}

/** Index of an address's text → service: by name, or where nearly all answered calls to it went. */
function learnAddresses(facts: TrustFacts, reader: Reader): ReadonlyMap<number, number> {
  const { spans, forest, services } = facts
  const found = new Map<number, number>()
  const byName = new Map(services.map((name, index) => [name.toLowerCase(), index]))
  const answers = new Map<number, Map<number, number>>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT) continue
    const call = readCall(reader, row)
    const hasPort = peerOf(reader, call) >= 0
    for (let place = 0; place < PORT; place++) {
      const value = at(call, place)
      if (value === 0) continue
      let named = found.get(value)
      if (named === undefined) {
        const text = (spans.strings[value] ?? '').toLowerCase()
        named = byName.get(text) ?? byName.get(/^[^.:/]+/.exec(text)?.[0] ?? '') ?? -1
        found.set(value, named)
      }
      if (hasPort || facts.answered[row] !== 1 || named >= 0) continue
      const child = at(forest.children, at(forest.childStart, row))
      const counts = answers.get(value) ?? new Map<number, number>()
      answers.set(value, counts)
      const service = serviceOfRow(facts, child)
      counts.set(service, (counts.get(service) ?? 0) + 1)
    }
  }
  for (const [value, counts] of answers) {
    const service = pickAnswer(counts)
    if (service >= 0) found.set(value, service)
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
