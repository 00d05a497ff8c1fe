/** The audit's rules as rows, for --rule, SARIF and docs/audit.md. */
import { auditRules } from '../../analyze/audit/registry.ts'
import type { Severity } from '../../model/contract.ts'

export type AuditRuleInfo = {
  readonly id: string
  readonly classNumber?: number
  readonly title: string
  readonly severity: Severity
  readonly saysWhen: string
  readonly fix: string
}

const brokenSource: AuditRuleInfo = {
  id: 'broken-source',
  title: 'A file is not Go that can be read as a whole',
  severity: 'low',
  saysWhen: 'the syntax tree of a file has places that are not Go; the rest of the file is read.',
  fix: 'Mend the file; where gofmt takes it, the grammar is behind the language.',
}

export function listAuditRules(): readonly AuditRuleInfo[] {
  const rows = auditRules.map(({ id, classNumber, title, severity, saysWhen, fix }) => ({
    id,
    ...(classNumber === undefined ? {} : { classNumber }),
    title,
    severity,
    saysWhen,
    fix,
  }))
  return [...rows, brokenSource]
}
