/**
 * The use case `trust`: files of spans (and logs, headers, audited source) → how far the spans can be believed, and why.
 * Reads everything into one table, finds the breaks, grades each service and edge. The exit code is the report's: 2
 * where no service has the traces that a grade needs; `--min` makes a grade below it a 1, and one that cannot be given
 * a 2, for no data is never a pass; 3 where all that is well, but a file that was named could not be read.
 *
 *   files ─► read-signals ─► find-cases (source ─► name-sources) ─► judgeTrust, findings
 */
import type { findBreaks } from '../analyze/trust/find-breaks.ts'
import type { SpanForest } from '../analyze/trust/forest.ts'
import { describeTrace, findTraces } from '../analyze/trust-verdict/trace-tree.ts'
import { findTrustTroubles } from '../analyze/trust-verdict/trust-findings.ts'
import { judgeTrust, reachesGrade } from '../analyze/trust-verdict/verdict.ts'
import { type ExitCode, type Fault, fault } from '../base/errors.ts'
import { err, ok, type Result } from '../base/result.ts'
import { decodeEdgeHeaders } from '../decode/propagators/edge-headers.ts'
import type { Finding } from '../model/contract.ts'
import { type IssueLog, openIssueLog } from '../model/issue.ts'
import type { ProgressSink, Report } from '../model/report.ts'
import type { SpanTable } from '../model/spans.ts'
import type { EdgeHeaders } from '../model/trust/edge-headers.ts'
import type { InputSet } from '../model/trust/input-files.ts'
import type { TraceTree } from '../model/trust/trace-tree.ts'
import type { TrustData, TrustGrade } from '../model/trust/trust-data.ts'
import { findCases } from './trust/find-cases.ts'
import { nameSources } from './trust/name-sources.ts'
import { readSignals } from './trust/read-signals.ts'
import type { ReadSources } from './trust/read-source.ts'

export type TrustReportData = TrustData & { readonly trace?: TraceTree }

export type TrustOptions = {
  /** How long a span may still come; default max(60 s, p99 of the roots' durations + 35 s). */
  readonly settleNs?: number
  readonly service?: string
  /** An id, or the beginning of one. */
  readonly trace?: string
  readonly min?: TrustGrade
  /** Text of a --headers file, and its name. */
  readonly headers?: { readonly name: string; readonly text: string }
  /** Audited source, as evidence. */
  readonly sources?: ReadSources
  readonly maxSpans?: number
  readonly progress?: ProgressSink
  readonly signal?: AbortSignal
}

const MAX_NAMES = 8

export async function judgeSpans(
  inputs: InputSet,
  options: TrustOptions = {},
): Promise<Result<Report<TrustReportData>>> {
  const { progress } = options
  const log = openIssueLog()
  const headers = readHeaders(options.headers, log)
  if (!headers.ok) return headers
  const read = await readSignals(inputs.places, options)
  if (!read.ok) return read
  const { spans, logs, missing, asked } = read.value
  log.addAll(read.value.issues)
  progress?.step(`judging ${spans.count} spans`)
  log.addAll(options.sources?.issues ?? [])
  const named = nameSources(options.sources?.sources ?? [], spans, log)
  if (!named.ok) return named
  const known = matchServices(headers.value, spans, log)
  const found = findCases(read.value, {
    ...(options.settleNs === undefined ? {} : { settleNs: options.settleNs }),
    source: named.value.evidence.filter((one) => one !== undefined),
    headers: known,
  })
  const { forest, operations, settleNs, readAtNs, cases } = found
  const given = { forest, operations, ...(logs === undefined ? {} : { logs }) }
  const whole = judgeTrust({ ...given, cases, settleNs, headers: known })
  const mayBePartial = noteLimits(spans, whole, readAtNs, log)
  const findings = findTrustTroubles({ ...given, cases, mayBePartial })
  const trace = options.trace === undefined ? undefined : describeAsked(forest, options.trace, cases, whole)
  if (trace?.ok === false) return trace
  const selected =
    options.service === undefined ? ok({ data: whole, findings }) : selectService(whole, findings, options.service)
  if (!selected.ok) return selected
  return ok({
    data: {
      ...selected.value.data,
      ...(options.sources === undefined ? {} : { sources: named.value.sources }),
      ...(trace === undefined ? {} : { trace: trace.value }),
    },
    findings: selected.value.findings,
    issues: log.list(),
    coverage: { asked, answered: asked - missing.length, missing },
    exitCode: decideTrust(selected.value.data, options.min) || (read.value.refused > 0 ? 3 : 0),
  })
}

