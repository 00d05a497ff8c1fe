/**
 * Classes of a whole program, told from what its packages use: 4 no propagator, 5 two commands of the project with
 * propagators that share nothing, 13 spans that nothing flushes, and servers without Extract (3). A command is a package
 * main with all of the project that it imports; where the SDK is set up in code that is not at hand, nothing is said.
 */
import type { PackageFacts } from '../../model/trust/audit-data.ts'
import { childAt } from '../../model/trust/go-source.ts'
import { isExampleFolder, isTestFile } from '../audit/intent.ts'
import type { CallSite, PackageView } from '../audit/package-view.ts'
import type { ProjectView } from '../audit/project-facts.ts'
import { calledFunction, givenBy, isAlone } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'
import { readShutdownResult, shutsDown } from '../audit/shutdown-results.ts'

const otel = 'go.opentelemetry.io/otel'
const sdkProvider = `${otel}/sdk/trace.NewTracerProvider`
/** Sets a propagator, or all of the SDK. */
const setsPropagator = new RegExp(
  `^(${otel}\\.SetTextMapPropagator|go\\.opentelemetry\\.io/contrib/propagators/autoprop\\.|github\\.com/(uptrace/uptrace-go|honeycombio/otel-config-go|signalfx/splunk-otel-go|lightstep/otel-launcher-go|agoda-com/opentelemetry-go)|go\\.opentelemetry\\.io/contrib/(otelconf|config)|.*\\.(WithPropagators|SetTextMapPropagator)$|.*/otelconfig\\.)`,
)
const crossesProcess =
  /^(net\/http\.(ListenAndServe|Server|HandleFunc|Handle|NewServeMux|Get|Post|Client|NewRequest|NewRequestWithContext|DefaultClient)|google\.golang\.org\/grpc\.|github\.com\/(gin-gonic|labstack|gofiber|go-chi|gorilla\/mux|nats-io|segmentio|IBM\/sarama|Shopify\/sarama|twmb|rabbitmq)|go\.opentelemetry\.io\/contrib\/instrumentation)/

function commandsOf(project: ProjectView): readonly PackageFacts[] {
  const commands = project.packages.filter(({ main }) => main !== undefined)
  // Examples are read, not run; where there is nothing else they are what is asked about.
  const real = commands.filter(({ directory }) => !isExampleFolder(directory))
  return real.length > 0 ? real : commands
}

export const noPropagator: AuditRule = {
  id: 'no-propagator',
  classNumber: 4,
  title: 'No global propagator is set',
  severity: 'high',
  saysWhen:
    'a command sets up the SDK’s TracerProvider and talks to others, and nothing in it calls otel.SetTextMapPropagator, imports autoprop, ' +
    'or passes WithPropagators.',
  fix: 'otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})).',
  checkProject({ project, report }) {
    const told = new Set<string>()
    const setsOne = placesOf(project, findSetup, setsPropagator)
    const isSetSomewhere = project.findUse(project.packages, setsPropagator) !== undefined
    for (const command of commandsOf(project)) {
      const reach = project.reach(command)
      const setup = findSetup(project, reach)
      if (setup === undefined || project.findUse(reach, setsPropagator) !== undefined) continue
      const crossing = project.findUse(reach, crossesProcess)
      const key = `${setup.place.file}:${setup.place.line}`
      if (crossing === undefined || told.has(key)) continue
      told.add(key)
      report(setup.place, {
        pkg: setup.pkg,
        message: `${command.importPath} sets up tracing and no propagator: neither inject nor extract does anything`,
        // Another command with the same set-up sets one: this one may not run the set-up at all.
        ...(setsOne.has(key) || project.findUse(reach, byHand) !== undefined
          ? { confidence: 'possible', severity: 'low' }
          : { confidence: 'probable' }),
        // The project knows how: a command that only reaches the package of the set-up may not run it.
        ...(isSetSomewhere ? { confidence: 'possible', severity: 'info' } : {}),
      })
    }
  },
}

