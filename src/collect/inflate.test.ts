/** The inflater: three compressions, and cut, corrupt, too large and bomb told apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { inflateBounded, openInflater } from './inflate.ts'

const plain = new Uint8Array(300_000).map((_, index) => (index * index) % 251)
const wide = { maxBytes: 1e9 }
const compressions = [
  ['gzip', gzipSync(plain)],
  ['zlib', deflateSync(plain)],
  ['zstd', zstdCompressSync(plain)],
] as const

async function codeOf(bytes: Uint8Array, maxBytes: number): Promise<string> {
  const result = await inflateBounded(bytes, { maxBytes })
  return result.ok ? 'ok' : result.error.code
}

for (const [name, packed] of compressions) {
  test(`${name} inflates to what was compressed`, async () => {
    const result = await openInflater().inflate(packed, wide)
    assert.ok(result.ok)
    assert.ok(Buffer.from(plain).equals(result.value))
  })

  test(`${name} that ends too early is truncated, not corrupt`, async () => {
    for (const end of [packed.length - 1, packed.length - 9, packed.length >> 1, 12]) {
      assert.equal(await codeOf(packed.subarray(0, end), 1e9), 'SL_DECODE_TRUNCATED_GZIP', `at ${end}`)
    }
  })

  test(`${name} that inflates to more than the limit is stopped`, async () => {
    assert.match(await codeOf(packed, 1000), /^SL_DECODE_(TOO_LARGE|BOMB)$/)
  })
}

test('damaged bytes are corrupt, not truncated', async () => {
  const packed = Uint8Array.from(gzipSync(plain))
  for (let at = packed.length >> 1; at < (packed.length >> 1) + 20; at++) packed[at] = (packed[at] as number) ^ 0x55
  assert.equal(await codeOf(packed, 1e9), 'SL_DECODE_BAD_GZIP')
  assert.equal(await codeOf(new TextEncoder().encode('not compressed'), 1e9), 'SL_DECODE_BAD_GZIP')
})

test('several gzip members are one stream', async () => {
  const result = await inflateBounded(Buffer.concat([gzipSync('one '), gzipSync('two')]), wide)
  assert.equal(result.ok ? new TextDecoder().decode(result.value) : '', 'one two')
})

test('a bomb is stopped by its ratio long before the limit, and by the limit', async () => {
  const bomb = gzipSync(new Uint8Array(256 * 1024 * 1024), { level: 9 })
  assert.equal(await codeOf(bomb, 4 * 1024 ** 3), 'SL_DECODE_BOMB')
  assert.equal(await codeOf(bomb, 1024 ** 2), 'SL_DECODE_BOMB')
})
