/**
 * The audit's finding that explains a break, if there is one: same service, a class that the spans leave possible, and
 * something in common: the function (code.function.name), a span that the code starts, a route or span that the break
 * lies under, a log line's text; or a fault of the whole process, where the source is this one service's alone. That a
 * finding of the class exists somewhere in the service is not enough.
 */
import type { BreakClass } from '../../model/trust/break-classes.ts'
import type { SourceEvidence, SourcePlace, SourceTie } from '../../model/trust/source-evidence.ts'
import { sourceTies } from '../../model/trust/source-evidence.ts'
import type { BreakGroup, Claim } from '../trust/break-group.ts'
import {
  at,
  attributeText,
  nameOfOperation,
  PRODUCER,
  sampleRows,
  serviceOfRow,
  type TrustFacts,
} from '../trust/trust-facts.ts'
import { isSameFunction, isSameName } from './match-names.ts'

type Named = Claim & { readonly class: BreakClass }

export type SourceMatch<C extends Named> = {
  readonly claim: C
  readonly evidence: SourceEvidence
  readonly place: SourcePlace
  /** All that has something in common with the break, whatever its class; the evidence above among them. */
  readonly candidates: readonly SourceEvidence[]
  /** No more than a route, or a span around it, in common. */
  readonly isFar: boolean
  /** Another class that fits as well, and of which the source is as sure. */
  readonly rival?: { readonly class: BreakClass; readonly evidence: SourceEvidence }
}

const SAMPLE = 64
/** A class that fits the spans so much less well is no rival. */
const RIVAL_DISTANCE = 0.15
/** Of log records. */
const MAX_BODIES = 2_000

/** Faults of a whole process: the service is place enough, where this source is its alone. */
const wholeProcess: ReadonlySet<BreakClass> = new Set<BreakClass>([
  'no-propagator',
  'propagator-mismatch',
  'trace-id-truncated',
  'baggage-only',
  'no-flush',
  'queue-overflow',
  'export-context-cancelled',
  'sampling-disagreement',
])

/** Whose code is at fault on an edge. */
const ofCaller: ReadonlySet<BreakClass> = new Set<BreakClass>([
  'uninstrumented-client',
  'producer-without-inject',
  'header-overwritten',
  'baggage-only',
  'request-without-context',
])
const ofCallee: ReadonlySet<BreakClass> = new Set<BreakClass>(['no-extract', 'consumer-without-extract'])

export function findSource<C extends Named>(
  group: BreakGroup,
  claims: readonly C[],
  facts: TrustFacts,
): SourceMatch<C> | undefined {
  if (facts.source.length === 0) return undefined
  const signs = readSigns(group, facts)
  const found: { claim: C; evidence: SourceEvidence; place: SourcePlace; rank: number }[] = []
  for (const claim of claims) {
    const services = servicesAtFault(group, claim)
    for (const evidence of facts.source) {
      if (evidence.class !== claim.class || !evidence.services.some((one) => services.includes(one))) continue
      const tie = tieTo(evidence, signs, services)
      if (tie === undefined) continue
      found.push({ claim, evidence, place: placeOf(evidence, tie), rank: rankOf(tie) })
    }
  }
  // The surest tie first; of equals the likeliest class, as the claims came.
  found.sort((left, right) => left.rank - right.rank || right.claim.score - left.claim.score)
  const [best] = found
  if (best === undefined) return undefined
  const rival = found.find(
    ({ claim, rank }) =>
      claim.class !== best.claim.class && rank === best.rank && claim.score > best.claim.score - RIVAL_DISTANCE,
  )
  return {
    claim: best.claim,
    evidence: best.evidence,
    place: best.place,
    candidates: [...new Set(found.map(({ evidence }) => evidence))],
    isFar: best.rank % 2 === 1,
    ...(rival === undefined ? {} : { rival: { class: rival.claim.class, evidence: rival.evidence } }),
  }
}

type Tie = { readonly tie: SourceTie; readonly by: string; readonly isFar?: boolean }

function rankOf({ tie, isFar }: Tie): number {
  return sourceTies.indexOf(tie) * 2 + (isFar === true ? 1 : 0)
}

