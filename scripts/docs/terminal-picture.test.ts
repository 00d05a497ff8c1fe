/** The picture in README is what the program prints today, and holds nothing of the machine that drew it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { drawTerminalPicture } from './terminal-picture.ts'

const committed = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'terminal.svg'), 'utf8')

test('docs/terminal.svg is what the generator draws (npm run docs)', () => {
  assert.equal(committed, drawTerminalPicture())
})

test('the picture holds the whole answer, and no path of a machine', () => {
  assert.match(committed, /BLIND/)
  assert.match(committed, /What to do next/)
  assert.ok(!committed.includes(homedir()) && !committed.includes('file://'))
})
