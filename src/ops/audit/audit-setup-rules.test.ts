/** Rules that look at a set-up, at several packages or at the whole project: the form that fires, and the right one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditSources } from '../testing/audit-sources.ts'

const setup = (options: string): string => `package main
import (
	"context"
	"log"
	"net"
	"net/http"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	rt "runtime/trace"
	"runtime"
	"runtime/pprof"
	"github.com/nats-io/nats.go"
	"github.com/gin-gonic/gin"
	"google.golang.org/grpc"
	"net/url"
)
func main() {
	tp := sdk.NewTracerProvider()
	otel.SetTracerProvider(tp)
	http.ListenAndServe("", nil)
	${options}
}
var tracer = otel.Tracer("x")
`

for (const [rule, bad, good] of [
  ['no-propagator', '', 'otel.SetTextMapPropagator(propagation.TraceContext{})'],
  ['no-flush', '', 'tp.Shutdown(context.Background())'],
  ['no-flush', 'defer tp.Shutdown(context.Background()); log.Fatal("x")', 'defer tp.Shutdown(context.Background())'],
  [
    'queue-overflow',
    'sdk.NewBatchSpanProcessor(nil, sdk.WithMaxQueueSize(256))',
    'sdk.NewBatchSpanProcessor(nil, sdk.WithMaxQueueSize(8192))',
  ],
  ['address-joined-by-hand', 'net.Dial("tcp", host + ":80")', 'net.Dial("tcp", net.JoinHostPort(host, "80"))'],
  [
    'sampling-disagreement',
    'sdk.WithSampler(sdk.TraceIDRatioBased(0.1))',
    'sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(0.1)))',
  ],
  [
    'baggage-only',
    'otel.SetTextMapPropagator(propagation.Baggage{})',
    'otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))',
  ],
  ['pprof-lookup-unknown', 'pprof.Lookup("cpu").WriteTo(nil, 1)', 'pprof.Lookup("heap").WriteTo(nil, 1)'],
  ['trace-start-unchecked', 'rt.Start(nil)', 'if err := rt.Start(nil); err != nil { return }'],
  [
    'trace-start-in-handler',
    'http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { _ = rt.Start(w) })',
    '_ = rt.Start(nil)',
  ],
  [
    'mem-stats-on-hot-path',
    'http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { var m runtime.MemStats; runtime.ReadMemStats(&m) })',
    'var m runtime.MemStats; runtime.ReadMemStats(&m)',
  ],
  [
    'framework-context',
    'gin.New().GET("/", func(c *gin.Context) { _, s := tracer.Start(c, "x"); s.End() })',
    'gin.New().GET("/", func(c *gin.Context) { _, s := tracer.Start(c.Request.Context(), "x"); s.End() })',
  ],
  [
    'consumer-without-extract',
    'h := func(m *nats.Msg) { _, s := tracer.Start(context.Background(), "x"); s.End() }; _ = h',
    'h := func(m *nats.Msg) { ctx := p.Extract(context.Background(), m); _, s := tracer.Start(ctx, "x"); s.End() }; _ = h',
  ],
  [
    'header-overwritten',
    'h := func(w http.ResponseWriter, r *http.Request) { p.Inject(r.Context(), out.Header); out := &http.Request{}; for k, v := range r.Header { out.Header[k] = v } }; _ = h',
    'h := func(w http.ResponseWriter, r *http.Request) { out := &http.Request{}; for k, v := range r.Header { out.Header[k] = v }; p.Inject(r.Context(), out.Header) }; _ = h',
  ],
  [
    'export-context-cancelled',
    'h := func(w http.ResponseWriter, r *http.Request) { tp.ForceFlush(r.Context()) }; _ = h',
    'h := func(w http.ResponseWriter, r *http.Request) { tp.ForceFlush(context.Background()) }; _ = h',
  ],
  [
    'query-in-path',
    'http.DefaultClient.Do(&http.Request{URL: &url.URL{Path: "/v1/config?wait=30s"}})',
    'http.DefaultClient.Do(&http.Request{URL: &url.URL{Scheme: "http", Host: "h", Path: "/v1/config", RawQuery: "wait=30s"}})',
  ],
  ['no-extract', 'grpc.NewServer()', 'grpc.NewClient("x")'],
  [
    'trace-id-truncated',
    '_ = oteltrace.SpanContextFromContext(ctx).TraceID().String()[16:]',
    '_ = oteltrace.SpanContextFromContext(ctx).TraceID().String()',
  ],
  [
    'producer-without-inject',
    '}; func pub(ctx context.Context, c *nats.Conn) { c.Publish("x", nil)',
    '}; func pub(ctx context.Context, c *nats.Conn) { p.Inject(ctx, m); c.Publish("x", nil)',
  ],
  // The carrier of what is received is none of what is sent.
  [
    'producer-without-inject',
    '}; func pub(ctx context.Context, c *nats.Conn, m *nats.Msg) { ctx = p.Extract(ctx, propagation.HeaderCarrier(m.Header)); c.Publish("x", nil)',
    '}; func pub(ctx context.Context, c *nats.Conn, m *nats.Msg) { fill(ctx, propagation.HeaderCarrier(m.Header)); c.Publish("x", nil)',
  ],
  // A context that is put into messages by hand is in no HTTP request.
  [
    'uninstrumented-client',
    '}; func pub(ctx context.Context, m *nats.Msg) { p.Inject(ctx, propagation.HeaderCarrier(m.Header)) }; func ask(ctx context.Context, q *http.Request) { http.DefaultClient.Do(q)',
    '}; func put(ctx context.Context, q *http.Request) { p.Inject(ctx, propagation.HeaderCarrier(q.Header)) }; func ask(ctx context.Context, q *http.Request) { http.DefaultClient.Do(q)',
  ],
] as const) {
  test(`${rule} is told of the set-up that has it, and not of the right one`, async () => {
    const count = async (options: string): Promise<number> => {
      const { findings } = await auditSources({
        'go.mod': 'module example.com/shop\n\ngo 1.24\n',
        'main.go': setup(options),
      })
      return findings.filter((one) => one.rule === rule).length
    }
    assert.ok((await count(bad)) > 0, 'it fires')
    assert.equal(await count(good), 0, 'the near miss')
  })
}

test('a type of another package of the project is known', async () => {
  const { findings } = await auditSources({
    'go.mod': 'module example.com/shop\n\ngo 1.24\n',
    'db/db.go':
      'package db\nimport "database/sql"\ntype Store struct { DB *sql.DB }\nfunc Open() *Store { return nil }\n',
    'api/api.go': `package api
import ("context"; "example.com/shop/db")
func list(ctx context.Context) {
	store := db.Open()
	store.DB.Query("select 1")
	store.DB.QueryContext(ctx, "select 1")
}
`,
  })
  assert.deepEqual(
    findings
      .filter(({ rule }) => rule === 'request-without-context')
      .map(({ evidence: [at] }) => `${at.file}:${at.line}`),
    ['api/api.go:5'],
  )
})

test('two commands that share no header format are told; two that share one are not', async () => {
  const command = (propagator: string): string => `package main
import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/contrib/propagators/b3"
)
func main() { otel.SetTextMapPropagator(${propagator}) }
`
  const count = async (first: string, second: string): Promise<number> => {
    const { findings } = await auditSources({
      'go.mod': 'module example.com/shop\n\ngo 1.24\n',
      'cmd/a/main.go': command(first),
      'cmd/b/main.go': command(second),
    })
    return findings.filter(({ rule }) => rule === 'propagator-mismatch').length
  }
  assert.equal(await count('b3.New()', 'propagation.TraceContext{}'), 1)
  assert.equal(
    await count('b3.New()', 'propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, b3.New())'),
    0,
  )
})

test('where eBPF instruments, a client call of a handler without its context is told', async () => {
  const source = (imports: string): string => `package shop
import (
	"net/http"
	${imports}
)
func handler(w http.ResponseWriter, r *http.Request) { http.Get("http://x") }
func job() { http.Get("http://x") }
`
  const count = async (imports: string): Promise<number> => {
    const { findings } = await auditSources({ 'go.mod': 'module example.com/shop\n', 'a.go': source(imports) })
    return findings.filter(({ rule }) => rule === 'auto-instrumentation-gap').length
  }
  assert.equal(await count('_ "go.opentelemetry.io/auto/sdk"'), 1)
  assert.equal(await count('_ "fmt"'), 0)
})

test('callbacks that leave a span in its context and take it from there to end it belong together', async () => {
  const { findings } = await auditSources({
    'go.mod': 'module example.com/shop\n',
    'a.go': `package shop
import ("context"; "go.opentelemetry.io/otel/trace")
type hook struct { tracer trace.Tracer }
func (h *hook) before(ctx context.Context) context.Context {
	ctx, _ = h.tracer.Start(ctx, "x")
	return ctx
}
func (h *hook) after(ctx context.Context) { trace.SpanFromContext(ctx).End() }
`,
  })
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    [],
  )
})

test('expvar runs what it is given for each scrape', async () => {
  const { findings } = await auditSources({
    'go.mod': 'module example.com/shop\n',
    'a.go': `package shop
import ("expvar"; "runtime")
func publish() {
	expvar.Publish("heap", expvar.Func(func() any { var m runtime.MemStats; runtime.ReadMemStats(&m); return m.HeapAlloc }))
}
`,
  })
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    ['mem-stats-on-hot-path'],
  )
})

const http = `import (
	"context"
	"log/slog"
	"net/http"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/propagators/ot"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"github.com/nats-io/nats.go"
)
var tracer = otel.Tracer("x")
var wrapped = &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
type store struct{ ctx context.Context }
func work(ctx context.Context) { _, span := tracer.Start(ctx, "x"); span.End() }
`

/** A whole package of a service that wraps what it should elsewhere; lines that fire end with `// HERE`. */
const services: readonly (readonly [rule: string, says: string, source: string])[] = [
  [
    'goroutine-without-context',
    'a method started with go that takes no context and makes an empty one is the goroutine’s fault',
    `func (s *store) handle(w http.ResponseWriter, r *http.Request) {
	go s.record("x") // HERE
	go s.deep("x") // HERE
	go s.given(r.Context())
	go s.own()
	go s.quiet()
	go s.loop()
}
func start() { go (&store{}).record("x") }
func (s *store) deep(id string) { s.record(id) }
func (s *store) record(id string) { work(context.Background()) }
func (s *store) given(ctx context.Context) { work(ctx) }
func (s *store) own() { work(s.ctx) }
func (s *store) quiet() { println("x") }
func (s *store) loop() { for { work(context.Background()) } }`,
  ],
  [
    'no-extract',
    'a SERVER span by hand on a path that nothing wraps, though other servers are wrapped',
    `func first(mux http.Handler) { http.ListenAndServe("", otelhttp.NewHandler(mux, "first")) }
func second(mux http.Handler) { http.ListenAndServe("", spans(mux)) }
func third(mux http.Handler) { http.ListenAndServe("", otelhttp.NewHandler(inner(mux), "third")) }
func fourth(mux http.Handler) { http.ListenAndServe("", extracted(mux)) }
func spans(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := tracer.Start(r.Context(), "x", trace.WithSpanKind(trace.SpanKindServer)) // HERE
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
func inner(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := tracer.Start(r.Context(), "x", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
func extracted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header)))
		ctx, span := tracer.Start(r.Context(), "x", trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}`,
  ],
  [
    'uninstrumented-client',
    'the default client on the path of requests, where another client is wrapped over the default transport',
    `func handle(w http.ResponseWriter, r *http.Request) { call(); wrapped.Do(r) }
func call() {
	http.DefaultClient.Do(nil) // HERE
	client := &http.Client{Timeout: 5} // HERE
	client.Do(nil)
}
func probe() { client := &http.Client{Timeout: 5}; client.Do(nil); ask(&http.Client{}) }
func ask(client *http.Client) {}`,
  ],
  [
    'uninstrumented-client',
    'and not where the default client is given a wrapped transport',
    `func init() { http.DefaultClient.Transport = otelhttp.NewTransport(nil) }
func handle(w http.ResponseWriter, r *http.Request) { http.DefaultClient.Do(r) }`,
  ],
  [
    'no-flush',
    'the shutdown function of a set-up is dropped',
    `func setup() (func(context.Context) error, error) {
	tp := sdk.NewTracerProvider()
	return func(ctx context.Context) error { return tp.Shutdown(ctx) }, nil
}
func plain() (func(), error) { return func() {}, nil }
func run() {
	_, err := setup() // HERE
	_, err = plain()
	_ = err
}`,
  ],
  [
    'no-flush',
    'and not where it is kept and called, or handed on',
    `func setup() (func(context.Context) error, error) {
	tp := sdk.NewTracerProvider()
	return tp.Shutdown, nil
}
func run() { stop, _ := setup(); defer stop(context.Background()) }
func handed() (func(context.Context) error, error) { return setup() }`,
  ],
  [
    'log-without-context',
    'a context that began empty and was given the caller’s is one',
    `func receive(message *nats.Msg) {
	ctx := context.Background()
	slog.Info("before")
	ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.HeaderCarrier(message.Header))
	slog.Info("after") // HERE
	slog.InfoContext(ctx, "right")
}
func job() { ctx := context.Background(); slog.Info("x"); work(ctx) }`,
  ],
  [
    'header-overwritten',
    'a transport beneath the injecting one copies headers out of the context; above it, it is overwritten itself',
    `type key struct{}
type beneath struct{ next http.RoundTripper }
type above struct{ next http.RoundTripper }
type fixed struct{ headers http.Header; next http.RoundTripper }
func clients(base http.RoundTripper) {
	_ = otelhttp.NewTransport(beneath{base})
	_ = otelhttp.NewTransport(fixed{nil, base})
}
func outer(base http.RoundTripper) { _ = above{otelhttp.NewTransport(base)} }
func (t beneath) RoundTrip(r *http.Request) (*http.Response, error) {
	inbound, _ := r.Context().Value(key{}).(http.Header)
	for name, values := range inbound { // HERE
		r.Header[name] = values
	}
	return t.next.RoundTrip(r)
}
func (t above) RoundTrip(r *http.Request) (*http.Response, error) {
	inbound, _ := r.Context().Value(key{}).(http.Header)
	for name, values := range inbound {
		r.Header[name] = values
	}
	return t.next.RoundTrip(r)
}
func (t fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	for name, values := range t.headers {
		r.Header[name] = values
	}
	return t.next.RoundTrip(r)
}`,
  ],
  [
    'sampling-disagreement',
    'a helper returns a sampler that does not ask the parent',
    `func setup() { sdk.NewTracerProvider(sdk.WithSampler(choose())) }
func choose() sdk.Sampler {
	return sdk.TraceIDRatioBased(0.5) // HERE
}
func other() { sdk.NewTracerProvider(sdk.WithSampler(sdk.ParentBased(root()))) }
func root() sdk.Sampler { return sdk.TraceIDRatioBased(0.5) }
func whole() sdk.Sampler { return sdk.ParentBased(sdk.TraceIDRatioBased(0.5)) }`,
  ],
  [
    'trace-id-truncated',
    'OpenTracing’s headers alone carry 64 bits; beside W3C’s they do no harm',
    `func alone() {
	otel.SetTextMapPropagator(ot.OT{}) // HERE
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(ot.OT{}, propagation.Baggage{})) // HERE
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, ot.OT{}))
}`,
  ],
]

