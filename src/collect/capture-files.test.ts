/** Captures on disk: the same bytes each time, whole or not at all, and everything odd that a path can hold. */
import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { CAPTURE_SCHEMA, type Capture, type CaptureManifest } from '../model/capture.ts'
import { type CaptureReaderOptions, openCaptureReader } from './capture-read.ts'
import { openCaptureWriter } from './capture-write.ts'
import { openInflater } from './inflate.ts'
import { writeTar } from './tar.ts'

const DUMP = 'goroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x1\n'
const encoder = new TextEncoder()
const TIME = '2026-01-02T03:04:05.000000000Z'

const MANIFEST: CaptureManifest = {
  schema: CAPTURE_SCHEMA,
  tool: { name: 'sightline', version: '0.0.0' },
  target: { kind: 'live', url: 'http://h:1/debug/pprof/', instance: 'h:1', service: 'till', serviceFrom: 'flag' },
  startTime: TIME,
  endTime: TIME,
  requests: [
    {
      file: 'goroutine.0.txt',
      kind: 'goroutine-dump',
      lens: 'goroutine',
      request: 'goroutine?debug=2',
      startTime: TIME,
      endTime: TIME,
      sizeBytes: DUMP.length,
      status: 'answered',
    },
  ],
  lenses: [{ lens: 'block', state: 'off', because: 'It was not recorded.' }],
  redacted: [],
  interrupted: false,
}
const CAPTURE = {
  origin: 'test',
  manifest: MANIFEST,
  files: [
    { name: 'goroutine.0.txt', kind: 'goroutine-dump', bytes: encoder.encode(DUMP) },
    { name: 'cmdline.txt', kind: 'cmdline', bytes: encoder.encode('till\0-v') },
  ],
} as const satisfies Capture

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-files-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function read(paths: readonly string[], more: Partial<CaptureReaderOptions> = {}) {
  return openCaptureReader({ inflater: openInflater(), ...more }).readCapture(paths)
}

async function codeOf(paths: readonly string[], more: Partial<CaptureReaderOptions> = {}): Promise<string> {
  const capture = await read(paths, more)
  return capture.ok ? 'read' : capture.error.code
}

async function write(path: string, capture: Capture = CAPTURE): Promise<string> {
  const written = await openCaptureWriter().writeCapture(capture, path)
  return written.ok ? 'written' : written.error.code
}

for (const name of ['capture', 'capture.slc']) {
  test(`${name}: what is written is read back, and written again it is the same bytes`, async (t) => {
    const folder = scratch(t)
    assert.equal(await write(join(folder, name)), 'written')
    const capture = await read([join(folder, name)])
    assert.ok(capture.ok)
    assert.deepEqual(capture.value.manifest, MANIFEST)
    assert.deepEqual(
      capture.value.files.map((file) => [file.name, file.kind]),
      [
        ['cmdline.txt', 'cmdline'],
        ['goroutine.0.txt', 'goroutine-dump'],
      ],
    )
    assert.deepEqual(capture.value.issues, [])
    assert.equal(await write(join(folder, `again-${name}`), capture.value), 'written')
    const bytesOf = (path: string): string =>
      name.endsWith('.slc')
        ? readFileSync(path, 'hex')
        : readdirSync(path)
            .map((file) => `${file} ${readFileSync(join(path, file), 'hex')}`)
            .join('\n')
    assert.equal(bytesOf(join(folder, `again-${name}`)), bytesOf(join(folder, name)))
  })
}

test('a capture replaces an older one, and never what is not a capture', async (t) => {
  const folder = scratch(t)
  const path = join(folder, 'c')
  assert.equal(await write(path), 'written')
  assert.equal(await write(path, { ...CAPTURE, files: CAPTURE.files.slice(0, 1) }), 'written')
  assert.deepEqual(readdirSync(path), ['goroutine.0.txt', 'manifest.json'])
  assert.deepEqual(readdirSync(folder), ['c'])

  mkdirSync(join(folder, 'home'))
  writeFileSync(join(folder, 'home', 'thesis.txt'), 'years of work')
  assert.equal(await write(join(folder, 'home')), 'SL_COLLECT_OUTPUT_TAKEN')
  assert.deepEqual(readdirSync(join(folder, 'home')), ['thesis.txt'])
  writeFileSync(join(path, 'notes.md'), 'mine')
  assert.equal(await write(path), 'SL_COLLECT_OUTPUT_TAKEN')
  writeFileSync(join(folder, 'plain'), 'x')
  assert.equal(await write(join(folder, 'plain')), 'SL_COLLECT_OUTPUT_TAKEN')
  mkdirSync(join(folder, 'd.slc'))
  assert.equal(await write(join(folder, 'd.slc')), 'SL_COLLECT_OUTPUT_TAKEN')
})

