/**
 * What looks like a break and is none. Each changes the healthy shop; of none may the command say that something is lost
 * or unexplained. `everything` is all that can stand together.
 */
import { sql } from './calls.ts'
import { type Flow, goroutine, type Hooks, inner, MS, SECOND, start, work } from './flow.ts'
import type { Ground } from './run.ts'
import type { Context, SpanContext } from './runtime.ts'
import { pickProcess } from './shop.ts'

export type LookAlike = {
  readonly name: string
  readonly prepare: (ground: Ground) => Hooks
  readonly standsApart?: boolean
}

export const lookAlikes: readonly LookAlike[] = [
  { name: 'crons in a service that also serves', prepare: addCron },
  { name: 'health checks every few seconds', prepare: addProbes },
  { name: 'batch consumer: root with links', prepare: addBatches },
  {
    name: 'consumers that link instead of continuing',
    prepare: (ground) => {
      for (const process of ground.shop.processes.get('mailer') ?? []) process.traits.add('links')
      return {}
    },
  },
  { name: 'new roots with a link', prepare: () => ({ rootsAnew: (_flow, name) => name === 'audit.write' }) },
  {
    name: 'detached work with a link, begun after the request',
    prepare: (ground) => ({
      rootsAnew: (_flow, name) => name === 'order.notify',
      site(flow, name) {
        if (name === 'orders.notify') flow.at += Math.round(5 * MS + ground.chance.exponential(40 * MS))
        return false
      },
    }),
  },
  {
    name: 'head sampling, parent based',
    standsApart: true,
    prepare: (ground) => {
      for (const list of ground.shop.processes.values()) for (const process of list) process.rootRatio = 0.35
      return {}
    },
  },
  { name: 'tail sampling of whole traces', standsApart: true, prepare: sampleTails },
  {
    name: 'spans that come late, within the settle window',
    prepare: (ground) => {
      for (const process of ground.shop.processes.get('orders') ?? []) process.exportDelayNs = 35 * SECOND
      return {}
    },
  },
  {
    name: 'a host whose clock is off',
    prepare: (ground) => {
      for (const list of ground.shop.processes.values()) {
        for (const process of list) if (process.host === 'node-c') process.clockOffsetNs += 260 * MS
      }
      return {}
    },
  },
  {
    name: 'public edge: roots with a link to the stranger',
    prepare: (ground) => {
      for (const process of ground.shop.processes.get('gateway') ?? []) process.traits.add('public-endpoint')
      return strangers(ground)
    },
  },
  { name: 'external callers that export nothing here', standsApart: true, prepare: strangers },
  {
    name: 'mesh proxy that exports elsewhere',
    prepare: (ground) => ({
      crossing(_flow, crossing) {
        if (crossing.from.service !== 'gateway' || crossing.to !== 'search') return
        crossing.onWire.push((headers) => ({
          ...headers,
          traceparent: (headers.traceparent ?? '').replace(/-[0-9a-f]{16}-/, `-${ground.chance.hex(8)}-`),
        }))
      },
    }),
  },
  {
    name: 'Zipkin’s shared span ids',
    prepare: (ground) => {
      for (const process of ground.shop.processes.get('legacy') ?? []) process.sharesIds = true
      return {}
    },
  },
  {
    name: 'consumers minutes behind',
    prepare: (ground) => ({
      crossing(_flow, crossing) {
        if (crossing.protocol === 'kafka') crossing.lagNs = 30 * SECOND + ground.chance.exponential(240 * SECOND)
      },
    }),
  },
  { name: 'a root that stays open', prepare: keepRootOpen },
  {
    name: 'retries and callers that give up',
    prepare: () => ({
      crossing(_flow, crossing) {
        crossing.refuseChance = 0.08
        crossing.timeoutChance = 0.06
      },
    }),
  },
  { name: 'recursion and fan-out', prepare: addRecursion },
]

