import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type GoPackage, type GoSyntax, kindOf, textOf } from '../../model/trust/go-source.ts'
import { readGoMod } from './go-mod.ts'
import { guessPackageName } from './import-names.ts'
import { openGoParser } from './parse-go.ts'
import { resolvePackage } from './resolve-names.ts'
import { resultOf, splitTuple } from './type-text.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const parser = await openGoParser({
  runtime: readFileSync(join(root, 'node_modules/web-tree-sitter/web-tree-sitter.wasm')),
  grammar: readFileSync(join(root, 'assets/tree-sitter-go.wasm')),
})

function resolve(...texts: string[]): GoPackage {
  const files = texts.map((text, index): GoSyntax => {
    const read = parser.parse(`${index}.go`, text)
    assert.ok(read.ok)
    return read.value
  })
  return resolvePackage({ directory: '', importPath: 'example.com/shop', files })
}

/** What the first node with this text means and is, in file 0. */
function look(pkg: GoPackage, text: string, kind: string): { qualified: string | undefined; type: string } {
  const file = pkg.files[0]
  assert.ok(file)
  for (let node = file.syntax.nodeCount - 1; node >= 0; node--) {
    if (kindOf(file.syntax, node) !== kind || textOf(file.syntax, node) !== text) continue
    const symbol = pkg.symbols[file.symbols[node] as number]
    return { qualified: symbol?.qualified, type: pkg.types[file.types[node] as number] ?? '' }
  }
  return assert.fail(`no ${kind} ${text}`)
}

const shop = `package shop
import (
  "context"
  "net/http"
  "go.opentelemetry.io/otel"
  sdk "go.opentelemetry.io/otel/sdk/trace"
)
var tracer = otel.Tracer("x")
type base struct{ client *http.Client }
type server struct{ base; items map[string][]*http.Request }
func (s *server) handle(w http.ResponseWriter, r *http.Request) {
  ctx, span := tracer.Start(r.Context(), "handle")
  defer span.End()
  { ctx := 1; use(ctx) }
  go func(ctx context.Context) { s.work(ctx) }(ctx)
  s.client.Do(nil)
  for _, list := range s.items { list[0].Context() }
  switch t := any(w).(type) {
  case *http.Request: t.Context()
  default: other(t)
  }
  sdk.NewTracerProvider().Shutdown(ctx)
}
`

test('names mean what the nearest scope declares, and types follow from signatures', () => {
  const pkg = resolve(
    shop,
    'package shop\nimport "context"\nfunc (s *server) work(ctx context.Context) error { return nil }\n',
  )
  const start = look(pkg, 'tracer.Start(r.Context(), "handle")', 'call_expression')
  assert.equal(start.qualified, '(go.opentelemetry.io/otel/trace.Tracer).Start')
  assert.equal(look(pkg, 'span.End()', 'call_expression').qualified, '(go.opentelemetry.io/otel/trace.Span).End')
  assert.equal(look(pkg, 's.work(ctx)', 'call_expression').qualified, '(*example.com/shop.server).work')
  assert.equal(look(pkg, 's.work(ctx)', 'call_expression').type, 'error')
  assert.equal(look(pkg, 's.client.Do(nil)', 'call_expression').qualified, '(*net/http.Client).Do')
  assert.equal(look(pkg, 'list[0].Context()', 'call_expression').type, 'context.Context')
  assert.equal(look(pkg, 't.Context()', 'call_expression').type, 'context.Context')
  assert.equal(
    look(pkg, 'sdk.NewTracerProvider().Shutdown(ctx)', 'call_expression').qualified,
    '(*go.opentelemetry.io/otel/sdk/trace.TracerProvider).Shutdown',
  )
})

test('an inner declaration hides the outer one, in its block alone', () => {
  const pkg = resolve(shop)
  const file = pkg.files[0]
  assert.ok(file)
  const meant = Array.from({ length: file.syntax.nodeCount }, (_, node) => node)
    .filter((node) => kindOf(file.syntax, node) === 'identifier' && textOf(file.syntax, node) === 'ctx')
    .map((node) => pkg.types[file.types[node] as number])
  const context = 'context.Context'
  assert.deepEqual(meant, [context, 'int', 'int', context, context, context, context])
})

test('what another package alone could tell stays unknown', () => {
  const pkg = resolve('package shop\nimport "example.com/other"\nfunc f() { x := other.New(); x.Do(); y.Do() }\n')
  assert.deepEqual(look(pkg, 'other.New()', 'call_expression'), { qualified: 'example.com/other.New', type: '' })
  assert.deepEqual(look(pkg, 'x.Do()', 'call_expression'), { qualified: undefined, type: '' })
  assert.deepEqual(look(pkg, 'y.Do()', 'call_expression'), { qualified: undefined, type: '' })
})

test('a package is known by the name that custom gives its path', () => {
  const names = ['gopkg.in/yaml.v3', 'example.com/a/v2', 'github.com/nats-io/nats.go', 'x/go-isatty', 'net/http']
  assert.deepEqual(names.map(guessPackageName), ['yaml', 'a', 'nats', 'isatty', 'http'])
  assert.equal(guessPackageName('go.opentelemetry.io/otel/semconv/v1.26.0'), 'semconv')
})

test('go.mod gives its module, go line and requirements', () => {
  const text =
    'module example.com/a // x\n\ngo 1.22.3\n\nrequire example.com/b v1.0.0\nrequire (\n\tc.d/e v0.1.0 // indirect\n)\nreplace (\n\tx => ../y\n)\n'
  assert.deepEqual(readGoMod(text, 'sub'), {
    path: 'example.com/a',
    directory: 'sub',
    goVersion: '1.22.3',
    requires: [
      { path: 'example.com/b', version: 'v1.0.0', indirect: false },
      { path: 'c.d/e', version: 'v0.1.0', indirect: true },
    ],
  })
  assert.equal(readGoMod('go 1.22\n', ''), undefined)
})

test('types as text come apart where the outermost commas are', () => {
  assert.deepEqual(splitTuple('(A, func(B, C) D, map[K]V)'), ['A', 'func(B, C) D', 'map[K]V'])
  assert.equal(resultOf('func(A, func(B) C) (D, error)'), '(D, error)')
  assert.equal(resultOf('A'), undefined)
})

test('broken and odd source is resolved as far as it goes', () => {
  const pkg = resolve(
    'package a\nfunc f( { x := ; range for := } type T struct { T; *T }\nfunc (t T) m() { t.T.T.m() }\nvar a, b = a\n',
  )
  assert.equal(pkg.files.length, 1)
  assert.equal(resolve('').name, '')
  resolve(`package a\nvar x = ${'f('.repeat(5000)}1${')'.repeat(5000)}\n`)
})

test('a parameter that := gives anew in the body is the same variable; in a block further in it is another', () => {
  const pkg = resolve(`package shop
import "context"
func f(ctx context.Context) {
  ctx, cancel := context.WithCancel(ctx)
  use(ctx)
  { ctx, other := context.WithCancel(ctx); use(ctx, other) }
  cancel()
}`)
  const declared = pkg.symbols.filter(({ name }) => name === 'ctx')
  assert.deepEqual(
    declared.map(({ kind }) => kind),
    ['parameter', 'variable'],
  )
})
