/**
 * Class 10. Spans that lie within a sibling of the same process, as its children would: the sibling's context was
 * dropped. Known where the operation is otherwise that sibling's child. Where it never is: only if it always lies within
 * and the sibling ends when the last of those within it has; spans that merely run side by side do not, though a busy
 * machine stretches them together.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import { INTERNAL, MIN_SIGHTINGS, nameOfOperation } from '../trust/trust-facts.ts'
import { findSiblingsWithin, type SiblingsWithin } from './find-siblings-within.ts'

const MIN_ALWAYS = 20
const ALWAYS = 0.98
const TOGETHER = 0.7
const MOST_LOOSE = 0.5
const IN_TURN = 0.5

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
        : `; it ends when they have (correlation ${pair.together.toFixed(2)})`
      const why = `${pair.within} of ${pair.beside} ${place.operation} beside ${outer} lie within it and are its siblings${usual}`
      const isParallel = pair.parallel >= 0.3
      const claims = [{ class: 'span-context-dropped', score: isParallel ? 0.6 : 0.7, why } as const]
      return [{ ...place, shape: 'direct', claims, parallel: pair.parallel }]
    })
  },
}

function isDropped(pair: SiblingsWithin): boolean {
  const { isUsual, rows, within, beside, together, looseness, inTurn, outerKind } = pair
  if (isUsual) return rows.length >= MIN_SIGHTINGS && within >= 0.7 * beside
  const isAlways = rows.length >= MIN_ALWAYS && within >= ALWAYS * beside
  return outerKind === INTERNAL && isAlways && together >= TOGETHER && looseness <= MOST_LOOSE && inTurn >= IN_TURN
}
