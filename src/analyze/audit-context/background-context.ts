/**
 * Class 2: an empty context (context.Background and its like) where the caller's context is at hand: given to a call, put
 * over the variable, or deeper down, in functions of the package that take no context and make one (a call chain).
 * Semantics as contextcheck describes them; and its noise left out: main, init, tests, and what empty-context-meant.ts and
 * empty-context-use.ts know to be right.
 */
import { kindOf } from '../../model/trust/go-source.ts'
import { type ContextScope, isBackground, isContextType, openContextScope } from '../audit/context-scope.ts'
import {
  isBuildTool,
  isCommand,
  isExplained,
  isLifecycle,
  isRoot,
  isShutdown,
  isShutdownCall,
  isTestFile,
  startOf,
} from '../audit/intent.ts'
import { type CallSite, callsBetween, type FunctionView, isAssigned, type PackageView } from '../audit/package-view.ts'
import { calledFunction, isHandler } from '../audit/queries.ts'
import type { AuditContext, AuditRule, ReportDraft } from '../audit/rule.ts'
import { findMakers, hasOwnContext } from './empty-context-makers.ts'
import {
  isAfterDone,
  isDeferredCall,
  isFallback,
  isGivenBoth,
  isMeasured,
  isUndone,
  keepsTrace,
} from './empty-context-meant.ts'
import { enclosingCall, isArgument, isHarmless, useOf } from './empty-context-use.ts'

export const backgroundContext: AuditRule = {
  id: 'background-context',
  classNumber: 2,
  title: 'context.Background or TODO in the middle of a call',
  severity: 'medium',
  saysWhen:
    'a function that was given a context (or a request) makes an empty one and hands it on, or calls a function of its package that ' +
    'does so because it takes none. Main, init, tests, nil fallbacks, shutdown, deferred clean-up, command-line commands, functions that live as long as the program, what a comment above explains, and functions that carry the span over or link to it are left alone.',
  fix: 'Thread the caller’s ctx through; context.WithoutCancel(ctx) keeps the trace where the work outlives the call.',
  check(context) {
    const { view } = context
    const scope = openContextScope(view)
    const makers = findMakers(view, scope)
    for (const fn of view.functions) {
      if (isTestFile(view, fn.file) || isRoot(view, fn.index) || isShutdown(view, fn.index)) continue
      if (!hasOwnContext(scope, fn) || isCommand(view, fn.index) || isBuildTool(view, fn.file)) continue
      if (!isHandler(fn) && isLifecycle(view, fn)) continue
      checkFunction(context, scope, fn, makers)
    }
  },
}

/** Calls of this function and of literals in it that have no context of their own, with the literal they are in. */
function* callsOf(
  view: PackageView,
  scope: ContextScope,
  fn: FunctionView,
): Generator<{ call: CallSite; literal: FunctionView | undefined }, void> {
  const end = view.file(fn.file).syntax.after[fn.node] as number
  for (const call of callsBetween(view, fn.file, fn.node + 1, end)) {
    let literal: FunctionView | undefined
    let isOwn = true
    for (let at = view.functions[call.fn]; at !== undefined && at.index !== fn.index; at = view.functions[at.parent]) {
      if (hasOwnContext(scope, at)) isOwn = false
      literal = at
    }
    if (isOwn) yield { call, literal }
  }
}

function checkFunction(
  context: AuditContext,
  scope: ContextScope,
  fn: FunctionView,
  makers: ReadonlyMap<number, readonly string[]>,
): void {
  const { view, report } = context
  for (const { call, literal } of callsOf(view, scope, fn)) {
    if (isShutdown(view, call.fn) || isAfterDone(view, call) || keepsTrace(view, call)) continue
    if (isBackground(call.name)) {
      const use = useOf(view, call)
      if (use === undefined || isFallback(view, call) || isExplained(view, call.file, call.node)) continue
      if (
        isDeferredCall(view, call) ||
        isMeasured(view, call) ||
        isGivenBoth(view, scope, call) ||
        isUndone(view, call)
      )
        continue
      const worth = worthOf(view, fn, literal)
      if (use.kind === 'assigned') {
        reportAssigned(context, fn, call, use.symbol, use.statement, worth)
        continue
      }
      const at =
        literal !== undefined && startOf(view, literal) === 'value' && !capturesContext(view, literal)
          ? literal.node
          : use.node
      report(call.file, at, {
        message: `${nameOf(view, fn)} has ${best(scope, fn)} and hands on context.${call.lastName}(): what follows is a trace of its own`,
        ...worth,
        ...(at === use.node ? {} : { related: [{ node: call.node, note: 'the empty context' }] }),
      })
      continue
    }
    const target = calledFunction(view, call)
    const chain = target === undefined ? undefined : makers.get(target.index)
    if (chain === undefined || target === undefined) continue
    if (isShutdownCall(call) || isStartedByGo(view, call)) continue
    report(call.file, call.node, {
      message: `${chain.join(' → ')} takes no context and makes an empty one, though ${nameOf(view, fn)} has ${best(scope, fn)}`,
      // Functions that take no context mostly look into memory: without a trace in sight a note.
      severity: !isConstructor(fn) && (isHandler(fn) || showsSpan(view, fn)) ? 'low' : 'info',
      ...(isHandler(fn) ? {} : { offTrace: note }),
    })
  }
}

