/**
 * The house rule as a test: which room may import from which, and no cycles anywhere, not even of types.
 * The compiler's references are the first wall; this one sees what they let through (transitive rooms, cycles).
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')

/** Room → rooms it may import from (its own always). STYLE: the house. `main.ts` may import from all, and so may
 * `worker.ts`, which is to the other threads what it is to the first. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  decode: ['base', 'model'],
  analyze: ['base', 'model'],
  store: ['base', 'model'],
  collect: ['base', 'model', 'decode'],
  ops: ['base', 'model', 'decode', 'analyze', 'collect'],
  serve: ['base', 'model', 'ops'],
  render: ['base', 'model'],
  cli: ['base', 'model', 'ops', 'render'],
  web: ['base', 'model', 'decode', 'analyze', 'render'],
}

/** Rooms in which nothing of a platform may be named. */
const pure = ['base', 'model', 'decode', 'analyze', 'render']

/** Packages that a room may use; all others are refused. */
const packages: Readonly<Record<string, readonly string[]>> = {
  model: ['@noble/hashes/sha2.js', '@noble/hashes/utils.js'],
  decode: ['web-tree-sitter'],
  cli: ['commander', 'picocolors', 'yaml'],
}

const roots = ['src/main.ts', 'src/start.ts', 'src/worker.ts']

type Import = { readonly from: string; readonly to: string; readonly line: number }

function listSources(): string[] {
  return globSync('src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts') && !file.endsWith('.d.ts'))
}

function readImports(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const found: Import[] = []
  for (const match of text.matchAll(
    /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  )) {
    const to = (match[1] ?? match[2] ?? match[3]) as string
    found.push({ from: file, to, line: text.slice(0, match.index).split('\n').length })
  }
  return found
}

function roomOf(file: string): string {
  return relative('src', file).split('/')[0] as string
}

function resolveImport({ from, to }: Import): string | undefined {
  return to.startsWith('.') ? normalize(join(dirname(from), to)) : undefined
}

const sources = listSources()
const imports = sources.flatMap(readImports)

test('the house has sources to check', () => {
  assert.ok(sources.length > 20)
  assert.ok(imports.length > 20)
})

test('a room imports only from the rooms it may see', () => {
  const broken = imports.filter((one) => {
    const target = resolveImport(one)
    if (target === undefined || roots.includes(one.from)) return false
    const from = roomOf(one.from)
    const to = roomOf(target)
    return from !== to && !allowed[from]?.includes(to)
  })
  assert.deepEqual(broken.map(describe), [])
})

test('pure rooms import no platform module, and every package is on the list of its room', () => {
  const broken = imports.filter((one) => {
    if (one.to.startsWith('.') || roots.includes(one.from)) return false
    const room = roomOf(one.from)
    if (one.to.startsWith('node:')) return pure.includes(room)
    return !packages[room]?.includes(one.to)
  })
  assert.deepEqual(broken.map(describe), [])
})

test('relative imports name their file with its .ts ending', () => {
  const broken = imports.filter((one) => one.to.startsWith('.') && !one.to.endsWith('.ts'))
  assert.deepEqual(broken.map(describe), [])
})

test('no file reaches itself through its imports', () => {
  const edges = new Map<string, string[]>()
  for (const one of imports) {
    const target = resolveImport(one)
    if (target !== undefined) edges.set(one.from, [...(edges.get(one.from) ?? []), target])
  }
  assert.deepEqual(findCycles(edges), [])
})

test('ARCHITECTURE.md names every room that exists and each rule of the allow-list', () => {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  const rooms = [...new Set(sources.filter((file) => file.split('/').length > 2).map(roomOf))]
  for (const room of rooms) {
    const rule = (allowed[room] ?? []).join(' ') || 'nothing'
    const row = page.split('\n').find((line) => line.startsWith(`| \`${room}\` |`))
    assert.ok(row !== undefined, `ARCHITECTURE.md has no row for ${room}`)
    assert.ok(row.includes(`| ${rule} |`), `the row of ${room} does not say that it may import: ${rule}`)
  }
})

function describe(one: Import): string {
  return `${one.from}:${one.line} imports ${one.to}`
}

function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  function visit(file: string, path: readonly string[]): void {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    state.set(file, 'open')
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    state.set(file, 'done')
  }
  for (const file of edges.keys()) visit(file, [])
  return cycles
}
