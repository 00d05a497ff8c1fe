/**
 * Findings of `trust`: one for each break that is lost or unexplained, as every other command gives them.
 * Enters: cases and what they were found in. Leaves: findings, worst first; each with spans (or log records) that a
 * person can open. What is pending or exonerated is no finding. `mayBePartial`: the input may lack spans for reasons of
 * its own, so nothing is more than `probable` where a missing span is the sign.
 */
import { type Confidence, type Evidence, type Finding, type Severity, severities } from '../../model/contract.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import { type LogTable, type SpanTable, spanKinds } from '../../model/spans.ts'
import { type BreakClassRow, breakClasses, decisionWays, UNEXPLAINED_BREAK } from '../../model/trust/break-classes.ts'
import type { SourcePlace } from '../../model/trust/source-evidence.ts'
import type { BreakCase } from '../trust/break-case.ts'
import { ROOT, type SpanForest } from '../trust/forest.ts'
import { wilsonInterval } from '../trust/wilson.ts'
import { compare } from './edges.ts'
import { parentIdOf, pickExampleRows, spanIdOf, traceIdOf } from './examples.ts'

/** Below what a grade needs, a rate is not called severe. */
const MIN_TRACES = 300
const DOC = 'docs/trust.md'

export type FindingsInput = {
  readonly forest: SpanForest
  readonly cases: readonly BreakCase[]
  readonly logs?: LogTable
  readonly mayBePartial: boolean
}

export function findTrustTroubles({ forest, cases, logs, mayBePartial }: FindingsInput): Finding[] {
  const rows = new Map<string, BreakClassRow>(breakClasses.map((row) => [row.name, row]))
  const findings = cases
    .filter(({ state }) => state === 'lost' || state === 'unexplained')
    .map((one) => toFinding(one, one.class === undefined ? undefined : rows.get(one.class), forest, logs, mayBePartial))
  return findings.sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      (b.cost.affectedTraces ?? 0) - (a.cost.affectedTraces ?? 0) ||
      compare(a.fingerprint, b.fingerprint),
  )
}

function toFinding(
  one: BreakCase,
  row: BreakClassRow | undefined,
  forest: SpanForest,
  logs: LogTable | undefined,
  mayBePartial: boolean,
): Finding {
  const isKnown = one.state === 'lost' && row !== undefined
  const rule = ruleOf(one)
  return {
    rule,
    title: titleOf(one, row),
    severity: rateSeverity(one, forest),
    confidence: mayBePartial && one.logRecords === undefined ? lower(one.confidence) : one.confidence,
    subject: { service: one.service, ...(one.version === undefined ? {} : { version: one.version }) },
    evidence: gatherEvidence(one, forest, logs),
    blindTo: [],
    cost: {
      affectedTraces: one.affected,
      ...(one.logRecords === undefined ? {} : { affectedRecords: one.logRecords.affected }),
    },
    fix: { summary: fixOf(one, row, isKnown), doc: `${DOC}#${rule}` },
    fingerprint: fingerprintOf(one),
  }
}

function ruleOf({ state, class: name }: BreakCase): string {
  return state === 'lost' && name !== undefined ? name : UNEXPLAINED_BREAK
}

/** Of the edge and the operation: the same in every run and release. */
export function fingerprintOf(one: BreakCase): string {
  const edge = one.edge === undefined ? [] : [`${one.edge.from} → ${one.edge.to}`]
  return makeFingerprint({ rule: ruleOf(one), service: one.service, symbols: [one.operation, ...edge] })
}

function titleOf({ state, edge, operation, service }: BreakCase, row: BreakClassRow | undefined): string {
  const place =
    edge === undefined || edge.from === edge.to
      ? `${operation} of ${service}`
      : `${edge.from} → ${edge.to}, ${operation}`
  if (state === 'lost' && row !== undefined) return `${row.title}: ${place}`
  return `Traces break at ${place}, cause not settled`
}

function fixOf({ alternatives, decidedBy }: BreakCase, row: BreakClassRow | undefined, isKnown: boolean): string {
  if (isKnown && row !== undefined) return row.fix
  const would = decidedBy.map((word) => decisionWays[word as keyof typeof decisionWays] ?? word)
  const settle = would.length === 0 ? '' : `Settle the cause with ${would.join('; or ')}.`
  if (row === undefined) return settle === '' ? 'Open the traces named here and look at what is missing.' : settle
  const others = alternatives.length === 0 ? '' : ` (or ${alternatives.join(', ')})`
  return `If it is ${row.name}${others}: ${row.fix}${settle === '' ? '' : ` ${settle}`}`
}

/** By the rate that is sure (the lower end of its interval) and by how much traffic it is of. */
function rateSeverity({ affected, crossed, logRecords }: BreakCase, { spans }: SpanForest): Severity {
  if (logRecords !== undefined) return logRecords.affected * 2 > logRecords.all ? 'medium' : 'low'
  const [least] = wilsonInterval(Math.min(affected, crossed), crossed)
  if (crossed < MIN_TRACES) return least > 0.05 ? 'medium' : 'low'
  if (least >= 0.5 && crossed >= spans.traceCount * 0.2) return 'critical'
  if (least > 0.05) return 'high'
  return least > 0.01 ? 'medium' : 'low'
}

function lower(confidence: Confidence): Confidence {
  return confidence === 'certain' ? 'probable' : 'possible'
}

function gatherEvidence(
  one: BreakCase,
  forest: SpanForest,
  logs: LogTable | undefined,
): readonly [Evidence, ...Evidence[]] {
  const [first, ...more] = pickExampleRows(forest.spans, one.rows).map((row) => describeRow(forest, row))
  const source = one.source === undefined ? [] : [describeSource(one.source)]
  if (first !== undefined) return [first, ...more, ...source]
  const excerpt = one.logRecords === undefined ? one.why : `${one.logRecords.affected} of ${one.logRecords.all} records`
  const name = one.logRecords === undefined ? forest.spans.sources[0]?.name : logs?.sources[0]?.name
  return [{ lens: one.logRecords === undefined ? 'spans' : 'logs', source: name ?? 'input', excerpt }, ...source]
}

function describeSource({ file, line, column, function: name, excerpt }: SourcePlace): Evidence {
  return {
    lens: 'source',
    source: file,
    at: `line ${line}`,
    file,
    line,
    ...(column === undefined ? {} : { column }),
    ...(name === undefined ? {} : { function: name }),
    ...(excerpt === undefined ? {} : { excerpt }),
  }
}

function describeRow({ spans, parents }: SpanForest, row: number): Evidence {
  const kind = spanKinds[spans.kinds[row] as number] ?? 'unspecified'
  const name = spans.strings[spans.names[row] as number] ?? ''
  const parent = parents[row] as number
  const under =
    parent === ROOT ? 'a root' : `parent ${parentIdOf(spans, row)}${parent < 0 ? ', which is not there' : ''}`
  return {
    lens: 'spans',
    source: sourceOf(spans, row),
    at: `trace ${traceIdOf(spans, row)} span ${spanIdOf(spans, row)}`,
    excerpt: `${kind} ${name} of ${spans.resources[spans.resourceOf[row] as number]?.service ?? 'unknown'}, ${under}`,
  }
}

function sourceOf({ sources, sourceOf: column }: SpanTable, row: number): string {
  return sources[column[row] as number]?.name ?? 'input'
}
