/**
 * Class 1: work that is started with `go`, or in a group (errgroup, sync.WaitGroup.Go, conc), inside a function that was
 * given a context, and whose literal never touches one; or a function of the package that is started with `go`, takes no
 * context, and makes spans or an empty context. Left alone: literals with a context of their own or given one as
 * an argument; waiters, accept loops, tickers and signal loops; main, init and tests; shutdown.
 */
import { childAt, childrenOf, kindOf, textOf } from '../../model/trust/go-source.ts'
import { carriedContext, openContextScope } from '../audit/context-scope.ts'
import { functionValues } from '../audit/function-values.ts'
import {
  callsWithin,
  isBuildTool,
  isCommand,
  isExplained,
  isLifecycle,
  isRoot,
  isServiceBody,
  isShutdown,
  isTestFile,
} from '../audit/intent.ts'
import type { FunctionView, PackageView } from '../audit/package-view.ts'
import { calledFunction, isHandler } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'
import { findMakers } from './empty-context-makers.ts'

/** Methods that run a function literal on a goroutine of its own; the number of the argument. */
const spawners: readonly (readonly [name: string, argument: number, says: string, alias: string])[] = [
  ['golang.org/x/sync/errgroup.Group.Go', 0, 'errgroup.Group.Go', 'errgroup'],
  ['golang.org/x/sync/errgroup.Group.TryGo', 0, 'errgroup.Group.TryGo', 'errgroup'],
  ['sync.WaitGroup.Go', 0, 'sync.WaitGroup.Go', 'waitgroup'],
  ['github.com/sourcegraph/conc.WaitGroup.Go', 0, 'conc.WaitGroup.Go', 'conc'],
  ['github.com/sourcegraph/conc/pool.Pool.Go', 0, 'pool.Pool.Go', 'conc'],
  ['github.com/sourcegraph/conc/pool.ErrorPool.Go', 0, 'pool.ErrorPool.Go', 'conc'],
  ['github.com/sourcegraph/conc/pool.ContextPool.Go', 0, 'pool.ContextPool.Go', 'conc'],
  ['github.com/sourcegraph/conc.Pool.Go', 0, 'conc.Pool.Go', 'conc'],
  ['github.com/sourcegraph/conc/pool.ResultPool.Go', 0, 'pool.ResultPool.Go', 'conc'],
  ['github.com/sourcegraph/conc/pool.ResultErrorPool.Go', 0, 'pool.ResultErrorPool.Go', 'conc'],
  ['github.com/sourcegraph/conc/stream.Stream.Go', 0, 'stream.Stream.Go', 'conc'],
  ['github.com/sourcegraph/conc/iter.ForEach', 1, 'iter.ForEach', 'conc'],
  ['github.com/sourcegraph/conc/iter.ForEachIdx', 1, 'iter.ForEachIdx', 'conc'],
  ['github.com/sourcegraph/conc/iter.Map', 1, 'iter.Map', 'conc'],
  ['github.com/sourcegraph/conc/iter.MapErr', 1, 'iter.MapErr', 'conc'],
  ['github.com/sourcegraph/conc/iter.Iterator.ForEach', 1, 'iter.Iterator.ForEach', 'conc'],
  ['github.com/sourcegraph/conc/iter.Iterator.ForEachIdx', 1, 'iter.Iterator.ForEachIdx', 'conc'],
  ['github.com/sourcegraph/conc/iter.Mapper.Map', 1, 'iter.Mapper.Map', 'conc'],
  ['github.com/sourcegraph/conc/iter.Mapper.MapErr', 1, 'iter.Mapper.MapErr', 'conc'],
]

export const goroutineWithoutContext: AuditRule = {
  id: 'goroutine-without-context',
  classNumber: 1,
  title: 'A goroutine is started without the context',
  severity: 'medium',
  saysWhen:
    'a literal that is started with go, in an errgroup, a WaitGroup or a conc pool, inside a function with a context, uses none; or a function of the package that takes none and makes spans or an empty context is started with go. ' +
    'A note where nothing inside is known to belong into a trace. Waiters, accept loops, tickers, signal loops, main, init, tests and shutdown are left alone.',
  fix: 'Pass ctx into the goroutine; context.WithoutCancel(ctx) where it outlives the request.',
  check(context) {
    const scope = openContextScope(context.view)
    const { view } = context
    const makers = findMakers(view, scope)
    for (const { file, node } of view.nodesOf('go_statement')) {
      const { syntax } = view.file(file)
      const call = view.callAt(file, node + 1)
      const called = call === undefined ? undefined : childAt(syntax, call.node, 'function')
      if (call === undefined || called === undefined) continue
      if (kindOf(syntax, called) !== 'func_literal') {
        // `go f()()`: what runs is what f gives back.
        const target = kindOf(syntax, called) === 'call_expression' ? undefined : calledFunction(view, call)
        if (target === undefined) {
          const spawn = { file, node, what: 'The goroutine', alias: 'goroutine' }
          checkValue(context, scope, spawn, called, call.args)
          continue
        }
        checkNamed(context, scope, { file, node, target, args: call.args, chain: makers.get(target.index) })
        continue
      }
      if (call.args.some((arg) => carriedContext(view.typeAt(file, arg), 'x') !== undefined)) continue
      check(context, scope, { file, node, literal: called, what: 'The goroutine', alias: 'goroutine' })
    }
    for (const [name, argument, says, alias] of spawners) {
      for (const call of view.callsOf(name)) {
        const literal = call.args[argument]
        if (literal === undefined) continue
        const spawn = { file: call.file, node: call.node, what: `The closure of ${says}`, alias }
        if (view.kind(call.file, literal) === 'func_literal') check(context, scope, { ...spawn, literal })
        else checkValue(context, scope, spawn, literal, [])
      }
    }
    for (const [fn, argument] of findSpawners(view)) {
      for (const call of view.calls) {
        const value = call.args[argument]
        if (value === undefined || calledFunction(view, call)?.index !== fn) continue
        const what = `The function that ${view.functions[fn]?.name} starts`
        checkValue(context, scope, { file: call.file, node: call.node, what, alias: 'spawner' }, value, call.args)
      }
    }
  },
}

