/**
 * What the Go runtime calls a function of the source: `example.com/shop/cart.(*Server).Get`, `main.run.func1.2` for
 * literals, `main.init.0` for init, `main.init.func1` for literals of package variables, `[...]` for type arguments. So
 * it stands in stacks, profiles, traces and in the attribute code.function.name. Source: closureName in
 * cmd/compile/internal/ir (Go 1.21 and later; what inlining makes of a literal's name is left out).
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import type { FunctionView, PackageView } from './package-view.ts'

const known = new WeakMap<PackageView, readonly string[]>()

/** Of the function of that index; undefined outside functions. */
export function runtimeNameOf(view: PackageView, fn: number): string | undefined {
  let names = known.get(view)
  if (names === undefined) {
    names = nameFunctions(view)
    known.set(view, names)
  }
  return names[fn]
}

/** Main packages are `main`, whatever their import path. In the last part of a path dots are escaped. */
export function runtimePackageOf(view: PackageView): string {
  if (view.pkg.name === 'main') return 'main'
  const at = view.packagePath.lastIndexOf('/') + 1
  return view.packagePath.slice(0, at) + view.packagePath.slice(at).replaceAll('.', '%2e')
}

function nameFunctions(view: PackageView): readonly string[] {
  const names: string[] = []
  const literals = new Map<number, number>()
  const counts = { init: 0 }
  const path = runtimePackageOf(view)
  for (const fn of view.functions) {
    if (fn.kind !== 'literal') {
      const isInit = fn.kind === 'function' && fn.name === 'init'
      names.push(`${path}.${isInit ? `init.${counts.init++}` : withTypeArguments(view, fn)}`)
      continue
    }
    const number = (literals.get(fn.parent) ?? 0) + 1
    literals.set(fn.parent, number)
    const outer = view.functions[fn.parent]
    if (outer === undefined) names.push(`${path}.init.func${number}`)
    else names.push(`${names[fn.parent]}${outer.kind === 'literal' ? '.' : '.func'}${number}`)
  }
  return names
}

function withTypeArguments(view: PackageView, fn: FunctionView): string {
  const { syntax } = view.file(fn.file)
  if (fn.kind === 'function')
    return childAt(syntax, fn.node, 'type_parameters') === undefined ? fn.name : `${fn.name}[...]`
  const receiver = childAt(syntax, fn.node, 'receiver')
  if (receiver === undefined) return fn.name
  const isGeneric = hasKind(view, fn.file, receiver, 'generic_type') || textOf(syntax, receiver).includes('[')
  const at = fn.name.lastIndexOf(').')
  const type = fn.name.slice(1, at)
  const method = fn.name.slice(at + 2)
  const whole = isGeneric ? `${type}[...]` : type
  return whole.startsWith('*') ? `(${whole}).${method}` : `${whole}.${method}`
}

function hasKind(view: PackageView, file: number, node: number, kind: string): boolean {
  const { syntax } = view.file(file)
  for (let at = node; at < (syntax.after[node] as number); at++) if (kindOf(syntax, at) === kind) return true
  return false
}

/** Without what is behind the declaration: literals, wrappers of go and defer, bodies of range, type arguments. */
export function declarationNameOf(runtimeName: string): string {
  return runtimeName.replaceAll('[...]', '').replace(/(\.func\d+|\.gowrap\d+|\.deferwrap\d+|-range\d+)([.-].*)?$/, '')
}
