/** Traces that older toolchains of format v2 wrote, event for event against what Go's own reader makes of them. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { compareWithParsed } from '../testing/compare-parsed.ts'
import { readTraceSync } from './gotrace.ts'

const recorded = join(import.meta.dirname, '../../../testdata/gotrace/v2')
const cases = globSync('*/*/trace.bin', { cwd: recorded }).sort()
/** What a toolchain writes into the header: Go 1.24 had no version of its own. */
const headers: Readonly<Record<string, string>> = {
  'go1.22': 'v2/22',
  'go1.23': 'v2/23',
  'go1.24': 'v2/23',
  'go1.25': 'v2/25',
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n')
}

test('there is a recording of every old Go version that writes this format', () => {
  assert.deepEqual(
    cases.map((path) => path.split(/[\\/]/)[1]),
    Object.keys(headers),
  )
})

for (const path of cases) {
  const folder = dirname(path)
  test(`a recorded trace of an old header reads as Go reads it: ${folder}`, async () => {
    const bytes = readFileSync(join(recorded, path))
    const parsed = gunzipSync(readFileSync(join(recorded, folder, 'parsed.txt.gz'))).toString('utf8')
    const { difference, events } = await compareWithParsed(bytes, linesOf(parsed))
    assert.equal(difference, undefined)
    assert.ok(events > 1000)
    const read = readTraceSync(bytes, {}, { strict: true })
    assert.ok(read.ok)
    const { format, generations, complete } = read.value.value
    assert.equal(format, headers[folder.split(/[\\/]/)[1] as string])
    assert.ok(generations >= 2)
    assert.ok(complete)
  })
}
