/** Where a finding stands among functions, spans, routes and services, over the packages of a project. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditSources } from '../testing/audit-sources.ts'

const files = {
  'go.mod': 'module example.com/shop\n\ngo 1.24\n\nrequire go.opentelemetry.io/otel v1.39.0\n',
  'cmd/cart/main.go': `package main

import (
	"context"
	"net/http"

	"example.com/shop/store"
	"example.com/shop/telemetry"
)

const name = "cart-" + "api"

func main() {
	telemetry.Setup(context.Background(), name)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cart/{id}", show)
	mux.Handle("/health", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	_ = http.ListenAndServe(":0", mux)
}

func show(w http.ResponseWriter, r *http.Request) {
	store.Load(r.Context(), r.PathValue("id"))
}
`,
  'cmd/mailer/main.go': 'package main\n\nfunc main() {}\n',
  'telemetry/telemetry.go': `package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
)

func Setup(ctx context.Context, service string) {
	_ = attribute.String("service.name", service)
}
`,
  'store/store.go': `package store

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel"
)

var tracer = otel.Tracer("example.com/shop/store")

type job struct{ id string }

var jobs = make(chan job)

func Load(ctx context.Context, id string) {
	ctx, span := tracer.Start(ctx, "load "+id)
	defer span.End()
	fetch(ctx)
}

func fetch(ctx context.Context) {
	go func() {
		refresh(context.Background())
	}()
	request, _ := http.NewRequest("GET", "http://example.com/", nil)
	_, _ = http.DefaultClient.Do(request)
}

func refresh(ctx context.Context) {
	_, span := tracer.Start(ctx, "refresh prices")
	defer span.End()
}
`,
}

test('a finding names its function, what begins below it and what it is reached by, over packages', async () => {
  const { findings } = await auditSources(files)
  const [request] = findings.filter(({ rule }) => rule === 'request-without-context')
  assert.equal(request?.evidence[0].function, 'example.com/shop/store.fetch')
  assert.deepEqual([...(request?.evidence[0].operations ?? [])].sort(), ['GET /cart/{id}', 'load *'])
  const inner = findings.filter(({ evidence: [at] }) => at.starts?.includes('refresh prices') === true)
  assert.ok(inner.length > 0, findings.map(({ rule }) => rule).join())
  assert.match(inner[0]?.evidence[0].function ?? '', /^example\.com\/shop\/store\.fetch(\.func1)?$/)
})

test('commands are told with the names that a set-up function is given, and with their packages', async () => {
  const { data } = await auditSources(files)
  assert.deepEqual(
    data.programs.map(({ importPath, services, packages }) => [
      importPath,
      services.map(({ name, file }) => `${name} ${file}`),
      packages.length,
    ]),
    [
      ['example.com/shop/cmd/cart', ['cart-api cmd/cart/main.go'], 3],
      ['example.com/shop/cmd/mailer', [], 1],
    ],
  )
  assert.deepEqual(data.spanNames, ['load *', 'refresh prices'])
})
