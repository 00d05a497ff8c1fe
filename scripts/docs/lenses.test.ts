import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { lensRows } from '../../src/analyze/lenses/lens-rows.ts'
import { waitKinds } from '../../src/analyze/lenses/table.ts'
import { LENSES_DOC, makeLensesDoc } from './lenses.ts'

test('docs/lenses.md is what the lens table gives: npm run docs', () => {
  assert.equal(readFileSync(LENSES_DOC, 'utf8'), makeLensesDoc())
})

test('the page names every lens and every kind of wait', () => {
  const page = makeLensesDoc()
  for (const { lens } of lensRows) assert.ok(page.includes(`(\`${lens}\``), lens)
  for (const { title } of waitKinds) assert.ok(page.includes(`| ${title}`), title)
})