function placeOf(evidence: SourceEvidence, { tie, by }: Tie): SourcePlace {
  const { file, line, column, function: name, excerpt } = evidence
  return {
    file,
    line,
    ...(column === undefined ? {} : { column }),
    ...(name === undefined ? {} : { function: name }),
    ...(excerpt === undefined ? {} : { excerpt }),
    tie,
    by,
  }
}

function servicesAtFault(group: BreakGroup, { class: name, culprit }: Named): readonly string[] {
  const { edge, service } = group
  if (edge === undefined) return [culprit ?? service]
  if (ofCaller.has(name)) return [edge.from]
  if (ofCallee.has(name)) return [edge.to]
  return culprit === undefined ? [edge.from, edge.to, service] : [culprit]
}

type Signs = {
  /** The broken operation: its name, and those of its spans. */
  readonly own: ReadonlySet<string>
  /** What it lies in, or would. */
  readonly around: ReadonlySet<string>
  /** On the caller's side of an edge: who publishes to the destination, which spans stand beside the broken one. */
  readonly callers: ReadonlySet<string>
  readonly functions: ReadonlySet<string>
  /** What the broken spans are calls of: known of few. */
  readonly media: ReadonlySet<Medium>
  /** Of log records that the case is about. */
  readonly bodies: ReadonlySet<string>
}

function readSigns(group: BreakGroup, facts: TrustFacts): Signs {
  const own = new Set<string>([group.shape === 'loss' ? group.topOperation : group.operation])
  const around = new Set<string>()
  const functions = new Set<string>()
  const { spans, forest, operations } = facts
  for (const row of sampleRows(group.rows, SAMPLE)) {
    addFunctions(functions, facts, row)
    const name = spans.strings[at(spans.names, row)] ?? ''
    // What is lost is not the span that is there: that one lies in what is lost.
    if (group.shape !== 'loss') own.add(name)
    for (
      let above = at(forest.parents, row), steps = 0;
      above >= 0 && steps < 4;
      above = at(forest.parents, above), steps++
    ) {
      around.add(nameOfOperation(facts, at(operations.of, above)))
      around.add(spans.strings[at(spans.names, above)] ?? '')
      if (steps === 0) addFunctions(functions, facts, above)
    }
  }
  if (group.shape === 'inner-root') {
    for (const { name } of group.hosts) around.add(name)
    if (group.after !== undefined) around.add(group.after.name)
  }
  if (group.shape === 'server-root' && group.host !== undefined) around.add(group.host)
  const callers = group.edge === undefined ? new Set<string>() : readCallers(group, group.edge.from, facts)
  return { own, around, callers, functions, media: readMedia(group, facts), bodies: readBodies(group, facts) }
}

function readCallers(group: BreakGroup, from: string, facts: TrustFacts): Set<string> {
  const found = new Set<string>()
  const { spans, forest } = facts
  const service = facts.services.indexOf(from)
  const add = (row: number): void => {
    if (serviceOfRow(facts, row) === service) found.add(spans.strings[at(spans.names, row)] ?? '')
  }
  if (group.shape === 'message-root') {
    facts.operations.list.forEach(({ kind, service: own, name }, operation) => {
      if (kind !== PRODUCER || own !== from || at(facts.opRows, operation) === 0) return
      if (name.split(/[\s/]+/).includes(group.destination)) found.add(name)
    })
    return found
  }
  for (const row of sampleRows(group.rows, SAMPLE)) {
    const parent = at(forest.parents, row)
    if (parent < 0) continue
    for (let child = at(forest.childStart, parent); child < at(forest.childStart, parent + 1); child++) {
      add(at(forest.children, child))
    }
  }
  return found
}

type Medium = 'http' | 'db' | 'rpc' | 'messaging'

const mediumKeys: readonly (readonly [Medium, readonly string[]])[] = [
  ['db', ['db.system.name', 'db.system']],
  ['rpc', ['rpc.system']],
  ['messaging', ['messaging.system']],
  ['http', ['http.request.method', 'http.method']],
]

function readMedia(group: BreakGroup, facts: TrustFacts): ReadonlySet<Medium> {
  const media = new Set<Medium>()
  for (const row of sampleRows(group.rows, SAMPLE)) {
    for (const [medium, keys] of mediumKeys) {
      if (keys.some((key) => attributeText(facts, row, key) !== undefined)) media.add(medium)
    }
  }
  return media
}

