/**
 * Trace and span ids from what formats write: hex of any case and length, base64 of old exporters, raw bytes.
 * Ids are big-endian 32-bit words, two or four; a shorter id stands at the right, the rest is 0.
 */

const HEX: Int8Array = makeTable((table) => {
  for (let value = 0; value < 10; value++) table[0x30 + value] = value
  for (let value = 10; value < 16; value++) {
    table[0x41 + value - 10] = value
    table[0x61 + value - 10] = value
  }
})

const BASE64: Int8Array = makeTable((table) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  for (let value = 0; value < 64; value++) table[alphabet.charCodeAt(value)] = value
  table[0x2d] = 62
  table[0x5f] = 63
})

/** What an id was: `hex` of the full length, `short` hex, `base64`, `none` (empty), `bad`. */
export type IdForm = 'hex' | 'short' | 'base64' | 'none' | 'bad'

/** The id in text[from..to) into `words`. A bad one leaves zeros. */
export function readIdText(text: Uint8Array, from: number, to: number, words: Uint32Array): IdForm {
  words.fill(0)
  const length = to - from
  if (length === 0) return 'none'
  const digits = words.length * 8
  if (length <= digits && readHex(text, from, to, words)) return length === digits ? 'hex' : 'short'
  words.fill(0)
  // 16 bytes are 22 characters of base64, 8 are 11; with padding 24 and 12.
  const chars = words.length === 4 ? 22 : 11
  const isPadded = length === chars + (words.length === 4 ? 2 : 1) && text[to - 1] === 0x3d
  if ((isPadded || length === chars) && readBase64(text, from, from + chars, words)) return 'base64'
  words.fill(0)
  return 'bad'
}

function readHex(text: Uint8Array, from: number, to: number, words: Uint32Array): boolean {
  let bad = 0
  let at = to
  for (let word = words.length - 1; word >= 0 && at > from; word--) {
    const begin = Math.max(from, at - 8)
    let value = 0
    for (let digit = begin; digit < at; digit++) {
      const nibble = HEX[text[digit] as number] as number
      bad |= nibble
      value = (value << 4) | nibble
    }
    words[word] = value
    at = begin
  }
  return bad >= 0
}

function readBase64(text: Uint8Array, from: number, to: number, words: Uint32Array): boolean {
  let buffered = 0
  let bits = 0
  let byteAt = 0
  const count = words.length * 4
  for (let at = from; at < to; at++) {
    const value = BASE64[text[at] as number] as number
    if (value < 0) return false
    buffered = ((buffered << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    if (byteAt < count) {
      const word = byteAt >> 2
      words[word] = ((words[word] as number) << 8) | ((buffered >> bits) & 0xff)
    }
    byteAt++
  }
  return byteAt === count
}

/** The id in raw bytes[from..to), as protobuf has it. */
export function readIdBytes(bytes: Uint8Array, from: number, to: number, words: Uint32Array): IdForm {
  words.fill(0)
  if (to === from) return 'none'
  if (to - from > words.length * 4) return 'bad'
  const pad = words.length * 4 - (to - from)
  for (let at = from; at < to; at++) {
    const place = pad + at - from
    words[place >> 2] = ((words[place >> 2] as number) << 8) | (bytes[at] as number)
  }
  return pad === 0 ? 'hex' : 'short'
}

function makeTable(fill: (table: Int8Array) => void): Int8Array {
  const table = new Int8Array(256).fill(-1)
  fill(table)
  return table
}
