/**
 * Lines of assets/gofacts (one JSON value each) → TypedPackage or TypedProblem (model/trust/typed-facts.ts). Enters: a
 * line. Leaves: what it is, checked, so that what reads it later cannot fall over it; else SL_DECODE_MALFORMED.
 */
import { type Fault, fault } from '../../base/errors.ts'
import { err, ok, type Result } from '../../base/result.ts'
import type { GoSymbolKind } from '../../model/trust/go-source.ts'
import type { TypedFile, TypedPackage, TypedProblem, TypedSymbol } from '../../model/trust/typed-facts.ts'

export type TypedRecord =
  | { readonly kind: 'package'; readonly package: TypedPackage }
  | { readonly kind: 'problem'; readonly problem: TypedProblem }

const symbolKinds: readonly string[] = [
  'package',
  'function',
  'method',
  'variable',
  'parameter',
  'constant',
  'type',
  'field',
  'label',
  'builtin',
] satisfies readonly GoSymbolKind[]

type Fields = Readonly<Record<string, unknown>>

export function readTypedRecord(line: string): Result<TypedRecord, Fault> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return malformed('is no JSON')
  }
  if (!isFields(value)) return malformed('is no object')
  if (value.kind === 'problem') return readProblem(value)
  if (value.kind === 'package') return readPackage(value)
  return malformed('is of an unknown kind')
}

function readProblem(value: Fields): Result<TypedRecord, Fault> {
  const { message, phase } = value
  if (typeof message !== 'string' || (phase !== 'list' && phase !== 'parse' && phase !== 'types')) {
    return malformed('has no message or phase')
  }
  const problem: TypedProblem = {
    message,
    phase,
    ...(typeof value.package === 'string' ? { package: value.package } : {}),
    ...(typeof value.at === 'string' ? { at: value.at } : {}),
  }
  return ok({ kind: 'problem', problem })
}

function readPackage(value: Fields): Result<TypedRecord, Fault> {
  const types = value.types
  if (!Array.isArray(types) || types[0] !== '' || !types.every((one) => typeof one === 'string')) {
    return malformed('has no table of types')
  }
  const files: TypedFile[] = []
  const symbols: TypedSymbol[] = []
  const givenFiles = listOf(value.files)
  for (const one of listOf(value.symbols)) {
    const symbol = readSymbol(one, types.length, givenFiles.length)
    if (symbol === undefined) return malformed('has a symbol that cannot be read')
    symbols.push(symbol)
  }
  for (const one of givenFiles) {
    const file = readFile(one, symbols.length, types.length)
    if (file === undefined) return malformed('has a file that cannot be read')
    files.push(file)
  }
  return ok({
    kind: 'package',
    package: {
      importPath: textOf(value.importPath),
      name: textOf(value.name),
      types,
      contextTypes: listOf(value.contextTypes).filter((one) => isIndex(one, types.length)),
      handlerTypes: listOf(value.handlerTypes).filter((one) => isIndex(one, types.length)),
      symbols,
      files,
      expressions: countOf(value.exprs),
      typed: countOf(value.typed),
    },
  })
}

function readSymbol(value: unknown, types: number, files: number): TypedSymbol | undefined {
  if (!isFields(value)) return undefined
  const { k, n, q, t, f, a } = value
  if (typeof k !== 'string' || !symbolKinds.includes(k) || typeof n !== 'string' || !isIndex(t, types)) return undefined
  return {
    kind: k as GoSymbolKind,
    name: n,
    type: t,
    ...(typeof q === 'string' ? { qualified: q } : {}),
    ...(isIndex(f, files) && isIndex(a, 0x7fff_ffff) ? { file: f, at: a } : {}),
  }
}

function readFile(value: unknown, symbols: number, types: number): TypedFile | undefined {
  if (!isFields(value) || typeof value.path !== 'string' || !isIndex(value.size, 0x7fff_ffff)) return undefined
  const given = listOf(value.facts)
  if (given.length % 4 !== 0) return undefined
  const facts = new Int32Array(given.length)
  let start = 0
  for (let at = 0; at < given.length; at += 4) {
    const [step, length, symbol, type] = given.slice(at, at + 4)
    if (!isIndex(step, 0x7fff_ffff) || !isIndex(length, 0x7fff_ffff)) return undefined
    if (!isIndex(symbol, symbols + 1) || !isIndex(type, types)) return undefined
    start += step
    if (start + length > value.size) return undefined
    facts[at] = step
    facts[at + 1] = length
    facts[at + 2] = symbol
    facts[at + 3] = type
  }
  return { path: value.path, sizeBytes: value.size, facts }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIndex(value: unknown, end: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < end
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function countOf(value: unknown): number {
  return isIndex(value, Number.MAX_SAFE_INTEGER) ? value : 0
}

function malformed(why: string): Result<never, Fault> {
  return err(fault('SL_DECODE_MALFORMED', { message: `A line of the Go helper ${why}` }))
}