/** Of a line of source that makes a call: a query without a context is no request's. */
function mediumOf(excerpt: string): Medium | undefined {
  if (/\.(Query|QueryRow|Exec|Prepare|Begin|BeginTx|Ping)(x|Context)?\(/.test(excerpt)) return 'db'
  return /\bhttp\.\w|NewRequest/.test(excerpt) ? 'http' : undefined
}

function addFunctions(into: Set<string>, facts: TrustFacts, row: number): void {
  const name = attributeText(facts, row, 'code.function.name') ?? attributeText(facts, row, 'code.function')
  if (name === undefined) return
  const space = attributeText(facts, row, 'code.namespace')
  // A method's name without its package is many functions'.
  if (name.includes('.')) into.add(name)
  else if (space !== undefined) into.add(`${space}.${name}`)
}

/** Texts of the service's records without an id. */
function readBodies(group: BreakGroup, { logs }: TrustFacts): ReadonlySet<string> {
  const bodies = new Set<string>()
  if (group.shape !== 'direct' || group.logRecords === undefined || logs === undefined) return bodies
  for (let row = 0; row < logs.count && bodies.size < MAX_BODIES; row++) {
    if (logs.resources[at(logs.resourceOf, row)]?.service !== group.service) continue
    if (logs.traceIds.subarray(row * 16, row * 16 + 16).some((byte) => byte !== 0)) continue
    const body = logs.strings[at(logs.bodies, row)] ?? ''
    if (body.length >= 3) bodies.add(body)
  }
  return bodies
}

function tieTo(evidence: SourceEvidence, signs: Signs, services: readonly string[]): Tie | undefined {
  const { own, around, callers, functions, bodies, media } = signs
  const isAlone = evidence.services.length === 1 && services.includes(evidence.services[0] as string)
  if (wholeProcess.has(evidence.class) || isServerWide(evidence)) {
    return isAlone ? { tie: 'process', by: evidence.services[0] as string } : undefined
  }
  const { function: name } = evidence
  if (name !== undefined) {
    const same = [...functions].find((one) => isSameFunction(one, name))
    if (same !== undefined) return { tie: 'function', by: same }
  }
  const started = common(own, evidence.starts)
  if (started !== undefined) return { tie: 'span', by: started }
  const line = textsIn(evidence.excerpt ?? '').find((text) => bodies.has(text))
  if (line !== undefined) return { tie: 'log line', by: line }
  if (ofCaller.has(evidence.class)) {
    const sender = common(callers, [...evidence.starts, ...evidence.operations])
    if (sender !== undefined) return { tie: isRoute(sender) ? 'route' : 'span', by: sender }
  }
  const reached = common(own, evidence.operations)
  if (reached !== undefined) return { tie: isRoute(reached) ? 'route' : 'span', by: reached, isFar: true }
  // A span that this source starts elsewhere is not the one of this place.
  const isElsewhere = [...own].some((one) => evidence.known.has(one))
  const medium = mediumOf(evidence.excerpt ?? '')
  const isOther = medium !== undefined && media.size > 0 && !media.has(medium)
  const inside = isElsewhere || isOther ? undefined : common(around, evidence.operations)
  if (inside !== undefined) return { tie: isRoute(inside) ? 'route' : 'span', by: inside, isFar: true }
  return undefined
}

/** A server that is made without instrumentation: no route is nearer than another. */
function isServerWide({ class: name, starts, operations }: SourceEvidence): boolean {
  return name === 'no-extract' && starts.length === 0 && operations.length === 0
}

function common(names: ReadonlySet<string>, ofSource: readonly string[]): string | undefined {
  if (ofSource.length === 0) return undefined
  for (const name of names) if (name !== '' && ofSource.some((one) => isSameName(name, one))) return name
  return undefined
}

function isRoute(name: string): boolean {
  return /^([A-Z]{3,7} )?\S*\//.test(name)
}

function textsIn(excerpt: string): string[] {
  return [...excerpt.matchAll(/"((?:[^"\\]|\\.)*)"|`([^`]*)`/g)].map((match) => match[1] ?? match[2] ?? '')
}
