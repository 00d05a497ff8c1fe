/**
 * The one place where an exit code is decided: an error's own code, else what the report says,
 * else --fail-on. An inconclusive report stays 2 even where a finding would fail it: no verdict is not a verdict.
 */
import { type ExitCode, errorCatalogue } from '../base/errors.ts'
import { type Finding, type Severity, severities } from '../model/contract.ts'
import type { Report } from '../model/report.ts'

export type ExitPolicy = { readonly failOn?: Severity }

export function decideExitCode(
  report: Pick<Report<unknown>, 'exitCode' | 'error' | 'findings'>,
  policy: ExitPolicy = {},
): ExitCode {
  if (report.error !== undefined) {
    return report.exitCode === 3 ? 3 : errorCatalogue[report.error.code].exitCode
  }
  if (report.exitCode !== 0) return report.exitCode
  return hasFinding(report.findings, policy.failOn) ? 1 : 0
}

function hasFinding(findings: readonly Finding[], failOn: Severity | undefined): boolean {
  if (failOn === undefined) return false
  const worst = severities.indexOf(failOn)
  return findings.some((finding) => severities.indexOf(finding.severity) <= worst)
}
