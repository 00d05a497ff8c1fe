/**
 * Class 11: a span that the code did not start is ended: it was taken from a context (SpanFromContext) or given as a
 * parameter by a caller that goes on. End counts once: what its owner sets later is lost. Whoever is handed a span by
 * parameter may be meant to end it, so that form is told only where it runs on a goroutine.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isTestFile } from '../audit/intent.ts'
import { keepsSpan } from '../audit/project-facts.ts'
import { givenBy } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'
import { keepsSpanInContext } from './span-never-ended.ts'

const borrowing = ['go.opentelemetry.io/otel/trace.SpanFromContext', 'go.opencensus.io/trace.FromContext']

export const borrowedSpanEnded: AuditRule = {
  id: 'borrowed-span-ended',
  classNumber: 11,
  title: 'A span is ended by one who borrowed it',
  severity: 'high',
  saysWhen:
    'a span taken from the context with SpanFromContext is ended: the caller’s span closes while the caller still runs. Packages that leave their own spans in contexts (callbacks that belong together) are left alone.',
  fix: 'Start a child span and end that one: ctx, span := tracer.Start(ctx, …); defer span.End().',
  check({ view, project, report: tell }) {
    // A package that leaves its own spans in contexts takes them from there to end them.
    if (keepsSpanInContext(view)) return
    // Where another package of the project does, this may be the one that is to end them.
    const isHandedOver = project.findUse(project.packages, keepsSpan) !== undefined
    const report: AuditContext['report'] = (file, node, draft) =>
      tell(file, node, isHandedOver ? { ...draft, confidence: 'possible', severity: 'low' } : draft)
    for (const name of borrowing) {
      for (const call of view.callsOf(name)) {
        if (isTestFile(view, call.file)) continue
        const { syntax, symbols } = view.file(call.file)
        const parent = syntax.parents[call.node] as number
        if (kindOf(syntax, parent) === 'selector_expression' && isEndCall(parent)) {
          report(call.file, call.node, {
            message: 'The span of the context is ended, and it is the caller’s',
            confidence: 'probable',
          })
          continue
        }
        const given = givenBy(view, call.file, call.node)
        const target = given?.names[given.position]
        if (target === undefined || kindOf(syntax, target) !== 'identifier') continue
        const symbol = symbols[target] as number
        if (symbol < 0) continue
        // A variable that is also given a span of its own may be that one at its End.
        const isAlsoStarted = view
          .usesOf(symbol)
          .some((use) => use.file === call.file && use.node !== target && givenStart(use.node))
        const end = view
          .usesOf(symbol)
          .find((use) => use.file === call.file && isEndCall(syntax.parents[use.node] as number))
        if (end === undefined || isAlsoStarted) continue
        report(call.file, end.node, {
          message: `${textOf(syntax, target)} was taken from the context and is ended here: it is the caller’s span`,
          confidence: 'probable',
          related: [{ node: call.node, note: 'borrowed here' }],
        })

        function givenStart(node: number): boolean {
          const list = syntax.parents[node] as number
          const statement = syntax.parents[list] as number
          const right = childAt(syntax, statement, 'right')
          return (
            right !== undefined &&
            node < right &&
            view.calls.some(
              (one) =>
                one.file === call.file &&
                one.node > right &&
                one.node < (syntax.after[right] as number) &&
                /\.Start(Span)?$/.test(one.name),
            )
          )
        }
        function isEndCall(selector: number): boolean {
          if (kindOf(syntax, selector) !== 'selector_expression') return false
          const field = childAt(syntax, selector, 'field')
          const around = view.callAt(call.file, syntax.parents[selector] as number)
          return field !== undefined && textOf(syntax, field) === 'End' && around !== undefined
        }
      }
    }
  },
}
