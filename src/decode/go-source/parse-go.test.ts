import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  childAt,
  childrenOf,
  enclosing,
  type GoSyntax,
  kindOf,
  positionOf,
  textOf,
} from '../../model/trust/go-source.ts'
import { openGoParser } from './parse-go.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const parser = await openGoParser({
  runtime: readFileSync(join(root, 'node_modules/web-tree-sitter/web-tree-sitter.wasm')),
  grammar: readFileSync(join(root, 'assets/tree-sitter-go.wasm')),
})

function parse(text: string): GoSyntax {
  const read = parser.parse('a.go', text)
  assert.ok(read.ok)
  return read.value
}

function find(syntax: GoSyntax, kind: string): number[] {
  return Array.from({ length: syntax.nodeCount }, (_, node) => node).filter((node) => kindOf(syntax, node) === kind)
}

test('the grammar is the one that assets/README.md names', () => {
  const sum = createHash('sha256')
    .update(readFileSync(join(root, 'assets/tree-sitter-go.wasm')))
    .digest('hex')
  assert.match(readFileSync(join(root, 'assets/README.md'), 'utf8'), new RegExp(sum))
})

test('new of a value is Go from 1.26 on, beside new of a type in the same file', () => {
  const syntax = parse(
    'package a\n\nvar x = new(uint64(1))\nvar y = T{P: new(f.Get()), Q: new(a * 2), R: new(*T), S: new([]int)}\n',
  )
  assert.deepEqual(syntax.errors, [])
  assert.deepEqual(
    find(syntax, 'call_expression').map((node) => textOf(syntax, node)),
    ['new(uint64(1))', 'uint64(1)', 'new(f.Get())', 'f.Get()', 'new(a * 2)', 'new(*T)', 'new([]int)'],
  )
})

test('a tree in pre-order: children follow, fields name their part, operators are kept', () => {
  const syntax = parse('package a\nfunc f(x int) { x += 2; go g(x) }\n')
  const call = find(syntax, 'call_expression')[0] as number
  assert.equal(textOf(syntax, childAt(syntax, call, 'function') as number), 'g')
  assert.equal(kindOf(syntax, enclosing(syntax, call, ['go_statement']) as number), 'go_statement')
  const assignment = find(syntax, 'assignment_statement')[0] as number
  assert.equal(textOf(syntax, childAt(syntax, assignment, 'operator') as number), '+=')
  const declared = find(syntax, 'function_declaration')[0] as number
  assert.deepEqual(
    [...childrenOf(syntax, declared)].map((node) => kindOf(syntax, node)),
    ['identifier', 'parameter_list', 'block'],
  )
  assert.equal(childAt(syntax, declared, 'result'), undefined)
  for (let node = 1; node < syntax.nodeCount; node++) {
    const parent = syntax.parents[node] as number
    assert.ok(parent < node && (syntax.after[node] as number) <= (syntax.after[parent] as number))
  }
})

test('columns of positions count bytes, as Go does', () => {
  const syntax = parse('package a\nvar s, t = "ü€😀", 1\n')
  const number = find(syntax, 'int_literal')[0] as number
  assert.deepEqual(positionOf(syntax, number), { line: 2, column: 25 })
})

test('what is not Go is an error node, and the rest is read', () => {
  const syntax = parse('package a\nfunc f() { x = = 3 }\nfunc g() { h() }\n')
  assert.equal(syntax.errors.length, 1)
  assert.equal(positionOf(syntax, syntax.errors[0] as number).line, 2)
  assert.equal(find(syntax, 'call_expression').length, 1)
  assert.ok(parse('\u0000\uffff}}}{{{').errors.length > 0)
  assert.equal(parse('').nodeCount, 1)
})

test('deep nesting does not end the process', () => {
  const deep = `package a\nvar x = ${'('.repeat(50_000)}1${')'.repeat(50_000)}\n`
  assert.ok(parse(deep).nodeCount > 0)
})
