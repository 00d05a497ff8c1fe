/** A small part of the judge, run for real: five services with the real SDK, all off and three breaks. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireGo } from '../../setup/go.ts'
import { planOf, trustCases } from './cases.ts'
import { judgeSpans } from './judge.ts'
import { buildTrustProgram, recordSystem } from './system.ts'
import { describeBreak, listBreaks, missOf, readSaid } from './verdict.ts'

const REQUESTS = 320
const work = mkdtempSync(join(tmpdir(), 'sightline-trust-real-'))

test('five real services: nothing is found with all off, and the break that is switched on is named', async (t) => {
  t.after(() => rmSync(work, { recursive: true, force: true }))
  const go = await requireGo(t, '1.26')
  if (go === undefined) return
  const built = await buildTrustProgram(go, join(work, 'bin'))
  // Without its modules there is nothing to run; where they should be there, that is a failure.
  if (!built.ok && process.env.CI !== 'true') return t.skip(built.error.slice(0, 300))
  assert.ok(built.ok, built.ok ? '' : built.error)
  for (const name of ['none', 'context-overwritten', 'span-never-ended', 'log-without-context']) {
    await t.test(name, async () => {
      const row = trustCases.find(({ breakClass }) => breakClass === name)
      const recorded = await recordSystem(built.value.shop, join(work, name), planOf(row, REQUESTS))
      assert.ok(recorded.ok, recorded.ok ? '' : recorded.error)
      const said = await judgeSpans(recorded.value, [])
      assert.ok(said.ok, said.ok ? '' : said.error)
      if (row === undefined) {
        const breaks = listBreaks(said.value.data).filter(({ state }) => state !== 'exonerated')
        assert.deepEqual(breaks.map(describeBreak), [])
      } else assert.equal(missOf(row, readSaid(said.value.data, row)), undefined)
    })
  }
})
