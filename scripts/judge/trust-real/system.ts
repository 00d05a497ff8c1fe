/**
 * The shop of programs/trust, built and run: seven processes, a collector, and a load on the gateway. Enters: which break
 * is on, and in which of them. Leaves: the files of spans and logs that they sent. Nothing is simulated.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { err, ok, type Result } from '../../../src/base/result.ts'
import { buildProgram, type Service, startService } from '../../fixtures/build-program.ts'
import { ROOT } from '../../fixtures/case-folder.ts'
import type { GoTool } from '../../setup/go.ts'
import { runTool } from '../../setup/run-tool.ts'
import { type Collector, type CollectorOptions, startCollector } from './collector.ts'

export const PROGRAM = join(ROOT, 'programs', 'trust')

export const roles = ['gateway', 'cart', 'pricing', 'stock', 'mailer', 'proxy'] as const
export type Role = (typeof roles)[number]

export type RunPlan = {
  readonly breakName?: string
  /** In which processes it is on. */
  readonly brokenIn: readonly Role[]
  readonly requests: number
  readonly requestsPerSecond: number
  /** The gateway's callers trace themselves, and send nothing here. */
  readonly tracedCallers?: boolean
  /** The cart is ended and started again in the middle, as in a release. */
  readonly restartCart?: boolean
  /** That many callers, each asking again when it was answered, instead of a rate. */
  readonly concurrency?: number
  /** A second cart beside the first, and the break, if it is the cart's, in the second alone. */
  readonly canaryCart?: boolean
  /** Each service on a host of its own, whose clock is ahead by this. */
  readonly clocksMs?: Readonly<Partial<Record<Role, number>>>
  /** How long all stay after the last request; enough for what outlives it, if absent. */
  readonly lingerMs?: number
  readonly collector?: CollectorOptions
}

/** Files; `headers` are those of the edge from the gateway to the cart, as the proxy between them saw them. */
export type Recording = { readonly spans: string; readonly logs: string; readonly headers: string }

/** The go of the user's settings: modules come from their proxy. */
export async function buildTrustProgram(
  go: GoTool,
  folder: string,
): Promise<Result<{ readonly shop: string; readonly fold: string }, string>> {
  const env: NodeJS.ProcessEnv = { ...go.env }
  if (process.env.GOPROXY === undefined) delete env.GOPROXY
  else env.GOPROXY = process.env.GOPROXY
  delete env.GOENV
  const built: string[] = []
  for (const [name, source] of [
    ['shop', PROGRAM],
    ['fold', join(PROGRAM, 'fold')],
  ] as const) {
    const one = await buildProgram({ ...go, env }, source, join(folder, name))
    if (!one.ok) return one
    built.push(one.value)
  }
  return ok({ shop: built[0] as string, fold: built[1] as string })
}

/** Where the files of a recording are. */
export function nameFiles(folder: string): Recording {
  const [spans, logs, headers] = ['spans.otlp.pb', 'logs.otlp.pb', 'headers.ndjson'].map((name) => join(folder, name))
  return { spans: spans as string, logs: logs as string, headers: headers as string }
}

/** Runs the whole system once; `folder` gets the files. */
export async function recordSystem(shop: string, folder: string, plan: RunPlan): Promise<Result<Recording, string>> {
  mkdirSync(folder, { recursive: true })
  const files = nameFiles(folder)
  const { headers } = files
  rmSync(headers, { force: true })
  const collector = await startCollector(files, plan.collector)
  const running = openProcesses(shop, collector, plan)
  try {
    const served = await serveLoad(running, shop, plan, headers)
    return served.ok ? ok(files) : served
  } finally {
    await running.closeAll()
    await collector.close()
  }
}

