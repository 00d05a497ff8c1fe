/** Each rule: a case that fires, at its line, and a near miss that must not. Sources are whole packages in a folder. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
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
	"sync"
	"time"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"
)
var tracer = otel.Tracer("x")
func use(ctx context.Context) error { return nil }
`

const cases: readonly Case[] = [
  {
    rule: 'goroutine-without-context',
    source: `type recorder struct{}
func (r *recorder) remember(id string) {
	_, span := tracer.Start(context.Background(), "remember")
	defer span.End()
}
func (r *recorder) keep(ctx context.Context, id string) {
	_, span := tracer.Start(ctx, "keep")
	defer span.End()
}
func bad(ctx context.Context, r *recorder) {
	_ = use(ctx)
	go r.remember("1") // HERE
	go r.keep(ctx, "1")
}`,
  },
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
    // The bridge takes the context out of whatever field holds one.
    rule: 'log-without-context',
    source: `func a(ctx context.Context, log *zap.Logger, old *logrus.Logger) {
	_, span := tracer.Start(ctx, "a")
	defer span.End()
	log.Info("x", zap.String("y", "z")) // HERE
	log.Info("x", zap.Any("ctx", ctx), zap.String("y", "z"))
	log.With(zap.Any("ctx", ctx)).Info("x")
	old.WithContext(ctx).Info("x")
	log.Info("x", zap.Any("y", ctx.Value(key))) // HERE
}`,
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
	return use(ctx)
}
func tail(ctx context.Context) error {
	if err := use(ctx); err != nil { return fmt.Errorf("using: %w", err) }
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
    rule: 'file-unclosed',
    source: `func a() {
	f, err := os.Create("x") // HERE
	fmt.Fprintln(f, err)
	g, _ := os.Open("x")
	defer g.Close()
	h, _ := os.Open("x")
	keep(h)
}
func main() { f, _ := os.Open("x"); fmt.Fprintln(f) }`,
  },
  {
    rule: 'waitgroup-beside-errgroup',
    source: `func a(ctx context.Context) error {
	var wg sync.WaitGroup
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { defer wg.Done(); return use(ctx) }) // HERE
	go func() { defer wg.Done(); _ = use(ctx) }()
	return g.Wait()
}`,
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

test('every rule of the registry has a name of its own and says when it fires and what to do', () => {
  assert.equal(new Set(auditRules.map(({ id }) => id)).size, auditRules.length)
  for (const { id, saysWhen, fix, check, checkProject } of auditRules) {
    assert.ok(saysWhen.length > 20 && fix.length > 10, id)
    assert.ok(check !== undefined || checkProject !== undefined, id)
  }
})

test('every rule has a case of its own here', () => {
  const told = ['audit-rules.test.ts', 'audit-setup-rules.test.ts']
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
    .join('')
  assert.deepEqual(
    auditRules.map(({ id }) => id).filter((id) => !told.includes(`'${id}'`)),
    [],
  )
})
