/**
 * Class 2: an empty context (context.Background and its like) where the caller's context is at hand: given to a call, put over the variable, or
 * deeper down, in functions of the package that take no context and make one (a call chain). Semantics as contextcheck
 * describes them; and its noise left out: main, init, tests, `if ctx == nil`, shutdown and deferred clean-up, and calls
 * that need a context of their own (Shutdown, Close).
 */
import { childAt, childrenOf, kindOf } from '../../model/trust/go-source.ts'
import {
  type ContextScope,
  isBackground,
  isContextType,
  isFreshContext,
  openContextScope,
} from '../audit/context-scope.ts'
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
import { isHandler } from '../audit/queries.ts'
import type { AuditContext, AuditRule, ReportDraft } from '../audit/rule.ts'

const MAX_CHAIN = 12

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

function hasOwnContext(scope: ContextScope, fn: FunctionView): boolean {
  return scope.parametersOf(fn).length > 0
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
      severity: isHandler(fn) || showsSpan(view, fn) ? 'low' : 'info',
    })
  }
}

/** `go s.record(id)`: that it is started without the context is class 1. */
function isStartedByGo(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  return kindOf(syntax, syntax.parents[call.node] as number) === 'go_statement'
}

/** `copyValues(context.Background(), ctx)`: what is made has something of the caller's context. */
function isGivenBoth(view: PackageView, scope: ContextScope, call: CallSite): boolean {
  for (let around = enclosingCall(view, call.file, call.node); around !== undefined; ) {
    const others = around.args.filter((arg) => arg !== call.node && view.kind(call.file, arg) === 'identifier')
    const known = scope.sourcesAt(call.file, call.node).filter(({ isFresh }) => !isFresh)
    if (others.some((arg) => known.some(({ expression }) => expression === view.text(call.file, arg)))) return true
    const outer = enclosingCall(view, around.file, around.node)
    around = outer?.args.includes(around.node) === true ? outer : undefined
  }
  return false
}

/** `if err != nil { leases.Delete(context.TODO(), l); return err }`: what was begun is undone on the way out. */
function isUndone(view: PackageView, call: CallSite): boolean {
  const around = enclosingCall(view, call.file, call.node)
  if (around === undefined || !/^(delete|remove|unlock|undo|revert|cancel)/i.test(around.lastName)) return false
  const { syntax } = view.file(call.file)
  for (let at = call.node; at > 0; at = syntax.parents[at] as number) {
    if (kindOf(syntax, at) === 'func_literal') return false
    if (kindOf(syntax, at) !== 'if_statement') continue
    const condition = childAt(syntax, at, 'condition')
    if (condition !== undefined && /\berr\w* != nil\b/i.test(view.text(call.file, condition))) return true
  }
  return false
}

const meters = /(^|[./_])(\w*(metrics?|monitoring|stats|telemetry|counter|histogram|gauge|diagnostics?)|diag)\./i

/** `metrics.Count(context.Background(), …)`: a measurement makes no span. */
function isMeasured(view: PackageView, call: CallSite): boolean {
  const around = enclosingCall(view, call.file, call.node)
  if (around === undefined) return false
  const called = childAt(view.file(call.file).syntax, around.node, 'function')
  return (
    called !== undefined &&
    (meters.test(view.text(call.file, called)) ||
      /^go\.opentelemetry\.io\/otel\/metric|opencensus\.io\/stats/.test(around.name))
  )
}

