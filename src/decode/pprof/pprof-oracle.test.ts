/** The pprof decoder against `go tool pprof -raw`: every recorded profile, of both Go versions. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Profile } from '../../model/profile.ts'
import { formatRaw, renumberRaw } from '../testing/format-raw.ts'
import { encodePprof } from './encode.ts'
import { decodePprofProto } from './pprof.ts'

const folder = join(import.meta.dirname, '..', '..', '..', 'testdata', 'pprof')
const files = globSync('**/profile.pb*', { cwd: folder }).sort()

function readProfile(file: string): Profile {
  const bytes = readFileSync(join(folder, file))
  const decoded = decodePprofProto(file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error.message)
  assert.deepEqual(decoded.value.issues, [])
  return decoded.value.value
}

test('there are recorded profiles of both Go versions', () => {
  assert.ok(files.some((file) => file.includes('go1.26')) && files.some((file) => file.includes('go1.27')))
})

for (const file of files) {
  test(`${file} decodes to what go tool pprof -raw prints`, () => {
    const oracle = readFileSync(join(folder, dirname(file), 'raw.txt'), 'utf8')
    assert.equal(formatRaw(readProfile(file)), renumberRaw(oracle))
  })

  test(`${file} is the same after it was encoded and decoded`, () => {
    const profile = readProfile(file)
    const again = decodePprofProto(encodePprof(profile))
    assert.ok(again.ok)
    assert.deepEqual(again.value.value, profile)
  })
}
