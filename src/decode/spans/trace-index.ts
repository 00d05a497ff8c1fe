/**
 * Trace ids as dense indices: four big-endian words each, found by a seeded hash, verified word by word.
 * A class, since these are hot fields (see goroutine-dump/intern.ts on closures).
 */
import { growColumn } from '../goroutine-dump/intern.ts'

export class TraceIndex {
  count = 0
  private words: Uint32Array = new Uint32Array(256)
  private table: Uint32Array = new Uint32Array(256)
  private readonly seed = (Math.random() * 0x1_0000_0000) >>> 0
  private last = -1

  /** The index of the trace with these four words, a new one when it is new. */
  intern(id: Uint32Array): number {
    if (this.last >= 0 && this.equals(this.last, id)) return this.last
    const mask = this.table.length - 1
    let slot = hashWords(this.seed, id[0] as number, id[1] as number, id[2] as number, id[3] as number) & mask
    for (;;) {
      const entry = this.table[slot] as number
      if (entry === 0) break
      if (this.equals(entry - 1, id)) {
        this.last = entry - 1
        return this.last
      }
      slot = (slot + 1) & mask
    }
    const index = this.count
    if (index * 4 + 4 > this.words.length) this.words = growColumn(this.words, index * 4 + 4)
    for (let at = 0; at < 4; at++) this.words[index * 4 + at] = id[at] as number
    this.count = index + 1
    this.table[slot] = index + 1
    if (this.count * 2 > this.table.length) this.rehash()
    this.last = index
    return index
  }

  /** 16 bytes for each trace. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.count * 16)
    const view = new DataView(bytes.buffer)
    for (let at = 0; at < this.count * 4; at++) view.setUint32(at * 4, this.words[at] as number)
    return bytes
  }

  private equals(index: number, id: Uint32Array): boolean {
    const at = index * 4
    const words = this.words
    return words[at + 3] === id[3] && words[at + 2] === id[2] && words[at + 1] === id[1] && words[at] === id[0]
  }

  private rehash(): void {
    const table = new Uint32Array(this.table.length * 4)
    const mask = table.length - 1
    const words = this.words
    for (let index = 0; index < this.count; index++) {
      const at = index * 4
      let slot =
        hashWords(
          this.seed,
          words[at] as number,
          words[at + 1] as number,
          words[at + 2] as number,
          words[at + 3] as number,
        ) & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = index + 1
    }
    this.table = table
  }
}

function hashWords(seed: number, a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(seed ^ a, 0x9e37_79b1)
  hash = Math.imul((hash ^ (hash >>> 15)) + b, 0x85eb_ca6b)
  hash = Math.imul((hash ^ (hash >>> 13)) + c, 0xc2b2_ae35)
  hash = Math.imul((hash ^ (hash >>> 16)) + d, 0x27d4_eb2f)
  return (hash ^ (hash >>> 15)) >>> 0
}
