/**
 * The cancel function of a context that is not used on every way out of the function, or thrown away (vet's lostcancel):
 * the context and its timer live until the parent ends. Any mention of the variable is a use; a variable that the
 * function does not own is left alone, and so is main.
 */
import { childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { buildFlow, findWayWithout } from '../audit/flow.ts'
import { isTestFile } from '../audit/intent.ts'
import { type CallSite, type FunctionView, isAssigned, type PackageView } from '../audit/package-view.ts'
import { givenBy } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

const makers = [
  'context.WithCancel',
  'context.WithCancelCause',
  'context.WithTimeout',
  'context.WithTimeoutCause',
  'context.WithDeadline',
  'context.WithDeadlineCause',
]

export const lostCancel: AuditRule = {
  id: 'lost-cancel',
  title: 'A cancel function is not called on every path',
  severity: 'medium',
  saysWhen:
    'the function that context.WithCancel and its like return is thrown away, or a way out of the function does not use it.',
  fix: 'defer cancel() right after it is made.',
  check({ view, report }) {
    for (const name of makers) {
      for (const call of view.callsOf(name)) {
        const fn = view.functions[call.fn]
        const given = givenBy(view, call.file, call.node)
        if (fn === undefined || given === undefined || given.names.length !== 2 || isTestFile(view, call.file)) continue
        const { syntax } = view.file(call.file)
        const cancel = given.names[1] as number
        if (kindOf(syntax, cancel) !== 'identifier') continue
        if (textOf(syntax, cancel) === '_') {
          report(call.file, call.node, {
            message: `The cancel function of ${name} is thrown away`,
            confidence: 'probable',
            // The context above it is cancelled, and this one with it: a note.
            ...(isCancelledAbove(view, call) ? { severity: 'info' as const } : {}),
          })
          continue
        }
        const way = findLoss(view, fn, call.node, cancel, given.statement)
        if (way === undefined) continue
        const text = textOf(syntax, cancel)
        report(call.file, call.node, {
          message: `${text} is not used on every way out of the function`,
          confidence: 'probable',
          related: [{ node: way, note: `reached without ${text}`, ...(way === fn.node ? { atEnd: true } : {}) }],
        })
      }
    }
  },
}

/** `ctx, cancel := context.WithCancel(ctx); defer cancel()` in the same function, of the context that is given here. */
function isCancelledAbove(view: PackageView, call: CallSite): boolean {
  const [parent] = call.args
  if (parent === undefined || view.kind(call.file, parent) !== 'identifier') return false
  const symbol = view.file(call.file).symbols[parent] as number
  return makers.some((name) =>
    view.callsOf(name).some((other) => {
      if (other.file !== call.file || other.fn !== call.fn || other.node >= call.node) return false
      const [context, cancel] = givenBy(view, other.file, other.node)?.names ?? []
      if (context === undefined || cancel === undefined || view.text(call.file, cancel) === '_') return false
      return view.file(call.file).symbols[context] === symbol
    }),
  )
}

function findLoss(
  view: PackageView,
  fn: FunctionView,
  call: number,
  cancel: number,
  statement: number,
): number | undefined {
  const { syntax, symbols } = view.file(fn.file)
  const symbol = symbols[cancel] as number
  const declared = view.pkg.symbols[symbol]
  if (declared?.node === undefined || declared.file !== fn.file || view.functionOf(fn.file, declared.node) !== fn.index)
    return undefined
  if (fn.kind === 'function' && fn.name === 'main' && view.pkg.name === 'main') return undefined
  const isResult = declared.kind === 'parameter'
  const flow = buildFlow(view, fn)
  const start = flow.pointOf(call)
  if (start === undefined) return undefined
  const used = new Set(
    view
      .usesOf(symbol)
      .filter(
        ({ file, node }) =>
          file === fn.file &&
          !isAssigned(view.file(file), node) &&
          !(node >= statement && node < (syntax.after[statement] as number)),
      )
      .map(({ node }) => flow.pointOf(node)),
  )
  // `var ( ctx, cancel = …; s = &store{stop: cancel} )`: used in the statement that makes it.
  if (used.has(start)) return undefined
  const points = new Map(flow.nodes.map((node, index) => [node, index]))
  return findWayWithout(flow, start, (node) => {
    if (node === fn.node) return false
    if (used.has(points.get(node))) return true
    return isResult && kindOf(syntax, node) === 'return_statement' && [...childrenOf(syntax, node)].length === 0
  })
}
