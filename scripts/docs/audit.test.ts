import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { breakClasses } from '../../src/model/trust/break-classes.ts'
import { listAuditRules } from '../../src/ops/audit/list-rules.ts'
import { AUDIT_DOC, makeAuditDoc } from './audit.ts'

test('docs/audit.md is what the registry gives: npm run docs', () => {
  assert.equal(readFileSync(AUDIT_DOC, 'utf8'), makeAuditDoc())
})

test('every rule has the anchor that its findings point to, and a class has its own name', () => {
  const page = makeAuditDoc()
  for (const { id, classNumber } of listAuditRules()) {
    assert.ok(page.includes(`\n### ${id}\n`), id)
    if (classNumber !== undefined) assert.equal(breakClasses[classNumber - 1]?.name, id)
  }
})

test('every class that source can decide has a rule', () => {
  const told = new Set(listAuditRules().map(({ id }) => id))
  const missing = breakClasses.filter(
    ({ name, decidedBy }) => (decidedBy as readonly string[]).includes('source') && !told.has(name),
  )
  assert.deepEqual(missing, [])
})
