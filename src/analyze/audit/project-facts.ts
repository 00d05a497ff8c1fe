/**
 * Facts of a package for rules that look further than one, and the project as the sum of them: which packages there are,
 * what a command reaches through its imports, who uses what. Plain data, so that packages can be read on other threads.
 */

import type { AuditPlace, PackageFacts } from '../../model/trust/audit-data.ts'
import { kindOf, positionOf, textOf } from '../../model/trust/go-source.ts'
import { declarationOf } from './intent.ts'
import { type CallSite, isAssigned, type PackageView } from './package-view.ts'
import { givenBy } from './queries.ts'
import { findShutdownResults } from './shutdown-results.ts'

/** Distinct names kept of one package. */
const MAX_USES = 20_000
const MAX_EXCERPT = 240

export type ProjectView = {
  readonly packages: readonly PackageFacts[]
  /** A package of the project and those of the project that it imports, all the way down. */
  reach(pkg: PackageFacts): readonly PackageFacts[]
  /** First use of a name in these packages; of a pattern, the first that fits. */
  findUse(packages: readonly PackageFacts[], name: string | RegExp): FoundUse | undefined
  imports(packages: readonly PackageFacts[], path: RegExp): boolean
}

export type FoundUse = {
  readonly pkg: PackageFacts
  readonly name: string
  readonly place: AuditPlace
  readonly symbol: string
}

export function placeOf(view: PackageView, file: number, node: number): AuditPlace {
  const { syntax } = view.file(file)
  const { line, column } = positionOf(syntax, node)
  const start = syntax.lineStarts[line - 1] as number
  const end = line < syntax.lineStarts.length ? (syntax.lineStarts[line] as number) - 1 : syntax.text.length
  const excerpt = syntax.text.slice(start, Math.min(end, start + MAX_EXCERPT)).replace(/\r$/, '')
  const last = syntax.ends[node] as number
  const sameLine = last <= end
  const width = countBytes(syntax.text.slice(syntax.starts[node], last))
  return {
    file: syntax.path,
    line,
    column,
    ...(sameLine ? { endLine: line, endColumn: column + width } : {}),
    excerpt,
  }
}

/** Of the node's last character: a function's closing brace. */
export function endPlaceOf(view: PackageView, file: number, node: number): AuditPlace {
  const { syntax } = view.file(file)
  const offset = Math.max(0, (syntax.ends[node] as number) - 1)
  let line = positionOf(syntax, node).line
  while (line < syntax.lineStarts.length && (syntax.lineStarts[line] as number) <= offset) line++
  const start = syntax.lineStarts[line - 1] as number
  const end = line < syntax.lineStarts.length ? (syntax.lineStarts[line] as number) - 1 : syntax.text.length
  const excerpt = syntax.text.slice(start, Math.min(end, start + MAX_EXCERPT)).replace(/\r$/, '')
  return { file: syntax.path, line, column: countBytes(syntax.text.slice(start, offset)) + 1, excerpt }
}

function countBytes(text: string): number {
  return new TextEncoder().encode(text).length
}

/** `(*Server).handle` around a node; '' outside functions. */
export function symbolAround(view: PackageView, file: number, node: number): string {
  return declarationOf(view, view.functionOf(file, node))?.name ?? ''
}

export function serviceOf(view: PackageView): string {
  const path = view.pkg.module?.path ?? view.pkg.importPath ?? view.pkg.directory
  const parts = path.split('/').filter((part) => part !== '' && !/^v\d+$/.test(part))
  return parts.at(-1) ?? view.pkg.name
}

/** The name; with ` =` behind where a default of net/http is replaced, or is given a transport. */
function usedName(view: PackageView, index: number, node: number): string {
  const name = view.nameAt(index, node)
  if (name !== 'net/http.DefaultTransport' && name !== 'net/http.DefaultClient') return name
  const file = view.file(index)
  const parent = file.syntax.parents[node] as number
  const isField = parent >= 0 && kindOf(file.syntax, parent) === 'selector_expression'
  return isAssigned(file, node) || (isField && isAssigned(file, parent)) ? `${name} =` : name
}

export function gatherFacts(view: PackageView): PackageFacts {
  const { pkg } = view
  const uses = new Map<string, { place: AuditPlace; symbol: string }>()
  const imports = new Set<string>()
  for (const [index, file] of pkg.files.entries()) {
    if (file.isTest) continue
    for (const { path } of file.imports) imports.add(path)
    const { syntax } = file
    for (let node = 0; node < syntax.nodeCount && uses.size < MAX_USES; node++) {
      const isLiteral = view.kind(index, node) === 'composite_literal'
      if (!isLiteral && (file.symbols[node] as number) < 0) continue
      const name = isLiteral ? view.typeAt(index, node) : usedName(view, index, node)
      if (name === '' || (!name.includes('/') && !/^(context|net|os|log|time)\./.test(name))) continue
      if (uses.has(name)) continue
      uses.set(name, { place: placeOf(view, index, node), symbol: symbolAround(view, index, node) })
    }
  }
  for (const { file, parameters } of view.functions) {
    for (const { type } of parameters) {
      const plain = type.replace(/^\*/, '')
      if (plain.includes('/') && !view.file(file).isTest && !uses.has(plain))
        uses.set(plain, { place: placeOf(view, file, 0), symbol: '' })
    }
  }
  for (const [name, node] of findSpanHabits(view)) {
    uses.set(name, { place: placeOf(view, node.file, node.node), symbol: symbolAround(view, node.file, node.node) })
  }
  for (const { fn, name } of findShutdownResults(view)) {
    uses.set(name, { place: placeOf(view, fn.file, fn.node), symbol: fn.name })
  }
  const main =
    pkg.name !== 'main' ? undefined : view.functions.find((fn) => fn.kind === 'function' && fn.name === 'main')
  return {
    directory: pkg.directory,
    name: pkg.name,
    importPath: view.packagePath,
    service: serviceOf(view),
    ...(pkg.module?.goVersion === undefined ? {} : { goVersion: pkg.module.goVersion }),
    imports: [...imports],
    uses: [...uses].map(([name, use]) => ({ name, ...use })),
    requires: (pkg.module?.requires ?? []).map(({ path }) => path),
    ...(main === undefined ? {} : { main: placeOf(view, main.file, nameNodeOf(view, main.file, main.node)) }),
  }
}

