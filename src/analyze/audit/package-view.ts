/**
 * A package as rules read it: its functions (literals too) as a tree, its calls by name, nodes by kind, types as text.
 * Enters: GoPackage of either tier. Names are without stars and brackets, `net/http.Client.Do` for
 * `(*net/http.Client).Do`, so that both tiers say them alike. A variable that holds one function and is never given
 * another stands for it.
 */
import {
  childAt,
  childrenOf,
  type GoFile,
  type GoPackage,
  type GoSymbol,
  kindOf,
  textOf,
} from '../../model/trust/go-source.ts'

export type CallSite = {
  readonly file: number
  readonly node: number
  /** `net/http.Get`; of builtins `panic`; '' where it is not known. */
  readonly name: string
  /** What is called, without it being known what it is: `Close` of `x.y.Close()`. */
  readonly lastName: string
  readonly args: readonly number[]
  /** Innermost function around it; -1 outside. */
  readonly fn: number
}

export type ParameterView = {
  readonly node: number
  readonly name: string
  readonly symbol: number
  readonly type: string
}

export type FunctionView = {
  readonly index: number
  readonly file: number
  readonly node: number
  readonly kind: 'function' | 'method' | 'literal'
  /** `handle`, `(*Server).handle`; of a literal the name of the function around it and `.func`. */
  readonly name: string
  /** Function around a literal; -1 else. */
  readonly parent: number
  readonly parameters: readonly ParameterView[]
  /** Type of the receiver, as written by the resolver; '' without. */
  readonly receiver: string
  readonly body: number | undefined
}

/** Kinds of nodes that rules ask for. */
const indexedKinds = new Set([
  'go_statement',
  'defer_statement',
  'for_statement',
  'short_var_declaration',
  'assignment_statement',
  'var_spec',
  'send_statement',
  'return_statement',
  'composite_literal',
  'field_declaration',
  'func_literal',
  'selector_expression',
  'if_statement',
  'select_statement',
  'range_clause',
])

export type NodeRef = { readonly file: number; readonly node: number }

export type PackageView = {
  readonly pkg: GoPackage
  readonly functions: readonly FunctionView[]
  readonly calls: readonly CallSite[]
  readonly packagePath: string
  callsOf(name: string): readonly CallSite[]
  nodesOf(kind: string): readonly NodeRef[]
  /** The call at a node; undefined when it is none. */
  callAt(file: number, node: number): CallSite | undefined
  /** Index of the innermost function around a node (or that it is); -1 outside. */
  functionOf(file: number, node: number): number
  /** Node of each use and declaration of a symbol. */
  usesOf(symbol: number): readonly NodeRef[]
  symbolAt(file: number, node: number): GoSymbol | undefined
  typeAt(file: number, node: number): string
  nameAt(file: number, node: number): string
  text(file: number, node: number): string
  kind(file: number, node: number): string
  file(index: number): GoFile
  /** Functions of this package by symbol. */
  functionBySymbol(symbol: number): FunctionView | undefined
}

/** `(*net/http.Client).Do` → `net/http.Client.Do`. */
function plainName(qualified: string): string {
  return qualified.startsWith('(') ? qualified.replace(/^\(\*?([^)]*)\)/, '$1') : qualified
}

