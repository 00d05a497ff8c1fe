/**
 * Tier b within the audit: asks the toolchain while the files are read, shares what it says out over the threads, and
 * tells in data, issues and coverage what came of it. Without a toolchain, or where it fails, the audit goes on by
 * syntax and says why.
 */

import type { Fault } from '../../base/errors.ts'
import { ok, type Result } from '../../base/result.ts'
import type { GoFacts } from '../../collect/go-facts/go-facts.ts'
import { openIssueLog } from '../../model/issue.ts'
import type { Report } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import type { GoModule } from '../../model/trust/go-source.ts'
import type { TypedPackage } from '../../model/trust/typed-facts.ts'
import type { AuditDeps, AuditInput } from './audit-input.ts'
import type { GoFolder } from './walk-go.ts'

const MAX_MODULES = 1000
/** Where nobody asked for tier b: with an empty build cache, what is imported would first be compiled for minutes. */
const UNASKED_MS = 120_000

type Typed = Result<GoFacts | undefined, Fault>

/** Undefined: tier a was asked for. Never rejects. */
export function startTyping(
  { typeGo }: AuditDeps,
  { root, tier, signal, progress }: AuditInput,
  modules: readonly GoModule[],
): Promise<Typed> {
  if (tier === 'a' || typeGo === undefined) return Promise.resolve(ok(undefined))
  const directories = modules.map(({ directory }) => directory).slice(0, MAX_MODULES)
  const hooks = { signal: signal ?? new AbortController().signal, progress: progress ?? { step: () => undefined } }
  const limit = tier === 'b' ? {} : { timeoutMs: UNASKED_MS }
  return typeGo({ directory: root, modules: directories, ...limit }, hooks)
}

/** Each thread gets the packages of its folders. */
export function sharePackages(
  packages: readonly TypedPackage[],
  shares: readonly (readonly GoFolder[])[],
): readonly (readonly TypedPackage[])[] {
  const shareOf = new Map<string, number>()
  shares.forEach((share, index) => {
    for (const { directory } of share) shareOf.set(directory, index)
  })
  const shared: TypedPackage[][] = shares.map(() => [])
  for (const one of packages) {
    const path = one.files[0]?.path ?? ''
    const index = shareOf.get(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
    if (index !== undefined) shared[index]?.push(one)
  }
  return shared
}

export type TypingTold = {
  readonly data: Pick<AuditData, 'tier' | 'typing'>
  readonly issues: Report<AuditData>['issues']
  readonly missing: Report<AuditData>['coverage']['missing']
}

export function describeTyping(
  typed: Typed,
  resolved: readonly { readonly typedFiles: number; readonly changedFiles: number }[],
): TypingTold {
  const log = openIssueLog()
  if (!typed.ok) {
    const { code, message } = typed.error
    log.add(code, `Read by syntax, without types: ${message}`, { severity: 'info' })
    return { data: { tier: 'a' }, issues: log.list(), missing: [{ what: 'types', why: message, code }] }
  }
  if (typed.value === undefined) return { data: { tier: 'a' }, issues: [], missing: [] }
  const { goVersion, packages, expressions, typed: count, issues, missing } = typed.value
  log.addAll(issues)
  const changed = resolved.reduce((sum, one) => sum + one.changedFiles, 0)
  if (changed > 0) {
    log.add('SL_COLLECT_GO_PACKAGE', 'Files changed while they were read: their types are not used', { count: changed })
  }
  const files = resolved.reduce((sum, one) => sum + one.typedFiles, 0)
  return {
    data: { tier: 'b', typing: { goVersion, packages: packages.length, files, expressions, typed: count } },
    issues: log.list(),
    missing: missing.map(({ directory, fault }) => ({
      what: `types of ${directory === '' ? 'the module' : directory}`,
      why: fault.message,
      code: fault.code,
    })),
  }
}

export function addTyping(report: Report<AuditData>, { issues, missing }: TypingTold): Report<AuditData> {
  const { coverage } = report
  return {
    ...report,
    issues: [...report.issues, ...issues],
    coverage: { ...coverage, missing: [...coverage.missing, ...missing].slice(0, 200) },
  }
}
