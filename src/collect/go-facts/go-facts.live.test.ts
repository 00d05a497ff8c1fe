import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { requireGo } from '../../../scripts/setup/go.ts'
import type { TypedPackage } from '../../model/trust/typed-facts.ts'
import { collectGoFacts } from './go-facts.ts'

const source = join(import.meta.dirname, '..', '..', '..', 'assets', 'gofacts')
const folder = mkdtempSync(join(tmpdir(), 'sightline-go-facts-'))
const cache = join(folder, 'cache')
after(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(folder, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  return directory
}

const program = {
  'go.mod': 'module example.com/p\n\ngo 1.22\n',
  'main.go': `package main

import (
	"context"
	"net/http"

	"example.com/p/inner"
)

type server struct {
	client *http.Client
	*inner.Store
}

type own struct{ context.Context }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.client.Do(r)
	s.Load(own{r.Context()}, "日本")
	inner.Make[int](3).Get()
}

func main() { http.ListenAndServe(":0", &server{}) }
`,
  'other_plan9.go': 'package main\n\nfunc elsewhere() {}\n',
  'inner/inner.go': `package inner

import "context"

type Store struct{ Name string }

func (s *Store) Load(ctx context.Context, key string) (string, error) { return key, nil }

type Box[T any] struct{ v T }

func Make[T any](v T) *Box[T] { return &Box[T]{v} }
func (b *Box[T]) Get() T      { return b.v }
`,
  'inner/export_test.go': 'package inner\n\nfunc (s *Store) ForTest() int { return 1 }\n',
  'inner/inner_test.go': `package inner_test

import (
	"testing"

	"example.com/p/inner"
)

func TestX(t *testing.T) { (&inner.Store{}).ForTest() }
`,
}

const hooks = () => {
  const steps: string[] = []
  return { steps, signal: new AbortController().signal, progress: { step: (what: string) => void steps.push(what) } }
}

function namesIn(pkg: TypedPackage | undefined): (string | undefined)[] {
  return (pkg?.symbols ?? []).map(({ qualified }) => qualified)
}

test('the toolchain names methods through fields and embedded types, of other packages, generic ones, and of tests', async (t) => {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const directory = write('program', program)
  const { steps, ...rest } = hooks()
  const env = { ...go.env, SIGHTLINE_GO: go.goBin }
  const read = await collectGoFacts({ source, cache, env }, { directory, modules: [''], tests: true }, rest)
  assert.ok(read.ok, read.ok ? '' : read.error.message)
  const { packages, issues, expressions, typed } = read.value
  assert.deepEqual(issues, [])
  assert.deepEqual(
    Object.fromEntries(packages.map(({ importPath, files }) => [importPath, files.map(({ path }) => path)])),
    {
      'example.com/p': ['main.go'],
      'example.com/p/inner': ['inner/export_test.go', 'inner/inner.go'],
      'example.com/p/inner_test': ['inner/inner_test.go'],
    },
  )
  const main = packages.find(({ importPath }) => importPath === 'example.com/p')
  for (const name of ['(*net/http.Client).Do', '(*example.com/p/inner.Store).Load', '(*example.com/p/inner.Box).Get']) {
    assert.ok(namesIn(main).includes(name), name)
  }
  assert.ok(main?.contextTypes.some((type) => main.types[type] === 'example.com/p.own'))
  assert.ok(main?.handlerTypes.some((type) => main.types[type] === '*example.com/p.server'))
  const external = packages.find(({ importPath }) => importPath === 'example.com/p/inner_test')
  assert.ok(namesIn(external).includes('(*example.com/p/inner.Store).ForTest'))
  assert.ok(typed / expressions > 0.9, `${typed} of ${expressions}`)
  assert.ok(steps[0]?.startsWith('compiling'))

  const again = hooks()
  const second = await collectGoFacts({ source, cache, env }, { directory, modules: [''] }, again)
  assert.ok(second.ok)
  assert.ok(
    again.steps.every((step) => !step.startsWith('compiling')),
    'the helper is built once',
  )
  assert.equal(readdirSync(cache).length, 1, 'neither lock nor half a build stays')
})

test('a package that does not type check gives the facts that there are, and an issue', async (t) => {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const directory = write('broken', {
    'go.mod': 'module example.com/broken\n\ngo 1.22\n',
    'a.go':
      'package broken\n\nimport (\n\t"net/http"\n\n\t"example.com/missing"\n)\n\nfunc f() { missing.X(); http.Get("") }\n',
  })
  const env = { ...go.env, SIGHTLINE_GO: go.goBin, GOPROXY: 'off' }
  const read = await collectGoFacts({ source, cache, env }, { directory, modules: [''] }, hooks())
  assert.ok(read.ok, read.ok ? '' : read.error.message)
  assert.ok(namesIn(read.value.packages[0]).includes('net/http.Get'))
  assert.ok(read.value.issues.some(({ code }) => code === 'SL_COLLECT_GO_PACKAGE'))
})

test('a helper that cannot be built is told by code', async (t) => {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const broken = write('helper', {
    'go.mod': 'module x\n\ngo 1.22\n',
    'main.go': 'package main\n\nfunc main() { none() }\n',
  })
  const directory = write('fine', { 'go.mod': 'module example.com/fine\n\ngo 1.22\n', 'a.go': 'package fine\n' })
  const place = { source: broken, cache: join(folder, 'cache-2'), env: { ...go.env, SIGHTLINE_GO: go.goBin } }
  const read = await collectGoFacts(place, { directory, modules: [''] }, hooks())
  assert.ok(!read.ok)
  assert.equal(read.error.code, 'SL_COLLECT_GO_HELPER')
  assert.match(read.error.message, /undefined: none/)
})

test('a directory that is no module is told by code', async (t) => {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const directory = write('nothing', { 'a.txt': 'nothing' })
  const read = await collectGoFacts(
    { source, cache, env: { ...go.env, SIGHTLINE_GO: go.goBin } },
    { directory, modules: [''] },
    hooks(),
  )
  assert.ok(!read.ok)
  assert.equal(read.error.code, 'SL_COLLECT_GO_LIST')
})

test('an interrupt ends it', async (t) => {
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const directory = write('interrupted', program)
  const abort = new AbortController()
  const env = { ...go.env, SIGHTLINE_GO: go.goBin }
  const progress = { step: () => abort.abort() }
  const read = await collectGoFacts(
    { source, cache, env },
    { directory, modules: [''] },
    { signal: abort.signal, progress },
  )
  assert.ok(!read.ok)
  assert.equal(read.error.code, 'SL_COLLECT_INTERRUPTED')
})
