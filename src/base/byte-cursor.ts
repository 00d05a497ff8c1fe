/**
 * A cursor over one byte array: little-endian numbers, LEB128 varints, length-prefixed slices.
 * The position lives in a field of the object, never in a closure (V8 14.6 miscompiles numeric locals that a
 * closure mutates, measured). A read past the end throws `CursorFault`, which a decoder's exported function catches
 * and turns into SL_DECODE_TRUNCATED or SL_DECODE_MALFORMED with the offset; it never leaves the decoder.
 */

export class CursorFault extends Error {
  readonly kind: 'truncated' | 'malformed'
  readonly offset: number
  constructor(kind: 'truncated' | 'malformed', offset: number, message: string) {
    super(message)
    this.kind = kind
    this.offset = offset
  }
}

export class ByteCursor {
  readonly bytes: Uint8Array
  at: number
  end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get isAtEnd(): boolean {
    return this.at >= this.end
  }

  readByte(): number {
    if (this.at >= this.end) throw new CursorFault('truncated', this.at, 'the input ends inside a record')
    return this.bytes[this.at++] as number
  }

  /** Unsigned LEB128 as a number: exact up to 2^53, rounded beyond (use `readVarintBig` where that matters). */
  readVarint(): number {
    let shift = 1
    let value = 0
    for (let count = 0; count < 10; count++) {
      const byte = this.readByte()
      value += (byte & 0x7f) * shift
      if (byte < 0x80) return value
      shift *= 128
    }
    throw new CursorFault('malformed', this.at, 'a varint is longer than ten bytes')
  }

  /** Unsigned LEB128, all 64 bits. */
  readVarintBig(): bigint {
    let shift = 0n
    let value = 0n
    for (let count = 0; count < 10; count++) {
      const byte = this.readByte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
      shift += 7n
    }
    throw new CursorFault('malformed', this.at, 'a varint is longer than ten bytes')
  }

  /** A view (no copy) of the next `length` bytes. */
  readSlice(length: number): Uint8Array {
    const from = this.at
    this.skip(length)
    return this.bytes.subarray(from, this.at)
  }

  skip(length: number): void {
    if (length < 0 || length > this.end - this.at) {
      throw new CursorFault('truncated', this.at, `a field of ${length} bytes ends after the input`)
    }
    this.at += length
  }
}
