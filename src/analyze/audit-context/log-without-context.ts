/**
 * Class 24: a log line is written without the context that is in scope, so that no handler or bridge can add the trace id:
 * slog without …Context; zap, logrus and the log package in a function that has a context with spans. Low: lines are not
 * spans; told only where the package or its project traces at all.
 */
import { childAt } from '../../model/trust/go-source.ts'
import { isContextType, openContextScope } from '../audit/context-scope.ts'
import { putFirst } from '../audit/edits.ts'
import { isCommand, isRoot, isTestFile } from '../audit/intent.ts'
import { type CallSite, callsBetween } from '../audit/package-view.ts'
import { makesTraces } from '../audit/project-facts.ts'
import type { AuditRule } from '../audit/rule.ts'

const slog = /^log\/slog\.(Logger\.)?(Debug|Info|Warn|Error)$/
const bare =
  /^(go\.uber\.org\/zap\.(Logger|SugaredLogger)\.(Debug|Info|Warn|Error)[fw]?|github\.com\/sirupsen\/logrus\.(Logger\.|Entry\.)?(Debug|Info|Warn|Warning|Error)f?|log\.(Logger\.)?Print(f|ln)?)$/
const loggers = /^(go\.uber\.org\/zap|github\.com\/sirupsen\/logrus)\./

export const logWithoutContext: AuditRule = {
  id: 'log-without-context',
  classNumber: 24,
  title: 'Log lines without the trace id',
  severity: 'low',
  saysWhen:
    'slog is called without the context that is in scope; or zap, logrus or log, which take none, in a function with a context of a ' +
    'package that makes spans. A note where no request or span is known to lead to it. Projects without OpenTelemetry are left alone.',
  fix: 'slog.InfoContext with a handler that adds ids, or the bridge of the logger in use.',
  check({ view, project, report }) {
    if (!makesTraces(project)) return
    const scope = openContextScope(view)
    const makesSpans = view.callsOf('go.opentelemetry.io/otel/trace.Tracer.Start').length > 0
    for (const call of view.calls) {
      const isSlog = slog.test(call.name)
      if (!isSlog && !(makesSpans && bare.test(call.name))) continue
      if (isTestFile(view, call.file) || isRoot(view, call.fn) || isCommand(view, call.fn)) continue
      const source = scope.bestAt(call.file, call.node)
      if (source === undefined || call.args.some((arg) => isContextType(view.typeAt(call.file, arg)))) continue
      const { syntax } = view.file(call.file)
      if (!isSlog && isGivenContext(call)) continue
      const called = childAt(syntax, call.node, 'function')
      const field = called === undefined ? undefined : childAt(syntax, called, 'field')
      const list = childAt(syntax, call.node, 'arguments')
      if (!isSlog) {
        report(call.file, call.node, {
          message: `${call.lastName} writes a line without the trace id, though ${source.expression} is in scope`,
          severity: 'info',
        })
        continue
      }
      report(call.file, call.node, {
        message: `slog's ${call.lastName} is called without ${source.expression}: the line can not be joined to its trace`,
        confidence: 'probable',
        offTrace: { confidence: 'possible', severity: 'info' },
        advice: `Use ${call.lastName}Context(${source.expression}, …).`,
        ...(field === undefined || list === undefined
          ? {}
          : {
              fix: {
                title: `${call.lastName}Context with ${source.expression}`,
                edits: [
                  { start: syntax.ends[field] as number, end: syntax.ends[field] as number, text: 'Context' },
                  putFirst(view, call.file, list, call.args.length > 0, source.expression),
                ],
              },
            }),
      })
    }

    /** A logger's own call within it takes the context: zap.Any("ctx", ctx), from which its bridge reads; WithContext(ctx). */
    function isGivenContext({ file, node }: CallSite): boolean {
      const end = view.file(file).syntax.after[node] as number
      return callsBetween(view, file, node + 1, end).some(
        (inner) => loggers.test(inner.name) && inner.args.some((arg) => isContextType(view.typeAt(file, arg))),
      )
    }
  },
}
