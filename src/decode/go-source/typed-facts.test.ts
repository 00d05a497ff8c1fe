import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type GoFile, type GoPackage, goCertainties, textOf } from '../../model/trust/go-source.ts'
import type { TypedPackage } from '../../model/trust/typed-facts.ts'
import { openGoParser } from './parse-go.ts'
import { readTypedRecord } from './read-typed-facts.ts'
import { resolvePackage } from './resolve-names.ts'
import { indexTypedFiles, layTypedFacts } from './typed-facts.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const parser = await openGoParser({
  runtime: readFileSync(join(root, 'node_modules/web-tree-sitter/web-tree-sitter.wasm')),
  grammar: readFileSync(join(root, 'assets/tree-sitter-go.wasm')),
})

function resolve(text: string): GoPackage {
  const read = parser.parse('a.go', text)
  assert.ok(read.ok)
  return resolvePackage({ directory: '', importPath: 'example.com/a', files: [read.value] })
}

const bytesTo = (text: string, part: string, nth = 0): number => {
  let at = -1
  for (let turn = 0; turn <= nth; turn++) at = text.indexOf(part, at + 1)
  return Buffer.byteLength(text.slice(0, at))
}

function typedOf(text: string, facts: readonly number[], more: Partial<TypedPackage> = {}): TypedPackage {
  return {
    importPath: 'example.com/a',
    name: 'a',
    types: ['', 'context.Context', 'string'],
    contextTypes: [1],
    handlerTypes: [],
    symbols: [
      { kind: 'method', name: 'Do', qualified: '(*example.com/b.Client).Do', type: 2 },
      { kind: 'variable', name: 'c', type: 1, file: 0, at: bytesTo(text, 'c, ') },
    ],
    files: [{ path: 'a.go', sizeBytes: Buffer.byteLength(text), facts: Int32Array.from(facts) }],
    expressions: 0,
    typed: 0,
    ...more,
  }
}

function nodesOf(file: GoFile, text: string): number[] {
  return Array.from({ length: file.syntax.nodeCount }, (_, node) => node).filter(
    (node) => textOf(file.syntax, node) === text,
  )
}

const source = 'package a\n\n// 日本語 😀\nfunc f(c, d T) { _ = "é😀"; c.Do(d) }\n'

test('byte offsets of the toolchain meet the nodes of a text with wide characters', () => {
  const pkg = resolve(source)
  const call = bytesTo(source, 'c.Do')
  const typed = typedOf(source, [call, 'c.Do(d)'.length, 1, 2, 0, 'c.Do'.length, 1, 0, 0, 1, 2, 1])
  const laid = layTypedFacts(pkg, indexTypedFiles([typed]))
  assert.equal(laid.typedFiles, 1)
  const [file] = laid.package.files as [GoFile]
  const [whole] = nodesOf(file, 'c.Do(d)').filter((node) => file.symbols[node] !== -1)
  assert.ok(whole !== undefined)
  assert.equal(laid.package.symbols[file.symbols[whole] as number]?.qualified, '(*example.com/b.Client).Do')
  assert.equal(laid.package.types[file.types[whole] as number], 'string')
  assert.equal(goCertainties[file.certainty[whole] as number], 'typed')
})

test('a variable keeps the symbol that the syntax gave it, as a parameter, and gets its type', () => {
  const pkg = resolve(source)
  const before = pkg.symbols.findIndex(({ name, kind }) => name === 'c' && kind === 'parameter')
  const typed = typedOf(source, [bytesTo(source, 'c.Do'), 1, 2, 1])
  const laid = layTypedFacts(pkg, indexTypedFiles([typed])).package
  assert.ok(before >= 0)
  assert.equal(laid.symbols[before]?.kind, 'parameter')
  assert.equal(laid.types[laid.symbols[before]?.type ?? 0], 'context.Context')
  assert.deepEqual(laid.contextTypes, ['context.Context'])
  assert.notEqual(
    pkg.types[pkg.symbols[before]?.type ?? 0],
    'context.Context',
    'the package that came in is not changed',
  )
})

test('facts of a file that has another size than the text are not used, and counted', () => {
  const pkg = resolve(source)
  const typed = typedOf(`${source}// more\n`, [bytesTo(source, 'c.Do'), 1, 2, 1])
  const laid = layTypedFacts(pkg, indexTypedFiles([typed]))
  assert.deepEqual([laid.typedFiles, laid.changedFiles], [0, 1])
  assert.equal(laid.package, pkg)
})

test('a byte order mark that Go counts and the text has lost moves all offsets by three', () => {
  const pkg = resolve(source)
  const typed = typedOf(source, [bytesTo(source, 'c.Do') + 3, 'c.Do'.length, 1, 0])
  const [file] = typed.files
  const marked = {
    ...typed,
    files: [{ ...file, sizeBytes: Buffer.byteLength(source) + 3 } as TypedPackage['files'][0]],
  }
  const laid = layTypedFacts(pkg, indexTypedFiles([marked])).package
  const [first] = laid.files as [GoFile]
  const node = nodesOf(first, 'c.Do')[0] as number
  assert.equal(laid.symbols[first.symbols[node] as number]?.qualified, '(*example.com/b.Client).Do')
})

test('lines that are cut, of another shape, or point outside their tables are refused by code', () => {
  const good = {
    kind: 'package',
    importPath: 'x',
    name: 'x',
    types: ['', 'int'],
    symbols: [{ k: 'variable', n: 'v', t: 1, f: 0, a: 3 }],
    files: [{ path: '/x.go', size: 10, facts: [3, 1, 1, 1] }],
  }
  const read = readTypedRecord(JSON.stringify(good))
  assert.ok(read.ok && read.value.kind === 'package')
  const text = JSON.stringify(good)
  for (let end = 0; end < text.length; end++) {
    const cut = readTypedRecord(text.slice(0, end))
    assert.ok(!cut.ok && cut.error.code === 'SL_DECODE_MALFORMED')
  }
  const bad: readonly object[] = [
    { ...good, kind: 'other' },
    { ...good, types: ['int'] },
    { ...good, symbols: [{ k: 'variable', n: 'v', t: 9 }] },
    { ...good, symbols: [{ k: 'thing', n: 'v', t: 1 }] },
    { ...good, files: [{ path: '/x.go', size: 10, facts: [3, 1, 2, 1] }] },
    { ...good, files: [{ path: '/x.go', size: 10, facts: [3, 8, 1, 1] }] },
    { ...good, files: [{ path: '/x.go', size: 10, facts: [3, 1, 1] }] },
    { kind: 'problem', message: 'm', phase: 'never' },
  ]
  for (const one of bad) {
    const refused = readTypedRecord(JSON.stringify(one))
    assert.ok(!refused.ok && refused.error.code === 'SL_DECODE_MALFORMED', JSON.stringify(one))
  }
})
