import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { listRuleInfo } from '../../src/analyze/rules/registry.ts'
import { listTraceRuleInfo } from '../../src/analyze/trace-rules/registry.ts'
import { makeRulesDoc, RULES_DOC } from './rules.ts'

test('docs/rules.md is what the registry gives: npm run docs', () => {
  assert.equal(readFileSync(RULES_DOC, 'utf8'), makeRulesDoc())
})

test('every rule has the anchor that its findings point to', () => {
  const page = makeRulesDoc()
  for (const { doc, id } of [...listRuleInfo(), ...listTraceRuleInfo()]) {
    assert.equal(doc, `docs/rules.md#${id}`)
    assert.ok(page.includes(`\n### ${id}\n`), id)
  }
})
