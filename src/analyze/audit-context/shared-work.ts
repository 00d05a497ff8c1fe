/**
 * Class 21: work that several callers share, or that runs later, is bound to the first one's context: a literal of
 * singleflight's Do or of time.AfterFunc that captures it. Shared on purpose: information, with what to do.
 */
import { childAt, kindOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { declarationOf, isBuildTool, isCommand, isLifecycle, isRoot, isShutdown, isTestFile } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import { callAround } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const runners: Readonly<Record<string, readonly [argument: number, says: string]>> = {
  'golang.org/x/sync/singleflight.Group.Do': [1, 'singleflight runs once for many callers'],
  'golang.org/x/sync/singleflight.Group.DoChan': [1, 'singleflight runs once for many callers'],
  'time.AfterFunc': [1, 'time.AfterFunc runs after the caller went on'],
  'sync.Once.Do': [0, 'sync.Once runs for the first caller alone'],
}

export const sharedWork: AuditRule = {
  id: 'shared-work',
  classNumber: 21,
  title: 'Work that several share belongs to the first alone',
  severity: 'low',
  saysWhen:
    'a literal given to singleflight, time.AfterFunc or a sync.Once that outlives the function hands on a context that the function was given. ' +
    'Functions that live as long as the program are left alone.',
  fix: 'Use context.WithoutCancel(ctx) inside, and link the span from each caller.',
  check({ view, report }) {
    for (const [name, [argument, says]] of Object.entries(runners)) {
      for (const call of view.callsOf(name)) {
        const literal = call.args[argument]
        if (literal === undefined || view.kind(call.file, literal) !== 'func_literal') continue
        if (isTestFile(view, call.file) || isRoot(view, call.fn) || isShutdown(view, call.fn)) continue
        if (isOfLifecycle(view, call) || isLocalOnce(view, call) || isTool(view, call)) continue
        const { syntax } = view.file(call.file)
        for (let at = literal + 1; at < (syntax.after[literal] as number); at++) {
          if (kindOf(syntax, at) !== 'identifier' || !isContextType(view.typeAt(call.file, at))) continue
          const declared = view.symbolAt(call.file, at)
          if (declared?.node === undefined || declared.kind !== 'parameter' || declared.node > literal) continue
          // Handed to what works under it: not looked at, or given to a log line or to the span at hand.
          const around = callAround(view, call.file, at)
          if (around === undefined || !around.args.includes(at) || harmless.test(around.name)) continue
          report(call.file, at, {
            message: `${says}, and its work has the context of one`,
            offTrace: { confidence: 'possible', severity: 'info' },
            // What holds the Once may itself live for one request: a note.
            ...(name === 'sync.Once.Do' ? { severity: 'info' as const } : {}),
            related: [{ node: call.node, note: 'shared here' }],
          })
          break
        }
      }
    }
  },
}

const harmless =
  /^(context\.(WithoutCancel|Cause)|go\.opentelemetry\.io\/otel\/trace\.(Span|Link)\w*FromContext|log\/slog\.)|(^|[/.])\w*(stats|metrics|meter)\w*\.|(^|[/.])\w*log(ger|ging)?\.(G|FromContext|Ctx|WithContext)$/

function isTool(view: PackageView, call: CallSite): boolean {
  return isBuildTool(view, call.file) || isCommand(view, call.fn)
}

function isOfLifecycle(view: PackageView, call: CallSite): boolean {
  const fn = declarationOf(view, call.fn)
  return fn !== undefined && isLifecycle(view, fn)
}

/** A sync.Once that is a variable of the function runs once a call: nobody shares it. */
function isLocalOnce(view: PackageView, call: CallSite): boolean {
  if (!call.name.startsWith('sync.Once')) return false
  const { syntax } = view.file(call.file)
  const called = childAt(syntax, call.node, 'function')
  const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
  const symbol = operand === undefined ? undefined : view.symbolAt(call.file, operand)
  return symbol?.kind === 'variable' && symbol.qualified === undefined
}
