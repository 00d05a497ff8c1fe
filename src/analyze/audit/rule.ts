/**
 * What an audit rule is: one way in which Go source breaks trace context, or one of the faults that go with it. A rule is
 * a value with two ways of looking, either or both: `check` reads one package (its syntax, names, types of either tier),
 * `checkProject` reads the facts of all packages. Both run over plain data; what a rule reports is a draft that
 * run-audit.ts makes a finding of. From source alone nothing is certain: a rule says `probable` or `possible`.
 */
import type { Severity } from '../../model/contract.ts'
import type { AuditEdit, AuditPlace, PackageFacts } from '../../model/trust/audit-data.ts'
import type { PackageView } from './package-view.ts'
import type { ProjectView } from './project-facts.ts'

export type AuditRule = {
  /** The class's name (break-classes.ts), or the name of a fault that has none. */
  readonly id: string
  readonly classNumber?: number
  readonly title: string
  /** Of a finding that says no other. */
  readonly severity: Severity
  /** When it fires, and what is left alone on purpose. */
  readonly saysWhen: string
  readonly fix: string
  readonly check?: (context: AuditContext) => void
  readonly checkProject?: (context: ProjectContext) => void
}

export type AuditContext = {
  readonly view: PackageView
  readonly project: ProjectView
  report(file: number, node: number, draft: ReportDraft): void
}

export type ProjectContext = {
  readonly project: ProjectView
  report(place: AuditPlace, draft: Omit<ReportDraft, 'related' | 'fix'> & { readonly pkg: PackageFacts }): void
}

export type ReportDraft = {
  /** One sentence that names what stands there. */
  readonly message: string
  /** Default: possible. */
  readonly confidence?: 'probable' | 'possible'
  readonly severity?: Severity
  /** What it is worth where no request, span or method of gRPC is known to lead to it, in a project that has such. */
  readonly offTrace?: { readonly severity: Severity; readonly confidence: 'probable' | 'possible' }
  /** Other nodes of the same file that the finding is about; `atEnd`: their last character. */
  readonly related?: readonly { readonly node: number; readonly note: string; readonly atEnd?: boolean }[]
  /** A mechanical change that is safe; absent where there is none. */
  readonly fix?: AuditFix
  /** What to do, where that differs from the rule's own. */
  readonly advice?: string
  /** Names by which other linters' ignore comments mean this finding: `goroutinectx/errgroup`. */
  readonly aliases?: readonly string[]
}

export type AuditFix = { readonly title: string; readonly edits: readonly AuditEdit[] }
