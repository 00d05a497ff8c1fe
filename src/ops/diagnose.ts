/**
 * The use case `diagnose`: a capture (from a folder, an .slc, loose files or straight from a target) → a report.
 * Deterministic: the same capture gives the same bytes of JSON. Several targets: one entry each, failures as values.
 */

import { type DiagnoseOptions, diagnoseEvidence } from '../analyze/diagnose.ts'
import { type ExitCode, errorCatalogue, type Fault, fault } from '../base/errors.ts'
import type { Result } from '../base/result.ts'
import { parseTarget } from '../collect/target.ts'
import type { Capture } from '../model/capture.ts'
import type { CoverageGap, Finding } from '../model/contract.ts'
import type { DiagnoseData, DiagnoseManyData } from '../model/diagnosis.ts'
import { openIssueLog } from '../model/issue.ts'
import type { Report } from '../model/report.ts'
import { type EvidenceDeps, type EvidenceOptions, readEvidence } from './read-evidence.ts'

type FailedTarget = Extract<DiagnoseManyData['targets'][number], { error: unknown }>['target']

export type DiagnoseCaptureOptions = EvidenceOptions & DiagnoseOptions

/** The data of a report whose target could not be read: nothing is known, and nothing is claimed. */
function emptyData(capture: Capture): DiagnoseData {
  const target = capture.manifest?.target
  return {
    target: {
      kind: capture.manifest === undefined ? 'files' : 'capture',
      ...(target?.url === undefined ? {} : { url: target.url }),
      service: target?.service ?? 'unknown',
      serviceFrom: target?.serviceFrom ?? 'none',
    },
    window: { dumps: 0 },
    lenses: [],
    goroutines: { count: 0, groups: [] },
    cpu: { state: 'absent', top: [] },
    blindSpots: [],
    verdict: { grade: 'inconclusive', because: ['Nothing could be read.'] },
  }
}

export async function diagnoseCapture(
  deps: EvidenceDeps,
  capture: Capture,
  options: DiagnoseCaptureOptions = {},
): Promise<Report<DiagnoseData>> {
  const read = await readEvidence(deps, capture, options)
  if (!read.ok) {
    const { fault: error, issues } = read.error
    return {
      data: emptyData(capture),
      findings: [],
      issues,
      coverage: { asked: capture.files.length, answered: 0, missing: [gapOf(error, capture.origin)] },
      error,
      exitCode: errorCatalogue[error.code].exitCode,
    }
  }
  const { evidence, coverage } = read.value
  const diagnosis = diagnoseEvidence(evidence, options)
  return {
    data: diagnosis.data,
    findings: diagnosis.findings,
    issues: diagnosis.issues,
    coverage,
    // A run that was ended early is no whole answer, as for `capture`; too little to judge is still too little.
    exitCode: diagnosis.exitCode === 0 && capture.manifest?.interrupted === true ? 3 : diagnosis.exitCode,
  }
}

/** The report of several targets, and beside it the reports of those that could be judged, in their order. */
export type ManyReport = Report<DiagnoseManyData> & { readonly reports: readonly Report<DiagnoseData>[] }

/** One target of several: its name for people, and its capture or why there is none. */
export type TargetInput = { readonly name: string; readonly capture: Result<Capture> }

/**
 * Several targets: `targets` in the order given. Exit code: 3 when more failed than `maxFailures` (default 0), the only
 * one's own when there is one, else 2 when any is inconclusive, else 0.
 */
export async function diagnoseTargets(
  deps: EvidenceDeps,
  targets: readonly TargetInput[],
  options: DiagnoseCaptureOptions & { readonly maxFailures?: number } = {},
): Promise<ManyReport> {
  const reports: Report<DiagnoseData>[] = []
  const entries: DiagnoseManyData['targets'][number][] = []
  const findings: Finding[] = []
  const missing: CoverageGap[] = []
  const faults: Fault[] = []
  const log = openIssueLog()
  let isInconclusive = false
  let isPartial = false
  for (const { name, capture } of targets) {
    const report = capture.ok ? await diagnoseCapture(deps, capture.value, options) : undefined
    const failure = capture.ok ? report?.error : capture.error
    if (report === undefined || failure !== undefined) {
      const error = failure ?? fault('SL_OPS_NO_EVIDENCE', { target: name })
      faults.push(error)
      missing.push(gapOf(error, name))
      entries.push({ target: nameFailed(name), error })
      continue
    }
    entries.push(report.data)
    reports.push(report)
    findings.push(...report.findings)
    log.addAll(report.issues)
    if (report.exitCode === 2) isInconclusive = true
    if (report.exitCode === 3) isPartial = true
  }
  const answered = targets.length - faults.length
  const tooMany = faults.length > (options.maxFailures ?? 0)
  const only = targets.length === 1 ? faults[0] : undefined
  const error = only ?? (tooMany ? failMany(faults, targets.length) : undefined)
  const exitCode: ExitCode =
    error !== undefined ? errorCatalogue[error.code].exitCode : isPartial ? 3 : isInconclusive ? 2 : 0
  return {
    data: { targets: entries },
    reports,
    findings,
    issues: log.list(),
    coverage: { asked: targets.length, answered, missing },
    ...(error === undefined ? {} : { error }),
    exitCode,
  }
}

/** A live target is known by its address, all that is known of it; an address that could not be read is not shown. */
function nameFailed(name: string): FailedTarget {
  const address = /^[a-z+]+:\/\//i.test(name) ? parseTarget(name) : undefined
  if (address?.ok !== true) return { url: name, service: 'unknown', serviceFrom: 'none' }
  const { display, instance } = address.value
  return { url: display, instance, service: instance, serviceFrom: 'address' }
}

function failMany(faults: readonly Fault[], asked: number): Fault {
  const first = faults[0]
  return fault('SL_OPS_TARGETS_FAILED', {
    message: `${faults.length} of ${asked} targets failed`,
    ...(first === undefined ? {} : { cause: first }),
  })
}

function gapOf(error: Fault, name: string): CoverageGap {
  return {
    what: name,
    why: error.message,
    code: error.code,
    ...(error.target === undefined ? {} : { target: error.target }),
  }
}
