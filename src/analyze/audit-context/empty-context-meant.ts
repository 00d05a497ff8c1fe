/**
 * Is an empty context meant where it stands: what shows so by its shape alone. It takes the caller's values along, undoes
 * what failed, measures, cleans up, comes after the caller's end, stands in for a context that is nil, or the span is
 * carried over by hand.
 */
import { childAt, childrenOf, kindOf } from '../../model/trust/go-source.ts'
import { type ContextScope, isBackground, isContextType } from '../audit/context-scope.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import { enclosingCall } from './empty-context-use.ts'

/** `copyValues(context.Background(), ctx)`: what is made has something of the caller's context. */
export function isGivenBoth(view: PackageView, scope: ContextScope, call: CallSite): boolean {
  for (let around = enclosingCall(view, call.file, call.node); around !== undefined; ) {
    const others = around.args.filter((arg) => arg !== call.node && view.kind(call.file, arg) === 'identifier')
    const known = scope.sourcesAt(call.file, call.node).filter(({ isFresh }) => !isFresh)
    if (others.some((arg) => known.some(({ expression }) => expression === view.text(call.file, arg)))) return true
    const outer = enclosingCall(view, around.file, around.node)
    around = outer?.args.includes(around.node) === true ? outer : undefined
  }
  return false
}

/** `if err != nil { leases.Delete(context.Background(), l); return err }`: what was begun is undone on the way out. */
export function isUndone(view: PackageView, call: CallSite): boolean {
  const around = enclosingCall(view, call.file, call.node)
  if (around === undefined || !/^(delete|remove|unlock|undo|revert|cancel)/i.test(around.lastName)) return false
  const { syntax } = view.file(call.file)
  for (let at = call.node; at > 0; at = syntax.parents[at] as number) {
    if (kindOf(syntax, at) === 'func_literal') return false
    if (kindOf(syntax, at) !== 'if_statement') continue
    const condition = childAt(syntax, at, 'condition')
    if (condition !== undefined && /\berr\w* != nil\b/i.test(view.text(call.file, condition))) return true
  }
  return false
}

const meters = /(^|[./_])(\w*(metrics?|monitoring|stats|telemetry|counter|histogram|gauge|diagnostics?)|diag)\./i

/** `metrics.Count(context.Background(), …)`: a measurement makes no span. */
export function isMeasured(view: PackageView, call: CallSite): boolean {
  const around = enclosingCall(view, call.file, call.node)
  if (around === undefined) return false
  const called = childAt(view.file(call.file).syntax, around.node, 'function')
  return (
    called !== undefined &&
    (meters.test(view.text(call.file, called)) ||
      /^go\.opentelemetry\.io\/otel\/metric|opencensus\.io\/stats/.test(around.name))
  )
}

/** `defer release(context.Background())`: clean-up, which is to run when the caller's context is over. */
export function isDeferredCall(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  for (let at = syntax.parents[call.node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kind === 'defer_statement') return true
    if (kind === 'func_literal' || kind === 'block') return false
  }
  return false
}

/** The function itself carries the span over, or links to it: detached on purpose, and the way back is kept. */
export function keepsTrace(view: PackageView, call: CallSite): boolean {
  return (
    isBackground(call.name) &&
    view.calls.some(
      (one) =>
        one.fn === call.fn &&
        /^(ContextWithSpan\w*|ContextWithRemoteSpanContext|LinkFromContext|WithLinks)$/.test(one.lastName),
    )
  )
}

/** In `case <-ctx.Done():`, or after a statement that waited for it: the caller's context is over there. */
export function isAfterDone(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  for (let at = call.node; at > 0; at = syntax.parents[at] as number) {
    const parent = syntax.parents[at] as number
    if (kindOf(syntax, at) === 'if_statement') {
      const condition = childAt(syntax, at, 'condition')
      if (condition !== undefined && /\.Err\(\) != nil/.test(view.text(call.file, condition))) return true
    }
    if (kindOf(syntax, at) === 'communication_case') {
      const communication = childAt(syntax, at, 'communication')
      if (communication !== undefined && /<-\s*[\w.()]*\.Done\(\)/.test(view.text(call.file, communication)))
        return true
    }
    if (parent < 0 || kindOf(syntax, parent) !== 'statement_list') continue
    for (const before of childrenOf(syntax, parent)) {
      if (before >= at) break
      const text = view.text(call.file, before)
      if (kindOf(syntax, before) === 'expression_statement' && /^<-\s*[\w.()]*\.Done\(\)$/.test(text)) return true
    }
  }
  return false
}

/** `if ctx == nil { ctx = context.Background() }`. */
export function isFallback(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  for (let at = syntax.parents[call.node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kind === 'func_literal' || kind.endsWith('function_declaration') || kind === 'method_declaration') return false
    if (kind !== 'if_statement') continue
    const condition = childAt(syntax, at, 'condition')
    if (condition === undefined) continue
    const end = syntax.after[condition] as number
    for (let node = condition; node < end; node++) {
      if (kindOf(syntax, node) === 'nil' && isNilOfContext(view, call.file, syntax.parents[node] as number)) return true
    }
  }
  return false
}

function isNilOfContext(view: PackageView, file: number, comparison: number): boolean {
  const { syntax } = view.file(file)
  return [...childrenOf(syntax, comparison)].some((side) => isContextType(view.typeAt(file, side)))
}
