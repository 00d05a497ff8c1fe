/**
 * The audit's findings against what ran. Enters: findings, the same as evidence, the breaks that were found with it, and
 * where goroutines were made. Leaves: findings, of which those that the spans or the runtime show are `certain` and say
 * where; those whose code the spans pass without a break say in how many traces it was not seen; and a count of each.
 * Nothing is dropped: what could not be compared stays as it was.
 */
import { type Evidence, type Finding, severities } from '../../model/contract.ts'
import type { AuditSeen } from '../../model/trust/audit-data.ts'
import { breakClasses } from '../../model/trust/break-classes.ts'
import type { GoroutineBirth } from '../../model/trust/goroutine-births.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
import { declarationNameOf } from '../audit/runtime-names.ts'
import type { BreakCase } from '../trust/break-case.ts'
import type { SpanForest } from '../trust/forest.ts'
import { nameOperations } from '../trust/operations.ts'
import { pickExampleRows, spanIdOf, traceIdOf } from '../trust-verdict/examples.ts'
import { isSameName } from './match-names.ts'

export type ConfirmInput = {
  readonly findings: readonly Finding[]
  /** Of each finding in the same place; undefined where it is of no break class or its service is not known. */
  readonly evidence: readonly (SourceEvidence | undefined)[]
  readonly births: readonly GoroutineBirth[]
  readonly spans?: { readonly forest: SpanForest; readonly cases: readonly BreakCase[] }
}

export type Confirmed = { readonly findings: readonly Finding[]; readonly seen: AuditSeen }

type Outcome = { readonly finding: Finding; readonly how: keyof Omit<AuditSeen, 'services'> | undefined }

/** Faults that lie in a go statement. */
const ofGoStatements: ReadonlySet<string> = new Set([
  'goroutine-without-context',
  'detached-context-cancelled',
  'handoff-without-context',
])
const classNames: ReadonlySet<string> = new Set(breakClasses.map(({ name }) => name))

export function confirmFindings({ findings, evidence, births, spans }: ConfirmInput): Confirmed {
  const traffic = spans === undefined ? undefined : openTraffic(spans.forest)
  const outcomes = findings.map((finding, index): Outcome => {
    const source = evidence[index]
    const cases = source === undefined ? [] : (spans?.cases ?? [])
    const mine = cases.filter((one) => one.candidates?.[0] === source)
    const sharing = cases.filter((one) => one.candidates?.includes(source as SourceEvidence) === true)
    const made = births.filter((birth) => isMadeAt(birth, finding))
    if (mine.length > 0 && spans !== undefined) {
      const isSure = mine.some(({ confidence }) => confidence === 'certain')
      const places = mine.map((one) => describeCase(one, spans.forest))
      const joined = confirm(finding, places, countTraces(mine), isSure ? 'certain' : 'probable')
      return { finding: joined, how: isSure ? 'confirmedBySpans' : 'mayBe' }
    }
    if (made.length > 0)
      return { finding: confirm(finding, made.map(describeBirth), countMade(made)), how: 'confirmedByRuntime' }
    if (sharing.length > 0 && spans !== undefined) {
      const places = sharing.map((one) => describeCase(one, spans.forest))
      return { finding: confirm(finding, places, countTraces(sharing), 'probable'), how: 'mayBe' }
    }
    if (traffic === undefined || !classNames.has(finding.rule)) return { finding, how: undefined }
    if (source === undefined) return { finding, how: 'notCompared' }
    const passed = traffic.countPassing(source)
    if (passed.traces === 0) return { finding: note(finding, passed.source, passed.says), how: 'notReached' }
    const says = `not seen in ${passed.traces} ${passed.traces === 1 ? 'trace' : 'traces'} ${passed.says}`
    return { finding: note(finding, passed.source, says), how: 'notSeen' }
  })
  const count = (wanted: Outcome['how']): number => outcomes.filter(({ how }) => how === wanted).length
  return {
    findings: sortFindings(outcomes.map(({ finding }) => finding)),
    seen: {
      services: [...new Set(evidence.flatMap((one) => one?.services ?? []))].sort(),
      confirmedBySpans: count('confirmedBySpans'),
      confirmedByRuntime: count('confirmedByRuntime'),
      mayBe: count('mayBe'),
      notSeen: count('notSeen'),
      notReached: count('notReached'),
      notCompared: count('notCompared'),
    },
  }
}

