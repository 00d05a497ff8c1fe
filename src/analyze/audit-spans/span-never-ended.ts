/**
 * Class 12: a span that is started and not ended on every way out of the function (spancheck's ground; ways by the
 * control flow of flow.ts). A span that is returned, stored, sent, given to a goroutine or to a function that is not known
 * is somebody else's to end. Enters: calls of Tracer.Start (OpenTelemetry, OpenCensus) whose results are seen.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { putBehind } from '../audit/edits.ts'
import { buildFlow, findWayWithout } from '../audit/flow.ts'
import { isTestFile, startOf } from '../audit/intent.ts'
import { type CallSite, isAssigned, type PackageView } from '../audit/package-view.ts'
import { endsSpan } from '../audit/project-facts.ts'
import { givenBy, loopAround } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'

/** Calls that start a span, and which result it is. */
export const startCalls: readonly string[] = [
  'go.opentelemetry.io/otel/trace.Tracer.Start',
  'go.opencensus.io/trace.StartSpan',
  'go.opencensus.io/trace.StartSpanWithRemoteParent',
]

export const spanNeverEnded: AuditRule = {
  id: 'span-never-ended',
  classNumber: 12,
  title: 'A span is never ended',
  severity: 'high',
  saysWhen:
    'a way out of the function has no span.End, or the span is thrown away. A span that is returned, stored, or given to other code is left alone.',
  fix: 'defer span.End() right after Start, on every path.',
  check(context) {
    for (const name of startCalls) for (const call of context.view.callsOf(name)) checkStart(context, call)
    for (const call of findLoneStarts(context.view)) checkLoneStart(context, call)
  },
}

/** `span := tracer.StartSpan("x")` of OpenTracing and its kin, or of a tracer that is not known: one result. */
export function findLoneStarts(view: PackageView): readonly CallSite[] {
  return view.calls.filter(({ name, lastName, file, node }) => {
    if (lastName !== 'StartSpan' || startCalls.includes(name)) return false
    const { syntax } = view.file(file)
    const called = childAt(syntax, node, 'function')
    const operand = called === undefined ? undefined : childAt(syntax, called, 'operand')
    return operand !== undefined && /tracer|tracing/i.test(textOf(syntax, operand))
  })
}

function checkLoneStart({ view, report }: AuditContext, call: CallSite): void {
  if (isTestFile(view, call.file)) return
  const given = givenBy(view, call.file, call.node)
  const [name] = given?.names ?? []
  if (name === undefined || given?.names.length !== 1 || view.kind(call.file, name) !== 'identifier') return
  const symbol = view.file(call.file).symbols[name] as number
  const declared = view.pkg.symbols[symbol]
  if (declared?.kind !== 'variable' || declared.qualified !== undefined) return
  const uses = view.usesOf(symbol).filter((use) => use.file === call.file && use.node !== name)
  const { syntax } = view.file(call.file)
  const isEnded = uses.some(({ node }) => /\.(Finish\w*|End\w*)$/.test(textOf(syntax, syntax.parents[node] as number)))
  if (isEnded || uses.some(({ file, node }) => isGivenAway(view, file, node, call.fn))) return
  report(call.file, call.node, {
    message: `${textOf(syntax, name)} is never ended`,
    confidence: 'probable',
    advice: `defer ${textOf(syntax, name)}.End() (Finish() in OpenTracing) right behind it.`,
  })
}

export type StartedSpan = {
  readonly statement: number
  /** Nodes of the two names; undefined where it is `_` or nothing. */
  readonly context: number | undefined
  readonly span: number | undefined
}