/** Names of those who write and read the headers themselves. */
const byHand = /(SpanContext\w*(W3C|Header|HTTP|Http)|(W3C|Header|HTTP|Http)\w*SpanContext|[tT]race[pP]arent)\w*$/

type Search = (project: ProjectView, reach: readonly PackageFacts[]) => ReturnType<ProjectView['findUse']>

function findSetup(project: ProjectView, reach: readonly PackageFacts[]): ReturnType<ProjectView['findUse']> {
  return project.findUse(reach, `${otel}.SetTracerProvider`) ?? project.findUse(reach, sdkProvider)
}

/** Where the commands that use this too have their set-up: `file:line`. */
function placesOf(project: ProjectView, search: Search, name: RegExp): ReadonlySet<string> {
  const found = new Set<string>()
  for (const command of commandsOf(project)) {
    const reach = project.reach(command)
    const made = search(project, reach)
    if (made !== undefined && project.findUse(reach, name) !== undefined)
      found.add(`${made.place.file}:${made.place.line}`)
  }
  return found
}

const formats: readonly (readonly [format: string, name: RegExp])[] = [
  ['W3C', /^go\.opentelemetry\.io\/otel\/propagation\.TraceContext$/],
  ['B3', /propagators\/b3\.New$/],
  ['Jaeger', /propagators\/jaeger\.Jaeger$/],
  ['OpenTracing', /propagators\/ot\.OT$/],
  ['X-Ray', /propagators\/aws\/xray\.Propagator$/],
]

export const propagatorMismatch: AuditRule = {
  id: 'propagator-mismatch',
  classNumber: 5,
  title: 'Caller and callee speak different header formats',
  severity: 'medium',
  saysWhen: 'two commands of the project set propagators that have no format in common.',
  fix: 'Use one composite propagator on both sides.',
  checkProject({ project, report }) {
    const spoken = commandsOf(project).flatMap((command) => {
      const reach = project.reach(command)
      const place = project.findUse(reach, `${otel}.SetTextMapPropagator`)
      const names = formats.filter(([, name]) => project.findUse(reach, name) !== undefined).map(([format]) => format)
      return place === undefined || names.length === 0 ? [] : [{ command, place, names }]
    })
    const [first] = spoken
    for (const one of spoken.slice(1)) {
      if (first === undefined || one.names.some((name) => first.names.includes(name))) continue
      report(one.place.place, {
        pkg: one.place.pkg,
        message: `${one.command.importPath} speaks ${one.names.join(', ')}, ${first.command.importPath} ${first.names.join(', ')}: neither reads the other`,
        confidence: 'probable',
      })
    }
  },
}

