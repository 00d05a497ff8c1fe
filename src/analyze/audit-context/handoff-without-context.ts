/**
 * Class 18: work is handed to a worker without its context: an item of a struct type without a context or SpanContext is
 * sent into a queue that outlives the function (a field or package variable), or a literal without one is given to a pool.
 * Results, signals and errors sent back on local channels are no hand-off.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { carriedContext, openContextScope } from '../audit/context-scope.ts'
import { declarationOf, isLifecycle, isRoot, isTestFile } from '../audit/intent.ts'
import type { PackageView } from '../audit/package-view.ts'
import type { AuditRule } from '../audit/rule.ts'
import { usesContext } from './goroutine-without-context.ts'

const pools =
  /^github\.com\/(panjf2000\/ants(\/v\d)?\.(Pool\.)?Submit|gammazero\/workerpool\.WorkerPool\.Submit(Wait)?|alitto\/pond(\/v\d)?\.\w+\.Submit|Jeffail\/tunny\.Pool\.Process)$/
/** What goes back to the one who asked, or tells of what was: no work to be done. By the words that Go programs use. */
const isAnswer = /result|response|reply|outcome|answer|err(or)?s?$|done|event|message|status|notif|export/i
const carriesTrace =
  /SpanContext$|trace\.Span$|trace\.Link$|propagation\.(MapCarrier|HeaderCarrier)$|^map\[string\]string$|net\/http\.Header$/

export const handoffWithoutContext: AuditRule = {
  id: 'handoff-without-context',
  classNumber: 18,
  title: 'Work is handed over a channel or pool without its context',
  severity: 'info',
  saysWhen:
    'in a function with a context, a struct without one is sent into a channel that is a field or package variable, or a literal without ' +
    'one is submitted to a worker pool.',
  fix: 'Carry ctx or a SpanContext in the item; link where one batch serves many.',
  check({ view, report }) {
    const scope = openContextScope(view)
    const fields = fieldsByOwner(view)
    for (const { file, node } of view.nodesOf('send_statement')) {
      if (isTestFile(view, file) || isRoot(view, view.functionOf(file, node))) continue
      const around = declarationOf(view, view.functionOf(file, node))
      if (around !== undefined && isLifecycle(view, around)) continue
      const { syntax } = view.file(file)
      const channel = childAt(syntax, node, 'channel')
      const value = childAt(syntax, node, 'value')
      if (channel === undefined || value === undefined || !isLasting(view, file, channel)) continue
      const owner = view.typeAt(file, value).replace(/^\*/, '')
      if (isAnswer.test(owner) || isAnswer.test(textOf(syntax, channel))) continue
      const types = fields.get(owner)
      if (types === undefined || types.length === 0) continue
      if (
        types.some(
          (type) =>
            carriedContext(type, 'x') !== undefined ||
            carriesTrace.test(type) ||
            type === '' ||
            type.startsWith('func('),
        )
      )
        continue
      const source = scope.bestAt(file, node)
      if (source === undefined) continue
      report(file, node, {
        message: `${owner.slice(owner.lastIndexOf('.') + 1)} goes to a worker without a context, though ${source.expression} is in scope`,
      })
    }
    for (const call of view.calls) {
      const [literal] = call.args
      if (!pools.test(call.name) || literal === undefined || isTestFile(view, call.file)) continue
      const fn = view.functions[view.functionOf(call.file, literal)]
      if (view.kind(call.file, literal) !== 'func_literal' || fn === undefined || usesContext(view, fn)) continue
      const source = scope.bestAt(call.file, call.node)
      if (source === undefined) continue
      report(call.file, call.node, {
        message: `The pool is given work that does not use ${source.expression}`,
        confidence: 'probable',
        severity: 'medium',
      })
    }
  },
}

/** A field or a variable of the package: others read from it. */
function isLasting(view: PackageView, file: number, channel: number): boolean {
  const { syntax } = view.file(file)
  if (kindOf(syntax, channel) === 'selector_expression') return true
  const symbol = view.symbolAt(file, channel)
  return (
    kindOf(syntax, channel) === 'identifier' &&
    symbol?.kind === 'variable' &&
    symbol.qualified !== undefined &&
    textOf(syntax, channel) !== '_'
  )
}

function fieldsByOwner(view: PackageView): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>()
  for (const { kind, qualified, type } of view.pkg.symbols) {
    if (kind !== 'field' || qualified === undefined) continue
    const owner = qualified.slice(0, qualified.lastIndexOf('.'))
    const list = fields.get(owner) ?? []
    list.push(view.pkg.types[type] ?? '')
    fields.set(owner, list)
  }
  return fields
}
