/** What is meant so: forms seen in large programs that are left alone, told as notes, or told because nothing excuses them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditSources } from '../testing/audit-sources.ts'

const head = `package shop
import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel"
	"golang.org/x/sync/errgroup"
)
var tracer = otel.Tracer("x")
func use(ctx context.Context) error { return nil }
`

/** `line severity confidence` of a rule's findings; lines from the first after the head. */
async function tell(rule: string, source: string): Promise<readonly string[]> {
  const { findings } = await auditSources({
    'go.mod': 'module example.com/shop\n\ngo 1.24\n',
    'shop/a.go': `${head}${source}\n`,
  })
  const before = head.split('\n').length - 1
  return findings
    .filter((one) => one.rule === rule)
    .map(({ evidence: [at], severity, confidence }) => `${(at.line ?? 0) - before} ${severity} ${confidence}`)
    .sort()
}

test('an empty context is probable in a handler or beside a span, possible below one, and a note elsewhere', async () => {
  const told = await tell(
    'background-context',
    `func handle(w http.ResponseWriter, r *http.Request) { _ = use(context.Background()); below(r.Context()) }
func spans(ctx context.Context) { ctx, span := tracer.Start(ctx, "x"); defer span.End(); _ = use(context.TODO()) }
func below(ctx context.Context) { _ = use(context.Background()) }
func NewShop(ctx context.Context) { _ = use(context.Background()) }
func plain(ctx context.Context) { _ = use(context.Background()) }`,
  )
  assert.deepEqual(told, [
    '1 medium probable',
    '2 medium probable',
    '3 low possible',
    '4 info possible',
    '5 info possible',
  ])
})

test('a request leads through an interface to the type that has its methods', async () => {
  const told = await tell(
    'background-context',
    `type Store interface { Get(ctx context.Context) error; Put(ctx context.Context) error }
type server struct { store Store }
func (s *server) handle(w http.ResponseWriter, r *http.Request) { s.store.Get(r.Context()); s.store.Put(r.Context()) }
type disk struct{}
func (d *disk) Get(ctx context.Context) error { return use(context.Background()) }
func (d *disk) Put(ctx context.Context) error { return use(ctx) }
type other struct{}
func (o *other) Get(ctx context.Context) error { return use(context.Background()) }`,
  )
  assert.deepEqual(told, ['5 low possible', '8 info possible'])
})

test('a log line off the path of requests and spans is a note', async () => {
  const told = await tell(
    'log-without-context',
    `func handle(w http.ResponseWriter, r *http.Request) { serve(r.Context()) }
func serve(ctx context.Context) { slog.Info("x") }
func refresh(ctx context.Context) { slog.Info("x") }
func spans(ctx context.Context) { _, span := tracer.Start(ctx, "x"); defer span.End() }`,
  )
  assert.deepEqual(told, ['2 low probable', '3 info possible'])
})

test('a request that gets its context by another way is a note, and so is a connection without one', async () => {
  const told = await tell(
    'request-without-context',
    `func handle(w http.ResponseWriter, r *http.Request) { given(r.Context()); kept(r.Context()); dial(r.Context()); lost(r.Context()); build() ; bare() }
func given(ctx context.Context) { req, _ := http.NewRequest("GET", "u", nil); do(ctx, req) }
type scraper struct { req *http.Request }
var s scraper
func kept(ctx context.Context) {
	req, _ := http.NewRequest("GET", "u", nil)
	s.req = req
	use2(s.req.WithContext(ctx))
}
func dial(ctx context.Context) {
	d := func(network string) (net.Conn, error) { return net.Dial(network, "a:1") }
	use3(d)
}
func lost(ctx context.Context) { req, _ := http.NewRequest("GET", "u", nil); do2(req) }
func build() (*http.Request, error) { req, err := http.NewRequest("GET", "u", nil); return req, err }
func bare() { net.Dial("tcp", "a:1") }`,
  )
  assert.deepEqual(told, [
    '11 info probable',
    '14 medium probable',
    '15 info possible',
    '16 info possible',
    '2 info probable',
    '6 info probable',
  ])
})

test('an empty context that is meant is left alone', async () => {
  const told = await tell(
    'background-context',
    `func explained(ctx context.Context) {
	// Not the caller's ctx: the upload outlives it.
	_ = use(context.Background())
}
func undone(ctx context.Context) { if err := use(ctx); err != nil { remove(context.Background(), 1) } }
func deferred(ctx context.Context) { defer release(context.Background()) }
func measured(ctx context.Context) { metrics.Count(context.Background(), 1) }
func carried(ctx context.Context) { _ = use(copyValues(context.Background(), ctx)) }
func loop(ctx context.Context) { for { select { case <-ctx.Done(): return; case <-time.After(1): _ = use(context.Background()) } } }
func command(cmd *cobra.Command, args []string) { _ = use(context.Background()) }
func starts(ctx context.Context) { startMonitor(context.Background(), 1) }`,
  )
  assert.deepEqual(told, [])
})

test('a comment that promises to do it later excuses nothing', async () => {
  const told = await tell(
    'background-context',
    `func a(ctx context.Context) {
	// TODO: pass the context.
	_ = use(context.Background())
}`,
  )
  assert.deepEqual(told, ['3 low possible'])
})

test('functions kept in variables, given back and started by others are followed', async () => {
  const told = await tell(
    'goroutine-without-context',
    `func make() func() { return func() { http.Get("http://x") } }
func start(f func()) { go f() }
func a(ctx context.Context) {
	go make()()
	run := func() { http.Get("http://x") }
	start(run)
	all := []func(){func() { _ = use(ctx) }}
	go all[0]()
	run = func() { _ = use(ctx) }
	go run()
}`,
  )
  assert.deepEqual(told, ['4 medium probable', '6 medium probable'])
})

test('a goroutine in which nothing is known to belong into a trace is a note', async () => {
  const told = await tell('goroutine-without-context', 'func a(ctx context.Context) { go func() { count() }() }')
  assert.deepEqual(told, ['1 info possible'])
})

test('a group over a list is a note, one over what nobody has counted is not', async () => {
  const told = await tell(
    'errgroup-unbounded',
    `func list(ctx context.Context, all []string) error {
	var g errgroup.Group
	for range all { g.Go(func() error { return use(ctx) }) }
	return g.Wait()
}
func stream(ctx context.Context, all chan string) error {
	var g errgroup.Group
	for range all { g.Go(func() error { return use(ctx) }) }
	return g.Wait()
}`,
  )
  assert.deepEqual(told, ['3 info possible', '8 low possible'])
})

test('a file that goes into something that outlives the turn is kept open on purpose', async () => {
  const told = await tell(
    'defer-in-loop',
    `func a(paths []string) (readers []*os.File) {
	for _, path := range paths {
		f, _ := os.Open(path)
		defer f.Close()
		readers = append(readers, f)
	}
	for _, path := range paths {
		f, _ := os.Open(path)
		defer f.Close()
	}
	return readers
}`,
  )
  assert.deepEqual(told, ['9 medium probable'])
})

test('a timeout below a context that is cancelled ends with it', async () => {
  const told = await tell(
    'lost-cancel',
    `func a(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx, _ = context.WithTimeout(ctx, time.Second)
	_ = use(ctx)
}
func b(ctx context.Context) { ctx, _ = context.WithTimeout(ctx, time.Second); _ = use(ctx) }`,
  )
  assert.deepEqual(told, ['4 info probable', '7 medium probable'])
})
