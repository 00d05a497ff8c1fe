/**
 * Server spans without a parent and the childless client spans that hold them: the two halves of a call whose context
 * was lost. Operations are paired only where one holds the other more than chance does, seen from either side; then rows
 * one to one, the tightest first. Where answered calls between two services show that their clocks differ, times are
 * compared with that difference taken off; no time is changed.
 */
import type { Lift } from '../trust/break-group.ts'
import { at, CLIENT, MIN_SIGHTINGS, SERVER, sampleRows, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import {
  buildWindows,
  findActive,
  isLifted,
  lastBefore,
  measureLift,
  median,
  moveTime,
  type Windows,
} from '../trust/windows.ts'
import type { Callers } from './collect-callers.ts'

const SAMPLE = 120
/** Looked at first, to see whether there is anything to measure. */
const FIRST = 40
const MAX_CALLERS = 32
const MAX_STEPS = 128
const OFFSETS = 101

export type Pair = { readonly client: number; readonly server: number }
export type PairedOperation = { readonly caller: number; readonly lift: Lift; readonly pairs: readonly Pair[] }

export type Offsets = ReadonlyMap<number, number>

/** Of `roots`, server spans of one operation: by operation of the callers that hold them. */
export function pairServers(
  facts: TrustFacts,
  callers: Callers,
  offsets: Offsets,
  roots: readonly number[],
): PairedOperation[] {
  const service = serviceOfRow(facts, roots[0] as number)
  const windows = buildWindows(facts.spans, roots)
  const known = [...(callers.known.get(service) ?? [])]
  const others = [...callers.unknown].filter(([, rows]) => rows.length >= MIN_SIGHTINGS)
  others.sort((left, right) => right[1].length - left[1].length)
  const accepted: { caller: number; rows: readonly number[]; lift: Lift }[] = []
  for (const [caller, rows] of [...known, ...others.slice(0, MAX_CALLERS)]) {
    const lift = measurePair(facts, offsets, windows, rows)
    if (lift !== undefined) accepted.push({ caller, rows, lift })
  }
  accepted.sort((left, right) => right.lift.seen - right.lift.chance - (left.lift.seen - left.lift.chance))
  const used = new Set<number>()
  return accepted.map(({ caller, rows, lift }) => ({
    caller,
    lift,
    pairs: matchRows(facts, offsets, windows, rows, used),
  }))
}

/** How far the callee's clock is ahead, by caller * services + callee; only where its spans stand out of their parents. */
export function learnOffsets(facts: TrustFacts): Offsets {
  const { spans, forest, services } = facts
  const seen = new Map<number, { offsets: number[]; out: number }>()
  for (let row = 0; row < spans.count; row++) {
    const parent = at(forest.parents, row)
    if (parent < 0 || at(spans.kinds, row) !== SERVER || at(spans.kinds, parent) !== CLIENT) continue
    const key = serviceOfRow(facts, parent) * services.length + serviceOfRow(facts, row)
    const own = seen.get(key) ?? { offsets: [], out: 0 }
    seen.set(key, own)
    if (own.offsets.length >= OFFSETS) continue
    const early = at(spans.startNs, row) - at(spans.startNs, parent)
    const late = at(spans.endNs, row) - at(spans.endNs, parent)
    own.offsets.push((early + late) / 2)
    if (early < 0 || late > 0) own.out++
  }
  const offsets = new Map<number, number>()
  for (const [key, own] of seen) if (own.out * 2 > own.offsets.length) offsets.set(key, median(own.offsets))
  return offsets
}

/**
 * From the servers' side, else from the clients'; undefined: no more than chance. Where childless clients are so many
 * that any time falls into one, only those that begin as closely before as half of the servers' nearest do are counted.
 */
function measurePair(
  facts: TrustFacts,
  offsets: Offsets,
  roots: Windows,
  clients: readonly number[],
): Lift | undefined {
  const { spans } = facts
  const callers = buildWindows(spans, clients)
  const typical = callers.medianNs
  const servers = sampleRows(roots.rows, SAMPLE)
  if (shareOf(sampleRows(servers, FIRST), (row) => gapTo(facts, offsets, callers, row, 0) >= 0) >= 0.2) {
    const lift = measureLift(
      facts,
      servers,
      typical,
      (row, movedNs) => gapTo(facts, offsets, callers, row, movedNs) >= 0,
    )
    if (isLifted(lift)) return lift
    const gaps = servers.map((row) => gapTo(facts, offsets, callers, row, 0)).filter((gap) => gap >= 0)
    const limit = median(gaps)
    const close = measureLift(facts, servers, typical, (row, movedNs) => {
      const gap = gapTo(facts, offsets, callers, row, movedNs)
      return gap >= 0 && gap <= limit
    })
    if (lift.chance > 0.5 && isLifted(close)) return close
  }
  const sample = sampleRows(clients, SAMPLE)
  const holdsServer = (client: number, movedNs: number): boolean =>
    findHeld(facts, offsets, roots, client, movedNs) >= 0
  if (shareOf(sampleRows(sample, FIRST), (row) => holdsServer(row, 0)) < 0.2) return undefined
  const lift = measureLift(facts, sample, typical, holdsServer)
  return isLifted(lift) ? lift : undefined
}

/** How long before the server's span the nearest client's begins that holds it; -1: none. */
function gapTo(facts: TrustFacts, offsets: Offsets, callers: Windows, row: number, movedNs: number): number {
  const { spans } = facts
  const start = moveTime(facts, at(spans.startNs, row), movedNs)
  const end = start + at(spans.endNs, row) - at(spans.startNs, row)
  let gap = -1
  findActive(
    callers,
    spans,
    start + slack(facts, offsets, row, callers),
    (client) => {
      if (!isHeld(facts, offsets, client, row, start, end)) return false
      gap = Math.max(0, start - offsetOf(facts, offsets, client, row) - at(spans.startNs, client))
      return true
    },
    MAX_STEPS,
  )
  return gap
}

function slack(facts: TrustFacts, offsets: Offsets, server: number, windows: Windows): number {
  const client = at(windows.rows, 0)
  return Math.max(0, -offsetOf(facts, offsets, client, server)) + toleranceOf(windows.medianNs)
}

function offsetOf(facts: TrustFacts, offsets: Offsets, client: number, server: number): number {
  return offsets.get(serviceOfRow(facts, client) * facts.services.length + serviceOfRow(facts, server)) ?? 0
}

function toleranceOf(durationNs: number): number {
  return 100e3 + 0.01 * durationNs
}

function isHeld(
  facts: TrustFacts,
  offsets: Offsets,
  client: number,
  server: number,
  startNs: number,
  endNs: number,
): boolean {
  const { spans } = facts
  if (at(spans.traces, client) === at(spans.traces, server)) return false
  const offset = offsetOf(facts, offsets, client, server)
  const from = at(spans.startNs, client)
  const to = at(spans.endNs, client)
  const tolerance = toleranceOf(to - from)
  return startNs - offset >= from - tolerance && endNs - offset <= to + tolerance
}

/** A server span within the client's, that fits it best; -1: none. */
function findHeld(
  facts: TrustFacts,
  offsets: Offsets,
  roots: Windows,
  client: number,
  movedNs: number,
  used?: ReadonlySet<number>,
): number {
  const { spans } = facts
  const start = moveTime(facts, at(spans.startNs, client), movedNs)
  const moved = start - at(spans.startNs, client)
  const offset = offsetOf(facts, offsets, client, at(roots.rows, 0))
  const duration = at(spans.endNs, client) - at(spans.startNs, client)
  const tolerance = toleranceOf(duration)
  const first = lastBefore(roots.starts, start + offset - tolerance) + 1
  let best = -1
  let bestNs = -1
  for (let index = first; index < Math.min(roots.rows.length, first + MAX_STEPS); index++) {
    const begins = at(roots.starts, index)
    if (begins > start + offset + duration + tolerance) break
    const server = at(roots.rows, index)
    if (used?.has(server) === true) continue
    const own = at(spans.endNs, server) - at(spans.startNs, server)
    if (own > bestNs && isHeld(facts, offsets, client, server, begins - moved, begins - moved + own)) {
      best = server
      bestNs = own
    }
  }
  return best
}

function matchRows(
  facts: TrustFacts,
  offsets: Offsets,
  roots: Windows,
  clients: readonly number[],
  used: Set<number>,
): Pair[] {
  const { spans } = facts
  const ordered = Uint32Array.from(clients)
  const durationOf = (row: number): number => at(spans.endNs, row) - at(spans.startNs, row)
  ordered.sort((left, right) => durationOf(left) - durationOf(right) || left - right)
  const pairs: Pair[] = []
  for (const client of ordered) {
    const server = findHeld(facts, offsets, roots, client, 0, used)
    if (server < 0) continue
    used.add(server)
    pairs.push({ client, server })
  }
  return pairs
}

function shareOf(rows: readonly number[], holds: (row: number) => boolean): number {
  let count = 0
  for (const row of rows) if (holds(row)) count++
  return rows.length === 0 ? 0 : count / rows.length
}
