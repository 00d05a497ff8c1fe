/**
 * Class 19: a context kept in a struct (containedctx's ground): what uses it later works in a request that is over. Which
 * of them outlive a request syntax can not tell; a field of interface types that embed contexts is not looked into.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isContextType } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import type { AuditRule } from '../audit/rule.ts'

export const staleContext: AuditRule = {
  id: 'stale-context',
  classNumber: 19,
  title: 'A context is kept beyond its request',
  severity: 'info',
  saysWhen:
    'a struct has a field of type context.Context. A note: most of them live as long as the program, or for one call.',
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
