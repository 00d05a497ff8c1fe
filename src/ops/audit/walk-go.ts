/**
 * Finds Go under a directory: its go.mod files and the source files of each folder, without reading them. vendor,
 * testdata, hidden folders and those whose name begins with _ are not entered, as the go command has it; files of tests
 * are counted. Bounded in files and in depth; links are not followed.
 */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { readGoMod } from '../../decode/go-source/go-mod.ts'
import type { GoModule } from '../../model/trust/go-source.ts'

export const MAX_FILES = 200_000
const MAX_DEPTH = 64

export type GoFolder = {
  /** Relative, with forward slashes; '' is the root. */
  readonly directory: string
  readonly module?: GoModule
  readonly importPath?: string
  readonly files: readonly string[]
}

export type GoTree = {
  readonly folders: readonly GoFolder[]
  readonly modules: readonly GoModule[]
  readonly skipped: { vendor: number; testdata: number; tests: number; unreadable: number; beyond: number }
}

export async function walkGo(root: string): Promise<GoTree> {
  const skipped = { vendor: 0, testdata: 0, tests: 0, unreadable: 0, beyond: 0 }
  const modules: GoModule[] = []
  const folders: GoFolder[] = []
  let count = 0
  await visit(root, await findModuleAbove(root), 0)
  return { folders, modules, skipped }

  async function visit(path: string, around: GoModule | undefined, depth: number): Promise<void> {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined)
    if (entries === undefined || depth > MAX_DEPTH) {
      skipped.unreadable++
      return
    }
    const directory = relative(root, path).split(sep).join('/')
    let module = around
    if (entries.some((entry) => entry.isFile() && entry.name === 'go.mod')) {
      module = readGoMod(await readFile(join(path, 'go.mod'), 'utf8').catch(() => ''), directory) ?? module
      if (module !== undefined && module !== around) modules.push(module)
    }
    const files: string[] = []
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.isFile() || !entry.name.endsWith('.go') || /^[._]/.test(entry.name)) continue
      if (entry.name.endsWith('_test.go')) skipped.tests++
      else if (count >= MAX_FILES) skipped.beyond++
      else {
        files.push(directory === '' ? entry.name : `${directory}/${entry.name}`)
        count++
      }
    }
    if (files.length > 0) {
      const importPath = module === undefined ? undefined : joinPath(module, directory)
      folders.push({
        directory,
        files,
        ...(module === undefined ? {} : { module }),
        ...(importPath === undefined ? {} : { importPath }),
      })
    }
    for (const entry of entries) {
      if (!entry.isDirectory() || /^[._]/.test(entry.name)) continue
      const inner = join(path, entry.name)
      if (entry.name === 'vendor') skipped.vendor += await countGo(inner)
      else if (entry.name === 'testdata') skipped.testdata += await countGo(inner)
      else await visit(inner, module, depth + 1)
    }
  }
}

/** The module that the directory lies in, when its go.mod is further up; its directory is told as `..` steps. */
async function findModuleAbove(root: string): Promise<GoModule | undefined> {
  for (let path = dirname(root), turns = 0; turns < MAX_DEPTH; path = dirname(path), turns++) {
    const text = await readFile(join(path, 'go.mod'), 'utf8').catch(() => undefined)
    if (text !== undefined) return readGoMod(text, relative(root, path).split(sep).join('/'))
    if (path === dirname(path)) return undefined
  }
  return undefined
}

function joinPath({ path, directory }: GoModule, folder: string): string {
  if (directory.startsWith('..')) return path
  const inner = directory === '' ? folder : folder.slice(directory.length + 1)
  return inner === '' ? path : `${path}/${inner}`
}

async function countGo(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.go')).length
}
