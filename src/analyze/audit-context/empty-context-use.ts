/**
 * Where an empty context goes: into a call, through With… of package context too, or over a variable; and the calls for
 * which an empty one is right, or which do nothing with it. Asked by the rule of class 2 and by the search for makers.
 */
import { childAt, childrenOf, kindOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { isShutdownCall } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'

type Use =
  | { readonly kind: 'argument'; readonly node: number }
  | { readonly kind: 'assigned'; readonly symbol: number; readonly statement: number }

/** Where an empty context goes: into a call (through With… of package context too), or over a variable. */
export function useOf(view: PackageView, call: CallSite): Use | undefined {
  const { syntax } = view.file(call.file)
  let node = call.node
  for (let turns = 0; turns < 8; turns++) {
    const parent = syntax.parents[node] as number
    const kind = kindOf(syntax, parent)
    if (kind === 'argument_list') {
      const around = view.callAt(call.file, syntax.parents[parent] as number)
      if (around === undefined || isShutdownCall(around) || isHarmless(around)) return undefined
      if (/^context\.With|^os\/signal\.NotifyContext$/.test(around.name)) {
        node = around.node
        continue
      }
      return { kind: 'argument', node: call.node }
    }
    if (kind !== 'expression_list') return undefined
    const statement = syntax.parents[parent] as number
    const left = childAt(syntax, statement, 'left')
    if (left === undefined || left === parent || /^(return|range)/.test(kindOf(syntax, statement))) return undefined
    const position = [...childrenOf(syntax, parent)].indexOf(node)
    const target = [...childrenOf(syntax, left)][position === -1 ? 0 : position]
    if (target === undefined || kindOf(syntax, target) !== 'identifier') return undefined
    const symbol = view.file(call.file).symbols[target] as number
    if (symbol < 0 || !isContextType(view.pkg.types[view.pkg.symbols[symbol]?.type ?? 0] ?? '')) return undefined
    return { kind: 'assigned', symbol, statement }
  }
  return undefined
}

/** Calls for which an empty context is the right one, or which do nothing with it; a logger's lines are class 24. */
export function isHarmless(call: CallSite): boolean {
  if (
    /(^|[/.])\w*log(ger|ging|rus|r)?(\/v\d+)?\.(G|L|GetLogger|FromContext|Ctx|From|Logger|WithLogger|WithContext)$/i.test(
      call.name,
    )
  )
    return true
  // `logger.Errorf(context.Background(), …)`.
  if (
    /(^|[/.])\w*log(ger|ging)?(\/v\d+)?\.(\w+\.)?(Debug|Info|Warn|Warning|Error|Print|Trace|Log)\w*$/i.test(call.name)
  )
    return true
  // `middlewares.GetLogger(context.Background(), …)`: a line is written.
  if (/^(Get|New|With)?Logger$|^Handle(Error|Crash)\w*$/.test(call.lastName)) return true
  // `sem.Acquire(context.Background(), 1)`: what the variable is may be out of sight.
  if (call.lastName === 'Acquire' && call.args.length === 2) return true
  // What is made keeps the context for the rest of its life.
  if (/\/go-oidc(\/v\d+)?\/oidc\.New(Provider|RemoteKeySet)$/.test(call.name)) return true
  // What is extracted comes from headers, whatever it is put into.
  if (call.lastName === 'Extract') return true
  // A command's end, a place in a semaphore, a part of the program that begins here: none carries a trace.
  if (/^os\/exec\.CommandContext$|semaphore\.Weighted\.Acquire$/.test(call.name)) return true
  // A measurement makes no span.
  if (/^(Record\w*|Observe\w*|Inc\w*)$/.test(call.lastName)) return true
  // What it asks of a context is its values: there are none, and no call follows.
  if (/FromContext$/.test(call.lastName)) return true
  if (/^(Start|StartAsync|Serve|Listen|ListenAndServe)$|^(start|spawn|launch|schedule)[A-Z]/.test(call.lastName))
    return true
  return /^(go\.opentelemetry\.io\/otel\/(exporters|sdk)|go\.opentelemetry\.io\/contrib\/(exporters|detectors))|^net\.ListenConfig\.|\.WithContext$|^(testing|reflect)\./.test(
    call.name,
  )
}

export function isArgument(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  return kindOf(syntax, syntax.parents[node] as number) === 'argument_list'
}

export function enclosingCall(view: PackageView, file: number, node: number): CallSite | undefined {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
    const call = view.callAt(file, at)
    if (call !== undefined) return call
  }
  return undefined
}
