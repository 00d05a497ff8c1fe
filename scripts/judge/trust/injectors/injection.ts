/**
 * What an injector is: a class, how it is judged, and what it changes in the shop at a rate. Each follows the columns
 * "Span signature" and "Logs" of the class's row in the reference; several ways of one class are several injections.
 */
import type { Crossing, Flow, Hooks } from '../flow.ts'
import type { Ground } from '../run.ts'
import { isExported, type Process, type Request, type Span } from '../runtime.ts'
import { addCanary } from '../shop.ts'

/**
 * `alone`: named alone, precision and recall. `first`: the same, and up to two others may stand behind it, where spans
 * leave them open. `in-set`: among at most three names. `exonerated`: named alone, and no debt. `no-debt`: neither lost
 * nor unexplained. `skew`: the offset is reported and nothing is lost. `unseen`: spans do not show it; nothing false is
 * said.
 */
export type Demand = 'alone' | 'first' | 'in-set' | 'exonerated' | 'no-debt' | 'skew' | 'unseen'

export type Injection = {
  readonly className: string
  readonly variant: string
  readonly demand: Demand
  /** Headers of the edges are given to the command. */
  readonly headers?: boolean
  /** Other classes that are true as well of what this does. */
  readonly alsoTrue?: readonly string[]
  /** `turn` picks one of several places, so that seeds differ in where it breaks. */
  readonly prepare: (ground: Ground, rate: number, turn: number) => Hooks
}

export function choose<T>(from: readonly T[], turn: number): T {
  return from[turn % from.length] as T
}

/** A new version of a service takes `rate` of its traffic, with something wrong in how it is set up. */
export function rollOut(
  ground: Ground,
  service: string,
  rate: number,
  change: (process: Process) => void,
): Process | undefined {
  if (rate === 0) return undefined
  const canary = addCanary(ground.chance, ground.shop, service, rate)
  change(canary)
  return canary
}

/** Tells of an edge's break, where both sides' spans are recorded. */
export function tellEdge(
  ground: Ground,
  flow: Flow,
  crossing: Crossing,
  sender: Span | undefined,
  receiver: Span,
): void {
  if (!receiver.isSampled || (sender !== undefined && !sender.isSampled)) return
  ground.tell({
    request: flow.request.number,
    services: [crossing.from.service, crossing.to],
    edge: { from: crossing.from.service, to: crossing.to },
    operations: [crossing.clientName, crossing.serverName],
  })
}

/** Tells of what a loss of spans leaves behind: exported spans whose parent is not; callers whose callee is gone. */
export function tellMissing(ground: Ground, request: Request, isMissing: (span: Span) => boolean): void {
  const byId = new Map(request.spans.map((span) => [span.context.spanId, span]))
  for (const span of request.spans) {
    const parent = byId.get(span.parentId)
    if (parent === undefined || isExported(span) === isExported(parent)) continue
    const isOrphan = isExported(span) && isMissing(parent)
    // The parent is there and the child is not: nothing that a reader must see, and nothing false if he does.
    const isGone = isExported(parent) && isMissing(span)
    if (!isOrphan && !isGone) continue
    const [from, to] = [parent.process.service, span.process.service]
    ground.tell({
      request: request.number,
      services: [from, to],
      ...(from === to ? {} : { edge: { from, to } }),
      // Which operation is gone, a reader can hardly know from what is left: the edge or service is the place.
      operations: [],
      ...(isGone ? { optional: true } : {}),
    })
  }
}
