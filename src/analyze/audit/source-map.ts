/**
 * A package's functions as its traces know them: spans started, functions called, routes and the functions behind them,
 * service names. Enters: a view. Leaves: a PackageMap, plain data; and for a finding its scope among the functions.
 * Calls through interfaces are not followed. Bounded; files of tests are left out.
 */
import { childAt, kindOf, positionOf } from '../../model/trust/go-source.ts'
import type { FindingScope, FunctionFact, PackageMap } from '../../model/trust/source-map.ts'
import { startCalls } from '../audit-spans/span-never-ended.ts'
import { carriedContext, isBackground } from './context-scope.ts'
import { declarationOf, isLifecycle, isTestFile } from './intent.ts'
import { readText } from './literal-text.ts'
import type { CallSite, FunctionView, PackageView } from './package-view.ts'
import { isHandler } from './queries.ts'
import { runtimeNameOf } from './runtime-names.ts'

const MAX_CALLS = 400
const MAX_GIVEN = 2_000

/** Methods by which routers are told of a path; the verb where the method is one. */
const routers =
  /^(HandleFunc|Handle|Method|MethodFunc|Any|Match|GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS|Get|Post|Put|Delete|Patch|Head|Options)$/
const verbs = /^(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS)$/i
/** What names all that it wraps: the argument with the handler, and the one with the name. */
const wrappers: readonly (readonly [name: RegExp, handler: number, named: number])[] = [
  [/\/otelhttp\.NewHandler$/, 0, 1],
  [/\/otelhttp\.WithRouteTag$/, 1, 0],
]

type Refs = ReadonlyMap<number, readonly { readonly node: number; readonly key: string }[]>
type Mapped = {
  readonly map: PackageMap
  readonly keys: readonly string[]
  readonly starts: Starts
  readonly refs: Refs
}
type Starts = readonly { readonly file: number; readonly node: number; readonly fn: number; readonly name: string }[]

const known = new WeakMap<PackageView, Mapped>()

export function mapPackage(view: PackageView): PackageMap {
  return open(view).map
}

/** Of the finding at a node; undefined outside functions. */
export function scopeOf(view: PackageView, file: number, node: number): FindingScope | undefined {
  const inner = view.functionOf(file, node)
  const name = runtimeNameOf(view, inner)
  if (name === undefined) return scopeOfField(view, file, node)
  const { keys, starts, refs } = open(view)
  const within: string[] = []
  let outer = inner
  for (let at = inner; at >= 0; at = view.functions[at]?.parent ?? -1) {
    within.push(keys[at] as string)
    outer = at
  }
  const whole = view.functions[outer] as FunctionView
  const { syntax } = view.file(file)
  const { from, to } = reachOf(view, file, node, inner)
  const end = syntax.after[whole.node] as number
  const isInside = (one: { readonly node: number }): boolean => one.node >= from && one.node < to
  const own = starts.filter((one) => one.file === file && one.node > whole.node && one.node < end)
  return {
    function: name,
    within,
    calls: distinct((refs.get(file) ?? []).filter(isInside).map(({ key }) => key)).slice(0, MAX_CALLS),
    starts: distinct(own.filter(isInside).map((one) => one.name)),
    around: distinct(own.filter((one) => one.node < from).map((one) => one.name)),
  }
}

