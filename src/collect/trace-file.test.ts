import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openTraceFile } from './trace-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-trace-file-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const bytes = Uint8Array.from({ length: 3 * 1024 * 1024 + 17 }, (_, at) => (at * 7 + (at >> 8)) & 0xff)

function open(name: string) {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const file = openTraceFile({ path, sizeBytes: bytes.length })
  assert.ok(file.ok)
  return { path, file: file.value }
}

test('any place can be read, and the pieces of a range are its bytes', async () => {
  const { file } = open('whole')
  assert.deepEqual(file.read(1000, 20), bytes.slice(1000, 1020))
  assert.deepEqual(file.read(bytes.length - 5, 100), bytes.slice(-5))
  assert.equal(file.read(bytes.length + 10, 5).length, 0)
  const pieces: Uint8Array[] = []
  for await (const piece of file.pieces(999, bytes.length - 3)) pieces.push(piece.slice())
  assert.ok(pieces.length > 2)
  assert.ok(Buffer.concat(pieces).equals(bytes.subarray(999, bytes.length - 3)))
  assert.equal(file.failure(), undefined)
  file.close()
})

test('a file that becomes shorter ends the range there, with the reason', async () => {
  const { path, file } = open('shrinks')
  let size = 0
  truncateSync(path, 1_500_000)
  for await (const piece of file.pieces(0, bytes.length)) size += piece.length
  assert.equal(size, 1_500_000)
  assert.equal(file.failure()?.code, 'SL_COLLECT_NO_INPUT')
  file.close()
})

test('a file that is not there is no input', () => {
  const file = openTraceFile({ path: join(folder, 'nothing'), sizeBytes: 10 })
  assert.ok(!file.ok)
  assert.equal(file.error.code, 'SL_COLLECT_NO_INPUT')
  assert.equal(file.error.detail?.cause, 'ENOENT')
})