const tracer = 'go.opentelemetry.io/otel/trace'
/** Of packages: spans that live in their contexts alone, and spans that are taken from contexts to be ended. */
export const keepsSpan = /^otel keeps a span in its context$/
export const endsSpan = /^otel ends a span of its context$/

function findSpanHabits(view: PackageView): ReadonlyMap<string, CallSite> {
  const found = new Map<string, CallSite>()
  const kept = view.callsOf(`${tracer}.Tracer.Start`).find((call) => {
    const [context, span] = givenBy(view, call.file, call.node)?.names ?? []
    if (context === undefined || span === undefined) return false
    return view.text(call.file, span) === '_' && view.text(call.file, context) !== '_'
  })
  if (kept !== undefined) found.set('otel keeps a span in its context', kept)
  const [borrowed] = view.callsOf(`${tracer}.SpanFromContext`)
  if (borrowed !== undefined && view.calls.some(({ lastName }) => lastName === 'End'))
    found.set('otel ends a span of its context', borrowed)
  return found
}

function nameNodeOf(view: PackageView, file: number, fn: number): number {
  const { syntax } = view.file(file)
  for (let node = fn + 1; node < (syntax.after[fn] as number); node++) {
    if (textOf(syntax, node) === 'main') return node
  }
  return fn
}

const spanParts =
  /^go\.opentelemetry\.io\/(otel\/(trace|sdk\/trace|propagation|bridge|exporters\/(otlp\/otlptrace|jaeger|zipkin|stdout\/stdouttrace))|contrib\/(instrumentation\/(?!runtime|host)|propagators|samplers|otelconf|config|exporters\/autoexport)|auto)(\/|$)/

/** The project makes spans or sets them up; one that has OpenTelemetry for its metrics alone does not. */
export function makesTraces(project: ProjectView): boolean {
  return (
    project.imports(project.packages, spanParts) ||
    project.findUse(
      project.packages,
      /^go\.opentelemetry\.io\/otel\.(Tracer|GetTracerProvider|SetTracerProvider|GetTextMapPropagator)$/,
    ) !== undefined
  )
}

export function viewProject(packages: readonly PackageFacts[]): ProjectView {
  const byPath = new Map(packages.map((one) => [one.importPath, one]))
  const reached = new Map<PackageFacts, readonly PackageFacts[]>()
  const tables = new Map<PackageFacts, Map<string, PackageFacts['uses'][number]>>()
  const tableOf = (pkg: PackageFacts): Map<string, PackageFacts['uses'][number]> => {
    const known = tables.get(pkg)
    if (known !== undefined) return known
    const made = new Map(pkg.uses.map((use) => [use.name, use]))
    tables.set(pkg, made)
    return made
  }
  const uses: Memory<FoundUse | undefined> = new WeakMap()
  const ofPackage: Memory<PackageFacts['uses'][number] | undefined> = new WeakMap()
  const imported: Memory<boolean> = new WeakMap()
  return {
    packages,
    reach(pkg) {
      const known = reached.get(pkg)
      if (known !== undefined) return known
      const found = new Set<PackageFacts>([pkg])
      for (const one of found) {
        for (const path of one.imports) {
          const other = byPath.get(path)
          if (other !== undefined) found.add(other)
        }
      }
      const list = [...found]
      reached.set(pkg, list)
      return list
    },
    findUse: (among, name) =>
      // Asked for each package of the project, with the same few patterns.
      remember(uses, among, `${name}`, () => {
        for (const pkg of among) {
          const use =
            typeof name === 'string'
              ? tableOf(pkg).get(name)
              : remember(ofPackage, pkg.uses, `${name}`, () => pkg.uses.find((one) => name.test(one.name)))
          if (use !== undefined) return { pkg, ...use }
        }
        return undefined
      }),
    imports: (among, path) =>
      remember(imported, among, `${path}`, () => among.some((pkg) => pkg.imports.some((one) => path.test(one)))),
  }
}

type Memory<Value> = WeakMap<object, Map<string, Value>>

function remember<Value>(memory: Memory<Value>, of: object, key: string, make: () => Value): Value {
  const known = memory.get(of) ?? new Map<string, Value>()
  if (!memory.has(of)) memory.set(of, known)
  if (known.has(key)) return known.get(key) as Value
  const made = make()
  known.set(key, made)
  return made
}