/** A field of a struct has to do with the functions that use it. */
function scopeOfField(view: PackageView, file: number, node: number): FindingScope | undefined {
  const { syntax, symbols } = view.file(file)
  const { keys, starts, refs } = open(view)
  const fields = new Set<number>()
  for (let at = node; at < (syntax.after[node] as number); at++) {
    const symbol = symbols[at] as number
    if (symbol >= 0 && view.pkg.symbols[symbol]?.kind === 'field') fields.add(symbol)
  }
  if (fields.size === 0) return undefined
  const users = new Set<number>()
  for (const one of view.nodesOf('selector_expression')) {
    const own = view.file(one.file)
    const field = childAt(own.syntax, one.node, 'field')
    const isUse = fields.has(own.symbols[one.node] as number) || fields.has(own.symbols[field ?? one.node] as number)
    const fn = isUse && !isTestFile(view, one.file) ? view.functionOf(one.file, one.node) : -1
    if (fn >= 0) users.add(fn)
  }
  if (users.size === 0) return undefined
  const holders = [...users].map((fn) => view.functions[fn] as FunctionView)
  return {
    within: holders.map(({ index }) => keys[index] as string),
    calls: distinct(
      holders.flatMap((fn) => {
        const end = view.file(fn.file).syntax.after[fn.node] as number
        return (refs.get(fn.file) ?? []).filter((one) => one.node > fn.node && one.node < end).map(({ key }) => key)
      }),
    ).slice(0, MAX_CALLS),
    starts: distinct(starts.filter(({ fn }) => users.has(fn)).map((one) => one.name)),
    around: [],
  }
}

/** The statement around the node; to the end of its function where it makes a variable. */
function reachOf(view: PackageView, file: number, node: number, fn: number): { from: number; to: number } {
  const { syntax } = view.file(file)
  const holder = view.functions[fn] as FunctionView
  let at = node
  for (; at > holder.node; at = syntax.parents[at] as number) {
    const kind = kindOf(syntax, at)
    if (/^(short_var_declaration|assignment_statement|var_declaration)$/.test(kind)) {
      return { from: at, to: syntax.after[holder.node] as number }
    }
    if (/_statement$|^(send|return|go|defer)/.test(kind) && kind !== 'block') {
      return { from: at, to: syntax.after[at] as number }
    }
  }
  return { from: node, to: syntax.after[node] as number }
}

function open(view: PackageView): Mapped {
  const made = known.get(view) ?? build(view)
  known.set(view, made)
  return made
}

function build(view: PackageView): Mapped {
  const keys = view.functions.map((fn) => keyOf(view, fn))
  const starts = startCalls.flatMap((name) =>
    view.callsOf(name).flatMap((call) => {
      const text = isTestFile(view, call.file) ? undefined : readText(view, call.file, call.args[1])
      return text === undefined ? [] : [{ file: call.file, node: call.node, fn: call.fn, name: text }]
    }),
  )
  const refs = listRefs(view, keys)
  const routes = findRoutes(view, keys, refs)
  const calls = view.functions.map(() => new Set<string>())
  for (const [file, list] of refs) {
    for (const { node, key } of list) {
      if (routes.taken.some((one) => one.file === file && node >= one.from && node < one.to)) continue
      const owner = view.functions[view.functionOf(file, node)]
      const from = owner?.node === node ? owner.parent : (owner?.index ?? -1)
      const set = calls[from]
      if (set !== undefined && set.size < MAX_CALLS && key !== keys[from]) set.add(key)
    }
  }
  const startsAnew = findNewStarts(view)
  const functions = view.functions.flatMap((fn): FunctionFact[] => {
    if (isTestFile(view, fn.file)) return []
    const spans = distinct(starts.filter((one) => one.fn === fn.index).map((one) => one.name))
    const rpc = rpcOf(fn)
    const own = [...(calls[fn.index] ?? [])]
    const serves = isHandler(fn)
    const isNew = startsAnew.has(fn.index)
    if (spans.length === 0 && own.length === 0 && rpc === undefined && !serves) return []
    return [
      {
        key: keys[fn.index] as string,
        calls: own,
        spans,
        ...(rpc === undefined ? {} : { rpc }),
        ...(serves ? { isHandler: true as const } : {}),
        ...(isNew ? { startsAnew: true as const } : {}),
      },
    ]
  })
  const map: PackageMap = {
    importPath: view.packagePath,
    functions,
    routes: routes.list,
    middlewares: findMiddlewares(view, keys, refs),
    ...findNames(view, keys),
  }
  return { map, keys, starts, refs }
}

