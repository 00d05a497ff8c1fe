/**
 * `audit snippets FILE`: the Go of a document. Every block is parsed; programs are typed by the toolchain where there is
 * one (in a folder of their own, nothing is fetched), else looked through for imports that nothing uses; the audit's
 * rules run over all. Findings stand on the document's lines. Imports that cannot be had here say nothing about a block.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { viewProject } from '../../analyze/audit/project-facts.ts'
import { makeFindings, openPackage } from '../../analyze/audit/run-audit.ts'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { findSnippets, type GoSnippet } from '../../decode/go-source/find-snippets.ts'
import { openGoParser } from '../../decode/go-source/parse-go.ts'
import { resolvePackage } from '../../decode/go-source/resolve-names.ts'
import { type Issue, openIssueLog } from '../../model/issue.ts'
import type { Report } from '../../model/report.ts'
import type { AuditDraft, SnippetData } from '../../model/trust/audit-data.ts'
import { type GoPackage, positionOf } from '../../model/trust/go-source.ts'
import type { AuditDeps, AuditInput } from './audit-input.ts'

const MAX_BYTES = 64 * 1024 * 1024
const DOC = 'docs/audit.md'
const TYPING_MS = 120_000
/** What a block alone cannot know. */
const beyondBlock = /^could not import|requires go1\.\d+ or later|no required module/

/** Codes: SL_COLLECT_NO_INPUT, SL_COLLECT_FILE_TOO_LARGE, SL_OPS_NO_GO; with tier b those of the toolchain. */
export async function auditSnippets(
  deps: AuditDeps,
  input: Pick<AuditInput, 'root' | 'name' | 'tier' | 'signal' | 'progress'>,
): Promise<Result<Report<SnippetData>, Fault>> {
  const bytes = await readFile(input.root).catch(() => undefined)
  if (bytes === undefined) return err(fault('SL_COLLECT_NO_INPUT', { target: input.name }))
  if (bytes.length > MAX_BYTES) return err(fault('SL_COLLECT_FILE_TOO_LARGE', { target: input.name }))
  const document = new TextDecoder('utf-8').decode(bytes)
  const snippets = findSnippets(document)
  if (snippets.length === 0) {
    const hint =
      'It reads fenced blocks of Go, and Go that stands in plain text; sightline audit DIR reads source files.'
    return err(fault('SL_OPS_NO_GO', { message: `${input.name} has no block of Go`, target: input.name, hint }))
  }
  const lines = document.split(/\r?\n/)
  const read = await readBlocks(deps, input.name, snippets, lines)
  const typed = await typeBlocks(deps, input, snippets)
  if (!typed.ok && (input.tier === 'b' || typed.error.code === 'SL_COLLECT_INTERRUPTED')) return typed
  const log = openIssueLog()
  if (!typed.ok)
    log.add(typed.error.code, `Read by syntax, without types: ${typed.error.message}`, { severity: 'info' })
  const errors = typed.ok ? typed.value : undefined
  const drafts = [...read.drafts]
  for (const [index, snippet] of snippets.entries()) {
    if (read.broken.has(index)) continue
    const said = errors === undefined ? read.unused.get(index) : errors.get(index)
    for (const { line, column, message } of said ?? []) {
      drafts.push(
        draftAt(input.name, lines, snippet.line + line - 1, column, {
          rule: 'snippet-not-compiling',
          message: `The program that begins at line ${snippet.line} does not compile: ${message}`,
          confidence: errors === undefined ? 'probable' : 'certain',
        }),
      )
    }
  }
  const findings = [...makeFindings(drafts, DOC)]
  const count = (kind: GoSnippet['kind']): number => snippets.filter((one) => one.kind === kind).length
  const notCompiling = new Set(
    drafts.filter(({ rule }) => rule === 'snippet-not-compiling').map(({ message }) => message.split(' does not')[0]),
  )
  return ok({
    data: {
      document: input.name,
      tier: errors === undefined ? 'a' : 'b',
      blocks: snippets.length,
      programs: count('program'),
      broken: read.broken.size,
      notCompiling: notCompiling.size,
    },
    findings,
    issues: log.list() as readonly Issue[],
    coverage: { asked: snippets.length, answered: snippets.length, missing: [] },
    exitCode: 0,
  })
}

type Said = { readonly line: number; readonly column: number; readonly message: string }

