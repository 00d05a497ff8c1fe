/**
 * From the maps of all packages to what a finding has to do with: the spans that begin below it, and the spans and routes
 * it lies under. And the commands of the source, with the service names that their code sets. Calls are followed for a
 * bounded number of steps; what an interface hides is not found, and is then not claimed.
 */
import type { AuditProgram, FindingScope, FunctionFact, NamedBy, PackageMap } from '../../model/trust/source-map.ts'
import type { ProjectView } from './project-facts.ts'

const MAX_STEPS = 12
const MAX_FUNCTIONS = 2_000
/** Of one finding. */
const MAX_NAMES = 40
/** Of the whole source. */
const MAX_SPAN_NAMES = 5_000

export type SourceOperations = {
  /** Names of all spans that the source starts, as far as they can be read. */
  readonly spanNames: readonly string[]
  /** A request, a span or a method of gRPC leads to it, calls through interfaces of the source followed; or the source
   *  has none of these, as a library, and nothing is known. */
  isTraced(scope: FindingScope): boolean
  describe(scope: FindingScope): { readonly starts: readonly string[]; readonly operations: readonly string[] }
}

export function openSourceOperations(maps: readonly PackageMap[]): SourceOperations {
  const functions = new Map<string, FunctionFact>()
  const callers = new Map<string, string[]>()
  const routesOf = new Map<string, string[]>()
  const routesFrom = new Map<string, string[]>()
  const wraps = new Map<string, string[]>()
  for (const map of maps) {
    for (const fact of map.functions) {
      functions.set(fact.key, fact)
      for (const call of fact.calls) push(callers, call, fact.key)
    }
    for (const { name, handlers, from } of map.routes) {
      for (const handler of handlers) push(routesOf, handler, name)
      push(routesFrom, from, name)
    }
    for (const one of map.middlewares) push(wraps, one.function, one.from)
  }
  const isEntry = (key: string): boolean => {
    const fact = functions.get(key)
    return fact?.rpc !== undefined || fact?.isHandler === true || routesOf.has(key) || wraps.has(key)
  }
  const hasTraces = [...functions.values()].some(({ key, spans }) => spans.length > 0 || isEntry(key))
  const callersThrough = openInterfaces(functions, callers)
  const spansOf = (key: string): readonly string[] => functions.get(key)?.spans ?? []
  return {
    spanNames: [...new Set([...functions.values()].flatMap(({ spans }) => spans))].sort().slice(0, MAX_SPAN_NAMES),
    isTraced(scope) {
      if (!hasTraces || scope.around.length > 0) return true
      const own = new Set(scope.within)
      const above = walk(scope.within, (key) =>
        functions.get(key)?.startsAnew === true ? [] : [...(callers.get(key) ?? []), ...callersThrough(key)],
      )
      return above.some((key) => isEntry(key) || (!own.has(key) && spansOf(key).length > 0))
    },
    describe(scope) {
      const below = walk(scope.calls, (key) => functions.get(key)?.calls ?? [])
      const above = walk(scope.within, (key) => callers.get(key) ?? [])
      const own = new Set(scope.within)
      const operations = above.flatMap((key) => [
        ...(routesOf.get(key) ?? []),
        ...(wraps.get(key) ?? []).flatMap((from) => routesFrom.get(from) ?? []),
        ...(own.has(key) ? [] : spansOf(key)),
        ...(functions.get(key)?.rpc === undefined ? [] : [`*/${functions.get(key)?.rpc}`]),
      ])
      return {
        starts: take([...scope.starts, ...below.flatMap(spansOf)]),
        operations: take([...scope.around, ...operations]),
      }
    },
  }
}

/** Implementations beyond these are not told apart by name. */
const MAX_IMPLEMENTATIONS = 6
/** Methods that call nothing are not among the facts: a type need not have all. */
const LEAST_SHARE = 0.7

