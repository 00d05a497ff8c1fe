/**
 * CODEOWNERS as GitHub reads it: patterns of gitignore without `!`, `[ ]` and `\#`; the last line that matches decides,
 * and one without owners takes them away; paths are case-sensitive; `docs/*` is of the files directly in docs alone.
 * Where there are sections (`[Docs][2] @writers`, `^[Optional]`), as GitLab reads it: the last line that matches decides
 * in each section, a line without owners has those of its section, `!` takes a path out of it, and a path has the owners
 * of all sections. Enters: the file's text. Leaves: path → owners, and the lines that are skipped.
 */
export type CodeOwners = {
  readonly ownersOf: (path: string) => readonly string[]
  readonly skippedLines: readonly number[]
  readonly readAs: 'GitHub' | 'GitLab'
}

/** GitHub does not load larger ones. */
export const MAX_CODEOWNERS_BYTES = 3 * 1024 * 1024

type OwnerRule = { readonly matches: (path: string) => boolean; readonly owners: readonly string[] }

const owner = /^(@[\w.-]+(\/[\w.-]+)?|[^\s@]+@[^\s@]+)$/
/** Groups in groups, and roles. */
const gitlabOwner = /^(@@?[\w.-]+(\/[\w.-]+)*|[^\s@]+@[^\s@]+)$/
const sectionHead = /^\^?\[([^\]]+)\](?:\[\d+\])?((?:\s+\S+)*)\s*$/

/** `isGitHubs`: it stands where GitHub alone looks. */
export function parseCodeOwners(
  text: string,
  { isGitHubs = false }: { readonly isGitHubs?: boolean } = {},
): CodeOwners {
  const lines = text.split(/\r?\n/)
  return !isGitHubs && lines.some((line) => sectionHead.test(line)) ? parseSections(lines) : parseLines(lines)
}

function parseSections(lines: readonly string[]): CodeOwners {
  const sections = new Map<string, { readonly rules: OwnerRule[]; defaults: readonly string[] }>()
  const skippedLines: number[] = []
  const enter = (name: string) => {
    const known = sections.get(name) ?? { rules: [], defaults: [] }
    sections.set(name, known)
    return known
  }
  let section = enter('')
  for (const [index, line] of lines.entries()) {
    const head = sectionHead.exec(line)
    if (head !== null) {
      section = enter((head[1] as string).toLowerCase())
      const defaults = splitWords(head[2] ?? '')
      if (defaults.some((one) => !gitlabOwner.test(one))) skippedLines.push(index + 1)
      else if (defaults.length > 0) section.defaults = defaults
      continue
    }
    const [pattern, ...owners] = splitWords(line)
    if (pattern === undefined) continue
    const isExcluded = pattern.startsWith('!')
    const matches = compilePattern(isExcluded ? pattern.slice(1) : pattern)
    if (matches === undefined || owners.some((one) => !gitlabOwner.test(one))) skippedLines.push(index + 1)
    else if (isExcluded) section.rules.push({ matches, owners: [] })
    else section.rules.push({ matches, owners: owners.length > 0 ? owners : section.defaults })
  }
  const ownersIn = ({ rules }: { readonly rules: readonly OwnerRule[] }, path: string) =>
    rules.findLast((rule) => rule.matches(path))?.owners ?? []
  return {
    ownersOf: (path) => [...new Set([...sections.values()].flatMap((one) => ownersIn(one, path)))],
    skippedLines,
    readAs: 'GitLab',
  }
}

function parseLines(lines: readonly string[]): CodeOwners {
  const rules: OwnerRule[] = []
  const skippedLines: number[] = []
  for (const [index, line] of lines.entries()) {
    const words = splitWords(line)
    const [pattern, ...owners] = words
    if (pattern === undefined) continue
    const matches = compilePattern(pattern)
    if (matches === undefined || owners.some((one) => !owner.test(one))) skippedLines.push(index + 1)
    else rules.push({ matches, owners })
  }
  return {
    ownersOf: (path) => rules.findLast((rule) => rule.matches(path))?.owners ?? [],
    skippedLines,
    readAs: 'GitHub',
  }
}

/** At blanks, of which `\ ` is none; from `#` at the beginning of a word on it is a comment. */
function splitWords(line: string): readonly string[] {
  const words: string[] = []
  for (const word of line.match(/(?:\\.|[^\s\\])+|\\$/g) ?? []) {
    if (word.startsWith('#')) break
    words.push(word)
  }
  return words
}

/** Undefined for what GitHub does not take. */
function compilePattern(pattern: string): OwnerRule['matches'] | undefined {
  if (pattern.startsWith('!') || pattern.startsWith('\\#') || /[[\]]/.test(pattern)) return undefined
  const plain = pattern.replace(/\\(.)/g, '$1')
  const isFolder = plain.endsWith('/')
  const isRooted = plain.slice(0, -1).includes('/')
  const parts = plain.split('/').filter((part) => part !== '')
  if (parts.length === 0) return plain === '/' ? () => true : undefined
  const wanted = isRooted || parts[0] === '**' ? parts : ['**', ...parts]
  // `docs/*` names files of that folder; a name without a star is also that of a folder with all that is in it.
  const isDirect = isRooted && parts.at(-1) === '*' && !isFolder
  return (path) => {
    const names = path.split('/').filter((part) => part !== '')
    return matchParts(wanted, names, isFolder ? 'below' : isDirect ? 'exact' : 'at or below')
  }
}

type Reach = 'exact' | 'below' | 'at or below'

/** Whether the pattern's parts match the path, or a folder that it is in. Steps are bounded by parts × names. */
function matchParts(parts: readonly string[], names: readonly string[], reach: Reach): boolean {
  let reached = new Set<number>([0])
  for (const [index, part] of parts.entries()) {
    const next = new Set<number>()
    for (const at of reached) {
      if (part === '**') {
        // At the end it takes at least one name: `docs/**` is what is in docs.
        for (let to = index === parts.length - 1 ? at + 1 : at; to <= names.length; to += 1) next.add(to)
      } else if (at < names.length && matchName(part, names[at] as string)) next.add(at + 1)
    }
    reached = next
    if (reached.size === 0) return false
  }
  if (reach === 'exact') return reached.has(names.length)
  return [...reached].some((at) => (reach === 'below' ? at < names.length : at <= names.length))
}

/** `*` is any run of characters within a name, `?` one of them. */
function matchName(part: string, name: string): boolean {
  let at = 0
  let place = 0
  let star = -1
  let mark = 0
  while (place < name.length) {
    if (at < part.length && part[at] === '*') {
      star = at
      mark = place
      at += 1
    } else if (at < part.length && (part[at] === '?' || part[at] === name[place])) {
      at += 1
      place += 1
    } else if (star !== -1) {
      at = star + 1
      mark += 1
      place = mark
    } else return false
  }
  while (part[at] === '*') at += 1
  return at === part.length
}