/** Every look-alike that can stand beside the others. */
export function everything(ground: Ground): Hooks[] {
  return lookAlikes.filter((one) => one.standsApart !== true).map((one) => one.prepare(ground))
}

function addCron(ground: Ground): Hooks {
  ground.schedule(20 * SECOND, (play) => {
    play(pickProcess(ground.chance, ground.shop, 'cart'), (flow) => {
      inner(flow, 'cache.refresh', (own) => {
        work(own, 3)
        sql(own, 'SELECT', 'preferences', 6)
      })
    })
  })
  return {}
}

function addProbes(ground: Ground): Hooks {
  for (const service of ['search', 'orders']) {
    ground.schedule(10 * SECOND, (play) => {
      for (const process of ground.shop.processes.get(service) ?? []) {
        play(process, (flow) => {
          const { span } = start(flow, 'GET /readyz', 'server', 'http', {
            'http.request.method': 'GET',
            'http.route': '/readyz',
          })
          work(flow, 0.05)
          span.endNs = flow.at
        })
      }
    })
  }
  return {}
}

/** A consumer that takes what came in the last half minute at once. */
function addBatches(ground: Ground): Hooks {
  let waiting: SpanContext[] = []
  ground.schedule(30 * SECOND, (play) => {
    const links = waiting.slice(-64)
    waiting = []
    if (links.length === 0) return
    play(pickProcess(ground.chance, ground.shop, 'worker'), (flow) => {
      const { span, context } = start(
        flow,
        'orders.placed batch process',
        'consumer',
        'kafka',
        {
          'messaging.system': 'kafka',
          'messaging.batch.message_count': links.length,
          'messaging.operation.type': 'process',
        },
        { newRoot: true, links },
      )
      flow.context = context
      sql(flow, 'INSERT', 'order_stats', 8)
      span.endNs = flow.at
    })
  })
  return {
    received(_flow, crossing, sender) {
      if (crossing.protocol === 'kafka' && sender !== undefined) waiting.push({ ...sender.context, remote: true })
    },
  }
}

function sampleTails(ground: Ground): Hooks {
  const kept = new Map<string, boolean>()
  return {
    finish(request) {
      const hasError = new Set(request.spans.filter((span) => span.status === 2).map((span) => span.context.traceId))
      for (const span of request.spans) {
        const id = span.context.traceId
        if (!kept.has(id)) kept.set(id, hasError.has(id) || ground.chance.chance(0.4))
        if (kept.get(id) === false) span.lost = true
      }
    },
  }
}

function strangers(ground: Ground): Hooks {
  ground.outsideHeaders.push(() =>
    ground.chance.chance(0.3) ? { traceparent: `00-${ground.chance.hex(16)}-${ground.chance.hex(8)}-01` } : {},
  )
  return {}
}

/** A stream's session span lives as long as the process: its children are exported long before it. */
function keepRootOpen(ground: Ground): Hooks {
  const sessions = new Map<string, Context>()
  ground.schedule(8 * SECOND, (play) => {
    const process = pickProcess(ground.chance, ground.shop, 'worker')
    play(process, (flow) => {
      const session = sessions.get(process.instance) ?? start(flow, 'stream.session', 'internal', 'own', {}).context
      sessions.set(process.instance, session)
      flow.context = session
      inner(flow, 'stream.poll', (own) => {
        work(own, 2)
        sql(own, 'SELECT', 'offsets')
      })
    })
  })
  return {}
}

function addRecursion(): Hooks {
  const walk = (flow: Flow, depth: number): void =>
    inner(flow, 'tree.walk', (own) => {
      work(own, 0.2)
      if (depth > 0) walk(own, depth - 1)
      if (depth > 0) goroutine(own, (branch) => inner(branch, 'tree.leaf', (leaf) => work(leaf, 0.05)))
    })
  return {
    site(flow, name) {
      if (name === 'cart.helper') walk(flow, 4)
      return false
    },
  }
}

/** For the speed measurement: nothing is special. */
export const plain: LookAlike = { name: 'a healthy shop', prepare: () => ({}) }
