/**
 * Class 7: a client that makes no span and sends no headers, in a project that traces: http.Get and http.DefaultClient, an
 * http.Client without a transport of otelhttp, gRPC connections and databases without theirs. Silent where the default
 * transport or client is replaced, and where a transport or option is a variable that syntax can not follow.
 */
import { childAt, kindOf } from '../../model/trust/go-source.ts'
import { openContextScope } from '../audit/context-scope.ts'
import { declarationOf, isCommand, isTestFile } from '../audit/intent.ts'
import type { CallSite, FunctionView, PackageView } from '../audit/package-view.ts'
import { makesTraces, type ProjectView } from '../audit/project-facts.ts'
import { ancestorInFunction, callsIn, fieldValue, findRequestPath, givenBy } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'

const traced = /^go\.opentelemetry\.io\/(otel|contrib)/
const httpWraps =
  /otelhttp\.(NewTransport|Get|Post|Head|PostForm|DefaultClient)|dd-trace-go.*\/net\/http|httptrace\.WrapClient|nrhttp/
const sqlWraps = /otelsql|otelgorm|otelpgx|splunksql|sqltrace|nrpgx|sqlmw|go-sqlx\/otel|otelsqlx/

export const uninstrumentedClient: AuditRule = {
  id: 'uninstrumented-client',
  classNumber: 7,
  title: 'A client without instrumentation',
  severity: 'medium',
  saysWhen:
    'in a project that makes traces with OpenTelemetry: http.Get and its like, http.DefaultClient, an http.Client without a wrapped transport (where some are wrapped, only on the path of requests or kept), ' +
    'grpc.NewClient without otelgrpc, sql.Open where no package wraps drivers.',
  fix: 'Wrap the transport: otelhttp.NewTransport, otelgrpc stats handler, otelsql.',
  check(outer) {
    const { view, project } = outer
    if (!makesTraces(project)) return
    const isSeen = findTracedPackages(project)
    // In a program that sets up no tracing nothing is lost: a note.
    const context: AuditContext =
      isSeen(view.packagePath) && !isPlainTool(view)
        ? outer
        : {
            ...outer,
            report: (file, node, draft) =>
              outer.report(file, node, { ...draft, confidence: 'possible', severity: 'info' }),
          }
    const scope = openContextScope(view)
    // Off the path of requests, in a function without a context, it may be nobody's trace: a note.
    const report: AuditContext['report'] = (file, node, draft) => {
      const fn = view.functions[view.functionOf(file, node)]
      const isServed =
        isOnPath(file, node) || (fn !== undefined && scope.parametersOf(fn).length > 0 && !isCommand(view, fn.index))
      if (isOfTelemetry(view, fn) || isFallback(view, file, node)) return
      // Off the path of a request it is mostly a client for what is no service: a note.
      const isTold = isServed && draft.confidence === 'probable'
      context.report(file, node, isTold ? { ...draft, offTrace: note } : { ...draft, ...note })
    }
    const wraps = project.findUse(project.packages, httpWraps) !== undefined
    // Put in place of the default: then what uses the default is wrapped.
    const replaced = /^net\/http\.Default(Transport|Client) =$/
    const wrapsDefault = wraps && project.findUse(project.packages, replaced) !== undefined
    const requestPath = findRequestPath(view)
    const isOnPath = (file: number, node: number): boolean => requestPath.has(view.functionOf(file, node))
    // Where some clients are wrapped, a plain one off the path of requests is a choice: a probe, a load generator.
    const isTold = (file: number, node: number): boolean => !wraps || isOnPath(file, node)
    const isByHand = injectsByHand(view)
    if (!wrapsDefault && !isByHand) {
      for (const name of ['Get', 'Post', 'Head', 'PostForm']) {
        for (const call of view.callsOf(`net/http.${name}`)) {
          if (!isTold(call.file, call.node) || isTestFile(view, call.file)) continue
          report(call.file, call.node, {
            message: `http.${name} uses the default client, which makes no span`,
            ...(isOnPath(call.file, call.node) ? { confidence: 'probable' as const } : {}),
          })
        }
      }
      for (const { file, node } of view.nodesOf('selector_expression')) {
        if (view.nameAt(file, node) !== 'net/http.DefaultClient' || isTestFile(view, file)) continue
        if (!isTold(file, node)) continue
        report(file, node, {
          message: 'http.DefaultClient makes no span and sends no headers',
          ...(isOnPath(file, node) ? { confidence: 'probable' as const } : {}),
        })
      }
    }
    for (const { file, node } of view.nodesOf('composite_literal')) {
      if (view.typeAt(file, node) !== 'net/http.Client' || isTestFile(view, file)) continue
      const transport = fieldValue(view, file, node, 'Transport')
      if (transport === undefined ? wrapsDefault : !isPlainTransport(view, file, transport)) continue
      if (isByHand || isWrappedLater(view, file, node)) continue
      if (transport === undefined && isLocal(view, file, node) && !isTold(file, node)) continue
      report(file, node, {
        message:
          transport === undefined
            ? 'The http.Client has the default transport, which makes no span'
            : 'The transport of the http.Client is not wrapped: it makes no span',
        ...(transport === undefined && !isOnPath(file, node) ? {} : { confidence: 'probable' as const }),
      })
    }
    checkGrpc({ ...context, report })
    if (project.imports(project.packages, sqlWraps)) return
    for (const call of view.callsOf('database/sql.Open'))
      tell(
        { ...context, report },
        call,
        'The database is opened without instrumentation: its queries are no spans',
        'low',
      )
  },
}