/** The go statement itself, or the call of a helper that makes the goroutine: same function, file and line. */
function isMadeAt({ frames }: GoroutineBirth, { rule, evidence: [first] }: Finding): boolean {
  const { function: name, file, line } = first
  if (!ofGoStatements.has(rule) || name === undefined || file === undefined || line === undefined) return false
  return frames.some(
    (frame) =>
      frame.line === line &&
      baseOf(frame.file) === baseOf(file) &&
      declarationNameOf(frame.function) === declarationNameOf(name),
  )
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

type Cost = Finding['cost']

function confirm(
  finding: Finding,
  more: readonly Evidence[],
  cost: Cost,
  confidence: Finding['confidence'] = 'certain',
): Finding {
  const [first, ...rest] = finding.evidence
  return {
    ...finding,
    confidence,
    evidence: [first, ...rest, ...more],
    cost: { ...finding.cost, ...cost },
  }
}

function note(finding: Finding, source: string, excerpt: string): Finding {
  const [first, ...rest] = finding.evidence
  return { ...finding, evidence: [first, ...rest, { lens: 'spans', source, excerpt }] }
}

function countTraces(cases: readonly BreakCase[]): Cost {
  const sum = (pick: (one: BreakCase) => number): number => cases.reduce((total, one) => total + pick(one), 0)
  if (cases.every(({ logRecords }) => logRecords !== undefined)) {
    return { affectedRecords: sum(({ logRecords }) => logRecords?.affected ?? 0) }
  }
  return { affectedTraces: sum((one) => one.affected), crossedTraces: sum((one) => one.crossed) }
}

function countMade(births: readonly GoroutineBirth[]): Cost {
  return { goroutines: births.reduce((sum, { count }) => sum + count, 0) }
}

function describeCase(one: BreakCase, { spans }: SpanForest): Evidence {
  const { affected, crossed, edge, logRecords, operation, service } = one
  if (logRecords !== undefined) {
    const excerpt = `${logRecords.affected} of ${logRecords.all} log records of ${service}: ${one.why}`
    return { lens: 'logs', source: 'log records', excerpt }
  }
  const [row] = pickExampleRows(spans, one.rows, 1)
  const place = edge === undefined ? `${operation} of ${service}` : `${edge.from} → ${edge.to}, ${operation}`
  const share = crossed === 0 ? '' : ` (${Math.round((affected / crossed) * 100)} %)`
  const source = spans.sources[row === undefined ? 0 : (spans.sourceOf[row] as number)]?.name ?? 'input'
  return {
    lens: 'spans',
    source,
    ...(row === undefined ? {} : { at: `trace ${traceIdOf(spans, row)} span ${spanIdOf(spans, row)}` }),
    excerpt: `${affected} of ${crossed} traces${share} break at ${place}`,
  }
}

function describeBirth({ frames: [frame], count, inHandler, source, from, example }: GoroutineBirth): Evidence {
  const made = `${count} ${count === 1 ? 'goroutine' : 'goroutines'} ${from === 'trace' ? 'made' : 'alive that were made'} here`
  const where = inHandler === true ? ' while a request was served' : ''
  return {
    lens: from,
    source,
    at: `goroutine ${example}, ${frame?.function ?? ''} ${baseOf(frame?.file ?? '')}:${frame?.line ?? ''}`,
    excerpt: made + where,
  }
}

type Passing = { readonly traces: number; readonly says: string; readonly source: string }

/** How many traces pass the code of a finding, as far as names tell; of a whole process: those of its service. */
function openTraffic({ spans }: SpanForest): { countPassing(source: SourceEvidence): Passing } {
  const { list, of } = nameOperations(spans)
  const tracesOf = new Map<number, Set<number>>()
  const ofService = new Map<string, Set<number>>()
  for (let row = 0; row < spans.count; row++) {
    const trace = spans.traces[row] as number
    const operation = of[row] as number
    put(tracesOf, operation, trace)
    put(ofService, list[operation]?.service ?? '', trace)
  }
  const source = spans.sources[0]?.name ?? 'input'
  return {
    countPassing({ services, starts, operations }) {
      const names = [...starts, ...operations]
      if (names.length === 0) {
        const traces = new Set(services.flatMap((name) => [...(ofService.get(name) ?? [])]))
        return { traces: traces.size, says: `of ${services.join(', ')}`, source }
      }
      const traces = new Set<number>()
      const met = new Set<string>()
      list.forEach((one, operation) => {
        if (!services.includes(one.service) || !names.some((name) => isSameName(one.name, name))) return
        met.add(one.name)
        for (const trace of tracesOf.get(operation) ?? []) traces.add(trace)
      })
      if (traces.size === 0)
        return { traces: 0, says: `no trace passes here: no span is called ${names.slice(0, 3).join(', ')}`, source }
      return { traces: traces.size, says: `with ${[...met].slice(0, 3).join(', ')}`, source }
    },
  }
}

function put<Key>(sets: Map<Key, Set<number>>, key: Key, value: number): void {
  const set = sets.get(key)
  if (set === undefined) sets.set(key, new Set([value]))
  else set.add(value)
}

/** Worst first, and of these the surest. */
function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ confidence }: Finding): number => (confidence === 'certain' ? 0 : confidence === 'probable' ? 1 : 2)
  return findings
    .map((finding, index) => ({ finding, index }))
    .sort(
      (a, b) =>
        severities.indexOf(a.finding.severity) - severities.indexOf(b.finding.severity) ||
        rank(a.finding) - rank(b.finding) ||
        a.index - b.index,
    )
    .map(({ finding }) => finding)
}
