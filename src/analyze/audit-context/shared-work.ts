/**
 * Class 21: work that several callers share, or that runs later, is bound to the first one's context: a literal of
 * singleflight's Do or of time.AfterFunc that captures it. Shared on purpose: information, with what to do.
 */
import { kindOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { isRoot, isTestFile } from '../audit/intent.ts'
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
    'a literal given to singleflight, time.AfterFunc or sync.Once captures a context that the function was given.',
  fix: 'Use context.WithoutCancel(ctx) inside, and link the span from each caller.',
  check({ view, report }) {
    for (const [name, [argument, says]] of Object.entries(runners)) {
      for (const call of view.callsOf(name)) {
        const literal = call.args[argument]
        if (literal === undefined || view.kind(call.file, literal) !== 'func_literal') continue
        if (isTestFile(view, call.file) || isRoot(view, call.fn)) continue
        const { syntax } = view.file(call.file)
        for (let at = literal + 1; at < (syntax.after[literal] as number); at++) {
          if (kindOf(syntax, at) !== 'identifier' || !isContextType(view.typeAt(call.file, at))) continue
          const declared = view.symbolAt(call.file, at)
          if (declared?.node === undefined || declared.node > literal) continue
          report(call.file, at, {
            message: `${says}, and its work has the context of one`,
            related: [{ node: call.node, note: 'shared here' }],
          })
          break
        }
      }
    }
  },
}
