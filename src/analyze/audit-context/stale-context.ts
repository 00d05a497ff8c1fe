/**
 * Class 19: a context kept in a struct (containedctx's ground): what uses it later works in a request that is over. A
 * struct that is itself handed on with each call (a request, an event, options) is low; a field of interface types that
 * embed contexts is not looked into.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import type { PackageView } from '../audit/package-view.ts'
import type { AuditRule } from '../audit/rule.ts'

/** Types that live for one call, by the words that Go programs name them with. */
const perCall =
  /(request|req|call|event|message|msg|job|task|item|params|args|options|opts|input|work|batch|entry|iter|iterator|stream|query|operation|op|span|scope|session|conn|tx)$/i

export const staleContext: AuditRule = {
  id: 'stale-context',
  classNumber: 19,
  title: 'A context is kept beyond its request',
  severity: 'low',
  saysWhen:
    'a struct has a field of type context.Context. Low where a method of it works in a goroutine with that context, and no cancel function stands beside it; informational else.',
  fix: 'Never store a context; pass it with each call. An item of work carries a SpanContext to link to.',
  check({ view, report }) {
    for (const { file, node } of view.nodesOf('field_declaration')) {
      if (isTestFile(view, file)) continue
      const { syntax } = view.file(file)
      const type = childAt(syntax, node, 'type')
      if (type === undefined) continue
      const wanted = syntax.fieldNames.indexOf('name')
      const names = [...childrenOf(syntax, node)].filter((child) => syntax.fields[child] === wanted)
      const first = names[0]
      const isContext =
        first !== undefined
          ? isContextType(view.typeAt(file, first))
          : /^(\w+\.)?Context$/.test(textOf(syntax, type)) && isContextImport(textOf(syntax, type))
      if (!isContext) continue
      const owner = ownerOf(node)
      report(file, node, {
        message: `${owner === '' ? 'A struct' : owner} keeps a context: what uses it later works in a request that may be over`,
        ...(perCall.test(owner) || !isWorker(view, file, node, owner) || isProcess(owner) ? { severity: 'info' } : {}),
      })

      function isContextImport(text: string): boolean {
        const [name] = text.split('.')
        return view.file(file).imports.some((one) => one.name === name && one.path === 'context')
      }

      function ownerOf(field: number): string {
        for (let at = syntax.parents[field] as number; at > 0; at = syntax.parents[at] as number) {
          if (kindOf(syntax, at) !== 'type_spec') continue
          const name = childAt(syntax, at, 'name')
          return name === undefined ? '' : textOf(syntax, name)
        }
        return ''
      }
    }
  },
}

/** Types that live as long as the program, by the words that Go programs name them with. */
function isProcess(owner: string): boolean {
  return /(server|service|proxy|manager|controller|pool|daemon|agent|watcher|planner|store|client|runtime|app)$/i.test(
    owner,
  )
}

/** A method of the type uses the field in a goroutine, and the struct has no cancel function of its own. */
function isWorker(view: PackageView, file: number, field: number, owner: string): boolean {
  const { syntax } = view.file(file)
  const list = syntax.parents[field] as number
  if (owner === '' || /\bcontext\.Cancel(Cause)?Func\b|\bcancel\w*\s+func\(/i.test(textOf(syntax, list))) return false
  return view.nodesOf('selector_expression').some((one) => {
    const of = view.file(one.file).syntax
    if (!isContextType(view.typeAt(one.file, one.node))) return false
    const operand = childAt(of, one.node, 'operand')
    if (operand === undefined || view.typeAt(one.file, operand).replace(/^\*/, '').split('.').at(-1) !== owner)
      return false
    for (let at = of.parents[one.node] as number; at > 0; at = of.parents[at] as number) {
      const kind = kindOf(of, at)
      if (kind === 'go_statement') return true
    }
    return false
  })
}
