/** Detection without file names: every recorded fixture by its content, and what is not ours by its code. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateRawSync, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import type { CaptureFileKind } from '../model/capture.ts'
import { detectKind } from './detect.ts'

const testdata = join(import.meta.dirname, '..', '..', 'testdata')

function detectFile(file: string) {
  const bytes = readFileSync(join(testdata, file))
  return detectKind(bytes, bytes[0] === 0x1f ? { inflated: gunzipSync(bytes) } : {})
}

const recorded: readonly (readonly [string, CaptureFileKind])[] = [
  ['pprof/block*/*/profile.pb.gz', 'block-profile'],
  ['pprof/mutex/*/profile.pb.gz', 'mutex-profile'],
  ['pprof/cpu/*/profile.pb.gz', 'cpu-profile'],
  ['pprof/heap/*/profile.pb.gz', 'heap-profile'],
  ['pprof/allocs/*/profile.pb.gz', 'allocs-profile'],
  ['pprof/goroutine/*/profile.pb.gz', 'goroutine-profile'],
  ['pprof/goroutineleak/*/profile.pb.gz', 'goroutineleak-profile'],
  ['pprof/threadcreate/*/profile.pb.gz', 'threadcreate-profile'],
  ['pprof/{crafted,empty}/*/profile.pb.gz', 'profile'],
  ['pprof/crafted-plain/*/profile.pb', 'profile'],
  ['goroutine-dump/*/*/dump.txt', 'goroutine-dump'],
  ['prometheus-text/*/*/metrics.txt', 'metrics-text'],
  ['expvar/*/*/vars.json', 'expvar'],
  ['build-info/*/*/version.{txt,json}', 'build-info'],
]

for (const [pattern, kind] of recorded) {
  test(`${pattern}: ${kind}, by content alone`, () => {
    const files = globSync(pattern, { cwd: testdata })
    assert.ok(files.length > 0)
    for (const file of files) {
      const found = detectFile(file)
      // A dump of the leak profile in its text form is a kind of its own.
      const got = found.kind === 'goroutineleak-dump' ? 'goroutine-dump' : found.kind
      assert.equal(got, kind, `${file}: ${found.why}`)
      assert.equal(found.fault, undefined)
    }
  })
}

test('every file of a recorded capture is what its name says', () => {
  const kinds: Readonly<Record<string, CaptureFileKind>> = {
    'manifest.json': 'manifest',
    'trace.bin': 'execution-trace',
    'cmdline.txt': 'cmdline',
    'vars.json': 'expvar',
    'goroutine.0.txt': 'goroutine-dump',
    'goroutine.pb.gz': 'goroutine-profile',
    'mutex.pb.gz': 'mutex-profile',
    'block.pb.gz': 'block-profile',
  }
  for (const [name, kind] of Object.entries(kinds)) assert.equal(detectFile(`captures/shop/${name}`).kind, kind, name)
})

const resource = '{"resource":{"attributes":[]}}'
const made: readonly (readonly [string, string, CaptureFileKind])[] = [
  ['OTLP spans', `{"resourceSpans":[${resource}]}`, 'spans'],
  ['OTLP spans, one batch a line', `{"resourceSpans":[]}\n{"resourceSpans":[]}\n`, 'spans'],
  ['OTLP logs', `{ "resourceLogs": [${resource}] }`, 'logs'],
  ['JSON log lines', '{"time":"2026-01-01T00:00:00Z","level":"INFO","msg":"a"}\n{"time":"x","msg":"b"}\n', 'logs'],
  ['a trace header', 'go 1.26 trace\0\0\0rest', 'execution-trace'],
  ['a command line', '/srv/cart\0--listen\0:8080', 'cmdline'],
  ['a bare OpenMetrics text', '# TYPE a counter\na_total 1\n# EOF\n', 'metrics-text'],
  [
    'a log that ends in a panic',
    `${'level=info msg=hello\n'.repeat(20_000)}panic: x\n\ngoroutine 7 [running]:\nmain.f()\n`,
    'goroutine-dump',
  ],
  [
    'the text form of a leak profile',
    'goroutineleak profile: total 1\n1 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/a/b.go:1\n',
    'goroutineleak-dump',
  ],
]
for (const [what, text, kind] of made) {
  test(`${what} is ${kind}`, () => {
    assert.equal(detectKind(new TextEncoder().encode(text)).kind, kind)
  })
}

function tarOf(): Uint8Array {
  const tar = new Uint8Array(1024)
  tar.set(new TextEncoder().encode('a.txt'))
  tar.set(new TextEncoder().encode('ustar'), 257)
  return tar
}

const noise = new Uint8Array(4096)
for (let at = 0, state = 1; at < noise.length; at++) {
  state = Math.imul(state, 1664525) + 1013904223
  noise[at] = state >>> 24
}