export const noFlush: AuditRule = {
  id: 'no-flush',
  classNumber: 13,
  title: 'Spans are not flushed at exit',
  severity: 'medium',
  saysWhen:
    'a command makes a TracerProvider and nothing in it calls Shutdown or ForceFlush; the shutdown function that a set-up of the project returns is dropped; or a function that defers Shutdown ends the process ' +
    'with log.Fatal or os.Exit, which skips what is deferred.',
  fix: 'defer provider.Shutdown with a fresh context; no os.Exit or log.Fatal past it.',
  check({ view, project, report }) {
    checkDropped(view, project, report)
    const told = new Set<number>()
    for (const deferred of view.nodesOf('defer_statement')) {
      const text = view.text(deferred.file, deferred.node)
      if (!/\bShutdown\b|ForceFlush|shutdownTracer|shutdownOtel/i.test(text)) continue
      if (!/otel|trac|provider|tp\b|shutdown\(/i.test(text)) continue
      const fn = view.functionOf(deferred.file, deferred.node)
      if (told.has(fn)) continue
      told.add(fn)
      const own = view.calls.filter((call) => call.fn === fn)
      const fatal = own.find(
        (call) => call.node > deferred.node && /^(os\.Exit|log\.(Logger\.)?Fatal(f|ln)?)$/.test(call.name),
      )
      if (fatal === undefined) continue
      report(fatal.file, fatal.node, {
        message: `${fatal.name} ends the process and skips the deferred shutdown: the last spans are lost`,
        confidence: 'probable',
        related: [{ node: deferred.node, note: 'never runs' }],
        advice: 'Return an error to a caller that exits after the deferred calls have run.',
      })
    }
  },
  checkProject({ project, report }) {
    const told = new Set<string>()
    const flushed = placesOf(project, (of, reach) => of.findUse(reach, sdkProvider), shutsDown)
    for (const command of commandsOf(project)) {
      const reach = project.reach(command)
      const made = project.findUse(reach, sdkProvider)
      if (made === undefined || project.findUse(reach, shutsDown) !== undefined) continue
      // A shutdown through an interface or a helper's result may be what the syntax can not follow.
      const isHidden = project.findUse(reach, /\.(Shutdown|ForceFlush)$/) !== undefined
      const key = `${made.place.file}:${made.place.line}`
      // Another command with the same set-up ends it: this one imports it and need not run it.
      if (told.has(key) || flushed.has(key)) continue
      told.add(key)
      report(made.place, {
        pkg: made.pkg,
        message: `${command.importPath} makes a TracerProvider and never shuts it down: its last spans stay in the queue`,
        confidence: isHidden ? 'possible' : 'probable',
        ...(isHidden ? { severity: 'low' } : {}),
      })
    }
  },
}

/** `_, err := setup(ctx)`, of this package or another, where a result is what would flush, and nobody else does. */
function checkDropped(view: PackageView, project: ProjectView, report: AuditContext['report']): void {
  const setups = findSetups(project)
  if (setups.size === 0) return
  for (const call of view.calls) {
    if (isTestFile(view, call.file)) continue
    const setup = calledFunction(view, call)
    const name = setup === undefined ? call.name : setup.kind === 'function' ? `${view.packagePath}.${setup.name}` : ''
    const found = name === '' ? undefined : setups.get(name)
    if (found === undefined || !isDropped(view, call, found.position)) continue
    const others = project.packages.filter((one) => one !== found.pkg)
    if (project.findUse(others, shutsDown) !== undefined) continue
    report(call.file, call.node, {
      message: `${name.slice(name.lastIndexOf('/') + 1)} returns what shuts the TracerProvider down, and it is dropped: the last spans stay in the queue`,
      confidence: 'probable',
    })
  }
}

type Setup = { readonly pkg: PackageFacts; readonly position: number }

/** By project: asked for each package of it. */
const setupsOf = new WeakMap<ProjectView, ReadonlyMap<string, Setup>>()

function findSetups(project: ProjectView): ReadonlyMap<string, Setup> {
  const known = setupsOf.get(project)
  if (known !== undefined) return known
  const found = new Map<string, Setup>()
  for (const pkg of project.packages) {
    for (const { name } of pkg.uses) {
      const fact = readShutdownResult(name)
      if (fact !== undefined) found.set(fact.name, { pkg, position: fact.position })
    }
  }
  setupsOf.set(project, found)
  return found
}

function isDropped(view: PackageView, call: CallSite, position: number): boolean {
  if (isAlone(view, call)) return true
  const given = givenBy(view, call.file, call.node)
  const name = given?.names[position]
  if (given === undefined || given.position !== 0 || name === undefined) return false
  if (view.text(call.file, name) === '_') return true
  const symbol = view.file(call.file).symbols[name] as number
  const uses = symbol < 0 ? [] : view.usesOf(symbol).filter((use) => use.node !== name || use.file !== call.file)
  return uses.length > 0 && uses.every((use) => isThrownAway(view, use.file, use.node))
}

/** `_ = shutdown`. */
function isThrownAway(view: PackageView, file: number, node: number): boolean {
  const given = givenBy(view, file, node)
  const { syntax } = view.file(file)
  const left = given === undefined ? undefined : childAt(syntax, given.statement, 'left')
  return left !== undefined && view.text(file, left) === '_'
}
