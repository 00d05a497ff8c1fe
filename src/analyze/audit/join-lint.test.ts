import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../model/contract.ts'
import { joinLint } from './join-lint.ts'

const names = { service: 'shop', doc: 'docs/audit.md' }

function finding(rule: string, file: string, line: number): Finding {
  return {
    rule,
    title: rule,
    severity: 'medium',
    confidence: 'possible',
    subject: { service: 'shop' },
    evidence: [{ lens: 'source', source: file, file, line }],
    blindTo: [],
    cost: {},
    fix: { summary: '' },
    fingerprint: 'f',
  }
}

const remark = { tool: 'golangci-lint', rule: 'contextcheck', message: 'Non-inherited', line: 7 }

test('a remark of the same class on the same line is evidence, and the finding is probable', () => {
  const own = finding('background-context', 'internal/a.go', 7)
  const joined = joinLint([own], [{ ...remark, file: '/build/src/internal/a.go' }], names)
  assert.deepEqual([joined.joined, joined.added, joined.left], [1, 0, 0])
  assert.equal(joined.findings.length, 1)
  assert.equal(joined.findings[0]?.confidence, 'probable')
  assert.equal(joined.findings[0]?.evidence[1]?.source, 'golangci-lint: contextcheck')
})

test('another line, another class or another folder of the same file name is no evidence', () => {
  const own = [
    finding('background-context', 'internal/a.go', 8),
    finding('no-flush', 'internal/a.go', 7),
    finding('background-context', 'other/a.go', 7),
  ]
  const joined = joinLint(own, [{ ...remark, file: 'internal/a.go' }], names)
  assert.deepEqual([joined.joined, joined.added], [0, 1])
  assert.ok(joined.findings.slice(0, 3).every(({ confidence }) => confidence === 'possible'))
  assert.equal(joined.findings[3]?.rule, 'background-context')
  assert.match(joined.findings[3]?.title ?? '', /contextcheck/)
})

test('remarks of no class that is known are counted and left; a line says it once', () => {
  const gosec = { tool: 'gosec', rule: 'G118', message: 'm', file: 'a.go', line: 3 }
  const joined = joinLint(
    [],
    [gosec, gosec, { ...gosec, rule: 'G404' }, { ...remark, rule: 'lll', file: 'a.go' }],
    names,
  )
  assert.deepEqual([joined.added, joined.left], [1, 2])
})
