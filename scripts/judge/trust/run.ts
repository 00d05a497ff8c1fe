/**
 * A run of the shop: requests arrive over hours, by day's curve and in bursts; crons and probes tick beside them. Each
 * request is played to its end, then what the injectors lose on the way out is lost, then it goes to the exporters.
 */
import { arrive } from './calls.ts'
import type { Flow, Hooks, World } from './flow.ts'
import { SECOND } from './flow.ts'
import { cleanUp, probe, routes } from './handlers.ts'
import { openRandom, type Random } from './random.ts'
import { EMPTY, type Headers, type Process, type Request } from './runtime.ts'
import { buildShop, pickProcess, type Shop } from './shop.ts'
import { openTruth, type TruthItem } from './truth.ts'

export type RunOptions = {
  readonly seed: string
  readonly requests: number
  readonly hours: number
  readonly keepsHeaders?: boolean
  /** The injectors and look-alikes of this run: they may change the shop, and give hooks. */
  readonly prepare: readonly ((ground: Ground) => Hooks | readonly Hooks[])[]
  /** Gets each request when it is over. */
  readonly onRequest: (request: Request) => void
}

/** Plays one request that begins in a process. */
export type Play = (process: Process, act: (flow: Flow) => void, delayNs?: number) => void

/** What an injector may lay hands on before the run. */
export type Ground = {
  readonly shop: Shop
  readonly chance: Random
  readonly endNs: number
  readonly tell: (item: TruthItem) => void
  readonly loadAt: (ns: number) => number
  /** Adds work of its own: called in turn with the next time, until the end. */
  readonly schedule: (everyNs: number, job: (play: Play) => void) => void
  /** Headers that come with a request from outside. */
  readonly outsideHeaders: (() => Headers)[]
}

export type RunResult = {
  readonly truth: readonly TruthItem[]
  readonly headers: World['headers']
  readonly requests: number
  readonly endNs: number
}

export function runShop(options: RunOptions): RunResult {
  const random = openRandom(`shop ${options.seed}`)
  const chance = openRandom(`faults ${options.seed}`)
  const endNs = options.hours * 3600 * SECOND
  const bursts = drawBursts(random, endNs)
  const weightAt = (ns: number): number =>
    (1 + 0.4 * Math.sin((2 * Math.PI * ns) / (3 * 3600 * SECOND))) * (isBurst(bursts, ns) ? 12 : 1)
  const loadAt = (ns: number): number => Math.min(0.92, 0.22 * weightAt(ns) ** 0.55)
  const truth = openTruth()
  const shop = buildShop(random)
  const jobs: { atNs: number; everyNs: number; job: Parameters<Ground['schedule']>[1] }[] = []
  const outsideHeaders: (() => Headers)[] = []
  const ground: Ground = {
    shop,
    chance,
    endNs,
    tell: truth.tell,
    loadAt,
    schedule: (everyNs, job) => jobs.push({ atNs: Math.round(random.next() * everyNs), everyNs, job }),
    outsideHeaders,
  }
  ground.schedule(300 * SECOND, (play) => play(pickProcess(random, shop, 'worker'), cleanUp))
  for (const service of ['gateway', 'cart', 'payment']) {
    ground.schedule(60 * SECOND, (play) => {
      for (const process of shop.processes.get(service) ?? [])
        play(process, (flow) => arrive(flow, 'GET', '/healthz', {}, probe))
    })
  }
  const hooks = options.prepare.flatMap((prepare) => prepare(ground))
  const world: World = {
    random,
    chance,
    shop,
    hooks,
    truth,
    endNs,
    loadAt,
    headers: [],
    keepsHeaders: options.keepsHeaders === true,
  }
  let requests = 0
  const playAt = (atNs: number, process: Process, act: (flow: Flow) => void): void => {
    const request: Request = { number: requests++, startNs: atNs, spans: [], logs: [] }
    act({ world, request, process, context: EMPTY, at: atNs, failed: false })
    for (const hook of hooks) hook.finish?.(request)
    options.onRequest(request)
  }
  const meanWeight = averageWeight(weightAt, endNs)
  const perNs = options.requests / endNs / meanWeight
  const highest = 1.4 * 12 * perNs
  let at = 0
  while (true) {
    at += Math.round(random.exponential(1 / highest))
    // Thinning: candidates at the highest rate, kept by the rate of their time.
    const isKept = random.chance((weightAt(at) * perNs) / highest)
    for (const job of jobs) {
      while (job.atNs <= Math.min(at, endNs)) {
        const due = job.atNs
        job.atNs += job.everyNs
        job.job((process, act, delayNs = 0) => playAt(Math.round(due + delayNs), process, act))
      }
    }
    if (at >= endNs) break
    if (!isKept) continue
    const route = pickRoute(random)
    let headers: Headers = {}
    for (const more of outsideHeaders) headers = { ...headers, ...more() }
    const gateway = pickProcess(random, shop, 'gateway', at)
    playAt(at, gateway, (flow) => arrive(flow, route.method, route.route, headers, route.handler))
  }
  return { truth: truth.items, headers: world.headers, requests, endNs }
}

function pickRoute(random: Random): (typeof routes)[number] {
  let left = random.next() * routes.reduce((sum, route) => sum + route.weight, 0)
  for (const route of routes) {
    left -= route.weight
    if (left < 0) return route
  }
  return routes[0] as (typeof routes)[number]
}

function drawBursts(random: Random, endNs: number): [number, number][] {
  const bursts: [number, number][] = []
  for (let at = random.exponential(500 * SECOND); at < endNs; at += random.exponential(700 * SECOND) + 60 * SECOND) {
    bursts.push([at, at + 10 * SECOND + random.exponential(15 * SECOND)])
  }
  return bursts
}

function isBurst(bursts: readonly [number, number][], ns: number): boolean {
  return bursts.some(([from, to]) => ns >= from && ns < to)
}

function averageWeight(weightAt: (ns: number) => number, endNs: number): number {
  let sum = 0
  for (let i = 0; i < 20_000; i++) sum += weightAt((i / 20_000) * endNs)
  return sum / 20_000
}
