/** Breaks at an edge between services: what is sent, what is read, what is done to headers on the way. */
import type { Hooks } from '../flow.ts'
import type { Ground } from '../run.ts'
import type { Headers, Process, PropagatorName } from '../runtime.ts'
import { choose, type Injection, rollOut, tellEdge } from './injection.ts'

export const edgeInjections: readonly Injection[] = [
  {
    className: 'no-extract',
    variant: 'server without middleware in a new version',
    demand: 'alone',
    prepare: (ground, rate, turn) => {
      const service = choose(['payment', 'inventory', 'cart', 'price'], turn)
      const canary = rollOut(ground, service, rate, (process) => {
        process.extracts = false
      })
      return tellReceived(ground, canary)
    },
  },
  {
    className: 'no-propagator',
    variant: 'new version without SetTextMapPropagator',
    demand: 'first',
    prepare: withoutPropagator,
  },
  {
    className: 'no-propagator',
    variant: 'new version without SetTextMapPropagator, headers known',
    demand: 'alone',
    headers: true,
    prepare: withoutPropagator,
  },
  {
    className: 'propagator-mismatch',
    variant: 'Java service speaks B3 only, headers known',
    demand: 'alone',
    headers: true,
    prepare: (ground, rate) => speakB3(ground, rate, 'b3'),
  },
  {
    className: 'propagator-mismatch',
    variant: 'Java service speaks B3 only',
    demand: 'in-set',
    prepare: (ground, rate) => speakB3(ground, rate, 'b3multi'),
  },
  {
    className: 'trace-id-truncated',
    variant: 'old tracer keeps the low 64 bits',
    demand: 'alone',
    prepare: (ground, rate) => {
      const canary = rollOut(ground, 'legacy', rate, (process) => {
        process.truncatesIds = true
      })
      return tellReceived(ground, canary)
    },
  },
  {
    className: 'uninstrumented-client',
    variant: 'raw http.Client or grpc.NewClient',
    demand: 'in-set',
    prepare: (ground, rate, turn) => {
      const [from, to] = choose(
        [
          ['orders', 'payment'],
          ['legacy', 'price'],
          ['search', 'legacy'],
        ] as const,
        turn,
      )
      return onEdge(ground, from, to, rate, (crossing) => {
        crossing.instrumented = false
      })
    },
  },
  ...([true, false] as const).flatMap((headers): Injection[] => [
    {
      className: 'consumer-without-extract',
      variant: headers ? 'handler without carrier, headers known' : 'handler without carrier',
      demand: 'in-set',
      headers,
      prepare: (ground, rate, turn) => {
        const [from, to] = choose(
          [
            ['orders', 'worker'],
            ['orders', 'mailer'],
          ] as const,
          turn,
        )
        return onEdge(ground, from, to, rate, (crossing) => {
          crossing.extracts = false
        })
      },
    },
    {
      className: 'producer-without-inject',
      variant: headers ? 'publish without carrier, headers known' : 'publish without carrier',
      demand: 'in-set',
      headers,
      prepare: (ground, rate, turn) => {
        const [from, to] = choose(
          [
            ['orders', 'mailer'],
            ['orders', 'worker'],
          ] as const,
          turn,
        )
        return onEdge(ground, from, to, rate, (crossing) => {
          crossing.injects = false
        })
      },
    },
  ]),
  {
    className: 'proxy-strips-header',
    variant: 'one of the ingress proxies drops headers, for all behind it',
    demand: 'in-set',
    prepare: (ground, rate) =>
      onHop(ground, rate, (headers) => {
        const { traceparent: _dropped, ...rest } = headers
        return rest
      }),
  },
  {
    className: 'proxy-strips-header',
    variant: 'one of the ingress proxies begins traces of its own, not exported',
    demand: 'in-set',
    prepare: (ground, rate) =>
      onHop(ground, rate, (headers) => ({
        ...headers,
        traceparent: `00-${ground.chance.hex(16)}-${ground.chance.hex(8)}-01`,
      })),
  },
  {
    className: 'header-overwritten',
    variant: 'inbound headers copied over the injected ones',
    demand: 'alone',
    prepare: (ground, rate, turn) => {
      const [from, to] = choose(
        [
          ['orders', 'payment'],
          ['search', 'legacy'],
        ] as const,
        turn,
      )
      return onEdge(ground, from, to, rate, (crossing, inbound) => {
        crossing.onSend.push((headers) => ({ ...headers, ...inbound }))
      })
    },
  },
  {
    className: 'external-caller',
    variant: 'browsers and partners send traceparent and export nothing',
    demand: 'no-debt',
    prepare: (ground, rate) => {
      ground.outsideHeaders.push(() =>
        ground.chance.chance(rate) ? { traceparent: `00-${ground.chance.hex(16)}-${ground.chance.hex(8)}-01` } : {},
      )
      return {}
    },
  },
  {
    className: 'baggage-only',
    variant: 'new version with the Baggage propagator alone, headers known',
    demand: 'alone',
    headers: true,
    prepare: (ground, rate, turn) =>
      tellBoth(ground, withPropagators(ground, choose(['orders', 'search', 'cart'], turn), rate, ['baggage'])),
  },
]

