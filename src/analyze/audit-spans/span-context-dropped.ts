/**
 * Class 10: the context that Start returns is dropped and the older one is used below, in the same function: what is
 * called there becomes a sibling of the span, not its child. A leaf span, with nothing below that takes a context, is
 * normal and left alone.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import { isAssigned } from '../audit/package-view.ts'
import { callAround } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'
import { readStart, startCalls } from './span-never-ended.ts'

/** Calls that take a context and make no child of it. */
const leaf =
  /^(context\.(WithoutCancel|Cause)|go\.opentelemetry\.io\/otel\/(trace\.SpanFromContext|trace\.SpanContextFromContext|metric\.)|log\/slog\.|go\.uber\.org\/zap)/

export const spanContextDropped: AuditRule = {
  id: 'span-context-dropped',
  classNumber: 10,
  title: 'The context that Start returns is dropped',
  severity: 'medium',
  saysWhen:
    '`_, span := tracer.Start(ctx, …)`, and ctx is handed to a call further down while the span is open. Leaf spans are left alone.',
  fix: 'Keep it: ctx, span := tracer.Start(ctx, …).',
  check({ view, report }) {
    for (const name of startCalls) {
      for (const call of view.callsOf(name)) {
        const started = readStart(view, call)
        const [parent] = call.args
        if (started === undefined || started === 'discarded' || started.context !== undefined) continue
        if (started.span === undefined || parent === undefined || isTestFile(view, call.file)) continue
        const { syntax, symbols } = view.file(call.file)
        if (kindOf(syntax, parent) !== 'identifier' || !isContextType(view.typeAt(call.file, parent))) continue
        const symbol = symbols[parent] as number
        const spanEnd = endOf(started.span)
        const fn = view.functions[call.fn]
        const last = fn === undefined ? 0 : (syntax.after[fn.node] as number)
        const block = blockEnd(call.node)
        const use = view.usesOf(symbol).find((one) => {
          if (
            one.file !== call.file ||
            one.node < (syntax.after[started.statement] as number) ||
            one.node >= Math.min(last, block)
          )
            return false
          if (one.node > spanEnd || isAssigned(view.file(one.file), one.node)) return false
          const around = callAround(view, one.file, one.node)
          return (
            around?.args.includes(one.node) === true && !leaf.test(around.name) && !startCalls.includes(around.name)
          )
        })
        if (use === undefined) continue
        const left = childAt(syntax, started.statement, 'left')
        const ctxName = textOf(syntax, parent)
        const isShort = kindOf(syntax, started.statement) === 'short_var_declaration'
        const blank = left === undefined ? undefined : left + 1
        // `ctx, span :=` in the scope of ctx's own declaration gives ctx anew; deeper it shadows, which is as good.
        const isSafe = isShort && blank !== undefined && textOf(syntax, blank) === '_'
        report(call.file, call.node, {
          message: `The context of the span is dropped, and ${ctxName} is handed on below: what it calls is no child of the span`,
          confidence: 'probable',
          related: [{ node: use.node, note: `${ctxName} is still the older one` }],
          ...(isSafe && blank !== undefined
            ? {
                fix: {
                  title: `${ctxName}, span := …`,
                  edits: [{ start: syntax.starts[blank] as number, end: syntax.ends[blank] as number, text: ctxName }],
                },
              }
            : {}),
        })

        /** Where the span is ended without defer; the end of all where it is deferred. */
        function endOf(span: number): number {
          const spanSymbol = symbols[span] as number
          for (const one of view.usesOf(spanSymbol)) {
            if (one.file !== call.file || one.node <= span) continue
            const selector = syntax.parents[one.node] as number
            const field =
              kindOf(syntax, selector) === 'selector_expression' ? childAt(syntax, selector, 'field') : undefined
            if (field === undefined || textOf(syntax, field) !== 'End') continue
            const statement = syntax.parents[syntax.parents[selector] as number] as number
            if (kindOf(syntax, statement) === 'expression_statement' && view.functionOf(one.file, one.node) === call.fn)
              return one.node
          }
          return Number.MAX_SAFE_INTEGER
        }

        function blockEnd(node: number): number {
          for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
            if (kindOf(syntax, at) === 'block' || /_case$/.test(kindOf(syntax, at))) return syntax.after[at] as number
          }
          return 0
        }
      }
    }
  },
}
