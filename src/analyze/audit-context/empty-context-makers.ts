/**
 * Functions of a package that take no context and make an empty one, or call a function of it that does: chains through
 * which a caller's context is lost (contextcheck's question). Constructors and what lives as long as the process are none.
 */
import { type ContextScope, isBackground, isFreshContext } from '../audit/context-scope.ts'
import { isExplained, isRoot, isShutdown, isTestFile } from '../audit/intent.ts'
import type { CallSite, FunctionView, PackageView } from '../audit/package-view.ts'
import { calledFunction } from '../audit/queries.ts'
import { isDeferredCall, isFallback, isMeasured } from './empty-context-meant.ts'
import { enclosingCall, useOf } from './empty-context-use.ts'

const MAX_CHAIN = 12

export function hasOwnContext(scope: ContextScope, fn: FunctionView): boolean {
  return scope.parametersOf(fn).length > 0
}

/**
 * Functions of the package without a context that hand an empty one to what wants one, or call a function that does:
 * by index, the chain of names.
 */
export function findMakers(view: PackageView, scope: ContextScope): ReadonlyMap<number, readonly string[]> {
  const makers = new Map<number, readonly string[]>()
  const own = view.functions.filter(
    (fn) =>
      fn.kind !== 'literal' &&
      !hasOwnContext(scope, fn) &&
      !isTestFile(view, fn.file) &&
      !isRoot(view, fn.index) &&
      !isShutdown(view, fn.index) &&
      // A constructor, a loop that runs as long as the process: empty contexts are theirs to make.
      !/^(\(.*\)\.)?(New|Must|Open|Setup|Init|Run|Start|Serve|Listen)/i.test(fn.name),
  )
  const isOwn = new Set(own.map(({ index }) => index))
  for (const call of view.calls) {
    const fn = view.functions[call.fn]
    if (fn !== undefined && isOwn.has(fn.index) && !makers.has(fn.index) && makesOne(call))
      makers.set(fn.index, [fn.name])
  }
  const callers = new Map<FunctionView, readonly FunctionView[]>()
  for (const call of view.calls) {
    const target = calledFunction(view, call)
    const around = view.functions[call.fn]
    if (target === undefined || around === undefined || around.kind === 'literal') continue
    callers.set(target, [...(callers.get(target) ?? []), around])
  }
  const open = [...makers.keys()]
  for (let index = open.shift(); index !== undefined; index = open.shift()) {
    const target = view.functions[index] as FunctionView
    const chain = makers.get(index) ?? []
    if (chain.length >= MAX_CHAIN) continue
    for (const caller of callers.get(target) ?? []) {
      if (makers.has(caller.index) || !isOwn.has(caller.index)) continue
      makers.set(caller.index, [caller.name, ...chain])
      open.push(caller.index)
    }
  }
  return makers

  function makesOne(call: CallSite): boolean {
    return (
      isBackground(call.name) &&
      !isFallback(view, call) &&
      !isExplained(view, call.file, call.node) &&
      !isDeferredCall(view, call) &&
      !isMeasured(view, call) &&
      useOf(view, call)?.kind === 'argument' &&
      isHandedToContextTaker(call)
    )
  }

  /** Not of `ctx, cancel := context.WithTimeout(context.Background(), …)` in a function that is a root by design. */
  function isHandedToContextTaker(call: CallSite): boolean {
    const around = enclosingCall(view, call.file, call.node)
    return around !== undefined && isFreshContext(view, call.file, call.node)
  }
}
