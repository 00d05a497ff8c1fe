/**
 * Callers from outside: a server's span with a remote parent that nobody here ever is, with nothing of its trace before
 * it. Browsers, partners, load balancers that send a context and export elsewhere. No debt at any rate; it is told as
 * a public edge. An operation that is called from here as well counts where most of its traces begin with it.
 */

import { unsureBetween } from '../trust/aligned-times.ts'
import type { BreakGroup } from '../trust/break-group.ts'
import { ORPHAN } from '../trust/forest.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import { at, CONSUMER, nameOfService, SERVER, type TrustFacts } from '../trust/trust-facts.ts'

/** `orphans`: those of the trace, by start; `hasRoot`: its root is there, so that somebody here began it. */
export function isOutsideCaller(facts: TrustFacts, row: number, orphans: readonly number[], hasRoot: boolean): boolean {
  if (hasRoot || !isPublic(facts, row)) return false
  const { aligned, spans } = facts
  return orphans.every(
    (other) =>
      other === row ||
      isPublic(facts, other) ||
      at(aligned.startNs, other) + unsureBetween(aligned, spans, row, other) >= at(aligned.startNs, row),
  )
}

/** Its parents are never from here, or it begins traces itself more often than it is called. */
function isPublic(facts: TrustFacts, row: number): boolean {
  const kind = at(facts.spans.kinds, row)
  if ((kind !== SERVER && kind !== CONSUMER) || facts.forest.parents[row] !== ORPHAN) return false
  const operation = at(facts.operations.of, row)
  const called = at(facts.opChildren, operation)
  return called === 0 || at(facts.opRoots, operation) > called
}

export function groupCallers(facts: TrustFacts, rows: readonly number[]): BreakGroup[] {
  return groupByOperation(facts, rows).map((own): BreakGroup => {
    const place = makePlace(facts, own)
    const operation = at(facts.operations.of, own[0] as number)
    const service = nameOfService(facts, at(facts.opService, operation))
    const why = `${own.length} remote parents of ${place.operation} that no service of this data is; ${service} is where these traces come in, nothing of them begins before`
    return {
      ...place,
      shape: 'direct',
      claims: [{ class: 'external-caller', score: 0.9, why, exoneratedBy: 'public edge' }],
    }
  })
}
