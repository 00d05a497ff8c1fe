/**
 * Which services run which source. A command of the source is a service where its code sets that service's name as text;
 * else where spans of a service come from a scope of the command's own packages, or name functions of them; else where the
 * process's executable, or the service itself, has the command's name. A finding is evidence for the services whose
 * command is made of its package. Where nothing of this holds, the source is nobody's: said, never guessed.
 */
import type { Finding } from '../../model/contract.ts'
import type { SpanResource, SpanTable } from '../../model/spans.ts'
import { type BreakClass, breakClasses } from '../../model/trust/break-classes.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
import type { AuditProgram } from '../../model/trust/source-map.ts'

export type AuditedSource = {
  /** As it was given, for people. */
  readonly name: string
  readonly findings: readonly Finding[]
  readonly programs: readonly AuditProgram[]
  readonly spanNames: readonly string[]
  /** Paths of its modules. */
  readonly modules: readonly string[]
  /** Said by whoever gave it; the only ones then. */
  readonly services?: readonly string[]
}

export type ProgramServices = {
  readonly program: AuditProgram
  readonly services: readonly string[]
  /** How it is known; '' where it is not. */
  readonly by: string
}

export type NamedSource = {
  /** One place per finding; undefined where it is of no break class, or of nobody's. */
  readonly evidence: readonly (SourceEvidence | undefined)[]
  readonly programs: readonly ProgramServices[]
  /** Service names that the code sets and of which there are no spans. */
  readonly unseen: readonly string[]
}

const classes: ReadonlySet<string> = new Set(breakClasses.map(({ name }) => name))
/** Rows looked at for names of functions. */
const MAX_LOOKS = 50_000

export function nameSource(source: AuditedSource, spans: SpanTable): NamedSource {
  const seen = new Set(spans.resources.map(({ service }) => service))
  const programs = source.programs.map((program) => nameProgram(program, source, spans, seen))
  const all = [...new Set(programs.flatMap(({ services }) => services))]
  const spanNames = new Set(source.spanNames)
  const evidence = source.findings.map((finding): SourceEvidence | undefined => {
    if (!classes.has(finding.rule)) return undefined
    const services = source.services ?? servicesOf(finding, programs, all)
    return services.length === 0 ? undefined : toEvidence(finding, services, spanNames, source.name)
  })
  const named = source.programs.flatMap(({ services }) => services.map(({ name }) => name))
  return { evidence, programs, unseen: [...new Set(named)].filter((name) => !seen.has(name)) }
}

/** Of the commands that are made of the finding's package; it is told by the folder of its file. */
function servicesOf(finding: Finding, programs: readonly ProgramServices[], all: readonly string[]): readonly string[] {
  const path = packageOf(finding, programs)
  if (path === undefined) return all
  const mine = programs.filter(({ program }) => program.packages.includes(path))
  // A part of which one command is not known may be anybody's.
  if (mine.length === 0 || mine.some(({ services }) => services.length === 0)) return []
  return [...new Set(mine.flatMap(({ services }) => services))]
}

function packageOf({ evidence: [first] }: Finding, programs: readonly ProgramServices[]): string | undefined {
  const file = first.file ?? ''
  const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : ''
  const own = programs.find(({ program }) => program.directory === folder)
  if (own !== undefined) return own.program.importPath
  if (folder === '') return undefined
  const paths = new Set(programs.flatMap(({ program }) => program.packages))
  const fitting = [...paths].filter((path) => path === folder || path.endsWith(`/${folder}`))
  return fitting.length === 1 ? fitting[0] : undefined
}

function toEvidence(
  finding: Finding,
  services: readonly string[],
  known: ReadonlySet<string>,
  directory: string,
): SourceEvidence {
  const [first] = finding.evidence
  const folder = directory.replace(/^\.\/|\/+$/g, '')
  return {
    class: finding.rule as BreakClass,
    services,
    // As a person opens it from where the command was run.
    file: `${folder === '.' || folder === '' ? '' : `${folder}/`}${first.file ?? first.source}`,
    line: first.line ?? 0,
    ...(first.column === undefined ? {} : { column: first.column }),
    ...(first.function === undefined ? {} : { function: first.function }),
    ...(first.excerpt === undefined ? {} : { excerpt: first.excerpt }),
    title: finding.title,
    starts: first.starts ?? [],
    operations: first.operations ?? [],
    known,
  }
}

function nameProgram(
  program: AuditProgram,
  { programs, modules }: AuditedSource,
  spans: SpanTable,
  seen: ReadonlySet<string>,
): ProgramServices {
  const named = program.services.map(({ name }) => name).filter((name) => seen.has(name))
  if (named.length > 0) return { program, services: named, by: 'the name that its code sets' }
  // Names that are set, and of other services: then scopes and folders would only mislead.
  if (program.services.length > 0 && programs.length > 1) return { program, services: [], by: '' }
  const scoped = findByScope(program, programs, spans)
  if (scoped.length > 0) return { program, services: scoped, by: 'the scope of its spans' }
  const names = new Set([nameOf(program.directory), nameOf(program.importPath)])
  if (programs.length === 1) for (const path of modules) names.add(nameOf(path))
  names.delete('')
  const executable = spans.resources.filter(({ attributes }) => names.has(executableOf(attributes)))
  if (executable.length > 0) return { program, services: distinct(executable), by: "the executable's name" }
  const same = [...seen].filter((name) => names.has(plain(name)))
  return same.length > 0 ? { program, services: same, by: 'its folder’s name' } : { program, services: [], by: '' }
}

/** Scopes are called like packages; only packages that no other command has tell one from the other. */
function findByScope(program: AuditProgram, programs: readonly AuditProgram[], spans: SpanTable): string[] {
  const shared = new Set(programs.filter((one) => one !== program).flatMap(({ packages }) => packages))
  const own = program.packages.filter((path) => !shared.has(path) && path.includes('/'))
  const scopes = new Set<number>()
  spans.scopes.forEach(({ name }, index) => {
    if (own.includes(name)) scopes.add(index)
  })
  const key = spans.strings.indexOf('code.function.name')
  const services = new Set<string>()
  if (scopes.size === 0 && key < 0) return []
  const step = Math.max(1, Math.floor(spans.count / MAX_LOOKS))
  for (let row = 0; row < spans.count; row += step) {
    const service = spans.resources[spans.resourceOf[row] as number]?.service ?? ''
    if (scopes.has(spans.scopeOf[row] as number)) services.add(service)
    else if (key >= 0 && !services.has(service) && isOwnFunction(spans, row, key, own)) services.add(service)
  }
  return [...services]
}

function isOwnFunction(spans: SpanTable, row: number, key: number, own: readonly string[]): boolean {
  for (let at = spans.attributeStart[row] as number; at < (spans.attributeStart[row + 1] as number); at++) {
    if (spans.attributeKeys[at] !== key) continue
    const name = spans.strings[spans.attributeValues[at] as number] ?? ''
    return own.some((path) => name.startsWith(`${path}.`))
  }
  return false
}

function executableOf(attributes: SpanResource['attributes']): string {
  const value = attributes['process.executable.name'] ?? attributes['process.executable.path'] ?? ''
  return nameOf(String(value).replace(/\.exe$/, ''))
}

/** Last part of a path that is no major version, without what is written one way or another. */
function nameOf(path: string): string {
  return plain(
    path
      .split(/[/\\]/)
      .filter((part) => part !== '' && !/^v\d+$/.test(part))
      .at(-1) ?? '',
  )
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

function distinct(resources: readonly SpanResource[]): string[] {
  return [...new Set(resources.map(({ service }) => service))]
}
