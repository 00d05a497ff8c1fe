/**
 * go.mod → GoModule: module path, go line, requirements. Follows the reference at go.dev/ref/mod#go-mod-file; replace,
 * exclude, retract and tool blocks are passed over. A line that is none of these is passed over too: Go itself will say.
 */
import type { GoModule } from '../../model/trust/go-source.ts'

/** `directory`: relative directory of the file. Undefined when there is no module line. */
export function readGoMod(text: string, directory: string): GoModule | undefined {
  const requires: { path: string; version: string; indirect: boolean }[] = []
  let path: string | undefined
  let goVersion: string | undefined
  let block = ''
  for (const raw of text.split('\n')) {
    const comment = raw.indexOf('//')
    const indirect = comment >= 0 && /^\/\/\s*indirect\b/.test(raw.slice(comment))
    const words = (comment >= 0 ? raw.slice(0, comment) : raw).trim().split(/\s+/)
    const first = words[0] ?? ''
    if (first === '') continue
    if (block !== '') {
      if (first === ')') block = ''
      else if (block === 'require') addRequire(words)
      continue
    }
    if (words[1] === '(') block = first
    else if (first === 'module') path = unquote(words[1])
    else if (first === 'go') goVersion = words[1]
    else if (first === 'require') addRequire(words.slice(1))

    function addRequire([name, version]: readonly string[]): void {
      if (name !== undefined && version !== undefined) requires.push({ path: unquote(name) ?? name, version, indirect })
    }
  }
  if (path === undefined) return undefined
  return { path, directory, ...(goVersion === undefined ? {} : { goVersion }), requires }
}

function unquote(word: string | undefined): string | undefined {
  return word?.replace(/^["`]|["`]$/g, '')
}
