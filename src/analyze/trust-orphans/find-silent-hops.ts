/**
 * A hop that exports elsewhere: a server's span whose parent is missing, while an unanswered client's span of its own
 * trace holds it in time. The context came through, so nothing is broken; a proxy or mesh in between made a span of its
 * own, and that went to another place. Told as exported elsewhere, at any rate. One client holds one server.
 */

import { unsureBetween } from '../trust/aligned-times.ts'
import type { BreakGroup } from '../trust/break-group.ts'
import { groupRows, makePlace } from '../trust/places.ts'
import {
  at,
  CLIENT,
  nameOfService,
  PRODUCER,
  percent,
  SERVER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'

/** Spans of one trace that are looked at. */
const MAX_ROWS = 4_096
const TOLERANCE_NS = 1e5

export type Hop = { readonly row: number; readonly client: number }

/** Clients' and producers' spans of the trace that nobody here answered. */
export function listUnanswered({ spans, forest, answered }: TrustFacts, from: number, to: number): number[] {
  const clients: number[] = []
  for (let index = from; index < Math.min(to, from + MAX_ROWS); index++) {
    const row = at(forest.rows, index)
    const kind = at(spans.kinds, row)
    if ((kind === CLIENT || kind === PRODUCER) && answered[row] !== 1) clients.push(row)
  }
  return clients
}

/** The tightest of the clients that can have made the call, taken out of the list; -1: none. */
export function findSilentHop(facts: TrustFacts, row: number, clients: number[]): number {
  const { spans, operations, usualAnswer } = facts
  if (at(spans.kinds, row) !== SERVER) return -1
  const operation = at(operations.of, row)
  const parents = facts.parentsOf.get(operation) ?? []
  let best = -1
  let least = Number.POSITIVE_INFINITY
  clients.forEach((client, place) => {
    const own = at(operations.of, client)
    if (at(spans.kinds, client) !== CLIENT || serviceOfRow(facts, client) === serviceOfRow(facts, row)) return
    if (parents.length > 0 && !parents.includes(own) && at(usualAnswer, own) !== operation) return
    const beyondNs = measureBeyond(facts, client, row)
    if (beyondNs === undefined) return
    const length = at(spans.endNs, client) - at(spans.startNs, client) + 2 * beyondNs
    if (length >= least) return
    best = place
    least = length
  })
  if (best < 0) return -1
  return clients.splice(best, 1)[0] as number
}

/** How far the server goes on after its client: one that gave up. Undefined: it does not begin within the call. */
function measureBeyond(facts: TrustFacts, client: number, row: number): number | undefined {
  const { aligned, spans } = facts
  const slack = TOLERANCE_NS + unsureBetween(aligned, spans, client, row)
  const begins = at(aligned.startNs, row)
  if (begins < at(aligned.startNs, client) - slack || begins > at(aligned.endNs, client) + slack) return undefined
  return Math.max(0, at(aligned.endNs, row) - at(aligned.endNs, client) - slack)
}

export function groupHops(facts: TrustFacts, hops: readonly Hop[]): BreakGroup[] {
  const size = facts.operations.list.length
  const keyOf = ({ row, client }: Hop): number => serviceOfRow(facts, client) * size + at(facts.operations.of, row)
  return groupRows(hops, keyOf).map((own): BreakGroup => {
    const first = own[0] as Hop
    const operation = at(facts.operations.of, first.row)
    const place = makePlace(
      facts,
      own.map(({ row }) => row),
    )
    const edge = { from: nameOfService(facts, serviceOfRow(facts, first.client)), to: place.service }
    const crossed = place.affected + (at(facts.usualParent, operation) < 0 ? 0 : at(facts.usualCount, operation))
    const why = `${place.affected} of ${crossed} calls ${edge.from} → ${edge.to} (${percent(place.affected / crossed)}): the callee's parent is missing, and an unanswered client span of the same trace holds it: the context came through a hop that exports elsewhere`
    return {
      ...place,
      shape: 'direct',
      edge,
      crossed,
      claims: [{ class: 'proxy-strips-header', score: 0.9, why, exoneratedBy: 'exported elsewhere' }],
    }
  })
}
