/**
 * Processes of which all edges break. A propagator is set once for a process: without it, what comes in is not continued
 * and what goes out is not either, in the same requests. Enters: broken calls (pairs and messages). Leaves: per service
 * whether what it sends breaks in the requests that it received broken (and not in the others), to all of its peers or
 * to some; for who is called by nobody in the data, whether one version, instance or host breaks always. One pass over
 * the spans.
 */
import { at, CLIENT, CONSUMER, linkKey, PRODUCER, SERVER, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

const MAX_ABOVE = 64
/** Of the calls in requests that came in broken. */
const TOGETHER = 0.8
const APART = 0.2
const LEAST = 2
/** Of what a version, instance or host sends. */
const ALWAYS = 0.97
const LEAST_OF_UNIT = 3
const COVERED = 0.8

export type BrokenCalls = {
  /** Rows of clients, and of producers that nobody continues, with the service they were meant for. */
  readonly clients: ReadonlyMap<number, number>
  /** Rows of servers and consumers that are roots. */
  readonly servers: ReadonlySet<number>
}

type Count = { broken: number; sound: number }

/** What a service sends to one callee (messages: -1 - callee), by how the request came in. */
type Sent = { readonly inBroken: Count; readonly inSound: Count; readonly inOpen: Count }

export type Process = {
  readonly service: number
  /** All of its peers; else some understand it. */
  readonly isWhole: boolean
  /** Nobody calls it: only what it sends is seen. */
  readonly sendsOnly: boolean
  /** Callees that do not continue what it sends. */
  readonly callees: ReadonlySet<number>
  /** Version, instance or host that breaks always; absent: by request, or all of it. */
  readonly unit?: string
  /** HTTP, gRPC or messages alone. */
  readonly protocols: ReadonlySet<string>
}

export function findBrokenProcesses(facts: TrustFacts, broken: BrokenCalls): ReadonlyMap<number, Process> {
  const { spans, forest } = facts
  const sent = new Map<number, Map<number, Sent>>()
  const units = new Map<number, Units>()
  const protocols = new Map<number, Set<string>>()
  for (let row = 0; row < spans.count; row++) {
    const kind = at(spans.kinds, row)
    if (kind !== CLIENT && kind !== PRODUCER) continue
    const lost = broken.clients.get(row)
    const callee = lost ?? answerOf(facts, row)
    if (callee < 0) continue
    const service = serviceOfRow(facts, row)
    const handler = findHandler(facts, row)
    const isOpen = handler < 0 || (at(forest.parents, handler) < 0 && !broken.servers.has(handler))
    const state = isOpen ? 'inOpen' : broken.servers.has(handler) ? 'inBroken' : 'inSound'
    const own = openSent(sent, service, kind === PRODUCER ? -1 - callee : callee)[state]
    if (lost === undefined) own.sound++
    else own.broken++
    if (lost !== undefined) (protocols.get(service) ?? put(protocols, service, new Set())).add(protocolOf(facts, row))
    if (state === 'inBroken') continue
    countUnits(units.get(service) ?? put(units, service, openUnits()), facts, row, callee, lost !== undefined)
  }
  const byService = new Map<number, Process>()
  for (const [service, callees] of sent) {
    const spoken = protocols.get(service) ?? new Set<string>()
    const found = judgeJoint(service, callees, spoken) ?? judgeUnits(service, callees, units.get(service), spoken)
    if (found !== undefined) byService.set(service, found)
  }
  return byService
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  map.set(key, value)
  return value
}

function openSent(sent: Map<number, Map<number, Sent>>, service: number, callee: number): Sent {
  const callees = sent.get(service) ?? put(sent, service, new Map<number, Sent>())
  const empty = (): Count => ({ broken: 0, sound: 0 })
  return callees.get(callee) ?? put(callees, callee, { inBroken: empty(), inSound: empty(), inOpen: empty() })
}

/** Service that continues the row's call; -1: nobody, or its own. */
function answerOf(facts: TrustFacts, row: number): number {
  const { forest, spans } = facts
  if (at(facts.answered, row) !== 1) {
    const isLinked =
      at(spans.kinds, row) === PRODUCER && facts.linked.has(linkKey(at(spans.idHigh, row), at(spans.idLow, row)))
    return isLinked ? serviceOfRow(facts, row) : -1
  }
  const own = serviceOfRow(facts, row)
  const last = at(forest.childStart, row + 1)
  for (let index = at(forest.childStart, row); index < last; index++) {
    const child = at(forest.children, index)
    const kind = at(spans.kinds, child)
    if (kind === SERVER || kind === CONSUMER || serviceOfRow(facts, child) !== own) return serviceOfRow(facts, child)
  }
  return -1
}

function findHandler(facts: TrustFacts, row: number): number {
  const { forest, spans } = facts
  const service = serviceOfRow(facts, row)
  let above = at(forest.parents, row)
  for (let steps = 0; above >= 0 && steps < MAX_ABOVE; steps++) {
    if (serviceOfRow(facts, above) !== service) return -1
    const kind = at(spans.kinds, above)
    if (kind === SERVER || kind === CONSUMER) return above
    above = at(forest.parents, above)
  }
  return -1
}

function protocolOf({ spans, operations, keys }: TrustFacts, row: number): string {
  if (at(spans.kinds, row) === PRODUCER) return 'messages'
  let place = keys.get('rpc.system')
  if (place === undefined) {
    place = spans.strings.indexOf('rpc.system')
    keys.set('rpc.system', place)
  }
  const name = operations.list[at(operations.of, row)]?.name ?? ''
  for (let index = at(spans.attributeStart, row); place > 0 && index < at(spans.attributeStart, row + 1); index++) {
    if (spans.attributeKeys[index] === place) return 'rpc'
  }
  return /^[\w.]+\.\w+\/\w+$/.test(name) ? 'rpc' : 'http'
}

/** Broken where it came in broken, sound where it came in sound. */
function judgeJoint(
  service: number,
  callees: ReadonlyMap<number, Sent>,
  protocols: ReadonlySet<string>,
): Process | undefined {
  const breaking = new Set<number>()
  const few = new Set<number>()
  let understood = 0
  for (const [key, { inBroken, inSound }] of callees) {
    const callee = key < 0 ? -1 - key : key
    const all = inBroken.broken + inBroken.sound
    if (callee === service) continue
    if (all < LEAST) {
      if (inBroken.broken > 0) few.add(callee)
      continue
    }
    const share = inBroken.broken / all
    const other = inSound.broken / Math.max(1, inSound.broken + inSound.sound)
    if (share >= TOGETHER && other <= 0.5 * share) breaking.add(callee)
    // What is written into messages need not be the process's propagator.
    else if (share <= APART && key >= 0) understood++
  }
  if (breaking.size === 0) return undefined
  const isWhole = understood === 0
  // Where all others do, those of which few calls came do as well.
  const broken = isWhole ? new Set([...breaking, ...few]) : breaking
  return { service, isWhole, sendsOnly: false, callees: broken, protocols }
}

/** By kind of unit (version, instance, host, all), unit and callee. */
type Units = readonly Map<string, Map<number, Count>>[]

const kindsOfUnit = ['version', 'instance', 'host', 'all'] as const

function openUnits(): Units {
  return kindsOfUnit.map(() => new Map())
}

function countUnits(units: Units, facts: TrustFacts, row: number, callee: number, isBroken: boolean): void {
  const resource = facts.spans.resources[at(facts.spans.resourceOf, row)]
  kindsOfUnit.forEach((kind, index) => {
    const name = kind === 'all' ? '' : resource?.[kind]
    if (name === undefined) return
    const map = units[index] as Map<string, Map<number, Count>>
    const callees = map.get(name) ?? put(map, name, new Map<number, Count>())
    const count = callees.get(callee) ?? put(callees, callee, { broken: 0, sound: 0 })
    if (isBroken) count.broken++
    else count.sound++
  })
}

/** One version, instance or host of it that sends nothing which is continued, while the others do. */
function judgeUnits(
  service: number,
  sent: ReadonlyMap<number, Sent>,
  units: Units | undefined,
  protocols: ReadonlySet<string>,
): Process | undefined {
  if (units === undefined) return undefined
  let open = 0
  let received = 0
  let all = 0
  for (const { inOpen, inSound } of sent.values()) {
    open += inOpen.broken
    received += inSound.broken
    all += inOpen.broken + inSound.broken
  }
  if (all < 5) return undefined
  for (const [index, kind] of kindsOfUnit.entries()) {
    const own = units[index] as Map<string, Map<number, Count>>
    if (kind !== 'all' && own.size < 2) continue
    const always = [...own].flatMap(([name, counts]) => judgeUnit(name, counts) ?? [])
    const callees = new Set(always.flatMap((one) => one.breaking))
    const covered = always.reduce((sum, one) => sum + one.broken, 0)
    if (always.length === 0 || covered < COVERED * all) continue
    const isPart = always.length < own.size
    const isEvery = always.every((one) => one.isEvery)
    // All of it, to one callee: as well the callee's fault.
    if (!isPart && (callees.size < 2 || !isEvery)) continue
    const unit = kind === 'all' || !isPart ? {} : { unit: `${kind} ${always.map(({ name }) => name).join(', ')}` }
    return { service, isWhole: isEvery && open > received, sendsOnly: true, callees, protocols, ...unit }
  }
  return undefined
}

type Always = { name: string; breaking: number[]; broken: number; isEvery: boolean }

/** To each callee it breaks always or never. */
function judgeUnit(name: string, callees: ReadonlyMap<number, Count>): Always | undefined {
  const breaking: number[] = []
  let all = 0
  for (const [callee, { broken, sound }] of callees) {
    all += broken
    if (broken >= ALWAYS * (broken + sound)) breaking.push(callee)
    else if (broken > (1 - ALWAYS) * (broken + sound)) return undefined
  }
  if (breaking.length === 0 || all < LEAST_OF_UNIT) return undefined
  return { name, breaking, broken: all, isEvery: breaking.length === callees.size }
}
