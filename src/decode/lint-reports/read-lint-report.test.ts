import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLintReport } from './read-lint-report.ts'

const sarif = JSON.stringify({
  version: '2.1.0',
  runs: [
    {
      tool: { driver: { name: 'gosec', rules: [{ id: 'G118' }] } },
      results: [
        {
          ruleIndex: 0,
          message: { text: 'Goroutine uses Background' },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: 'cmd/a%20b/main.go' },
                region: { startLine: 12, startColumn: 3 },
              },
            },
          ],
        },
        { ruleId: 'G1', message: { text: 'nowhere' } },
      ],
    },
  ],
})

test('SARIF gives the driver, the rule by id or index, and the place', () => {
  const read = readLintReport(sarif)
  assert.ok(read.ok)
  assert.deepEqual(read.value, {
    format: 'sarif',
    remarks: [
      {
        tool: 'gosec',
        rule: 'G118',
        message: 'Goroutine uses Background',
        file: 'cmd/a b/main.go',
        line: 12,
        column: 3,
      },
    ],
    placeless: 1,
  })
})

test('golangci-lint names the linter, gosec writes lines as text and as ranges', () => {
  const golangci = readLintReport(
    JSON.stringify({
      Issues: [
        { FromLinter: 'contextcheck', Text: 'Non-inherited', Pos: { Filename: './a/a.go', Line: 7, Column: 2 } },
      ],
      Report: {},
    }),
  )
  assert.ok(golangci.ok && golangci.value.format === 'golangci-lint')
  assert.deepEqual(golangci.value.remarks[0], {
    tool: 'golangci-lint',
    rule: 'contextcheck',
    message: 'Non-inherited',
    file: 'a/a.go',
    line: 7,
    column: 2,
  })
  const gosec = readLintReport(
    JSON.stringify({
      Issues: [{ rule_id: 'G118', details: 'd', file: '/home/x/a.go', line: '31-33', column: '5' }],
      Stats: {},
      GosecVersion: 'dev',
    }),
  )
  assert.ok(gosec.ok && gosec.value.format === 'gosec')
  assert.equal(gosec.value.remarks[0]?.line, 31)
})

test('what is no report is refused by code, wherever it is cut', () => {
  for (const text of ['', '[]', '{}', '{"Issue":[]}']) {
    const read = readLintReport(text)
    assert.ok(!read.ok && read.error.code === 'SL_DECODE_MALFORMED', text)
  }
  for (let end = 0; end < sarif.length; end++) assert.ok(!readLintReport(sarif.slice(0, end)).ok)
})
