/** Class 29. A root with a link to where it came from: the recommended form, no debt. */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { ROOT } from '../trust/forest.ts'
import { groupByOperation, makePlace } from '../trust/places.ts'
import { hasLink } from '../trust/trust-facts.ts'

export const forcedNewRoot: BreakClassRule = {
  class: 'forced-new-root',
  find(facts) {
    const rows: number[] = []
    for (let row = 0; row < facts.spans.count; row++) {
      if (facts.forest.parents[row] === ROOT && facts.taken[row] === 0 && hasLink(facts, row)) rows.push(row)
    }
    return groupByOperation(facts, rows).map((own): BreakGroup => {
      for (const row of own) facts.taken[row] = 1
      const place = makePlace(facts, own)
      const why = `${own.length} roots ${place.operation} with a link to where they came from`
      return {
        ...place,
        shape: 'direct',
        claims: [{ class: 'forced-new-root', score: 0.95, exoneratedBy: 'link', why }],
      }
    })
  },
}
