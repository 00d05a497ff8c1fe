/**
 * The audit's own flow: packages → views and facts → the project → rules → drafts → findings.
 * `openPackage` is for the thread that has the trees: it gives facts at once, and drafts when the whole project's facts
 * are known. `auditProject` runs the rules that look at facts alone. `makeFindings` turns drafts into findings of the
 * envelope: fingerprints are of package path, function and rule, never of a line.
 */
import type { Evidence, Finding, Severity } from '../../model/contract.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import type { AuditDraft, AuditIgnore, PackageFacts } from '../../model/trust/audit-data.ts'
import type { GoPackage } from '../../model/trust/go-source.ts'
import type { PackageMap } from '../../model/trust/source-map.ts'
import { keepTidy } from './edits.ts'
import { readIgnores, silences } from './ignore-comments.ts'
import { isExampleFolder } from './intent.ts'
import { type PackageView, viewPackage } from './package-view.ts'
import {
  endPlaceOf,
  gatherFacts,
  type ProjectView,
  placeOf,
  serviceOf,
  symbolAround,
  viewProject,
} from './project-facts.ts'
import { auditRules } from './registry.ts'
import type { AuditRule } from './rule.ts'
import { mapPackage, scopeOf } from './source-map.ts'
import type { SourceOperations } from './source-operations.ts'

/** Findings of one rule in one package; what is beyond is counted. */
const MAX_PER_RULE_AND_PACKAGE = 500

export type PackageAudit = {
  readonly drafts: readonly AuditDraft[]
  readonly ignores: readonly AuditIgnore[]
  readonly omitted: number
  readonly map: PackageMap
}

export type OpenPackage = {
  readonly facts: PackageFacts
  audit(project: ProjectView): PackageAudit
}

export function openPackage(pkg: GoPackage): OpenPackage {
  const view = viewPackage(pkg)
  return { facts: gatherFacts(view), audit: (project) => auditPackage(view, project) }
}

function auditPackage(view: PackageView, project: ProjectView): PackageAudit {
  const ignores = readIgnores(view)
  const drafts: AuditDraft[] = []
  let omitted = 0
  const service = serviceOf(view)
  const packagePath = view.packagePath
  const isShown = isExampleFolder(view.pkg.directory)
  for (const rule of auditRules) {
    const seen = new Set<string>()
    let count = 0
    rule.check?.({
      view,
      project,
      report(file, node, draft) {
        // Of generated code only its author can mend anything, and the author is a program.
        if (view.file(file).isGenerated) return
        const place = placeOf(view, file, node)
        const id = `${file}:${place.line}:${place.column}:${draft.message}`
        if (seen.has(id)) return
        seen.add(id)
        const finding = { file, line: place.line, rule: rule.id, aliases: draft.aliases ?? [] }
        const silent = ignores.filter((ignore) => silences(ignore, finding))
        for (const ignore of silent) ignore.used++
        if (silent.length > 0) return
        if (++count > MAX_PER_RULE_AND_PACKAGE) {
          omitted++
          return
        }
        const fix = keepTidy(view, file, draft.fix)
        const scope = scopeOf(view, file, node)
        drafts.push({
          rule: rule.id,
          message: draft.message,
          severity: isShown ? 'info' : (draft.severity ?? rule.severity),
          confidence: isShown ? 'possible' : (draft.confidence ?? 'possible'),
          place,
          related: (draft.related ?? []).map((one) => ({
            ...(one.atEnd === true ? endPlaceOf(view, file, one.node) : placeOf(view, file, one.node)),
            note: one.note,
          })),
          packagePath,
          symbol: symbolAround(view, file, node),
          service,
          ...(draft.advice === undefined ? {} : { advice: draft.advice }),
          ...(fix === undefined ? {} : { fix }),
          ...(scope === undefined ? {} : { scope }),
          ...(draft.offTrace === undefined ? {} : { offTrace: draft.offTrace }),
        })
      },
    })
  }
  return {
    drafts,
    omitted,
    map: mapPackage(view),
    ignores: ignores.map(({ place, names, reason, used, from }) => ({
      place,
      rules: names,
      reason,
      used,
      from: from === 'sightline' ? ('sightline' as const) : ('other' as const),
    })),
  }
}

/** The rules that need no trees. */
export function auditProject(packages: readonly PackageFacts[]): readonly AuditDraft[] {
  const project = viewProject(packages)
  const drafts: AuditDraft[] = []
  for (const rule of auditRules) {
    rule.checkProject?.({
      project,
      report(place, { pkg, message, confidence, severity, advice }) {
        drafts.push({
          rule: rule.id,
          message,
          severity: severity ?? rule.severity,
          confidence: confidence ?? 'possible',
          place,
          related: [],
          packagePath: pkg.importPath,
          symbol: '',
          service: pkg.service,
          ...(advice === undefined ? {} : { advice }),
        })
      },
    })
  }
  return drafts
}

const order: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']

/** Worst first; of equals by file and line. */
export function makeFindings(
  drafts: readonly AuditDraft[],
  doc: string,
  operations?: SourceOperations,
): readonly Finding[] {
  const rules = new Map<string, AuditRule>(auditRules.map((rule) => [rule.id, rule]))
  const sorted = drafts
    .map((draft) => weigh(draft, operations))
    .sort(
      (a, b) =>
        order.indexOf(a.severity) - order.indexOf(b.severity) ||
        compare(a.confidence === 'probable' ? '0' : '1', b.confidence === 'probable' ? '0' : '1') ||
        compare(a.place.file, b.place.file) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column ||
        compare(a.rule, b.rule),
    )
  return sorted.map((draft) => ({
    rule: draft.rule,
    title: draft.message,
    severity: draft.severity,
    confidence: draft.confidence,
    subject: { service: draft.service },
    evidence: [
      { ...evidenceOf(draft.place), ...placeAmong(draft, operations) },
      ...draft.related.map((one) => ({ ...evidenceOf(one), at: `line ${one.line}: ${one.note}` })),
    ],
    blindTo: [],
    cost: {},
    fix: { summary: draft.advice ?? rules.get(draft.rule)?.fix ?? '', doc: `${doc}#${draft.rule}` },
    fingerprint: makeFingerprint({
      rule: draft.rule,
      service: draft.service,
      symbols: [`${draft.packagePath}.${draft.symbol}`],
    }),
  }))
}

/** Where nothing that is traced leads to it, it is worth what its rule says of that. */
function weigh(draft: AuditDraft, operations: SourceOperations | undefined): AuditDraft {
  const { offTrace, scope } = draft
  if (offTrace === undefined || scope === undefined || draft.severity === 'info') return draft
  if (operations?.isTraced(scope) !== false) return draft
  return { ...draft, ...offTrace }
}

function evidenceOf({ file, line, column, excerpt }: AuditDraft['place']): Evidence {
  return { lens: 'source', source: file, at: `line ${line}`, excerpt: excerpt.trimEnd(), file, line, column }
}

function placeAmong({ scope }: AuditDraft, operations: SourceOperations | undefined): Partial<Evidence> {
  if (scope === undefined) return {}
  const { starts = [], operations: names = [] } = operations?.describe(scope) ?? {}
  return {
    ...(scope.function === undefined ? {} : { function: scope.function }),
    ...(starts.length === 0 ? {} : { starts }),
    ...(names.length === 0 ? {} : { operations: names }),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
