/** Exit codes, decided once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fault } from '../base/errors.ts'
import type { Finding, Severity } from '../model/contract.ts'
import { decideExitCode } from './exit-code.ts'

function finding(severity: Severity): Finding {
  return {
    rule: 'r',
    title: 't',
    severity,
    confidence: 'certain',
    subject: { service: 's' },
    evidence: [{ lens: 'goroutine', source: 'goroutine.0.txt' }],
    blindTo: [],
    cost: {},
    fix: { summary: 'f' },
    fingerprint: 'x',
  }
}

test('findings alone pass; --fail-on fails on that severity or a worse one', () => {
  const report = { exitCode: 0, findings: [finding('high')] } as const
  assert.equal(decideExitCode(report), 0)
  assert.equal(decideExitCode(report, { failOn: 'critical' }), 0)
  assert.equal(decideExitCode(report, { failOn: 'high' }), 1)
  assert.equal(decideExitCode(report, { failOn: 'info' }), 1)
})

test('no verdict is not a verdict: inconclusive stays 2 under --fail-on', () => {
  assert.equal(decideExitCode({ exitCode: 2, findings: [finding('critical')] }, { failOn: 'info' }), 2)
})

test('an error has the code of its catalogue row, several failures have 3', () => {
  const findings: Finding[] = []
  assert.equal(decideExitCode({ exitCode: 0, findings, error: fault('SL_DECODE_EMPTY') }), 65)
  assert.equal(decideExitCode({ exitCode: 3, findings, error: fault('SL_COLLECT_TIMEOUT') }), 3)
  assert.equal(decideExitCode({ exitCode: 69, findings, error: fault('SL_COLLECT_TIMEOUT') }), 69)
})
