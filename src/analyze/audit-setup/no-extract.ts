/**
 * Class 3: an inbound path on which nothing extracts the caller's context: a handler that starts a span from r.Context(),
 * in a project where no middleware of OpenTelemetry wraps handlers and nobody calls Extract; a gRPC server without the
 * stats handler. Where any package of the project has the middleware, only a SERVER span that is begun by hand is told:
 * its function is used by the package, and nothing where it is used wraps or extracts.
 */
import { openContextScope } from '../audit/context-scope.ts'
import { declarationOf, isTestFile } from '../audit/intent.ts'
import type { FunctionView, PackageView } from '../audit/package-view.ts'
import { makesTraces, type ProjectView } from '../audit/project-facts.ts'
import { callsIn, isHandler } from '../audit/queries.ts'
import type { AuditContext, AuditRule } from '../audit/rule.ts'
import { findLoneStarts, startCalls } from '../audit-spans/span-never-ended.ts'

const extracts =
  /(otelhttp\.(NewHandler|NewMiddleware|WithRouteTag|Handler)|otel(gin|mux|echo|chi|fiber|restful|macaron|beego|iris|httprouter|kratos|connect|twirp)[\w/]*\.|TextMapPropagator\.Extract|propagation\.\w+\.Extract|ddtrace|\.Extract$)/
const traced = /^go\.opentelemetry\.io\//

export const noExtract: AuditRule = {
  id: 'no-extract',
  classNumber: 3,
  title: 'The server does not extract the context',
  severity: 'high',
  saysWhen:
    'a handler (or middleware) starts a span, and no package of the project wraps handlers with OpenTelemetry’s middleware or calls Extract; ' +
    'a SERVER span is begun by hand from r.Context() on a path of the package that nothing wraps; or a gRPC server is made without otelgrpc in a project that traces.',
  fix: 'Wrap the handler with otelhttp.NewHandler (or the framework’s middleware), or call propagator.Extract.',
  check({ view, project, report }) {
    checkLoneStarts(view, project, report)
    if (!makesTraces(project)) return
    if (project.findUse(project.packages, extracts) === undefined) {
      const scope = openContextScope(view)
      for (const name of startCalls) {
        for (const call of view.callsOf(name)) {
          let fn = view.functions[call.fn]
          while (fn !== undefined && !isHandler(fn)) fn = view.functions[fn.parent]
          if (fn === undefined || isTestFile(view, call.file)) continue
          report(call.file, call.node, {
            message: `The span of ${fn.name} begins from ${scope.parametersOf(fn)[0]?.expression ?? 'the request'}, and nothing extracts the caller's context: it is a root`,
            confidence: 'probable',
          })
        }
      }
    } else checkServerSpans(view, report)
    if (
      project.imports(
        project.packages,
        /otelgrpc|grpc-opentelemetry|go-grpc-middleware\/(v2\/)?interceptors\/tracing|google\.golang\.org\/grpc\/stats\/opentelemetry/,
      )
    )
      return
    const isSeen = showsTracing(view)
    if (receivesTelemetry(view)) return
    for (const call of view.callsOf('google.golang.org/grpc.NewServer')) {
      if (isTestFile(view, call.file)) continue
      // Options out of sight may hold it; a program that sets up no tracing loses nothing.
      const isHidden = /\.\.\.\s*\)$|Interceptor/.test(view.text(call.file, call.node))
      report(call.file, call.node, {
        message: 'The gRPC server has no stats handler of OpenTelemetry: its spans are roots',
        confidence: isHidden || !isSeen ? 'possible' : 'probable',
        ...(isHidden || !isSeen ? { severity: 'info' as const } : {}),
        advice: 'grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler())).',
      })
    }
  },
}

/** `go.opentelemetry.io/proto/otlp/collector/…`: a server for spans and logs is not to be traced itself. */
function receivesTelemetry({ pkg }: PackageView): boolean {
  return pkg.files.some(({ imports }) => imports.some(({ path }) => /\/proto\/otlp\/collector\//.test(path)))
}

/** The package itself makes spans or sets tracing up. */
function showsTracing({ pkg }: PackageView): boolean {
  return pkg.files.some(({ imports }) => imports.some(({ path }) => traced.test(path)))
}

/** `tracer.StartSpan("name")` in a handler: given nothing but a name, the span can have no parent. */
function checkLoneStarts(view: PackageView, project: ProjectView, report: AuditContext['report']): void {
  const lone = findLoneStarts(view).filter(
    (call) => call.args.length > 0 && call.args.every((arg) => /_string_literal$/.test(view.kind(call.file, arg))),
  )
  if (lone.length === 0 || project.findUse(project.packages, extracts) !== undefined) return
  for (const call of lone) {
    let fn = view.functions[call.fn]
    while (fn !== undefined && !isHandler(fn)) fn = view.functions[fn.parent]
    if (fn === undefined || isTestFile(view, call.file)) continue
    report(call.file, call.node, {
      message: `The span of ${fn.name} is given a name alone, and nothing extracts the caller's context: it is a root`,
      confidence: 'probable',
    })
  }
}

/** A SERVER span begun from the request's own context, where the function that holds it is used unwrapped. */
function checkServerSpans(view: PackageView, report: AuditContext['report']): void {
  for (const name of startCalls) {
    for (const call of view.callsOf(name)) {
      const [given] = call.args
      if (given === undefined || isTestFile(view, call.file)) continue
      if (!/\bSpanKindServer\b/.test(view.text(call.file, call.node))) continue
      if (!callsIn(view, call.file, given).some((one) => one.name === 'net/http.Request.Context')) continue
      let handler = view.functions[call.fn]
      while (handler !== undefined && !isHandler(handler)) handler = view.functions[handler.parent]
      const holder = declarationOf(view, call.fn)
      if (handler === undefined || holder === undefined || extractsWithin(view, holder)) continue
      const users = usersOf(view, holder)
      if (users.length === 0 || users.some((user) => extractsWithin(view, user))) continue
      report(call.file, call.node, {
        message: `${holder.name} begins a SERVER span from the request's context, and nothing on its path extracts the caller's: it is a root`,
        confidence: 'probable',
      })
    }
  }
}

function extractsWithin(view: PackageView, fn: FunctionView): boolean {
  return callsIn(view, fn.file, fn.node).some((one) => extracts.test(one.name) || /extract/i.test(one.lastName))
}

/** Declarations of the package that name a function outside of itself. */
function usersOf(view: PackageView, fn: FunctionView): readonly FunctionView[] {
  const found = new Set<FunctionView>()
  for (const user of view.functions) {
    if (user.parent >= 0 || user === fn || isTestFile(view, user.file)) continue
    const { syntax, symbols } = view.file(user.file)
    const end = syntax.after[user.node] as number
    for (let node = user.node + 1; node < end; node++) {
      const symbol = symbols[node] as number
      if (symbol >= 0 && view.functionBySymbol(symbol) === fn && user.body !== undefined && node > user.body) {
        found.add(user)
        break
      }
    }
  }
  return [...found]
}
