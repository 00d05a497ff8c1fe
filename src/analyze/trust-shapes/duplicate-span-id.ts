/** Class 31. One span id twice in a trace. Client and server of one Zipkin call share theirs: not counted (see forest). */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'

export const duplicateSpanId: BreakClassRule = {
  class: 'duplicate-span-id',
  find(facts) {
    for (const row of facts.forest.duplicates) facts.taken[row] = 1
    return groupByOperation(facts, facts.forest.duplicates).map((rows): BreakGroup => {
      const place = makePlace(facts, rows)
      const why = `${rows.length} spans ${place.operation} have an id that another span of their trace has`
      return { ...place, shape: 'direct', claims: [{ class: 'duplicate-span-id', score: 0.97, why }] }
    })
  },
}
