/** `timeline --export` as a user runs it: files, stdout, and what is refused. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { decodePprofProto } from '../../src/decode/pprof/pprof.ts'
import { root, runSightline } from '../samples/run-sightline.ts'
import { walkPerfetto } from './perfetto-walk.ts'

const shop = join(root, 'testdata', 'captures', 'shop')
const folder = mkdtempSync(join(tmpdir(), 'sightline-export-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

test('a capture becomes a file of Perfetto, with a short account of it on stdout', async () => {
  const out = join(folder, 'shop.pftrace')
  const ran = await runSightline(['timeline', shop, '--export', 'perfetto', '--out', out])
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stdout, /^Wrote .*shop\.pftrace: \d+KiB, \d\.\d times the trace/)
  const { faults, slices } = walkPerfetto(readFileSync(out))
  assert.deepEqual(faults, [])
  assert.ok(slices.length > 1000)
  const packed = join(folder, 'shop.pftrace.gz')
  await runSightline(['timeline', shop, '--export', 'perfetto', '--out', packed])
  assert.ok(gunzipSync(readFileSync(packed)).equals(readFileSync(out)))
})

test('stdin to a profile; --json says what was written', async () => {
  const out = join(folder, 'net.pb.gz')
  const args = ['timeline', '-', '--export', 'pprof', '--what', 'network', '--out', out, '--json']
  const ran = await runSightline(args, { stdin: readFileSync(join(shop, 'trace.bin')) })
  assert.equal(ran.code, 0, ran.stderr)
  const written = JSON.parse(ran.stdout).data.export
  assert.deepEqual([written.format, written.what, written.path], ['pprof', 'net', out])
  const bytes = readFileSync(out)
  assert.equal(written.sizeBytes, bytes.length)
  const profile = decodePprofProto(gunzipSync(bytes))
  assert.ok(profile.ok)
  assert.equal(profile.value.value.sampleCount, written.samples)
})

test('input that is no trace leaves no file', async () => {
  const input = join(folder, 'no.trace')
  writeFileSync(input, 'this is not a trace, and never was one\n')
  const ran = await runSightline(['timeline', input, '--export', 'perfetto', '--out', join(folder, 'never')])
  assert.equal(ran.code, 65)
  assert.ok(!existsSync(join(folder, 'never')))
  assert.ok(readdirSync(folder).every((name) => !name.endsWith('.part')))
})

const refused: readonly (readonly [string, readonly string[]])[] = [
  ['--json and an export both want stdout', ['--export', 'perfetto', '--json']],
  ['a place without an export', ['--out', 'x']],
  ['a view without a profile', ['--what', 'net']],
  ['a view of a timeline', ['--export', 'perfetto', '--what', 'net', '--out', 'x']],
  ['a focus on a timeline', ['--export', 'perfetto', '--focus', 'x', '--out', 'x']],
  ['events and an export', ['--export', 'pprof', '--ndjson', '--out', 'x']],
  ['a format that there is not', ['--export', 'svg']],
  ['a view that there is not', ['--export', 'pprof', '--what', 'cheese']],
]

for (const [what, flags] of refused) {
  test(`refused: ${what}`, async () => {
    const ran = await runSightline(['timeline', shop, ...flags])
    assert.equal(ran.code, 64)
    assert.match(ran.stdout + ran.stderr, /SL_CLI_USAGE/)
  })
}