/** Off the path of requests and spans. */
const note = { confidence: 'possible', severity: 'info' } as const

type Spawn = {
  readonly file: number
  readonly node: number
  readonly literal: number
  readonly what: string
  readonly alias: string
}

function check(context: AuditContext, scope: ReturnType<typeof openContextScope>, spawn: Spawn): void {
  const { view, report } = context
  const { file, node, literal } = spawn
  if (isTestFile(view, file)) return
  const fn = view.functions[view.functionOf(file, literal)]
  const outer = view.functions[view.functionOf(file, node)]
  if (fn === undefined || outer === undefined || isRoot(view, outer.index) || isShutdown(view, outer.index)) return
  // A parameter, of the function or of one around it: a local context may be anybody's.
  const given = scope.sourcesAt(file, node).filter((source) => source.kind === 'parameter')
  const declared = given.find(({ expression, name }) => expression === name) ?? given[0]
  if (declared === undefined) return
  if (scope.parametersOf(fn).length > 0 || usesContext(view, fn)) return
  if (isServiceBody(view, fn) !== undefined) return
  if (!isHandler(outer) && isLifecycle(view, outer)) return
  const calls = callsWithin(view, fn)
  const isTraced = calls.some(({ name }) => traced.test(name))
  if (isBuildTool(view, file) || isCommand(view, outer.index)) return
  if (isExplained(view, file, node)) return
  const first = firstParameter(scope, view, outer) ?? declared
  report(file, node, {
    offTrace: note,
    message: `${spawn.what} does not use ${first.expression}: what it does is no part of the caller's trace`,
    confidence: isTraced ? 'probable' : 'possible',
    // Nothing in it that is known to belong into a trace: a note.
    severity: isTraced ? 'medium' : 'info',
    aliases: [`goroutinectx/${spawn.alias}`],
  })
}

/** Functions of the package that start a function they are given, and which parameter it is. */
function findSpawners(view: PackageView): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  const note = (file: number, node: number): void => {
    const symbol = view.file(file).symbols[node] as number
    if (symbol < 0 || view.pkg.symbols[symbol]?.kind !== 'parameter') return
    const fn = view.functions[view.functionOf(file, node)]
    const position = fn?.parameters.findIndex((one) => one.symbol === symbol) ?? -1
    if (fn !== undefined && fn.kind !== 'literal' && position >= 0) found.set(fn.index, position)
  }
  for (const [name, argument] of spawners) {
    for (const call of view.callsOf(name)) {
      const value = call.args[argument]
      if (value !== undefined && view.kind(call.file, value) === 'identifier') note(call.file, value)
    }
  }
  for (const { file, node } of view.nodesOf('go_statement')) {
    const { syntax } = view.file(file)
    const call = view.callAt(file, node + 1)
    const called = call === undefined ? undefined : childAt(syntax, call.node, 'function')
    if (called !== undefined && kindOf(syntax, called) === 'identifier') note(file, called)
  }
  return found
}

/** `go handlers[0]()`, `g.Go(makeWorker())`, and a function handed to one of the package that starts it. */
function checkValue(
  context: AuditContext,
  scope: ReturnType<typeof openContextScope>,
  spawn: Omit<Spawn, 'literal'>,
  value: number,
  args: readonly number[],
): void {
  const { view } = context
  if (args.some((arg) => carriedContext(view.typeAt(spawn.file, arg), 'x') !== undefined)) return
  const functions = functionValues(view, spawn.file, value)
  const bare = functions?.find(
    (fn) =>
      fn.kind === 'literal' && fn.file === spawn.file && scope.parametersOf(fn).length === 0 && !usesContext(view, fn),
  )
  if (bare !== undefined) check(context, scope, { ...spawn, literal: bare.node })
}

type NamedSpawn = {
  readonly file: number
  readonly node: number
  readonly target: FunctionView
  readonly args: readonly number[]
  readonly chain: readonly string[] | undefined
}

