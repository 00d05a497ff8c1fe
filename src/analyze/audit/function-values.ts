/**
 * Which functions an expression may be, when it is called or handed to something that runs it: a literal, a function of
 * the package, a local variable and all it is given, a field or element of a literal kept in one, and what a function
 * that returns functions returns. All within one package; undefined where one of the possible values is out of sight.
 */
import { childAt, childrenOf, type GoSyntax, kindOf, textOf } from '../../model/trust/go-source.ts'
import { carriedContext } from './context-scope.ts'
import type { FunctionView, PackageView } from './package-view.ts'

const MAX_DEPTH = 8
const MAX_VALUES = 16

export function functionValues(
  view: PackageView,
  file: number,
  node: number,
  depth = 0,
): readonly FunctionView[] | undefined {
  if (depth > MAX_DEPTH) return undefined
  const { syntax, symbols } = view.file(file)
  switch (kindOf(syntax, node)) {
    case 'parenthesized_expression':
    case 'literal_element':
      return functionValues(view, file, node + 1, depth + 1)
    case 'func_literal': {
      const fn = view.functions[view.functionOf(file, node)]
      return fn?.node === node ? [fn] : undefined
    }
    case 'identifier': {
      const declared = view.functionBySymbol(symbols[node] as number)
      if (declared !== undefined) return [declared]
      return all(view, file, valuesGiven(view, file, symbols[node] as number, node), depth)
    }
    case 'call_expression':
      return resultsOf(view, file, node, depth)
    case 'selector_expression':
    case 'index_expression': {
      const operand = childAt(syntax, node, 'operand')
      const part = childAt(syntax, node, 'field') ?? childAt(syntax, node, 'index')
      if (operand === undefined || part === undefined || kindOf(syntax, operand) !== 'identifier') return undefined
      const held = valuesGiven(view, file, symbols[operand] as number, operand)
      const [literal] = held ?? []
      if (held?.length !== 1 || literal === undefined) return undefined
      return all(view, file, elementsOf(view, file, literal, textOf(syntax, part)), depth)
    }
    default:
      return undefined
  }
}

function all(
  view: PackageView,
  file: number,
  values: readonly number[] | undefined,
  depth: number,
): readonly FunctionView[] | undefined {
  if (values === undefined || values.length === 0 || values.length > MAX_VALUES) return undefined
  const found: FunctionView[] = []
  for (const value of values) {
    const functions = functionValues(view, file, value, depth + 1)
    if (functions === undefined) return undefined
    found.push(...functions)
  }
  return found.length > MAX_VALUES ? undefined : found
}

/** Every value that a local variable is given before a use; undefined where its address is taken or a value does not stand there. */
function valuesGiven(view: PackageView, file: number, symbol: number, before: number): readonly number[] | undefined {
  const declared = view.pkg.symbols[symbol]
  if (declared?.kind !== 'variable' || declared.file !== file || declared.qualified !== undefined) return undefined
  const { syntax } = view.file(file)
  const values: number[] = []
  for (const use of view.usesOf(symbol)) {
    if (use.file !== file) return undefined
    if (use.node >= before) continue
    const parent = syntax.parents[use.node] as number
    if (kindOf(syntax, parent) === 'unary_expression' && textOf(syntax, parent).startsWith('&')) return undefined
    const isSpec = kindOf(syntax, parent) === 'var_spec'
    if (!isSpec && kindOf(syntax, parent) !== 'expression_list') continue
    const statement = isSpec ? parent : (syntax.parents[parent] as number)
    const left = isSpec ? undefined : childAt(syntax, statement, 'left')
    if (!isSpec && left !== parent) continue
    const right = childAt(syntax, statement, isSpec ? 'value' : 'right')
    const names = isSpec ? [use.node] : [...childrenOf(syntax, parent)]
    if (right === undefined) continue
    const given = kindOf(syntax, right) === 'expression_list' ? [...childrenOf(syntax, right)] : [right]
    const value = given.length === names.length ? given[names.indexOf(use.node)] : undefined
    if (value === undefined) return undefined
    // In the block of the declaration nothing before it is left.
    const block = blockOf(syntax, statement)
    if (declared.node !== undefined && block === blockOf(syntax, declared.node)) values.length = 0
    values.push(value)
  }
  return values
}

function blockOf(syntax: GoSyntax, node: number): number {
  let at = node
  while (at > 0 && !/^(block|statement_list)$/.test(kindOf(syntax, at))) at = syntax.parents[at] as number
  return at
}

/** The element of this key, or of a list all of them. */
function elementsOf(view: PackageView, file: number, literal: number, key: string): readonly number[] | undefined {
  const { syntax } = view.file(file)
  const inner = kindOf(syntax, literal) === 'unary_expression' ? literal + 1 : literal
  const body = kindOf(syntax, inner) === 'composite_literal' ? childAt(syntax, inner, 'body') : undefined
  if (body === undefined) return undefined
  const elements = [...childrenOf(syntax, body)].filter((child) => kindOf(syntax, child) !== 'comment')
  const keyed = elements.filter((child) => kindOf(syntax, child) === 'keyed_element')
  if (keyed.length === 0) return elements
  return keyed.flatMap((child) => {
    const name = childAt(syntax, child, 'key')
    const value = childAt(syntax, child, 'value')
    return name !== undefined && value !== undefined && textOf(syntax, name) === key ? [value] : []
  })
}

/** What a call of a function of this package gives back, where that is a function; a call with a context is not asked. */
function resultsOf(view: PackageView, file: number, node: number, depth: number): readonly FunctionView[] | undefined {
  const call = view.callAt(file, node)
  const { syntax } = view.file(file)
  const called = childAt(syntax, node, 'function')
  if (call === undefined || called === undefined) return undefined
  if (call.args.some((arg) => carriedContext(view.typeAt(file, arg), 'x') !== undefined)) return undefined
  const makers = functionValues(view, file, called, depth + 1)
  if (makers === undefined) return undefined
  const found: FunctionView[] = []
  for (const maker of makers) {
    const returns = view
      .nodesOf('return_statement')
      .filter((one) => one.file === maker.file && view.functionOf(one.file, one.node) === maker.index)
    const values = returns.flatMap((one) => {
      const of = view.file(one.file).syntax
      const [list] = [...childrenOf(of, one.node)]
      const [first] = list === undefined ? [] : [...childrenOf(of, list)]
      return first === undefined ? [] : [first]
    })
    const functions = all(view, maker.file, values, depth)
    if (functions === undefined) return undefined
    found.push(...functions)
  }
  return found
}
