/**
 * Local children that begin when everything of their trace is long over. Enters: the facts. Leaves: per operation, how
 * long after, how steady that delay is, and how often another request is being handled there at that moment. Consumers
 * have their parents elsewhere and may come late: not these.
 */
import type { Lift } from '../trust/break-group.ts'
import { groupByOperation } from '../trust/places.ts'
import { at, CONSUMER, instanceOfRow, SERVER, sampleRows, type TrustFacts } from '../trust/trust-facts.ts'
import { findActive, measureLift, median, moveTime } from '../trust/windows.ts'
import { collectHosts } from '../trust-roots/find-inner-roots.ts'

const LEAST_NS = 1e9
/** Of the trace's own length. */
const LEAST_TIMES = 10
const SAMPLE = 200

export type LateChildren = {
  readonly rows: readonly number[]
  readonly delayNs: number
  /** Half of the delays are within this part of the median. */
  readonly spread: number
  readonly during: Lift
}

export function findLateChildren(facts: TrustFacts): LateChildren[] {
  const rows = listLate(facts)
  if (rows.length === 0) return []
  const hosts = collectHosts(facts)
  const { spans, forest } = facts
  return groupByOperation(facts, rows).map((own) => {
    const delays = own.map((row) => at(spans.startNs, row) - at(spans.endNs, at(forest.parents, row)))
    const delayNs = median(delays)
    const spread = median(delays.map((delay) => Math.abs(delay - delayNs))) / Math.max(1, delayNs)
    const sample = sampleRows(own, SAMPLE)
    const typical = hosts[instanceOfRow(facts, own[0] as number)]?.medianNs ?? 0
    const during = measureLift(facts, sample, typical, (row, movedNs) => {
      const windows = hosts[instanceOfRow(facts, row)]
      if (windows === undefined) return false
      const time = moveTime(facts, at(spans.startNs, row), movedNs)
      return findActive(windows, spans, time, (host) => at(spans.traces, host) !== at(spans.traces, row))
    })
    return { rows: own, delayNs, spread, during }
  })
}

function listLate(facts: TrustFacts): number[] {
  const { spans, forest } = facts
  const late: number[] = []
  for (let trace = 0; trace < spans.traceCount; trace++) {
    const firstNs = at(facts.traceFirst, trace)
    let lastNs = firstNs
    if (at(facts.traceLast, trace) - firstNs < LEAST_NS) continue
    let isOver = false
    for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
      const row = at(forest.rows, index)
      const gap = at(spans.startNs, row) - lastNs
      isOver ||= gap > LEAST_NS && gap > LEAST_TIMES * (lastNs - firstNs)
      if (!isOver) lastNs = Math.max(lastNs, at(spans.endNs, row))
      else if (isLate(facts, row, lastNs)) late.push(row)
    }
  }
  return late
}

function isLate(facts: TrustFacts, row: number, overNs: number): boolean {
  const { spans, forest } = facts
  const parent = at(forest.parents, row)
  const kind = at(spans.kinds, row)
  if (parent < 0 || facts.taken[row] === 1 || kind === SERVER || kind === CONSUMER) return false
  return at(spans.endNs, parent) <= overNs && instanceOfRow(facts, parent) === instanceOfRow(facts, row)
}
