/**
 * Class 26. The callee hangs under the caller's own parent: same parent id as the caller's server span, while it lies
 * within a client span of the caller that nobody answered. Inbound headers were copied over the injected ones.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupRows, makePlace } from '../trust/places.ts'
import { at, CLIENT, nameOfService, SERVER, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'

const MAX_STEPS = 32
const TOLERANCE_NS = 1e6
const MAX_PER_TRACE = 512

export const headerOverwritten: BreakClassRule = {
  class: 'header-overwritten',
  find(facts) {
    const { spans, forest } = facts
    const callers = new Map<number, number>()
    const clients: number[] = []
    for (let trace = 0; trace < spans.traceCount; trace++) {
      clients.length = 0
      const from = at(forest.traceStart, trace)
      const to = Math.min(at(forest.traceStart, trace + 1), from + MAX_PER_TRACE)
      for (let index = from; index < to; index++) {
        const row = at(forest.rows, index)
        const kind = at(spans.kinds, row)
        if (kind === CLIENT && facts.answered[row] === 0) clients.push(row)
        if (kind !== SERVER || clients.length === 0 || facts.taken[row] === 1) continue
        if (spans.parentHigh[row] === 0 && spans.parentLow[row] === 0) continue
        for (const client of clients) {
          if (!isSkipped(facts, client, row)) continue
          callers.set(row, client)
          break
        }
      }
    }
    return groupCases(facts, callers)
  },
}

/** The client holds the server; the handler above the client has the same parent as the server has. */
function isSkipped({ spans, forest, serviceOf }: TrustFacts, client: number, server: number): boolean {
  if (at(spans.endNs, client) + TOLERANCE_NS < at(spans.endNs, server)) return false
  if (at(spans.startNs, client) > at(spans.startNs, server) + TOLERANCE_NS) return false
  const service = at(serviceOf, at(spans.resourceOf, client))
  if (service === at(serviceOf, at(spans.resourceOf, server))) return false
  let row = client
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    if (row === server || at(serviceOf, at(spans.resourceOf, row)) !== service) return false
    if (at(spans.kinds, row) === SERVER) {
      return spans.parentHigh[row] === spans.parentHigh[server] && spans.parentLow[row] === spans.parentLow[server]
    }
    const parent = at(forest.parents, row)
    if (parent < 0) return false
    row = parent
  }
  return false
}

function groupCases(facts: TrustFacts, callers: ReadonlyMap<number, number>): BreakGroup[] {
  const size = facts.services.length
  const keyOf = (row: number): number =>
    at(facts.operations.of, row) * size + serviceOfRow(facts, callers.get(row) as number)
  return groupRows([...callers.keys()], keyOf).map((rows): BreakGroup => {
    for (const row of rows) {
      facts.taken[row] = 1
      facts.taken[callers.get(row) as number] = 1
    }
    const place = makePlace(facts, rows)
    const from = nameOfService(facts, serviceOfRow(facts, callers.get(rows[0] as number) as number))
    const why = `${rows.length} of ${place.crossed} ${place.operation} of ${place.service} have the parent of their caller's (${from}) handler, and lie within its childless client span`
    return {
      ...place,
      shape: 'direct',
      service: from,
      edge: { from, to: place.service },
      claims: [{ class: 'header-overwritten', score: 0.95, why }],
    }
  })
}
