/**
 * Where a root lies among what its instance was handling: the handlers that could hold it, whether it ran beside their
 * other calls, and how often it would have by chance. Enters: the facts. Of a handler's spans the first 64 are looked at.
 */

import { ROOT } from '../trust/forest.ts'
import { at, CONSUMER, INTERNAL, instanceOfRow, SERVER, type TrustFacts } from '../trust/trust-facts.ts'
import { buildWindows, findActive, moveTime, type Windows } from '../trust/windows.ts'

const MAX_BELOW = 64
const MAX_DEPTH = 16

/** What handles requests, by instance. */
export function collectHosts(facts: TrustFacts): readonly Windows[] {
  const { spans, forest } = facts
  const lists: number[][] = Array.from({ length: facts.instanceCount }, () => [])
  for (let row = 0; row < spans.count; row++) {
    const kind = at(spans.kinds, row)
    const isHost = kind === SERVER || kind === CONSUMER || (kind <= INTERNAL && forest.parents[row] === ROOT)
    if (isHost) lists[instanceOfRow(facts, row)]?.push(row)
  }
  return lists.map((list) => buildWindows(spans, list))
}

/** Steps within traces, by instance: a goroutine's own span is one, and may go on when its handler has ended. */
export function collectSteps(facts: TrustFacts): readonly Windows[] {
  const { spans, forest } = facts
  const lists: number[][] = Array.from({ length: facts.instanceCount }, () => [])
  for (let row = 0; row < spans.count; row++) {
    const isStep = at(spans.kinds, row) <= INTERNAL && at(forest.parents, row) >= 0
    if (isStep) lists[instanceOfRow(facts, row)]?.push(row)
  }
  return lists.map((list) => buildWindows(spans, list))
}

export function findHost(
  facts: TrustFacts,
  hosts: readonly Windows[],
  row: number,
  movedNs: number,
  isWhole: boolean,
  hasOwn: HasOwn,
): number {
  const { spans } = facts
  const windows = hosts[instanceOfRow(facts, row)]
  if (windows === undefined) return -1
  const start = moveTime(facts, at(spans.startNs, row), movedNs)
  const end = start + at(spans.endNs, row) - at(spans.startNs, row)
  const trace = at(spans.traces, row)
  let host = -1
  findActive(windows, spans, start, (candidate) => {
    if (at(spans.traces, candidate) === trace) return false
    if (facts.operations.of[candidate] === facts.operations.of[row]) return false
    if (isWhole && at(spans.endNs, candidate) < end) return false
    if (hasOwn(candidate, row)) return false
    host = candidate
    return true
  })
  return host
}

/** Whether the handler has below it what the root could be: then it did not lose it. */
export type HasOwn = (host: number, row: number) => boolean

/** The handler has a span of the operation (that may be for the same) below it, in its own process. */
export function hasOperation(
  facts: TrustFacts,
  host: number,
  operation: number,
  isSame: (child: number) => boolean = () => true,
): boolean {
  const { forest, operations } = facts
  if (at(facts.opChildren, operation) === 0) return false
  const instance = instanceOfRow(facts, host)
  const open = [host]
  for (let steps = 0; open.length > 0 && steps < MAX_BELOW; steps++) {
    const row = open.pop() as number
    for (let index = at(forest.childStart, row); index < at(forest.childStart, row + 1); index++) {
      const child = at(forest.children, index)
      if (at(operations.of, child) === operation && isSame(child)) return true
      if (instanceOfRow(facts, child) === instance) open.push(child)
    }
  }
  return false
}

/** Of the handlers that hold the root's start, one whose own calls leave room for all of it; else any. */
export function pickHost(facts: TrustFacts, hosts: readonly Windows[], row: number, hasOwn: HasOwn): number {
  const { spans } = facts
  const windows = hosts[instanceOfRow(facts, row)]
  const first = findHost(facts, hosts, row, 0, false, hasOwn)
  if (first < 0 || windows === undefined) return first
  const operation = at(facts.operations.of, row)
  let free = -1
  findActive(windows, spans, at(spans.startNs, row), (host) => {
    const isOther = at(spans.traces, host) !== at(spans.traces, row) && at(facts.operations.of, host) !== operation
    if (!isOther || at(spans.endNs, host) < at(spans.endNs, row)) return false
    if (hasOwn(host, row) || findBeside(facts, host, row).overlaps) return false
    free = host
    return true
  })
  return free >= 0 ? free : first
}

/** Beside another call of the handler, or of the innermost step of it that holds the root: that one waits for it. */
export function findBeside(
  { spans, forest }: TrustFacts,
  host: number,
  row: number,
): { overlaps: boolean; holder: number } {
  const start = at(spans.startNs, row)
  const end = at(spans.endNs, row)
  let above = host
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const from = at(forest.childStart, above)
    let holder = -1
    let overlaps = false
    for (let index = from; index < Math.min(at(forest.childStart, above + 1), from + MAX_BELOW); index++) {
      const child = at(forest.children, index)
      if (at(spans.startNs, child) >= end || at(spans.endNs, child) <= start) continue
      overlaps = true
      const isStep = at(spans.kinds, child) <= INTERNAL
      if (isStep && at(spans.startNs, child) <= start && at(spans.endNs, child) >= end) holder = child
    }
    if (!overlaps || holder < 0) return { overlaps, holder: above }
    above = holder
  }
  return { overlaps: false, holder: above }
}

/** Of the places within the holder at which the root could begin, the share at which it would meet a child. */
export function chanceBeside({ spans, forest }: TrustFacts, holder: number, row: number): number {
  const length = at(spans.endNs, row) - at(spans.startNs, row)
  const first = at(spans.startNs, holder)
  const last = at(spans.endNs, holder) - length
  if (last <= first) return 0
  const from = at(forest.childStart, holder)
  let coveredNs = 0
  let reached = first
  // Children come in order of their starts.
  for (let index = from; index < Math.min(at(forest.childStart, holder + 1), from + MAX_BELOW); index++) {
    const child = at(forest.children, index)
    const begins = Math.max(reached, at(spans.startNs, child) - length)
    const ends = Math.min(last, at(spans.endNs, child))
    if (ends <= begins) continue
    coveredNs += ends - begins
    reached = ends
  }
  return coveredNs / (last - first)
}
