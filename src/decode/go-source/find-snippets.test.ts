import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findSnippets } from './find-snippets.ts'

test('fenced blocks of Go are found with the line of their first line; those of other languages are not', () => {
  const found = findSnippets(
    '# a\n\n```go\npackage main\n\nfunc main() {}\n```\n\n```sh\nls\n```\n\n~~~golang\nx := 1\n~~~\n',
  )
  assert.deepEqual(
    found.map(({ line, kind }) => [line, kind]),
    [
      [4, 'program'],
      [14, 'statements'],
    ],
  )
  assert.equal(found[0]?.text, 'package main\n\nfunc main() {}\n')
})

test('a program in plain text ends before the prose after it', () => {
  const text =
    'Some words:\n\npackage main\n\nimport (\n    "fmt"\n)\n\nfunc main() {\n    fmt.Println(1)\n}\n\nSteps: save it.\n'
  const [only, ...more] = findSnippets(text)
  assert.equal(more.length, 0)
  assert.equal(only?.line, 3)
  assert.equal(only?.text.trimEnd().split('\n').length, 9)
})

test('declarations and statements become files on their own lines, dots are left out', () => {
  const [first, second] = findSnippets('```go\nfunc f() {\n    ...\n}\n```\n```go\nx := 1\n// ...\nuse(x)\n```\n')
  assert.equal(first?.text, 'package snippet; func f() {\n\n}\n')
  assert.equal(second?.text, 'package snippet; func _() { x := 1\n\nuse(x)\n}\n')
})

test('words that begin like Go are no Go', () => {
  assert.deepEqual(findSnippets('package deals are good\nfunc is short for function\ntype your name\n'), [])
})