for (const [rule, says, body] of services) {
  test(`${rule}: ${says}`, async () => {
    const source = `package shop\n${http}${body}\n`
    const { findings } = await auditSources({ 'go.mod': 'module example.com/shop\n\ngo 1.24\n', 'a.go': source })
    const expected = source.split('\n').flatMap((line, index) => (line.endsWith('// HERE') ? [index + 1] : []))
    assert.deepEqual(
      findings.filter((one) => one.rule === rule).map(({ evidence: [at] }) => at.line),
      expected,
    )
  })
}

test('what is told of go alone is not told again of the empty context behind it', async () => {
  const source = `package shop\n${http}func handle(w http.ResponseWriter, r *http.Request) { go record() }
func record() { work(context.Background()) }
`
  const { findings } = await auditSources({ 'go.mod': 'module example.com/shop\n', 'a.go': source })
  assert.deepEqual(
    findings.map(({ rule }) => rule).filter((rule) => /^(goroutine-without|background)-context$/.test(rule)),
    ['goroutine-without-context'],
  )
})

test('a sampler chosen by a setting among ParentBased ones is a lead, no verdict', async () => {
  const { findings } = await auditSources({
    'go.mod': 'module example.com/shop\n',
    'a.go': `package shop\n${http}func setup(name string) { sdk.NewTracerProvider(sdk.WithSampler(choose(name))) }
func choose(name string) sdk.Sampler {
	if name == "traceidratio" { return sdk.TraceIDRatioBased(0.5) }
	return sdk.ParentBased(sdk.TraceIDRatioBased(0.5))
}
`,
  })
  assert.deepEqual(
    findings
      .filter(({ rule }) => rule === 'sampling-disagreement')
      .map(({ severity, confidence }) => [severity, confidence]),
    [['info', 'possible']],
  )
})

test('a shutdown function that another package returns is dropped, kept, or not needed', async () => {
  const count = async (call: string, more = ''): Promise<number> => {
    const { findings } = await auditSources({
      'go.mod': 'module example.com/shop\n',
      'telemetry/telemetry.go': `package telemetry
import ("context"; sdk "go.opentelemetry.io/otel/sdk/trace")
var provider *sdk.TracerProvider
func Setup() (*sdk.TracerProvider, func(context.Context) error, error) {
	provider = sdk.NewTracerProvider()
	return provider, func(ctx context.Context) error { return provider.Shutdown(ctx) }, nil
}
${more}
`,
      'main.go': `package main
import ("context"; "example.com/shop/telemetry")
func main() { ${call} }
`,
    })
    return findings.filter(({ rule }) => rule === 'no-flush').length
  }
  assert.equal(await count('_, _, err := telemetry.Setup(); println(err)'), 1)
  assert.equal(await count('_, stop, err := telemetry.Setup(); defer stop(context.Background()); println(err)'), 0)
  const flush = 'func Flush(ctx context.Context) { provider.Shutdown(ctx) }'
  assert.equal(await count('_, _, err := telemetry.Setup(); println(err)', flush), 0)
})
