/**
 * Build info as text: what `go version -m` prints, what `debug.BuildInfo.String()` prints, and `-json`.
 * Enters: text or bytes. Leaves: BuildInfo, with an issue for lines that are none of its own.
 * Source: src/runtime/debug/mod.go (ParseBuildInfo) and src/cmd/go/internal/version of the Go tree.
 * Of several binaries in one print the first is taken, and an issue says so.
 */
import { fault, type JsonValue } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import { type Decoded, type IssueLog, openIssueLog } from '../../model/issue.ts'
import type { BuildInfo, ModuleVersion } from '../../model/metrics.ts'
import { parseJsonText } from '../json-text.ts'

type Draft = {
  goVersion?: string
  path?: string
  mainModule?: ModuleVersion
  dependencies: ModuleVersion[]
  settings: Record<string, string>
  last: 'mod' | 'dep' | undefined
  lines: number
}

const MAX_BYTES = 64 * 1024 * 1024

/** `path: go1.26.8` of `go version`, and lines that begin with a word and a tab. */
export function detectBuildInfo(head: Uint8Array): 'certain' | 'possible' | undefined {
  const text = new TextDecoder().decode(head.subarray(0, 8192))
  if (
    /^[^\n]*: (?:go|devel )[^\n]*\n\t(?:path|mod|build)\t/.test(text) ||
    /^go\tgo1[^\n]*\n(?:path|mod|build)\t/.test(text)
  ) {
    return 'certain'
  }
  if (/^path\t[^\n]*\n(?:mod|dep|build)\t/.test(text)) return 'certain'
  if (
    /^\s*\{/.test(text) &&
    /"[Gg]oVersion"\s*:/.test(text) &&
    /"(?:Settings|Main|Deps|mainModule|dependencies)"\s*:/.test(text)
  ) {
    return 'certain'
  }
  return undefined
}

export function decodeBuildInfo(bytes: Uint8Array): Result<Decoded<BuildInfo>> {
  if (bytes.length === 0) return err(fault('SL_DECODE_EMPTY'))
  if (bytes.length > MAX_BYTES) return err(fault('SL_DECODE_TOO_LARGE'))
  const first = bytes.find((byte) => byte > 0x20)
  if (first === 0x7b || first === 0x5b || first === 0x3c) return decodeBuildInfoJson(bytes)
  return decodeBuildInfoText(new TextDecoder().decode(bytes))
}

export function decodeBuildInfoText(text: string): Result<Decoded<BuildInfo>> {
  const draft: Draft = { dependencies: [], settings: {}, last: undefined, lines: 0 }
  const issues = openIssueLog()
  let number = 0
  for (const raw of text.split('\n')) {
    number++
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line.trim() === '') continue
    const header = /^[^\t].*: ((?:go|devel )\S.*)$/.exec(line)
    if (header !== null && !/^(?:go|path|mod|dep|=>|build)\t/.test(line)) {
      if (draft.goVersion !== undefined || draft.lines > 0) {
        issues.add('SL_DECODE_MALFORMED', 'only the first binary is read', { severity: 'info', at: { line: number } })
        break
      }
      draft.goVersion = header[1] as string
      draft.lines++
      continue
    }
    readLine(draft, line.replace(/^\t/, ''), number, issues)
  }
  if (draft.lines === 0)
    return err(fault('SL_DECODE_NO_BUILD_INFO', { message: 'No line of the text is Go build info' }))
  return ok({ value: closeDraft(draft), issues: issues.list() })
}

function readLine(draft: Draft, line: string, number: number, issues: IssueLog): void {
  const [word, ...rest] = line.split('\t')
  const module: ModuleVersion = {
    path: rest[0] ?? '',
    ...(rest[1] ? { version: rest[1] } : {}),
    ...(rest[2] ? { sum: rest[2] } : {}),
  }
  draft.lines++
  if (word === 'go' && rest.length === 1) draft.goVersion = rest[0] as string
  else if (word === 'path' && rest.length === 1) draft.path = rest[0] as string
  else if (word === 'mod' && rest.length >= 2) {
    draft.mainModule = module
    draft.last = 'mod'
  } else if (word === 'dep' && rest.length >= 2) {
    draft.dependencies.push(module)
    draft.last = 'dep'
  } else if (word === '=>' && rest.length >= 2 && draft.last !== undefined) replaceLast(draft, module)
  else if (word === 'build' && readSetting(draft, rest.join('\t'))) draft.last = undefined
  else {
    draft.lines--
    issues.add('SL_DECODE_MALFORMED', 'a line that is not Go build info', { at: { line: number } })
  }
}

function replaceLast(draft: Draft, replacedBy: ModuleVersion): void {
  if (draft.last === 'mod' && draft.mainModule !== undefined) draft.mainModule = { ...draft.mainModule, replacedBy }
  const dependency = draft.dependencies.at(-1)
  if (draft.last === 'dep' && dependency !== undefined)
    draft.dependencies[draft.dependencies.length - 1] = { ...dependency, replacedBy }
  draft.last = undefined
}

