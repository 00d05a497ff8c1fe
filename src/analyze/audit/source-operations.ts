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
  const spansOf = (key: string): readonly string[] => functions.get(key)?.spans ?? []
  return {
    spanNames: [...new Set([...functions.values()].flatMap(({ spans }) => spans))].sort().slice(0, MAX_SPAN_NAMES),
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
