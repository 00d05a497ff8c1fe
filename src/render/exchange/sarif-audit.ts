/**
 * Findings in source as SARIF: a rule per id that is used, a result per finding that has a file, the other places of its
 * evidence as related ones. Columns are bytes here and UTF-16 units there: only ASCII lines agree, so the column is left
 * out elsewhere.
 */
import type { Confidence, Evidence, Finding } from '../../model/contract.ts'
import { renderSarif, type SarifPlace, type SarifResult, type SarifRule } from './sarif.ts'

export type AuditRuleRow = Required<Pick<SarifRule, 'id' | 'title' | 'severity' | 'saysWhen'>> & {
  readonly fix: string
}

/** How sure a finding is, in the words of code scanning. */
const precisions: Readonly<Record<Confidence, string>> = { certain: 'very-high', probable: 'high', possible: 'medium' }

export function renderAuditSarif(
  findings: readonly Finding[],
  { version, rules }: { readonly version: string; readonly rules: readonly AuditRuleRow[] },
): string {
  const used = new Set(findings.map(({ rule }) => rule))
  return renderSarif({
    version,
    rules: rules.filter(({ id }) => used.has(id)).map(({ fix, ...rule }) => ({ ...rule, help: fix })),
    results: findings.flatMap(toResults),
    unplaced: findings.filter(({ evidence: [first] }) => first.file === undefined).length,
  })
}

function toResults({ rule, title, severity, confidence, evidence, fix, fingerprint }: Finding): SarifResult[] {
  const [first, ...related] = evidence
  // Code scanning refuses a result without a place.
  if (first.file === undefined) return []
  return [
    {
      rule,
      severity,
      message: `${title}. ${fix.summary}`,
      fingerprint,
      place: toPlace(first),
      related: related.map((one) => ({ ...toPlace(one), note: one.at ?? '' })),
      properties: { confidence, precision: precisions[confidence] },
    },
  ]
}

function toPlace({ file = '', line, column, excerpt = '' }: Evidence): SarifPlace {
  const isPlain = /^[\x20-\x7e\t]*$/.test(excerpt)
  return {
    file,
    ...(line === undefined ? {} : { line, ...(isPlain && column !== undefined ? { column } : {}) }),
  }
}