export function viewPackage(pkg: GoPackage): PackageView {
  const functions: FunctionView[] = []
  const calls: CallSite[] = []
  const byKind = new Map<string, NodeRef[]>()
  const callNodes = new Map<number, CallSite>()
  const owners = pkg.files.map((file) => new Int32Array(file.syntax.nodeCount).fill(-1))
  const bySymbol = new Map<number, FunctionView>()
  const uses = new Map<number, NodeRef[]>()
  const key = (file: number, node: number): number => file * 0x1_0000_0000 + node

  pkg.files.forEach((file, index) => {
    const { syntax } = file
    const owner = owners[index] as Int32Array
    for (let node = 0; node < syntax.nodeCount; node++) {
      const kind = kindOf(syntax, node)
      const parent = syntax.parents[node] as number
      if (parent >= 0) owner[node] = owner[parent] as number
      if (kind === 'function_declaration' || kind === 'method_declaration' || kind === 'func_literal') {
        const made = readFunction(pkg, functions, index, node, owner[node] as number)
        functions.push(made)
        owner[node] = made.index
        const nameNode = childAt(syntax, node, 'name')
        if (nameNode !== undefined) bySymbol.set(file.symbols[nameNode] as number, made)
      }
      if (indexedKinds.has(kind)) {
        const list = byKind.get(kind)
        if (list === undefined) byKind.set(kind, [{ file: index, node }])
        else list.push({ file: index, node })
      }
      if (kind === 'identifier') {
        const symbol = file.symbols[node] as number
        if (symbol >= 0) {
          const list = uses.get(symbol)
          if (list === undefined) uses.set(symbol, [{ file: index, node }])
          else list.push({ file: index, node })
        }
      }
    }
  })

  const held = findHeldFunctions(pkg, byKind, uses)
  pkg.files.forEach((file, index) => {
    const { syntax } = file
    const owner = owners[index] as Int32Array
    for (let node = 0; node < syntax.nodeCount; node++) {
      if (kindOf(syntax, node) !== 'call_expression') continue
      const list = childAt(syntax, node, 'arguments')
      const called = unwrap(file, childAt(syntax, node, 'function') ?? node)
      const call: CallSite = {
        file: index,
        node,
        name: calledName(pkg, file, called, held),
        lastName: lastNameOf(file, called),
        args:
          list === undefined ? [] : [...childrenOf(syntax, list)].filter((arg) => kindOf(syntax, arg) !== 'comment'),
        fn: owner[node] as number,
      }
      calls.push(call)
      callNodes.set(key(index, node), call)
    }
  })

  const byName = new Map<string, CallSite[]>()
  for (const call of calls) {
    const list = byName.get(call.name)
    if (list === undefined) byName.set(call.name, [call])
    else list.push(call)
  }
  const fileOf = (index: number): GoFile => pkg.files[index] as GoFile
  return {
    pkg,
    functions,
    calls,
    packagePath: pkg.importPath ?? (pkg.directory === '' ? '.' : pkg.directory),
    callsOf: (name) => byName.get(name) ?? [],
    nodesOf: (kind) => byKind.get(kind) ?? [],
    callAt: (file, node) => callNodes.get(key(file, node)),
    functionOf: (file, node) => owners[file]?.[node] ?? -1,
    usesOf: (symbol) => uses.get(symbol) ?? [],
    symbolAt: (file, node) => pkg.symbols[fileOf(file).symbols[node] as number],
    typeAt: (file, node) => pkg.types[fileOf(file).types[node] as number] ?? '',
    nameAt: (file, node) => plainName(pkg.symbols[fileOf(file).symbols[node] as number]?.qualified ?? ''),
    text: (file, node) => textOf(fileOf(file).syntax, node),
    kind: (file, node) => kindOf(fileOf(file).syntax, node),
    file: fileOf,
    functionBySymbol: (symbol) => bySymbol.get(symbol),
  }
}

/** Without the brackets around it, or the type arguments behind it. */
function unwrap(file: GoFile, node: number): number {
  let at = node
  for (let turns = 0; turns < 16; turns++) {
    const kind = kindOf(file.syntax, at)
    if (kind === 'parenthesized_expression') at = at + 1
    else if (kind === 'type_instantiation_expression') at = childAt(file.syntax, at, 'type') ?? at + 1
    else if (kind === 'index_expression') {
      const operand = childAt(file.syntax, at, 'operand') ?? at + 1
      const symbol = file.symbols[operand] as number
      if (symbol < 0) return at
      at = operand
    } else return at
  }
  return at
}

function lastNameOf({ syntax }: GoFile, called: number): string {
  const kind = kindOf(syntax, called)
  if (kind === 'identifier') return textOf(syntax, called)
  const field = kind === 'selector_expression' ? childAt(syntax, called, 'field') : undefined
  return field === undefined ? '' : textOf(syntax, field)
}

function calledName(pkg: GoPackage, file: GoFile, called: number, held: ReadonlyMap<number, string>): string {
  const index = file.symbols[called] as number
  const symbol = pkg.symbols[index]
  if (symbol === undefined) return kindOf(file.syntax, called) === 'identifier' ? textOf(file.syntax, called) : ''
  const through = held.get(index)
  if (through !== undefined) return through
  return symbol.qualified === undefined ? '' : plainName(symbol.qualified)
}

