/**
 * Interning without JavaScript strings: distinct byte runs and distinct number sequences get dense indices.
 * Found by hash, always verified byte by byte. The hash is seeded at random so that no text can be prepared to
 * make it collide; the indices do not depend on the seed. Held in classes: numbers that closures mutate were
 * miscompiled by V8 14.6 (measured), and these are the hot fields of the decoder.
 */

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array

/** A copy of `column` with at least `needed` places; the old memory is given back at once, not at the next GC. */
export function growColumn<T extends Column>(column: T, needed: number): T {
  const capacity = Math.max(needed, Math.ceil(column.length * 1.6), 64)
  const Type = column.constructor as new (length: number) => T
  const grown = new Type(capacity)
  grown.set(column)
  const buffer = column.buffer
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
  return grown
}

export class ByteInterner {
  arena: Uint8Array = new Uint8Array(1024)
  arenaUsed = 0
  count = 0
  starts: Uint32Array = new Uint32Array(64)
  lengths: Uint32Array = new Uint32Array(64)
  private hashes = new Uint32Array(64)
  private table = new Uint32Array(128)
  private readonly seed = (Math.random() * 0x1_0000_0000) >>> 0

  /** The index of bytes[from..to), a new one when they are new. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.seed
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x0100_0193)
    hash = (hash ^ (hash >>> 15)) >>> 0
    const mask = this.table.length - 1
    let slot = hash & mask
    for (;;) {
      const entry = this.table[slot] as number
      if (entry === 0) break
      if (this.hashes[entry - 1] === hash && this.equals(entry - 1, bytes, from, to)) return entry - 1
      slot = (slot + 1) & mask
    }
    return this.append(hash, slot, bytes, from, to)
  }

  decode(index: number, decoder: TextDecoder): string {
    const start = this.starts[index] as number
    return decoder.decode(this.arena.subarray(start, start + (this.lengths[index] as number)))
  }

  private equals(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.lengths[index] !== to - from) return false
    const arena = this.arena
    let own = this.starts[index] as number
    for (let at = from; at < to; at++) if (arena[own++] !== bytes[at]) return false
    return true
  }

  private append(hash: number, slot: number, bytes: Uint8Array, from: number, to: number): number {
    const index = this.count
    if (index === this.starts.length) {
      this.starts = growColumn(this.starts, index + 1)
      this.lengths = growColumn(this.lengths, index + 1)
      this.hashes = growColumn(this.hashes, index + 1)
    }
    const length = to - from
    if (this.arenaUsed + length > this.arena.length) this.arena = growColumn(this.arena, this.arenaUsed + length)
    this.arena.set(bytes.subarray(from, to), this.arenaUsed)
    this.starts[index] = this.arenaUsed
    this.lengths[index] = length
    this.hashes[index] = hash
    this.arenaUsed += length
    this.count = index + 1
    this.table[slot] = index + 1
    if (this.count * 2 > this.table.length) this.table = rehash(this.hashes, this.count)
    return index
  }
}

/** Distinct sequences of numbers (frames of a stack; the parts of a frame), stored one after the other. */
export class SequenceInterner {
  values: Uint32Array = new Uint32Array(256)
  used = 0
  count = 0
  /** count + 1 entries. */
  starts: Uint32Array = new Uint32Array(64)
  private hashes = new Uint32Array(64)
  private table = new Uint32Array(128)

  intern(sequence: Uint32Array, length: number): number {
    let hash = length
    for (let at = 0; at < length; at++) {
      hash = Math.imul(hash ^ (sequence[at] as number), 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    hash >>>= 0
    const mask = this.table.length - 1
    let slot = hash & mask
    for (;;) {
      const entry = this.table[slot] as number
      if (entry === 0) break
      if (this.hashes[entry - 1] === hash && this.equals(entry - 1, sequence, length)) return entry - 1
      slot = (slot + 1) & mask
    }
    return this.append(hash, slot, sequence, length)
  }

  private equals(index: number, sequence: Uint32Array, length: number): boolean {
    const start = this.starts[index] as number
    if ((this.starts[index + 1] as number) - start !== length) return false
    for (let at = 0; at < length; at++) if (this.values[start + at] !== sequence[at]) return false
    return true
  }

  private append(hash: number, slot: number, sequence: Uint32Array, length: number): number {
    const index = this.count
    if (index + 2 > this.starts.length) this.starts = growColumn(this.starts, index + 2)
    if (index === this.hashes.length) this.hashes = growColumn(this.hashes, index + 1)
    if (this.used + length > this.values.length) this.values = growColumn(this.values, this.used + length)
    this.values.set(sequence.subarray(0, length), this.used)
    this.used += length
    this.starts[index + 1] = this.used
    this.hashes[index] = hash
    this.count = index + 1
    this.table[slot] = index + 1
    if (this.count * 2 > this.table.length) this.table = rehash(this.hashes, this.count)
    return index
  }
}

function rehash(hashes: Uint32Array, count: number): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(2 ** Math.ceil(Math.log2(count * 4)))
  const mask = table.length - 1
  for (let index = 0; index < count; index++) {
    let slot = (hashes[index] as number) & mask
    while (table[slot] !== 0) slot = (slot + 1) & mask
    table[slot] = index + 1
  }
  return table
}
