/**
 * Go in a document → blocks with their lines: fenced ones of Markdown that say go (or say nothing and begin as Go does),
 * and programs or declarations that stand in plain text without a fence, as copied web pages have them. A fragment is
 * made a file on its own line, so that lines stay those of the document; lines of dots alone, which stand for what was
 * left out, become empty.
 */
import { assumeImports } from './assumed-imports.ts'

export type GoSnippet = {
  /** Of its first line in the document, from 1. */
  readonly line: number
  /** A file: with a package clause, its own or one that was put before it on the first line. */
  readonly text: string
  /** program: has a package clause; declarations, statements: parts of one. */
  readonly kind: 'program' | 'declarations' | 'statements'
}

/** Blocks of one document; what follows is left out. */
const MAX_SNIPPETS = 10_000

const declaration = /^(func\s*(\(|\w)|type\s+\w+\s|var\s+[\w(]|const\s+[\w(]|import\s*[("`])/
/** At the left margin, inside a program: what Go itself puts there. */
const topLevel = /^(\)|\}|\/\/|\/\*|\*\/|$|\s)/

/** At the left margin of plain text: statements as no prose and no other language of documents has them. */
const statement =
  /^((\w+, )*\w+ := \S.*|go func\(.*\{|defer [\w.]+\(.*|for (.*(\brange\b|:=|;).* )?\{|if .*(err|:=|==|!=).* \{|var \w+ (\*|\[\])?(map\[\w+\])?\w+(\.\w+)?)\s*(\/\/.*)?$/
const call = /^([\w]+(\.\w+)*\(.*\)|return\b.*|[\w.]+ <- .*|[\w.]+ = .*)\s*(\/\/.*)?$/

export function findSnippets(document: string): readonly GoSnippet[] {
  const lines = document.split(/\r?\n/)
  const found: GoSnippet[] = []
  for (let at = 0; at < lines.length && found.length < MAX_SNIPPETS; at++) {
    const fence = /^\s*(```+|~~~+)\s*([\w+-]*)/.exec(lines[at] as string)
    if (fence !== null) {
      const end = findFenceEnd(lines, at + 1, fence[1] as string)
      const language = (fence[2] as string).toLowerCase()
      const body = lines.slice(at + 1, end)
      if (language === 'go' || language === 'golang' || (language === '' && looksLikeGo(body))) {
        found.push(makeSnippet(body, at + 2))
      }
      at = end
      continue
    }
    const isStatement = statement.test(lines[at] as string)
    if (!isStatement && !beginsPlain(lines, at)) continue
    const end = findPlainEnd(lines, at, isStatement)
    if (isStatement && !isWhole(lines.slice(at, end))) continue
    found.push(makeSnippet(lines.slice(at, end), at + 1))
    at = end - 1
  }
  return found
}

function findFenceEnd(lines: readonly string[], from: number, fence: string): number {
  for (let at = from; at < lines.length; at++) {
    const text = (lines[at] as string).trim()
    if (text.startsWith(fence) && text.replaceAll(fence[0] as string, '') === '') return at
  }
  return lines.length
}

function looksLikeGo(body: readonly string[]): boolean {
  return body.some((line) => /^package \w+\s*$/.test(line) || /^func (\(\w+ \*?\w+\) )?\w+\(/.test(line))
}

/** A package clause, or a function or type whose body opens on the line. */
function beginsPlain(lines: readonly string[], at: number): boolean {
  const line = lines[at] as string
  return (
    /^package [a-z]\w*\s*(\/\/.*)?$/.test(line) ||
    /^(func (\(\w+ \*?\w+\) )?\w+\(.*\{|type \w+ (struct|interface) \{)\s*(\/\/.*)?$/.test(line) ||
    (/^import \($/.test(line) && /^\s+(\w+ )?"[\w./-]+"$/.test(lines[at + 1] ?? ''))
  )
}

/** The first line at the margin that no Go file has there. */
function findPlainEnd(lines: readonly string[], from: number, isStatement: boolean): number {
  let end = from + 1
  let at = end
  for (; at < lines.length; at++) {
    const line = lines[at] as string
    if (!topLevel.test(line) && !(isStatement ? statement.test(line) || call.test(line) : declaration.test(line))) break
    if (line.trim() !== '') end = at + 1
  }
  return end
}

/** Statements out of running text: more than one line, and what opens closes. */
function isWhole(body: readonly string[]): boolean {
  const text = body.join('\n').replaceAll(/"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\/.*/g, '')
  const count = (of: RegExp): number => text.match(of)?.length ?? 0
  return body.length > 1 && count(/[{(]/g) > 0 && count(/\{/g) === count(/\}/g) && count(/\(/g) === count(/\)/g)
}

function makeSnippet(body: readonly string[], line: number): GoSnippet {
  const kept = body.map((one) => (/^\s*(\.\.\.|…|\/\/\s*\.\.\.)\s*$/.test(one) ? '' : one))
  const text = kept.join('\n')
  const first = kept.find((one) => one.trim() !== '' && !/^\s*\/\//.test(one)) ?? ''
  if (/^\s*package \w+/.test(first)) return { line, text: `${text}\n`, kind: 'program' }
  const head = `package snippet; ${assumeImports(text)}`
  // `var wg sync.WaitGroup` and then `for …`: what no file has outside of functions.
  const isInside = kept.some((one) => /^(\w+(, \w+)* := |for |if |go |defer )/.test(one))
  if (declaration.test(first) && !isInside) return { line, text: `${head}${text}\n`, kind: 'declarations' }
  return { line, text: `${head}func _() { ${text}\n}\n`, kind: 'statements' }
}