/** Local variables that are given one function and never another: `f := http.Get`. */
function findHeldFunctions(
  pkg: GoPackage,
  byKind: ReadonlyMap<string, readonly NodeRef[]>,
  uses: ReadonlyMap<number, readonly NodeRef[]>,
): ReadonlyMap<number, string> {
  const held = new Map<number, string>()
  for (const { file: index, node } of byKind.get('short_var_declaration') ?? []) {
    const file = pkg.files[index] as GoFile
    const { syntax } = file
    const left = childAt(syntax, node, 'left')
    const right = childAt(syntax, node, 'right')
    if (left === undefined || right === undefined) continue
    const names = [...childrenOf(syntax, left)]
    const values = [...childrenOf(syntax, right)]
    if (names.length !== values.length) continue
    names.forEach((name, at) => {
      const value = pkg.symbols[file.symbols[values[at] as number] as number]
      const kind = kindOf(syntax, values[at] as number)
      if (kind !== 'selector_expression' && kind !== 'identifier') return
      if (value?.qualified === undefined || (value.kind !== 'function' && value.kind !== 'method')) return
      const symbol = file.symbols[name] as number
      const isGivenAgain = (uses.get(symbol) ?? []).some(
        (use) => use.node !== name && isAssigned(pkg.files[use.file] as GoFile, use.node),
      )
      if (!isGivenAgain) held.set(symbol, plainName(value.qualified))
    })
  }
  return held
}

/** Calls of a file from one node on up to another; the view keeps them by file and node. */
export function callsBetween(view: PackageView, file: number, from: number, end: number): readonly CallSite[] {
  const { calls } = view
  const at = (node: number): number => {
    let low = 0
    let high = calls.length
    while (low < high) {
      const middle = (low + high) >> 1
      const call = calls[middle] as CallSite
      if (call.file < file || (call.file === file && call.node < node)) low = middle + 1
      else high = middle
    }
    return low
  }
  return calls.slice(at(from), at(end))
}

/** True for a name that stands on the left of an assignment. */
export function isAssigned({ syntax }: GoFile, node: number): boolean {
  const list = syntax.parents[node] as number
  if (list < 0 || kindOf(syntax, list) !== 'expression_list') return false
  const statement = syntax.parents[list] as number
  const kind = kindOf(syntax, statement)
  if (kind !== 'assignment_statement' && kind !== 'short_var_declaration' && kind !== 'range_clause') return false
  return childAt(syntax, statement, 'left') === list
}

function readFunction(
  pkg: GoPackage,
  functions: readonly FunctionView[],
  fileIndex: number,
  node: number,
  parent: number,
): FunctionView {
  const file = pkg.files[fileIndex] as GoFile
  const { syntax } = file
  const kind = kindOf(syntax, node)
  const nameNode = childAt(syntax, node, 'name')
  const receiver = childAt(syntax, node, 'receiver')
  const typeOf = (at: number): string => pkg.types[file.types[at] as number] ?? ''
  const parameters = listParameters(childAt(syntax, node, 'parameters'))
  const [owner] = listParameters(receiver)
  const written =
    receiver === undefined
      ? ''
      : textOf(syntax, receiver)
          .replace(/^\(\s*(?:\w+\s+)?/, '')
          .replace(/\s*\)$/, '')
  const name =
    nameNode === undefined
      ? `${functions[parent]?.name ?? ''}.func`
      : written === ''
        ? textOf(syntax, nameNode)
        : `(${written.replace(/\[.*\]$/, '')}).${textOf(syntax, nameNode)}`
  return {
    index: functions.length,
    file: fileIndex,
    node,
    kind: kind === 'func_literal' ? 'literal' : kind === 'method_declaration' ? 'method' : 'function',
    name,
    parent,
    parameters,
    receiver: owner?.type ?? '',
    body: childAt(syntax, node, 'body'),
  }

  function listParameters(list: number | undefined): ParameterView[] {
    const found: ParameterView[] = []
    if (list === undefined) return found
    const wanted = syntax.fieldNames.indexOf('name')
    for (const declaration of childrenOf(syntax, list)) {
      for (const child of childrenOf(syntax, declaration)) {
        if (syntax.fields[child] !== wanted || kindOf(syntax, child) !== 'identifier') continue
        const symbol = file.symbols[child] as number
        found.push({ node: child, name: textOf(syntax, child), symbol, type: typeOf(child) })
      }
    }
    return found
  }
}