/** An ELF header with one loaded segment of data, as a program in C has one. */
function elfOf(data: Uint8Array): Uint8Array {
  const file = new Uint8Array(128 + data.length)
  const view = new DataView(file.buffer)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  view.setBigUint64(32, 64n, true)
  view.setUint16(54, 56, true)
  view.setUint16(56, 1, true)
  view.setUint32(64, 1, true)
  view.setUint32(68, 6, true)
  view.setBigUint64(72, 128n, true)
  view.setBigUint64(80, 0x400000n, true)
  view.setBigUint64(96, BigInt(data.length), true)
  file.set(data, 128)
  return file
}

test('an executable that is no Go program is told so; one with Go build info is taken', () => {
  const plain = detectKind(elfOf(new Uint8Array(4096)))
  assert.match(plain.fault?.message ?? '', /ELF executable .*not a Go program/)
  const data = new Uint8Array(256)
  const words = new TextEncoder()
  data.set([0xff, ...words.encode(' Go buildinf:'), 8, 2])
  data.set([8, ...words.encode('go1.27.3'), 0], 32)
  assert.equal(detectKind(elfOf(data)).kind, 'build-info')
})

const notOurs: readonly (readonly [string, Uint8Array | string, string])[] = [
  ['an empty file', '', 'SL_DECODE_EMPTY'],
  ['an HTML page', '<!DOCTYPE html>\n<html><head><title>Sign in</title>', 'SL_DECODE_HTML'],
  ['the index of /debug/pprof/', '<html>\n<head>\n<title>/debug/pprof/</title>', 'SL_DECODE_HTML'],
  [
    'a Java thread dump',
    'Full thread dump OpenJDK 64-Bit Server VM (21.0.1 mixed mode):\n\n"main" #1 prio=5\n',
    'SL_DECODE_OTHER_RUNTIME',
  ],
  ['a Python traceback', 'Traceback (most recent call last):\n  File "a.py", line 1\n', 'SL_DECODE_OTHER_RUNTIME'],
  ['a zip', Uint8Array.from([0x50, 0x4b, 3, 4, ...deflateRawSync('a')]), 'SL_DECODE_ARCHIVE'],
  ['a tar', tarOf(), 'SL_DECODE_ARCHIVE'],
  ['a zstd file', zstdCompressSync('abc'), 'SL_DECODE_ARCHIVE'],
  ['a program in C', elfOf(new Uint8Array(4096)), 'SL_DECODE_NO_BUILD_INFO'],
  ['binary noise', noise, 'SL_DECODE_BINARY_NOISE'],
  ['prose', 'Dear reader,\nnothing to see here.\n', 'SL_DECODE_UNKNOWN_FORMAT'],
  ['JSON of something else', '{"hello": "world"}', 'SL_DECODE_UNKNOWN_FORMAT'],
  ['a text profile', 'heap profile: 1: 2 [3: 4] @ heap/1048576\n1: 2 [3: 4] @ 0x1\n', 'SL_DECODE_UNKNOWN_FORMAT'],
  ['an error answer', '404 page not found\n', 'SL_DECODE_UNKNOWN_FORMAT'],
]
for (const [what, content, code] of notOurs) {
  test(`${what} is ${code}`, () => {
    const found = detectKind(typeof content === 'string' ? new TextEncoder().encode(content) : content)
    assert.deepEqual([found.kind, found.fault?.code], ['unknown', code], found.why)
  })
}

test('gzip that was not inflated may be a profile; inflated, it is what is inside', () => {
  const html = new TextEncoder().encode('<html><body>')
  assert.deepEqual([detectKind(gzipSync(html)).kind, detectKind(gzipSync(html)).certainty], ['profile', 'possible'])
  const inside = detectKind(gzipSync(html), { inflated: html })
  assert.deepEqual([inside.compression, inside.fault?.code], ['gzip', 'SL_DECODE_HTML'])
})

test('an empty block or mutex profile is told by its name, without one it stays open', () => {
  const values = (type: number, unit: number) => [0x0a, 4, 0x08, type, 0x10, unit]
  const strings = ['', 'contentions', 'count', 'delay', 'nanoseconds'].flatMap((text) => [
    0x32,
    text.length,
    ...new TextEncoder().encode(text),
  ])
  const bytes = Uint8Array.from([...values(1, 2), ...values(3, 4), ...strings])
  assert.deepEqual([detectKind(bytes).kind, detectKind(bytes).certainty], ['profile', 'possible'])
  assert.equal(detectKind(bytes, { name: 'mutex.pb.gz' }).kind, 'mutex-profile')
  assert.equal(detectKind(bytes, { name: 'svc-block.pb' }).kind, 'block-profile')
})

test('arbitrary bytes are always something or a fault, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const found = detectKind(bytes)
      assert.equal(found.kind === 'unknown', found.fault !== undefined)
    }),
    { seed: 3, numRuns: 3000 },
  )
})
