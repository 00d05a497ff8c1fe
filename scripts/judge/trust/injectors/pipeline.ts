/** Breaks on the way from the SDK to the file: exporters, samplers, collectors, clocks. */
import type { Hooks } from '../flow.ts'
import { SECOND } from '../flow.ts'
import type { Ground } from '../run.ts'
import type { LogLine, Process, Request, Span } from '../runtime.ts'
import { buildProcess } from '../shop.ts'
import { choose, type Injection, rollOut, tellEdge, tellMissing } from './injection.ts'

const FLUSH_NS = 5 * SECOND
const sites = ['orders', 'cart', 'search'] as const

export const pipelineInjections: readonly Injection[] = [
  {
    className: 'no-flush',
    variant: 'log.Fatal and os.Exit with spans in the queue',
    demand: 'in-set',
    prepare: (ground, rate, turn) => (rate === 0 ? {} : dieOften(ground, choose(sites, turn), rate)),
  },
  ...([true, false] as const).map(
    (tells): Injection => ({
      className: 'queue-overflow',
      variant: tells ? 'spans dropped under load, the SDK logs it' : 'spans dropped under load',
      demand: tells ? 'alone' : 'in-set',
      prepare: (ground, rate, turn) => overflow(ground, choose(sites, turn), rate, tells),
    }),
  ),
  {
    className: 'export-context-cancelled',
    variant: 'flush with the request’s context: whole batches are gone',
    demand: 'in-set',
    prepare: (ground, rate, turn) => {
      const service = choose(sites, turn)
      const isCancelled = perSlot(ground, rate)
      const said = new Set<string>()
      return loses(ground, (span, request) => {
        if (span.process.service !== service || span.endNs === undefined || !isCancelled(span.process, span.endNs))
          return false
        const slot = Math.floor(span.endNs / FLUSH_NS)
        const key = `${span.process.instance} ${slot}`
        if (!said.has(key))
          request.logs.push(sdkLine(span.process, (slot + 1) * FLUSH_NS - 1e6, 17, 'traces export: context canceled'))
        said.add(key)
        return true
      })
    },
  },
  {
    className: 'sampling-disagreement',
    variant: 'a ratio of its own, below it samplers that do not ask the parent',
    demand: 'exonerated',
    prepare: (ground, rate, turn) => {
      if (rate === 0) return {}
      const [service, callees] = choose(
        [
          ['orders', ['inventory', 'payment']],
          ['cart', ['price']],
          ['search', ['legacy']],
        ] as const,
        turn,
      )
      for (const process of ground.shop.processes.get(service) ?? []) process.ownRatio = 1 - rate
      for (const callee of callees)
        for (const process of ground.shop.processes.get(callee) ?? []) process.alwaysOn = true
      return { finish: (request) => tellMissing(ground, request, (span) => !span.isSampled) }
    },
  },
  {
    className: 'tail-sampling-split',
    variant: 'two collectors decide apart',
    demand: 'in-set',
    prepare: (ground, rate) => {
      const dropped = new Map<string, number>()
      return loses(ground, (span) => {
        const id = span.context.traceId
        const which = dropped.get(id) ?? (ground.chance.chance(rate) ? ground.chance.below(2) : 2)
        dropped.set(id, which)
        return (span.process.host < 'node-c' ? 0 : 1) === which
      })
    },
  },
  {
    className: 'tail-sampling-split',
    variant: 'spans that come after the decision',
    demand: 'in-set',
    prepare: (ground, rate) => {
      // One collector in several has a decision_wait of two seconds: what a batch processor flushes later is too late.
      const hasten = new Map<string, boolean>()
      const isHasty = (traceId: string): boolean => {
        const known = hasten.get(traceId) ?? ground.chance.chance(rate)
        hasten.set(traceId, known)
        return known
      }
      const firstArrival = new Map<string, number>()
      return {
        finish(request) {
          for (const span of request.spans) {
            if (span.endNs === undefined) continue
            const id = span.context.traceId
            firstArrival.set(id, Math.min(firstArrival.get(id) ?? Number.POSITIVE_INFINITY, arrivalOf(span)))
          }
          for (const span of request.spans) {
            const id = span.context.traceId
            if (isHasty(id) && arrivalOf(span) > (firstArrival.get(id) ?? 0) + 2 * SECOND) span.lost = true
          }
          tellMissing(ground, request, (span) => span.lost)
        },
      }
    },
  },
  {
    className: 'clock-skew',
    variant: 'a host whose clock is off',
    demand: 'skew',
    prepare: (ground, rate, turn) => {
      const canary = rollOut(ground, choose(['payment', 'inventory', 'legacy'], turn), rate, (process) => {
        process.host = 'node-x'
        process.clockOffsetNs = choose([180e6, -95e6, 2400e6], turn)
      })
      return {
        received(flow, crossing, sender, receiver) {
          if (sender !== undefined && receiver.process === canary) tellEdge(ground, flow, crossing, sender, receiver)
        },
      }
    },
  },
  ...([true, false] as const).map(
    (differs): Injection => ({
      className: 'duplicate-span-id',
      variant: differs
        ? 'a batch sent again through another collector, payload differs'
        : 'a batch sent again after a timeout',
      demand: 'alone',
      prepare: (ground, rate, turn) => repeat(ground, choose(sites, turn), rate, differs),
    }),
  ),
]

