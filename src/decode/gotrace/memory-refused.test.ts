import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHUNK_BYTES } from '../../model/trace.ts'
import { readTraceSync } from './gotrace.ts'

const recorded = new Uint8Array(readFileSync(join(import.meta.dirname, '../../../testdata/captures/shop/trace.bin')))
const PAGE_BYTES = 65_536
/** The chunk lies above the static data. */
const CHUNK_AT = 4 * PAGE_BYTES
const LEAST_PAGES = 4 + Math.ceil(CHUNK_BYTES / PAGE_BYTES)

test('where memory is refused, reading ends with a code and never a throw; with a little more it ends well', () => {
  const codes = new Set<string>()
  let isRead = false
  for (let most = LEAST_PAGES; most < LEAST_PAGES + 200; most++) {
    const memory = new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: most })
    let events = 0
    const read = readTraceSync(
      recorded,
      {
        onChunk(chunk) {
          events += chunk.rowCount
        },
      },
      { seat: { memory, chunks: [CHUNK_AT] } },
    )
    if (!read.ok) codes.add(read.error.code)
    isRead = read.ok && read.value.value.complete
    if (isRead) assert.equal(events, read.ok ? read.value.value.events : 0)
    if (isRead) break
  }
  assert.deepEqual([...codes], ['SL_DECODE_TOO_LARGE'])
  assert.ok(isRead)
})
