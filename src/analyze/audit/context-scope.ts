/**
 * Contexts in scope: which variables and parameters at a place hold a context of the work at hand, or can give one
 * (`r.Context()`, `c.Request.Context()`), innermost first; shadowed names are left out. A variable that was made of
 * context.Background or its like is `fresh`: it is a context, and nobody's. Scopes are those of the Go specification.
 */
import { childAt, childrenOf, kindOf } from '../../model/trust/go-source.ts'
import { type FunctionView, isAssigned, type PackageView } from './package-view.ts'

export type ContextSource = {
  readonly symbol: number
  readonly name: string
  /** Go that gives the context: `ctx`, `r.Context()`. */
  readonly expression: string
  readonly kind: 'parameter' | 'variable'
  /** Function whose parameter or variable it is. */
  readonly fn: number
  readonly isFresh: boolean
}

const contextTypes = new Set(['context.Context', 'golang.org/x/net/context.Context'])

/** Types that hold the request's context, and the Go that gives it. */
const carriers: readonly (readonly [type: RegExp, expression: string])[] = [
  [/^\*net\/http\.Request$/, '$.Context()'],
  [/^\*github\.com\/gin-gonic\/gin\.Context$/, '$.Request.Context()'],
  [/^github\.com\/labstack\/echo(\/v\d+)?\.Context$/, '$.Request().Context()'],
  [/^\*github\.com\/labstack\/echo\/v5\.Context$/, '$.Request().Context()'],
  [/^\*github\.com\/gofiber\/fiber(\/v2)?\.Ctx$/, '$.UserContext()'],
  [/^github\.com\/gofiber\/fiber\/v3\.Ctx$/, '$.Context()'],
  [/^\*github\.com\/spf13\/cobra\.Command$/, '$.Context()'],
  [/^\*github\.com\/urfave\/cli\/v2\.Context$/, '$.Context'],
]

const scopeKinds = new Set([
  'block',
  'if_statement',
  'for_statement',
  'expression_switch_statement',
  'type_switch_statement',
  'select_statement',
  'expression_case',
  'default_case',
  'communication_case',
  'type_case',
  'function_declaration',
  'method_declaration',
  'func_literal',
])

export function isContextType(type: string): boolean {
  return contextTypes.has(type)
}

/** Go that gives the context of a value of this type; undefined where it has none. */
export function carriedContext(type: string, name: string): string | undefined {
  if (isContextType(type)) return name
  const found = carriers.find(([pattern]) => pattern.test(type))
  return found?.[1].replace('$', name)
}

export function isRequestType(type: string): boolean {
  return (
    !isContextType(type) &&
    carriedContext(type, '') !== undefined &&
    !type.includes('cobra') &&
    !type.includes('urfave')
  )
}

export type ContextScope = {
  /** Innermost first; the names that a place can see. */
  sourcesAt(file: number, node: number): readonly ContextSource[]
  /** The first that is no fresh one; parameters of enclosing functions included. */
  bestAt(file: number, node: number): ContextSource | undefined
  /** Parameters of this function that are contexts or give one. */
  parametersOf(fn: FunctionView): readonly ContextSource[]
}

