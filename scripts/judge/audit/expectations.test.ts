import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readExpectations } from './expectations.ts'

test('want comments give lines and patterns, in both quotes, several on a line', () => {
  const text = 'package a\nf() // want "a" `b "c"`\n// nothing wanted\ng() // want+1 "next"\nh()\n'
  assert.deepEqual(readExpectations(text), [
    { line: 2, patterns: ['a', 'b "c"'] },
    { line: 5, patterns: ['next'] },
  ])
})

test('facts are no diagnostics, and the word alone wants nothing', () => {
  assert.deepEqual(readExpectations('package a // want package:"ctxCheck"\n// I want it all\n'), [])
})

test('a want inside another comment counts, as it does for analysistest', () => {
  assert.deepEqual(readExpectations('//nolint // want "unused"\n'), [{ line: 1, patterns: ['unused'] }])
})
