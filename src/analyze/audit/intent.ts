/**
 * What is detached on purpose: tests, main and init, shutdown, endless service loops, tickers, accept loops, waiters.
 * A rule asks here before it calls something a debt. By the names that Go itself gives (main, init, TestX) and by shape;
 * names of functions count for shutdown alone, where Go has no other sign.
 */
import { childAt, childrenOf, kindOf } from '../../model/trust/go-source.ts'
import { type CallSite, callsBetween, type FunctionView, type PackageView } from './package-view.ts'

/** The declaration around a function: itself, or what its literal stands in. */
export function declarationOf(view: PackageView, fn: number): FunctionView | undefined {
  let at = view.functions[fn]
  while (at !== undefined && at.parent >= 0) at = view.functions[at.parent]
  return at
}

/** Tests that run against a whole system, and what builds and releases the project: at the top of a module. */
const integrationFolder = /^(integration(_?tests?)?|integration-tests?)(\/|$)/

const testFolder = /(^|\/)([\w-]+-tests?|e2e\w*|tests?|testing|testutils?|testhelpers?|testsupport)(\/|$)/

/** Files of tests, and what only tests use: by the folder, or by an import that no program has. */
export function isTestFile(view: PackageView, file: number): boolean {
  const { isTest, imports } = view.file(file)
  const { directory, module } = view.pkg
  if (isTest || testFolder.test(directory)) return true
  const inner = module === undefined ? directory : directory.slice(module.directory.length).replace(/^\//, '')
  if (integrationFolder.test(inner)) return true
  return imports.some(
    ({ path }) => /^github\.com\/stretchr\/testify\//.test(path) || (path === 'testing' && /test/i.test(directory)),
  )
}

/** Written to be read: `examples/…`, `documentation/examples/…`. What is wrong there is nobody's debt, and worth a word. */
export function isExampleFolder(directory: string): boolean {
  return /(^|\/)_?examples?(\/|$)/.test(directory)
}

/** Programs for those who build the project: `//go:build ignore`, mage targets, hack and scripts folders. */
export function isBuildTool(view: PackageView, file: number): boolean {
  const { syntax } = view.file(file)
  if (/(^|\/)(hack|scripts|magefiles)(\/|$)/.test(view.pkg.directory)) return true
  const head = syntax.text.slice(0, 4096)
  return /^\/\/go:build .*\b(ignore|mage|tools)\b/m.test(head)
}

/** cobra's and urfave's functions begin a program: no trace is there to lose. */
export function isCommand(view: PackageView, fn: number): boolean {
  for (let at = view.functions[fn]; at !== undefined; at = view.functions[at.parent]) {
    if (at.parameters.some(({ type }) => /spf13\/cobra\.Command$|urfave\/cli\/v\d+\.(Context|Command)$/.test(type)))
      return true
  }
  return false
}

const lifecycleName =
  /(^|\.)(start(ing|Async|Background)?|run(ning|Forever)?|serve|listen|loop|watch(er)?|poll(er)?|heart_?beat|monitor)$/i

/**
 * A function that lives as long as a part of the program: `run(ctx)`, `loop(ctx)`, or one whose body turns in an endless
 * select. Its context is that of a life, not of a request.
 */
export function isLifecycle(view: PackageView, fn: FunctionView): boolean {
  if (fn.parameters.length <= 1 && lifecycleName.test(fn.name)) return true
  const { syntax } = view.file(fn.file)
  return view.nodesOf('select_statement').some(({ file, node }) => {
    if (file !== fn.file || view.functionOf(file, node) !== fn.index) return false
    for (let at = syntax.parents[node] as number; at > fn.node; at = syntax.parents[at] as number) {
      if (kindOf(syntax, at) !== 'for_statement') continue
      const body = childAt(syntax, at, 'body')
      if (body === at + 1) return true
    }
    return false
  })
}

const saysWhy = /\b(ctx|contexts?|background|cancel\w*|detach\w*|independent\w*|outliv\w*|long[- ]lived|lifetime)\b/i
const admits = /\b(todo|fixme|xxx|hack)\b/i

/** A comment right above the statement that says why the context is another one. */
export function isExplained(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  let statement = node
  for (let at = node; at > 0; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, syntax.parents[at] as number)
    if (kind !== 'statement_list' && kind !== 'block') continue
    statement = at
    break
  }
  const lines = syntax.text.slice(0, syntax.starts[statement]).split('\n').slice(-9, -1)
  const above: string[] = []
  for (let line = lines.pop(); line?.trimStart().startsWith('//') === true; line = lines.pop()) above.push(line)
  const text = above.join('\n')
  if (saysWhy.test(text) && !admits.test(text)) return true
  // Behind the statement, or behind the `go func() {` that it stands in.
  const fn = view.functions[view.functionOf(file, node)]
  return [statement, ...(fn?.kind === 'literal' ? [fn.node] : [])].some((at) => {
    const end = syntax.text.indexOf('\n', syntax.starts[at] as number)
    const [, behind = ''] = / \/\/(.*)/.exec(syntax.text.slice(syntax.starts[at], end < 0 ? undefined : end)) ?? []
    return saysWhy.test(behind) && !admits.test(behind) && !/^\s*want\b/.test(behind)
  })
}