/** Declarations that no caller's trace goes through. */
function findNewStarts(view: PackageView): ReadonlySet<number> {
  const found = new Set<number>()
  for (const call of view.calls) {
    if (!isBackground(call.name)) continue
    const fn = declarationOf(view, call.fn)
    if (fn !== undefined && !fn.parameters.some(({ type }) => carriedContext(type, 'x') !== undefined))
      found.add(fn.index)
  }
  for (const fn of view.functions)
    if (fn.kind !== 'literal' && !isHandler(fn) && isLifecycle(view, fn)) found.add(fn.index)
  return found
}

function keyOf(view: PackageView, fn: FunctionView): string {
  if (fn.kind === 'literal') return `${view.packagePath}#${runtimeNameOf(view, fn.index)}`
  return `${view.packagePath}.${fn.name.replace(/^\(\*?([^)]*)\)/, '$1')}`
}

/** Functions of this package and of others' where they are named, and literals, by file and in order. */
function listRefs(view: PackageView, keys: readonly string[]): Refs {
  const receivers = findReceivers(view)
  const refs = new Map<number, { node: number; key: string }[]>()
  view.pkg.files.forEach((file, index) => {
    if (isTestFile(view, index)) return
    const { syntax, symbols } = file
    const list: { node: number; key: string }[] = []
    for (let node = 0; node < syntax.nodeCount; node++) {
      const symbol = symbols[node] as number
      if (symbol >= 0) {
        const { kind, qualified, node: declared } = view.pkg.symbols[symbol] ?? {}
        if (kind !== 'function' && kind !== 'method') continue
        const own = view.functionBySymbol(symbol)
        if (own !== undefined) {
          if (declared !== node || own.file !== index) list.push({ node, key: keys[own.index] as string })
        } else if (qualified !== undefined && /^[^/]*\..*\//.test(qualified.replace(/^\(\*?/, ''))) {
          list.push({ node, key: view.nameAt(index, node) })
        }
      } else if (kindOf(syntax, node) === 'func_literal') {
        const fn = view.functionOf(index, node)
        if (fn >= 0) list.push({ node, key: keys[fn] as string })
      } else if (kindOf(syntax, node) === 'send_statement') {
        // What is sent goes on where it is received.
        const channel = symbolUnder(view, index, childAt(syntax, node, 'channel'))
        for (const fn of receivers.get(channel) ?? []) list.push({ node, key: keys[fn] as string })
      }
    }
    refs.set(index, list)
  })
  return refs
}

/** Functions that receive from a channel (`<-c`, `range c`), by its symbol. */
function findReceivers(view: PackageView): ReadonlyMap<number, ReadonlySet<number>> {
  const found = new Map<number, Set<number>>()
  view.pkg.files.forEach(({ syntax }, file) => {
    for (let node = 0; node < syntax.nodeCount; node++) {
      const kind = kindOf(syntax, node)
      const isReceive = kind === 'unary_expression' && view.text(file, node).startsWith('<-')
      if (!isReceive && kind !== 'range_clause') continue
      const channel = symbolUnder(view, file, childAt(syntax, node, isReceive ? 'operand' : 'right'))
      const fn = view.functionOf(file, node)
      if (channel < 0 || fn < 0) continue
      const set = found.get(channel) ?? new Set()
      found.set(channel, set.add(fn))
    }
  })
  return found
}

/** Of a variable or a field; -1 where it is neither. */
function symbolUnder(view: PackageView, file: number, node: number | undefined): number {
  if (node === undefined) return -1
  const { syntax, symbols } = view.file(file)
  const field = kindOf(syntax, node) === 'selector_expression' ? childAt(syntax, node, 'field') : undefined
  const own = symbols[node] as number
  const symbol = own >= 0 || field === undefined ? own : (symbols[field] as number)
  const { kind } = view.pkg.symbols[symbol] ?? {}
  return kind === 'field' || kind === 'variable' || kind === 'parameter' ? symbol : -1
}

