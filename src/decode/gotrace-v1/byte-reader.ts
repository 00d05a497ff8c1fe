/**
 * Unsigned LEB128 over all bytes of a trace, for passes that know where numbers stand: reads do not look out for the
 * end. `skipVarint` is the one that does; what it passed may be read.
 */

/** No position: larger than any. */
export const NO_NUMBER: number = Number.MAX_SAFE_INTEGER
const MAX_VARINT_BYTES = 10

export class ByteReader {
  readonly bytes: Uint8Array
  at = 0
  /** Why the last skip failed: the bytes ended (true), or the number is longer than 64 bits. */
  isCut = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Position after the number at `from`; NO_NUMBER when there is none. */
  skipVarint(from: number): number {
    const { bytes } = this
    for (let at = from; at - from < MAX_VARINT_BYTES; at++) {
      if (at >= bytes.length) {
        if (from !== NO_NUMBER) this.isCut = true
        return NO_NUMBER
      }
      const byte = bytes[at] as number
      if (byte < 128) {
        if (at - from < MAX_VARINT_BYTES - 1 || byte <= 1) return at + 1
        break
      }
    }
    this.isCut = false
    return NO_NUMBER
  }

  /** Exact below 2^53. */
  readVarint(): number {
    const { bytes } = this
    let byte = bytes[this.at++] as number
    if (byte < 128) return byte
    let value = byte & 127
    byte = bytes[this.at++] as number
    value += (byte & 127) * 0x80
    if (byte < 128) return value
    byte = bytes[this.at++] as number
    value += (byte & 127) * 0x4000
    if (byte < 128) return value
    byte = bytes[this.at++] as number
    value += (byte & 127) * 0x200000
    for (let scale = 0x10000000; byte > 127; scale *= 128) {
      byte = bytes[this.at++] as number
      value += (byte & 127) * scale
    }
    return value
  }

  /** The same 64 bits read as a signed number. */
  readSigned(): number {
    const from = this.at
    const value = this.readVarint()
    if (value < 2 ** 63) return value
    let bits = 0n
    for (let at = this.at - 1; at >= from; at--) bits = (bits << 7n) | BigInt((this.bytes[at] as number) & 127)
    return Number(BigInt.asIntN(64, bits))
  }
}
