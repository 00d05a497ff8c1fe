/**
 * Server spans without a parent that no client span holds, but that lie within a handler of another service which made
 * no call to them that was traced: a client without instrumentation. Enters: roots of one server operation that were not
 * paired. Leaves: the handler's operation that holds them most, if more than chance, and the roots it holds.
 */
import type { Lift } from '../trust/break-group.ts'
import {
  at,
  CLIENT,
  CONSUMER,
  MIN_SIGHTINGS,
  SERVER,
  sampleRows,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import {
  buildWindows,
  findActive,
  isLifted,
  lastBefore,
  measureLift,
  moveTime,
  type Windows,
} from '../trust/windows.ts'
import type { Callers } from './collect-callers.ts'

const SAMPLE = 200
const MAX_HOSTS = 16
/** Handlers that run at one time and are looked at. */
const MAX_ACTIVE = 64
const LEAST = 0.3
const MAX_ABOVE = 8
const MAX_TRACE_ROWS = 128
const MAX_STEPS = 64
const FEW = 60

export type BareCaller = { readonly host: number; readonly lift: Lift; readonly servers: readonly number[] }

/** Handlers (server and consumer spans) by operation; their windows are built where they are asked for. */
export type HandlersByOperation = {
  /** Those of which there are enough, most first. */
  readonly byCount: readonly number[]
  windowsOf(operation: number): Windows | undefined
}

export function collectHandlers(facts: TrustFacts): HandlersByOperation {
  const rows = new Map<number, number[]>()
  for (let row = 0; row < facts.spans.count; row++) {
    const kind = at(facts.spans.kinds, row)
    if (kind !== SERVER && kind !== CONSUMER) continue
    const operation = at(facts.operations.of, row)
    const list = rows.get(operation)
    if (list === undefined) rows.set(operation, [row])
    else list.push(row)
  }
  const built = new Map<number, Windows>()
  const enough = [...rows].filter(([, own]) => own.length >= MIN_SIGHTINGS)
  enough.sort((left, right) => right[1].length - left[1].length)
  return {
    byCount: enough.map(([operation]) => operation),
    windowsOf(operation) {
      const own = rows.get(operation)
      const known = built.get(operation)
      if (known !== undefined || own === undefined) return known
      const windows = buildWindows(facts.aligned, own)
      built.set(operation, windows)
      return windows
    },
  }
}

export function findBareCaller(
  facts: TrustFacts,
  callers: Callers,
  handlers: HandlersByOperation,
  roots: readonly number[],
): BareCaller | undefined {
  if (roots.length < MIN_SIGHTINGS) return undefined
  const callee = serviceOfRow(facts, roots[0] as number)
  const operation = at(facts.operations.of, roots[0] as number)
  const usual = usualHosts(facts, operation)
  const isUsual = usual.length > 0
  const candidates = isUsual ? usual : listHosts(facts, handlers, callee)
  const callsOf = rememberCalls(facts, callers, callee)
  const sample = sampleRows(roots, SAMPLE)
  let best: { host: number; lift: Lift } | undefined
  for (const host of candidates) {
    const windows = handlers.windowsOf(host)
    if (windows === undefined || (!isUsual && isBelow(facts, windows, callee))) continue
    const lift =
      measureHost(facts, windows, sample, callsOf) ??
      measureBack(facts, windows, roots, callsOf, isUsual) ??
      measureCrowded(facts, windows, roots, callsOf, isUsual)
    if (lift === undefined) continue
    if (best === undefined || isCloser(handlers, { host, lift }, best)) best = { host, lift }
  }
  if (best === undefined) return undefined
  const windows = handlers.windowsOf(best.host) as Windows
  const servers = roots.filter((row) => isWithin(facts, windows, row, 0, callsOf))
  return servers.length < MIN_SIGHTINGS ? undefined : { ...best, servers }
}

/** Of handlers that hold the roots about as often the shortest: those around it hold them as well. */
function isCloser(
  handlers: HandlersByOperation,
  one: { host: number; lift: Lift },
  other: { host: number; lift: Lift },
): boolean {
  const gain = one.lift.seen - other.lift.seen
  if (Math.abs(gain) > 0.1) return gain > 0
  return (handlers.windowsOf(one.host)?.medianNs ?? 0) < (handlers.windowsOf(other.host)?.medianNs ?? 0)
}

/** The handlers above the clients that usually call the operation, in other services. */
function usualHosts(facts: TrustFacts, operation: number): number[] {
  const hosts = new Set<number>()
  for (const parent of facts.parentsOf.get(operation) ?? []) {
    let above = parent
    for (let steps = 0; above >= 0 && steps < MAX_ABOVE; steps++) {
      const kind = facts.operations.list[above]?.kind
      if (kind === SERVER || kind === CONSUMER) break
      above = at(facts.usualParent, above)
    }
    if (above >= 0 && facts.opService[above] !== facts.opService[operation]) hosts.add(above)
  }
  return [...hosts]
}

function listHosts(facts: TrustFacts, handlers: HandlersByOperation, callee: number): number[] {
  const most: number[] = []
  for (const host of handlers.byCount) {
    if (at(facts.opService, host) !== callee) most.push(host)
    if (most.length >= MAX_HOSTS) break
  }
  return most
}

function measureHost(facts: TrustFacts, windows: Windows, sample: readonly number[], calls: Calls): Lift | undefined {
  const holds = (row: number, movedNs: number): boolean => isWithin(facts, windows, row, movedNs, calls)
  if (sample.filter((row) => holds(row, 0)).length < LEAST * sample.length) return undefined
  const lift = measureLift(facts, sample, windows.medianNs, holds)
  return isLifted(lift, LEAST) ? lift : undefined
}

/** From the handlers' side: those that made no call to the callee, and usually do, hold one of the roots. */
function measureBack(
  facts: TrustFacts,
  windows: Windows,
  roots: readonly number[],
  calls: Calls,
  isUsual: boolean,
): Lift | undefined {
  if (!isUsual) return undefined
  const { startNs, endNs } = facts.aligned
  const without = Array.from(windows.rows).filter((row) => !calls(row))
  const sample = sampleRows(without, SAMPLE)
  const servers = buildWindows(facts.aligned, roots)
  const lift = measureLift(facts, sample, windows.medianNs, (row, movedNs) => {
    const start = moveTime(facts, at(startNs, row), movedNs)
    const end = start + at(endNs, row) - at(startNs, row)
    const index = lastBefore(servers.starts, start) + 1
    const server = servers.rows[index]
    return server !== undefined && at(servers.starts, index) <= end && at(endNs, server) <= end
  })
  return isLifted(lift, LEAST) ? lift : undefined
}

/** So many handlers that any time falls into one: as many of them lack the call as there are roots, which all lie within. */
function measureCrowded(
  facts: TrustFacts,
  windows: Windows,
  roots: readonly number[],
  calls: Calls,
  isUsual: boolean,
): Lift | undefined {
  if (!isUsual) return undefined
  const lacking = Array.from(windows.rows).filter((row) => !calls(row)).length
  if (lacking < 0.7 * roots.length || lacking > 1.4 * roots.length) return undefined
  const sample = sampleRows(roots, SAMPLE)
  const lift = measureLift(facts, sample, windows.medianNs, (row, movedNs) =>
    isWithin(facts, windows, row, movedNs, calls),
  )
  return lift.seen >= 0.95 && lift.chance > 0.5 ? lift : undefined
}

function isWithin(facts: TrustFacts, windows: Windows, row: number, movedNs: number, calls: Calls): boolean {
  const { spans, aligned } = facts
  const start = moveTime(facts, at(aligned.startNs, row), movedNs)
  const end = start + at(aligned.endNs, row) - at(aligned.startNs, row)
  return findActive(
    windows,
    aligned,
    start,
    (host) => at(aligned.endNs, host) >= end && at(spans.traces, host) !== at(spans.traces, row) && !calls(host),
    MAX_ACTIVE,
  )
}

/** Whether the handler made a call to the callee that was traced, answered or not. */
type Calls = (host: number) => boolean

function rememberCalls(facts: TrustFacts, callers: Callers, callee: number): Calls {
  const known = new Map<number, boolean>()
  return (host) => {
    const found = known.get(host)
    if (found !== undefined) return found
    const own = calls(facts, callers, host, callee)
    known.set(host, own)
    return own
  }
}

function calls(facts: TrustFacts, { meantFor }: Callers, host: number, callee: number): boolean {
  const { spans, forest } = facts
  const own = serviceOfRow(facts, host)
  const from = at(forest.traceStart, at(spans.traces, host))
  const to = Math.min(at(forest.traceStart, at(spans.traces, host) + 1), from + MAX_TRACE_ROWS)
  for (let index = from; index < to; index++) {
    const row = at(forest.rows, index)
    if (at(meantFor, row) === callee && serviceOfRow(facts, row) === own) return true
    const parent = at(forest.parents, row)
    if (parent < 0 || serviceOfRow(facts, row) !== callee || at(spans.kinds, parent) !== CLIENT) continue
    if (serviceOfRow(facts, parent) === own) return true
  }
  return false
}

/** The callee itself called most of these handlers: what it asks others to do does not call it back. */
function isBelow(facts: TrustFacts, { rows }: Windows, callee: number): boolean {
  const sample = sampleRows(rows, FEW)
  const below = sample.filter((row) => {
    let above = at(facts.forest.parents, row)
    for (let steps = 0; above >= 0 && steps < MAX_STEPS; steps++) {
      if (serviceOfRow(facts, above) === callee) return true
      above = at(facts.forest.parents, above)
    }
    return false
  })
  return below.length * 2 > sample.length
}
