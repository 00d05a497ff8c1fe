import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { breakClasses } from '../../src/model/trust/break-classes.ts'
import { makeTrustDoc, TRUST_DOC } from './trust.ts'

test('docs/trust.md is what the table of classes gives: npm run docs', () => {
  assert.equal(readFileSync(TRUST_DOC, 'utf8'), makeTrustDoc())
})

test('every class, and what has none, has the anchor that its findings point to', () => {
  const page = makeTrustDoc()
  for (const name of [...breakClasses.map((row) => row.name), 'unexplained-break']) {
    assert.ok(page.includes(`\n### ${name}\n`), name)
  }
})
