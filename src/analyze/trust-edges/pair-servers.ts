/**
 * Server spans without a parent and the childless client spans that hold them: the two halves of a call whose context
 * was lost. Operations are paired only where one holds the other more than chance does, seen from either side; then rows
 * one to one, the tightest first. Times are those with the offsets of the hosts' clocks taken off; the halves must not
 * contradict one another in what they say of the call.
 */
import { unsureBetween } from '../trust/aligned-times.ts'
import type { Lift } from '../trust/break-group.ts'
import { at, MIN_SIGHTINGS, sampleRows, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
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
import { type CallSigns, havePathsInCommon, mayBeOneCall, openCallSigns } from './call-signs.ts'
import type { Callers } from './collect-callers.ts'

const SAMPLE = 120
/** Looked at first, to see whether there is anything to measure. */
const FIRST = 40
const MAX_CALLERS = 32
/** Operations of clients that are measured one by one; the rest of a service's callers are one. */
const MAX_KNOWN = 64
const MAX_STEPS = 128
/** Of pairs whose paths are known the share that must agree for a path to mean anything (proxies rewrite them). */
const PATHS_AGREE = 0.3

export type Pair = { readonly client: number; readonly server: number }
export type PairedOperation = {
  readonly lift: Lift
  readonly pairs: readonly Pair[]
  /** All clients of the operation, paired or not. */
  readonly clients: readonly number[]
}

type Pairing = {
  readonly facts: TrustFacts
  readonly signs: CallSigns
  readonly roots: Windows
  /** Paths are those of the caller: ones that differ are of two calls. */
  readonly usesPaths: boolean
}

type Candidate = { readonly rows: readonly number[]; readonly windows: Windows }

export type Candidates = {
  readonly facts: TrustFacts
  readonly signs: CallSigns
  readonly callers: Callers
  /** By service, and those of which the peer is not known. */
  readonly known: Map<number, readonly Candidate[]>
  readonly unknown: readonly Candidate[]
}

export function openCandidates(facts: TrustFacts, callers: Callers): Candidates {
  const signs = openCallSigns(facts)
  const others = [...callers.unknown.values()].filter((rows) => rows.length >= MIN_SIGHTINGS)
  others.sort((left, right) => right.length - left.length)
  const unknown = others.slice(0, MAX_CALLERS).map((rows) => toCandidate(facts, rows))
  return { facts, signs, callers, known: new Map(), unknown }
}

function toCandidate(facts: TrustFacts, rows: readonly number[]): Candidate {
  return { rows, windows: buildWindows(facts.aligned, rows) }
}

function callersOf({ facts, callers, known }: Candidates, service: number): readonly Candidate[] {
  const found = known.get(service)
  if (found !== undefined) return found
  const lists = [...(callers.known.get(service)?.values() ?? [])]
  lists.sort((left, right) => right.length - left.length)
  const rest = lists.slice(MAX_KNOWN).flat()
  const own = [...lists.slice(0, MAX_KNOWN), ...(rest.length === 0 ? [] : [rest])].map((rows) =>
    toCandidate(facts, rows),
  )
  known.set(service, own)
  return own
}

/** Of `roots`, server spans of one service and, but for the rare ones, one operation: by the callers that hold them. */
export function pairServers(candidates: Candidates, roots: readonly number[]): PairedOperation[] {
  const { facts, signs, unknown } = candidates
  const service = serviceOfRow(facts, roots[0] as number)
  const windows = buildWindows(facts.aligned, roots)
  const accepted: { rows: readonly number[]; lift: Lift; pairing: Pairing }[] = []
  for (const candidate of [...callersOf(candidates, service), ...unknown]) {
    const { rows } = candidate
    const pairing = openPairing(facts, signs, windows, rows)
    const lift = measurePair(pairing, candidate)
    if (lift !== undefined) accepted.push({ rows, lift, pairing })
  }
  accepted.sort((left, right) => right.lift.seen - right.lift.chance - (left.lift.seen - left.lift.chance))
  const used = new Set<number>()
  return accepted.map(({ rows, lift, pairing }) => ({ lift, pairs: matchRows(pairing, rows, used), clients: rows }))
}

/** Whether paths tell calls apart here, from the pairs that times alone allow. */
function openPairing(facts: TrustFacts, signs: CallSigns, roots: Windows, clients: readonly number[]): Pairing {
  const free = { facts, signs, roots, usesPaths: false }
  let same = 0
  let known = 0
  for (const client of sampleRows(clients, FIRST)) {
    const server = findHeld(free, client, 0)
    const inCommon = server < 0 ? undefined : havePathsInCommon(signs, client, server)
    if (inCommon === undefined) continue
    known++
    if (inCommon) same++
  }
  return { ...free, usesPaths: known > 0 && same >= PATHS_AGREE * known }
}

/**
 * From the servers' side, else from the clients'; undefined: no more than chance. Where childless clients are so many
 * that any time falls into one, only those that begin as closely before as half of the servers' nearest do are counted.
 */
function measurePair(pairing: Pairing, { rows: clients, windows: callers }: Candidate): Lift | undefined {
  const { facts, roots } = pairing
  const typical = callers.medianNs
  const servers = sampleRows(roots.rows, SAMPLE)
  if (shareOf(sampleRows(servers, FIRST), (row) => gapTo(pairing, callers, row, 0) >= 0) >= 0.2) {
    const lift = measureLift(facts, servers, typical, (row, movedNs) => gapTo(pairing, callers, row, movedNs) >= 0)
    if (isLifted(lift)) return lift
    const gaps = servers.map((row) => gapTo(pairing, callers, row, 0)).filter((gap) => gap >= 0)
    const limit = median(gaps)
    const close = measureLift(facts, servers, typical, (row, movedNs) => {
      const gap = gapTo(pairing, callers, row, movedNs)
      return gap >= 0 && gap <= limit
    })
    if (lift.chance > 0.5 && isLifted(close)) return close
  }
  const sample = sampleRows(clients, SAMPLE)
  const holdsServer = (client: number, movedNs: number): boolean => findHeld(pairing, client, movedNs) >= 0
  if (shareOf(sampleRows(sample, FIRST), (row) => holdsServer(row, 0)) < 0.2) return undefined
  const lift = measureLift(facts, sample, typical, holdsServer)
  return isLifted(lift) ? lift : undefined
}

/** How long before the server's span the nearest client's begins that holds it; -1: none. */
function gapTo(pairing: Pairing, callers: Windows, row: number, movedNs: number): number {
  const { facts } = pairing
  const { startNs, endNs } = facts.aligned
  const start = moveTime(facts, at(startNs, row), movedNs)
  const end = start + at(endNs, row) - at(startNs, row)
  let gap = -1
  const visit = (client: number): boolean => {
    if (!isHeld(pairing, client, row, start, end)) return false
    gap = Math.max(0, start - at(startNs, client))
    return true
  }
  findActive(
    callers,
    facts.aligned,
    start + toleranceOf(facts, at(callers.rows, 0), row, callers.medianNs),
    visit,
    MAX_STEPS,
  )
  return gap
}

/** Rounding, the two ways of a call, and what is not known of the clocks. */
function toleranceOf(facts: TrustFacts, client: number, server: number, durationNs: number): number {
  return 100e3 + 0.01 * durationNs + unsureBetween(facts.aligned, facts.spans, client, server)
}

function isHeld(
  { facts, signs, usesPaths }: Pairing,
  client: number,
  server: number,
  startNs: number,
  endNs: number,
): boolean {
  const { spans, aligned } = facts
  if (at(spans.traces, client) === at(spans.traces, server)) return false
  const from = at(aligned.startNs, client)
  const to = at(aligned.endNs, client)
  const tolerance = toleranceOf(facts, client, server, to - from)
  if (startNs < from - tolerance || endNs > to + tolerance) return false
  if (!mayBeOneCall(signs, client, server)) return false
  return !usesPaths || havePathsInCommon(signs, client, server) !== false
}

/** A server span within the client's, that fits it best; -1: none. */
function findHeld(pairing: Pairing, client: number, movedNs: number, used?: ReadonlySet<number>): number {
  const { facts, roots } = pairing
  const { startNs, endNs } = facts.aligned
  const start = moveTime(facts, at(startNs, client), movedNs)
  const moved = start - at(startNs, client)
  const duration = at(endNs, client) - at(startNs, client)
  const tolerance = toleranceOf(facts, client, at(roots.rows, 0), duration)
  const first = lastBefore(roots.starts, start - tolerance) + 1
  let best = -1
  let bestNs = -1
  for (let index = first; index < Math.min(roots.rows.length, first + MAX_STEPS); index++) {
    const begins = at(roots.starts, index)
    if (begins > start + duration + tolerance) break
    const server = at(roots.rows, index)
    if (used?.has(server) === true) continue
    const own = at(endNs, server) - at(startNs, server)
    if (own > bestNs && isHeld(pairing, client, server, begins - moved, begins - moved + own)) {
      best = server
      bestNs = own
    }
  }
  return best
}

function matchRows(pairing: Pairing, clients: readonly number[], used: Set<number>): Pair[] {
  const { startNs, endNs } = pairing.facts.aligned
  const ordered = Uint32Array.from(clients)
  const durationOf = (row: number): number => at(endNs, row) - at(startNs, row)
  ordered.sort((left, right) => durationOf(left) - durationOf(right) || left - right)
  const pairs: Pair[] = []
  for (const client of ordered) {
    const server = findHeld(pairing, client, 0, used)
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
