/**
 * `audit DIR` as a use case: walk → folders shared out over threads by size → declarations → facts → rules → findings.
 * Enters: a directory, the grammar's files, threads. Leaves: a report; what could not be read is in issues and coverage,
 * and a file that is not Go is a finding, never the end. With one thread all of it runs here.
 */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { viewProject } from '../../analyze/audit/project-facts.ts'
import { auditProject, makeFindings } from '../../analyze/audit/run-audit.ts'
import { findPrograms, openSourceOperations } from '../../analyze/audit/source-operations.ts'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { mergeDeclarations } from '../../decode/go-source/declarations.ts'
import type { Finding } from '../../model/contract.ts'
import { openIssueLog } from '../../model/issue.ts'
import type { Report } from '../../model/report.ts'
import type { AuditData, AuditDraft, AuditIgnore } from '../../model/trust/audit-data.ts'
import { applyFixes } from './apply-fixes.ts'
import type { AuditDeps, AuditInput } from './audit-input.ts'
import { type AuditHandlers, type AuditJobs, openAuditThread, type ReadOutput } from './audit-thread.ts'
import { importLint } from './import-lint.ts'
import { addTyping, describeTyping, sharePackages, startTyping } from './typing.ts'
import { type GoFolder, walkGo } from './walk-go.ts'

/** Less source than this is read on the first thread: starting others costs more. */
const LEAST_FILES_FOR_THREADS = 150
const MAX_THREADS = 2
const DOC = 'docs/audit.md'

export async function auditDirectory(deps: AuditDeps, input: AuditInput): Promise<Result<Report<AuditData>, Fault>> {
  const started = deps.clock.nowMonoNs()
  const found = await stat(input.root).catch(() => undefined)
  if (found === undefined) return err(fault('SL_OPS_NO_SUCH_DIRECTORY', { target: input.name }))
  if (!found.isDirectory()) {
    return err(fault('SL_OPS_NO_SUCH_DIRECTORY', { message: `${input.name} is not a directory`, target: input.name }))
  }
  input.progress?.step('looking for Go')
  const tree = await walkGo(input.root)
  const total = tree.folders.reduce((sum, { files }) => sum + files.length, 0)
  if (total === 0) return err(fault('SL_OPS_NO_GO', { target: input.name }))
  const threads = openThreads(
    deps,
    input.workers ?? (total < LEAST_FILES_FOR_THREADS ? 1 : Math.min(MAX_THREADS, deps.auditThreads.cores)),
  )
  try {
    const typing = startTyping(deps, input, tree.modules)
    const shares = shareOut(tree.folders, threads.length)
    input.progress?.step(`reading ${total} files`)
    const read = await each('audit-read', (index) => ({
      root: input.root,
      folders: shares[index] ?? [],
      grammar: deps.goGrammar,
    }))
    if (!read.ok) return read
    const names = read.value.flatMap((one) => one.packageNames)
    const declared = await each('audit-declare', () => names)
    if (!declared.ok) return declared
    input.progress?.step('resolving names')
    const known = mergeDeclarations(declared.value.flat())
    const typed = await typing
    if (!typed.ok && (input.tier === 'b' || typed.error.code === 'SL_COLLECT_INTERRUPTED')) return typed
    const byShare = sharePackages(typed.ok ? (typed.value?.packages ?? []) : [], shares)
    const resolved = await each('audit-resolve', (index) => ({ known, typed: byShare[index] ?? [] }))
    if (!resolved.ok) return resolved
    const project = resolved.value.flatMap(({ facts }) => facts)
    input.progress?.step('judging')
    const audits = await each('audit-judge', () => project)
    if (!audits.ok) return audits
    const packages = audits.value.flat()
    const wanted = new Set(input.rules ?? [])
    const drafts = [
      ...packages.flatMap((one) => one.drafts),
      ...auditProject(project),
      ...brokenDrafts(read.value),
    ].filter((draft) => wanted.size === 0 || wanted.has(draft.rule))
    const ignores = packages.flatMap((one) => one.ignores)
    const fixes = await fixAll(input, drafts)
    const service = tree.modules[0]?.path.split('/').at(-1) ?? input.name
    const maps = packages.map(({ map }) => map)
    const operations = openSourceOperations(maps)
    const imported = await importLint(makeFindings(drafts, DOC, operations), input.imports ?? [], {
      service,
      doc: DOC,
      rules: wanted,
    })
    if (!imported.ok) return imported
    const findings = [...imported.value.findings]
    const data = {
      ...describe(input, { tree, read: read.value, findings, ignores, fixes }),
      programs: findPrograms(viewProject(project), maps),
      spanNames: operations.spanNames,
    }
    const tierB = describeTyping(typed, resolved.value)
    return ok(
      addTyping(
        report(
          {
            ...data,
            ...tierB.data,
            ...(input.imports === undefined ? {} : { imported: imported.value.imported }),
            durationMs: Math.round((deps.clock.nowMonoNs() - started) / 1e6),
          },
          findings,
          read.value,
          packages.reduce((sum, one) => sum + one.omitted, 0),
        ),
        tierB,
      ),
    )
  } finally {
    await Promise.all(threads.map((thread) => thread.close()))
  }

  async function each<Name extends keyof AuditJobs>(
    job: Name,
    inputOf: (index: number) => AuditJobs[Name]['input'],
  ): Promise<Result<AuditJobs[Name]['output'][], Fault>> {
    const results = await Promise.all(threads.map((thread, index) => thread.run(job, inputOf(index))))
    const outputs: AuditJobs[Name]['output'][] = []
    for (const one of results) {
      if (!one.ok) return one
      outputs.push(one.value)
    }
    return ok(outputs)
  }
}

