/**
 * Class 34: a goroutine that outlives the request uses the request's context and is cancelled with it: a literal started
 * with go in a handler, not waited for by anything, that hands r.Context() (or a ctx made of it) to a call. Where the
 * handler waits (WaitGroup, errgroup, a channel receive, select) the context is the right one.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isContextType, isRequestType } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import type { FunctionView, PackageView } from '../audit/package-view.ts'
import { callAround, isHandler } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

export const detachedContextCancelled: AuditRule = {
  id: 'detached-context-cancelled',
  classNumber: 34,
  title: 'Detached work is cancelled with its request',
  severity: 'medium',
  saysWhen:
    'a handler starts a goroutine with the request’s context and does not wait for it: no WaitGroup, group, receive or select follows.',
  fix: 'context.WithoutCancel(ctx), with a timeout of its own.',
  check({ view, report }) {
    for (const { file, node } of view.nodesOf('go_statement')) {
      const outer = handlerAround(view, view.functionOf(file, node))
      if (outer === undefined || isTestFile(view, file) || waits(view, outer, node)) continue
      const { syntax } = view.file(file)
      const end = syntax.after[node] as number
      for (let at = node + 1; at < end; at++) {
        const kind = kindOf(syntax, at)
        const type = kind === 'identifier' || kind === 'call_expression' ? view.typeAt(file, at) : ''
        if (!isContextType(type)) continue
        if (kind === 'call_expression' && !/^net\/http\.Request\.Context$/.test(view.callAt(file, at)?.name ?? ''))
          continue
        const around = callAround(view, file, at)
        if (around === undefined || !around.args.includes(at) || /^context\.(WithoutCancel|Cause)$/.test(around.name))
          continue
        // A line, a count or the report of a panic is made whether the context is over or not.
        if (says.test(around.lastName) || isInRecovery(view, file, at, node)) continue
        if (kind === 'identifier' && !isOfRequest(view, outer, file, at)) continue
        report(file, at, {
          message: `The goroutine outlives ${outer.name} and is cancelled when the request ends`,
          confidence: 'probable',
          advice: `Use context.WithoutCancel(${textOf(syntax, at)}), with a timeout of its own.`,
        })
        break
      }
    }
  },
}

const says =
  /^(Debug|Info|Warn|Warning|Error|Log|Print|Handle(Error|Crash)|Record|Observe|Inc|Add|Set)\w*$|^(Ctx|FromContext|G|L|Logger)$/

/** In `if p := recover(); p != nil { … }`. */
function isInRecovery(view: PackageView, file: number, node: number, from: number): boolean {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at > from; at = syntax.parents[at] as number) {
    if (kindOf(syntax, at) === 'if_statement' && /\brecover\(\)/.test(textOf(syntax, at).split('{')[0] ?? ''))
      return true
  }
  return false
}

function handlerAround(view: PackageView, fn: number): FunctionView | undefined {
  for (let at = view.functions[fn]; at !== undefined; at = view.functions[at.parent])
    if (isHandler(at) && givesNothing(view, at)) return at
  return undefined
}

/** A handler gives nothing back, or an error: what gives more is a step of one that goes on. */
function givesNothing(view: PackageView, fn: FunctionView): boolean {
  const result = childAt(view.file(fn.file).syntax, fn.node, 'result')
  return result === undefined || /^\(?(\w+ )?error\)?$/.test(view.text(fn.file, result))
}

/** Something after the go statement lets the handler stay until the work is done. */
function waits(view: PackageView, outer: FunctionView, node: number): boolean {
  const { syntax } = view.file(outer.file)
  const end = syntax.after[outer.node] as number
  for (let at = syntax.after[node] as number; at < end; at++) {
    const kind = kindOf(syntax, at)
    if (kind === 'select_statement' || kind === 'receive_statement') return true
    if (kind === 'unary_expression') {
      const operator = childAt(syntax, at, 'operator')
      if (operator !== undefined && textOf(syntax, operator) === '<-') return true
    }
    if (kind === 'range_clause' && /^(<-)?chan /.test(view.typeAt(outer.file, childAt(syntax, at, 'right') ?? at)))
      return true
    if (view.callAt(outer.file, at)?.lastName === 'Wait') return true
  }
  return view.calls.some(
    (call) => call.file === outer.file && call.node > outer.node && call.node < node && call.lastName === 'Wait',
  )
}

/** A context of the request: made of it, or the handler's own parameter. */
function isOfRequest(view: PackageView, outer: FunctionView, file: number, node: number): boolean {
  const symbol = view.symbolAt(file, node)
  if (symbol?.node === undefined || symbol.file !== outer.file) return false
  const { syntax } = view.file(file)
  if (symbol.kind === 'parameter') return view.functionOf(file, symbol.node) === outer.index
  const statement = syntax.parents[syntax.parents[symbol.node] as number] as number
  const right = childAt(syntax, statement, 'right')
  if (right === undefined) return false
  const calls = view.calls.filter(
    (call) => call.file === file && call.node > right && call.node < (syntax.after[right] as number),
  )
  if (calls.some(({ name }) => /^context\.(WithoutCancel|Background|TODO)$/.test(name))) return false
  return calls.some((call) => {
    const called = childAt(syntax, call.node, 'function')
    const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
    return call.lastName === 'Context' && operand !== undefined && isRequestType(view.typeAt(file, operand))
  })
}
