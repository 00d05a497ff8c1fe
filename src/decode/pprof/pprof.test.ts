/** The pprof decoder on bytes written by hand and on damaged ones. Recorded profiles: pprof-oracle.test.ts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { fault } from '../../base/errors.ts'
import { err, ok } from '../../base/result.ts'
import type { Inflater } from '../../model/ports.ts'
import type { Profile } from '../../model/profile.ts'
import { encodePprof } from './encode.ts'
import { decodePprof, decodePprofProto, detectPprof } from './pprof.ts'

const testdata = join(import.meta.dirname, '..', '..', '..', 'testdata', 'pprof')
const crafted = new Uint8Array(readFileSync(join(testdata, 'crafted-plain', 'go1.27', 'profile.pb')))

const inflater: Inflater = {
  async inflate(bytes, { maxBytes }) {
    try {
      return ok(new Uint8Array(gunzipSync(bytes, { maxOutputLength: maxBytes })))
    } catch {
      return err(fault('SL_DECODE_BAD_GZIP'))
    }
  },
}

function varint(value: bigint): number[] {
  const out: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return [...out, Number(rest)]
}
const number = (field: number, value: bigint): number[] => [...varint(BigInt(field * 8)), ...varint(value)]
const block = (field: number, body: readonly number[]): number[] => [
  ...varint(BigInt(field * 8 + 2)),
  ...varint(BigInt(body.length)),
  ...body,
]
const text = (value: string): number[] => block(6, [...new TextEncoder().encode(value)])
const HEAD = block(1, [...number(1, 1n), ...number(2, 2n)])
const STRINGS = [...text(''), ...text('samples'), ...text('count'), ...text('main.f')]
const FUNCTION = block(5, [...number(1, 9n), ...number(2, 3n)])

function decode(...parts: readonly (readonly number[])[]): Profile {
  const result = decodePprofProto(Uint8Array.from(parts.flat()))
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.value.value
}

function refuse(bytes: Uint8Array): { readonly code: string; readonly message: string } {
  const result = decodePprofProto(bytes)
  assert.ok(!result.ok)
  assert.equal(typeof result.error.detail?.offset, 'number')
  return result.error
}

test('values, addresses and label numbers keep all 64 bits', () => {
  const least = -(2n ** 63n)
  const most = 2n ** 63n - 1n
  const address = 2n ** 64n - 3n
  for (const value of [least, most, 2n ** 53n + 1n, 2n ** 32n, 2n ** 31n, -1n, 0n, 2n ** 28n, 2n ** 35n - 1n]) {
    const location = block(4, [...number(1, 5n), ...number(3, address)])
    const label = block(3, [...number(1, 1n), ...number(3, value)])
    const sample = block(2, [...block(1, varint(5n)), ...block(2, varint(value)), ...label])
    const profile = decode(HEAD, sample, location, STRINGS)
    assert.deepEqual([...profile.values], [value])
    assert.deepEqual([...profile.labelNumbers], [value])
    assert.deepEqual([...profile.locationAddresses], [address])
  }
})

test('ids that share their low 32 bits are different locations', () => {
  const ids = [7n, 7n + 2n ** 32n, 7n + 2n ** 40n, 2n ** 64n - 1n]
  const locations = ids.map((id, row) => block(4, [...number(1, id), ...number(3, BigInt(row))]))
  const sample = block(2, [...block(1, [...ids].reverse().flatMap(varint)), ...block(2, [1])])
  assert.deepEqual([...decode(HEAD, sample, ...locations, STRINGS).sampleLocations], [3, 2, 1, 0])
})

test('packed and unpacked lists, in any order of fields, read the same', () => {
  const locations = [5n, 300n, 70_000n].map((id) => block(4, number(1, id)))
  const packed = block(2, [...block(1, [5n, 300n, 70_000n].flatMap(varint)), ...block(2, varint(900n))])
  const loose = block(2, [...number(2, 900n), ...number(1, 5n), ...number(1, 300n), ...number(1, 70_000n)])
  assert.deepEqual(decode(HEAD, loose, ...locations, STRINGS), decode(STRINGS, ...locations, packed, HEAD))
})

test('fields that profile.proto does not have are skipped at every level', () => {
  const odd = [
    ...number(90, 1n),
    ...block(91, [1, 2, 3]),
    ...[0x95, 6, 1, 2, 3, 4],
    ...[0x91, 6, 1, 2, 3, 4, 5, 6, 7, 8],
  ]
  const line = block(4, [...number(1, 9n), ...number(2, 44n), ...odd])
  const location = block(4, [...number(1, 1n), ...line, ...odd])
  const label = block(3, [...number(1, 1n), ...number(2, 2n), ...odd])
  const sample = block(2, [...block(1, [1]), ...block(2, [3]), ...label, ...odd])
  const plainLocation = block(4, [...number(1, 1n), ...block(4, [...number(1, 9n), ...number(2, 44n)])])
  const plainSample = block(2, [...block(1, [1]), ...block(2, [3]), ...block(3, [...number(1, 1n), ...number(2, 2n)])])
  assert.deepEqual(
    decode(HEAD, sample, location, FUNCTION, STRINGS, odd),
    decode(HEAD, plainSample, plainLocation, FUNCTION, STRINGS),
  )
})

test('a label with a key alone is an empty text, an explicit number 0 is a number', () => {
  const sample = block(2, [
    ...block(2, [1]),
    ...block(3, number(1, 1n)),
    ...block(3, [...number(1, 2n), ...number(3, 0n)]),
  ])
  const profile = decode(HEAD, sample, STRINGS)
  assert.deepEqual([...profile.labelIsNumber], [0, 1])
  assert.deepEqual([...profile.labelKeys], [1, 2])
})

test('a line whose function is missing is kept, nameless, with an issue', () => {
  const location = block(4, [...number(1, 1n), ...block(4, [...number(1, 77n), ...number(2, 5n)])])
  const result = decodePprofProto(Uint8Array.from([HEAD, location, FUNCTION, STRINGS].flat()))
  assert.ok(result.ok)
  const { value, issues } = result.value
  assert.equal(value.strings[value.functionNames[value.lineFunctions[0] as number] as number], '')
  assert.deepEqual(
    issues.map((issue) => [issue.code, issue.count]),
    [['SL_DECODE_MALFORMED', 1]],
  )
})

test('strings of other alphabets are read as UTF-8 and damaged ones are said to be', () => {
  const strings = [...STRINGS, ...text('größe 漢字'), ...block(6, [0x61, 0xff, 0x62])]
  const result = decodePprofProto(Uint8Array.from([HEAD, strings].flat()))
  assert.ok(result.ok)
  assert.deepEqual(result.value.value.strings.slice(4), ['größe 漢字', 'a\ufffdb'])
  assert.equal(result.value.issues[0]?.count, 1)
})

const refused: readonly (readonly [string, readonly (readonly number[])[], RegExp])[] = [
  ['a sample with too few values', [HEAD, block(2, []), STRINGS], /0 values for 1/],
  ['a sample with too many values', [HEAD, block(2, block(2, [1, 2])), STRINGS], /more values/],
  [
    'a location that is not in the table',
    [HEAD, block(2, [...block(1, [4]), ...block(2, [1])]), STRINGS],
    /location 4 is not/,
  ],
  [
    'two locations with one id',
    [HEAD, block(4, number(1, 4n)), block(4, number(1, 4n)), STRINGS],
    /two locations have the id 4/,
  ],
  ['a function with id 0', [HEAD, block(5, number(2, 3n)), STRINGS], /reserved id 0/],
  [
    'a string that is not in the table',
    [HEAD, block(5, [...number(1, 1n), ...number(2, 30n)]), STRINGS],
    /string 30 is not/,
  ],
  ['a first string that is not empty', [HEAD, text('x')], /first string/],
  ['two concatenated profiles', [HEAD, STRINGS, number(9, 5n), HEAD, STRINGS, number(9, 6n)], /concatenated/],
  ['a known field in another wire type', [HEAD, STRINGS, block(9, [1])], /wire type 2/],
  ['a group', [HEAD, STRINGS, [0x0b, 0x0c]], /wire type 3/],
  ['a number of eleven bytes', [HEAD, STRINGS, [0x48, ...Array<number>(10).fill(0xff), 1]], /longer/],
  ['a number of more than 64 bits', [HEAD, STRINGS, [0x48, ...Array<number>(9).fill(0xff), 2]], /64 bits/],
  ['a profile without sample types', [STRINGS], /no sample types/],
  ['samples without a sample type', [block(2, block(2, [1])), STRINGS], /no sample types/],
]
for (const [what, parts, pattern] of refused) {
  test(`${what} is refused as malformed, with an offset`, () => {
    const error = refuse(Uint8Array.from(parts.flat()))
    assert.equal(error.code, 'SL_DECODE_MALFORMED')
    assert.match(error.message, pattern)
  })
}

test('an empty input and one past the limit have codes of their own', () => {
  assert.equal(refuse(new Uint8Array(0)).code, 'SL_DECODE_EMPTY')
  const large = decodePprofProto(crafted, { maxBytes: 10 })
  assert.equal(large.ok ? '' : large.error.code, 'SL_DECODE_TOO_LARGE')
})

test('a claim of many values for many samples is refused before memory is taken for it', () => {
  const types = Array.from({ length: 3000 }, () => block(1, []))
  const samples = Array.from({ length: 3000 }, () => block(2, []))
  assert.match(refuse(Uint8Array.from([...types, ...samples].flat())).message, /cannot hold/)
})

test('gzip is inflated, in several members too, and refused without an inflater', async () => {
  const plain = decodePprofProto(crafted)
  const half = crafted.length >> 1
  const members = Buffer.concat([gzipSync(crafted.subarray(0, half)), gzipSync(crafted.subarray(half))])
  assert.deepEqual(await decodePprof(gzipSync(crafted), { inflater }), plain)
  assert.deepEqual(await decodePprof(members, { inflater }), plain)
  assert.deepEqual(await decodePprof(crafted), plain)
  const without = await decodePprof(gzipSync(crafted))
  assert.equal(without.ok ? '' : without.error.code, 'SL_DECODE_COMPRESSED')
})

test('a profile is known by its bytes, other things are not', () => {
  assert.equal(detectPprof(crafted.subarray(0, 64)), 'proto')
  assert.equal(detectPprof(gzipSync(crafted)), 'gzip')
  for (const other of [
    '{"a":1}',
    '\ngoroutine 1 [running]:\n',
    '<!doctype html>',
    'go 1.26 trace\0\0\0',
    '# HELP a b\n',
  ]) {
    assert.equal(detectPprof(new TextEncoder().encode(other)), undefined)
  }
})

test('cut at any byte, a profile gives a code and an offset, never a throw', () => {
  for (let end = 0; end < crafted.length; end++) {
    const result = decodePprofProto(crafted.subarray(0, end))
    if (result.ok) continue
    assert.match(result.error.code, /^SL_DECODE_(EMPTY|TRUNCATED|MALFORMED)$/)
    const offset = result.error.detail?.offset
    assert.ok(typeof offset === 'number' && offset >= 0 && offset <= end, `${offset} of ${end}`)
  }
})

test('with bytes flipped, a profile decodes or gives a code and an offset, and what decodes encodes', () => {
  const flips = fc.array(fc.tuple(fc.nat(crafted.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(flips, (all) => {
      const bytes = Uint8Array.from(crafted)
      for (const [at, mask] of all) bytes[at] = (bytes[at] as number) ^ mask
      const result = decodePprofProto(bytes)
      if (result.ok) assert.ok(decodePprofProto(encodePprof(result.value.value)).ok)
      else assert.equal(typeof result.error.detail?.offset, 'number')
    }),
    { seed: 20_261_122, numRuns: 5000 },
  )
})

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(typeof decodePprofProto(bytes).ok, 'boolean')
    }),
    { seed: 7, numRuns: 5000 },
  )
})
