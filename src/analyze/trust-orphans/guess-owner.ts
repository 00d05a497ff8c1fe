/**
 * Whose span is missing: of the operations that are an orphan's parents elsewhere, the one that fits this trace. A
 * service that has no span here may be the one that lost them all, if it is ever in traces with the services that are
 * here; one that is here may have lost that span alone. Enters: the facts, trace by trace. Leaves: losses.
 */
import { at, instanceOfRow, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import type { Loss } from './visits.ts'

/** Of the traces with one service, the share that another must be in, to be thought of. */
const LEAST_SHARED = 0.02
/** Services of one trace that are looked at. */
const MAX_SERVICES = 64

export type Owners = {
  readonly present: Present
  /** Traces with each service; with both of two, by the lower times the number of services and the higher. */
  readonly alone: Uint32Array
  readonly both: ReadonlyMap<number, number>
}

/** The last trace in which each was marked, an instance of the service there, and the services of that trace. */
type Present = {
  readonly services: Int32Array
  readonly instances: Int32Array
  readonly operations: Int32Array
  readonly list: number[]
}

export function learnOwners(facts: TrustFacts): Owners {
  const size = facts.services.length
  const present: Present = {
    services: new Int32Array(size).fill(-1),
    instances: new Int32Array(size).fill(-1),
    operations: new Int32Array(facts.operations.list.length).fill(-1),
    list: [],
  }
  const alone = new Uint32Array(size)
  const both = new Map<number, number>()
  for (let trace = 0; trace < facts.spans.traceCount; trace++) {
    markPresent(facts, trace, present)
    const { list } = present
    list.sort((left, right) => left - right)
    for (let one = 0; one < list.length; one++) {
      const service = list[one] as number
      alone[service] = at(alone, service) + 1
      for (let other = one + 1; other < list.length; other++) {
        const key = service * size + (list[other] as number)
        both.set(key, (both.get(key) ?? 0) + 1)
      }
    }
  }
  present.services.fill(-1)
  present.operations.fill(-1)
  return { present, alone, both }
}

export function markPresent(facts: TrustFacts, trace: number, present: Present): void {
  const { forest, operations } = facts
  present.list.length = 0
  for (let index = at(forest.traceStart, trace); index < at(forest.traceStart, trace + 1); index++) {
    const row = at(forest.rows, index)
    const service = serviceOfRow(facts, row)
    if (present.services[service] !== trace && present.list.length < MAX_SERVICES) present.list.push(service)
    present.services[service] = trace
    present.instances[service] = instanceOfRow(facts, row)
    present.operations[at(operations.of, row)] = trace
  }
}

/**
 * Of a marked trace. `rows` name one parent; `own`: one of them whose parent was of its own process, if any; `waiting`:
 * operations that should have answered the trace's unanswered calls.
 */
export function describeLoss(
  facts: TrustFacts,
  owners: Owners,
  trace: number,
  rows: readonly number[],
  own: number | undefined,
  waiting: ReadonlySet<number>,
): Loss {
  const { present } = owners
  const row = own ?? (rows[0] as number)
  const service = own === undefined ? -1 : serviceOfRow(facts, row)
  const parent = guessParent(facts, owners, trace, at(facts.operations.of, row), waiting, service)
  const owner = service >= 0 ? service : parent < 0 ? -1 : at(facts.opService, parent)
  const isAbsent = owner >= 0 && at(present.services, owner) !== trace
  const instance =
    own === undefined ? (owner < 0 || isAbsent ? -1 : at(present.instances, owner)) : instanceOfRow(facts, row)
  return { rows, trace, owner, parent, remote: own === undefined, isAbsent, instance }
}

/** The one most clearly not here; the commoner one where they are alike. `service`: it is known, -1: it is not. */
function guessParent(
  facts: TrustFacts,
  owners: Owners,
  trace: number,
  operation: number,
  waiting: ReadonlySet<number>,
  service: number,
): number {
  const { present } = owners
  let best = -1
  let most = -1
  for (const parent of facts.parentsOf.get(operation) ?? []) {
    const own = at(facts.opService, parent)
    if (service >= 0 && own !== service) continue
    const isMissing = at(present.services, own) !== trace
    const isAsked = isMissing && [...waiting].some((answer) => answer >= 0 && at(facts.opService, answer) === own)
    const isOpMissing = at(present.operations, parent) !== trace
    const score =
      isMissing && !isPlausible(facts, owners, own)
        ? 0
        : (isMissing ? 4 : 1) + (isAsked ? 2 : 0) + (isOpMissing ? 1 : 0)
    if (score <= most) continue
    most = score
    best = parent
  }
  return best
}

/** Every service that is here shares traces with it. */
function isPlausible({ services }: TrustFacts, { present, alone, both }: Owners, service: number): boolean {
  return present.list.every((other) => {
    const key = Math.min(service, other) * services.length + Math.max(service, other)
    return (both.get(key) ?? 0) >= LEAST_SHARED * at(alone, other)
  })
}
