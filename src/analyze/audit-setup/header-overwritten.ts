/**
 * Class 26: inbound headers are copied over those of an outbound request after Inject: the callee hangs under the
 * grandparent. The copy is a loop over r.Header or an assignment of it; a loop that leaves trace headers out is right.
 * A RoundTripper beneath an injecting transport overwrites as well, with headers that it takes out of the context.
 * Without an Inject in the function, a wrapped transport would inject last: then nothing is said.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { isTestFile } from '../audit/intent.ts'
import type { PackageView } from '../audit/package-view.ts'
import { callsIn, rootOf } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'

export const headerOverwritten: AuditRule = {
  id: 'header-overwritten',
  classNumber: 26,
  title: 'Injected headers are overwritten',
  severity: 'high',
  saysWhen:
    'after propagator.Inject, the headers of an inbound request are copied to the outbound one: by a loop without a test of the name, or by ' +
    'assignment. A copy before Inject is left alone; where nobody injects, a copy is low. A RoundTripper that does so with headers out of the context, beneath otelhttp.NewTransport, too.',
  fix: 'Leave trace headers out of what is copied, or inject last.',
  check({ view, project, report }) {
    const injectsElsewhere =
      project.findUse(project.packages, /otelhttp\.NewTransport|otelhttptrace|TextMapPropagator\.Inject$/) !== undefined
    const traces = project.imports(project.packages, /^go\.opentelemetry\.io\/otel/)
    for (const { file, node } of findForwarders(view)) {
      report(file, node, {
        message:
          'Headers of the inbound request are copied beneath the transport that injects: the callee hangs under the grandparent',
        confidence: 'probable',
      })
    }
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
    if (writesHeaders(view, file, body)) found.push({ file, node: loop })
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

function writesHeaders(view: PackageView, file: number, body: number): boolean {
  return (
    callsIn(view, file, body).some(({ name }) => /net\/http\.Header\.(Set|Add)$/.test(name)) ||
    /\.Header\[[^\]]+\]\s*=/.test(view.text(file, body))
  )
}

/** Loops of RoundTrip methods over headers out of the context, whose type is made without the injecting transport inside. */
function findForwarders(view: PackageView): { file: number; node: number }[] {
  return view.nodesOf('range_clause').flatMap(({ file, node }) => {
    const { syntax } = view.file(file)
    const right = childAt(syntax, node, 'right')
    const loop = syntax.parents[node] as number
    const body = childAt(syntax, loop, 'body')
    const fn = view.functions[view.functionOf(file, node)]
    if (right === undefined || body === undefined || fn?.kind !== 'method' || isTestFile(view, file)) return []
    if (!/\)\.RoundTrip$/.test(fn.name) || kindOf(syntax, right) !== 'identifier') return []
    if (/\b(if|switch|continue)\b/.test(textOf(syntax, body)) || !writesHeaders(view, file, body)) return []
    const made = givenTo(view, file, right)
    if (made === undefined || !/\.Value\(|\w\(\s*(ctx|\w+\.Context\(\))\s*\)/.test(made)) return []
    return isBeneath(view, fn.receiver.replace(/^\*/, '')) ? [{ file, node: loop }] : []
  })
}

/** Text of what the variable is declared with. */
function givenTo(view: PackageView, file: number, node: number): string | undefined {
  const symbol = view.symbolAt(file, node)
  if (symbol?.node === undefined || symbol.file !== file || symbol.kind !== 'variable') return undefined
  const { syntax } = view.file(file)
  const statement = syntax.parents[syntax.parents[symbol.node] as number] as number
  const right = statement < 0 ? undefined : childAt(syntax, statement, 'right')
  return right === undefined ? undefined : textOf(syntax, right)
}

/** Where the type is made, the same function hands it (or what it is put into) to an injecting transport. */
function isBeneath(view: PackageView, type: string): boolean {
  return view.nodesOf('composite_literal').some(({ file, node }) => {
    if (type === '' || view.typeAt(file, node) !== type || isTestFile(view, file)) return false
    const inner = view.text(file, node)
    const { syntax } = view.file(file)
    const wraps = (text: string): boolean => /\bNewTransport\(/.test(text)
    if (wraps(inner)) return false
    for (let at = node + 1; at < (syntax.after[node] as number); at++) {
      if (kindOf(syntax, at) === 'identifier' && wraps(givenTo(view, file, at) ?? '')) return false
    }
    const fn = view.functions[view.functionOf(file, node)]
    return (
      fn !== undefined &&
      callsIn(view, file, fn.node).some(({ name }) => /otelhttp\.NewTransport$|otelhttptrace/.test(name))
    )
  })
}

/** `r.Header` of a request that the function was given. */
function isInbound(view: PackageView, file: number, node: number): boolean {
  const root = rootOf(view, file, node)
  return view.symbolAt(file, root)?.kind === 'parameter' && view.typeAt(file, root) === '*net/http.Request'
}
