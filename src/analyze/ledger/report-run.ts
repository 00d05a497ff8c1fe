/**
 * One report (the envelope of any `--json`) → a run: what it found, what it looked at and with what, whether it can be
 * judged at all, and when it was. What a command's data means here is said by its row in report-kinds.ts.
 */
import { type ErrorCode, errorCatalogue, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { confidences, severities } from '../../model/contract.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import { UNEXPLAINED_BREAK } from '../../model/trust/break-classes.ts'
import type { DebtPlace } from '../../model/trust/ledger.ts'
import { amountOf, isRecord, type JsonRecord, listOf, oneOf, present, recordOf, textOf } from './json-shape.ts'
import { readPlace } from './ledger-lines.ts'
import { kindOf } from './report-kinds.ts'
import type { Run, RunFinding } from './run.ts'

export type ReadReportOptions = {
  readonly name: string
  /** Where the report does not say it itself. */
  readonly service?: string
}

const MAX_FINDINGS = 50_000

/** Faults: SL_OPS_NOT_A_REPORT. A report that failed is a run with an `error`. */
export function readReport(value: unknown, { name, service }: ReadReportOptions): Result<Run> {
  const refuse = (why: string) =>
    err(fault('SL_OPS_NOT_A_REPORT', { message: `${name} is no report of Sightline: ${why}`, target: name }))
  if (!isRecord(value)) return refuse('it is no JSON object')
  const source = /^sightline\.([a-z][a-z-]*)\/v\d+$/.exec(textOf(value.schema) ?? '')?.[1]
  if (source === undefined) return refuse('it has no "schema" such as sightline.diagnose/v1')
  if (typeof value.ok !== 'boolean' || !Array.isArray(value.findings) || !isRecord(value.coverage)) {
    return refuse('it lacks ok, findings or coverage')
  }
  if (value.findings.length > MAX_FINDINGS) return refuse(`it has more than ${MAX_FINDINGS} findings`)
  const kind = kindOf(source)
  const data = recordOf(value.data)
  const findings: RunFinding[] = []
  for (const one of value.findings) {
    const finding = readFinding(recordOf(one), data, service)
    if (finding === undefined) return refuse('a finding lacks fingerprint, rule, severity, confidence or service')
    findings.push(finding)
  }
  const error = value.ok ? undefined : readError(recordOf(value.error))
  const looked = kind.looks(data, { findings, ...(service === undefined ? {} : { service }) })
  const doubt = sayDoubt(value)
  const looks = doubt === undefined ? looked : looked.map((look) => ({ paysNothing: doubt, ...look }))
  const at = kind.time(data)
  const none = sayNothingAnswered(recordOf(value.coverage))
  return ok({
    source,
    findings,
    looks,
    inconclusive:
      error === undefined
        ? [...(none === undefined ? [] : [none]), ...kind.inconclusive(data, recordOf(value.coverage), findings.length)]
        : [],
    ...(at === undefined ? {} : { at }),
    ...(error === undefined ? {} : { error }),
  })
}

function readError(error: JsonRecord): NonNullable<Run['error']> {
  const code = textOf(error.code) ?? 'SL_OPS_NOT_A_REPORT'
  const row = errorCatalogue[code as ErrorCode] as (typeof errorCatalogue)[ErrorCode] | undefined
  // A failure whose code this version does not know is still one.
  const exitCode = row === undefined || row.exitCode === 0 ? 65 : row.exitCode
  return { code, message: textOf(error.message) ?? 'the command failed', exitCode }
}

/** Asked and nothing answered: whatever the data looks like, nothing was seen. */
function sayNothingAnswered(coverage: JsonRecord): string | undefined {
  const asked = amountOf(coverage.asked) ?? 0
  return asked > 0 && amountOf(coverage.answered) === 0 ? `none of ${asked} answered` : undefined
}

/** What makes an absence worthless whatever the command. */
function sayDoubt(envelope: JsonRecord): string | undefined {
  const codes = listOf(envelope.issues).map((one) => recordOf(one).code)
  if (envelope.ok !== true) return 'the command failed'
  if (codes.includes('SL_COLLECT_INTERRUPTED')) return 'the run was ended early'
  if (codes.includes('SL_ANALYZE_FINDINGS_OMITTED')) return 'it left findings out, beyond the limit of a rule'
  return undefined
}

function readFinding(one: JsonRecord, data: JsonRecord, given: string | undefined): RunFinding | undefined {
  const fingerprint = textOf(one.fingerprint, 200)
  const rule = textOf(one.rule, 200)
  const severity = oneOf(one.severity, severities)
  const confidence = oneOf(one.confidence, confidences)
  const subject = recordOf(one.subject)
  const said = textOf(subject.service)
  if (fingerprint === undefined || rule === undefined || severity === undefined || confidence === undefined) {
    return undefined
  }
  if (said === undefined) return undefined
  const service = said === 'unknown' ? (given ?? said) : said
  const evidence = listOf(one.evidence).map(recordOf)
  const broken = findBreak(data, fingerprint, said)
  const cost = recordOf(one.cost)
  const fix = textOf(recordOf(one.fix).summary)
  const directory = textOf(data.directory)
  const tier = oneOf(data.tier, ['a', 'b'] as const)
  const interval = listOf(broken.interval)
  const low = amountOf(interval[0])
  const high = amountOf(interval[1])
  return {
    fingerprint,
    rule,
    title: textOf(one.title) ?? rule,
    severity,
    confidence,
    service,
    where: placeOf(one, evidence, data, broken),
    measure: present({
      rate: amountOf(broken.rate) ?? amountOf(cost.rate),
      interval: low === undefined || high === undefined ? undefined : ([low, high] as const),
      traces: amountOf(broken.traces),
      affectedTracesPerDay: amountOf(broken.affectedTracesPerDay) ?? amountOf(cost.affectedTracesPerDay),
      goroutineSeconds: amountOf(cost.goroutineSeconds),
    }),
    needs: {
      lenses: [...new Set(evidence.flatMap(({ lens }) => textOf(lens, 40) ?? []))].sort(),
      ...(directory === undefined ? {} : { directory }),
      ...(tier === undefined ? {} : { tier }),
    },
    ...(fix === undefined ? {} : { fix }),
  }
}

/** The row of `trust` behind a finding: by the fingerprint that its place and cause make. */
function findBreak(data: JsonRecord, fingerprint: string, service: string): JsonRecord {
  const rows = listOf(data.services)
    .map(recordOf)
    .filter((one) => one.service === service)
    .flatMap((one) => listOf(one.breaks).map(recordOf))
  return rows.find((one) => markBreak(one, service) === fingerprint) ?? {}
}

function markBreak(row: JsonRecord, service: string): string {
  const { operation, edge } = readPlace(row)
  const rule = row.state === 'lost' ? textOf(row.class) : undefined
  const symbols = [operation ?? '', ...(edge === undefined ? [] : [`${edge.from} → ${edge.to}`])]
  return makeFingerprint({ rule: rule ?? UNEXPLAINED_BREAK, service, symbols })
}

function placeOf(
  finding: JsonRecord,
  evidence: readonly JsonRecord[],
  data: JsonRecord,
  broken: JsonRecord,
): DebtPlace {
  const inSource = evidence.find((one) => textOf(one.file) !== undefined)
  if (inSource !== undefined) return readPlace({ ...readBreakPlace(broken), ...inSource })
  if (broken.operation !== undefined || broken.edge !== undefined) return readPlace(readBreakPlace(broken))
  const frame = frameOf(finding, data)
  return Object.keys(frame).length > 0 ? frame : (frameOfStacks(evidence) ?? {})
}

const stackLine = /^(\S.*?\S) (\S+\.go):(\d+)$/

/** The user's first frame in the stacks that a finding of `timeline` shows. */
function frameOfStacks(evidence: readonly JsonRecord[]): DebtPlace | undefined {
  for (const line of evidence.flatMap(({ excerpt }) => (textOf(excerpt) ?? '').split('\n'))) {
    const [, name, file, at] = stackLine.exec(line) ?? []
    // Packages of the standard library have no dot in the first name of their path.
    const isOwn = name !== undefined && (/^main\./.test(name) || /^[^/]*\.[^/]*\//.test(name))
    if (isOwn) return readPlace({ function: name, file, line: Number(at) })
  }
  return undefined
}

function readBreakPlace({ operation, edge }: JsonRecord): JsonRecord {
  return { ...(operation === undefined ? {} : { operation }), ...(edge === undefined ? {} : { edge }) }
}

/** The user's frame of the first group that a finding of `diagnose` is about, in the target of its service. */
function frameOf(finding: JsonRecord, data: JsonRecord): DebtPlace {
  const id = listOf(finding.groups)[0]
  const subject = recordOf(finding.subject)
  const targets = Array.isArray(data.targets) ? data.targets.map(recordOf) : [data]
  const target =
    targets.find((one) => {
      const { service, instance } = recordOf(one.target)
      return service === subject.service && (subject.instance === undefined || instance === subject.instance)
    }) ?? {}
  const group = listOf(recordOf(target.goroutines).groups)
    .map(recordOf)
    .find((one) => one.id === id)
  if (id === undefined || group === undefined) return {}
  const frame = listOf(group.stack)
    .map(recordOf)
    .find((one) => one.function === group.userFunction)
  return readPlace({ function: group.userFunction, file: frame?.file, line: frame?.line })
}
