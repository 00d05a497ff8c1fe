/**
 * Texts of spans and logs as dense indices: bytes are interned as they stand in the input, JavaScript strings are made
 * once, at the end. Index 0 is ''. Bounded: beyond the limit a text is '' and counted; a long one is cut at a character.
 * KeySet is the other half: which attribute keys are kept, told from their bytes without making a string.
 */
import { ByteInterner } from '../goroutine-dump/intern.ts'

/** What an interned text costs besides its bytes. */
const ENTRY_BYTES = 24
const RECENT = 1024

export class TextPool {
  readonly texts = new ByteInterner()
  /** Texts that were left empty, and that were cut. */
  omitted = 0
  cut = 0
  private readonly maxBytes: number
  private readonly maxValueBytes: number
  private readonly encoder = new TextEncoder()
  private readonly scratch: Uint8Array<ArrayBuffer>
  /** Texts met last, by a few of their bytes: what repeats is found without hashing all of it. */
  private readonly recent = new Uint32Array(RECENT)
  /** Text index of whole numbers seen before; 0: not yet. */
  private readonly integers = new Uint32Array(4096)

  constructor(maxBytes: number, maxValueBytes: number) {
    this.maxBytes = maxBytes
    this.maxValueBytes = maxValueBytes
    this.scratch = new Uint8Array(maxValueBytes + 4)
    this.texts.intern(this.scratch, 0, 0)
  }

  /** The index of bytes[from..to), which are UTF-8. */
  intern(bytes: Uint8Array, from: number, to: number): number {
    const place = hashKey(bytes, from, to) & (RECENT - 1)
    const guess = this.recent[place] as number
    if (this.isText(guess, bytes, from, to)) return guess
    const index = this.internNew(bytes, from, to)
    this.recent[place] = index
    return index
  }

  private isText(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    const { lengths, starts, arena } = this.texts
    if (lengths[index] !== to - from) return false
    let own = starts[index] as number
    for (let at = from; at < to; at++) if (arena[own++] !== bytes[at]) return false
    return true
  }

  private internNew(bytes: Uint8Array, from: number, to: number): number {
    let end = to
    if (to - from > this.maxValueBytes) {
      end = from + this.maxValueBytes
      while (end > from && ((bytes[end] as number) & 0xc0) === 0x80) end--
      this.cut++
    }
    if (this.texts.arenaUsed + this.texts.count * ENTRY_BYTES > this.maxBytes) {
      this.omitted++
      return 0
    }
    return this.texts.intern(bytes, from, end)
  }

  /** The index of a JavaScript string. */
  internText(text: string): number {
    if (text === '') return 0
    const { read, written } = this.encoder.encodeInto(text, this.scratch.subarray(0, this.maxValueBytes))
    if (read < text.length) this.cut++
    if (this.texts.arenaUsed + this.texts.count * ENTRY_BYTES > this.maxBytes) {
      this.omitted++
      return 0
    }
    return this.texts.intern(this.scratch, 0, written)
  }

  /** The index of a small whole number, as text. */
  internInteger(value: number): number {
    if (value < 0 || value >= this.integers.length) return this.internText(String(value))
    const known = this.integers[value] as number
    if (known !== 0) return known
    const made = this.internText(String(value))
    this.integers[value] = made
    return made
  }

  /** All texts, by index. */
  list(): string[] {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const texts: string[] = new Array(this.texts.count)
    for (let index = 0; index < texts.length; index++) texts[index] = this.texts.decode(index, decoder)
    return texts
  }
}

/** A fixed set of keys, found by their bytes. */
export class KeySet {
  readonly keys: readonly string[]
  private readonly encoded: readonly Uint8Array[]
  private readonly table: Int32Array
  private readonly mask: number

  constructor(keys: Iterable<string>) {
    this.keys = [...new Set(keys)]
    const encoder = new TextEncoder()
    this.encoded = this.keys.map((key) => encoder.encode(key))
    const size = 2 ** Math.ceil(Math.log2(this.keys.length * 4 + 4))
    this.mask = size - 1
    this.table = new Int32Array(size).fill(-1)
    this.encoded.forEach((bytes, index) => {
      let slot = hashKey(bytes, 0, bytes.length) & this.mask
      while (this.table[slot] !== -1) slot = (slot + 1) & this.mask
      this.table[slot] = index
    })
  }

  /** Place in `keys` of the key bytes[from..to), -1 where it is none of them. */
  find(bytes: Uint8Array, from: number, to: number): number {
    let slot = hashKey(bytes, from, to) & this.mask
    for (;;) {
      const index = this.table[slot] as number
      if (index === -1) return -1
      const key = this.encoded[index] as Uint8Array
      if (key.length === to - from) {
        let at = 0
        while (at < key.length && key[at] === bytes[from + at]) at++
        if (at === key.length) return index
      }
      slot = (slot + 1) & this.mask
    }
  }
}

/** Of four places only: the keys are ours, and few. */
function hashKey(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from
  if (length === 0) return 0
  const hash =
    Math.imul(bytes[from + (length >> 1)] as number, 0x9e37) ^
    Math.imul(bytes[to - 1] as number, 0x85eb) ^
    Math.imul(bytes[from + (length >> 2)] as number, 0xc2b3) ^
    Math.imul(length, 0x27d5)
  return hash ^ (hash >>> 9)
}
