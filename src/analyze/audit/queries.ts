/**
 * Small questions that several rules ask of a view: what is around a node, is it in a loop, is a function a handler, what
 * do handlers reach, what is inside a subtree, what is a variable given. All within one package.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isRequestType } from './context-scope.ts'
import { type CallSite, callsBetween, type FunctionView, type PackageView } from './package-view.ts'

/** The nearest node above of this kind, inside the same function. */
export function ancestorInFunction(
  view: PackageView,
  file: number,
  node: number,
  kinds: readonly string[],
): number | undefined {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kinds.includes(kind)) return at
    if (kind === 'func_literal' || kind === 'function_declaration' || kind === 'method_declaration') return undefined
  }
  return undefined
}

/** The innermost loop whose body holds the node, inside the same function. */
export function loopAround(view: PackageView, file: number, node: number): number | undefined {
  const { syntax } = view.file(file)
  let loop = ancestorInFunction(view, file, node, ['for_statement'])
  while (loop !== undefined) {
    const body = childAt(syntax, loop, 'body')
    if (body !== undefined && node > body) return loop
    loop = ancestorInFunction(view, file, loop, ['for_statement'])
  }
  return undefined
}

/** A handler of requests: net/http's form, or a framework's context as a parameter. */
export function isHandler(fn: FunctionView): boolean {
  return fn.parameters.some(({ type }) => isRequestType(type)) && fn.parameters.length <= 3
}

/** Functions that handlers of the package call, by steps; the handlers themselves and literals in them too. */
export function findRequestPath(view: PackageView): ReadonlySet<number> {
  const reached = new Set<number>()
  const open: number[] = view.functions.filter(isHandler).map(({ index }) => index)
  const callsBy = new Map<number, CallSite[]>()
  for (const call of view.calls) {
    const list = callsBy.get(call.fn)
    if (list === undefined) callsBy.set(call.fn, [call])
    else list.push(call)
  }
  const literals = Map.groupBy(
    view.functions.filter(({ kind }) => kind === 'literal'),
    ({ parent }) => parent,
  )
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue
    reached.add(index)
    for (const literal of literals.get(index) ?? []) open.push(literal.index)
    for (const call of callsBy.get(index) ?? []) {
      const target = calledFunction(view, call)
      if (target !== undefined) open.push(target.index)
    }
  }
  return reached
}

export function calledFunction(view: PackageView, call: CallSite): FunctionView | undefined {
  const { syntax, symbols } = view.file(call.file)
  const called = childAt(syntax, call.node, 'function')
  const symbol = called === undefined ? -1 : (symbols[called] as number)
  return symbol < 0 ? undefined : view.functionBySymbol(symbol)
}

/** Calls inside a subtree. */
export function callsIn(view: PackageView, file: number, node: number): readonly CallSite[] {
  const end = view.file(file).syntax.after[node] as number
  return callsBetween(view, file, node, end)
}

/** The innermost call that the node is (part of) an argument of. */
export function callAround(view: PackageView, file: number, node: number): CallSite | undefined {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kind === 'func_literal' || kind === 'block') return undefined
    const call = view.callAt(file, at)
    if (call !== undefined) return call
  }
  return undefined
}

export type Given = {
  readonly statement: number
  readonly names: readonly number[]
  readonly position: number
  readonly isNew: boolean
}

/** `a, b := call()`, `a = call()`, `var a = call()`: the statement and names on its left; undefined for other uses. */
export function givenBy(view: PackageView, file: number, node: number): Given | undefined {
  const { syntax } = view.file(file)
  const list = syntax.parents[node] as number
  if (list < 0 || kindOf(syntax, list) !== 'expression_list') return undefined
  const statement = syntax.parents[list] as number
  const kind = kindOf(syntax, statement)
  const position = [...childrenOf(syntax, list)].indexOf(node)
  if (kind === 'var_spec') {
    const names = [...childrenOf(syntax, statement)].filter((child) => kindOf(syntax, child) === 'identifier')
    return { statement, names, position, isNew: true }
  }
  if (kind !== 'short_var_declaration' && kind !== 'assignment_statement') return undefined
  const left = childAt(syntax, statement, 'left')
  if (left === undefined || left === list) return undefined
  return { statement, names: [...childrenOf(syntax, left)], position, isNew: kind === 'short_var_declaration' }
}

/** Node of the leftmost name of `a.b[0].c`. */
export function rootOf(view: PackageView, file: number, node: number): number {
  const { syntax } = view.file(file)
  let at = node
  for (let turns = 0; turns < 64; turns++) {
    const kind = kindOf(syntax, at)
    if (kind === 'selector_expression' || kind === 'index_expression' || kind === 'call_expression') {
      const next = childAt(syntax, at, 'operand') ?? childAt(syntax, at, 'function')
      if (next === undefined) return at
      at = next
    } else if (kind === 'parenthesized_expression' || kind === 'unary_expression') {
      const next = childAt(syntax, at, 'operand') ?? at + 1
      at = next
    } else return at
  }
  return at
}

/** Text of a literal string argument without its quotes; undefined for what is no literal. */
export function stringOf(view: PackageView, file: number, node: number | undefined): string | undefined {
  if (node === undefined) return undefined
  const { syntax } = view.file(file)
  const kind = kindOf(syntax, node)
  if (kind !== 'interpreted_string_literal' && kind !== 'raw_string_literal') return undefined
  return textOf(syntax, node).slice(1, -1)
}

/** Value of `Name: value` in a composite literal. */
export function fieldValue(view: PackageView, file: number, literal: number, name: string): number | undefined {
  const { syntax } = view.file(file)
  const body = childAt(syntax, literal, 'body')
  if (body === undefined) return undefined
  for (const element of childrenOf(syntax, body)) {
    const key = childAt(syntax, element, 'key')
    const value = childAt(syntax, element, 'value')
    if (key !== undefined && value !== undefined && textOf(syntax, key) === name) {
      return kindOf(syntax, value) === 'literal_element' ? value + 1 : value
    }
  }
  return undefined
}

/** True where the statement's own results are thrown away: `f()` alone. */
export function isAlone(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  const kind = kindOf(syntax, syntax.parents[call.node] as number)
  return kind === 'expression_statement' || kind === 'defer_statement' || kind === 'go_statement'
}
