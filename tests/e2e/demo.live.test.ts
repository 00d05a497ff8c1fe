/** The main job live: the demo's service is built, run, captured and judged, and nothing of it is left running. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findGo } from '../../scripts/setup/go.ts'
import { runSightline } from '../samples/run-sightline.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-demo-live-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('demo --live finds what the service’s source says is wrong with it, and stops the service', async (t) => {
  const go = await findGo('1.27')
  if (!go.ok) {
    assert.notEqual(process.env.CI, 'true', go.error.message)
    t.skip(go.error.message)
    return
  }
  const env = { ...go.value.env, SIGHTLINE_GO: go.value.goBin }
  const ran = await runSightline(['demo', '--live', '--json'], { cwd: folder, env })
  assert.equal(ran.code, 0, ran.stderr)
  const { data, findings, coverage } = JSON.parse(ran.stdout)
  assert.equal(data.target.kind, 'live')
  assert.equal(data.verdict.grade, 'blind')
  assert.ok(coverage.answered > 10)
  const titles = (findings as { title: string }[]).map(({ title }) => title).join('\n')
  for (const words of [/askSupplier/, /priceCache/, /database connection/]) assert.match(titles, words)
  await assert.rejects(fetch(data.target.url, { signal: AbortSignal.timeout(2_000) }), 'the service still answers')
})