async function serveLoad(
  running: Processes,
  shop: string,
  plan: RunPlan,
  headers: string,
): Promise<Result<void, string>> {
  const queue = await running.start('queue', [])
  if (!queue.ok) return queue
  const pricing = await running.start('pricing', ['-headers', headers])
  if (!pricing.ok) return pricing
  const startCart = async (): Promise<Result<string, string>> => {
    const args = ['-pricing', pricing.value, '-headers', headers]
    const one = await running.start('cart', args, plan.canaryCart === true ? { isHealthy: true } : {})
    if (!one.ok || plan.canaryCart !== true) return one
    const other = await running.start('cart', args, { name: 'canary' })
    return other.ok ? ok(`${one.value},${other.value}`) : other
  }
  const cart = await startCart()
  if (!cart.ok) return cart
  const stock = await running.start('stock', ['-headers', headers])
  if (!stock.ok) return stock
  const mailer = await running.start('mailer', ['-queue', queue.value, '-headers', headers])
  if (!mailer.ok) return mailer
  const parts = plan.restartCart === true ? 2 : 1
  for (let part = 0; part < parts; part++) {
    const at = part === 0 ? cart : await startCart()
    if (!at.ok) return at
    const load = await loadOnce(running, shop, plan, {
      cart: at.value,
      pricing: pricing.value,
      stock: stock.value,
      queue: queue.value,
      requests: Math.ceil(plan.requests / parts),
      headers,
    })
    if (!load.ok) return load
    // The canary first: what closing the others takes would be time enough to send all that it has.
    for (const name of ['canary', 'gateway', 'proxy', 'cart']) await running.close(name)
  }
  return ok(undefined)
}

type Around = Readonly<Record<'cart' | 'pricing' | 'stock' | 'queue' | 'headers', string>> & {
  readonly requests: number
}

async function loadOnce(running: Processes, shop: string, plan: RunPlan, at: Around): Promise<Result<void, string>> {
  const proxy = await running.start('proxy', ['-cart', at.cart, '-headers', at.headers])
  if (!proxy.ok) return proxy
  const { pricing, stock, queue, requests } = at
  const peers = ['-cart', proxy.value, '-pricing', pricing, '-stock', stock, '-queue', queue, '-headers', at.headers]
  const gateway = await running.start('gateway', peers)
  if (!gateway.ok) return gateway
  const args = ['-role', 'load', '-url', gateway.value, '-pricing', pricing]
  args.push('-requests', String(requests), '-rate', String(plan.requestsPerSecond))
  if (plan.concurrency !== undefined) args.push('-concurrency', String(plan.concurrency))
  if (plan.tracedCallers === true) args.push('-parent')
  const load = await runTool(shop, args, { cwd: PROGRAM, timeoutMs: 60_000 })
  await wait(plan.lingerMs ?? 200)
  return load.failure === undefined ? ok(undefined) : err(`load: ${load.failure}`)
}

type Processes = {
  /** `name`: what to close it by, where it is not the only one of its role. */
  readonly start: (
    role: Role | 'queue',
    args: readonly string[],
    more?: { readonly name?: string; readonly isHealthy?: boolean },
  ) => Promise<Result<string, string>>
  readonly close: (name: string) => Promise<void>
  readonly closeAll: () => Promise<void>
}

function openProcesses(shop: string, collector: Collector, plan: RunPlan): Processes {
  const running = new Map<string, Service>()
  const envOf = (role: Role | 'queue') => ({
    ...process.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/${role === 'cart' || role === 'pricing' ? 'b' : 'a'}`,
    OTEL_RESOURCE_ATTRIBUTES: `host.name=${plan.clocksMs === undefined ? 'shop' : role}`,
    GOMAXPROCS: '2',
  })
  const close = async (name: string) => {
    await running.get(name)?.close()
    running.delete(name)
  }
  return {
    async start(role, args, { name = role, isHealthy = false } = {}) {
      const isBroken = plan.breakName !== undefined && plan.brokenIn.some((one) => one === role) && !isHealthy
      const flags = ['-role', role, ...args, ...(isBroken ? ['-break', plan.breakName ?? ''] : [])]
      const clockMs = role === 'queue' ? undefined : plan.clocksMs?.[role]
      if (clockMs !== undefined) flags.push('-clock', `${clockMs}ms`)
      const service = await startService(shop, flags, { env: envOf(role) })
      if (!service.ok) return service
      running.set(name, service.value)
      const { addr } = service.value.said
      return typeof addr === 'string' ? ok(addr) : err(`${role} did not say its address`)
    },
    close,
    async closeAll() {
      for (const name of ['gateway', 'mailer', 'stock', 'proxy', 'cart', 'canary', 'pricing', 'queue'])
        await close(name)
    },
  }
}
