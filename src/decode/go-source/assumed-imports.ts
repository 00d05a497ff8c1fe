/**
 * Imports that a fragment of Go without a package clause leaves out: `http.Get` means net/http to whoever reads it. By the
 * name before the dot, and where two packages share one (trace, rand), by what is asked of it. A name that the fragment
 * itself declares hides the import, as in Go. Names that are not in the table stay unknown.
 */

/** Packages by the name that Go programs call them by. */
const known: Readonly<Record<string, string>> = {
  atomic: 'sync/atomic',
  bufio: 'bufio',
  bytes: 'bytes',
  context: 'context',
  errors: 'errors',
  exec: 'os/exec',
  expvar: 'expvar',
  filepath: 'path/filepath',
  fmt: 'fmt',
  http: 'net/http',
  httptest: 'net/http/httptest',
  io: 'io',
  ioutil: 'io/ioutil',
  json: 'encoding/json',
  log: 'log',
  net: 'net',
  os: 'os',
  pprof: 'runtime/pprof',
  runtime: 'runtime',
  signal: 'os/signal',
  slog: 'log/slog',
  sql: 'database/sql',
  strings: 'strings',
  sync: 'sync',
  syscall: 'syscall',
  time: 'time',
  tls: 'crypto/tls',
  url: 'net/url',
  errgroup: 'golang.org/x/sync/errgroup',
  semaphore: 'golang.org/x/sync/semaphore',
  singleflight: 'golang.org/x/sync/singleflight',
  grpc: 'google.golang.org/grpc',
  otel: 'go.opentelemetry.io/otel',
  attribute: 'go.opentelemetry.io/otel/attribute',
  codes: 'go.opentelemetry.io/otel/codes',
  propagation: 'go.opentelemetry.io/otel/propagation',
  sdktrace: 'go.opentelemetry.io/otel/sdk/trace',
  oteltrace: 'go.opentelemetry.io/otel/trace',
  otelhttp: 'go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp',
  otelgrpc: 'go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc',
  b3: 'go.opentelemetry.io/contrib/propagators/b3',
  gin: 'github.com/gin-gonic/gin',
  zap: 'go.uber.org/zap',
}

/** Of `trace`: what the execution tracer has; all else is OpenTelemetry's. */
const executionTracer =
  /^(Start|Stop|NewTask|Task|WithRegion|StartRegion|Region|Log|Logf|IsEnabled|FlightRecorder|NewFlightRecorder\w*)$/

/** `import http "net/http"; …` on one line; '' where there is nothing to add. */
export function assumeImports(text: string): string {
  const own = new Set(
    [...text.matchAll(/^\s*(?:import\s+)?(?:(\w+)\s+)?"([\w./-]+)"\s*$/gm)].map((match) => nameOf(match)),
  )
  const found = new Map<string, string>()
  for (const [, name, member] of text.matchAll(/(?<![\w.)\]"'`])([a-z]\w*)\.([A-Z]\w*)/g)) {
    if (name === undefined || member === undefined || own.has(name)) continue
    const path = name === 'trace' ? tracePath(member) : Object.hasOwn(known, name) ? known[name] : undefined
    if (path !== undefined && !found.has(name)) found.set(name, path)
  }
  return [...found].map(([name, path]) => `import ${name} "${path}"; `).join('')
}

function tracePath(member: string): string {
  return executionTracer.test(member) ? 'runtime/trace' : 'go.opentelemetry.io/otel/trace'
}

function nameOf([, alias, path = '']: RegExpMatchArray): string {
  return alias ?? path.slice(path.lastIndexOf('/') + 1)
}
