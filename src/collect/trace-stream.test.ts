/** Where the bytes of a trace come from: files, pipes, gzip, folders and packed captures; and those without one. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { TraceStream } from '../model/ports.ts'
import { openInflater } from './inflate.ts'
import { writeTar } from './tar.ts'
import { openTraceOpener } from './trace-stream.ts'

const shop = join(import.meta.dirname, '..', '..', 'testdata', 'captures', 'shop')
const trace = readFileSync(join(shop, 'trace.bin'))
const folder = mkdtempSync(join(tmpdir(), 'sightline-trace-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function open(path: string, stdin?: Readable) {
  return openTraceOpener({ inflater: openInflater(), ...(stdin === undefined ? {} : { stdin }) }).openTrace(path)
}

async function opened(path: string, stdin?: Readable): Promise<TraceStream> {
  const stream = await open(path, stdin)
  assert.ok(stream.ok, stream.ok ? '' : stream.error.message)
  return stream.value
}

async function refusal(path: string, stdin?: Readable) {
  const stream = await open(path, stdin)
  assert.ok(!stream.ok)
  return stream.error
}

async function readAll(stream: TraceStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream.bytes) pieces.push(piece.slice())
  return Buffer.concat(pieces)
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

const packed = zstdCompressSync(
  writeTar(['manifest.json', 'trace.bin'].map((name) => ({ name, bytes: readFileSync(join(shop, name)) }))),
)

test('a file, a capture folder, an .slc, gzip and stdin give the same bytes', async () => {
  const big = Buffer.concat(Array.from({ length: 200 }, () => trace))
  const cases: readonly (readonly [TraceStream, Buffer, string])[] = [
    [await opened(join(shop, 'trace.bin')), trace, 'trace.bin'],
    [await opened(shop), trace, 'trace.bin'],
    [await opened(write('shop.slc', packed)), trace, 'trace.bin'],
    [await opened(write('packed-without-the-name', packed)), trace, 'trace.bin'],
    [await opened('-', Readable.from([packed])), trace, 'trace.bin'],
    [await opened(write('big', big)), big, 'big'],
    [await opened(write('big.gz', gzipSync(big))), big, 'big.gz'],
    [await opened('-', Readable.from([gzipSync(trace)])), trace, 'stdin'],
    [await opened('-', Readable.from([trace.subarray(0, 3), trace.subarray(3)])), trace, 'stdin'],
    [await opened('-', Readable.from([])), Buffer.alloc(0), 'stdin'],
    [await opened(write('trace.zst', zstdCompressSync(trace))), trace, 'trace.zst'],
  ]
  for (const [stream, wanted, name] of cases) {
    assert.equal(stream.name, name)
    assert.ok(wanted.equals(await readAll(stream)), name)
    assert.equal(stream.failure(), undefined)
  }
  const sized = await opened(join(shop, 'trace.bin'))
  assert.equal(sized.sizeBytes, trace.length)
  await readAll(sized)
})

test('only a trace that lies uncompressed in a file has a place to read it at', async () => {
  const path = join(shop, 'trace.bin')
  const cases: readonly (readonly [TraceStream, string | undefined])[] = [
    [await opened(path), path],
    [await opened(shop), path],
    [await opened(write('packed.slc', packed)), undefined],
    [await opened(write('packed.gz', gzipSync(trace))), undefined],
    [await opened('-', Readable.from([trace])), undefined],
  ]
  for (const [stream, wanted] of cases) {
    assert.equal(stream.place?.path, wanted)
    if (stream.place !== undefined) assert.equal(stream.place.sizeBytes, trace.length)
    await readAll(stream)
  }
})

test('the Go version of a capture goes with its trace', async () => {
  const capture = join(folder, 'capture')
  mkdirSync(capture)
  copyFileSync(join(shop, 'trace.bin'), join(capture, 'trace.bin'))
  const manifest = JSON.parse(readFileSync(join(shop, 'manifest.json'), 'utf8'))
  manifest.target.goVersion = 'go1.27.3'
  writeFileSync(join(capture, 'manifest.json'), JSON.stringify(manifest))
  const stream = await opened(capture)
  assert.equal(stream.goVersion, 'go1.27.3')
  assert.ok(trace.equals(await readAll(stream)))
})

test('gzip that is cut or damaged gives what stands before, and says why it ended', async () => {
  const zipped = gzipSync(Buffer.concat([trace, trace]))
  const cut = await opened('-', Readable.from([zipped.subarray(0, zipped.length - 200)]))
  assert.ok((await readAll(cut)).length > 0)
  assert.equal(cut.failure()?.code, 'SL_DECODE_TRUNCATED_GZIP')
  const damaged = Buffer.from(zipped)
  damaged.fill(0xff, 2000, 2100)
  const stream = await opened('-', Readable.from([damaged]))
  await readAll(stream)
  assert.equal(stream.failure()?.code, 'SL_DECODE_BAD_GZIP')
})

test('gzip that inflates out of all proportion is stopped', async () => {
  const stream = await opened('-', Readable.from([gzipSync(Buffer.alloc(200 * 1024 * 1024))]))
  let size = 0
  for await (const piece of stream.bytes) size += piece.length
  assert.ok(size < 100 * 1024 * 1024)
  assert.equal(stream.failure()?.code, 'SL_DECODE_BOMB')
})

test('a pipe that breaks ends the stream, with the reason', async () => {
  async function* breaking() {
    yield trace.subarray(0, 5000)
    throw Object.assign(new Error('broken'), { code: 'EIO' })
  }
  const stream = await opened('-', Readable.from(breaking()))
  assert.ok((await readAll(stream)).length <= 5000)
  assert.equal(stream.failure()?.code, 'SL_COLLECT_NO_INPUT')
  assert.equal(stream.failure()?.detail?.cause, 'EIO')
})

test('a capture without a trace says so, with why it did not get one', async () => {
  const bare = join(folder, 'bare')
  mkdirSync(bare)
  writeFileSync(join(bare, 'goroutine.0.txt'), 'goroutine 1 [running]:\n')
  assert.equal((await refusal(bare)).code, 'SL_COLLECT_NO_TRACE')
  const skipped = join(folder, 'skipped')
  mkdirSync(skipped)
  const manifest = JSON.parse(readFileSync(join(shop, 'manifest.json'), 'utf8'))
  manifest.requests = manifest.requests.map((request: { kind: string }) =>
    request.kind === 'execution-trace'
      ? { ...request, file: undefined, status: 'skipped', why: 'too many goroutines' }
      : request,
  )
  writeFileSync(join(skipped, 'manifest.json'), JSON.stringify(manifest))
  assert.match((await refusal(skipped)).message, /too many goroutines/)
  const slc = zstdCompressSync(writeTar([{ name: 'goroutine.0.txt', bytes: Buffer.from('goroutine 1 [running]:\n') }]))
  assert.equal((await refusal(write('bare.slc', slc))).code, 'SL_COLLECT_NO_TRACE')
})

test('a path that leads nowhere is no input', async () => {
  assert.equal((await refusal(join(folder, 'nothing'))).code, 'SL_COLLECT_NO_INPUT')
})
