/**
 * Whose span is missing: of the operations that are an orphan's parents elsewhere, the one that fits this trace. A
 * service that has no span here may be the one that lost them all, if it is ever in traces with the services that are
 * here; one that is here may have lost that span alone. Enters: the facts, trace by trace. Leaves: losses.
 */
import { at, instanceOfRow, MIN_SIGHTINGS, serviceOfRow, type TrustFacts } from '../trust/trust-facts.ts'
import type { Guess, Loss } from '../trust-losses/visits.ts'

/** Of the traces with one service, the share that another must be in, to be thought of. */
const LEAST_SHARED = 0.02
/** Losses that are surely of one service, against those that are surely of another, to lay doubtful ones to it. */
const MUCH_MORE = 10
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
  const row = own ?? (rows[0] as number)
  const base = { rows, trace, remote: own === undefined }
  const service = own === undefined ? -1 : serviceOfRow(facts, row)
  const parents = rankParents(facts, owners, trace, at(facts.operations.of, row), waiting, service)
  if (own !== undefined) {
    return { ...base, owner: service, parent: parents[0] ?? -1, isAbsent: false, instance: instanceOfRow(facts, row) }
  }
  const guesses = parents.map((parent) => guessOf(facts, owners, trace, parent))
  const [best = { owner: -1, parent: -1, isAbsent: false, instance: -1 }, ...others] = guesses
  const rivals = others.filter(({ owner }, index) => {
    return owner !== best.owner && others.findIndex((one) => one.owner === owner) === index
  })
  return { ...base, ...best, ...(rivals.length === 0 ? {} : { rivals }) }
}

function guessOf(facts: TrustFacts, { present }: Owners, trace: number, parent: number): Guess {
  const owner = at(facts.opService, parent)
  const isAbsent = at(present.services, owner) !== trace
  return { owner, parent, isAbsent, instance: isAbsent ? -1 : at(present.instances, owner) }
}

/** The one most clearly not here first; the commoner one where they are alike. `service`: it is known, -1: it is not. */
function rankParents(
  facts: TrustFacts,
  owners: Owners,
  trace: number,
  operation: number,
  waiting: ReadonlySet<number>,
  service: number,
): number[] {
  const { present } = owners
  const scores = new Map<number, number>()
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
    scores.set(parent, score)
  }
  const ranked = [...scores].sort((left, right) => right[1] - left[1])
  // What was never seen with those that are here stands only where there is nothing else.
  const possible = ranked.filter(([, score], index) => index === 0 || score > 0)
  return possible.map(([parent]) => parent)
}

/**
 * A parent that may have been of several services: of the one that lost others, if the likeliest lost hardly any that
 * can only be its own.
 */
export function layToLosers(facts: TrustFacts, losses: readonly Loss[]): readonly Loss[] {
  const sure = new Uint32Array(facts.services.length)
  for (const { owner, rivals } of losses) if (owner >= 0 && rivals === undefined) sure[owner] = at(sure, owner) + 1
  return losses.map((loss): Loss => {
    const own = loss.owner < 0 ? 0 : at(sure, loss.owner)
    let best: Guess | undefined
    for (const rival of loss.rivals ?? []) {
      const count = at(sure, rival.owner)
      if (count < MIN_SIGHTINGS || count < MUCH_MORE * own) continue
      if (best === undefined || count > at(sure, best.owner)) best = rival
    }
    return best === undefined ? loss : { ...loss, ...best }
  })
}

/** Every service that is here shares traces with it. */
function isPlausible({ services }: TrustFacts, { present, alone, both }: Owners, service: number): boolean {
  return present.list.every((other) => {
    const key = Math.min(service, other) * services.length + Math.max(service, other)
    return (both.get(key) ?? 0) >= LEAST_SHARED * at(alone, other)
  })
}
