/**
 * Findings in source → SARIF 2.1.0 (OASIS, errata 01), as GitHub's code scanning takes it: one run, a rule per id, a
 * result per finding with its place, partial fingerprints and related places. Columns are UTF-16 units from 1, as SARIF
 * has them by default, where ours are bytes: only ASCII lines agree, so the excerpt's column is left out elsewhere.
 */
import type { Confidence, Finding, Severity } from '../../model/contract.ts'
import { printJson } from '../text.ts'

export type SarifRule = {
  readonly id: string
  readonly title: string
  readonly severity: Severity
  readonly saysWhen: string
  readonly fix: string
}

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
}
/** GitHub's security-severity is not for these; precision says how sure a finding is. */
const precisions: Readonly<Record<Confidence, string>> = { certain: 'very-high', probable: 'high', possible: 'medium' }

export function renderSarif(
  findings: readonly Finding[],
  { version, rules }: { readonly version: string; readonly rules: readonly SarifRule[] },
): string {
  const used = rules.filter((rule) => findings.some((finding) => finding.rule === rule.id))
  const indexOf = new Map(used.map((rule, index) => [rule.id, index]))
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sightline',
            semanticVersion: version,
            rules: used.map((rule) => ({
              id: rule.id,
              name: rule.id,
              shortDescription: { text: rule.title },
              fullDescription: { text: `Says so when: ${rule.saysWhen}` },
              help: { text: rule.fix },
              defaultConfiguration: { level: levels[rule.severity] },
              properties: {
                tags: ['tracing', 'observability'],
                precision: 'medium',
                'problem.severity': problemOf(rule.severity),
              },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.flatMap((finding) => resultOf(finding, indexOf)),
      },
    ],
  }
  return `${printJson(log, 2)}\n`
}

function resultOf(finding: Finding, indexOf: ReadonlyMap<string, number>): object[] {
  const [first, ...related] = finding.evidence
  if (first.file === undefined) return []
  const ruleIndex = indexOf.get(finding.rule)
  return [
    {
      ruleId: finding.rule,
      ...(ruleIndex === undefined ? {} : { ruleIndex }),
      level: levels[finding.severity],
      message: { text: `${finding.title}. ${finding.fix.summary}` },
      locations: [locationOf(first)],
      ...(related.length === 0
        ? {}
        : {
            relatedLocations: related.map((one, index) => ({
              id: index + 1,
              ...locationOf(one),
              message: { text: one.at ?? '' },
            })),
          }),
      partialFingerprints: { 'sightline/v1': finding.fingerprint },
      properties: {
        confidence: finding.confidence,
        severity: finding.severity,
        precision: precisions[finding.confidence],
      },
    },
  ]
}

function locationOf({ file = '', line, column, excerpt = '' }: Finding['evidence'][number]): object {
  const isPlain = /^[\x20-\x7e\t]*$/.test(excerpt)
  return {
    physicalLocation: {
      artifactLocation: { uri: file.split('/').map(encodeURIComponent).join('/'), uriBaseId: '%SRCROOT%' },
      ...(line === undefined
        ? {}
        : { region: { startLine: line, ...(isPlain && column !== undefined ? { startColumn: column } : {}) } }),
    },
  }
}

function problemOf(severity: Severity): string {
  const level = levels[severity]
  return level === 'note' ? 'recommendation' : level
}