/** `go s.record(id)`: that it is started without the context is class 1. */
function isStartedByGo(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  return kindOf(syntax, syntax.parents[call.node] as number) === 'go_statement'
}

/** A literal that the function gives back: it runs later, for whoever calls it then. */
function isReturned(view: PackageView, literal: FunctionView | undefined): boolean {
  if (literal === undefined || startOf(view, literal) !== 'value') return false
  const { syntax } = view.file(literal.file)
  const list = syntax.parents[literal.node] as number
  return (
    kindOf(syntax, list) === 'expression_list' && kindOf(syntax, syntax.parents[list] as number) === 'return_statement'
  )
}

/** Mostly called at the start, where no trace is. */
function isConstructor(fn: FunctionView): boolean {
  return /^(\(.*\)\.)?(New|Must|Open|Setup|Init)/i.test(fn.name)
}

type Worth = Pick<ReportDraft, 'confidence' | 'severity' | 'offTrace'>

/**
 * Probable where a trace is known to be there: a request's handler, a span in the function. Elsewhere it is often meant.
 */
function worthOf(view: PackageView, fn: FunctionView, literal: FunctionView | undefined): Worth {
  if (isConstructor(fn)) return note
  if (isReturned(view, literal)) return { confidence: 'possible', severity: 'info' }
  const isHeld = literal !== undefined && startOf(view, literal) !== 'go' && startOf(view, literal) !== 'call'
  // Behind `go` only a request's trace is known to be going on.
  const isTraced = isHandler(fn) || (showsSpan(view, fn) && (literal === undefined || startOf(view, literal) !== 'go'))
  if (isTraced && !isHeld) return { confidence: 'probable' }
  return { confidence: 'possible', severity: 'low', offTrace: note }
}

/** Off the path of requests and spans nobody's trace may be there to lose. */
const note = { confidence: 'possible', severity: 'info' } as const

/** Calls that only a function in a trace makes. */
function showsSpan(view: PackageView, fn: FunctionView): boolean {
  return view.calls.some(
    (one) =>
      one.fn === fn.index &&
      (one.name === 'go.opentelemetry.io/otel/trace.Tracer.Start' || spanNames.test(one.lastName)),
  )
}

const spanNames = /^(StartSpan\w*|SpanFromContext|SpanContextFromContext|StartSpanFromContext)$/

function nameOf(view: PackageView, fn: FunctionView): string {
  return fn.kind === 'literal' && view.functions[fn.parent] === undefined ? 'The function' : fn.name
}

function best(scope: ContextScope, fn: FunctionView): string {
  const all = scope.parametersOf(fn)
  return (all.find(({ name, expression }) => name === expression) ?? all[0])?.expression ?? 'a context'
}

/** `ctx = context.Background()`: told where it is first handed on; where a literal shares the variable, at once. */
function reportAssigned(
  context: AuditContext,
  fn: FunctionView,
  call: CallSite,
  symbol: number,
  statement: number,
  worth: Worth,
): void {
  const { view, report } = context
  const message = (name: string): string =>
    `${name} is given context.${call.lastName}() though ${nameOf(view, fn)} was called with a context: what follows is a trace of its own`
  const name = view.pkg.symbols[symbol]?.name ?? 'ctx'
  const uses = view.usesOf(symbol).filter((use) => use.file === call.file)
  const isShared = uses.some((use) => view.functionOf(use.file, use.node) !== call.fn && use.node > fn.node)
  if (isShared) {
    report(call.file, statement, { message: message(name), ...worth })
    return
  }
  const { syntax } = view.file(call.file)
  const first = uses.find(
    (use) =>
      use.node >= (syntax.after[statement] as number) &&
      !isAssigned(view.file(use.file), use.node) &&
      isArgument(view, use.file, use.node),
  )
  if (first === undefined) return
  const handed = enclosingCall(view, first.file, first.node)
  if (handed !== undefined && (isShutdownCall(handed) || isHarmless(handed) || isShutdown(view, handed.fn))) return
  report(first.file, first.node, {
    message: message(name),
    ...worth,
    related: [{ node: statement, note: 'made here' }],
  })
}

function capturesContext(view: PackageView, literal: FunctionView): boolean {
  const { syntax } = view.file(literal.file)
  const end = syntax.after[literal.node] as number
  for (let node = literal.node; node < end; node++) {
    if (kindOf(syntax, node) !== 'identifier' || !isContextType(view.typeAt(literal.file, node))) continue
    const declared = view.symbolAt(literal.file, node)?.node
    if (declared !== undefined && (declared < literal.node || declared >= end)) return true
  }
  return false
}
