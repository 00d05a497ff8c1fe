import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { decodeSpans } from '../../../src/decode/spans/spans.ts'
import { ROOT } from '../../fixtures/case-folder.ts'
import { keepSlowTraces } from './tail-sampler.ts'

test('half of the traces are kept, each whole, and their spans as they were', async () => {
  const request = gunzipSync(readFileSync(join(ROOT, 'testdata', 'spans', 'real', 'none.spans.pb.gz')))
  const before = await countSpans(request)
  const after = await countSpans(keepSlowTraces([request]))
  assert.ok(Math.abs(after.size - before.size / 2) <= 1, `${after.size} of ${before.size} traces`)
  for (const [traceId, spans] of after) assert.equal(spans, before.get(traceId))
})

async function countSpans(message: Uint8Array): Promise<ReadonlyMap<string, number>> {
  const read = await decodeSpans([{ name: 'spans.pb', bytes: new Uint8Array(message) }])
  assert.ok(read.ok)
  const { value: table, issues } = read.value
  assert.deepEqual(issues, [])
  const counts = new Map<string, number>()
  for (let row = 0; row < table.count; row++) {
    const trace = table.traces[row] as number
    const id = Buffer.from(table.traceIds.subarray(trace * 16, trace * 16 + 16)).toString('hex')
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}
