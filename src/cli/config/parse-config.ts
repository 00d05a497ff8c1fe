/**
 * A configuration file's text → its settings, each with the place it stands at. The top level sets a flag of every
 * command that has it, a section named like a command sets it there: `failOn: high`, `diagnose: {failOn: high}`.
 * YAML 1.2 by its core schema: no tags, no code; aliases are followed one by one and never expanded into a tree.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { ConfigText } from './find-config.ts'

export type SettingValue = boolean | string | readonly string[]

export type Setting = {
  readonly key: string
  /** The command whose section it stands in; absent at the top level. */
  readonly section?: string
  /** Absent where it is nothing that a setting can be; `apply-config.ts` says so once it knows the name. */
  readonly value?: SettingValue
  /** `file:line:column`. */
  readonly at: string
}

/** Faults are SL_CLI_BAD_CONFIG with the place; they repeat no value, which may be a secret. */
export function parseConfig({ name, text }: ConfigText, sections: readonly string[]): Result<readonly Setting[]> {
  const lines = new LineCounter()
  const document = parseText(text, lines)
  if (document === undefined) return err(refuse(name, 'it is nested too deeply to be a configuration'))
  const sayPlace = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const [error] = document.errors
  if (error !== undefined) {
    // What follows the colon is a piece of the file.
    return err(refuse(sayPlace(error.pos[0]), `not YAML: ${error.message.replace(/: ".*$/s, '')}`))
  }
  const root = follow(document, document.contents)
  if (root === null || (isScalar(root) && root.value === null)) return ok([])
  if (!isMap(root)) return err(refuse(sayPlace(offsetOf(root)), "settings are written as 'name: value'"))
  const settings: Setting[] = []
  const collect = (map: Node, section?: string): Fault | undefined => {
    if (!isMap(map))
      return refuse(sayPlace(offsetOf(map)), `${section} is a command: its settings stand indented below`)
    for (const { key, value } of map.items) {
      const at = sayPlace(offsetOf(key))
      if (!isScalar(key) || typeof key.value !== 'string') return refuse(at, 'a setting has a name that is a word')
      const node = follow(document, value)
      const isEmpty = node === null || (isScalar(node) && node.value === null)
      const isSection = section === undefined && sections.includes(key.value)
      if (isSection && isEmpty) continue
      if (isSection && node !== null) {
        const failed = collect(node, key.value)
        if (failed !== undefined) return failed
        continue
      }
      const read = node === null ? undefined : readValue(document, node)
      settings.push({
        key: key.value,
        at,
        ...(read === undefined ? {} : { value: read }),
        ...(section === undefined ? {} : { section }),
      })
    }
    return undefined
  }
  const failed = collect(root)
  return failed === undefined ? ok(settings) : err(failed)
}

/** Undefined where the nesting exhausts the parser's stack. */
function parseText(text: string, lineCounter: LineCounter): Document | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error', version: '1.2', schema: 'core' })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readValue(document: Document, node: Node): SettingValue | undefined {
  if (isScalar(node)) return typeof node.value === 'boolean' ? node.value : readText(node)
  if (!isSeq(node)) return undefined
  const texts: string[] = []
  for (const item of node.items) {
    const text = readText(follow(document, item))
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts
}

/** A number as it is written, so that `007` and `1e3` mean what they say. */
function readText(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined
  if (typeof node.value === 'string') return node.value
  return typeof node.value === 'number' ? (node.source ?? String(node.value)) : undefined
}

/** What an alias stands for; an anchor is never an alias itself. */
function follow(document: Document, node: unknown): Node | null {
  return (isAlias(node) ? (node.resolve(document) ?? null) : (node ?? null)) as Node | null
}

function offsetOf(node: unknown): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range
  return range?.[0] ?? 0
}

export function refuse(at: string, why: string, hint?: string): Fault {
  return fault('SL_CLI_BAD_CONFIG', { message: `${at}: ${why}`, ...(hint === undefined ? {} : { hint }) })
}