/** `key=value`, each in Go quotes where it needs them. */
function readSetting(draft: Draft, text: string): boolean {
  const match = /^("(?:[^"\\]|\\.)*"|`[^`]*`|[^=]*)=([\s\S]*)$/.exec(text)
  if (match === null) return false
  const key = unquote(match[1] as string)
  const value = unquote(match[2] as string)
  if (key === undefined || value === undefined || key === '') return false
  setOwn(draft.settings, key, value)
  return true
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

/** As Go's strconv.Unquote; text without quotes is itself. Bytes (\x80 and above) are read as UTF-8. */
function unquote(text: string): string | undefined {
  if (text.startsWith('`')) return text.length > 1 && text.endsWith('`') ? text.slice(1, -1) : undefined
  if (!text.startsWith('"')) return text
  if (text.length < 2 || !text.endsWith('"')) return undefined
  const coder = new TextEncoder()
  const bytes: number[] = []
  const token = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\'"]))|([^\\]+)/y
  const body = text.slice(1, -1)
  while (token.lastIndex < body.length) {
    const match = token.exec(body)
    if (match === null) return undefined
    const [, hex, short, long, octal, simple, plain] = match
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16))
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff)
    else {
      const code = Number.parseInt(short ?? long ?? '0', 16)
      if (code > 0x10ffff) return undefined
      const chars = plain ?? (simple === undefined ? String.fromCodePoint(code) : (ESCAPES[simple] ?? ''))
      for (const byte of coder.encode(chars)) bytes.push(byte)
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

type JsonObject = { readonly [key: string]: JsonValue | undefined }

/** debug.BuildInfo as encoding/json prints it (`go version -m -json`), or our own BuildInfo. */
export function decodeBuildInfoJson(bytes: Uint8Array): Result<Decoded<BuildInfo>> {
  const parsed = parseJsonText(bytes)
  if (!parsed.ok) return parsed
  const list: readonly JsonValue[] = Array.isArray(parsed.value.value) ? parsed.value.value : [parsed.value.value]
  const root = list[0]
  const draft: Draft = { dependencies: [], settings: {}, last: undefined, lines: 0 }
  if (isObject(root)) {
    const goVersion = root.GoVersion ?? root.goVersion
    const path = root.Path ?? root.path
    if (typeof goVersion === 'string') draft.goVersion = goVersion
    if (typeof path === 'string') draft.path = path
    const main = readModule(root.Main ?? root.mainModule)
    if (main !== undefined) draft.mainModule = main
    for (const each of listOf(root.Deps ?? root.dependencies)) {
      const module = readModule(each)
      if (module !== undefined) draft.dependencies.push(module)
    }
    readSettings(draft, root.Settings ?? root.settings)
  }
  if (draft.goVersion === undefined && draft.mainModule === undefined) {
    return err(fault('SL_DECODE_NO_BUILD_INFO', { message: 'The JSON names no Go version and no main module' }))
  }
  const issues = openIssueLog()
  if (list.length > 1) issues.add('SL_DECODE_MALFORMED', 'only the first binary is read', { severity: 'info' })
  return ok({ value: closeDraft(draft), issues: issues.list() })
}

function readSettings(draft: Draft, value: JsonValue | undefined): void {
  for (const each of listOf(value)) {
    // encoding/json leaves an empty value out.
    const setting = isObject(each) ? (each.Value ?? '') : undefined
    if (isObject(each) && typeof each.Key === 'string' && typeof setting === 'string') {
      setOwn(draft.settings, each.Key, setting)
    }
  }
  if (!isObject(value)) return
  for (const [key, text] of Object.entries(value)) if (typeof text === 'string') setOwn(draft.settings, key, text)
}

function readModule(value: JsonValue | undefined): ModuleVersion | undefined {
  if (!isObject(value)) return undefined
  const path = value.Path ?? value.path
  if (typeof path !== 'string' || path === '') return undefined
  const version = value.Version ?? value.version
  const sum = value.Sum ?? value.sum
  const replacedBy = readModule(value.Replace ?? value.replacedBy)
  return {
    path,
    ...(typeof version === 'string' && version !== '' ? { version } : {}),
    ...(typeof sum === 'string' && sum !== '' ? { sum } : {}),
    ...(replacedBy === undefined ? {} : { replacedBy }),
  }
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function setOwn(record: Record<string, string>, key: string, value: string): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true })
}

function closeDraft(draft: Draft): BuildInfo {
  const { goVersion, path, mainModule, dependencies, settings } = draft
  return {
    ...(goVersion === undefined ? {} : { goVersion }),
    ...(path === undefined ? {} : { path }),
    ...(mainModule === undefined ? {} : { mainModule }),
    dependencies,
    settings,
  }
}
