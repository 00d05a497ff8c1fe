/** Go build info: recorded texts against `go version -m`, executables made up around a recorded section, targets. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeBuildInfoBinary } from './binary.ts'
import { decodeBuildInfoFromTarget } from './target.ts'
import { decodeBuildInfo, decodeBuildInfoText, detectBuildInfo } from './text.ts'

const testdata = join(import.meta.dirname, '..', '..', '..', 'testdata', 'build-info')
const folders = globSync('*/go1.*', { cwd: testdata }).sort()

function readInfo(bytes: Uint8Array) {
  const result = decodeBuildInfo(bytes)
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  assert.deepEqual(result.value.issues, [])
  return result.value.value
}

for (const folder of folders) {
  test(`${folder}: text and JSON of go version -m say the same`, () => {
    const text = readFileSync(join(testdata, folder, 'version.txt'))
    const json = readFileSync(join(testdata, folder, 'version.json'))
    assert.equal(detectBuildInfo(text), 'certain')
    assert.equal(detectBuildInfo(json), 'certain')
    assert.deepEqual(readInfo(text), readInfo(json))
    assert.match(readInfo(text).goVersion ?? '', /^go1\.2[67]/)
  })
}

const section = new Uint8Array(readFileSync(join(testdata, 'linux-amd64', 'go1.27', 'buildinfo.section')))
const expected = readInfo(readFileSync(join(testdata, 'linux-amd64', 'go1.27', 'version.txt')))

/** A 64-bit ELF file with one writable segment at 0x400000 that holds `data`. */
function wrapElf(data: Uint8Array, isLittle = true): Uint8Array {
  const file = new Uint8Array(128 + data.length)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, isLittle ? 1 : 2, 1])
  view.setBigUint64(32, 64n, isLittle) // program headers
  view.setUint16(54, 56, isLittle)
  view.setUint16(56, 1, isLittle)
  view.setUint32(64, 1, isLittle) // PT_LOAD
  view.setUint32(68, 6, isLittle) // read, write
  view.setBigUint64(72, 128n, isLittle)
  view.setBigUint64(80, 0x400000n, isLittle)
  view.setBigUint64(96, BigInt(data.length), isLittle)
  file.set(data, 128)
  return file
}

const MAGIC = [0xff, ...new TextEncoder().encode(' Go buildinf:')]

/** The layout of Go 1.13 to 1.17: pointers to string headers. */
function pointedInfo(version: string, modules: string, isLittle: boolean): Uint8Array {
  const coder = new TextEncoder()
  const framed = coder.encode(`${'0'.repeat(16)}${modules}${'1'.repeat(16)}`)
  const data = new Uint8Array(256 + version.length + framed.length)
  const view = new DataView(data.buffer)
  data.set(MAGIC, 16)
  data[30] = 8
  data[31] = isLittle ? 0 : 1
  const base = 0x400000n
  view.setBigUint64(32, base + 64n, isLittle)
  view.setBigUint64(40, base + 80n, isLittle)
  view.setBigUint64(64, base + 256n, isLittle)
  view.setBigUint64(72, BigInt(version.length), isLittle)
  view.setBigUint64(80, base + 256n + BigInt(version.length), isLittle)
  view.setBigUint64(88, BigInt(framed.length), isLittle)
  data.set(coder.encode(version), 256)
  data.set(framed, 256 + version.length)
  return data
}

test('the info of a recorded section, in an executable, is what go version -m prints', () => {
  const padded = new Uint8Array(64 + section.length)
  padded.set(section, 64)
  for (const isLittle of [true, false]) {
    const result = decodeBuildInfoBinary(wrapElf(padded, isLittle))
    assert.ok(result.ok)
    assert.deepEqual(result.value.value, expected)
  }
})

test('the pointers of Go before 1.18 are followed, in both byte orders', () => {
  for (const isLittle of [true, false]) {
    const data = pointedInfo('go1.16.5', 'path\texample.com/a\nmod\texample.com/a\tv1.0.0\th1:x=\n', isLittle)
    const result = decodeBuildInfoBinary(wrapElf(data, isLittle))
    assert.ok(result.ok)
    assert.equal(result.value.value.goVersion, 'go1.16.5')
    assert.deepEqual(result.value.value.mainModule, { path: 'example.com/a', version: 'v1.0.0', sum: 'h1:x=' })
  }
})

test('what is no Go executable has a code, a cut or damaged one too', () => {
  const code = (bytes: Uint8Array) => {
    const result = decodeBuildInfoBinary(bytes)
    return result.ok ? 'ok' : result.error.code
  }
  assert.equal(code(new Uint8Array(0)), 'SL_DECODE_EMPTY')
  assert.equal(code(wrapElf(new Uint8Array(64))), 'SL_DECODE_NO_BUILD_INFO')
  assert.equal(code(new TextEncoder().encode('#!/bin/sh\n')), 'SL_DECODE_NO_BUILD_INFO')
  const file = wrapElf(section)
  for (let end = 1; end < file.length - 64; end += 7)
    assert.equal(code(file.subarray(0, end)), 'SL_DECODE_NO_BUILD_INFO')
})