type AuditThread = {
  run<Name extends keyof AuditJobs>(
    job: Name,
    input: AuditJobs[Name]['input'],
  ): Promise<Result<AuditJobs[Name]['output'], Fault>>
  close(): Promise<void>
}

/** One pool of one worker each, since a thread keeps what it has read. */
function openThreads(deps: AuditDeps, count: number): readonly AuditThread[] {
  if (count <= 1) return [openThreadHere()]
  return Array.from({ length: count }, () => {
    const pool = deps.auditThreads.openPool(1)
    return {
      run: async (job, input) => {
        const [result] = await pool.run(job, [input])
        return result ?? err(fault('SL_COLLECT_WORKER_LOST'))
      },
      close: () => pool.close(),
    }
  })
}

function openThreadHere(): AuditThread {
  const handlers: AuditHandlers = openAuditThread()
  const context = { signal: new AbortController().signal, tell: () => {} }
  return {
    run: async (job, input) => {
      const answer = await handlers[job](input, context)
      return answer.ok ? ok(answer.value.output) : answer
    },
    close: async () => {},
  }
}

/** Folders by number of files, the largest first, each to the thread that has least. */
function shareOut(folders: readonly GoFolder[], count: number): readonly (readonly GoFolder[])[] {
  const shares = Array.from({ length: count }, () => ({ size: 0, folders: [] as GoFolder[] }))
  for (const folder of [...folders].sort((a, b) => b.files.length - a.files.length)) {
    const least = shares.reduce((a, b) => (b.size < a.size ? b : a))
    least.size += folder.files.length
    least.folders.push(folder)
  }
  return shares.map((share) => share.folders)
}

function brokenDrafts(read: readonly ReadOutput[]): readonly AuditDraft[] {
  return read.flatMap(({ broken }) =>
    broken.map(({ place, package: packagePath, service }) => ({
      rule: 'broken-source',
      message: `${place.file} is not Go that can be read as a whole, from line ${place.line}`,
      severity: 'low' as const,
      confidence: 'possible' as const,
      place,
      related: [],
      packagePath,
      symbol: place.file,
      service,
    })),
  )
}

type Fixes = AuditData['fixes']

