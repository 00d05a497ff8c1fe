/**
 * Functions that set up tracing and return what shuts it down: `func setup() (func(context.Context) error, error)`. A fact
 * of a package, so that one who drops that result in another package is told. A package that flushes elsewhere as well
 * has none: there the result is one way of two.
 */
import { childrenOf, kindOf } from '../../model/trust/go-source.ts'
import { isTestFile } from './intent.ts'
import type { FunctionView, NodeRef, PackageView } from './package-view.ts'
import { callsIn } from './queries.ts'

export const shutsDown =
  /(^|\/)(sdk\/trace\.TracerProvider\.(Shutdown|ForceFlush)|trace\.TracerProvider\.(Shutdown|ForceFlush)|sdk\/trace\.\w*Processor\.(Shutdown|ForceFlush))$|otelconf|uptrace-go|otel-config-go|otelconfig|WithSyncer$/

const between = ' returns shutdown '

/** Of a name among a package's facts: the function, and which of its results it is. */
export function readShutdownResult(fact: string): { name: string; position: number } | undefined {
  const at = fact.lastIndexOf(between)
  return at < 0 ? undefined : { name: fact.slice(0, at), position: Number(fact.slice(at + between.length)) }
}

export function* findShutdownResults(view: PackageView): Generator<{ fn: FunctionView; name: string }, void> {
  const flushes = view.calls.filter((call) => shutsDown.test(call.name) && !isTestFile(view, call.file))
  const returns = Map.groupBy(view.nodesOf('return_statement'), ({ file, node }) => view.functionOf(file, node))
  for (const fn of view.functions) {
    if (fn.kind !== 'function' || isTestFile(view, fn.file)) continue
    const position = positionOfShutdown(view, returns.get(fn.index) ?? [])
    if (position === undefined) continue
    const end = view.file(fn.file).syntax.after[fn.node] as number
    if (flushes.some((one) => one.file !== fn.file || one.node < fn.node || one.node >= end)) continue
    yield { fn, name: `${view.packagePath}.${fn.name}${between}${position}` }
  }
}

/** Which result is a function (or method value) that shuts the provider down; undefined for none. */
function positionOfShutdown(view: PackageView, returns: readonly NodeRef[]): number | undefined {
  for (const { file, node } of returns) {
    const { syntax } = view.file(file)
    const [list] = [...childrenOf(syntax, node)]
    if (list === undefined) continue
    const values = kindOf(syntax, list) === 'expression_list' ? [...childrenOf(syntax, list)] : [list]
    const position = values.findIndex((value) =>
      kindOf(syntax, value) === 'func_literal'
        ? callsIn(view, file, value).some(({ name }) => shutsDown.test(name))
        : kindOf(syntax, value) === 'selector_expression' && shutsDown.test(view.nameAt(file, value)),
    )
    if (position >= 0) return position
  }
  return undefined
}
