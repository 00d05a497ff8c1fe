/**
 * Local children that begin when everything of their trace is long over. Enters: the facts. Leaves: per operation, how
 * long after, how steady that delay is, how many parents they have, how often the operation is otherwise within its
 * parent, and how often another request that lacks such a span is being handled there at that moment. Consumers have
 * their parents elsewhere and may come late: not these.
 */
import type { Lift } from '../trust/break-group.ts'
import { groupByOperation } from '../trust/places.ts'
import {
  at,
  CONSUMER,
  instanceOfRow,
  MIN_SIGHTINGS,
  SERVER,
  sampleRows,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { findActive, measureLift, median, moveTime } from '../trust/windows.ts'
import { collectHosts, hasOperation } from '../trust-roots/root-hosts.ts'

const LEAST_NS = 1e9
/** Of the trace's own length. */
const LEAST_TIMES = 10
const SAMPLE = 200
/** Of many children of one span, after the handler above it has ended. */
const LEAST_GAP_NS = 10e6
const MAX_ABOVE = 16

export type LateChildren = {
  readonly rows: readonly number[]
  readonly delayNs: number
  /** Half of the delays are within this part of the median. */
  readonly spread: number
  readonly during: Lift
  /** Of the operation's local children, those that begin within their parent. */
  readonly usuallyWithin: number
  readonly parents: number
}

export function findLateChildren(facts: TrustFacts): LateChildren[] {
  const rows = [...new Set([...listLate(facts), ...listKept(facts)])]
  if (rows.length === 0) return []
  const hosts = collectHosts(facts)
  const { spans, forest, operations } = facts
  const within = shareWithin(facts)
  return groupByOperation(facts, rows).map((own) => {
    const operation = at(operations.of, own[0] as number)
    const delays = own.map((row) => at(spans.startNs, row) - at(spans.endNs, at(forest.parents, row)))
    const delayNs = median(delays)
    const spread = median(delays.map((delay) => Math.abs(delay - delayNs))) / Math.max(1, delayNs)
    const sample = sampleRows(own, SAMPLE)
    const typical = hosts[instanceOfRow(facts, own[0] as number)]?.medianNs ?? 0
    const during = measureLift(facts, sample, typical, (row, movedNs) => {
      const windows = hosts[instanceOfRow(facts, row)]
      if (windows === undefined) return false
      const time = moveTime(facts, at(spans.startNs, row), movedNs)
      return findActive(
        windows,
        spans,
        time,
        (host) => at(spans.traces, host) !== at(spans.traces, row) && !hasOperation(facts, host, operation),
      )
    })
    const parents = new Set(own.map((row) => at(forest.parents, row))).size
    return { rows: own, delayNs, spread, during, usuallyWithin: at(within, operation), parents }
  })
}

/** By operation: of the local children, the share that begins before its parent ends. */
function shareWithin(facts: TrustFacts): Float64Array {
  const { spans, forest, operations } = facts
  const all = new Uint32Array(operations.list.length)
  const within = new Float64Array(operations.list.length)
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    if (parent < 0 || instanceOfRow(facts, parent) !== instanceOfRow(facts, row)) continue
    const operation = at(operations.of, row)
    all[operation] = at(all, operation) + 1
    if (at(spans.startNs, row) < at(spans.endNs, parent)) within[operation] = at(within, operation) + 1
  }
  return within.map((count, operation) => count / Math.max(1, at(all, operation)))
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

/**
 * A span that goes on to get children, long after the handler that it is in has ended: its context was kept. Many, so
 * that the trace itself never rests.
 */
function listKept(facts: TrustFacts): number[] {
  const { spans, forest } = facts
  const kept: number[] = []
  for (let parent = 0; parent < spans.count; parent++) {
    const from = at(forest.childStart, parent)
    const to = at(forest.childStart, parent + 1)
    if (to - from < MIN_SIGHTINGS) continue
    const handler = handlerOf(facts, parent)
    const endNs = Math.max(at(spans.endNs, parent), at(spans.endNs, handler))
    const startNs = Math.min(at(spans.startNs, parent), at(spans.startNs, handler))
    const lateNs = endNs + Math.max(LEAST_GAP_NS, LEAST_TIMES * (endNs - startNs))
    const late: number[] = []
    for (let index = from; index < to; index++) {
      const row = at(forest.children, index)
      if (at(spans.startNs, row) > lateNs && isLate(facts, row, endNs)) late.push(row)
    }
    if (late.length < MIN_SIGHTINGS) continue
    // Those that began soon after the end were given the same context.
    for (let index = from; index < to; index++) {
      const row = at(forest.children, index)
      if (at(spans.startNs, row) > endNs && isLate(facts, row, endNs)) kept.push(row)
    }
  }
  return kept
}

/** The span of its own process that is above all others. */
function handlerOf(facts: TrustFacts, row: number): number {
  const { forest } = facts
  let handler = row
  for (let steps = 0; steps < MAX_ABOVE; steps++) {
    const above = at(forest.parents, handler)
    if (above < 0 || instanceOfRow(facts, above) !== instanceOfRow(facts, row)) break
    handler = above
  }
  return handler
}

function isLate(facts: TrustFacts, row: number, overNs: number): boolean {
  const { spans, forest } = facts
  const parent = at(forest.parents, row)
  const kind = at(spans.kinds, row)
  if (parent < 0 || facts.taken[row] === 1 || kind === SERVER || kind === CONSUMER) return false
  return at(spans.endNs, parent) <= overNs && instanceOfRow(facts, parent) === instanceOfRow(facts, row)
}
