import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeText } from './text.ts'

const decode = (...bytes: number[]) => decodeText(Uint8Array.from([0, ...bytes, 0]), 1, bytes.length + 1)

test('eight bytes that are no text keep every byte, as ids of spans need; other lengths have the mark of what is lost', () => {
  const id = [0x01, 0xff, 0x80, 0x00, 0x7f, 0xc3, 0x28, 0xfe]
  assert.deepEqual(
    [...decode(...id)].map((character) => character.codePointAt(0)),
    id,
  )
  assert.equal(decode(0x61, 0xff, 0x62), 'a\ufffdb')
  assert.equal(decode(...new TextEncoder().encode('größer€')).length, 7)
  assert.equal(decode(...new TextEncoder().encode('ööabö')), 'ööabö')
})
