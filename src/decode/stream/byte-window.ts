/**
 * The part of an input that is in memory: pieces come in behind what is not yet read, what was read goes.
 * A reader that runs out of it throws NEED_MORE and begins its record again when there is more; that is never seen
 * outside this folder. After the end stands a 0, so that inner loops over text need no bound.
 */

/** Thrown where the window ends and more may come. */
export const NEED_MORE: Error = new Error('more bytes are needed')

const FIRST_BYTES = 8 * 1024

export class ByteWindow {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES + 1)
  at = 0
  end = 0
  isLast = false
  /** Where the window's first byte stands in the input. */
  base = 0
  /** For protobuf: bits 32 to 63 of the last varint. */
  hi = 0

  /** Takes a piece behind what is not yet read. */
  feed(piece: Uint8Array): void {
    const rest = this.end - this.at
    const needed = rest + piece.length + 1
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
      grown.set(this.bytes.subarray(this.at, this.end))
      this.bytes = grown
    } else if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.end)
    }
    this.base += this.at
    this.at = 0
    this.bytes.set(piece, rest)
    this.end = rest + piece.length
    this.bytes[this.end] = 0
  }

  get offset(): number {
    return this.base + this.at
  }
}