test('where nothing can be written the fault says so, and nothing half is left', async (t) => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'file'), 'x')
  assert.equal(await write(join(folder, 'file', 'c')), 'SL_COLLECT_WRITE')
  assert.deepEqual(readdirSync(folder), ['file'])
})

test('loose files are one capture, each what its content says, whatever its name', async (t) => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'a.log'), DUMP)
  writeFileSync(join(folder, 'b.log.gz'), gzipSync(DUMP))
  writeFileSync(join(folder, 'c.log.zst'), zstdCompressSync(Buffer.from(DUMP)))
  const capture = await read([join(folder, 'a.log'), join(folder, 'b.log.gz'), join(folder, 'c.log.zst')])
  assert.ok(capture.ok)
  assert.equal(capture.value.manifest, undefined)
  assert.deepEqual(
    capture.value.files.map(({ name, kind }) => `${name} ${kind}`),
    ['a.log goroutine-dump', 'b.log.gz goroutine-dump', 'c.log.zst goroutine-dump'],
  )
  assert.equal(await codeOf([join(folder, 'c.log.zst')]), 'read')
})

test('- is stdin', async () => {
  const capture = await read(['-'], {
    stdin: Readable.from([Buffer.from(DUMP.slice(0, 10)), Buffer.from(DUMP.slice(10))]),
  })
  assert.ok(capture.ok)
  assert.deepEqual(
    capture.value.files.map(({ name, kind }) => `${name} ${kind}`),
    ['stdin goroutine-dump'],
  )
  assert.equal(
    await codeOf(['-'], { stdin: Readable.from([Buffer.alloc(100)]), maxFileBytes: 50 }),
    'SL_COLLECT_FILE_TOO_LARGE',
  )
})

test('a folder without manifest is read as loose files, and says so', async (t) => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'x.txt'), DUMP)
  const capture = await read([folder])
  assert.ok(capture.ok)
  assert.deepEqual(
    capture.value.issues?.map(({ code }) => code),
    ['SL_COLLECT_NO_MANIFEST'],
  )
  assert.equal(capture.value.files[0]?.kind, 'goroutine-dump')
})

test('inputs that cannot be read have their codes', async (t) => {
  const folder = scratch(t)
  assert.equal(await codeOf([join(folder, 'no-such')]), 'SL_COLLECT_NO_INPUT')
  assert.equal(await codeOf([]), 'SL_COLLECT_NO_INPUT')
  assert.equal(await codeOf([folder]), 'SL_COLLECT_CAPTURE_EMPTY')
  writeFileSync(join(folder, 'big'), Buffer.alloc(100))
  assert.equal(await codeOf([join(folder, 'big')], { maxFileBytes: 50 }), 'SL_COLLECT_FILE_TOO_LARGE')
  assert.equal(await codeOf([folder, join(folder, 'big')]), 'SL_COLLECT_NO_INPUT')
  chmodSync(join(folder, 'big'), 0)
  if (process.getuid?.() !== 0) assert.equal(await codeOf([join(folder, 'big')]), 'SL_COLLECT_NO_INPUT')
})

test('a link in a folder is not followed', async (t) => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'a.txt'), DUMP)
  symlinkSync('/etc/passwd', join(folder, 'b.txt'))
  const capture = await read([folder])
  assert.ok(capture.ok)
  assert.deepEqual(
    capture.value.files.map(({ name }) => name),
    ['a.txt'],
  )
})

