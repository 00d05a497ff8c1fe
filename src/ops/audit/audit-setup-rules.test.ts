/** Rules that look at a set-up, at several packages or at the whole project: the form that fires, and the right one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditSources } from '../testing/audit-sources.ts'

const setup = (options: string): string => `package main
import (
	"context"
	"log"
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
