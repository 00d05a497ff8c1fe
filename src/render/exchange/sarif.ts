/**
 * The one writer of SARIF 2.1.0 (OASIS, errata 01), for the audit and for the gate, as GitHub's code scanning takes it:
 * one run, its rules once, a physical location for every result, our fingerprint among the partial ones so that an alert
 * is followed over lines. Pure: results in, text out. What has no place in source is put at the first line of the file
 * that it was read from, and says where it really is by name. Results beyond the limit are left out, worst kept, and the
 * run's notifications say how many.
 */
import { type Severity, severities } from '../../model/contract.ts'
import { printJson } from '../text.ts'

export type SarifRule = {
  readonly id: string
  readonly title?: string
  readonly help?: string
  readonly severity?: Severity
  readonly saysWhen?: string
}

export type SarifPlace = {
  /** Relative to the repository, with slashes. */
  readonly file: string
  readonly line?: number
  /** UTF-16 units, from 1. */
  readonly column?: number
}

export type SarifResult = {
  readonly rule: string
  readonly severity: Severity
  readonly message: string
  readonly fingerprint: string
  readonly place: SarifPlace
  readonly related?: readonly (SarifPlace & { readonly note: string })[]
  /** Function, operation or edge, where it has no place in source. */
  readonly logicalName?: string
  /** Against a baseline. */
  readonly isNew?: boolean
  /** Why somebody puts up with it. */
  readonly suppressedBy?: string
  readonly properties?: Readonly<Record<string, string | number | boolean>>
}

export type SarifInput = {
  readonly version: string
  readonly rules: readonly SarifRule[]
  readonly results: readonly SarifResult[]
  /** Findings that cannot be results: they have no file. */
  readonly unplaced?: number
  /** Left out before they came here. */
  readonly omitted?: number
}

/** GitHub refuses files with more results in a run. */
export const MAX_SARIF_RESULTS = 25_000

const levels: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  critical: 'error',
  high: 'error',
  medium: 'warning',
  low: 'note',
  info: 'note',
}

export function renderSarif({ version, rules, results, unplaced = 0, omitted = 0 }: SarifInput): string {
  const shown = keepWorst(results)
  const known = new Map(rules.map((rule) => [rule.id, rule]))
  for (const { rule } of shown) if (!known.has(rule)) known.set(rule, { id: rule })
  const ids = [...known.keys()].sort()
  const index = new Map(ids.map((id, at) => [id, at]))
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Sightline',
            ...(/^\d+\.\d+\.\d+/.test(version) ? { semanticVersion: version } : {}),
            rules: ids.map((id) => describeRule(known.get(id) ?? { id })),
          },
        },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: sayLeftOut(results.length - shown.length + omitted, unplaced),
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: shown.map((result) => describeResult(result, index.get(result.rule) ?? 0)),
      },
    ],
  }
  return `${printJson(log, 2)}\n`
}

/** In the order given, without the mildest of those that are too many. */
function keepWorst(results: readonly SarifResult[]): readonly SarifResult[] {
  if (results.length <= MAX_SARIF_RESULTS) return results
  const rank = ({ severity }: SarifResult) => severities.indexOf(severity)
  const kept = new Set(results.toSorted((a, b) => rank(a) - rank(b)).slice(0, MAX_SARIF_RESULTS))
  return results.filter((one) => kept.has(one))
}

function sayLeftOut(tooMany: number, unplaced: number) {
  const note = (id: string, text: string) => ({ level: 'warning', descriptor: { id }, message: { text } })
  const most = MAX_SARIF_RESULTS.toLocaleString('en')
  return [
    ...(tooMany === 0
      ? []
      : [
          note(
            'results-left-out',
            `${tooMany} results beyond ${most} were left out, the mildest ones: code scanning takes no more`,
          ),
        ]),
    ...(unplaced === 0
      ? []
      : [note('results-without-a-file', `${unplaced} findings have no file and are no results here`)]),
  ]
}

function describeRule({ id, title, help, severity, saysWhen }: SarifRule) {
  return {
    id,
    name: id.replace(/(^|-)(\w)/g, (_, _dash: string, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title ?? id },
    ...(saysWhen === undefined ? {} : { fullDescription: { text: `Says so when: ${saysWhen}` } }),
    ...(help === undefined ? {} : { help: { text: help } }),
    ...(severity === undefined ? {} : { defaultConfiguration: { level: levels[severity] } }),
    properties: {
      tags: ['tracing', 'observability'],
      ...(severity === undefined ? {} : { precision: 'medium', 'problem.severity': problemOf(severity) }),
    },
  }
}

function describeResult(result: SarifResult, ruleIndex: number) {
  const { rule, severity, message, fingerprint, place, related, logicalName, isNew, suppressedBy, properties } = result
  return {
    ruleId: rule,
    ruleIndex,
    level: levels[severity],
    message: { text: message },
    locations: [
      {
        ...describePlace(place),
        ...(logicalName === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: logicalName }] }),
      },
    ],
    ...(related === undefined || related.length === 0
      ? {}
      : {
          relatedLocations: related.map((one, index) => ({
            id: index + 1,
            ...describePlace(one),
            message: { text: one.note },
          })),
        }),
    partialFingerprints: { 'sightline/v1': fingerprint },
    ...(isNew === undefined ? {} : { baselineState: isNew ? 'new' : 'unchanged' }),
    ...(suppressedBy === undefined
      ? {}
      : { suppressions: [{ kind: 'external', status: 'accepted', justification: suppressedBy }] }),
    properties: { severity, ...properties },
  }
}

function describePlace({ file, line, column }: SarifPlace) {
  return {
    physicalLocation: {
      artifactLocation: { uri: toUri(file), uriBaseId: '%SRCROOT%' },
      region: { startLine: line ?? 1, ...(column === undefined ? {} : { startColumn: column }) },
    },
  }
}

/** GitHub's word for a rule's level; its security-severity is not for these. */
function problemOf(severity: Severity): string {
  const level = levels[severity]
  return level === 'note' ? 'recommendation' : level
}

/** A relative reference: slashes, each name percent-encoded, no scheme. */
function toUri(file: string): string {
  const path = file.replaceAll('\\', '/').replace(/^(\.\/)+/, '')
  // A lone surrogate cannot be encoded.
  return path.toWellFormed().split('/').map(encodeURIComponent).join('/')
}
