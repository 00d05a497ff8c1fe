/**
 * Class 10. Spans that lie within a sibling of the same process, as its children would: the sibling's context was
 * dropped. Known where the operation is otherwise that sibling's child. Where it never is: only if it always lies within
 * and the two durations go together; spans that merely run side by side do not.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import { INTERNAL, MIN_SIGHTINGS, nameOfOperation } from '../trust/trust-facts.ts'
import { findSiblingsWithin, type SiblingsWithin } from './find-siblings-within.ts'

const MIN_ALWAYS = 20
const ALWAYS = 0.98
const TOGETHER = 0.7

export const spanContextDropped: BreakClassRule = {
  class: 'span-context-dropped',
  find(facts) {
    return findSiblingsWithin(facts).flatMap((pair): BreakGroup[] => {
      const rows = pair.rows.filter((row) => facts.taken[row] === 0)
      if (rows.length === 0 || !isDropped(pair)) return []
      for (const row of rows) facts.taken[row] = 1
      const place = makePlace(facts, rows)
      const outer = nameOfOperation(facts, pair.outer)
      const usual = pair.isUsual
        ? `; otherwise it is its child`
        : `; their durations go together (${pair.together.toFixed(2)})`
      const why = `${pair.within} of ${pair.beside} ${place.operation} beside ${outer} lie within it and are its siblings${usual}`
      const isParallel = pair.parallel >= 0.3
      const claims = [{ class: 'span-context-dropped', score: isParallel ? 0.6 : 0.7, why } as const]
      return [{ ...place, shape: 'direct', claims, parallel: pair.parallel }]
    })
  },
}

function isDropped({ isUsual, rows, within, beside, together, outerKind }: SiblingsWithin): boolean {
  if (isUsual) return within >= 0.7 * beside
  const isAlways = rows.length >= MIN_ALWAYS && within >= ALWAYS * beside
  return outerKind === INTERNAL && isAlways && together >= TOGETHER && rows.length >= MIN_SIGHTINGS
}
