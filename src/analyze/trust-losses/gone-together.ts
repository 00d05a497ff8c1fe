/**
 * Services that are gone from the very traces in which the owner is, and nowhere else. Their spans leave no orphans when
 * all that they called is gone as well, so what is lost of them is seen only by comparison: with whole traces in which
 * the same calls of the owner were made. A sampler of one process takes that process out; what takes several out of the
 * same traces stands where the spans of several meet.
 */
import { at, MIN_SIGHTINGS, sampleRows, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import type { LostVisit } from './visits.ts'

const SAMPLE = 2_000
const MAX_ROWS = 4_096
/** Of whole traces, the share that the service is in; and of that share, what may be left where the owner is gone. */
const LEAST_USUAL = 0.5
const LEFT = 0.1
const BY_CHANCE = 0.001

export function findGone(facts: TrustFacts, owner: number, visits: readonly LostVisit[]): number[] {
  const absent = visits.filter(({ isAbsent }) => isAbsent)
  if (absent.length < MIN_SIGHTINGS) return []
  const broken = new Set(visits.map(({ trace }) => trace))
  const whole = listWhole(facts, owner, absent, broken)
  if (whole.length < MIN_SIGHTINGS) return []
  const usual = countServices(facts, whole)
  const lost = sampleRows(
    absent.map(({ trace }) => trace),
    SAMPLE,
  )
  const left = countServices(facts, lost)
  const gone: number[] = []
  for (const [service, count] of usual) {
    if (service === owner) continue
    const share = count / whole.length
    const rest = (left.get(service) ?? 0) / lost.length
    if (share < LEAST_USUAL || rest > LEFT * share) continue
    const odds = (1 - Math.min(share, 1 - 1 / whole.length)) ** (lost.length - (left.get(service) ?? 0))
    if (odds < BY_CHANCE) gone.push(service)
  }
  return gone
}

/** Traces in which the owner is the parent of what has lost its parent elsewhere. */
function listWhole(
  facts: TrustFacts,
  owner: number,
  absent: readonly LostVisit[],
  broken: ReadonlySet<number>,
): number[] {
  const { spans, forest, operations } = facts
  const orphans = new Set<number>()
  for (const { losses } of absent) {
    for (const { rows } of losses) for (const row of rows) orphans.add(at(operations.of, row))
  }
  const traces = new Set<number>()
  for (let row = 0; row < spans.count; row++) {
    if (!orphans.has(at(operations.of, row))) continue
    const parent = at(forest.parents, row)
    const trace = at(spans.traces, row)
    if (parent >= 0 && serviceOfRow(facts, parent) === owner && !broken.has(trace)) traces.add(trace)
  }
  return sampleRows([...traces], SAMPLE)
}

function countServices(facts: TrustFacts, traces: readonly number[]): Map<number, number> {
  const { forest } = facts
  const counts = new Map<number, number>()
  for (const trace of traces) {
    const from = at(forest.traceStart, trace)
    const to = Math.min(at(forest.traceStart, trace + 1), from + MAX_ROWS)
    const own = new Set<number>()
    for (let index = from; index < to; index++) own.add(serviceOfRow(facts, at(forest.rows, index)))
    for (const service of own) counts.set(service, (counts.get(service) ?? 0) + 1)
  }
  return counts
}
