/** Fixes, judged by Go itself: the source compiles and is gofmt-clean afterwards. Needs a Go toolchain. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { auditDeps, withSources } from '../testing/audit-sources.ts'
import { auditDirectory } from './audit.ts'

const mod = 'module example.com/shop\n\ngo 1.24\n'

const fixable = `package shop

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/trace"
)

type store struct {
	db     *sql.DB
	tracer trace.Tracer
}

func (s *store) load(ctx context.Context, id int) error {
	_, span := s.tracer.Start(ctx, "load")
	defer span.End()
	slog.Info("loading", "id", id)
	rows, err := s.db.Query(
		"select ?",
		id,
	)
	if err != nil {
		return err
	}
	defer rows.Close()
	return s.save(ctx)
}

func (s *store) save(ctx context.Context) error {
	ctx, span := s.tracer.Start(ctx, "save")
	span.AddEvent("x")
	_, err := s.db.Exec("update")
	if err := s.db.Ping(); err != nil {
		return err
	}
	_ = ctx
	return err
}

func handler(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequest(http.MethodGet, "http://x", nil)
	if err != nil {
		return
	}
	_ = req
}
`
/** As much of the API as the source above uses: the fixes must compile against it. */
const trace = `package trace

import "context"

type Tracer interface {
	Start(ctx context.Context, name string) (context.Context, Span)
}
type Span interface {
	End()
	AddEvent(name string)
}
`

test('fixes are applied, compile, are gofmt-clean, and leave nothing more to fix', async () => {
  const files = {
    'go.mod': `${mod}\nrequire go.opentelemetry.io/otel v1.0.0\n\nreplace go.opentelemetry.io/otel => ./otel\n`,
    'otel/go.mod': 'module go.opentelemetry.io/otel\n\ngo 1.24\n',
    'otel/trace/trace.go': trace,
    'a.go': fixable,
  }
  await withSources(files, async (root) => {
    const fixed = await auditDirectory(auditDeps, { root, name: 'shop', fix: true })
    assert.ok(fixed.ok)
    const { applied } = fixed.value.data.fixes
    const text = readFileSync(join(root, 'a.go'), 'utf8')
    assert.deepEqual([applied, fixed.value.data.fixes.files], [7, ['a.go']])
    for (const line of [
      'ctx, span := s.tracer.Start(ctx, "load")',
      'slog.InfoContext(ctx, "loading", "id", id)',
      'rows, err := s.db.QueryContext(ctx,\n\t\t"select ?",',
      'defer span.End()\n\tspan.AddEvent("x")',
      's.db.ExecContext(ctx, "update")',
      's.db.PingContext(ctx)',
      'http.NewRequestWithContext(r.Context(), http.MethodGet',
    ]) {
      assert.ok(text.includes(line), line)
    }
    const env = { ...process.env, GOFLAGS: '-mod=mod', GOWORK: 'off', GOPROXY: 'off' }
    assert.equal(execFileSync('gofmt', ['-l', 'a.go'], { cwd: root, encoding: 'utf8' }), '')
    execFileSync('go', ['build', './...'], { cwd: root, env, stdio: 'pipe' })
    const again = await auditDirectory(auditDeps, { root, name: 'shop' })
    assert.ok(again.ok)
    assert.equal(again.value.data.fixes.available, 0)
  })
})
