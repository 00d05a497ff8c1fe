/**
 * Lays the typed facts of the Go toolchain (tier b) over a package that was read by syntax (tier a): the same nodes, with
 * names and types that are known instead of inferred. Enters: a GoPackage and the facts by file. Leaves: a GoPackage; the
 * one that came in is not changed. Files without facts (excluded by build constraints, changed since, not Go's) stay as
 * they were. Byte offsets become UTF-16 offsets; a file whose size differs is not the one that was typed.
 */
import {
  type GoFile,
  type GoPackage,
  type GoSymbol,
  type GoSyntax,
  goCertainties,
} from '../../model/trust/go-source.ts'
import type { TypedFile, TypedPackage } from '../../model/trust/typed-facts.ts'

const TYPED = goCertainties.indexOf('typed')

/** Nodes that are expressions or names; wrappers of the same range (statements, lists) are not. */
const expressionKinds = new Set([
  'identifier',
  'field_identifier',
  'type_identifier',
  'package_identifier',
  'label_name',
  'selector_expression',
  'qualified_type',
  'call_expression',
  'func_literal',
  'composite_literal',
  'literal_value',
  'literal_element',
  'unary_expression',
  'binary_expression',
  'index_expression',
  'slice_expression',
  'type_assertion_expression',
  'type_conversion_expression',
  'type_instantiation_expression',
  'parenthesized_expression',
  'pointer_type',
  'true',
  'false',
  'iota',
])
const nameKinds = new Set(['identifier', 'field_identifier', 'type_identifier', 'package_identifier', 'label_name'])

export type TypedPlace = { readonly package: TypedPackage; readonly file: TypedFile }
export type LaidOver = {
  readonly package: GoPackage
  /** Files that got facts, and that had some but of another size. */
  readonly typedFiles: number
  readonly changedFiles: number
}

/** By path of the file. */
export function indexTypedFiles(packages: readonly TypedPackage[]): ReadonlyMap<string, TypedPlace> {
  const places = new Map<string, TypedPlace>()
  for (const one of packages) for (const file of one.files) places.set(file.path, { package: one, file })
  return places
}

export function layTypedFacts(pkg: GoPackage, places: ReadonlyMap<string, TypedPlace>): LaidOver {
  const tables = openTables(pkg)
  let changedFiles = 0
  const typed = pkg.files.map((file) => {
    const place = places.get(file.syntax.path)
    if (place === undefined) return undefined
    const offsets = readOffsets(file.syntax.text, place.file.sizeBytes)
    if (offsets === undefined) changedFiles++
    return offsets === undefined ? undefined : { place, offsets }
  })
  const typedFiles = typed.filter((one) => one !== undefined).length
  if (typedFiles === 0) return { package: pkg, typedFiles, changedFiles }
  const fileOfPath = new Map(pkg.files.map((file, index) => [file.syntax.path, index]))

  const mappings = new Map<TypedPackage, Mapping>()
  const files = pkg.files.map((file, index) => {
    const found = typed[index]
    if (found === undefined) return file
    const { place, offsets } = found
    let mapping = mappings.get(place.package)
    if (mapping === undefined) {
      mapping = {
        symbols: new Int32Array(place.package.symbols.length).fill(-1),
        types: new Int32Array(place.package.types.length).fill(-1),
      }
      mappings.set(place.package, mapping)
    }
    return layOver(file, place, offsets, mapping)
  })
  const contextTypes = new Set<string>()
  const handlerTypes = new Set<string>()
  for (const one of mappings.keys()) {
    for (const type of one.contextTypes) contextTypes.add(one.types[type] as string)
    for (const type of one.handlerTypes) handlerTypes.add(one.types[type] as string)
  }
  return {
    package: {
      ...pkg,
      files,
      symbols: tables.symbols,
      types: tables.types,
      contextTypes: [...contextTypes],
      handlerTypes: [...handlerTypes],
    },
    typedFiles,
    changedFiles,
  }

  function layOver(
    file: GoFile,
    { package: from, file: given }: TypedPlace,
    toUnit: Offsets,
    mapping: Mapping,
  ): GoFile {
    const { syntax } = file
    const symbols = file.symbols.slice()
    const types = file.types.slice()
    const certainty = file.certainty.slice()
    const isExpression = syntax.kindNames.map((kind) => expressionKinds.has(kind))
    const { facts } = given
    let start = 0
    let node = 0
    for (let at = 0; at < facts.length; at += 4) {
      start += facts[at] as number
      const from16 = toUnit(start)
      const to16 = toUnit(start + (facts[at + 1] as number))
      while (node < syntax.nodeCount && (syntax.starts[node] as number) < from16) node++
      for (let one = node; one < syntax.nodeCount && syntax.starts[one] === from16; one++) {
        if (syntax.ends[one] !== to16 || isExpression[syntax.kinds[one] as number] !== true) continue
        const symbol = facts[at + 2] as number
        const type = facts[at + 3] as number
        if (symbol > 0) symbols[one] = mapSymbol(from, symbol - 1, mapping)
        if (type > 0) types[one] = mapType(from, type, mapping)
        certainty[one] = TYPED
      }
    }
    return { ...file, symbols, types, certainty }
  }

  function mapType(from: TypedPackage, type: number, { types }: Mapping): number {
    const known = types[type] as number
    if (known >= 0) return known
    const index = tables.internType(from.types[type] as string)
    types[type] = index
    return index
  }

  function mapSymbol(from: TypedPackage, index: number, mapping: Mapping): number {
    const known = mapping.symbols[index] as number
    if (known >= 0) return known
    const { file, at, type, ...rest } = from.symbols[index] as TypedPackage['symbols'][number]
    const place =
      file === undefined || at === undefined ? undefined : findDeclaration(from.files[file] as TypedFile, at)
    const mapped = tables.putSymbol({ ...rest, ...place, type: mapType(from, type, mapping) })
    mapping.symbols[index] = mapped
    return mapped
  }

  function findDeclaration(file: TypedFile, at: number): { file: number; node: number } | undefined {
    const index = fileOfPath.get(file.path)
    const offsets = index === undefined ? undefined : typed[index]?.offsets
    if (index === undefined || offsets === undefined) return undefined
    const node = findName((pkg.files[index] as GoFile).syntax, offsets(at))
    return node === undefined ? undefined : { file: index, node }
  }
}

