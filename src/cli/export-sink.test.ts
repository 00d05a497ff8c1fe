/** Where exports go: whole files or none, packed by their name, and never a terminal. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openExportSink } from './export-sink.ts'

const quiet = { write: () => true }
const plain = { isGzipped: false }

function openFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-sink-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function open(cwd: string, path: string, options = plain) {
  const sink = openExportSink({ cwd, stdout: quiet }, path, options)
  assert.ok(sink.ok)
  return sink.value
}

test('a file has its name when it is whole, and not before', (context) => {
  const folder = openFolder(context)
  const sink = open(folder, 'deep/a.bin')
  assert.equal(sink.write(Uint8Array.of(1, 2)), true)
  assert.ok(!readdirSync(join(folder, 'deep')).includes('a.bin'))
  sink.write(Uint8Array.of(3))
  assert.equal(sink.close(), undefined)
  assert.deepEqual(readdirSync(join(folder, 'deep')), ['a.bin'])
  assert.deepEqual([...readFileSync(join(folder, 'deep/a.bin'))], [1, 2, 3])
  assert.equal(sink.sizeBytes?.(), 3)
})

test('an export that is given up leaves nothing', (context) => {
  const folder = openFolder(context)
  const sink = open(folder, 'a.bin')
  sink.write(Uint8Array.of(1, 2))
  sink.discard()
  assert.deepEqual(readdirSync(folder), [])
})

test('a name that ends in .gz is packed, whatever the sizes of the blocks; what is packed already is not again', (context) => {
  const folder = openFolder(context)
  const sink = open(folder, 'a.gz')
  const block = new Uint8Array(3_000_000).map((_, at) => at % 251)
  const parts = [block, Uint8Array.of(7), block, new Uint8Array(0), block.subarray(0, 10)]
  for (const part of parts) assert.equal(sink.write(part), true)
  assert.equal(sink.close(), undefined)
  const packed = readFileSync(join(folder, 'a.gz'))
  assert.ok(gunzipSync(packed).equals(Buffer.concat(parts)))
  assert.equal(sink.sizeBytes?.(), packed.length)
  const other = open(folder, 'b.pb.gz', { isGzipped: true })
  other.write(packed)
  other.close()
  assert.ok(readFileSync(join(folder, 'b.pb.gz')).equals(packed))
})

test('binary output never goes to a terminal', () => {
  for (const path of [undefined, '-']) {
    const sink = openExportSink({ cwd: '/', stdout: { ...quiet, fd: 1, isTTY: true } }, path, plain)
    assert.ok(!sink.ok)
    assert.equal(sink.error.code, 'SL_CLI_BINARY_TO_TERMINAL')
    assert.match(sink.error.hint, /--out/)
  }
})

test('a place that cannot be written is a fault that names it', (context) => {
  const folder = openFolder(context)
  open(folder, 'file').close()
  const sink = openExportSink({ cwd: folder, stdout: quiet }, 'file/below', plain)
  assert.ok(!sink.ok)
  assert.equal(sink.error.code, 'SL_CLI_CANNOT_WRITE')
  assert.equal(sink.error.target, 'file/below')
})