test('headers with arbitrary damage never throw', () => {
  const heads = [wrapElf(section), peHead(), machoHead()]
  fc.assert(
    fc.property(fc.nat(2), fc.array(fc.tuple(fc.nat(199), fc.nat(255)), { maxLength: 8 }), (which, flips) => {
      const bytes = Uint8Array.from(heads[which] as Uint8Array)
      for (const [at, value] of flips) if (at > 3 && at < bytes.length) bytes[at] = value
      assert.equal(typeof decodeBuildInfoBinary(bytes).ok, 'boolean')
    }),
    { seed: 5, numRuns: 4000 },
  )
})

function peHead(): Uint8Array {
  const file = new Uint8Array(400)
  const view = new DataView(file.buffer)
  file.set([0x4d, 0x5a])
  view.setUint32(0x3c, 64, true)
  file.set([0x50, 0x45, 0, 0], 64)
  view.setUint16(70, 1, true)
  view.setUint16(84, 240, true)
  view.setUint16(88, 0x20b, true)
  return file
}

function machoHead(): Uint8Array {
  const file = new Uint8Array(400)
  const view = new DataView(file.buffer)
  view.setUint32(0, 0xfeedfacf, true)
  view.setUint32(16, 2, true)
  view.setUint32(32, 0x19, true)
  view.setUint32(36, 152, true)
  return file
}

test('replacements, quoted settings and empty values are read as Go writes them', () => {
  const text =
    'go\tgo1.25.0\npath\tcmd/x\nmod\texample.com/x\t(devel)\t\ndep\texample.com/y\tv1.2.3\n=>\t../y\tv0.0.0\t\n' +
    'build\t-ldflags="-X \\"main.v=1\\"\\n"\nbuild\t"odd key"=`raw`\nbuild\tCGO_CFLAGS=\n'
  const result = decodeBuildInfoText(text)
  assert.ok(result.ok)
  const { dependencies, settings, path } = result.value.value
  assert.equal(path, 'cmd/x')
  assert.deepEqual(dependencies, [
    { path: 'example.com/y', version: 'v1.2.3', replacedBy: { path: '../y', version: 'v0.0.0' } },
  ])
  assert.deepEqual(settings, { '-ldflags': '-X "main.v=1"\n', 'odd key': 'raw', CGO_CFLAGS: '' })
})

test('lines that are not build info are issues, a text of nothing else a fault', () => {
  const result = decodeBuildInfoText('go\tgo1.25.0\nnonsense\n')
  assert.ok(result.ok)
  assert.equal(result.value.issues[0]?.at?.line, 2)
  const none = decodeBuildInfoText('hello\nworld\n')
  assert.equal(none.ok ? '' : none.error.code, 'SL_DECODE_NO_BUILD_INFO')
})

test('a target tells its command, and its service where its author published it', () => {
  const cmdline = new TextEncoder().encode('/srv/cart\0--listen\0:8080\0')
  const bare = decodeBuildInfoFromTarget({ cmdline, vars: { vars: { memstats: {}, cmdline: [] } } })
  assert.deepEqual(bare, { command: '/srv/cart', arguments: ['--listen', ':8080', ''], from: ['cmdline'] })
  const resource = [
    { key: 'service.name', value: { stringValue: 'cart' } },
    { key: 'service.version', value: { stringValue: 'v2' } },
  ]
  const forms = [
    { 'otel.resource': { attributes: resource } },
    { resource: { 'service.name': 'cart', 'service.version': 'v2' } },
    { OTEL_RESOURCE_ATTRIBUTES: 'service.name=cart,service.version=v2' },
    { 'service.name': 'cart', 'service.version': 'v2' },
  ]
  for (const vars of forms) {
    const told = decodeBuildInfoFromTarget({ vars: { vars } })
    assert.deepEqual([told.serviceName, told.serviceVersion], ['cart', 'v2'], JSON.stringify(vars))
  }
})

test('build info published as a variable is read, as text, as JSON, or the version alone', () => {
  const text = 'go\tgo1.26.1\npath\tcmd/x\n'
  const goVersion = (vars: Parameters<typeof decodeBuildInfoFromTarget>[0]['vars']) =>
    decodeBuildInfoFromTarget(vars === undefined ? {} : { vars }).buildInfo?.goVersion
  assert.equal(goVersion({ vars: { buildinfo: text } }), 'go1.26.1')
  assert.equal(goVersion({ vars: { build_info: { GoVersion: 'go1.26.2', Main: { Path: 'a' } } } }), 'go1.26.2')
  assert.equal(goVersion({ vars: { go_version: 'go1.26.3' } }), 'go1.26.3')
  assert.equal(goVersion({ vars: { version: 'v1' } }), undefined)
})
