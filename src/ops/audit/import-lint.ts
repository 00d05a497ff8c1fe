/** Reports of other linters given with --import: read, bounded, and joined to the findings (analyze/audit/join-lint.ts). */
import { readFile, stat } from 'node:fs/promises'
import { joinLint } from '../../analyze/audit/join-lint.ts'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { readLintReport } from '../../decode/lint-reports/read-lint-report.ts'
import type { Finding } from '../../model/contract.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import type { LintRemark } from '../../model/trust/lint-report.ts'

const MAX_BYTES = 256 * 1024 * 1024

export type ImportedLint = {
  readonly findings: readonly Finding[]
  readonly imported: NonNullable<AuditData['imported']>
}

/** Codes: SL_COLLECT_NO_INPUT, SL_COLLECT_FILE_TOO_LARGE, SL_DECODE_MALFORMED, SL_DECODE_TOO_LARGE. */
export async function importLint(
  findings: readonly Finding[],
  paths: readonly string[],
  names: { readonly service: string; readonly doc: string; readonly rules: ReadonlySet<string> },
): Promise<Result<ImportedLint, Fault>> {
  const remarks: LintRemark[] = []
  for (const path of paths) {
    const size = await stat(path).then(
      (one) => one.size,
      () => undefined,
    )
    if (size === undefined) return err(fault('SL_COLLECT_NO_INPUT', { target: path }))
    if (size > MAX_BYTES) return err(fault('SL_COLLECT_FILE_TOO_LARGE', { target: path }))
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text === undefined) return err(fault('SL_COLLECT_NO_INPUT', { target: path }))
    const read = readLintReport(text)
    if (!read.ok) return err({ ...read.error, target: path })
    remarks.push(...read.value.remarks)
  }
  const joined = joinLint(findings, remarks, names)
  const wanted = joined.findings.filter(({ rule }) => names.rules.size === 0 || names.rules.has(rule))
  return ok({
    findings: wanted,
    imported: { remarks: remarks.length, joined: joined.joined, added: joined.added, left: joined.left },
  })
}