/** main and init: nobody called them with a context. */
export function isRoot(view: PackageView, fn: number): boolean {
  const at = declarationOf(view, fn)
  if (at === undefined) return true
  return at.kind === 'function' && (at.name === 'init' || (at.name === 'main' && view.pkg.name === 'main'))
}

const shutdownName =
  /shut ?down|^close|^stop|cleanup|teardown|drain|^flush|dispose|terminate|rollback|^release|^kill|^discard|^abort/i

/** A function whose work goes on after its caller's context is over. */
export function isShutdown(view: PackageView, fn: number): boolean {
  for (let at = view.functions[fn]; at !== undefined; at = view.functions[at.parent]) {
    const name = at.name.replace(/^\(.*\)\./, '')
    if (at.kind !== 'literal' && shutdownName.test(name)) return true
    if (at.kind === 'literal' && (isDeferred(view, at) || shutdownName.test(heldAs(view, at)))) return true
  }
  return false
}

/** `release := func() { … }`. */
function heldAs(view: PackageView, fn: FunctionView): string {
  const { syntax } = view.file(fn.file)
  const list = syntax.parents[fn.node] as number
  const left =
    kindOf(syntax, list) === 'expression_list' ? childAt(syntax, syntax.parents[list] as number, 'left') : undefined
  return left === undefined || left === list ? '' : view.text(fn.file, left)
}

export function isShutdownCall(call: CallSite): boolean {
  return shutdownName.test(call.lastName) || call.lastName === 'ForceFlush'
}

/** `defer func() { … }()`, `t.Cleanup(func() { … })`, `sync.OnceFunc`. */
export function isDeferred(view: PackageView, fn: FunctionView): boolean {
  const { syntax } = view.file(fn.file)
  const call = syntax.parents[fn.node] as number
  if (kindOf(syntax, call) === 'call_expression') {
    return kindOf(syntax, syntax.parents[call] as number) === 'defer_statement'
  }
  const outer = view.callAt(fn.file, syntax.parents[call] as number)
  return outer !== undefined && /Cleanup|RegisterOnShutdown|OnStop/.test(outer.lastName)
}

