/** The text toolkit: what is escaped, measured and cut. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cutEnd,
  cutStart,
  escapeControls,
  formatShare,
  joinAnd,
  printJson,
  shortFunction,
  shortPlace,
  widthOf,
  wrapWords,
} from './text.ts'

test('what steers a terminal, hides or reorders text becomes visible words', () => {
  assert.equal(escapeControls('\u001b[2J\u009b31m\u0007'), '\\x1b[2J\\x9b31m\\x07')
  assert.equal(escapeControls('a\u202eb\u200bc\u2028d\u{e0041}\ud800'), 'a\\u202eb\\u200bc\\u2028d\\u{e0041}\\ud800')
  assert.equal(escapeControls('line\nnext\r\ttab'), 'line\\nnext\\r\\ttab')
  assert.equal(escapeControls('日本 ünïcode (*T).M[go.shape.int]'), '日本 ünïcode (*T).M[go.shape.int]')
})

test('nothing that a terminal acts on survives, whatever comes in', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escapeControls(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
    }),
  )
})

test('cutting keeps within the columns, counts wide characters twice, and says that it cut', () => {
  assert.equal(cutEnd('日本語', 5), '日本…')
  assert.equal(cutStart('example.com/a/b.F', 8), '…m/a/b.F')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      const plain = escapeControls(text)
      assert.ok(widthOf(cutEnd(plain, width)) <= width)
      assert.ok(widthOf(cutStart(plain, width)) <= width)
    }),
  )
})

test('wrapped lines fit, and lose no word', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,30}$/)), fc.integer({ min: 8, max: 60 }), (words, width) => {
      const lines = wrapWords(words.join(' '), width)
      assert.ok(lines.every((line) => widthOf(line) <= width))
      assert.equal(lines.join('').replaceAll(' ', ''), words.join(''))
    }),
  )
})

test('a share is never rounded to all or nothing', () => {
  assert.deepEqual([0, 0.0004, 0.034, 0.78, 0.9996, 1].map(formatShare), [
    '0 %',
    'under 0.1 %',
    '3.4 %',
    '78 %',
    'over 99.9 %',
    '100 %',
  ])
})

test('a function keeps its package and loses the folders, also with type arguments that hold slashes', () => {
  assert.equal(shortFunction('example.com/shop/internal/api.(*Server).quote'), 'api.(*Server).quote')
  assert.equal(shortFunction('example.com/a/b.Map[example.com/c/d.Key]'), 'b.Map[example.com/c/d.Key]')
  assert.equal(shortFunction('main.main'), 'main.main')
  assert.equal(shortPlace('/home/ann/src/api/quote.go', 31), 'api/quote.go:31')
  assert.equal(joinAnd(['cpu', 'block', 'mutex'], 'or'), 'cpu, block or mutex')
})

test('JSON says the same and steers no terminal', () => {
  const value = { 'na\u009bme': 'a\u001b[2J\u009b31m\u202eb\u2028c\u{e0041}\u007f', plain: '日本\n"quoted"' }
  const printed = printJson(value, 2)
  assert.doesNotMatch(printed.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  assert.deepEqual(JSON.parse(printed), value)
  assert.match(printed, /日本/)
})