/** `ctx, span := tracer.Start(…)`, `var …`, `=`; undefined where the results go elsewhere (returned, given on). */
export function readStart(view: PackageView, call: CallSite): StartedSpan | 'discarded' | undefined {
  const { syntax } = view.file(call.file)
  const parent = syntax.parents[call.node] as number
  if (kindOf(syntax, parent) === 'expression_statement') return 'discarded'
  if (kindOf(syntax, parent) !== 'expression_list') return undefined
  const statement = syntax.parents[parent] as number
  const kind = kindOf(syntax, statement)
  const isSpec = kind === 'var_spec'
  if (!isSpec && kind !== 'short_var_declaration' && kind !== 'assignment_statement') return undefined
  const left = childAt(syntax, statement, 'left')
  const names = isSpec
    ? [...childrenOf(syntax, statement)].filter((child) => kindOf(syntax, child) === 'identifier')
    : left === undefined
      ? []
      : [...childrenOf(syntax, left)]
  if (names.length !== 2) return undefined
  const [context, span] = names
  const named = (node: number | undefined): number | undefined =>
    node === undefined || textOf(syntax, node) === '_' ? undefined : node
  return { statement, context: named(context), span: named(span) }
}

function checkStart({ view, project, report }: AuditContext, call: CallSite): void {
  if (isTestFile(view, call.file)) return
  const started = readStart(view, call)
  const { syntax } = view.file(call.file)
  const fn = view.functions[call.fn]
  if (started === undefined || fn === undefined) return
  if (started === 'discarded' || started.span === undefined) {
    // The context is kept, and the package ends spans that it takes from contexts: callbacks that belong together.
    if (started !== 'discarded' && started.context !== undefined && endsFromContext(view)) return
    // Another package of the project may end it: it takes spans from contexts.
    const isElsewhere =
      started !== 'discarded' &&
      started.context !== undefined &&
      project.findUse(project.packages, endsSpan) !== undefined
    report(call.file, call.node, {
      message: isElsewhere
        ? 'The span is kept in its context alone: only who takes it from there can end it'
        : 'The span is thrown away, so nothing can end it',
      ...(isElsewhere ? { severity: 'low' as const } : { confidence: 'probable' as const }),
    })
    return
  }
  if (kindOf(syntax, started.span) !== 'identifier') return
  const symbol = view.file(call.file).symbols[started.span] as number
  const name = textOf(syntax, started.span)
  const declared = view.pkg.symbols[symbol]
  // A variable that outlives the function: its other users may end it.
  if (declared?.node === undefined || view.functionOf(call.file, declared.node) !== fn.index) return
  if (declared.kind === 'parameter') return
  const uses = view.usesOf(symbol).filter((use) => use.file === call.file)
  if (uses.some((use) => isGivenAway(view, use.file, use.node, fn.index))) return
  if (uses.some((use) => isEnd(view, use.file, use.node) && isLater(view, fn.index, use.node))) return
  // The context, and the span in it, is kept beyond the function by a package that ends spans of contexts.
  if (started.context !== undefined && endsFromContext(view) && leavesFunction(view, call.file, started.context)) return
  const flow = buildFlow(view, fn)
  const start = flow.pointOf(call.node)
  if (start === undefined) return
  const ends = uses.filter((use) => isEnd(view, use.file, use.node)).map((use) => use.node)
  const again = uses.filter(
    (use) => use.node > (syntax.after[started.statement] as number) && isAssigned(view.file(use.file), use.node),
  )
  const within = (point: number, nodes: readonly number[]): boolean =>
    point !== fn.node &&
    nodes.some((node) => flow.pointOf(node) !== undefined && flow.nodes[flow.pointOf(node) as number] === point)
  const way = findWayWithout(
    flow,
    start,
    (point) => within(point, ends),
    (point) =>
      within(
        point,
        again.map(({ node }) => node),
      ),
  )
  if (way === undefined) return
  const isKill = (node: number): boolean =>
    within(
      node,
      again.map((use) => use.node),
    )
  // Only where nothing ends it at all: a deferred End beside one on a path would move the span's end.
  const isShort = kindOf(syntax, started.statement) === 'short_var_declaration'
  const isInBlock = kindOf(syntax, syntax.parents[started.statement] as number) === 'statement_list'
  const isOnce = loopAround(view, call.file, call.node) === undefined && again.length === 0
  const edit =
    ends.length === 0 && isShort && isInBlock && isOnce
      ? putBehind(view, call.file, started.statement, `defer ${name}.End()`)
      : undefined
  report(call.file, call.node, {
    message: ends.length === 0 ? `${name} is never ended` : `${name} is not ended on every way out of the function`,
    confidence: 'probable',
    ...(edit === undefined ? {} : { fix: { title: `defer ${name}.End()`, edits: [edit] } }),
    related: [
      { node: way, note: `reached without ${name}.End()`, ...(way === fn.node ? { atEnd: true } : {}) },
      ...(isKill(way) ? [{ node: fn.node, note: 'and the first span is still open here', atEnd: true }] : []),
    ],
  })
}

