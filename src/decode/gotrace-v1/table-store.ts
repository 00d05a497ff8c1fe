/**
 * The strings, stacks and frames of a trace, interned by content over all its generations: what each generation writes
 * anew gets the index it had before (572,368 string entries of a 195 MB trace are 657 strings).
 * Enters: the bytes of string and stack batches. Leaves: TraceTables, and per generation the map from its ids.
 */
import type { TraceTables } from '../../model/trace.ts'
import { DEFAULT_MAX_STRING_BYTES, decodeText } from '../gotrace/text.ts'

export class TableStore implements TraceTables {
  readonly strings: string[] = ['']
  readonly stackStart: number[] = [0, 0]
  readonly stackFrames: number[] = []
  readonly frameFunctions: number[] = []
  readonly frameFiles: number[] = []
  readonly frameLines: number[] = []
  readonly framePcs: number[] = []
  /** Strings that found no room. */
  omittedStrings = 0
  private readonly maxStringBytes: number
  private readonly messagePlaces: number[] = []
  private messagesUsed = 0
  private arena: Uint8Array = new Uint8Array(1 << 16)
  private arenaUsed = 0
  private readonly arenaStart: number[] = [0, 0]
  private readonly stringHash = new HashIndex()
  private readonly frameHash = new HashIndex()
  private readonly stackHash = new HashIndex()

  constructor(maxStringBytes: number = DEFAULT_MAX_STRING_BYTES) {
    this.maxStringBytes = maxStringBytes
  }

  /** Index of the string in these bytes. */
  internString(bytes: Uint8Array, from: number, to: number): number {
    if (from === to) return 0
    let hash = 0x811c9dc5
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    hash = mix(hash)
    const index = this.stringHash
    for (let at = hash & index.mask; ; at = (at + 1) & index.mask) {
      const entry = index.entries[at] as number
      if (entry === 0) break
      if (index.hashes[at] === hash && this.equalsString(entry, bytes, from, to)) return entry
    }
    return this.addString(hash, bytes, from, to)
  }

  /** Index of the stack whose frames these are, leaf first: frame indices as `internFrame` gives them. */
  internStack(frames: Int32Array, count: number): number {
    if (count === 0) return 0
    let hash = count
    for (let at = 0; at < count; at++) hash = Math.imul(hash ^ (frames[at] as number), 0x01000193) + 0x9e3779b1
    hash = mix(hash)
    const index = this.stackHash
    for (let at = hash & index.mask; ; at = (at + 1) & index.mask) {
      const entry = index.entries[at] as number
      if (entry === 0) break
      if (index.hashes[at] === hash && this.equalsStack(entry, frames, count)) return entry
    }
    for (let at = 0; at < count; at++) this.stackFrames.push(frames[at] as number)
    const stack = this.stackStart.length - 1
    this.stackStart.push(this.stackFrames.length)
    index.add(hash, stack)
    return stack
  }

  internFrame(pc: number, functionName: number, file: number, line: number): number {
    const low = pc | 0
    const high = (pc / 4294967296) | 0
    const hash = mix(Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x01000193) ^ (functionName * 31) ^ line)
    const index = this.frameHash
    for (let at = hash & index.mask; ; at = (at + 1) & index.mask) {
      const entry = index.entries[at] as number
      if (entry === 0) break
      const frame = entry - 1
      if (
        this.framePcs[frame] === pc &&
        this.frameFunctions[frame] === functionName &&
        this.frameFiles[frame] === file &&
        this.frameLines[frame] === line
      ) {
        return frame
      }
    }
    const frame = this.framePcs.length
    this.framePcs.push(pc)
    this.frameFunctions.push(functionName)
    this.frameFiles.push(file)
    this.frameLines.push(line)
    index.add(hash, frame + 1)
    return frame
  }

  /** A string that holds until `releaseMessages`; its place is used again. */
  addMessage(bytes: Uint8Array, from: number, to: number): number {
    const place = this.messagePlaces[this.messagesUsed] ?? this.openMessage()
    this.messagesUsed += 1
    this.strings[place] = decodeText(bytes, from, to)
    return place
  }

  releaseMessages(): void {
    for (let at = 0; at < this.messagesUsed; at++) this.strings[this.messagePlaces[at] as number] = ''
    this.messagesUsed = 0
  }

  private openMessage(): number {
    const place = this.strings.length
    this.strings.push('')
    this.arenaStart.push(this.arenaUsed)
    this.messagePlaces.push(place)
    return place
  }

  private addString(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from
    if (this.arenaUsed + length > this.maxStringBytes) {
      this.omittedStrings += 1
      return 0
    }
    if (this.arenaUsed + length > this.arena.length) {
      const grown = new Uint8Array(Math.max(this.arena.length * 2, this.arenaUsed + length))
      grown.set(this.arena.subarray(0, this.arenaUsed))
      this.arena = grown
    }
    this.arena.set(bytes.subarray(from, to), this.arenaUsed)
    this.arenaUsed += length
    const string = this.strings.length
    this.strings.push(decodeText(bytes, from, to))
    this.arenaStart.push(this.arenaUsed)
    this.stringHash.add(hash, string)
    return string
  }

  private equalsString(string: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.arenaStart[string] as number
    if ((this.arenaStart[string + 1] as number) - start !== to - from) return false
    const arena = this.arena
    for (let at = from, own = start; at < to; at++, own++) if (arena[own] !== bytes[at]) return false
    return true
  }

  private equalsStack(stack: number, frames: Int32Array, count: number): boolean {
    const start = this.stackStart[stack] as number
    if ((this.stackStart[stack + 1] as number) - start !== count) return false
    for (let at = 0; at < count; at++) if (this.stackFrames[start + at] !== frames[at]) return false
    return true
  }
}

/** Open addressing from a hash to an entry above 0; the caller compares. */
class HashIndex {
  mask = 1023
  hashes: Int32Array = new Int32Array(1024)
  entries: Int32Array = new Int32Array(1024)
  private used = 0

  add(hash: number, entry: number): void {
    if (this.used * 2 >= this.mask) this.grow()
    this.place(hash, entry)
    this.used += 1
  }

  private place(hash: number, entry: number): void {
    let at = hash & this.mask
    while (this.entries[at] !== 0) at = (at + 1) & this.mask
    this.hashes[at] = hash
    this.entries[at] = entry
  }

  private grow(): void {
    const { hashes, entries } = this
    this.mask = this.mask * 2 + 1
    this.hashes = new Int32Array(this.mask + 1)
    this.entries = new Int32Array(this.mask + 1)
    for (let at = 0; at < entries.length; at++) {
      if (entries[at] !== 0) this.place(hashes[at] as number, entries[at] as number)
    }
  }
}

function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