type Taken = { readonly file: number; readonly from: number; readonly to: number }

function findRoutes(
  view: PackageView,
  keys: readonly string[],
  refs: Refs,
): { readonly list: PackageMap['routes']; readonly taken: readonly Taken[] } {
  const list: PackageMap['routes'][number][] = []
  const taken: Taken[] = []
  const add = (call: CallSite, name: string, handler: number | undefined) => {
    if (handler === undefined) return
    const to = view.file(call.file).syntax.after[handler] as number
    const inside = (refs.get(call.file) ?? []).filter((one) => one.node >= handler && one.node < to)
    // What stands within a literal is called by it, not by the router.
    const outermost = inside.filter((one) => !isWithinLiteral(view, call.file, one.node, handler))
    taken.push({ file: call.file, from: handler, to: handler + 1 })
    for (const one of outermost) taken.push({ file: call.file, from: one.node, to: one.node + 1 })
    list.push({ name, handlers: distinct(outermost.map(({ key }) => key)), from: keys[call.fn] ?? '' })
  }
  for (const call of view.calls) {
    if (isTestFile(view, call.file)) continue
    const wrapper = wrappers.find(([name]) => name.test(call.name))
    if (wrapper !== undefined) {
      const name = readText(view, call.file, call.args[wrapper[2]])
      if (name !== undefined) add(call, name, call.args[wrapper[1]])
      continue
    }
    if (!routers.test(call.lastName) || call.args.length < 2) continue
    const first = readText(view, call.file, call.args[0])
    if (first === undefined) continue
    const isVerbFirst = verbs.test(first)
    const path = isVerbFirst ? readText(view, call.file, call.args[1]) : first
    if (path === undefined || !/^([A-Z]+ )?[\w.*-]*\//.test(path)) continue
    const verb = verbs.test(call.lastName) ? call.lastName.toUpperCase() : isVerbFirst ? first.toUpperCase() : ''
    add(call, verb === '' ? path : `${verb} ${path}`, call.args.at(-1))
  }
  return { list, taken }
}

function isWithinLiteral(view: PackageView, file: number, node: number, above: number): boolean {
  const { syntax } = view.file(file)
  for (let at = syntax.parents[node] as number; at >= above; at = syntax.parents[at] as number) {
    if (kindOf(syntax, at) === 'func_literal') return true
  }
  return false
}

/** `engine.Use(f)`, functions that are given a handler to wrap, and types of handlers and transports that are made. */
function findMiddlewares(view: PackageView, keys: readonly string[], refs: Refs): PackageMap['middlewares'] {
  const found: PackageMap['middlewares'][number][] = []
  const wraps = new Set(
    view.functions
      .filter((fn) => fn.parameters.some(({ type }) => /^net\/http\.Handler(Func)?$/.test(type)))
      .map(({ index }) => keys[index]),
  )
  const methods = new Map<string, string>()
  for (const fn of view.functions) {
    if (fn.kind === 'method' && /\)\.(RoundTrip|ServeHTTP)$/.test(fn.name)) {
      methods.set(fn.name.replace(/^\(\*?|\)\..*$/g, ''), keys[fn.index] as string)
    }
  }
  for (const { file, node } of methods.size === 0 ? [] : view.nodesOf('composite_literal')) {
    const type = childAt(view.file(file).syntax, node, 'type')
    const own = type === undefined ? undefined : methods.get(view.text(file, type))
    const from = keys[view.functionOf(file, node)]
    if (own !== undefined && from !== undefined) found.push({ function: own, from })
  }
  // Of each file the functions that wrap, by where they are named.
  const wrappedAt = new Map(
    [...refs].map(([file, list]) => [
      file,
      new Map(list.filter(({ key }) => wraps.has(key)).map(({ node, key }) => [node, key])),
    ]),
  )
  for (const call of view.calls) {
    const from = keys[call.fn]
    if (from === undefined) continue
    if (call.lastName === 'Use' && !isTestFile(view, call.file)) {
      const to = view.file(call.file).syntax.after[call.node] as number
      for (const one of refs.get(call.file) ?? []) {
        if (one.node > call.node && one.node < to) found.push({ function: one.key, from })
      }
      continue
    }
    const named = wrappedAt.get(call.file)
    if (named === undefined || named.size === 0 || isTestFile(view, call.file)) continue
    const own = named.get(childAt(view.file(call.file).syntax, call.node, 'function') ?? -1)
    if (own !== undefined) found.push({ function: own, from })
  }
  return found
}