const MANIFESTS: readonly (readonly [string, string, string])[] = [
  [
    'of a newer schema',
    JSON.stringify({ ...MANIFEST, schema: 'sightline.capture/v2', lenses: 7 }),
    'SL_COLLECT_CAPTURE_NEWER',
  ],
  ['that is not JSON', '{', 'SL_COLLECT_MANIFEST_DAMAGED'],
  ['that is a list', '[]', 'SL_COLLECT_MANIFEST_DAMAGED'],
  ['of another program', '{"schema":"other/v1"}', 'SL_COLLECT_MANIFEST_DAMAGED'],
  ['without requests', JSON.stringify({ ...MANIFEST, requests: {} }), 'SL_COLLECT_MANIFEST_DAMAGED'],
  [
    'with a request that is none',
    JSON.stringify({ ...MANIFEST, requests: [{ file: 7 }] }),
    'SL_COLLECT_MANIFEST_DAMAGED',
  ],
  ['without times', JSON.stringify({ ...MANIFEST, startTime: undefined }), 'SL_COLLECT_MANIFEST_DAMAGED'],
  ['with unknown fields beside its own', JSON.stringify({ ...MANIFEST, more: 1 }), 'read'],
]

for (const [what, text, code] of MANIFESTS) {
  test(`a manifest ${what}: ${code}`, async (t) => {
    const folder = scratch(t)
    writeFileSync(join(folder, 'manifest.json'), text)
    writeFileSync(join(folder, 'goroutine.0.txt'), DUMP)
    assert.equal(await codeOf([folder]), code)
  })
}

test('a file that the manifest names and that is missing or of another size is an issue', async (t) => {
  const folder = scratch(t)
  await write(join(folder, 'c'))
  writeFileSync(join(folder, 'c', 'goroutine.0.txt'), DUMP.slice(1))
  const shorter = await read([join(folder, 'c')])
  rmSync(join(folder, 'c', 'goroutine.0.txt'))
  const missing = await read([join(folder, 'c')])
  for (const capture of [shorter, missing]) {
    assert.ok(capture.ok)
    assert.deepEqual(
      capture.value.issues?.map(({ code }) => code),
      ['SL_COLLECT_FILE_MISSING'],
    )
  }
})

test('an .slc that is noise, cut, empty, a bomb or leads out of its folder is refused', async (t) => {
  const path = join(scratch(t), 'x.slc')
  const tar = (name: string) => zstdCompressSync(writeTar([{ name, bytes: encoder.encode(DUMP) }]))
  const good = tar('goroutine.0.txt')
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [encoder.encode('noise'), 'SL_COLLECT_ARCHIVE_DAMAGED'],
    [good.subarray(0, good.length - 9), 'SL_COLLECT_ARCHIVE_DAMAGED'],
    [zstdCompressSync(encoder.encode(DUMP)), 'SL_COLLECT_ARCHIVE_DAMAGED'],
    [zstdCompressSync(writeTar([])), 'SL_COLLECT_CAPTURE_EMPTY'],
    [tar('../goroutine.0.txt'), 'SL_COLLECT_ARCHIVE_DAMAGED'],
    [zstdCompressSync(Buffer.alloc(80 * 1024 * 1024)), 'SL_COLLECT_ARCHIVE_BOMB'],
    [good, 'read'],
  ]
  for (const [bytes, code] of cases) {
    writeFileSync(path, bytes)
    assert.equal(await codeOf([path]), code)
  }
})

test('an archive made by hand, with its folder inside, is read', async (t) => {
  const path = join(scratch(t), 'x.slc')
  const manifest = encoder.encode(JSON.stringify(MANIFEST))
  const entries = [
    { name: 'c/manifest.json', bytes: manifest },
    { name: 'c/goroutine.0.txt', bytes: encoder.encode(DUMP) },
  ]
  writeFileSync(path, zstdCompressSync(writeTar(entries)))
  const capture = await read([path])
  assert.ok(capture.ok)
  assert.equal(capture.value.manifest?.target.service, 'till')
})

test('a dump or log that somebody compressed is handed on inflated; a profile stays as it is', async (t) => {
  const folder = scratch(t)
  for (const [name, bytes] of [
    ['dump.txt.gz', gzipSync(DUMP)],
    ['dump.txt.zst', zstdCompressSync(DUMP)],
  ] as const) {
    writeFileSync(join(folder, name), bytes)
    const capture = await read([join(folder, name)])
    assert.ok(capture.ok)
    const [file] = capture.value.files
    assert.equal(file?.kind, 'goroutine-dump', name)
    assert.equal(new TextDecoder().decode(file?.bytes), DUMP, name)
  }
  const profile = join(import.meta.dirname, '../../testdata/captures/shop/block.pb.gz')
  const kept = await read([profile])
  assert.ok(kept.ok)
  assert.equal(kept.value.files[0]?.kind, 'block-profile')
  assert.deepEqual(Buffer.from(kept.value.files[0]?.bytes ?? []), readFileSync(profile))
})
