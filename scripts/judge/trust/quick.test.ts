import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { injections } from './injectors/all.ts'
import { judgeInjection, judgeLookAlike } from './judge-case.ts'

// A part of `npm run judge:trust` that is quick, under seeds of its own.
const work = mkdtempSync(join(tmpdir(), 'sightline-judge-quick-'))
after(() => rmSync(work, { recursive: true, force: true }))
const options = { seed: 'dev-quick', turn: 0, requests: 1500, hours: 2, keep: false }

for (const name of [
  'crons in a service that also serves',
  'head sampling, parent based',
  'batch consumer: root with links',
]) {
  test(`of a look-alike nothing is lost: ${name}`, async () => {
    const outcome = await judgeLookAlike(work, name, options)
    assert.deepEqual(outcome.why, [])
  })
}

for (const className of [
  'trace-id-truncated',
  'span-never-ended',
  'stale-context',
  'log-without-context',
  'duplicate-span-id',
]) {
  test(`named alone, at its place, with its rate, and nothing else: ${className} in 5 %`, async () => {
    const injection = injections.find((one) => one.className === className)
    assert.ok(injection !== undefined)
    const outcome = await judgeInjection(work, injection, 0.05, options)
    assert.deepEqual(outcome.why, [])
  })
}
