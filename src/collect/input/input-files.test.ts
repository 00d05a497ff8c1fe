import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
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
  return {
    bytes: Buffer.concat(pieces),
    head,
    sizeBytes,
    failure: opened.value.failure()?.code,
    complete: opened.value.completeUnixNs?.(),
  }
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

test('a file was complete at its last change, a pipe when it ended; a change in the future says nothing', async () => {
  const path = write('old.json', '{}')
  const changed = new Date('2026-01-02T03:04:05.000Z')
  utimesSync(path, changed, changed)
  assert.equal((await readAll((await list([path]))[0])).complete, BigInt(changed.getTime()) * 1_000_000n)
  const later = new Date(Date.now() + 3_600_000)
  utimesSync(path, later, later)
  assert.equal((await readAll((await list([path]))[0])).complete, undefined)
  const before = BigInt(Date.now()) * 1_000_000n
  const piped = (await readAll((await list(['-'], Readable.from([Buffer.from('{}')])))[0])).complete
  assert.ok(piped !== undefined && piped >= before)
})

test('zstd is inflated: one frame, several, and messages with their length before each', async () => {
  const [first, second] = [large.subarray(0, 1 << 20), large.subarray(1 << 20)]
  const frames = Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)])
  const read = await readAll((await list([write('two.zst', frames)]))[0])
  assert.ok(read.bytes.equals(large))
  const message = (text: string) => {
    const packed = zstdCompressSync(Buffer.from(text))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(packed.length)
    return Buffer.concat([length, packed])
  }
  const json = Buffer.concat([message('{"a":1}'), message('{"b":2}')])
  assert.equal((await readAll((await list([write('json', json)]))[0])).bytes.toString(), '{"a":1}\n{"b":2}\n')
  const proto = await readAll((await list([write('proto', message('\n\0'))]))[0])
  assert.deepEqual([...proto.bytes], [0, 0, 0, 2, 10, 0])
  const cut = await readAll((await list([write('cut', json.subarray(0, json.length - 3))]))[0])
  assert.deepEqual([cut.bytes.toString(), cut.failure], ['{"a":1}\n', 'SL_DECODE_TRUNCATED_GZIP'])
  const huge = await readAll((await list([write('huge', Buffer.concat([Buffer.from([0xff]), json.subarray(1)]))]))[0])
  assert.equal(huge.failure, 'SL_DECODE_TOO_LARGE')
  const damaged = await readAll((await list([write('damaged.zst', frames.fill(0xff, 4, 40))]))[0])
  assert.equal(damaged.failure, 'SL_DECODE_BAD_GZIP')
})

test('a pattern gives the files that match, in order; a file of such a name is itself', async () => {
  for (const name of ['glob-2.json', 'glob-1.json', 'glob-1.txt', 'odd[1].json']) write(name, '{}')
  const places = await list([join(folder, 'glob-*.json')])
  assert.deepEqual(
    places.map(({ name }) => name),
    ['glob-1.json', 'glob-2.json'],
  )
  assert.equal((await list([join(folder, 'odd[1].json')]))[0]?.name, 'odd[1].json')
  const none = await openInputOpener({ inflater }).listInputs([join(folder, 'none-*')])
  assert.ok(!none.ok && none.error.code === 'SL_COLLECT_NO_INPUT' && none.error.message.includes('none-*'))
})