/** When the batch that holds the span reaches the collector: each process flushes every five seconds from its start. */
function arrivalOf(span: Span): number {
  const phase = (Number.parseInt(span.process.instance.slice(-5), 16) / 0x100000) * FLUSH_NS
  return Math.ceil(((span.endNs ?? span.startNs) - phase) / FLUSH_NS) * FLUSH_NS + phase
}

/** Lets spans be lost as they leave, and tells what that leaves behind. */
function loses(ground: Ground, isLost: (span: Span, request: Request) => boolean): Hooks {
  return {
    finish(request) {
      for (const span of request.spans) if (isLost(span, request)) span.lost = true
      tellMissing(ground, request, (span) => span.lost)
    },
  }
}

/** Processes that live until they crash; what was queued since the last flush dies with them. */
function dieOften(ground: Ground, service: string, rate: number): Hooks {
  const meanLifeNs = (2.5 / rate) * SECOND
  type Life = { readonly process: Process; readonly fromNs: number; readonly toNs: number; saidSo: boolean }
  const lives = new Map<string, Life[]>()
  const lifeOf = new Map<Process, Life>()
  ground.shop.lives.set(service, (like, atNs) => {
    const own = lives.get(like.instance) ?? []
    lives.set(like.instance, own)
    while ((own.at(-1)?.toNs ?? 0) <= atNs) {
      const fromNs = own.at(-1)?.toNs ?? 0
      const { version, language, host, clockOffsetNs: offsetNs } = like
      const process = buildProcess(ground.chance, { service, version, language, host, offsetNs })
      const life = {
        process,
        fromNs,
        toNs: Math.round(fromNs + meanLifeNs * (0.6 + 0.8 * ground.chance.next())),
        saidSo: false,
      }
      own.push(life)
      lifeOf.set(process, life)
    }
    const found = own.findLast((life) => life.fromNs <= atNs)
    return found?.process ?? like
  })
  return loses(ground, (span, request) => {
    const life = lifeOf.get(span.process)
    if (life === undefined || span.endNs === undefined) return false
    const lastFlush = life.fromNs + Math.floor((life.toNs - life.fromNs) / FLUSH_NS) * FLUSH_NS
    if (span.endNs <= lastFlush) return false
    if (!life.saidSo) request.logs.push(sdkLine(span.process, life.toNs, 17, 'fatal: cache corrupted, exiting'))
    life.saidSo = true
    return true
  })
}

/** The queue is full when the load is high: single spans are dropped as they end. */
function overflow(ground: Ground, service: string, rate: number, tells: boolean): Hooks {
  const inBurst = rate >= 0.5 ? 0.6 : rate * 0.9
  const calm = rate >= 0.5 ? 0.05 : 0
  let droppedCount = 0
  return loses(ground, (span, request) => {
    if (span.process.service !== service || span.endNs === undefined) return false
    const load = ground.loadAt(span.endNs)
    if (!ground.chance.chance(load > 0.6 ? inBurst : calm * Math.max(0, (load - 0.2) / 0.1))) return false
    droppedCount++
    if (tells) {
      const line = sdkLine(span.process, span.endNs + 2 * SECOND, 5, 'exporting spans')
      request.logs.push({ ...line, attributes: { count: 512, total_dropped: droppedCount } })
    }
    return true
  })
}

function repeat(ground: Ground, service: string, rate: number, differs: boolean): Hooks {
  const isRepeated = perSlot(ground, rate)
  return {
    finish(request) {
      for (const span of [...request.spans]) {
        if (span.process.service !== service || span.endNs === undefined || !span.isSampled) continue
        if (!isRepeated(span.process, span.endNs)) continue
        ground.tell({ request: request.number, services: [service], operations: [span.name] })
        if (!differs) span.repeated = true
        else request.spans.push({ ...span, attributes: { ...span.attributes, 'collector.name': 'fallback' } })
      }
    },
  }
}

/** Each flush of each process is hit with this chance. */
function perSlot(ground: Ground, rate: number): (process: Process, atNs: number) => boolean {
  const hits = new Map<string, boolean>()
  return (process, atNs) => {
    const key = `${process.instance} ${Math.floor(atNs / FLUSH_NS)}`
    const known = hits.get(key)
    if (known !== undefined) return known
    const hit = ground.chance.chance(rate)
    hits.set(key, hit)
    return hit
  }
}

function sdkLine(process: Process, atNs: number, severity: LogLine['severity'], body: string): LogLine {
  return { process, atNs: Math.round(atNs), severity, body, attributes: {} }
}
