/**
 * Class 22: `g, gctx := errgroup.WithContext(ctx)` and a closure of the group that uses the outer ctx: it goes on after
 * its siblings failed. A trace is still whole, so this is low.
 */
import { childAt, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isTestFile } from '../audit/intent.ts'
import { givenBy } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const groups = ['golang.org/x/sync/errgroup.WithContext']
const runs = /^golang\.org\/x\/sync\/errgroup\.Group\.(Go|TryGo)$/

export const outerContextCaptured: AuditRule = {
  id: 'outer-context-captured',
  classNumber: 22,
  title: 'A closure uses the outer context',
  severity: 'low',
  saysWhen:
    'a group was made with errgroup.WithContext, and a closure that it runs uses the context from which it was made.',
  fix: 'Use the context that WithContext returned.',
  check({ view, report }) {
    for (const name of groups) {
      for (const made of view.callsOf(name)) {
        if (isTestFile(view, made.file)) continue
        const { syntax, symbols } = view.file(made.file)
        const given = givenBy(view, made.file, made.node)
        const [outer] = made.args
        const [group, inner] = given?.names ?? []
        if (given === undefined || outer === undefined || group === undefined || inner === undefined) continue
        if (kindOf(syntax, outer) !== 'identifier') continue
        const outerSymbol = symbols[outer] as number
        const groupSymbol = symbols[group] as number
        // `g, ctx := errgroup.WithContext(ctx)` in the same scope is the same variable.
        if (outerSymbol < 0 || outerSymbol === symbols[inner]) continue
        for (const run of view.calls) {
          if (run.file !== made.file || run.node < made.node || !runs.test(run.name)) continue
          const called = childAt(syntax, run.node, 'function')
          const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
          const literal = run.args[0]
          if (operand === undefined || literal === undefined || symbols[operand] !== groupSymbol) continue
          if (kindOf(syntax, literal) !== 'func_literal') continue
          const use = view
            .usesOf(outerSymbol)
            .find((one) => one.file === made.file && one.node > literal && one.node < (syntax.after[literal] as number))
          if (use === undefined) continue
          const innerName = textOf(syntax, inner)
          report(use.file, use.node, {
            message:
              innerName === '_'
                ? `The closure uses ${textOf(syntax, outer)}; the group's own context is thrown away`
                : `The closure uses ${textOf(syntax, outer)}, not ${innerName} of its group`,
            confidence: 'probable',
            related: [{ node: made.node, note: 'the group' }],
          })
        }
      }
    }
  },
}
