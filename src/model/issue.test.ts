import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIssueLog } from './issue.ts'

test('the same doubt twice is one row that counts two, at its first place', () => {
  const log = openIssueLog()
  log.add('SL_DECODE_TRUNCATED', 'cut', { at: { line: 3 } })
  log.add('SL_DECODE_TRUNCATED', 'cut', { at: { line: 9 } })
  assert.deepEqual(log.list(), [
    { code: 'SL_DECODE_TRUNCATED', message: 'cut', severity: 'warning', at: { line: 3 }, count: 2 },
  ])
})

test('past its limit a log counts what it leaves out', () => {
  const log = openIssueLog(2)
  for (let index = 0; index < 5; index++) log.add('SL_DECODE_MALFORMED', `row ${index}`)
  const rows = log.list()
  assert.equal(rows.length, 3)
  assert.equal(rows[2]?.count, 3)
})
