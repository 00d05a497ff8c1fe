/**
 * Runs the audit's rules over the Go files of a folder, as tier a and as tier b: the same steps as the command takes, with
 * nothing skipped (testdata, missing go.mod), and a folder of its own for the toolchain's view. Leaves: drafts by file
 * and line, and what the toolchain said when it could not.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { viewProject } from '../../../src/analyze/audit/project-facts.ts'
import { auditProject, openPackage } from '../../../src/analyze/audit/run-audit.ts'
import { collectGoFacts } from '../../../src/collect/go-facts/go-facts.ts'
import { readGoMod } from '../../../src/decode/go-source/go-mod.ts'
import { openGoParser } from '../../../src/decode/go-source/parse-go.ts'
import { resolvePackage } from '../../../src/decode/go-source/resolve-names.ts'
import { packageNameOf } from '../../../src/decode/go-source/syntax-parts.ts'
import { indexTypedFiles, layTypedFacts } from '../../../src/decode/go-source/typed-facts.ts'
import type { AuditDraft } from '../../../src/model/trust/audit-data.ts'
import type { GoPackage, GoSyntax } from '../../../src/model/trust/go-source.ts'

const root = join(import.meta.dirname, '..', '..', '..')

export type TierRun = { readonly drafts: readonly AuditDraft[]; readonly note: string }

export async function readPackages(folder: string): Promise<readonly GoPackage[]> {
  const parser = await openGoParser({
    runtime: readFileSync(join(root, 'node_modules/web-tree-sitter/web-tree-sitter.wasm')),
    grammar: readFileSync(join(root, 'assets/tree-sitter-go.wasm')),
  })
  const groups = new Map<string, { directory: string; files: GoSyntax[] }>()
  for (const path of globSync('**/*.go', { cwd: folder }).sort()) {
    const read = parser.parse(path, readFileSync(join(folder, path), 'utf8'))
    if (!read.ok) continue
    const directory = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
    const key = `${directory} ${packageNameOf(read.value)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { directory, files: [read.value] })
    else group.files.push(read.value)
  }
  parser.close()
  const modules = findModules(folder)
  return [...groups.values()].map(({ directory, files }) => {
    const module = modules.find((one) => one.directory === '' || `${directory}/`.startsWith(`${one.directory}/`))
    const inner = module === undefined ? directory : directory.slice(module.directory.length).replace(/^\//, '')
    const importPath =
      module === undefined
        ? directory.replace(/^src\//, '')
        : [module.path, inner].filter((part) => part !== '').join('/')
    return resolvePackage({ directory, importPath, ...(module === undefined ? {} : { module }), files })
  })
}

/** Deepest first. */
export function findModules(folder: string): NonNullable<ReturnType<typeof readGoMod>>[] {
  return globSync('**/go.mod', { cwd: folder })
    .map((path) =>
      readGoMod(readFileSync(join(folder, path), 'utf8'), path.slice(0, -'go.mod'.length).replace(/\/$/, '')),
    )
    .filter((one) => one !== undefined)
    .sort((one, other) => other.directory.length - one.directory.length)
}

export function runTierA(packages: readonly GoPackage[]): TierRun {
  const open = packages.map((one) => openPackage(one))
  const facts = open.map((one) => one.facts)
  const project = viewProject(facts)
  return { drafts: [...open.flatMap((one) => one.audit(project).drafts), ...auditProject(facts)], note: '' }
}

/** `modules`: folders below with a go.mod; none for a GOPATH. */
export async function runTierB(
  packages: readonly GoPackage[],
  folder: string,
  { layout, cache }: { readonly layout: 'gopath' | 'modules'; readonly cache: string },
): Promise<TierRun> {
  const modules = layout === 'gopath' ? ['src'] : findModules(folder).map(({ directory }) => directory)
  const gopath = { GO111MODULE: 'off', GOPATH: folder, GOFLAGS: '', GOWORK: 'off' }
  const env =
    layout === 'gopath' ? { ...process.env, ...gopath } : { ...process.env, GOWORK: 'off', GOFLAGS: '-mod=mod' }
  const read = await collectGoFacts(
    { source: join(root, 'assets', 'gofacts'), cache, env },
    { directory: folder, modules },
    { signal: new AbortController().signal, progress: { step: () => undefined } },
  )
  if (!read.ok) return { drafts: [], note: `${read.error.code}: ${read.error.message}` }
  const places = indexTypedFiles(read.value.packages)
  const laid = packages.map((one) => layTypedFacts(one, places).package)
  const { typed, expressions, issues } = read.value
  const doubts = issues.length === 0 ? '' : `; ${issues.length} packages or modules not as a whole`
  return { ...runTierA(laid), note: `${((100 * typed) / expressions).toFixed(1)} % of expressions typed${doubts}` }
}
