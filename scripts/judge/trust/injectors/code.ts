/** Breaks within a service: what its code does with a context, a span or a log line. */

import { arrive, markFailed, sql } from '../calls.ts'
import { end, type Flow, goroutine, type Hooks, inner, MS, SECOND, start, US, work } from '../flow.ts'
import { routes } from '../handlers.ts'
import type { Ground } from '../run.ts'
import { type Context, EMPTY, endSpan, type LogLine, type SpanContext, type SpanKindName } from '../runtime.ts'
import { choose, type Injection, rollOut, tellEdge, tellMissing } from './injection.ts'

export const codeInjections: readonly Injection[] = [
  {
    className: 'goroutine-without-context',
    variant: 'go func() without ctx',
    demand: 'in-set',
    prepare: (ground, rate) => rootAt(ground, rate, 'orders', (name) => name === 'audit.write'),
  },
  {
    className: 'background-context',
    variant: 'context.Background() in a synchronous call',
    demand: 'in-set',
    prepare: (ground, rate, turn) => {
      const [service, site] = choose(
        [
          ['cart', 'cart.load_prefs'],
          ['payment', 'fraud.check'],
        ] as const,
        turn,
      )
      return rootAt(ground, rate, service, (name) => name === site)
    },
  },
  {
    className: 'request-without-context',
    variant: 'http.NewRequest or db.Query',
    demand: 'first',
    prepare: (ground, rate, turn) => {
      const [service, site] = choose(
        [
          ['search', 'HTTP GET'],
          ['cart', 'INSERT cart_items'],
        ] as const,
        turn,
      )
      return rootAt(ground, rate, service, (name, kind) => name === site && kind === 'client')
    },
  },
  {
    className: 'framework-context',
    variant: 'tracer.Start(c, …) with *gin.Context',
    demand: 'in-set',
    prepare: (ground, rate) => {
      const gin = 'go.opentelemetry.io/contrib/instrumentation/github.com/gin-gonic/gin/otelgin'
      for (const process of ground.shop.processes.get('search') ?? []) process.scopes = { server: gin }
      const chosen = new Map<number, boolean>()
      return rootAt(ground, 1, 'search', (name, kind, flow) => {
        if (kind !== 'internal' || name === 'index.touch') return false
        const number = flow.request.number
        if (!chosen.has(number)) chosen.set(number, ground.chance.chance(rate))
        return chosen.get(number) === true
      })
    },
  },
  {
    className: 'span-context-dropped',
    variant: '_, span := tracer.Start(ctx, …)',
    demand: 'in-set',
    prepare: (ground, rate) => ({
      keeps(flow, span) {
        if (span.name !== 'order.validate' || !ground.chance.chance(rate)) return true
        const operations = ['order.validate', 'SELECT customers', 'shop.Inventory/Reserve']
        ground.tell({ request: flow.request.number, services: ['orders'], operations })
        return false
      },
    }),
  },
  {
    className: 'borrowed-span-ended',
    variant: 'SpanFromContext with a deferred End in a helper',
    demand: 'alone',
    prepare: (ground, rate) => ({
      site(flow, name) {
        const live = flow.context.live
        if (name !== 'cart.helper' || live === undefined || !ground.chance.chance(rate)) return false
        goroutine(flow, (own) => {
          work(own, 0.1)
          endSpan(live, own.at)
        })
        const operations = [live.name, 'shop.Price/Quote', 'session.refresh', 'UPDATE sessions']
        ground.tell({ request: flow.request.number, services: ['cart'], operations })
        return false
      },
    }),
  },
  {
    className: 'span-never-ended',
    variant: 'a path without End',
    demand: 'alone',
    prepare: (ground, rate, turn) => {
      const [service, site] = choose(
        [
          ['price', 'price.rules'],
          ['payment', 'POST /charges'],
        ] as const,
        turn,
      )
      const isOpen = (span: { name: string; process: { service: string }; endNs: number | undefined }): boolean =>
        span.name === site && span.process.service === service && span.endNs === undefined
      return {
        ends: (flow, span) => span.name !== site || flow.process.service !== service || !ground.chance.chance(rate),
        finish: (request) => tellMissing(ground, request, isOpen),
      }
    },
  },
  {
    className: 'handoff-without-context',
    variant: 'jobs of a pool without their context',
    demand: 'in-set',
    prepare: (ground, rate) => rootAt(ground, rate, 'search', (name) => name === 'index.touch'),
  },
  {
    className: 'stale-context',
    variant: 'a context stored by the process and used by later requests',
    demand: 'alone',
    prepare: (ground, rate) => {
      const stored = new Map<string, { context: Context; atNs: number }>()
      return {
        parentOf(flow, name, _kind, given) {
          if (name !== 'session.refresh') return given
          const kept = stored.get(flow.process.instance)
          if (kept === undefined || flow.at - kept.atNs > 1800 * SECOND) {
            stored.set(flow.process.instance, { context: given, atNs: flow.at })
            return given
          }
          if (flow.at - kept.atNs < 300 * SECOND || !ground.chance.chance(rate)) return given
          ground.tell({
            request: flow.request.number,
            services: ['cart'],
            operations: ['session.refresh', 'UPDATE sessions', 'GET /cart/{id}'],
            holder: kept.context.span?.traceId ?? '',
          })
          return kept.context
        },
      }
    },
  },
  {
    className: 'context-overwritten',
    variant: 'ctx, span = tracer.Start(ctx, …) in a loop',
    demand: 'alone',
    prepare: (ground, rate) => {
      let last: SpanContext | undefined
      let isBroken = false
      return {
        site(flow, name) {
          if (name === 'orders.loop') {
            last = undefined
            isBroken = ground.chance.chance(rate)
            if (isBroken) ground.tell({ request: flow.request.number, services: ['orders'], operations: [] })
          }
          // The variable is the handler's own: what follows the loop hangs below its last turn.
          if (name === 'orders.loop_end' && isBroken && last !== undefined) flow.context = { span: last }
          return false
        },
        parentOf: (_flow, name, _kind, given) =>
          name === 'order.line' && isBroken && last !== undefined ? { span: last } : given,
        keeps(_flow, span) {
          if (span.name === 'order.line') last = span.context
          return true
        },
      }
    },
  },
  {
    className: 'shared-work',
    variant: 'singleflight under a hot key',
    demand: 'in-set',
    prepare: (ground, rate) => {
      const flights = new Map<string, { fromNs: number; toNs: number }>()
      const cart = routes[0]
      const crowdSize = 6
      let crowdNs = 0
      // As many crowds as make `rate` of some 2,000 quotes ride along.
      if (rate > 0 && cart !== undefined) {
        ground.schedule((ground.endNs * (crowdSize - 1)) / (2000 * (rate / (1 - rate * 0.8))), (play) => {
          for (let i = 0; i < crowdSize; i++) {
            const gateway = choose(ground.shop.processes.get('gateway') ?? [], i)
            play(
              gateway,
              (flow) => {
                crowdNs = flow.at
                arrive(flow, cart.method, cart.route, {}, cart.handler)
              },
              ground.chance.next() * 110 * MS,
            )
          }
        })
      }
      return {
        site(flow, name) {
          if (name !== 'price.flight' || crowdNs === 0 || flow.at - crowdNs > SECOND) return false
          const flight = flights.get(flow.process.instance)
          if (flight !== undefined && flow.at >= flight.fromNs && flow.at < flight.toNs) {
            flow.at = flight.toNs + Math.round(ground.chance.exponential(20 * US))
            ground.tell({
              request: flow.request.number,
              services: ['price'],
              operations: ['shop.Price/Quote', 'SELECT prices'],
            })
            return true
          }
          const fromNs = flow.at
          sql(flow, 'SELECT', 'prices', 140)
          flights.set(flow.process.instance, { fromNs, toNs: flow.at })
          return true
        },
      }
    },
  },
  {
    className: 'outer-context-captured',
    variant: 'the group’s context is made and not used: no span differs',
    demand: 'unseen',
    prepare: () => ({}),
  },
  ...([true, false] as const).map(
    (asRecordId): Injection => ({
      className: 'homemade-trace-id',
      variant: asRecordId ? 'own id in the log record’s trace id' : 'own id in an attribute of the log record',
      demand: 'alone',
      // The middleware that makes its own id does not read traceparent either.
      alsoTrue: ['no-extract'],
      prepare: (ground, rate, turn) => {
        const canary = rollOut(ground, choose(['payment', 'inventory'], turn), rate, (process) => {
          process.extracts = false
        })
        const ids = new Map<number, string>()
        return {
          received(flow, crossing, sender, receiver) {
            if (sender !== undefined && receiver.process === canary) tellEdge(ground, flow, crossing, sender, receiver)
          },
          log(flow, line): LogLine {
            if (line.process !== canary) return line
            const number = flow.request.number
            const id = ids.get(number) ?? ground.chance.hex(16)
            ids.set(number, id)
            const { traceId: _traceId, spanId: _spanId, ...rest } = line
            return asRecordId ? { ...rest, traceId: id } : { ...rest, attributes: { ...line.attributes, traceID: id } }
          },
        }
      },
    }),
  ),
  {
    className: 'log-without-context',
    variant: 'slog.Info for slog.InfoContext',
    demand: 'alone',
    prepare: (ground, rate, turn) => {
      const service = choose(['cart', 'orders', 'search'], turn)
      return {
        log(flow, line) {
          if (line.process.service !== service || line.traceId === undefined || !ground.chance.chance(rate)) return line
          ground.tell({ request: flow.request.number, services: [service], operations: [] })
          const { traceId: _traceId, spanId: _spanId, ...rest } = line
          return rest
        },
      }
    },
  },
  {
    className: 'forced-new-root',
    variant: 'trace.WithNewRoot and a link',
    demand: 'no-debt',
    prepare: (ground, rate) => ({ rootsAnew: (_flow, name) => name === 'audit.write' && ground.chance.chance(rate) }),
  },
  {
    className: 'detached-context-cancelled',
    variant: 'a goroutine that outlives the request, with its ctx',
    demand: 'alone',
    prepare: (ground, rate) => ({
      site(flow, name) {
        if (name !== 'orders.notify' || !ground.chance.chance(rate)) return false
        flow.at += Math.round(3 * MS + ground.chance.exponential(8 * MS))
        inner(flow, 'order.notify', cancelledCall)
        ground.tell({ request: flow.request.number, services: ['orders'], operations: ['order.notify', 'HTTP POST'] })
        return true
      },
    }),
  },
  {
    className: 'auto-instrumentation-gap',
    variant: 'eBPF agent, a context not derived from the inbound one',
    demand: 'in-set',
    prepare: (ground, rate) => {
      for (const process of ground.shop.processes.get('legacy') ?? []) {
        process.language = 'go'
        process.extraResource = {
          'telemetry.distro.name': 'opentelemetry-go-instrumentation',
          'telemetry.distro.version': 'v0.23.0',
        }
        process.scopes = {
          server: 'go.opentelemetry.io/auto/net/http',
          client: 'go.opentelemetry.io/auto/google.golang.org/grpc',
        }
      }
      return rootAt(ground, rate, 'legacy', (name) => name === 'shop.Price/Quote')
    },
  },
]

function cancelledCall(flow: Flow): void {
  const { span } = start(flow, 'HTTP POST', 'client', 'http', {
    'http.request.method': 'POST',
    'server.address': 'hooks.partner.example',
    'server.port': 443,
    'error.type': 'context.Canceled',
  })
  flow.at += Math.round(10 * US + flow.world.random.exponential(15 * US))
  markFailed(span, 'Post "https://hooks.partner.example/v1/": context canceled')
  end(flow, span)
  flow.failed = true
}

/** A span that is started from an empty context. */
function rootAt(
  ground: Ground,
  rate: number,
  service: string,
  isSite: (name: string, kind: SpanKindName, flow: Flow) => boolean,
): Hooks {
  return {
    parentOf(flow, name, kind, given) {
      if (flow.process.service !== service || given.span?.sampled !== true) return given
      if (!isSite(name, kind, flow) || !ground.chance.chance(rate)) return given
      ground.tell({ request: flow.request.number, services: [service], operations: [name] })
      return EMPTY
    },
  }
}