async function fixAll(input: AuditInput, drafts: readonly AuditDraft[]): Promise<Fixes> {
  const fixable = drafts.filter(({ fix }) => fix !== undefined)
  if (input.fix !== true) return { available: fixable.length, applied: 0, files: [] }
  const byFile = Map.groupBy(fixable, ({ place }) => place.file)
  const files: string[] = []
  let applied = 0
  for (const [file, list] of byFile) {
    const path = join(input.root, file)
    const text = await readFile(path, 'utf8')
    const fixed = applyFixes(
      text,
      list.map(({ fix }) => fix?.edits ?? []),
    )
    if (fixed.applied === 0) continue
    await writeFile(path, fixed.text)
    applied += fixed.applied
    files.push(file)
  }
  return { available: fixable.length, applied, files: files.sort() }
}

function describe(
  input: AuditInput,
  parts: {
    readonly tree: Awaited<ReturnType<typeof walkGo>>
    readonly read: readonly ReadOutput[]
    readonly findings: readonly Finding[]
    readonly ignores: readonly AuditIgnore[]
    readonly fixes: Fixes
  },
): Omit<AuditData, 'durationMs' | 'programs' | 'spanNames'> {
  const { tree, read, findings, ignores, fixes } = parts
  const sum = (pick: (one: ReadOutput) => number): number => read.reduce((total, one) => total + pick(one), 0)
  const byRule = Map.groupBy(findings, ({ rule }) => rule)
  return {
    directory: input.name,
    tier: 'a',
    modules: tree.modules.map(({ path, directory, goVersion }) => ({
      path,
      directory,
      ...(goVersion === undefined ? {} : { goVersion }),
    })),
    packages: sum((one) => one.packages),
    files: {
      read: sum((one) => one.read),
      sizeBytes: sum((one) => one.sizeBytes),
      broken: sum((one) => one.broken.length),
      generated: sum((one) => one.generated),
      vendor: tree.skipped.vendor,
      testdata: tree.skipped.testdata,
      tests: tree.skipped.tests,
      tooLarge: sum((one) => one.tooLarge) + tree.skipped.beyond,
      unreadable: sum((one) => one.unreadable.length) + tree.skipped.unreadable,
    },
    rules: [...byRule]
      .map(([rule, list]) => ({ rule, findings: list.length }))
      .sort((a, b) => b.findings - a.findings || (a.rule < b.rule ? -1 : 1)),
    ignored: {
      findings: ignores.reduce((total, { used }) => total + used, 0),
      comments: ignores.filter((one) => one.used > 0 || one.from === 'sightline'),
    },
    fixes,
  }
}

function report(
  data: AuditData,
  findings: readonly Finding[],
  read: readonly ReadOutput[],
  omitted: number,
): Report<AuditData> {
  const issues = openIssueLog()
  for (const { file, why } of read.flatMap((one) => one.unreadable)) {
    issues.add('SL_OPS_SOURCE_UNREADABLE', `${file}: ${why}`, { at: { file } })
  }
  if (data.files.tooLarge > 0)
    issues.add('SL_OPS_SOURCE_LARGE', 'Files beyond the bounds were not read', { count: data.files.tooLarge })
  if (omitted > 0)
    issues.add('SL_ANALYZE_FINDINGS_OMITTED', 'A rule found more in a package than a report lists', { count: omitted })
  for (const one of data.ignored.comments) {
    if (one.from !== 'sightline') continue
    const at = { file: one.place.file, line: one.place.line }
    if (one.used === 0)
      issues.add('SL_OPS_IGNORE_UNUSED', `${one.place.file}:${one.place.line}: the comment ignores nothing`, { at })
    else if (one.reason === '')
      issues.add('SL_OPS_IGNORE_NO_REASON', `${one.place.file}:${one.place.line}: the comment gives no reason`, { at })
  }
  const missing = read.flatMap((one) =>
    one.unreadable.map(({ file, why }) => ({ what: file, why, code: 'SL_OPS_SOURCE_UNREADABLE' as const })),
  )
  const asked = data.files.read + missing.length
  return {
    data,
    findings,
    issues: issues.list(),
    coverage: { asked, answered: data.files.read, missing: missing.slice(0, 100) },
    exitCode: data.files.read === 0 ? 3 : 0,
  }
}