function withPropagators(ground: Ground, service: string, rate: number, names: PropagatorName[]): Process | undefined {
  return rollOut(ground, service, rate, (process) => {
    process.propagators = names
  })
}

function withoutPropagator(ground: Ground, rate: number, turn: number): Hooks {
  return tellBoth(ground, withPropagators(ground, choose(['orders', 'cart', 'search'], turn), rate, []))
}

/** A new version in Java speaks B3 alone; its Java peer reads both, its Go peers only W3C. */
function speakB3(ground: Ground, rate: number, form: 'b3' | 'b3multi'): Hooks {
  const canary = withPropagators(ground, 'legacy', rate, [form])
  for (const process of ground.shop.processes.get('stock') ?? []) process.propagators = ['tracecontext', form]
  return {
    received(flow, crossing, sender, receiver) {
      if (sender === undefined || crossing.to === 'stock') return
      if (receiver.process === canary || crossing.from === canary) tellEdge(ground, flow, crossing, sender, receiver)
    },
  }
}

function tellReceived(ground: Ground, canary: Process | undefined): Hooks {
  return {
    received(flow, crossing, sender, receiver) {
      if (sender !== undefined && receiver.process === canary) tellEdge(ground, flow, crossing, sender, receiver)
    },
  }
}

function tellBoth(ground: Ground, canary: Process | undefined): Hooks {
  return {
    received(flow, crossing, sender, receiver) {
      if (sender === undefined) return
      if (receiver.process === canary || crossing.from === canary) tellEdge(ground, flow, crossing, sender, receiver)
    },
  }
}

type Change = (crossing: Parameters<NonNullable<Hooks['crossing']>>[1], inbound: Headers) => void

function onEdge(ground: Ground, from: string, to: string, rate: number, change: Change): Hooks {
  const broken = new WeakSet<object>()
  return {
    crossing(flow, crossing) {
      if (crossing.from.service !== from || crossing.to !== to || !ground.chance.chance(rate)) return
      broken.add(crossing)
      change(crossing, flow.inbound ?? {})
    },
    received(flow, crossing, sender, receiver) {
      if (broken.has(crossing)) tellEdge(ground, flow, crossing, sender, receiver)
    },
  }
}

/** Everything that the gateway sends by HTTP goes through one hop. */
function onHop(ground: Ground, rate: number, change: (headers: Headers) => Headers): Hooks {
  const broken = new WeakSet<object>()
  return {
    crossing(_flow, crossing) {
      if (crossing.from.service !== 'gateway' || crossing.protocol !== 'http' || !ground.chance.chance(rate)) return
      broken.add(crossing)
      crossing.onWire.push(change)
    },
    received(flow, crossing, sender, receiver) {
      if (broken.has(crossing)) tellEdge(ground, flow, crossing, sender, receiver)
    },
  }
}
