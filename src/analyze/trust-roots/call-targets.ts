/**
 * Whom a call is for: a name such as `GET` is that of many calls. Enters: the facts and the operations asked for. Leaves:
 * per client's or producer's span the service that answers it, or, where nobody does, the one that answers others at
 * its address, else the address itself; undefined: nothing is known of it, and it may be any.
 */
import { at, attributeText, CLIENT, PRODUCER, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

/** The first that is there counts; with its port. */
const addressKeys: readonly (readonly string[])[] = [
  ['messaging.destination.name'],
  ['peer.service'],
  ['server.address', 'server.port'],
  ['net.peer.name', 'net.peer.port'],
  ['http.host'],
  ['peer.address'],
  ['network.peer.address', 'network.peer.port'],
  ['db.namespace'],
  ['db.name'],
  ['db.system'],
]
const urlKeys = ['url.full', 'http.url']
/** Of the answers at an address, those of one service. */
const SURE = 0.9

export type CallTargets = ReadonlyMap<number, string>

export function nameTargets(facts: TrustFacts, wanted: ReadonlySet<number>): CallTargets {
  const { spans, operations } = facts
  const targets = new Map<number, string>()
  const open = new Map<number, string>()
  const answers = new Map<string, Map<string, number>>()
  for (let row = 0; row < spans.count; row++) {
    const kind = at(spans.kinds, row)
    if ((kind !== CLIENT && kind !== PRODUCER) || !wanted.has(at(operations.of, row))) continue
    const address = addressOf(facts, row)
    const answer = answerOf(facts, row)
    if (answer !== undefined) {
      targets.set(row, `service ${answer}`)
      if (address !== undefined) countAnswer(answers, address, answer)
    } else if (address !== undefined) open.set(row, address)
  }
  for (const [row, address] of open) {
    const target = resolve(answers, address)
    if (target !== undefined) targets.set(row, target)
  }
  return targets
}

/** Not for another, as far as is known. */
export function isSameTarget(targets: CallTargets, left: number, right: number): boolean {
  const one = targets.get(left)
  const other = targets.get(right)
  return one === undefined || other === undefined || one === other
}

function answerOf(facts: TrustFacts, row: number): string | undefined {
  const { forest, answered, services } = facts
  if (answered[row] === 0) return undefined
  const service = serviceOfRow(facts, row)
  for (let index = at(forest.childStart, row); index < at(forest.childStart, row + 1); index++) {
    const own = serviceOfRow(facts, at(forest.children, index))
    if (own !== service) return services[own]
  }
  return services[service]
}

function addressOf(facts: TrustFacts, row: number): string | undefined {
  for (const [key, port] of addressKeys) {
    const value = attributeText(facts, row, key as string)
    if (value === undefined || value === '') continue
    const number = port === undefined || value.includes(':') ? undefined : attributeText(facts, row, port)
    return number === undefined ? value : `${value}:${number}`
  }
  for (const key of urlKeys) {
    const host = /^[a-z+.-]+:\/\/(?:[^/?#@]*@)?([^/?#]+)/i.exec(attributeText(facts, row, key) ?? '')?.[1]
    if (host !== undefined) return host
  }
  return undefined
}

function countAnswer(answers: Map<string, Map<string, number>>, address: string, service: string): void {
  const counts = answers.get(address) ?? new Map<string, number>()
  answers.set(address, counts)
  counts.set(service, (counts.get(service) ?? 0) + 1)
}

function resolve(answers: ReadonlyMap<string, ReadonlyMap<string, number>>, address: string): string | undefined {
  const counts = answers.get(address)
  if (counts === undefined) return address
  let all = 0
  let most: readonly [string, number] = ['', 0]
  for (const one of counts) {
    all += one[1]
    if (one[1] > most[1]) most = one
  }
  return most[1] >= SURE * all ? `service ${most[0]}` : undefined
}