const note = { confidence: 'possible', severity: 'info' } as const

/** The package puts the context into headers itself: `propagator.Inject`, or a function of the project that is called so. */
function injectsByHand(view: PackageView): boolean {
  return view.calls.some(
    (call) => /^inject/i.test(call.lastName) && !isTestFile(view, call.file) && speaksHttp(view, call.fn),
  )
}

/** Headers of messages are others: the function around has to do with HTTP. */
function speaksHttp(view: PackageView, index: number): boolean {
  const fn = declarationOf(view, index)
  if (fn === undefined) return true
  return (
    fn.parameters.some(({ type }) => type.includes('net/http.')) ||
    callsIn(view, fn.file, fn.node).some(({ name }) => name.startsWith('net/http.'))
  )
}

/** What carries spans and metrics away is not to be traced itself. */
function isOfTelemetry(view: PackageView, fn: FunctionView | undefined): boolean {
  return /export|otlp|telemetry|collector/i.test(declarationOf(view, fn?.index ?? -1)?.name ?? '')
}

/** `if client == nil { client = http.DefaultClient }`: who cares gives one. */
function isFallback(view: PackageView, file: number, node: number): boolean {
  const around = ancestorInFunction(view, file, node, ['if_statement'])
  const condition = around === undefined ? undefined : childAt(view.file(file).syntax, around, 'condition')
  return condition !== undefined && /== nil$/.test(view.text(file, condition))
}

/** A command whose own package has nothing of tracing: a tool beside the services. */
function isPlainTool(view: PackageView): boolean {
  return (
    view.pkg.name === 'main' &&
    !view.pkg.files.some(({ imports }) => imports.some(({ path }) => traced.test(path) || /trac(e|ing)/i.test(path)))
  )
}

const setsUp =
  /^go\.opentelemetry\.io\/(otel\.SetTracerProvider|otel\/sdk\/trace\.NewTracerProvider|contrib\/(otelconf|config|exporters\/autoexport)\.)|dd-trace-go|otelconfig|uptrace-go/

const tracedPackages = new WeakMap<ProjectView, (path: string) => boolean>()

/** Packages that a command reaches which sets up tracing; all where no command does, as in a library. */
function findTracedPackages(project: ProjectView): (path: string) => boolean {
  const known = tracedPackages.get(project)
  if (known !== undefined) return known
  const reached = new Set<string>()
  for (const command of project.packages) {
    if (command.main === undefined) continue
    const reach = project.reach(command)
    if (project.findUse(reach, setsUp) !== undefined) for (const one of reach) reached.add(one.importPath)
  }
  const isSeen = (path: string): boolean => reached.size === 0 || reached.has(path)
  tracedPackages.set(project, isSeen)
  return isSeen
}

function tell({ view, report }: AuditContext, call: CallSite, message: string, severity?: 'low'): void {
  if (!isTestFile(view, call.file))
    report(call.file, call.node, { message, ...(severity === undefined ? {} : { severity }) })
}

/** `client := &http.Client{}`, `call(&http.Client{})`: no field, no result, no variable of the package. */
function isLocal(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  const parent = syntax.parents[node] as number
  const value = kindOf(syntax, parent) === 'unary_expression' ? parent : node
  const isArgument = kindOf(syntax, syntax.parents[value] as number) === 'argument_list'
  return (isArgument || givenBy(view, file, value) !== undefined) && view.functionOf(file, node) >= 0
}

/** `&http.Transport{…}` or http.DefaultTransport written in place. */
function isPlainTransport(view: PackageView, file: number, node: number): boolean {
  const { syntax } = view.file(file)
  if (view.nameAt(file, node) === 'net/http.DefaultTransport') return true
  return kindOf(syntax, node) === 'unary_expression' && view.typeAt(file, node) === '*net/http.Transport'
}

/** `client.Transport = otelhttp.NewTransport(…)` in the same function. */
function isWrappedLater(view: PackageView, file: number, node: number): boolean {
  const fn = view.functions[view.functionOf(file, node)]
  if (fn === undefined) return false
  return callsIn(view, file, fn.node).some(({ name }) => httpWraps.test(name))
}

function checkGrpc({ view, project, report }: AuditContext): void {
  for (const name of ['NewClient', 'Dial', 'DialContext']) {
    for (const call of view.callsOf(`google.golang.org/grpc.${name}`)) {
      if (isTestFile(view, call.file)) continue
      const { syntax } = view.file(call.file)
      const text = view.text(call.file, call.node)
      if (/otelgrpc|StatsHandler|Interceptor/.test(text)) continue
      const list = childAt(syntax, call.node, 'arguments')
      const isSpread = list !== undefined && /\.\.\.\s*\)$/.test(view.text(call.file, list))
      // Options in a variable: they may hold it, if anyone of the project does.
      if (isSpread && project.imports(project.packages, /otelgrpc/)) continue
      report(call.file, call.node, {
        message: 'The gRPC connection has no stats handler of OpenTelemetry: it makes no span and sends no context',
        confidence: isSpread ? 'possible' : 'probable',
        // What the options hold is out of sight: a note.
        ...(isSpread ? { severity: 'info' as const } : {}),
        advice: 'grpc.WithStatsHandler(otelgrpc.NewClientHandler()).',
      })
    }
  }
}