/** How a literal is started: by `go`, by a group, by a call on the spot, or not here. */
export function startOf(view: PackageView, fn: FunctionView): 'go' | 'defer' | 'call' | 'argument' | 'value' {
  const { syntax } = view.file(fn.file)
  const parent = syntax.parents[fn.node] as number
  const kind = kindOf(syntax, parent)
  if (kind === 'argument_list') return 'argument'
  const call = kind === 'parenthesized_expression' ? (syntax.parents[parent] as number) : parent
  if (kindOf(syntax, call) !== 'call_expression' || childAt(syntax, call, 'arguments') === parent) return 'value'
  const around = kindOf(syntax, syntax.parents[call] as number)
  return around === 'go_statement' ? 'go' : around === 'defer_statement' ? 'defer' : 'call'
}

/** Calls of a function's own body, literals inside included. */
export function callsWithin(view: PackageView, fn: FunctionView): readonly CallSite[] {
  const end = view.file(fn.file).syntax.after[fn.node] as number
  return callsBetween(view, fn.file, fn.node + 1, end)
}

/** `io.Copy(a, b)`, and closing of both ends: a proxy's two directions. */
const MOST_CALLS_OF_PUMP = 4

/** The body begins with waiting for a signal, `<-ready`, and goes on when the caller has long returned. */
function isAfterSignal(view: PackageView, fn: FunctionView): boolean {
  const { syntax } = view.file(fn.file)
  const first = statementsOf(view, fn).find((node) => kindOf(syntax, node) !== 'defer_statement')
  if (first === undefined || kindOf(syntax, first) !== 'expression_statement') return false
  return syntax.text.startsWith('<-', syntax.starts[first] as number)
}

const serving =
  /^(Accept|AcceptTCP|Serve|ServeTLS|ListenAndServe|ListenAndServeTLS|ReadFrom|ReadFromUDP|ReadMessage|FetchMessage|Recv)$/

const ending = /^(GracefulStop|Stop|Shutdown|Close|close|Done|Wait|cancel|Print\w*|Info\w*)$/

/** The body only waits for others, or serves as long as the process lives: `wg.Wait(); close(c)`, accept loops, tickers. */
export function isServiceBody(
  view: PackageView,
  fn: FunctionView,
): 'waiter' | 'server' | 'ticker' | 'signal' | undefined {
  const { syntax } = view.file(fn.file)
  const calls = callsWithin(view, fn)
  const end = syntax.after[fn.node] as number
  const named = (pattern: RegExp): boolean =>
    calls.some((call) => pattern.test(call.name) || pattern.test(call.lastName))
  const hasWait = calls.some((call) => call.lastName === 'Wait')
  if (hasWait && calls.every((call) => /^(Wait|close|Done|Close|cancel|panic|recover|len)$/.test(call.lastName)))
    return 'waiter'
  if (isAfterSignal(view, fn)) return 'waiter'
  if (named(/(^|\.)(GracefulStop|Stop|Shutdown|Close)$/) && calls.every((call) => ending.test(call.lastName)))
    return 'waiter'
  if (calls.some((call) => call.name === 'io.Copy') && calls.length <= MOST_CALLS_OF_PUMP) return 'server'
  if (named(serving)) return 'server'
  if (named(/^os\/signal\./)) return 'signal'
  if (named(/^time\.(NewTicker|Tick)$/)) return 'ticker'
  for (let node = fn.node; node < end; node++) {
    if (kindOf(syntax, node) !== 'for_statement') continue
    const text = syntax.text.slice(syntax.starts[node], syntax.ends[node])
    if (/range\s+[\w.]*[tT]icker?\.C\b|<-\s*[\w.]*[tT]ick(er)?(\.C)?\b/.test(text)) return 'ticker'
  }
  return undefined
}

/** Statements of a function's body, in order; comments left out. */
export function statementsOf(view: PackageView, fn: FunctionView): readonly number[] {
  const { syntax } = view.file(fn.file)
  if (fn.body === undefined) return []
  return [...childrenOf(syntax, fn.body)]
    .flatMap((child) => (kindOf(syntax, child) === 'statement_list' ? [...childrenOf(syntax, child)] : [child]))
    .filter((child) => kindOf(syntax, child) !== 'comment')
}
