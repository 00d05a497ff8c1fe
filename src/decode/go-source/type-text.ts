/**
 * Type expressions of Go source → types as text with whole import paths: `*net/http.Request`, `map[string][]byte`,
 * `func(context.Context) error`, `(T, error)` for several results. What cannot be told is '' as a whole, so that no rule
 * reads half a type.
 */
import { childAt, childrenOf, type GoSyntax, kindOf, textOf } from '../../model/trust/go-source.ts'

const builtinTypes = new Set(
  (
    'any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint ' +
    'uint8 uint16 uint32 uint64 uintptr'
  ).split(' '),
)

export type TypeScope = {
  readonly syntax: GoSyntax
  /** Import path of a package's name in this file; undefined when it is no import. */
  readonly importOf: (name: string) => string | undefined
  /** Import path of the package itself, or its directory where it has none. */
  readonly home: string
  /** Names that are type parameters here: they have no type of their own. */
  readonly typeParameters: ReadonlySet<string>
}

const MAX_DEPTH = 64

export function writeType(scope: TypeScope, node: number | undefined, depth = 0): string {
  if (node === undefined || depth > MAX_DEPTH) return ''
  const { syntax } = scope
  const part = (field: string): string => writeType(scope, childAt(syntax, node, field), depth + 1)
  switch (kindOf(syntax, node)) {
    case 'type_identifier':
    case 'identifier': {
      const name = textOf(syntax, node)
      if (scope.typeParameters.has(name)) return ''
      return builtinTypes.has(name) ? name : `${scope.home}.${name}`
    }
    case 'qualified_type': {
      const path = scope.importOf(textOf(syntax, childAt(syntax, node, 'package') ?? node))
      return path === undefined ? '' : `${path}.${textOf(syntax, childAt(syntax, node, 'name') ?? node)}`
    }
    case 'selector_expression': {
      const path = scope.importOf(textOf(syntax, childAt(syntax, node, 'operand') ?? node))
      return path === undefined ? '' : `${path}.${textOf(syntax, childAt(syntax, node, 'field') ?? node)}`
    }
    case 'pointer_type':
      return prefix('*', writeType(scope, first(syntax, node), depth + 1))
    case 'parenthesized_type':
      return writeType(scope, first(syntax, node), depth + 1)
    case 'slice_type':
      return prefix('[]', part('element'))
    case 'array_type':
      return prefix('[N]', part('element'))
    case 'implicit_length_array_type':
      return prefix('[N]', part('element'))
    case 'map_type': {
      const key = part('key')
      const value = part('value')
      return key === '' || value === '' ? '' : `map[${key}]${value}`
    }
    case 'channel_type': {
      const text = textOf(syntax, node)
      const arrow = text.startsWith('<-') ? '<-chan ' : /^chan\s*<-/.test(text) ? 'chan<- ' : 'chan '
      return prefix(arrow, part('value'))
    }
    case 'generic_type':
      return part('type')
    case 'function_type':
      return writeSignature(scope, node, depth + 1)
    case 'struct_type':
      return 'struct{}'
    case 'interface_type':
      return [...childrenOf(syntax, node)].length === 0 ? 'any' : 'interface{}'
    case 'parameter_list':
      return writeResults(scope, node, depth + 1)
    default:
      return ''
  }
}

/** `func(A, B) R` of a function declaration, literal or type; parts that are not known stay empty within it. */
export function writeSignature(scope: TypeScope, node: number, depth = 0): string {
  const { syntax } = scope
  const parameters = childAt(syntax, node, 'parameters')
  const result = childAt(syntax, node, 'result')
  const results = result === undefined ? '' : ` ${writeType(scope, result, depth + 1)}`
  return `func(${parameters === undefined ? '' : listParameters(scope, parameters, depth + 1).join(', ')})${results}`
}

/** Types of a parameter list, one per parameter. */
export function listParameters(scope: TypeScope, list: number, depth = 0): string[] {
  const { syntax } = scope
  const types: string[] = []
  for (const declaration of childrenOf(syntax, list)) {
    const kind = kindOf(syntax, declaration)
    if (kind !== 'parameter_declaration' && kind !== 'variadic_parameter_declaration') continue
    const type = writeType(scope, childAt(syntax, declaration, 'type'), depth + 1)
    const names = namesOf(syntax, declaration).length
    const written = kind === 'variadic_parameter_declaration' ? `...${type}` : type
    for (let count = 0; count < Math.max(1, names); count++) types.push(written)
  }
  return types
}

/** The names that a declaration gives, as nodes. */
export function namesOf(syntax: GoSyntax, declaration: number): number[] {
  const wanted = syntax.fieldNames.indexOf('name')
  return [...childrenOf(syntax, declaration)].filter(
    (child) => syntax.fields[child] === wanted && kindOf(syntax, child) !== ',',
  )
}

function writeResults(scope: TypeScope, list: number, depth: number): string {
  const types = listParameters(scope, list, depth)
  return types.length === 1 ? (types[0] as string) : `(${types.join(', ')})`
}

/** Parts of `(A, func(B, C) D)`; a type that is no tuple is its own only part. */
export function splitTuple(type: string): string[] {
  if (!type.startsWith('(')) return [type]
  const parts: string[] = []
  let depth = 0
  let from = 1
  for (let at = 1; at < type.length - 1; at++) {
    const letter = type[at] as string
    if ('([{'.includes(letter)) depth++
    else if (')]}'.includes(letter)) depth--
    else if (letter === ',' && depth === 0) {
      parts.push(type.slice(from, at).trim())
      from = at + 1
    }
  }
  parts.push(type.slice(from, -1).trim())
  return parts
}

/** Results of `func(…) R`; undefined for what is no function. */
export function resultOf(signature: string): string | undefined {
  if (!signature.startsWith('func(')) return undefined
  let depth = 0
  for (let at = 4; at < signature.length; at++) {
    const letter = signature[at] as string
    if (letter === '(') depth++
    else if (letter === ')') {
      depth--
      if (depth === 0) return signature.slice(at + 1).trim()
    }
  }
  return undefined
}

function prefix(sign: string, type: string): string {
  return type === '' ? '' : `${sign}${type}`
}

function first(syntax: GoSyntax, node: number): number | undefined {
  for (const child of childrenOf(syntax, node)) return child
  return undefined
}