const borrowing = /^(go\.opentelemetry\.io\/otel\/trace\.SpanFromContext|go\.opencensus\.io\/trace\.FromContext)$/

function endsFromContext(view: PackageView): boolean {
  return (
    view.calls.some(({ name }) => borrowing.test(name)) &&
    view.calls.some(({ lastName, args }) => lastName === 'End' && args.length <= 1)
  )
}

/** The context is stored or returned. */
function leavesFunction(view: PackageView, file: number, context: number): boolean {
  const { syntax, symbols } = view.file(file)
  return view.usesOf(symbols[context] as number).some((use) => {
    const list = syntax.parents[use.node] as number
    if (use.file !== file || use.node <= context || kindOf(syntax, list) !== 'expression_list') return false
    const statement = syntax.parents[list] as number
    return kindOf(syntax, statement) === 'return_statement' || childAt(syntax, statement, 'right') === list
  })
}

/** A start whose span lives on in its context alone: `ctx, _ = tracer.Start(ctx, …)`. */
export function keepsSpanInContext(view: PackageView): boolean {
  return startCalls.some((name) =>
    view.callsOf(name).some((call) => {
      const started = readStart(view, call)
      if (typeof started !== 'object' || started.context === undefined) return false
      if (started.span === undefined) return true
      // `ctx, span := tracer.Start(ctx, …); …; return ctx`, and no End in the function.
      const uses = view.usesOf(view.file(call.file).symbols[started.span] as number)
      return !uses.some((use) => isEnd(view, use.file, use.node)) && leavesFunction(view, call.file, started.context)
    }),
  )
}

/** `span.End()`, itself or in a literal. */
function isEnd(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  const selector = syntax.parents[node] as number
  if (kindOf(syntax, selector) !== 'selector_expression') return false
  const field = childAt(syntax, selector, 'field')
  return field !== undefined && textOf(syntax, field) === 'End'
}

/** In a literal that is kept or handed on: whoever calls it ends the span, and when is not for syntax to say. */
function isLater(view: PackageView, fn: number, node: number): boolean {
  const file = view.functions[fn]?.file ?? 0
  for (
    let at = view.functions[view.functionOf(file, node)];
    at !== undefined && at.index !== fn;
    at = view.functions[at.parent]
  ) {
    const start = startOf(view, at)
    if (start === 'value' || start === 'argument' || start === 'go') return true
  }
  return false
}

/** Functions that look at a span and do not keep it. */
const onlooker =
  /^(fmt\.|log\.|log\/slog\.|print$|println$|go\.opentelemetry\.io\/otel\/trace\.(LinkFromContext|ContextWithSpan)$)/

function isGivenAway(view: PackageView, file: number, node: number, fn: number): boolean {
  const { syntax } = view.file(file)
  const parent = syntax.parents[node] as number
  const kind = kindOf(syntax, parent)
  if (kind === 'selector_expression') {
    // In a literal that runs elsewhere or later the span is used there: `go func() { defer span.End() … }()`.
    return false
  }
  if (kind === 'argument_list') {
    const around = view.callAt(file, syntax.parents[parent] as number)
    return around === undefined || !onlooker.test(around.name)
  }
  if (kind === 'unary_expression' || kind === 'literal_element' || kind === 'send_statement') return true
  if (kind !== 'expression_list') return view.functionOf(file, node) !== fn
  const statement = syntax.parents[parent] as number
  const isReturn = kindOf(syntax, statement) === 'return_statement'
  return isReturn || childAt(syntax, statement, 'right') === parent || childAt(syntax, statement, 'value') === parent
}
