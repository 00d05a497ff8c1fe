/**
 * Class 26: inbound headers are copied over those of an outbound request after Inject: the callee hangs under the
 * grandparent. The copy is a loop over r.Header or an assignment of it; a loop that leaves trace headers out is right.
 * Without an Inject in the function, a wrapped transport would inject last: then nothing is said.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isTestFile } from '../audit/intent.ts'
import type { PackageView } from '../audit/package-view.ts'
import { rootOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

export const headerOverwritten: AuditRule = {
  id: 'header-overwritten',
  classNumber: 26,
  title: 'Injected headers are overwritten',
  severity: 'high',
  saysWhen:
    'after propagator.Inject, the headers of an inbound request are copied to the outbound one: by a loop without a test of the name, or by ' +
    'assignment. A copy before Inject is left alone; where nobody injects, a copy is low.',
  fix: 'Leave trace headers out of what is copied, or inject last.',
  check({ view, project, report }) {
    const injectsElsewhere =
      project.findUse(project.packages, /otelhttp\.NewTransport|otelhttptrace|TextMapPropagator\.Inject$/) !== undefined
    const traces = project.imports(project.packages, /^go\.opentelemetry\.io\/otel/)
    for (const copy of findCopies(view)) {
      const { file, node } = copy
      if (isTestFile(view, file)) continue
      const fn = view.functionOf(file, node)
      const inject = view.calls.find(
        (call) => call.file === file && call.fn === fn && call.lastName === 'Inject' && call.args.length === 2,
      )
      if (inject !== undefined && inject.node > node) continue
      if (inject === undefined && (injectsElsewhere || !traces)) continue
      report(file, node, {
        message:
          inject === undefined
            ? 'All inbound headers are copied to an outbound request and nothing injects: the callee hangs under the grandparent'
            : 'Inbound headers are copied over those that were injected: the callee hangs under the grandparent',
        confidence: inject === undefined ? 'possible' : 'probable',
        ...(inject === undefined ? { severity: 'low' } : { related: [{ node: inject.node, note: 'injected here' }] }),
      })
    }
  },
}

function findCopies(view: PackageView): { file: number; node: number }[] {
  const found: { file: number; node: number }[] = []
  for (const { file, node } of view.nodesOf('range_clause')) {
    const { syntax } = view.file(file)
    const right = childAt(syntax, node, 'right')
    if (right === undefined || view.typeAt(file, right) !== 'net/http.Header' || !isInbound(view, file, right)) continue
    const loop = syntax.parents[node] as number
    const body = childAt(syntax, loop, 'body')
    if (body === undefined) continue
    const text = textOf(syntax, body)
    // A test of the name: trace headers may be left out.
    if (/\b(if|switch|continue)\b/.test(text)) continue
    const writes = view.calls.some(
      (call) =>
        call.file === file &&
        call.node > body &&
        call.node < (syntax.after[body] as number) &&
        /net\/http\.Header\.(Set|Add)$/.test(call.name),
    )
    if (writes || /\.Header\[[^\]]+\]\s*=/.test(text)) found.push({ file, node: loop })
  }
  for (const { file, node } of view.nodesOf('assignment_statement')) {
    const { syntax } = view.file(file)
    const left = childAt(syntax, node, 'left')
    const right = childAt(syntax, node, 'right')
    if (left === undefined || right === undefined) continue
    const [target] = [...childrenOf(syntax, left)]
    const [value] = [...childrenOf(syntax, right)]
    if (target === undefined || value === undefined || kindOf(syntax, target) !== 'selector_expression') continue
    if (view.typeAt(file, target) !== 'net/http.Header' || view.typeAt(file, value) !== 'net/http.Header') continue
    if (isInbound(view, file, value) && !isInbound(view, file, target)) found.push({ file, node })
  }
  return found
}

/** `r.Header` of a request that the function was given. */
function isInbound(view: PackageView, file: number, node: number): boolean {
  const root = rootOf(view, file, node)
  return view.symbolAt(file, root)?.kind === 'parameter' && view.typeAt(file, root) === '*net/http.Request'
}