export function openContextScope(view: PackageView): ContextScope {
  const byScope = new Map<number, { name: string; symbol: number; node: number; source: ContextSource | undefined }[]>()
  const key = (file: number, node: number): number => file * 0x1_0000_0000 + node
  view.pkg.symbols.forEach((symbol, index) => {
    const { file, node, kind, name } = symbol
    if (file === undefined || node === undefined || (kind !== 'variable' && kind !== 'parameter')) return
    const scope = scopeOf(file, node)
    if (scope === undefined) return
    const type = view.pkg.types[symbol.type] ?? ''
    const expression = carriedContext(type, name)
    const source: ContextSource | undefined =
      expression === undefined || name === '_'
        ? undefined
        : {
            symbol: index,
            name,
            expression,
            kind,
            fn: view.functionOf(file, node),
            isFresh: kind === 'variable' && isFreshDeclaration(view, file, node),
          }
    const list = byScope.get(key(file, scope))
    const entry = { name, symbol: index, node, source }
    if (list === undefined) byScope.set(key(file, scope), [entry])
    else list.push(entry)
  })

  function scopeOf(file: number, node: number): number | undefined {
    const { syntax } = view.file(file)
    for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
      if (scopeKinds.has(kindOf(syntax, at))) return at
    }
    return undefined
  }

  function sourcesAt(file: number, node: number): readonly ContextSource[] {
    const { syntax } = view.file(file)
    const seen = new Set<string>()
    const found: ContextSource[] = []
    for (let at = node; at > 0; at = syntax.parents[at] as number) {
      const entries = byScope.get(key(file, at))
      if (entries === undefined) continue
      for (let index = entries.length - 1; index >= 0; index--) {
        const entry = entries[index] as (typeof entries)[number]
        const isParameter = entry.source?.kind === 'parameter' || view.pkg.symbols[entry.symbol]?.kind === 'parameter'
        if (seen.has(entry.name) || (!isParameter && !isDeclaredBefore(file, entry.node, node))) continue
        seen.add(entry.name)
        if (entry.source !== undefined) found.push(entry.source)
      }
    }
    return found
  }

  /** A variable begins after the statement that declares it. */
  function isDeclaredBefore(file: number, declared: number, node: number): boolean {
    const { syntax } = view.file(file)
    let statement = declared
    for (let at = declared; at > 0; at = syntax.parents[at] as number) {
      const kind = kindOf(syntax, at)
      if (
        kind.endsWith('_declaration') ||
        kind.endsWith('_spec') ||
        kind === 'range_clause' ||
        kind === 'receive_statement'
      ) {
        statement = at
        break
      }
    }
    return node >= (syntax.after[statement] as number)
  }

  return {
    sourcesAt,
    bestAt(file, node) {
      const all = sourcesAt(file, node).map((one) =>
        one.isFresh && isGivenTrace(view, one.symbol, file, node) ? { ...one, isFresh: false } : one,
      )
      return (
        all.find(
          (one) => !one.isFresh && isContextType(view.pkg.types[view.pkg.symbols[one.symbol]?.type ?? 0] ?? ''),
        ) ?? all.find((one) => !one.isFresh)
      )
    },
    parametersOf: (fn) =>
      fn.parameters.flatMap(({ name, symbol, type }) => {
        const expression = name === '_' ? undefined : carriedContext(type, name)
        return expression === undefined
          ? []
          : [{ symbol, name, expression, kind: 'parameter' as const, fn: fn.index, isFresh: false }]
      }),
  }
}

/** Made of nothing, and given a span or the caller's context before this place: `ctx, span := tracer.Start(ctx, …)`. */
function isGivenTrace(view: PackageView, symbol: number, file: number, node: number): boolean {
  return view.usesOf(symbol).some((use) => {
    const of = view.file(use.file)
    if (use.file !== file || use.node >= node || !isAssigned(of, use.node)) return false
    if (view.functionOf(file, use.node) !== view.functionOf(file, node)) return false
    const statement = of.syntax.parents[of.syntax.parents[use.node] as number] as number
    if (node < (of.syntax.after[statement] as number)) return false
    const right = childAt(of.syntax, statement, 'right')
    const [value] = right === undefined ? [] : [...childrenOf(of.syntax, right)]
    const call = value === undefined ? undefined : view.callAt(file, value)
    return call !== undefined && (call.name === tracerStart || (call.lastName === 'Extract' && call.args.length === 2))
  })
}

const tracerStart = 'go.opentelemetry.io/otel/trace.Tracer.Start'

/** `ctx := context.Background()`, `ctx, cancel := context.WithTimeout(context.Background(), …)`. */
function isFreshDeclaration(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kind === 'short_var_declaration' || kind === 'var_spec') {
      const value = childAt(syntax, at, kind === 'var_spec' ? 'value' : 'right')
      return value === undefined || isFreshContext(view, file, value)
    }
    if (kind !== 'expression_list') return false
  }
  return false
}

/** An expression (or list of one) that makes a context out of nothing. */
export function isFreshContext(view: PackageView, file: number, node: number, depth = 0): boolean {
  const { syntax } = view.file(file)
  if (depth > 8) return false
  const kind = kindOf(syntax, node)
  if (kind === 'expression_list' || kind === 'parenthesized_expression') {
    const children = [...childrenOf(syntax, node)]
    return children.length === 1 && isFreshContext(view, file, children[0] as number, depth + 1)
  }
  if (kind === 'nil') return true
  const call = view.callAt(file, node)
  if (call === undefined) return false
  // A request that is built without a context has an empty one.
  if (isBackground(call.name) || call.name === 'net/http.NewRequest') return true
  if (!/^context\.With(Value|Cancel|CancelCause|Timeout|TimeoutCause|Deadline|DeadlineCause)$/.test(call.name)) {
    return call.name === 'os/signal.NotifyContext' && isFirstFresh()
  }
  return isFirstFresh()

  function isFirstFresh(): boolean {
    const [first] = call?.args ?? []
    return first !== undefined && isFreshContext(view, file, first, depth + 1)
  }
}

export function isBackground(name: string): boolean {
  return name === 'context.Background' || name === 'context.TODO' || name === 'golang.org/x/net/context.Background'
}
