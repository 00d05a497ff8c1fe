/**
 * The shop that the traces come from: eleven services, nine of them in Go, two in Java, on five hosts with small clock
 * offsets. An instance more (a canary) is how an injector breaks part of a service's traffic with a configuration.
 */
import type { Random } from './random.ts'
import type { Process } from './runtime.ts'

export type Shop = {
  readonly processes: Map<string, Process[]>
  /** Instance to be taken, with its share of the service's traffic; the rest goes to the others. */
  readonly canaries: Map<string, { process: Process; share: number }>
  /** Restarts: the process that stands in for one at a time. */
  readonly lives: Map<string, (process: Process, atNs: number) => Process>
}

const hosts = ['node-a', 'node-b', 'node-c', 'node-d', 'node-e'] as const

/** Version, instances, language. */
const services: Readonly<Record<string, readonly [string, number, 'go' | 'java']>> = {
  gateway: ['v3.11.0', 3, 'go'],
  cart: ['v1.9.2', 2, 'go'],
  price: ['v2.4.0', 2, 'go'],
  orders: ['v5.0.1', 2, 'go'],
  payment: ['v1.3.7', 2, 'go'],
  inventory: ['v0.18.0', 2, 'go'],
  search: ['v4.2.0', 2, 'go'],
  mailer: ['v1.1.0', 1, 'go'],
  worker: ['v2.0.3', 2, 'go'],
  legacy: ['7.3.1', 2, 'java'],
  stock: ['7.3.0', 1, 'java'],
}

export function buildShop(random: Random): Shop {
  // NTP keeps hosts within a few milliseconds.
  const offsets = new Map(hosts.map((host) => [host, Math.round((random.next() - 0.5) * 3e6)]))
  const processes = new Map<string, Process[]>()
  let at = random.below(hosts.length)
  for (const [service, [version, count, language]] of Object.entries(services)) {
    const list: Process[] = []
    for (let i = 0; i < count; i++) {
      const host = hosts[at++ % hosts.length] as (typeof hosts)[number]
      list.push(buildProcess(random, { service, version, language, host, offsetNs: offsets.get(host) ?? 0 }))
    }
    processes.set(service, list)
  }
  return { processes, canaries: new Map(), lives: new Map() }
}

/** The instance that serves the next request of a service. */
export function pickProcess(random: Random, shop: Shop, service: string, atNs = 0): Process {
  const canary = shop.canaries.get(service)
  if (canary !== undefined && random.chance(canary.share)) return canary.process
  const process = random.pick(shop.processes.get(service) as Process[])
  return shop.lives.get(service)?.(process, atNs) ?? process
}

/** An instance of a new version, which takes `share` of the traffic. */
export function addCanary(random: Random, shop: Shop, service: string, share: number, version?: string): Process {
  const like = (shop.processes.get(service) as Process[])[0] as Process
  const process = buildProcess(random, {
    service,
    version: version ?? `${like.version}-rc.1`,
    language: like.language,
    host: like.host,
    offsetNs: like.clockOffsetNs,
  })
  shop.canaries.set(service, { process, share })
  return process
}

export function buildProcess(
  random: Random,
  of: { service: string; version: string; language: 'go' | 'java'; host: string; offsetNs: number },
): Process {
  const pod = random.hex(8)
  return {
    service: of.service,
    instance: `${of.service}-${pod.slice(0, 9)}-${pod.slice(9, 14)}`,
    version: of.version,
    host: of.host,
    clockOffsetNs: of.offsetNs,
    language: of.language,
    tellsParentPlace: of.language === 'go',
    propagators: ['tracecontext', 'baggage'],
    extracts: true,
    traits: new Set(),
    memory: new Map(),
  }
}
