/**
 * Class 9: a framework's own context (*gin.Context, *fasthttp.RequestCtx) is taken for the request's: it is a
 * context.Context that holds no span, unless gin's ContextWithFallback is on. And a *gin.Context that a goroutine uses
 * after its handler: it is given to the next request.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isTestFile } from '../audit/intent.ts'
import type { AuditRule } from '../audit/rule.ts'

const gin = '*github.com/gin-gonic/gin.Context'
const contexts: Readonly<Record<string, string>> = {
  [gin]: '$.Request.Context()',
  '*github.com/valyala/fasthttp.RequestCtx': 'c.UserContext()',
}
/** Calls whose first argument should hold the request's span. */
const takesSpan =
  /^(go\.opentelemetry\.io\/otel\/trace\.|database\/sql\..*Context$|net\/http\.NewRequestWithContext$|log\/slog\..*Context$|context\.With)/

export const frameworkContext: AuditRule = {
  id: 'framework-context',
  classNumber: 9,
  title: 'The framework’s context is taken for the request’s',
  severity: 'medium',
  saysWhen:
    'a *gin.Context or *fasthttp.RequestCtx is handed where a context.Context with a span is wanted, or a goroutine uses the *gin.Context ' +
    'of its handler. Silent for gin where ContextWithFallback is set.',
  fix: 'Use c.Request.Context() (or c.UserContext() of fiber) where a span is started or passed on.',
  check({ view, project, report }) {
    const hasFallback =
      project.findUse(project.packages, 'github.com/gin-gonic/gin.Engine.ContextWithFallback') !== undefined
    for (const call of view.calls) {
      const [first] = call.args
      if (first === undefined || !takesSpan.test(call.name) || isTestFile(view, call.file)) continue
      const type = view.typeAt(call.file, first)
      const use = contexts[type]
      if (use === undefined || (type === gin && hasFallback)) continue
      const text = view.text(call.file, first)
      const isPlain = view.kind(call.file, first) === 'identifier' && type === gin
      const { syntax } = view.file(call.file)
      const better = use.replace('$', text)
      report(call.file, first, {
        message: `${text} is the framework's context and holds no span; ${call.lastName} wants the request's`,
        confidence: 'probable',
        advice: `Use ${better}.`,
        ...(isPlain
          ? {
              fix: {
                title: better,
                edits: [{ start: syntax.starts[first] as number, end: syntax.ends[first] as number, text: better }],
              },
            }
          : {}),
      })
    }
    for (const { file, node } of view.nodesOf('go_statement')) {
      if (isTestFile(view, file)) continue
      const { syntax } = view.file(file)
      const call = view.callAt(file, node + 1)
      const literal = call === undefined ? undefined : childAt(syntax, call.node, 'function')
      if (literal === undefined || kindOf(syntax, literal) !== 'func_literal') continue
      for (let at = literal + 1; at < (syntax.after[literal] as number); at++) {
        if (kindOf(syntax, at) !== 'identifier' || view.typeAt(file, at) !== gin) continue
        const declared = view.symbolAt(file, at)
        if (declared?.node === undefined || declared.node > literal || declared.kind !== 'parameter') continue
        report(file, at, {
          message: `The goroutine uses ${textOf(syntax, at)}, which gin gives to the next request when the handler returns`,
          confidence: 'probable',
          advice: 'Use c.Copy() for values, and context.WithoutCancel(c.Request.Context()) for the trace.',
        })
        break
      }
    }
  },
}
