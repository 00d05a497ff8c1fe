/**
 * Class 3: an inbound path on which nothing extracts the caller's context: a handler that starts a span from r.Context(),
 * in a project where no middleware of OpenTelemetry wraps handlers and nobody calls Extract; a gRPC server without the
 * stats handler. Where any package of the project has the middleware, the wiring may be there, and nothing is said.
 */
import { openContextScope } from '../audit/context-scope.ts'
import { isTestFile } from '../audit/intent.ts'
import { isHandler } from '../audit/queries.ts'
import type { AuditRule } from '../audit/rule.ts'
import { startCalls } from '../audit-spans/span-never-ended.ts'

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
    'or a gRPC server is made without otelgrpc in a project that traces.',
  fix: 'Wrap the handler with otelhttp.NewHandler (or the framework’s middleware), or call propagator.Extract.',
  check({ view, project, report }) {
    if (!project.imports(project.packages, traced)) return
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
    }
    if (
      project.imports(
        project.packages,
        /otelgrpc|grpc-opentelemetry|go-grpc-middleware\/(v2\/)?interceptors\/tracing|google\.golang\.org\/grpc\/stats\/opentelemetry/,
      )
    )
      return
    for (const call of view.callsOf('google.golang.org/grpc.NewServer')) {
      if (isTestFile(view, call.file)) continue
      report(call.file, call.node, {
        message: 'The gRPC server has no stats handler of OpenTelemetry: its spans are roots',
        confidence: 'probable',
        advice: 'grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler())).',
      })
    }
  },
}
