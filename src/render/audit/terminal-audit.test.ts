/** An audit as people see it: the line of source with a mark under the place, whatever stands in the line. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Finding } from '../../model/contract.ts'
import type { Report } from '../../model/report.ts'
import type { AuditData } from '../../model/trust/audit-data.ts'
import { plainTheme } from '../theme.ts'
import { renderAudit } from './terminal-audit.ts'

function makeReport(excerpt: string, column: number): Report<AuditData> {
  const finding: Finding = {
    rule: 'lost-cancel',
    title: 'cancel is not used',
    severity: 'medium',
    confidence: 'probable',
    subject: { service: 'shop' },
    evidence: [{ lens: 'source', source: 'a.go', file: 'a.go', line: 7, column, excerpt }],
    blindTo: [],
    cost: {},
    fix: { summary: 'defer cancel() right after it is made.' },
    fingerprint: '00',
  }
  const files = {
    read: 1,
    sizeBytes: 1,
    broken: 0,
    generated: 0,
    vendor: 2,
    testdata: 0,
    tests: 3,
    tooLarge: 0,
    unreadable: 0,
  }
  return {
    data: {
      directory: '.',
      tier: 'a',
      modules: [],
      programs: [],
      spanNames: [],
      packages: 1,
      files,
      rules: [{ rule: 'lost-cancel', findings: 1 }],
      ignored: { findings: 4, comments: [] },
      fixes: { available: 0, applied: 0, files: [] },
      durationMs: 1200,
    },
    findings: [finding],
    issues: [],
    coverage: { asked: 1, answered: 1, missing: [] },
    exitCode: 0,
  }
}

function frameOf(excerpt: string, column: number): string[] {
  return renderAudit(makeReport(excerpt, column), { width: 80, theme: plainTheme })
    .split('\n')
    .filter((line) => / \| /.test(line))
    .map((line) => line.slice(line.indexOf('|') + 2))
}

test('the mark stands under the column, which counts bytes, after tabs and wide letters', () => {
  assert.deepEqual(frameOf('\t\tctx, cancel := f()', 18), ['ctx, cancel := f()', '               ^'])
  assert.deepEqual(frameOf('\ts := "é世", f()', 16), ['s := "é世", f()', '            ^'])
})

test('a line that would steer the terminal is made harmless', () => {
  assert.ok(frameOf('\tx := "\u001b[2J"', 2)[0]?.includes('\\x1b[2J'))
})

test('what was not read and what was silenced is said', () => {
  const text = renderAudit(makeReport('x', 1), { width: 100, theme: plainTheme })
  assert.match(text, /not read: 3 of tests, 2\s+in vendor/)
  assert.match(text, /4 findings silenced by comments/)
})

test('notes are counted by rule, and listed when asked for', () => {
  const report = makeReport('ctx, _ = f()', 1)
  const [first] = report.findings
  assert.ok(first !== undefined)
  const note: Finding = { ...first, severity: 'info', title: 'A field holds a context', rule: 'stale-context' }
  const rules = [...report.data.rules, { rule: 'stale-context', findings: 2 }]
  const noted = { ...report, data: { ...report.data, rules }, findings: [first, note, note] }
  const folded = renderAudit(noted, { width: 100, theme: plainTheme })
  assert.doesNotMatch(folded, /A field holds a context/)
  assert.match(folded, /rule +findings +notes\n/)
  assert.match(folded, /lost-cancel +1 *\n *stale-context +2\n/)
  assert.match(folded, /2 notes: .*--notes/)
  assert.match(renderAudit(noted, { width: 100, theme: plainTheme, notes: true }), /A field holds a context/)
  const only = { ...noted, findings: [note] }
  assert.match(renderAudit(only, { width: 100, theme: plainTheme }), /No rule found a fault; there are notes/)
})

test('--top 0 lists no finding and says how many there are', () => {
  const text = renderAudit(makeReport('x', 1), { width: 100, theme: plainTheme, top: 0 })
  assert.match(text, /1 more finding \(--top 1 shows all\)/)
})

test('what a linter says stands with its name and its place; another place of the source is its place alone', () => {
  const report = makeReport('x()', 1)
  const [finding] = report.findings as [Finding]
  const evidence: Finding['evidence'] = [
    finding.evidence[0],
    { lens: 'source' as const, source: 'gosec: G114', at: 'line 9', file: 'a.go', line: 9, excerpt: 'no timeout' },
    { lens: 'source' as const, source: 'b.go', at: 'line 3', file: 'b.go', line: 3, excerpt: 'y()' },
  ]
  const text = renderAudit({ ...report, findings: [{ ...finding, evidence }] }, { width: 80, theme: plainTheme })
  assert.match(text, /^ {2}a\.go:9 gosec: G114: no timeout$/m)
  assert.match(text, /^ {2}b\.go:3$/m)
})