/**
 * Calls of methods that no function of the source has, `example.com/shop.Store.Get`, are of interfaces. A type stands
 * behind one when it has (nearly) all methods that are called on it; who calls it there is a caller of the type's method.
 */
function openInterfaces(
  functions: ReadonlyMap<string, FunctionFact>,
  callers: ReadonlyMap<string, readonly string[]>,
): (key: string) => readonly string[] {
  const methodsOf = new Map<string, Set<string>>()
  for (const key of functions.keys()) addMethod(methodsOf, key)
  const called = new Map<string, Set<string>>()
  for (const key of callers.keys()) if (!functions.has(key)) addMethod(called, key)
  const havers = new Map<string, string[]>()
  for (const [type, methods] of methodsOf) for (const method of methods) push(havers, method, type)
  const interfaces = new Map<string, string[]>()
  for (const [type, methods] of called) {
    const counts = new Map<string, number>()
    for (const one of [...methods].flatMap((method) => havers.get(method) ?? []))
      counts.set(one, (counts.get(one) ?? 0) + 1)
    const behind = [...counts].filter(([, count]) => count >= methods.size * LEAST_SHARE)
    if (behind.length > MAX_IMPLEMENTATIONS) continue
    for (const [own] of behind) push(interfaces, own, type)
  }
  return (key) => {
    const [type, method] = splitMethod(key) ?? []
    return (type === undefined ? [] : (interfaces.get(type) ?? [])).flatMap(
      (one) => callers.get(`${one}.${method}`) ?? [],
    )
  }
}

function addMethod(types: Map<string, Set<string>>, key: string): void {
  const [type, method] = splitMethod(key) ?? []
  if (type === undefined || method === undefined) return
  const known = types.get(type)
  if (known === undefined) types.set(type, new Set([method]))
  else known.add(method)
}

/** `example.com/shop/cart.Server.Get` → type and method; undefined of functions and literals. */
function splitMethod(key: string): readonly [type: string, method: string] | undefined {
  const last = key.lastIndexOf('.')
  if (key.includes('#') || last < 0) return undefined
  const type = key.slice(0, last)
  return type.indexOf('.', type.lastIndexOf('/') + 1) < 0 ? undefined : [type, key.slice(last + 1)]
}

function push(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** The nearest first. */
function walk(from: readonly string[], next: (key: string) => readonly string[]): string[] {
  const seen = new Set(from)
  let edge: readonly string[] = from
  for (let step = 0; step < MAX_STEPS && edge.length > 0 && seen.size < MAX_FUNCTIONS; step++) {
    const found: string[] = []
    for (const key of edge.flatMap(next)) {
      if (seen.has(key) || seen.size >= MAX_FUNCTIONS) continue
      seen.add(key)
      found.push(key)
    }
    edge = found
  }
  return [...seen]
}

function take(names: readonly string[]): string[] {
  return [...new Set(names)].slice(0, MAX_NAMES)
}

/** Commands, with the names of services that the packages they are made of set, or give to a function that sets it. */
export function findPrograms(project: ProjectView, maps: readonly PackageMap[]): AuditProgram[] {
  const byPath = new Map(maps.map((map) => [map.importPath, map]))
  const namers = new Set(maps.flatMap((map) => map.namers.map((one) => `${one.argument} ${one.function}`)))
  return project.packages.flatMap((pkg): AuditProgram[] => {
    if (pkg.main === undefined) return []
    const packages = project.reach(pkg).map(({ importPath }) => importPath)
    const named = packages.flatMap((path): readonly NamedBy[] => {
      const map = byPath.get(path)
      const given = map?.given.filter((one) => namers.has(`${one.argument} ${one.function}`)) ?? []
      return [...(map?.services ?? []), ...given.map(({ name, file, line }) => ({ name, file, line }))]
    })
    const services = [...new Map(named.map((one) => [one.name, one])).values()]
    return [{ importPath: pkg.importPath, directory: pkg.directory, packages, services: services.slice(0, MAX_NAMES) }]
  })
}
