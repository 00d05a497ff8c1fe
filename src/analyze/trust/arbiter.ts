/**
 * From what the classes claim of a group to one case. An exoneration that fits best ends it; a claim that is settled by
 * headers, source or ids stands alone; else a single name needs a class that spans can prove, a good score, a distance to
 * the next and enough sightings. Everything else is `unexplained`, with the likeliest first and at most three names.
 */
import type { Confidence } from '../../model/contract.ts'
import { type BreakClass, type BreakClassRow, breakClasses } from '../../model/trust/break-classes.ts'
import { findSource, type SourceMatch } from '../trust-source/match-source.ts'
import type { BreakCase } from './break-case.ts'
import type { BreakGroup, Claim } from './break-group.ts'
import { MIN_SIGHTINGS, type TrustFacts } from './trust-facts.ts'

const SINGLE_SCORE = 0.75
const SINGLE_DISTANCE = 0.15
const LEAST_SCORE = 0.15
const MOST_NAMES = 3

export type NamedClaim = Claim & { readonly class: BreakClass }

const rowOf: ReadonlyMap<BreakClass, BreakClassRow> = new Map(breakClasses.map((row) => [row.name, row]))

export function decideCase(group: BreakGroup, claims: readonly NamedClaim[], facts: TrustFacts): BreakCase | undefined {
  if (group.shape === 'pending') return withoutCause(group, 'pending', waiting(group, facts))
  if (group.shape === 'outside') {
    return { ...withoutCause(group, 'exonerated', group.why), exoneratedBy: 'outside the window' }
  }
  if (group.shape === 'inner-root' && group.apart !== undefined) {
    return { ...withoutCause(group, 'exonerated', group.apart.why), exoneratedBy: group.apart.by }
  }
  const ranked = claims.filter(({ score }) => score >= LEAST_SCORE).sort((left, right) => right.score - left.score)
  const best = ranked[0]
  if (best === undefined) {
    return group.shape === 'loss' ? withoutCause(group, 'unexplained', 'parents are missing') : undefined
  }
  const base = describe(group, best)
  if (best.exoneratedBy !== undefined) {
    return {
      ...base,
      class: best.class,
      alternatives: [],
      state: 'exonerated',
      exoneratedBy: best.exoneratedBy,
      confidence: best.score >= SINGLE_SCORE ? 'probable' : 'possible',
      decidedBy: [],
      why: best.why,
    }
  }
  const held = ranked.filter(({ exoneratedBy }) => exoneratedBy === undefined)
  const source = findSource(group, held, facts)
  const settled = held.find((claim) => claim.settled === true)
  // What headers or ids show of the edge itself outweighs what the code says.
  if (settled !== undefined) {
    const place = source?.claim.class === settled.class ? { source: source.place, candidates: source.candidates } : {}
    return { ...lost({ ...base, ...culprit(settled) }, settled.class, 'certain', settled.why), ...place }
  }
  if (source !== undefined) return explain(base, source, held[0])
  const second = held[1]?.score ?? 0
  const isProvable = rowOf.get(best.class)?.fromSpans === 'high'
  const sightings =
    group.shape === 'direct' && group.logRecords !== undefined ? group.logRecords.affected : group.affected
  const isEnough = sightings >= MIN_SIGHTINGS
  if (isProvable && isEnough && best.score >= SINGLE_SCORE && best.score - second >= SINGLE_DISTANCE) {
    return lost(base, best.class, 'probable', best.why)
  }
  const names = held.slice(0, MOST_NAMES)
  const thin = isEnough ? '' : ` (${sightings} ${sightings === 1 ? 'sighting' : 'sightings'}: too few for one name)`
  return {
    ...base,
    class: best.class,
    alternatives: names.slice(1).map((claim) => claim.class),
    state: 'unexplained',
    confidence: 'possible',
    decidedBy: [...new Set(names.flatMap((claim) => rowOf.get(claim.class)?.decidedBy ?? []))],
    why: best.why + thin,
  }
}

type Base = Omit<BreakCase, 'alternatives' | 'state' | 'confidence' | 'decidedBy' | 'why' | 'class' | 'exoneratedBy'>

function withoutCause(group: BreakGroup, state: BreakCase['state'], why: string): BreakCase {
  return { ...describe(group), alternatives: [], state, confidence: 'possible', decidedBy: [], why }
}

function waiting({ rows }: BreakGroup, { settleNs }: TrustFacts): string {
  return `${rows.length} spans without their parents, which may still come: the data ends within ${Math.round(settleNs / 1e9)} s of them`
}

function describe(group: BreakGroup, best?: NamedClaim): Base {
  return {
    service: best?.culprit ?? group.service,
    operation: group.operation,
    ...(group.version === undefined ? {} : { version: group.version }),
    ...(group.edge === undefined ? {} : { edge: group.edge }),
    rows: group.rows,
    affected: group.affected,
    crossed: Math.max(group.crossed, group.affected),
    ...(group.shape === 'direct' && group.logRecords !== undefined ? { logRecords: group.logRecords } : {}),
    ...(group.shape === 'loss' && group.isOwnerKnown ? { missing: group.missing } : {}),
  }
}

function culprit(claim: NamedClaim): { service?: string } {
  return claim.culprit === undefined ? {} : { service: claim.culprit }
}

/**
 * The code does it. Certain, unless it does another thing that would break the same way, or has no more in common with the
 * break than a route while the spans themselves speak for another class.
 */
function explain(
  base: Base,
  { claim, place, candidates, rival, isFar }: SourceMatch<NamedClaim>,
  likeliest: NamedClaim | undefined,
): BreakCase {
  const also =
    rival === undefined
      ? ''
      : `; ${rival.class} at ${rival.evidence.file}:${rival.evidence.line} would explain it as well`
  const why = `${claim.why}; ${place.file}:${place.line} does it${also}`
  const isLikely = claim.score >= (likeliest?.score ?? 0) - SINGLE_DISTANCE
  const isSure = rival === undefined && (!isFar || isLikely)
  const found = lost({ ...base, ...culprit(claim) }, claim.class, isSure ? 'certain' : 'probable', why)
  return { ...found, source: place, candidates }
}

function lost(base: Base, name: BreakClass, confidence: Confidence, why: string): BreakCase {
  return { ...base, class: name, alternatives: [], state: 'lost', confidence, decidedBy: [], why }
}
