/** Each rule: a case that fires, at its line, and a near miss that must not. Sources are whole packages in a folder. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { auditRules } from '../../analyze/audit/registry.ts'
import { auditSources } from '../testing/audit-sources.ts'

type Case = {
  readonly rule: string
  /** Lines with `// HERE` are those where the rule must fire; all others are near misses. */
  readonly source: string
  readonly go?: string
}

const imports = `import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)
var tracer = otel.Tracer("x")
func use(ctx context.Context) error { return nil }
`

const cases: readonly Case[] = [
  {
    rule: 'goroutine-without-context',
    source: `func bad(ctx context.Context) {
	go func() { fmt.Println() }() // HERE
	go func() { _ = use(ctx) }()
	go func() { wg.Wait(); close(c) }()
	go func() { for { c, _ := l.Accept(); serve(c) } }()
	go func() { for range time.NewTicker(1).C { work() } }()
}
func none() { go func() { fmt.Println() }() }
func Shutdown(ctx context.Context) { go func() { fmt.Println() }() }
func handler(w http.ResponseWriter, r *http.Request) {
	go func() { fmt.Println() }() // HERE
	go func(ctx context.Context) { _ = use(ctx) }(r.Context())
}`,
  },
  {
    rule: 'background-context',
    source: `func a(ctx context.Context) {
	_ = use(context.Background()) // HERE
	_ = use(ctx)
	if ctx == nil { ctx = context.Background() }
	defer func() { _ = use(context.Background()) }()
	server.Shutdown(context.Background())
	deep() // HERE
	select { case <-ctx.Done(): _ = use(context.Background()) }
}
func deep() { _ = use(context.TODO()) }
func main() { _ = use(context.Background()) }
func NewThing() { _ = use(context.Background()) }
func linked(ctx context.Context) {
	fresh := trace.ContextWithSpanContext(context.Background(), trace.SpanContextFromContext(ctx))
	_ = use(fresh)
}`,
  },
  {
    rule: 'no-extract',
    source: `func handler(w http.ResponseWriter, r *http.Request) {
	_, span := tracer.Start(r.Context(), "x") // HERE
	defer span.End()
}
func work(ctx context.Context) {
	_, span := tracer.Start(ctx, "x")
	defer span.End()
}`,
  },
  {
    rule: 'uninstrumented-client',
    source: `func a() {
	http.Get("http://x") // HERE
	_ = &http.Client{} // HERE
	_ = &http.Client{Transport: wrapped}
	_ = &http.Server{}
}`,
  },
  {
    rule: 'request-without-context',
    source: `func a(ctx context.Context) {
	http.NewRequest("GET", "/", nil) // HERE
	http.NewRequestWithContext(ctx, "GET", "/", nil)
}
func main() { http.NewRequest("GET", "/", nil) }
type own struct{}
func (own) NewRequest() {}
func b(http own) { http.NewRequest() }`,
  },
  {
    rule: 'span-context-dropped',
    source: `func a(ctx context.Context) {
	_, span := tracer.Start(ctx, "a") // HERE
	defer span.End()
	_ = use(ctx)
}
func leaf(ctx context.Context) {
	_, span := tracer.Start(ctx, "a")
	defer span.End()
	fmt.Println()
}
func ended(ctx context.Context) {
	_, span := tracer.Start(ctx, "a")
	span.End()
	_ = use(ctx)
}`,
  },
  {
    rule: 'borrowed-span-ended',
    source: `func a(ctx context.Context) {
	span := trace.SpanFromContext(ctx)
	defer span.End() // HERE
}
func b(ctx context.Context) {
	span := trace.SpanFromContext(ctx)
	span.AddEvent("x")
	ctx, own := tracer.Start(ctx, "b")
	defer own.End()
	_ = use(ctx)
}`,
  },
  {
    rule: 'span-never-ended',
    source: `func a(ctx context.Context) error {
	ctx, span := tracer.Start(ctx, "a") // HERE
	if err := use(ctx); err != nil { return err }
	span.End()
	return nil
}
func fine(ctx context.Context) {
	_, span := tracer.Start(ctx, "a")
	defer span.End()
}
func given(ctx context.Context) trace.Span {
	_, span := tracer.Start(ctx, "a")
	return span
}
func fatal(ctx context.Context) {
	_, span := tracer.Start(ctx, "a")
	if ctx == nil { os.Exit(1) }
	span.End()
}
func elsewhere(ctx context.Context) {
	_, span := tracer.Start(ctx, "a")
	done := func() { span.End() }
	done()
}`,
  },
  {
    rule: 'stale-context',
    source: `type server struct {
	ctx context.Context // HERE
	name string
	start func(ctx context.Context)
}`,
  },
  {
    rule: 'context-overwritten',
    source: `func a(ctx context.Context) {
	for i := 0; i < 3; i++ {
		ctx, _ = tracer.Start(ctx, "a") // HERE
	}
	for i := 0; i < 3; i++ {
		ctx, span := tracer.Start(ctx, "a")
		ctx = context.WithValue(ctx, 1, 2)
		_, _ = ctx, span
	}
}`,
  },
  {
    rule: 'shared-work',
    source: `func a(ctx context.Context) {
	var g singleflight.Group
	g.Do("k", func() (any, error) {
		return nil, use(ctx) // HERE
	})
	g.Do("k", func() (any, error) { return nil, nil })
}`,
  },
  {
    rule: 'outer-context-captured',
    source: `func a(ctx context.Context) {
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return use(ctx) }) // HERE
	g.Go(func() error { return use(gctx) })
	_ = g.Wait()
}`,
  },
  {
    rule: 'homemade-trace-id',
    source: `func a(ctx context.Context) {
	ctx = context.WithValue(ctx, "traceID", newID()) // HERE
	ctx = context.WithValue(ctx, "traceID", trace.SpanContextFromContext(ctx).TraceID())
	ctx = context.WithValue(ctx, "user", newID())
}`,
  },
  {
    rule: 'log-without-context',
    source: `func a(ctx context.Context) {
	slog.Info("x") // HERE
	slog.InfoContext(ctx, "x")
}
func b() { slog.Info("x") }`,
  },
  {
    rule: 'forced-new-root',
    source: `func a(ctx context.Context) {
	_, span := tracer.Start(ctx, "a", trace.WithNewRoot()) // HERE
	defer span.End()
	_, other := tracer.Start(ctx, "a")
	defer other.End()
}`,
  },
  {
    rule: 'detached-context-cancelled',
    source: `func handler(w http.ResponseWriter, r *http.Request) {
	go use(r.Context()) // HERE
	go use(context.WithoutCancel(r.Context()))
}
func waiting(w http.ResponseWriter, r *http.Request) {
	done := make(chan struct{})
	go func() { _ = use(r.Context()); close(done) }()
	<-done
}`,
  },
  {
    rule: 'lost-cancel',
    source: `func a(ctx context.Context) context.Context {
	ctx, _ = context.WithCancel(ctx) // HERE
	ctx, cancel := context.WithTimeout(ctx, 1)
	defer cancel()
	return ctx
}`,
  },
  {
    rule: 'errgroup-not-waited',
    source: `func a(ctx context.Context) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return use(ctx) }) // HERE
}
func b(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return use(ctx) })
	return g.Wait()
}`,
  },
  {
    rule: 'errgroup-unbounded',
    source: `func a(ctx context.Context, hosts []string) error {
	g, ctx := errgroup.WithContext(ctx)
	for range hosts {
		g.Go(func() error { return use(ctx) }) // HERE
	}
	return g.Wait()
}
func b(ctx context.Context, hosts []string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for range hosts { g.Go(func() error { return use(ctx) }) }
	return g.Wait()
}`,
  },
  {
    rule: 'defer-in-loop',
    source: `func a(names []string) {
	for _, name := range names {
		f, _ := os.Open(name)
		defer f.Close() // HERE
	}
	for _, name := range names {
		func() { f, _ := os.Open(name); defer f.Close() }()
	}
}`,
  },
  {
    rule: 'loop-variable-captured',
    go: '1.21',
    source: `func a(hosts []string) {
	for _, host := range hosts {
		go func() {
			fmt.Println(host) // HERE
		}()
		go func(host string) { fmt.Println(host) }(host)
	}
}`,
  },
  {
    rule: 'loop-variable-captured',
    go: '1.22',
    source: 'func a(hosts []string) { for _, host := range hosts { go func() { fmt.Println(host) }() } }',
  },
  {
    rule: 'errors-wrapped-unevenly',
    source: `func a(ctx context.Context) error {
	err := use(ctx)
	if err != nil { return fmt.Errorf("using: %w", err) }
	if err = use(ctx); err != nil {
		return err // HERE
	}
	return use(ctx) // HERE
}
func b(ctx context.Context) error {
	err := use(ctx)
	if err != nil { return err }
	return errors.New("b")
}`,
  },
  {
    rule: 'panic-on-io-error',
    source: `func a() {
	_, err := os.Open("x")
	if err != nil {
		panic(err) // HERE
	}
}
func MustA() { _, err := os.Open("x"); if err != nil { panic(err) } }
func b(ctx context.Context) { err := use(ctx); if err != nil { panic(err) } }`,
  },
  {
    rule: 'response-error-dropped',
    source: `func a() {
	resp, _ := http.Get("http://x") // HERE
	defer resp.Body.Close()
	other, err := http.Get("http://x")
	_, _ = other, err
}`,
  },
  {
    rule: 'response-body-unclosed',
    source: `func a() error {
	resp, err := http.Get("http://x") // HERE
	fmt.Println(resp.StatusCode)
	return err
}
func b() (*http.Response, error) { resp, err := http.Get("http://x"); return resp, err }
func c() { resp, _ := http.Get("http://x"); defer resp.Body.Close() }`,
  },
  {
    rule: 'client-without-timeout',
    source: `func a() {
	http.Get("http://x") // HERE
	_ = &http.Client{} // HERE
	_ = &http.Client{Timeout: time.Second}
}`,
  },
  {
    rule: 'handoff-without-context',
    source: `type job struct { name string }
type traced struct { name string; ctx context.Context }
type pool struct { jobs chan job; traced chan traced }
func (p *pool) add(ctx context.Context) {
	p.jobs <- job{"a"} // HERE
	p.traced <- traced{"a", ctx}
	results := make(chan job)
	results <- job{"a"}
}
func (p *pool) without() { p.jobs <- job{"a"} }`,
  },
  {
    rule: 'channel-consumer-unguarded',
    source: `type collector struct { metrics chan int }
func send(m int) error { return nil }
func (c *collector) start() {
	go func() { // HERE
		for m := range c.metrics {
			send(m) // HERE
		}
	}()
	go func() {
		defer wg.Done()
		for m := range c.metrics {
			if err := send(m); err != nil { fmt.Println(err) }
		}
	}()
}`,
  },
]

