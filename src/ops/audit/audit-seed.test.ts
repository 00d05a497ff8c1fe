/**
 * The faults of the document that the project began with: its own snippets, each under a rule, with a near miss that says
 * nothing. Given as a page gives them: text without fences, fragments without imports.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditDeps, withSources } from '../testing/audit-sources.ts'
import { auditSnippets } from './snippets.ts'

type Fault = {
  readonly name: string
  readonly code: string
  /** Rules by the line of the snippet, from 1. */
  readonly told: readonly (readonly [line: number, rule: string])[]
  /** The same, mended: none of those rules. */
  readonly mended: string
}

const faults: readonly Fault[] = [
  {
    name: 'a line counter that imports what it does not use and panics for a missing file',
    code: `package main

import (
    "bufio"
    "os"
    "time"
)

func main() {
    file, err := os.Open(os.Args[1])
    if err != nil {
        panic(err)
    }
    defer file.Close()
    scanner := bufio.NewScanner(file)
    if err := scanner.Err(); err != nil {
        panic(err)
    }
}`,
    told: [
      [6, 'snippet-not-compiling'],
      [12, 'panic-on-io-error'],
      [17, 'panic-on-io-error'],
    ],
    mended: `package main

import (
    "fmt"
    "os"
)

func main() {
    file, err := os.Open(os.Args[1])
    if err != nil {
        fmt.Fprintln(os.Stderr, err)
        os.Exit(66)
    }
    defer file.Close()
}`,
  },
  {
    name: 'a group without limit or Wait, counted twice',
    code: `var wg sync.WaitGroup
eg, ctx := errgroup.WithContext(context.Background())
for i := 0; i < 1000; i++ {
    wg.Add(1)
    eg.Go(func() error {
        defer wg.Done()
        return processMetric(ctx, metrics[i])
    })
}`,
    told: [
      [5, 'errgroup-not-waited'],
      [5, 'errgroup-unbounded'],
      [6, 'waitgroup-beside-errgroup'],
      [7, 'loop-variable-captured'],
    ],
    mended: `eg, ctx := errgroup.WithContext(context.Background())
eg.SetLimit(8)
for i := range metrics {
    i := i
    eg.Go(func() error {
        return processMetric(ctx, metrics[i])
    })
}
return eg.Wait()`,
  },
  {
    name: 'a consumer that nobody waits for',
    code: `metricsCh := make(chan *Metric, 1024)
go func() {
    for m := range metricsCh {
        sendToTSDB(m)
    }
}()`,
    told: [[2, 'channel-consumer-unguarded']],
    mended: `metricsCh := make(chan *Metric, 1024)
go func() {
    defer close(done)
    for m := range metricsCh {
        sendToTSDB(m)
    }
}()`,
  },
  {
    name: 'a trace a request',
    code: `func handler(w http.ResponseWriter, r *http.Request) {
    f, _ := os.Create("trace.out")
    trace.Start(f)
    defer trace.Stop()
}`,
    told: [
      [2, 'file-unclosed'],
      [3, 'trace-start-in-handler'],
      [3, 'trace-start-unchecked'],
    ],
    mended: `func record() error {
    f, err := os.Create("trace.out")
    if err != nil {
        return err
    }
    defer f.Close()
    if err := trace.Start(f); err != nil {
        return err
    }
    defer trace.Stop()
    return work()
}`,
  },
  {
    name: 'a profile that does not exist',
    code: `func profile(w io.Writer) {
    pprof.Lookup("cpu").WriteTo(w, 0)
}`,
    told: [[2, 'pprof-lookup-unknown']],
    mended: `func profile(w io.Writer) {
    pprof.Lookup("heap").WriteTo(w, 0)
}`,
  },
  {
    name: 'a client that can not work',
    code: `resp, _ := http.DefaultClient.Do(&http.Request{
    Method: "GET",
    URL:    &url.URL{Path: "/v1/config?wait=30s"},
})`,
    told: [
      [1, 'client-without-timeout'],
      [1, 'response-body-unclosed'],
      [1, 'response-error-dropped'],
      [3, 'query-in-path'],
    ],
    mended: `req, err := http.NewRequestWithContext(ctx, "GET", "https://config/v1/config?wait=30s", nil)
if err != nil {
    return err
}
resp, err := http.DefaultClient.Do(req)
if err != nil {
    return err
}
defer resp.Body.Close()`,
  },
  {
    name: 'one error wrapped, the next bare',
    code: `func fetchConfig(path string) (map[string]string, error) {
    data, err := os.ReadFile(path)
    if err != nil {
        return nil, fmt.Errorf("failed to read %s: %w", path, err)
    }
    return parseYAML(data)
}

func parseYAML(data []byte) (map[string]string, error) { return nil, nil }`,
    told: [[6, 'errors-wrapped-unevenly']],
    mended: `func fetchConfig(path string) (map[string]string, error) {
    data, err := os.ReadFile(path)
    if err != nil {
        return nil, fmt.Errorf("failed to read %s: %w", path, err)
    }
    return data, nil
}`,
  },
  {
    name: 'a worker whose requests are thrown away',
    code: `func leakyWorker() {
    for {
        select {
        case <-time.After(5 * time.Second):
            http.Get("http://slow-api/")
        }
    }
}`,
    told: [
      [5, 'client-without-timeout'],
      [5, 'request-without-context'],
      [5, 'response-body-unclosed'],
    ],
    mended: `func worker(ctx context.Context, client *http.Client, req *http.Request) error {
    resp, err := client.Do(req.WithContext(ctx))
    if err != nil {
        return err
    }
    return resp.Body.Close()
}`,
  },
  {
    name: 'the span of another, ended',
    code: `go func(ctx context.Context) {
    span := trace.SpanFromContext(ctx)
    defer span.End()
}(parentCtx)`,
    told: [[3, 'borrowed-span-ended']],
    mended: `go func(ctx context.Context) {
    ctx, span := tracer.Start(ctx, "work")
    defer span.End()
    work(ctx)
}(parentCtx)`,
  },
  {
    name: 'the world stopped for each scrape',
    code: `import (
    "expvar"
    "runtime"
)

func init() {
    expvar.Publish("heap_alloc", expvar.Func(func() any {
        var m runtime.MemStats
        runtime.ReadMemStats(&m)
        return m.Alloc
    }))
}`,
    told: [[9, 'mem-stats-on-hot-path']],
    mended: `import (
    "expvar"
    "runtime"
)

func init() {
    expvar.Publish("goroutines", expvar.Func(func() any {
        return runtime.NumGoroutine()
    }))
}`,
  },
  {
    name: 'a middleware that extracts nothing, ends nothing, and has an id of its own',
    code: `func TraceMiddleware(next http.Handler) http.Handler {
    return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
        span := tracer.StartSpan("http.request")
        ctx := context.WithValue(r.Context(), "traceID", span.SpanContext().TraceID().String())
        r = r.WithContext(ctx)
        next.ServeHTTP(w, r)
    })
}`,
    told: [
      [3, 'no-extract'],
      [3, 'span-never-ended'],
      [4, 'homemade-trace-id'],
    ],
    mended: `func TraceMiddleware(next http.Handler) http.Handler {
    return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
        ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
        ctx, span := tracer.Start(ctx, "http.request")
        defer span.End()
        next.ServeHTTP(w, r.WithContext(ctx))
    })
}`,
  },
  {
    name: 'a hundred hosts one after another',
    code: `for _, host := range hosts {
    conn, err := net.DialTimeout("tcp", host+":9100", 5*time.Second)
    if err != nil {
        log.Printf("failed to connect %s: %v", host, err)
        continue
    }
    defer conn.Close()
    probe(conn)
}`,
    told: [
      [2, 'address-joined-by-hand'],
      [2, 'request-without-context'],
      [7, 'defer-in-loop'],
    ],
    mended: `for _, host := range hosts {
    conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, "9100"))
    if err != nil {
        continue
    }
    probe(conn)
    conn.Close()
}`,
  },
]

async function tell(code: string): Promise<readonly (readonly [line: number, rule: string])[]> {
  return withSources({ 'page.txt': `Some words before.\n\n${code}\n\nSome words after.\n` }, async (root) => {
    const report = await auditSnippets(auditDeps, { root: `${root}/page.txt`, name: 'page.txt', tier: 'a' })
    assert.ok(report.ok)
    const all = report.value.findings.map((one) => `${(one.evidence[0].line ?? 0) - 2} ${one.rule}`)
    return [...new Set(all)]
      .map((one) => [Number(one.split(' ')[0]), one.split(' ')[1] as string] as const)
      .sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))
  })
}

for (const { name, code, told, mended } of faults) {
  test(`of the document: ${name}`, async () => {
    assert.deepEqual(await tell(code), told)
    const rules = new Set(told.map(([, rule]) => rule))
    assert.deepEqual(
      (await tell(mended)).filter(([, rule]) => rules.has(rule)),
      [],
    )
  })
}
