/** The toolchain's own v1 traces (Go 1.11, 1.19, 1.21), read as its reader reads them, event for event. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { printParsed } from '../../../scripts/fixtures/old-traces.ts'
import { requireGo } from '../../../scripts/setup/go.ts'
import { compareV1, readOurs } from '../testing/compare-v1.ts'

test('the v1 traces of the toolchain read as its own reader reads them', async (context) => {
  const go = await requireGo(context, '1.27')
  if (go === undefined) return
  const root = execFileSync(go.goBin, ['env', 'GOROOT'], { env: go.env, encoding: 'utf8' }).trim()
  const folder = join(root, 'src/internal/trace/internal/tracev1/testdata')
  const names = readdirSync(folder).filter((name) => name.endsWith('_good'))
  assert.ok(names.length >= 12)
  for (const name of names) {
    const bytes = readFileSync(join(folder, name))
    const parsed = printParsed(go, join(folder, name))
    const { difference, events } = compareV1(bytes, parsed)
    assert.equal(difference, undefined, name)
    assert.ok(events > 20, name)
    const ours = readOurs(bytes)
    if (typeof ours === 'string') throw new Error(ours)
    // The judge itself: one event less, and one time changed, are found.
    const cut = parsed.slice(0, parsed.lastIndexOf('\nM=', parsed.lastIndexOf('\nM=') - 1) + 1)
    assert.notEqual(compareV1(bytes, cut).difference, undefined)
    assert.notEqual(compareV1(bytes, parsed.replace(/ Time=(\d\d\d+)/, ' Time=9$1')).difference, undefined)
  }
})