/** Of one typed package: its symbols and types as indexes of the GoPackage's; -1 = not yet. */
type Mapping = { readonly symbols: Int32Array; readonly types: Int32Array }
type Offsets = (bytes: number) => number

type Tables = {
  readonly symbols: GoSymbol[]
  readonly types: string[]
  internType(type: string): number
  putSymbol(symbol: GoSymbol): number
}

/** The package's own tables, going on. A symbol that tier a knew keeps its index: rules may hold on to it. */
function openTables(pkg: GoPackage): Tables {
  const symbols = [...pkg.symbols]
  const types = [...pkg.types]
  const typeIndex = new Map(types.map((type, index) => [type, index]))
  const byName = new Map<string, number>()
  const byPlace = new Map<string, number>()
  const taken = new Set<number>()
  pkg.symbols.forEach(({ qualified, file, node, kind }, index) => {
    if (qualified !== undefined) byName.set(`${kind === 'package'} ${qualified}`, index)
    if (file !== undefined && node !== undefined && !byPlace.has(`${file}:${node}`))
      byPlace.set(`${file}:${node}`, index)
  })
  return {
    symbols,
    types,
    internType(type) {
      const known = typeIndex.get(type)
      if (known !== undefined) return known
      typeIndex.set(type, types.length)
      return types.push(type) - 1
    },
    putSymbol(symbol) {
      const place = symbol.node === undefined ? undefined : byPlace.get(`${symbol.file}:${symbol.node}`)
      const name =
        symbol.qualified === undefined ? undefined : byName.get(`${symbol.kind === 'package'} ${symbol.qualified}`)
      // The name in a type switch is one place and a variable per case: only the first can keep the index.
      const known = place ?? name
      if (known === undefined || taken.has(known)) return symbols.push(symbol) - 1
      taken.add(known)
      const before = symbols[known] as GoSymbol
      const isParameter = before.kind === 'parameter' && symbol.kind === 'variable'
      symbols[known] = {
        ...(before.file === undefined || before.node === undefined ? {} : { file: before.file, node: before.node }),
        ...symbol,
        ...(isParameter ? { kind: 'parameter' } : {}),
      }
      return known
    },
  }
}

/** The name that begins at this offset. */
function findName(syntax: GoSyntax, offset: number): number | undefined {
  let low = 0
  let high = syntax.nodeCount
  while (low < high) {
    const middle = (low + high) >> 1
    if ((syntax.starts[middle] as number) < offset) low = middle + 1
    else high = middle
  }
  for (let node = low; node < syntax.nodeCount && syntax.starts[node] === offset; node++) {
    if (nameKinds.has(syntax.kindNames[syntax.kinds[node] as number] ?? '')) return node
  }
  return undefined
}

/** Byte offset → UTF-16 offset; undefined when the text is not of that many bytes. */
function readOffsets(text: string, sizeBytes: number): Offsets | undefined {
  let bytes = 0
  let isAscii = true
  for (let at = 0; at < text.length; at++) {
    const width = widthOf(text.charCodeAt(at))
    if (width !== 1) isAscii = false
    bytes += width
  }
  // A byte order mark is Go's to skip; text that was decoded has lost it.
  const mark = sizeBytes - bytes
  if (mark !== 0 && mark !== 3) return undefined
  if (isAscii) return (offset) => Math.max(0, offset - mark)
  const units = new Uint32Array(bytes + 1)
  let filled = 0
  for (let at = 0; at < text.length; at++) {
    const width = widthOf(text.charCodeAt(at))
    for (let byte = 0; byte < width; byte++) units[filled++] = at
  }
  units[filled] = text.length
  return (offset) => units[Math.max(0, offset - mark)] ?? text.length
}

/** Bytes of UTF-8; of a pair, three for its first half and one for its second. */
function widthOf(code: number): number {
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code >= 0xdc00 && code < 0xe000 ? 1 : 3
}