for (const { rule, source, go = '1.24' } of cases) {
  test(`${rule} (go ${go}) fires where it should, and nowhere else`, async () => {
    const text = `package main\n${imports}${source}\n`
    const { findings } = await auditSources({ 'go.mod': `module example.com/shop\n\ngo ${go}\n`, 'a.go': text })
    const lines = findings.filter((one) => one.rule === rule).map((one) => one.evidence[0].line)
    const wanted = text.split('\n').flatMap((line, index) => (line.includes('// HERE') ? [index + 1] : []))
    assert.deepEqual(
      [...new Set(lines)].sort((a, b) => Number(a) - Number(b)),
      wanted,
    )
  })
}

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

test('every rule of the registry has a name of its own and says when it fires and what to do', () => {
  assert.equal(new Set(auditRules.map(({ id }) => id)).size, auditRules.length)
  for (const { id, saysWhen, fix, check, checkProject } of auditRules) {
    assert.ok(saysWhen.length > 20 && fix.length > 10, id)
    assert.ok(check !== undefined || checkProject !== undefined, id)
  }
})

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

test('every rule has a case of its own here', () => {
  const told = readFileSync(import.meta.filename, 'utf8')
  assert.deepEqual(
    auditRules.map(({ id }) => id).filter((id) => !told.includes(`'${id}'`)),
    [],
  )
})
