import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { InputPlace } from '../../model/trust/input-files.ts'
import { openInflater } from '../inflate.ts'
import { openInputOpener } from './input-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'sightline-inputs-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const inflater = openInflater()
const large = new Uint8Array(3 << 20).map((_, index) => (index * 31) % 251)

function write(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

async function list(paths: readonly string[], stdin?: Readable): Promise<readonly InputPlace[]> {
  const listed = await openInputOpener({ inflater, ...(stdin === undefined ? {} : { stdin }) }).listInputs(paths)
  assert.ok(listed.ok)
  return listed.value.places
}

async function readAll(place: InputPlace | undefined) {
  const opened = await place?.open()
  assert.ok(opened?.ok)
  const pieces: Uint8Array[] = []
  for await (const piece of opened.value.bytes) pieces.push(piece.slice())
  const { head, sizeBytes } = opened.value
  return { bytes: Buffer.concat(pieces), head, sizeBytes, failure: opened.value.failure()?.code }
}

test('a file gives all its bytes once, its head beforehand, and its size', async () => {
  const [place] = await list([write('large.bin', large)])
  const { bytes, head, sizeBytes, failure } = await readAll(place)
  assert.ok(bytes.equals(large))
  assert.deepEqual([head.length, sizeBytes, failure], [64 * 1024, large.length, undefined])
  assert.ok(Buffer.from(head).equals(large.subarray(0, head.length)))
})

test('gzip is inflated on the way, from a file and from stdin, and has no size', async () => {
  const zipped = gzipSync(large)
  const [file] = await list([write('large.gz', zipped)])
  const [stdin] = await list(['-'], Readable.from([zipped.subarray(0, 1), zipped.subarray(1, 7), zipped.subarray(7)]))
  for (const place of [file, stdin]) {
    const { bytes, sizeBytes } = await readAll(place)
    assert.ok(bytes.equals(large))
    assert.equal(sizeBytes, undefined)
  }
})

test('gzip that is cut gives what came before, and says so; damaged gzip too', async () => {
  const zipped = gzipSync(large, { level: 0 })
  const cut = await readAll((await list([write('cut.gz', zipped.subarray(0, zipped.length / 2))]))[0])
  assert.ok(cut.bytes.length > 0 && cut.bytes.length < large.length)
  assert.equal(cut.failure, 'SL_DECODE_TRUNCATED_GZIP')
  const damaged = Buffer.from(zipped)
  damaged.fill(0xff, 1_000_000, 1_100_000)
  assert.equal((await readAll((await list([write('bad.gz', damaged)]))[0])).failure, 'SL_DECODE_BAD_GZIP')
})

test('an empty file is a file of nothing', async () => {
  const { bytes, head, failure } = await readAll((await list([write('empty', '')]))[0])
  assert.deepEqual([bytes.length, head.length, failure], [0, 0, undefined])
})

test('a file that is not read can be closed', async () => {
  const [place] = await list([write('unread', large)])
  const opened = await place?.open()
  assert.ok(opened?.ok)
  await opened.value.close()
  const after: number[] = []
  for await (const piece of opened.value.bytes) after.push(piece.length)
  assert.ok(after.reduce((sum, length) => sum + length, 0) <= large.length)
})

test('a folder gives its files, by content where it has no manifest; hidden ones and folders are not looked at', async () => {
  const capture = join(folder, 'capture')
  mkdirSync(join(capture, 'inner'), { recursive: true })
  writeFileSync(join(capture, 'spans.otlp.json'), '{}')
  writeFileSync(join(capture, '.hidden'), 'x')
  const places = await list([capture])
  assert.deepEqual(
    places.map(({ name, kind }) => [name, kind]),
    [['spans.otlp.json', undefined]],
  )
})

test('what is not there, and a folder of nothing, are faults with a code', async () => {
  const opener = openInputOpener({ inflater })
  const none = await opener.listInputs([join(folder, 'nowhere')])
  assert.equal(!none.ok && none.error.code, 'SL_COLLECT_NO_INPUT')
  const hollow = join(folder, 'hollow')
  mkdirSync(hollow)
  const empty = await opener.listInputs([hollow])
  assert.equal(!empty.ok && empty.error.code, 'SL_COLLECT_CAPTURE_EMPTY')
})
