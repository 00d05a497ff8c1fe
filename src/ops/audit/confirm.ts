/**
 * `audit DIR --spans/--capture/--trace`: the audit, and what ran held against it. Enters: the audit's input and files of
 * spans, logs, goroutine dumps and execution traces, told by their content. Leaves: the audit's report, in which what was
 * seen is certain, and what was not says so.
 */
import { type Confirmed, confirmFindings } from '../../analyze/trust-source/confirm-findings.ts'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { Report } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import type { InputPlace } from '../../model/trust/input-files.ts'
import { findCases } from '../trust/find-cases.ts'
import { nameSources } from '../trust/name-sources.ts'
import { readSignals } from '../trust/read-signals.ts'
import { auditDirectory } from './audit.ts'
import type { AuditDeps, AuditInput } from './audit-input.ts'
import { readBirths } from './read-births.ts'

export type RunFiles = {
  /** Spans and logs. */
  readonly signals: readonly InputPlace[]
  /** Captures and traces: of any kind. */
  readonly runtime: readonly InputPlace[]
  /** The service that runs the source, where it was said. */
  readonly service?: string
  readonly settleNs?: number
}

export async function auditWithRuns(
  deps: AuditDeps,
  input: AuditInput,
  files: RunFiles,
): Promise<Result<Report<AuditData>, Fault>> {
  const log = openIssueLog()
  const births = await readBirths(files.runtime, log)
  if (files.runtime.length > 0 && births.files === 0 && births.others.length === 0) {
    return err(fault('SL_OPS_NO_RUNTIME', { target: files.runtime[0]?.name ?? '' }))
  }
  const audited = await auditDirectory(deps, input)
  if (!audited.ok) return audited
  const report = audited.value
  const places = [...files.signals, ...births.others]
  const asked = places.length + births.files
  if (places.length === 0) {
    const evidence = report.findings.map(() => undefined)
    const confirmed = confirmFindings({ findings: report.findings, evidence, births: births.births })
    return ok(join(report, confirmed, log, { asked, missing: [] }))
  }
  const { progress, signal } = input
  const read = await readSignals(places, {
    ...(progress === undefined ? {} : { progress }),
    ...(signal === undefined ? {} : { signal }),
  })
  if (!read.ok) return read
  log.addAll(read.value.issues)
  const { data } = report
  const source = {
    kind: 'directory' as const,
    name: input.name,
    tier: data.tier,
    findings: report.findings,
    programs: data.programs,
    spanNames: data.spanNames,
    modules: data.modules.map(({ path }) => path),
    ...(files.service === undefined ? {} : { services: [files.service] }),
  }
  const named = nameSources([source], read.value.spans, log)
  if (!named.ok) return named
  const { evidence } = named.value
  const { forest, cases } = findCases(read.value, {
    ...(files.settleNs === undefined ? {} : { settleNs: files.settleNs }),
    source: evidence.filter((one) => one !== undefined),
  })
  const confirmed = confirmFindings({
    findings: report.findings,
    evidence,
    births: births.births,
    spans: { forest, cases },
  })
  return ok(join(report, confirmed, log, { asked, missing: read.value.missing }))
}

function join(
  report: Report<AuditData>,
  { findings, seen }: Confirmed,
  log: IssueLog,
  { asked, missing }: { readonly asked: number; readonly missing: Report<AuditData>['coverage']['missing'] },
): Report<AuditData> {
  const { coverage } = report
  return {
    ...report,
    data: { ...report.data, seen },
    findings,
    issues: [...report.issues, ...log.list()],
    coverage: {
      asked: coverage.asked + asked,
      answered: coverage.answered + asked - missing.length,
      missing: [...coverage.missing, ...missing],
    },
  }
}
