/**
 * Class 19. Local children that begin when their request is long over: while another request is handled on the same
 * instance, whose work they do; many below one parent; or by more than the settle window, though they lie within their
 * parents otherwise. Work that is always done later, each for its own request, is no break; of what is done later at
 * times, a steady delay may as well be a timer (21).
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { makePlace } from '../trust/places.ts'
import { MIN_SIGHTINGS, percent } from '../trust/trust-facts.ts'
import { isHeld } from '../trust-roots/find-inner-roots.ts'
import { findLateChildren } from './find-late-children.ts'

const LONG_NS = 60e9
const SHORT_NS = 5e9
const STEADY = 0.005
/** Children of one kept context. */
const MANY = 3
const USUAL = 0.3

export const staleContext: BreakClassRule = {
  class: 'stale-context',
  find(facts) {
    return findLateChildren(facts).flatMap((late): BreakGroup[] => {
      const { rows, delayNs, spread, during, parents, usuallyWithin } = late
      if (rows.length < MIN_SIGHTINGS) return []
      const isKept = rows.length >= MANY * parents
      const isDuring = isHeld(during) || isKept
      if (!isDuring && (delayNs < SHORT_NS || usuallyWithin < USUAL)) return []
      for (const row of rows) facts.taken[row] = 1
      const own = makePlace(facts, rows)
      // Each is the work of another request, although they are all in one trace.
      const place = isDuring ? { ...own, affected: rows.length, crossed: Math.max(own.crossed, rows.length) } : own
      const isSteady = spread < STEADY
      const seconds = (delayNs / 1e9).toFixed(1)
      const meanwhile = isHeld(during)
        ? `; ${percent(during.seen)} of them while another request is handled there, by chance ${percent(during.chance)}`
        : isKept
          ? `; they have ${parents} ${parents === 1 ? 'parent' : 'parents'}`
          : ''
      const why = `${rows.length} ${place.operation} begin ${seconds} s (median) after their parent ended and nothing of the trace was left${meanwhile}`
      const isSure = isDuring || delayNs >= LONG_NS
      const claims = [
        { class: 'stale-context', score: isSure ? 0.9 : isSteady ? 0.5 : 0.6, why } as const,
        {
          class: 'shared-work',
          score: isSure ? 0.3 : isSteady ? 0.65 : 0.45,
          why: isSteady ? `${why}; the delay is steady: a timer` : why,
        } as const,
      ]
      return [{ ...place, shape: 'direct', claims }]
    })
  },
}
