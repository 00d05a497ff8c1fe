/**
 * Class 30. Server spans outside their client's by an offset that is steady for the pair of hosts. A child that merely
 * ends late, or that is longer than its parent, does asynchronous work: no skew. Reported, never a debt.
 */
import type { BreakClassRule, BreakGroup } from '../trust/break-group.ts'
import { groupRows, makePlace } from '../trust/places.ts'
import {
  at,
  CLIENT,
  MIN_SIGHTINGS,
  nameOfService,
  SERVER,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { median } from '../trust/windows.ts'

/** Clocks of one machine, and rounding. */
const LEAST_NS = 100e3
const STEADY = 0.35
const MAX_SAMPLE = 2_000

export const clockSkew: BreakClassRule = {
  class: 'clock-skew',
  find(facts) {
    const rows: number[] = []
    const { spans, forest } = facts
    for (let row = 0; row < spans.count; row++) {
      const parent = at(forest.parents, row)
      if (parent < 0 || at(spans.kinds, row) !== SERVER || at(spans.kinds, parent) !== CLIENT) continue
      if (hostOf(facts, parent) === hostOf(facts, row)) continue
      const early = at(spans.startNs, parent) - at(spans.startNs, row)
      const late = at(spans.endNs, row) - at(spans.endNs, parent)
      if (Math.max(early, late) < LEAST_NS || early + late > 0) continue
      rows.push(row)
    }
    const size = facts.services.length
    const keyOf = (row: number): number =>
      serviceOfRow(facts, at(forest.parents, row)) * size + serviceOfRow(facts, row)
    return groupRows(rows, keyOf).flatMap((own) => describeSkew(facts, own))
  },
}

function describeSkew(facts: TrustFacts, rows: readonly number[]): BreakGroup[] {
  const { forest } = facts
  if (rows.length < MIN_SIGHTINGS) return []
  const offsets = rows.slice(0, MAX_SAMPLE).map((row) => offsetOf(facts, row))
  const middle = median(offsets)
  const spread = median(offsets.map((offset) => Math.abs(offset - middle)))
  if (spread > STEADY * Math.abs(middle)) return []
  const place = makePlace(facts, rows)
  const from = nameOfService(facts, serviceOfRow(facts, at(forest.parents, rows[0] as number)))
  const ahead = middle > 0 ? `ahead of ${from}` : `behind ${from}`
  const why = `${rows.length} server spans of ${place.service} lie outside their clients' by a steady ${(Math.abs(middle) / 1e6).toFixed(1)} ms (half within ${(spread / 1e6).toFixed(1)} ms): its clock is ${ahead}'s`
  return [
    {
      ...place,
      shape: 'direct',
      edge: { from, to: place.service },
      claims: [{ class: 'clock-skew', score: 0.9, exoneratedBy: 'clock skew', why }],
    },
  ]
}

/** Callee's clock less caller's, the call being in the middle of the client's span. */
function offsetOf({ spans, forest }: TrustFacts, row: number): number {
  const parent = at(forest.parents, row)
  return (at(spans.startNs, row) + at(spans.endNs, row) - at(spans.startNs, parent) - at(spans.endNs, parent)) / 2
}

/** Host where it is known, else the resource: one that has no host shares no clock that we know of. */
function hostOf({ spans }: TrustFacts, row: number): string | number {
  const resource = at(spans.resourceOf, row)
  return spans.resources[resource]?.host ?? resource
}