/** No grade at all is no verdict; with --min each service must reach it. */
function decideTrust({ services }: Pick<TrustData, 'services'>, min: TrustGrade | undefined): ExitCode {
  const graded = services.filter(({ grade }) => grade !== 'insufficient')
  if (min !== undefined) {
    if (graded.some(({ grade }) => !reachesGrade(grade, min))) return 1
    return graded.length < services.length || graded.length === 0 ? 2 : 0
  }
  return graded.length === 0 ? 2 : 0
}

function readHeaders(file: TrustOptions['headers'], log: IssueLog): Result<readonly EdgeHeaders[], Fault> {
  if (file === undefined) return ok([])
  const decoded = decodeEdgeHeaders(file.text)
  if (!decoded.ok) return err({ ...decoded.error, target: file.name })
  log.addAll(decoded.value.issues, file.name)
  return ok(decoded.value.value)
}

/** A HAR knows hosts, spans know services: `cart.shop.svc.cluster.local` is `cart` where there is no better match. */
function matchServices(rows: readonly EdgeHeaders[], { resources }: SpanTable, log: IssueLog): EdgeHeaders[] {
  const services = new Set(resources.map(({ service }) => service))
  const toService = (name: string) => (services.has(name) ? name : (name.split('.')[0] ?? name))
  const matched: EdgeHeaders[] = []
  for (const row of rows) {
    const to = toService(row.to)
    if (services.has(to)) matched.push({ ...row, to, ...(row.from === undefined ? {} : { from: toService(row.from) }) })
    else log.add('SL_OPS_HEADERS_NOT_MATCHED', `headers of requests to ${row.to}, of which there are no spans`)
  }
  return matched
}

/** What limits the answer: said once, and it lowers confidence where spans may be missing for reasons of the input. */
function noteLimits(spans: SpanTable, whole: TrustData, readAtNs: number, log: IssueLog): boolean {
  const { window, settleWindowNs } = whole
  const partial = spans.sources.filter(({ mayBePartial }) => mayBePartial !== undefined)
  for (const { name, mayBePartial } of partial) {
    const message = `spans may be missing from this file: ${mayBePartial}; missing spans are no proof of a break here`
    log.add('SL_OPS_SPANS_PARTIAL', message, { at: { file: name } })
  }
  const startNs = spans.startNs.reduce((least, startNs) => Math.min(least, startNs), readAtNs)
  if (window !== undefined && readAtNs - startNs < settleWindowNs) {
    const seconds = Math.round(settleWindowNs / 1e9)
    const message = `the spans cover less time than a late one may take (${seconds} s), and nothing says that they were complete later: what is missing may still come`
    log.add('SL_OPS_SPANS_UNSETTLED', message)
  }
  return partial.length > 0
}

function describeAsked(
  forest: SpanForest,
  asked: string,
  cases: ReturnType<typeof findBreaks>,
  { skew }: TrustData,
): Result<TraceTree, Fault> {
  const found = findTraces(forest, asked)
  const [only] = found
  if (only !== undefined && found.length === 1) return ok(describeTrace(forest, only, cases, skew))
  const message =
    found.length === 0
      ? `There is no trace ${asked} among the spans`
      : `Several traces have an id that begins with ${asked}`
  return err(fault('SL_OPS_NO_TRACE', { message }))
}

function selectService(
  whole: TrustData,
  findings: readonly Finding[],
  service: string,
): Result<{ readonly data: TrustData; readonly findings: readonly Finding[] }, Fault> {
  const services = whole.services.filter((one) => one.service === service)
  if (services.length === 0) {
    const names = whole.services.slice(0, MAX_NAMES).map((one) => one.service)
    const message = `There are no spans of a service ${service}`
    return err(fault('SL_OPS_NO_SERVICE', { message, hint: `Services in the spans: ${names.join(', ')}.` }))
  }
  return ok({
    data: { ...whole, services, edges: whole.edges.filter(({ from, to }) => from === service || to === service) },
    findings: findings.filter(({ subject }) => subject.service === service),
  })
}
