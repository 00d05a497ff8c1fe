/**
 * Small readings of Go syntax and of types as text that the resolver shares: the package clause, imports, build
 * constraints, names on the left of an assignment, what a range or a call yields.
 */
import { childAt, childrenOf, type GoSyntax, kindOf, textOf } from '../../model/trust/go-source.ts'
import { guessPackageName } from './import-names.ts'
import { splitTuple, type TypeScope, writeType } from './type-text.ts'

export function packageNameOf(syntax: GoSyntax | undefined): string {
  if (syntax === undefined) return ''
  for (const node of childrenOf(syntax, 0)) {
    if (kindOf(syntax, node) === 'package_clause') return textOf(syntax, node + 1)
  }
  return ''
}

export function listImports(
  syntax: GoSyntax,
  names?: ReadonlyMap<string, string>,
): { name: string; path: string; node: number }[] {
  const imports: { name: string; path: string; node: number }[] = []
  for (const declaration of childrenOf(syntax, 0)) {
    if (kindOf(syntax, declaration) !== 'import_declaration') continue
    for (let node = declaration + 1; node < (syntax.after[declaration] as number); node++) {
      if (kindOf(syntax, node) !== 'import_spec') continue
      const path = textOf(syntax, childAt(syntax, node, 'path') ?? node).slice(1, -1)
      const name = childAt(syntax, node, 'name')
      imports.push({
        name: name === undefined ? (names?.get(path) ?? guessPackageName(path)) : textOf(syntax, name),
        path,
        node,
      })
    }
  }
  return imports
}

export function readConstraint(text: string): { buildConstraint?: string } {
  const found = /^\/\/go:build (.+)$/m.exec(text.slice(0, 8192))
  return found?.[1] === undefined ? {} : { buildConstraint: found[1].trim() }
}

export function listNames(syntax: GoSyntax, list: number): number[] {
  return kindOf(syntax, list) === 'expression_list' ? [...childrenOf(syntax, list)] : [list]
}

/** Types of n names that one value fills: results of a call, or a value and `ok`. */
export function spread(type: string, count: number): string[] {
  const parts = splitTuple(type)
  if (parts.length === count) return parts
  return count === 2 && parts.length === 1 ? [type, 'bool'] : []
}

export function rangeTypes(type: string): string[] {
  if (/^(\[\]|\[N\])/.test(type)) return ['int', elementOf(type)]
  if (type.startsWith('map[')) return [keyOf(type), elementOf(type)]
  if (/^(<-)?chan /.test(type)) return [type.replace(/^(<-)?chan /, '')]
  if (type === 'string') return ['int', 'rune']
  return type === 'int' ? ['int'] : []
}

function elementOf(type: string): string {
  if (type.startsWith('map[')) return type.slice(4 + keyOf(type).length + 1)
  return type.replace(/^(\*?\[N\]|\[\])/, '') === type ? '' : type.replace(/^(\*?\[N\]|\[\])/, '')
}

export function keyOf(type: string): string {
  let depth = 0
  for (let at = 3; at < type.length; at++) {
    if (type[at] === '[') depth++
    else if (type[at] === ']') {
      depth--
      if (depth === 0) return type.slice(4, at)
    }
  }
  return ''
}

export function push(map: Map<string, string[]>, key: string, value: string): void {
  if (value === '') return
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}

/** Type of a method's receiver; '' where it has none. */
export function receiverType(types: TypeScope, method: number): string {
  const { syntax } = types
  const list = childAt(syntax, method, 'receiver')
  if (list === undefined) return ''
  for (const declaration of childrenOf(syntax, list)) {
    return writeType(types, childAt(syntax, declaration, 'type'))
  }
  return ''
}

/** Result of a call of what no scope declares: a function of the language, or a conversion to one of its types. */
export function builtinResult(
  types: TypeScope,
  name: string,
  list: number | undefined,
  given: readonly string[],
): string {
  const first = list === undefined ? undefined : [...childrenOf(types.syntax, list)][0]
  if (name === 'make') return writeType(types, first)
  if (name === 'new') {
    const type = writeType(types, first)
    // A value, from Go 1.26 on.
    const pointed = type === '' ? (given[0] ?? '') : type
    return pointed === '' ? '' : `*${pointed}`
  }
  if (name === 'append') return given[0] ?? ''
  if (name === 'len' || name === 'cap' || name === 'copy') return 'int'
  if (name === 'recover') return 'any'
  return name === 'string' || name === 'error' ? name : ''
}

/** Type of an expression from those of its parts, in order. */
export function typeFromParts(
  syntax: GoSyntax,
  node: number,
  parts: readonly string[],
  underlyingOf: (type: string) => string,
): string {
  const first = parts[0] ?? ''
  switch (kindOf(syntax, node)) {
    case 'parenthesized_expression':
    case 'literal_element':
      return first
    case 'unary_expression': {
      const operator = textOf(syntax, childAt(syntax, node, 'operator') ?? node)
      const operand = parts.at(-1) ?? ''
      if (operator === '&') return operand === '' ? '' : `*${operand}`
      if (operator === '*') return operand.startsWith('*') ? operand.slice(1) : ''
      if (operator === '<-') return operand.replace(/^(<-chan|chan) /, '')
      return operator === '!' ? 'bool' : operand
    }
    case 'binary_expression': {
      const operator = textOf(syntax, childAt(syntax, node, 'operator') ?? node)
      return /^(==|!=|<|<=|>|>=|&&|\|\|)$/.test(operator) ? 'bool' : first
    }
    case 'index_expression':
      return elementOf(underlyingOf(first))
    case 'slice_expression':
      return first
    case 'interpreted_string_literal':
    case 'raw_string_literal':
      return 'string'
    case 'int_literal':
      return 'int'
    case 'float_literal':
      return 'float64'
    case 'rune_literal':
      return 'rune'
    case 'true':
    case 'false':
      return 'bool'
    default:
      return ''
  }
}
