/**
 * Who owns a finding: CODEOWNERS of the repository around the ledger, by the file of the finding where it has one, else
 * by the folder that is configured for its service. Paths of Go are the repository's once the module's path is taken off.
 */
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { type CodeOwners, MAX_CODEOWNERS_BYTES, parseCodeOwners } from '../../analyze/ledger/code-owners.ts'
import type { Issue } from '../../model/issue.ts'
import type { DebtNeeds, DebtPlace } from '../../model/trust/ledger.ts'

export type Owned = { readonly where: DebtPlace; readonly service: string; readonly needs?: DebtNeeds }

export type OwnerFinder = {
  readonly ownersOf: (finding: Owned) => readonly string[]
  readonly issues: readonly Issue[]
}

/** In the order in which GitHub looks, and the one that GitLab alone has. */
const places = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS']

/** `servicePaths`: folder of the repository by service. */
export async function findOwners(folder: string, servicePaths: ReadonlyMap<string, string>): Promise<OwnerFinder> {
  const root = findRoot(folder)
  const read = await readOwners(root)
  if (read.owners === undefined) return { ownersOf: () => [], issues: read.issues }
  const { owners } = read
  const module = await readModule(root)
  return {
    issues: read.issues,
    ownersOf: ({ where, service, needs }) => {
      const path = where.file === undefined ? undefined : toRepoPath(root, where.file, module, needs?.directory)
      if (path !== undefined) return owners.ownersOf(path)
      const mapped = servicePaths.get(service)
      // Of a file in that folder, whatever its name.
      return mapped === undefined ? [] : owners.ownersOf(`${mapped.replace(/^\.?\/+|\/+$/g, '')}/_`)
    },
  }
}

/** The folder that holds .git, upwards; else the folder itself. */
function findRoot(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (dirname(at) === at) return folder
  }
}

async function readOwners(root: string): Promise<{ readonly owners?: CodeOwners; readonly issues: readonly Issue[] }> {
  for (const place of places) {
    const path = join(root, place)
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() !== true) continue
    const issue = (message: string, count: number): Issue => ({
      code: 'SL_OPS_CODEOWNERS_SKIPPED',
      message,
      severity: 'warning',
      at: { file: place },
      count,
    })
    if (found.size > MAX_CODEOWNERS_BYTES) {
      return { issues: [issue('CODEOWNERS is larger than 3 MB: GitHub does not read it, nor is it read here', 1)] }
    }
    const owners = parseCodeOwners(await readFile(path, 'utf8'), { isGitHubs: place.startsWith('.github/') })
    const { skippedLines, readAs } = owners
    if (skippedLines.length === 0) return { owners, issues: [] }
    const shown = skippedLines.slice(0, 10).join(', ')
    return { owners, issues: [issue(`lines that ${readAs} skips: ${shown}`, skippedLines.length)] }
  }
  return { issues: [] }
}

async function readModule(root: string): Promise<string | undefined> {
  const text = await readFile(join(root, 'go.mod'), 'utf8').catch(() => '')
  return /^module\s+"?([^\s"]+)"?/m.exec(text)?.[1]
}

function toRepoPath(
  root: string,
  file: string,
  module: string | undefined,
  directory: string | undefined,
): string | undefined {
  const plain = file.replaceAll('\\', '/')
  if (isAbsolute(file)) {
    const inside = relative(root, file)
    return inside.startsWith('..') || isAbsolute(inside) ? undefined : inside.split(sep).join('/')
  }
  if (module !== undefined && plain.startsWith(`${module}/`)) return plain.slice(module.length + 1)
  const below = directory === undefined || isAbsolute(directory) ? [] : [join(directory, plain)]
  return [plain, ...below].find((one) => !one.startsWith('..') && existsSync(join(root, one)))
}
