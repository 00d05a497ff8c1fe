import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteCursor, CursorFault } from './byte-cursor.ts'

function encodeVarint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return Uint8Array.from(bytes)
}

test('a varint of any 64-bit value reads back exactly', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 64n) - 1n), (value) => {
      const bytes = encodeVarint(value)
      assert.equal(new ByteCursor(bytes).readVarintBig(), value)
      if (value <= BigInt(Number.MAX_SAFE_INTEGER)) assert.equal(new ByteCursor(bytes).readVarint(), Number(value))
    }),
    { seed: 1 },
  )
})

test('a read past the end, and a varint without one, say where', () => {
  const cut = new ByteCursor(Uint8Array.from([0x80, 0x80]))
  assert.throws(
    () => cut.readVarint(),
    (thrown) => thrown instanceof CursorFault && thrown.kind === 'truncated' && thrown.offset === 2,
  )
  const endless = new ByteCursor(new Uint8Array(20).fill(0xff))
  assert.throws(
    () => endless.readVarint(),
    (thrown) => thrown instanceof CursorFault && thrown.kind === 'malformed',
  )
  assert.throws(
    () => new ByteCursor(new Uint8Array(4)).readSlice(5),
    (thrown) => thrown instanceof CursorFault,
  )
})