/** `go s.record(id)`: told where what is started is known to make spans, calls or an empty context. */
function checkNamed(context: AuditContext, scope: ReturnType<typeof openContextScope>, spawn: NamedSpawn): void {
  const { view, report } = context
  const { file, node, target, args, chain } = spawn
  const outer = view.functions[view.functionOf(file, node)]
  if (outer === undefined || isTestFile(view, file) || isTestFile(view, target.file)) return
  if (isRoot(view, outer.index) || isShutdown(view, outer.index) || isShutdown(view, target.index)) return
  const declared = firstParameter(scope, view, outer)
  if (declared === undefined || scope.parametersOf(target).length > 0) return
  if (args.some((arg) => carriedContext(view.typeAt(file, arg), 'x') !== undefined)) return
  if (isBuildTool(view, file) || isCommand(view, outer.index) || (!isHandler(outer) && isLifecycle(view, outer))) return
  const isTraced = callsWithin(view, target).some(({ name }) => traced.test(name))
  if (chain === undefined && !isTraced && !callsWithin(view, target).some(({ name }) => logs.test(name))) return
  if (usesContext(view, target) || isServiceBody(view, target) !== undefined || isEndless(view, target)) return
  report(file, node, {
    message: `go ${target.name} is not given ${declared.expression}: what it does is no part of the caller's trace`,
    confidence: isTraced ? 'probable' : 'possible',
    offTrace: note,
    ...(isTraced ? {} : { severity: 'info' as const }),
    aliases: ['goroutinectx/goroutine'],
    ...(chain === undefined || chain.length < 2 ? {} : { advice: `Thread a context through ${chain.join(' → ')}.` }),
  })
}

/** A loop without a condition, or over a channel: it lives as long as the process. */
function isEndless(view: PackageView, fn: FunctionView): boolean {
  const { syntax } = view.file(fn.file)
  const end = syntax.after[fn.node] as number
  for (let node = fn.node; node < end; node++) {
    if (kindOf(syntax, node) !== 'for_statement') continue
    const body = childAt(syntax, node, 'body')
    if (body === undefined || body === node + 1) return true
    for (let at = node + 1; at < body; at++) {
      if (kindOf(syntax, at) !== 'range_clause') continue
      const right = childAt(syntax, at, 'right')
      if (right !== undefined && /^(<-\s*)?chan\b/.test(view.typeAt(fn.file, right))) return true
    }
  }
  return false
}

/** Calls that make spans or ask other services. */
const traced =
  /^(go\.opentelemetry\.io\/otel\/trace\.Tracer\.|net\/http\.(Get|Post|Head|PostForm|NewRequest|Client\.)|database\/sql\.|google\.golang\.org\/grpc\.(NewClient|Dial|ClientConn\.)|github\.com\/(nats-io|segmentio|IBM\/sarama|redis|jackc))/

/** Calls that write log lines, or make an empty context for what they call. */
const logs = /^(log\/slog\.|context\.(Background|TODO)$)/

function firstParameter(scope: ReturnType<typeof openContextScope>, view: PackageView, fn: FunctionView) {
  for (let at: FunctionView | undefined = fn; at !== undefined; at = view.functions[at.parent]) {
    const [first] = scope.parametersOf(at)
    if (first !== undefined) return first
  }
  return undefined
}

/** Anything inside that is a context or holds one: a captured variable, a field, the result of a call. */
export function usesContext(view: PackageView, fn: FunctionView): boolean {
  const { syntax } = view.file(fn.file)
  const end = syntax.after[fn.node] as number
  for (let node = fn.node + 1; node < end; node++) {
    const kind = kindOf(syntax, node)
    if (kind !== 'identifier' && kind !== 'selector_expression') continue
    const type = view.typeAt(fn.file, node)
    if (type === '' || carriedContext(type, 'x') === undefined || textOf(syntax, node) === '_') continue
    const declaredIn = view.symbolAt(fn.file, node)
    // A context that the literal itself makes of nothing is none of the caller's.
    if (
      declaredIn?.node !== undefined &&
      declaredIn.node > fn.node &&
      declaredIn.node < end &&
      isFreshInside(declaredIn.node)
    )
      continue
    return true
  }
  return false

  function isFreshInside(declared: number): boolean {
    for (let at = declared; at > fn.node; at = syntax.parents[at] as number) {
      if (kindOf(syntax, at) !== 'short_var_declaration') continue
      const right = childAt(syntax, at, 'right')
      return (
        right !== undefined &&
        [...childrenOf(syntax, right)].some((value) => {
          const name = view.callAt(fn.file, value)?.name ?? ''
          const [first] = view.callAt(fn.file, value)?.args ?? []
          const inner = first === undefined ? '' : (view.callAt(fn.file, first)?.name ?? '')
          return (
            /^context\.(Background|TODO)$/.test(name) ||
            (/^(context\.With|go\.opentelemetry\.io\/otel\/trace\.Tracer\.Start$)/.test(name) &&
              /^context\.(Background|TODO)$/.test(inner))
          )
        })
      )
    }
    return false
  }
}