/** `semconv.ServiceName("cart")` and its like; where a parameter stands there, who gives it. */
function findNames(view: PackageView, keys: readonly string[]): Pick<PackageMap, 'services' | 'namers' | 'given'> {
  const services: PackageMap['services'][number][] = []
  const namers: PackageMap['namers'][number][] = []
  const given: PackageMap['given'][number][] = []
  for (const call of view.calls) {
    if (isTestFile(view, call.file)) continue
    const named = namedArgument(view, call)
    if (named !== undefined) {
      const text = readText(view, call.file, named)
      if (text !== undefined && !text.includes('*')) services.push(placed(view, call, text))
      const fn = view.functions[call.fn]
      const symbol = view.file(call.file).symbols[named] as number
      const argument = symbol < 0 || fn === undefined ? -1 : fn.parameters.findIndex((one) => one.symbol === symbol)
      if (argument >= 0 && fn !== undefined) namers.push({ function: keys[fn.index] as string, argument })
      continue
    }
    if (given.length >= MAX_GIVEN) continue
    const called = childAt(view.file(call.file).syntax, call.node, 'function')
    const symbol = called === undefined ? -1 : (view.file(call.file).symbols[called] as number)
    const own = symbol < 0 ? undefined : view.functionBySymbol(symbol)
    const key = own === undefined ? call.name : (keys[own.index] as string)
    if (own === undefined && !/^[^/]*\..*\//.test(key)) continue
    call.args.forEach((arg, argument) => {
      const text =
        view.kind(call.file, arg).endsWith('_literal') || view.kind(call.file, arg) === 'identifier'
          ? readText(view, call.file, arg)
          : undefined
      if (text === undefined || text.includes('*') || text.length > 100 || !/^[\w./:-]+$/.test(text)) return
      given.push({ ...placed(view, call, text), function: key, argument })
    })
  }
  return { services, namers, given }
}

function namedArgument(view: PackageView, call: CallSite): number | undefined {
  if (/\/semconv\/v[\d.]+\.ServiceName$/.test(call.name)) return call.args[0]
  const text = view.text(call.file, childAt(view.file(call.file).syntax, call.node, 'function') ?? call.node)
  if (/^\w+\.ServiceNameKey\.String$/.test(text)) return call.args[0]
  const first = readText(view, call.file, call.args[0])
  if (/attribute\.String$/.test(call.name) && first === 'service.name') return call.args[1]
  if (/^(os|syscall)\.Setenv$/.test(call.name) && first === 'OTEL_SERVICE_NAME') return call.args[1]
  return undefined
}

function placed(view: PackageView, call: CallSite, name: string): { name: string; file: string; line: number } {
  const { syntax } = view.file(call.file)
  return { name, file: syntax.path, line: positionOf(syntax, call.node).line }
}

/** `func (s *server) Reserve(ctx context.Context, in *pb.Request) …` */
function rpcOf(fn: FunctionView): string | undefined {
  const [first, second] = fn.parameters
  const name = fn.name.slice(fn.name.lastIndexOf('.') + 1)
  if (fn.kind !== 'method' || fn.parameters.length !== 2 || !/^[A-Z]/.test(name)) return undefined
  return first?.type === 'context.Context' && second?.type.startsWith('*') === true ? name : undefined
}

function distinct(list: readonly string[]): string[] {
  return [...new Set(list)]
}
