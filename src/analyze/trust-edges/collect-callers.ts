/**
 * Client spans that nobody answered, by the service they were meant for: by address (one that is a service's name, or
 * that answered calls went to), else by who usually answers their operation; else not known. Calls of databases are left
 * out: they answer with no span. Linear in the spans.
 */

import { findAttribute } from '../trust/operations.ts'
import { at, CLIENT, nameOfService, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

const addressKeys = ['peer.service', 'server.address', 'net.peer.name', 'peer.address']

export type Callers = {
  /** Unanswered rows by service meant and by operation of the client. */
  readonly known: ReadonlyMap<number, ReadonlyMap<number, number[]>>
  /** Those of which the peer is not known, by operation. */
  readonly unknown: ReadonlyMap<number, number[]>
}

export function collectCallers(facts: TrustFacts): Callers {
  const { spans, operations } = facts
  const keys = addressKeys.map((key) => spans.strings.indexOf(key)).filter((key) => key > 0)
  const databases = ['db.system', 'db.system.name'].map((key) => spans.strings.indexOf(key)).filter((key) => key > 0)
  const services = learnAddresses(facts, keys)
  const known = new Map<number, Map<number, number[]>>()
  const unknown = new Map<number, number[]>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT || facts.answered[row] === 1 || facts.taken[row] === 1) continue
    const operation = at(operations.of, row)
    if (databases.some((key) => findAttribute(spans, row, key) !== 0)) continue
    const service = findService(facts, row, keys, services)
    if (service < 0) push(unknown, operation, row)
    else {
      const byOperation = known.get(service) ?? new Map<number, number[]>()
      known.set(service, byOperation)
      push(byOperation, operation, row)
    }
  }
  return { known, unknown }
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
  keys: readonly number[],
  services: ReadonlyMap<number, number>,
): number {
  const { spans } = facts
  for (const key of keys) {
    const value = findAttribute(spans, row, key)
    if (value === 0) continue
    const service = services.get(value) ?? -1
    if (service >= 0) return service
  }
  const answer = at(facts.usualAnswer, at(facts.operations.of, row))
  return answer < 0 ? -1 : at(facts.opService, answer)
}

/** Index of an address's text → service: by name, or where nearly all answered calls to it went. */
function learnAddresses(facts: TrustFacts, keys: readonly number[]): ReadonlyMap<number, number> {
  const { spans, forest, services } = facts
  const found = new Map<number, number>()
  if (keys.length === 0) return found
  const byName = new Map(services.map((name, index) => [name.toLowerCase(), index]))
  const answers = new Map<number, Map<number, number>>()
  for (let row = 0; row < spans.count; row++) {
    if (at(spans.kinds, row) !== CLIENT) continue
    for (const key of keys) {
      const value = findAttribute(spans, row, key)
      if (value === 0) continue
      if (!found.has(value)) {
        const text = (spans.strings[value] ?? '').toLowerCase()
        const service = byName.get(text) ?? byName.get(/^[^.:/]+/.exec(text)?.[0] ?? '')
        found.set(value, service ?? -1)
      }
      if (facts.answered[row] !== 1 || (found.get(value) ?? -1) >= 0) continue
      const child = at(forest.children, at(forest.childStart, row))
      const counts = answers.get(value) ?? new Map<number, number>()
      answers.set(value, counts)
      const service = serviceOfRow(facts, child)
      counts.set(service, (counts.get(service) ?? 0) + 1)
    }
  }
  for (const [value, counts] of answers) {
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const [service, count] = [...counts].sort((left, right) => right[1] - left[1])[0] ?? [-1, 0]
    if (count >= 0.9 * all) found.set(value, service)
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
