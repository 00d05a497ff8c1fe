/**
 * The audit's part on one thread: it reads and parses the folders it was given, keeps their trees, and answers three
 * times: what the packages are called and what they declare; what they use (facts), once the declarations of all are
 * known; and what the rules find, once the facts of all are. The trees never leave the thread.
 */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { viewProject } from '../../analyze/audit/project-facts.ts'
import { type OpenPackage, openPackage, type PackageAudit } from '../../analyze/audit/run-audit.ts'
import { ok, type Result } from '../../base/result.ts'
import type { GoDeclarations } from '../../decode/go-source/declarations.ts'
import { type GoParser, openGoParser } from '../../decode/go-source/parse-go.ts'
import { declarePackage, type ResolveInput, resolvePackage } from '../../decode/go-source/resolve-names.ts'
import { packageNameOf } from '../../decode/go-source/syntax-parts.ts'
import { indexTypedFiles, layTypedFacts } from '../../decode/go-source/typed-facts.ts'
import type { WorkerHandler } from '../../model/ports.ts'
import type { AuditPlace, PackageFacts } from '../../model/trust/audit-data.ts'
import { type GoSyntax, positionOf } from '../../model/trust/go-source.ts'
import type { TypedPackage } from '../../model/trust/typed-facts.ts'
import type { GoFolder } from './walk-go.ts'

export const MAX_FILE_BYTES = 16 * 1024 * 1024

export type GrammarPaths = { readonly runtime: string; readonly grammar: string }

export type BrokenFile = { readonly place: AuditPlace; readonly package: string; readonly service: string }

export type ReadInput = { readonly root: string; readonly folders: readonly GoFolder[]; readonly grammar: GrammarPaths }
export type ReadOutput = {
  readonly packageNames: readonly (readonly [path: string, name: string])[]
  readonly packages: number
  readonly read: number
  readonly sizeBytes: number
  readonly generated: number
  readonly tooLarge: number
  readonly unreadable: readonly { readonly file: string; readonly why: string }[]
  readonly broken: readonly BrokenFile[]
}

export type AuditJobs = {
  readonly 'audit-read': { readonly input: ReadInput; readonly output: ReadOutput; readonly news: never }
  readonly 'audit-declare': {
    readonly input: readonly (readonly [string, string])[]
    readonly output: readonly GoDeclarations[]
    readonly news: never
  }
  readonly 'audit-resolve': {
    /** Declarations of all packages, and what the toolchain says of this thread's (tier b). */
    readonly input: { readonly known: GoDeclarations; readonly typed: readonly TypedPackage[] }
    readonly output: {
      readonly facts: readonly PackageFacts[]
      readonly typedFiles: number
      /** Files that were another text when the toolchain read them. */
      readonly changedFiles: number
    }
    readonly news: never
  }
  readonly 'audit-judge': {
    readonly input: readonly PackageFacts[]
    readonly output: readonly PackageAudit[]
    readonly news: never
  }
}

export type AuditHandlers = { readonly [Name in keyof AuditJobs]: WorkerHandler<AuditJobs[Name]> }

/** The handlers share what the first has read; one audit at a time. */
export function openAuditThread(): AuditHandlers {
  let inputs: ResolveInput[] = []
  let packages: OpenPackage[] = []
  let names: ReadonlyMap<string, string> = new Map()
  return {
    'audit-read': async (input) => {
      const opened = await readFolders(input)
      inputs = opened.inputs
      packages = []
      return ok({ output: opened.output })
    },
    'audit-declare': async (all) => {
      names = new Map(all)
      return ok({ output: inputs.map((one) => declarePackage({ ...one, packageNames: names })) })
    },
    'audit-resolve': async ({ known, typed }) => {
      const places = indexTypedFiles(typed)
      let typedFiles = 0
      let changedFiles = 0
      packages = inputs.map((one) => {
        const laid = layTypedFacts(resolvePackage({ ...one, known, packageNames: names }), places)
        typedFiles += laid.typedFiles
        changedFiles += laid.changedFiles
        return openPackage(laid.package)
      })
      inputs = []
      return ok({ output: { facts: packages.map(({ facts }) => facts), typedFiles, changedFiles } })
    },
    'audit-judge': async (facts) => {
      const project = viewProject(facts)
      const output = packages.map((one) => one.audit(project))
      packages = []
      return ok({ output })
    },
  }
}

async function readFolders({
  root,
  folders,
  grammar,
}: ReadInput): Promise<{ inputs: ResolveInput[]; output: ReadOutput }> {
  const parser = await openGoParser({
    runtime: await readFile(grammar.runtime),
    grammar: await readFile(grammar.grammar),
  })
  const inputs: ResolveInput[] = []
  const broken: BrokenFile[] = []
  const unreadable: { file: string; why: string }[] = []
  const counts = { read: 0, sizeBytes: 0, generated: 0, tooLarge: 0 }
  try {
    for (const folder of folders) {
      const byName = new Map<string, GoSyntax[]>()
      for (const file of folder.files) {
        const syntax = await readSyntax(parser, root, file)
        if (!syntax.ok) {
          if (syntax.error === 'too large') counts.tooLarge++
          else unreadable.push({ file, why: syntax.error })
          continue
        }
        counts.read++
        counts.sizeBytes += syntax.value.text.length
        if (/^\/\/ Code generated .* DO NOT EDIT\.$/m.test(syntax.value.text.slice(0, 4096))) counts.generated++
        const name = packageNameOf(syntax.value)
        const [error] = syntax.value.errors
        if (error !== undefined || name === '') {
          broken.push({
            place: placeAt(syntax.value, error ?? 0),
            package: folder.importPath ?? folder.directory,
            service: folder.module?.path.split('/').at(-1) ?? folder.directory,
          })
        }
        const list = byName.get(name)
        if (list === undefined) byName.set(name, [syntax.value])
        else list.push(syntax.value)
      }
      for (const files of byName.values()) {
        inputs.push({
          directory: folder.directory,
          files,
          ...(folder.module === undefined ? {} : { module: folder.module }),
          ...(folder.importPath === undefined ? {} : { importPath: folder.importPath }),
        })
      }
    }
  } finally {
    parser.close()
  }
  const packageNames = inputs.flatMap(({ importPath, files }) => {
    const name = packageNameOf(files[0])
    return importPath === undefined || name === '' || name === 'main' ? [] : [[importPath, name] as const]
  })
  return { inputs, output: { packageNames, packages: inputs.length, ...counts, unreadable, broken } }
}

async function readSyntax(parser: GoParser, root: string, file: string): Promise<Result<GoSyntax, string>> {
  const path = join(root, file)
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) return { ok: false, error: 'too large' }
    const text = new TextDecoder('utf-8').decode(await readFile(path))
    const parsed = parser.parse(file, text)
    return parsed.ok ? parsed : { ok: false, error: parsed.error.message }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}

function placeAt(syntax: GoSyntax, node: number): AuditPlace {
  const { line, column } = positionOf(syntax, node)
  const text = syntax.text.slice(syntax.lineStarts[line - 1], syntax.lineStarts[line] ?? syntax.text.length)
  return { file: syntax.path, line, column, excerpt: text.replace(/\r?\n$/, '').slice(0, 240) }
}
