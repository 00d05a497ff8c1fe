/** The table writer: fits its width, escapes its cells, leaves out what is empty. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderTable } from './table.ts'
import { widthOf } from './text.ts'
import { plainTheme } from './theme.ts'

const columns = [
  { title: 'id' },
  { title: 'count', align: 'right' },
  { title: 'what', overflow: 'wrap', least: 10 },
  { title: 'where', overflow: 'start', least: 8 },
] as const

test('columns line up, numbers at the right', () => {
  const rows = [
    ['g1', '61', 'a lock', 'quote.go:31'],
    ['g22', '4', 'io', 'x.go:1'],
  ]
  assert.deepEqual(renderTable(columns, rows, { width: 80, theme: plainTheme }), [
    'id   count  what    where',
    'g1      61  a lock  quote.go:31',
    'g22      4  io      x.go:1',
  ])
})

test('no line is wider than asked, even where every cell is long', () => {
  const rows = [['g1', '1', 'word '.repeat(40), 'example.com/'.repeat(20)]]
  for (const width of [40, 60, 100]) {
    const lines = renderTable(columns, rows, { width, theme: plainTheme, indent: '  ' })
    assert.ok(lines.every((line) => widthOf(line) <= width))
    assert.ok(lines.length > 3)
  }
})

test('a column without a single value is left out', () => {
  const lines = renderTable(columns, [['g1', '', 'x', '']], { width: 80, theme: plainTheme })
  assert.deepEqual(lines, ['id  what', 'g1  x'])
  assert.deepEqual(renderTable(columns, [], { width: 80, theme: plainTheme }), [])
})

test('hostile cells cannot break the line or steer the terminal', () => {
  const lines = renderTable(columns, [['\u001b[31m', '1', 'a\nb', '\r\u202e']], { width: 80, theme: plainTheme })
  assert.equal(lines.length, 2)
  assert.equal(lines[1], '\\x1b[31m      1  a\\nb  \\r\\u202e')
})

test('colour never counts as width', () => {
  const paint = (text: string) => `<red>${text}</red>`
  const lines = renderTable(columns, [[{ text: 'g1', paint }, '1', 'x', 'y']], { width: 80, theme: plainTheme })
  assert.equal(lines[1], '<red>g1</red>      1  x     y')
})
