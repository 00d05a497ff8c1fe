/**
 * The text that an expression gives, as far as the source spells it out: literals, constants and variables that are given
 * one literal and never another, sums of them, and the fixed begin of fmt.Sprintf. What is open is `*`.
 */
import { childAt, childrenOf, kindOf } from '../../model/trust/go-source.ts'
import { isAssigned, type PackageView } from './package-view.ts'
import { stringOf } from './queries.ts'

const MAX_DEPTH = 8

/** `process *` for "process " + subject; undefined where next to nothing is known. */
export function readText(view: PackageView, file: number, node: number | undefined): string | undefined {
  const text = expand(view, file, node, 0)
  if (text === undefined) return undefined
  const joined = text.replace(/\*+/g, '*')
  return /[\p{L}\d]{2}|^\/$/u.test(joined) ? joined : undefined
}

function expand(view: PackageView, file: number, node: number | undefined, depth: number): string | undefined {
  if (node === undefined || depth > MAX_DEPTH) return undefined
  const literal = stringOf(view, file, node)
  if (literal !== undefined) return unescapeText(literal, view.kind(file, node))
  const { syntax } = view.file(file)
  const kind = kindOf(syntax, node)
  if (kind === 'parenthesized_expression') return expand(view, file, node + 1, depth + 1)
  if (kind === 'binary_expression') {
    const left = expand(view, file, childAt(syntax, node, 'left'), depth + 1)
    const right = expand(view, file, childAt(syntax, node, 'right'), depth + 1)
    return left === undefined && right === undefined ? undefined : `${left ?? '*'}${right ?? '*'}`
  }
  if (kind === 'call_expression') {
    const call = view.callAt(file, node)
    if (call?.name !== 'fmt.Sprintf') return undefined
    const format = expand(view, file, call.args[0], depth + 1)
    return format?.replace(/%[-+# 0-9.]*[a-zA-Z]/g, '*')
  }
  if (kind === 'identifier') return expandName(view, file, node, depth)
  return undefined
}

function expandName(view: PackageView, file: number, node: number, depth: number): string | undefined {
  const symbol = view.symbolAt(file, node)
  if (symbol === undefined || symbol.node === undefined || symbol.file === undefined) return undefined
  if (symbol.kind !== 'constant' && symbol.kind !== 'variable') return undefined
  const index = view.file(file).symbols[node] as number
  const source = view.file(symbol.file)
  if (symbol.kind === 'variable') {
    const again = view
      .usesOf(index)
      .some((use) => use.node !== symbol.node && isAssigned(view.file(use.file), use.node))
    if (again) return undefined
  }
  const { syntax } = source
  for (let at = syntax.parents[symbol.node] as number, steps = 0; at >= 0 && steps < 3; steps++) {
    const kind = kindOf(syntax, at)
    if (kind === 'const_spec' || kind === 'var_spec') {
      const names = [...childrenOf(syntax, at)].filter((child) => kindOf(syntax, child) === 'identifier')
      const values = childAt(syntax, at, 'value')
      const value = values === undefined ? undefined : [...childrenOf(syntax, values)][names.indexOf(symbol.node)]
      return expand(view, symbol.file, value, depth + 1)
    }
    if (kind === 'short_var_declaration') {
      const left = childAt(syntax, at, 'left')
      const right = childAt(syntax, at, 'right')
      if (left === undefined || right === undefined) return undefined
      const names = [...childrenOf(syntax, left)]
      const values = [...childrenOf(syntax, right)]
      if (names.length !== values.length) return undefined
      return expand(view, symbol.file, values[names.indexOf(symbol.node)], depth + 1)
    }
    at = syntax.parents[at] as number
  }
  return undefined
}

function unescapeText(text: string, kind: string): string {
  if (kind === 'raw_string_literal' || !text.includes('\\')) return text
  return text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter === 't' ? '\t' : letter))
}