async function readBlocks(deps: AuditDeps, name: string, snippets: readonly GoSnippet[], lines: readonly string[]) {
  const parser = await openGoParser({
    runtime: await readFile(deps.goGrammar.runtime),
    grammar: await readFile(deps.goGrammar.grammar),
  })
  const drafts: AuditDraft[] = []
  const broken = new Set<number>()
  const unused = new Map<number, readonly Said[]>()
  try {
    for (const [index, snippet] of snippets.entries()) {
      const parsed = parser.parse(name, snippet.text)
      if (!parsed.ok) continue
      const [error] = parsed.value.errors
      if (error !== undefined) {
        broken.add(index)
        const place = positionOf(parsed.value, error)
        drafts.push(
          draftAt(name, lines, snippet.line + place.line - 1, place.column, {
            rule: 'snippet-broken',
            message: `The block that begins at line ${snippet.line} is not Go that parses`,
            confidence: 'probable',
          }),
        )
      }
      const pkg = resolvePackage({ directory: `line ${snippet.line}`, files: [parsed.value] })
      const open = openPackage(pkg)
      for (const draft of open.audit(viewProject([open.facts])).drafts) drafts.push(move(draft, snippet, lines))
      if (snippet.kind === 'program') unused.set(index, findUnusedImports(pkg))
    }
  } finally {
    parser.close()
  }
  return { drafts, broken, unused }
}

/** Of the standard library, whose packages are called as their paths end. */
function findUnusedImports({ files, symbols }: GoPackage): readonly Said[] {
  return files.flatMap(({ syntax, imports, symbols: marks }) => {
    const used = new Set<string>()
    for (const mark of marks) {
      const symbol = mark < 0 ? undefined : symbols[mark]
      if (symbol?.kind === 'package' && symbol.qualified !== undefined) used.add(symbol.qualified)
    }
    return imports
      .filter(({ path, name }) => !used.has(path) && !path.includes('.') && name !== '_' && name !== '.')
      .map(({ path, node }) => ({ ...positionOf(syntax, node), message: `"${path}" imported and not used` }))
  })
}

/** Of each program what the type checker says; undefined for tier a. */
async function typeBlocks(
  { typeGo }: AuditDeps,
  { tier, signal, progress }: Pick<AuditInput, 'tier' | 'signal' | 'progress'>,
  snippets: readonly GoSnippet[],
): Promise<Result<ReadonlyMap<number, readonly Said[]> | undefined, Fault>> {
  if (tier === 'a' || typeGo === undefined || snippets.every(({ kind }) => kind !== 'program')) return ok(undefined)
  const folder = await mkdtemp(join(tmpdir(), 'sightline-snippets-'))
  try {
    await writeFile(join(folder, 'go.mod'), 'module snippets\n\ngo 1.22\n')
    for (const [index, { kind, text }] of snippets.entries()) {
      // C is another toolchain's, and not of a document to start.
      if (kind !== 'program' || /import\s+"C"/.test(text)) continue
      await mkdir(join(folder, `block${index}`))
      await writeFile(join(folder, `block${index}`, 'block.go'), text)
    }
    const hooks = { signal: signal ?? new AbortController().signal, progress: progress ?? { step: () => undefined } }
    const typed = await typeGo({ directory: folder, modules: [''], timeoutMs: TYPING_MS }, hooks)
    if (!typed.ok) return typed
    const said = new Map<number, Said[]>()
    for (const { phase, at, message } of typed.value.problems) {
      const place = /block(\d+)[/\\]block\.go:(\d+):(\d+)$/.exec(at ?? '')
      if (phase !== 'types' || place === null || beyondBlock.test(message)) continue
      const index = Number(place[1])
      const one = { line: Number(place[2]), column: Number(place[3]), message }
      said.set(index, [...(said.get(index) ?? []), one])
    }
    return ok(said)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function draftAt(
  file: string,
  lines: readonly string[],
  line: number,
  column: number,
  { rule, message, confidence }: Pick<AuditDraft, 'rule' | 'message' | 'confidence'>,
): AuditDraft {
  return {
    rule,
    message,
    severity: 'medium',
    confidence,
    place: { file, line, column, excerpt: (lines[line - 1] ?? '').slice(0, 240) },
    related: [],
    packagePath: file,
    symbol: message,
    service: file,
    advice: rule === 'snippet-broken' ? 'Run gofmt over the block.' : 'Compile what a document shows.',
  }
}

/** From a line of the block to that of the document. */
function move(draft: AuditDraft, snippet: GoSnippet, lines: readonly string[]): AuditDraft {
  const shift = <Place extends AuditDraft['place']>(place: Place): Place => {
    const line = snippet.line + place.line - 1
    const { endLine } = place
    return {
      ...place,
      line,
      excerpt: (lines[line - 1] ?? '').slice(0, 240),
      ...(endLine === undefined ? {} : { endLine: snippet.line + endLine - 1 }),
    }
  }
  // What stands there are edits of the block's text, not of the document's.
  const { fix: _fix, ...rest } = draft
  return { ...rest, place: shift(draft.place), related: draft.related.map((one) => shift(one)) }
}