/** `defer release(context.Background())`: clean-up, which is to run when the caller's context is over. */
function isDeferredCall(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  for (let at = syntax.parents[call.node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kind === 'defer_statement') return true
    if (kind === 'func_literal' || kind === 'block') return false
  }
  return false
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

type Worth = Pick<ReportDraft, 'confidence' | 'severity'>

/**
 * Probable where a trace is known to be there: a request's handler, a span in the function. Elsewhere it is often meant; a constructor is mostly
 * called at the start, where no trace is.
 */
function worthOf(view: PackageView, fn: FunctionView, literal: FunctionView | undefined): Worth {
  if (/^(\(.*\)\.)?(New|Must|Open|Setup|Init)/i.test(fn.name)) return { confidence: 'possible', severity: 'info' }
  if (isReturned(view, literal)) return { confidence: 'possible', severity: 'info' }
  const isHeld = literal !== undefined && startOf(view, literal) !== 'go' && startOf(view, literal) !== 'call'
  // Behind `go` only a request's trace is known to be going on.
  const isTraced = isHandler(fn) || (showsSpan(view, fn) && (literal === undefined || startOf(view, literal) !== 'go'))
  if (isTraced && !isHeld) return { confidence: 'probable' }
  return { confidence: 'possible', severity: 'low' }
}

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

type Use =
  | { readonly kind: 'argument'; readonly node: number }
  | { readonly kind: 'assigned'; readonly symbol: number; readonly statement: number }

/** Where an empty context goes: into a call (through With… of package context too), or over a variable. */
function useOf(view: PackageView, call: CallSite): Use | undefined {
  const { syntax } = view.file(call.file)
  let node = call.node
  for (let turns = 0; turns < 8; turns++) {
    const parent = syntax.parents[node] as number
    const kind = kindOf(syntax, parent)
    if (kind === 'argument_list') {
      const around = view.callAt(call.file, syntax.parents[parent] as number)
      if (around === undefined || isShutdownCall(around) || isHarmless(around)) return undefined
      if (/^context\.With|^os\/signal\.NotifyContext$/.test(around.name)) {
        node = around.node
        continue
      }
      return { kind: 'argument', node: call.node }
    }
    if (kind !== 'expression_list') return undefined
    const statement = syntax.parents[parent] as number
    const left = childAt(syntax, statement, 'left')
    if (left === undefined || left === parent || /^(return|range)/.test(kindOf(syntax, statement))) return undefined
    const position = [...childrenOf(syntax, parent)].indexOf(node)
    const target = [...childrenOf(syntax, left)][position === -1 ? 0 : position]
    if (target === undefined || kindOf(syntax, target) !== 'identifier') return undefined
    const symbol = view.file(call.file).symbols[target] as number
    if (symbol < 0 || !isContextType(view.pkg.types[view.pkg.symbols[symbol]?.type ?? 0] ?? '')) return undefined
    return { kind: 'assigned', symbol, statement }
  }
  return undefined
}

/** Calls for which an empty context is the right one, or which do nothing with it; a logger's lines are class 24. */
function isHarmless(call: CallSite): boolean {
  if (
    /(^|[/.])\w*log(ger|ging|rus|r)?(\/v\d+)?\.(G|L|GetLogger|FromContext|Ctx|From|Logger|WithLogger|WithContext)$/i.test(
      call.name,
    )
  )
    return true
  // A command's end, a place in a semaphore, a part of the program that begins here: none carries a trace.
  if (/^os\/exec\.CommandContext$|semaphore\.Weighted\.Acquire$/.test(call.name)) return true
  // A measurement makes no span.
  if (/^(Record\w*|Observe\w*|Inc\w*)$/.test(call.lastName)) return true
  // What it asks of a context is its values: there are none, and no call follows.
  if (/FromContext$/.test(call.lastName)) return true
  if (/^(Start|StartAsync|Serve|Listen|ListenAndServe)$|^(start|spawn|launch|schedule)[A-Z]/.test(call.lastName))
    return true
  return /^(go\.opentelemetry\.io\/otel\/(exporters|sdk)|go\.opentelemetry\.io\/contrib\/(exporters|detectors))|^net\.ListenConfig\.|\.WithContext$|^(testing|reflect)\./.test(
    call.name,
  )
}

/** The function itself carries the span over, or links to it: detached on purpose, and the way back is kept. */
function keepsTrace(view: PackageView, call: CallSite): boolean {
  return (
    isBackground(call.name) &&
    view.calls.some(
      (one) =>
        one.fn === call.fn &&
        /^(ContextWithSpan\w*|ContextWithRemoteSpanContext|LinkFromContext|WithLinks)$/.test(one.lastName),
    )
  )
}

/** In `case <-ctx.Done():`, or after a statement that waited for it: the caller's context is over there. */
function isAfterDone(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  for (let at = call.node; at > 0; at = syntax.parents[at] as number) {
    const parent = syntax.parents[at] as number
    if (kindOf(syntax, at) === 'if_statement') {
      const condition = childAt(syntax, at, 'condition')
      if (condition !== undefined && /\.Err\(\) != nil/.test(view.text(call.file, condition))) return true
    }
    if (kindOf(syntax, at) === 'communication_case') {
      const communication = childAt(syntax, at, 'communication')
      if (communication !== undefined && /<-\s*[\w.()]*\.Done\(\)/.test(view.text(call.file, communication)))
        return true
    }
    if (parent < 0 || kindOf(syntax, parent) !== 'statement_list') continue
    for (const before of childrenOf(syntax, parent)) {
      if (before >= at) break
      const text = view.text(call.file, before)
      if (kindOf(syntax, before) === 'expression_statement' && /^<-\s*[\w.()]*\.Done\(\)$/.test(text)) return true
    }
  }
  return false
}

/** `if ctx == nil { ctx = context.Background() }`. */
function isFallback(view: PackageView, call: CallSite): boolean {
  const { syntax } = view.file(call.file)
  for (let at = syntax.parents[call.node] as number; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (kind === 'func_literal' || kind.endsWith('function_declaration') || kind === 'method_declaration') return false
    if (kind !== 'if_statement') continue
    const condition = childAt(syntax, at, 'condition')
    if (condition === undefined) continue
    const end = syntax.after[condition] as number
    for (let node = condition; node < end; node++) {
      if (kindOf(syntax, node) === 'nil' && isNilOfContext(view, call.file, syntax.parents[node] as number)) return true
    }
  }
  return false
}

function isNilOfContext(view: PackageView, file: number, comparison: number): boolean {
  const { syntax } = view.file(file)
  return [...childrenOf(syntax, comparison)].some((side) => isContextType(view.typeAt(file, side)))
}

function isArgument(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  return kindOf(syntax, syntax.parents[node] as number) === 'argument_list'
}

function enclosingCall(view: PackageView, file: number, node: number): CallSite | undefined {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at > 0; at = syntax.parents[at] as number) {
    const call = view.callAt(file, at)
    if (call !== undefined) return call
  }
  return undefined
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

function calledFunction(view: PackageView, call: CallSite): FunctionView | undefined {
  const { syntax, symbols } = view.file(call.file)
  const called = childAt(syntax, call.node, 'function')
  const symbol = called === undefined ? -1 : (symbols[called] as number)
  return symbol < 0 ? undefined : view.functionBySymbol(symbol)
}

/**
 * Functions of the package without a context that hand an empty one to what wants one, or call a function that does:
 * by index, the chain of names.
 */
export function findMakers(view: PackageView, scope: ContextScope): ReadonlyMap<number, readonly string[]> {
  const makers = new Map<number, readonly string[]>()
  const own = view.functions.filter(
    (fn) =>
      fn.kind !== 'literal' &&
      !hasOwnContext(scope, fn) &&
      !isTestFile(view, fn.file) &&
      !isRoot(view, fn.index) &&
      !isShutdown(view, fn.index) &&
      // A constructor, a loop that runs as long as the process: empty contexts are theirs to make.
      !/^(\(.*\)\.)?(New|Must|Open|Setup|Init|Run|Start|Serve|Listen)/i.test(fn.name),
  )
  const isOwn = new Set(own.map(({ index }) => index))
  for (const call of view.calls) {
    const fn = view.functions[call.fn]
    if (fn !== undefined && isOwn.has(fn.index) && !makers.has(fn.index) && makesOne(call))
      makers.set(fn.index, [fn.name])
  }
  const callers = new Map<FunctionView, readonly FunctionView[]>()
  for (const call of view.calls) {
    const target = calledFunction(view, call)
    const around = view.functions[call.fn]
    if (target === undefined || around === undefined || around.kind === 'literal') continue
    callers.set(target, [...(callers.get(target) ?? []), around])
  }
  const open = [...makers.keys()]
  for (let index = open.shift(); index !== undefined; index = open.shift()) {
    const target = view.functions[index] as FunctionView
    const chain = makers.get(index) ?? []
    if (chain.length >= MAX_CHAIN) continue
    for (const caller of callers.get(target) ?? []) {
      if (makers.has(caller.index) || !isOwn.has(caller.index)) continue
      makers.set(caller.index, [caller.name, ...chain])
      open.push(caller.index)
    }
  }
  return makers

  function makesOne(call: CallSite): boolean {
    return (
      isBackground(call.name) &&
      !isFallback(view, call) &&
      !isExplained(view, call.file, call.node) &&
      !isDeferredCall(view, call) &&
      !isMeasured(view, call) &&
      useOf(view, call)?.kind === 'argument' &&
      isHandedToContextTaker(call)
    )
  }

  /** Not of `ctx, cancel := context.WithTimeout(context.Background(), …)` in a function that is a root by design. */
  function isHandedToContextTaker(call: CallSite): boolean {
    const around = enclosingCall(view, call.file, call.node)
    return around !== undefined && isFreshContext(view, call.file, call.node)
  }
}
