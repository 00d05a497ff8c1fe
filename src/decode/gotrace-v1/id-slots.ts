/**
 * From sparse ids (goroutines, threads, processors) to dense slots that are used again: open addressing over typed
 * arrays, deletion by shifting back, a free list. Live goroutines stay few however many a trace has, so this stays in
 * the cache. Ids are doubles, 0 and above.
 */

const EMPTY = -1

export class IdSlots {
  /** Id of each slot; EMPTY (-1) when free. */
  ids: Float64Array = new Float64Array(64).fill(EMPTY)
  /** Slots ever used: columns over slots need this many places. */
  slotCount = 0
  private keys: Float64Array = new Float64Array(128).fill(EMPTY)
  private slots: Int32Array = new Int32Array(128)
  private mask = 127
  private used = 0
  private free: number[] = []

  get size(): number {
    return this.used
  }

  /** Slot of the id, or -1. */
  find(id: number): number {
    const mask = this.mask
    const keys = this.keys
    let at = hash(id) & mask
    for (;;) {
      const key = keys[at] as number
      if (key === id) return this.slots[at] as number
      if (key === EMPTY) return -1
      at = (at + 1) & mask
    }
  }

  /** A slot for an id that has none. */
  add(id: number): number {
    if (this.used * 2 >= this.mask) this.grow()
    const slot = this.free.pop() ?? this.openSlot()
    this.ids[slot] = id
    this.place(id, slot)
    this.used += 1
    return slot
  }

  /** Takes the id and its slot out. */
  remove(id: number): void {
    const mask = this.mask
    const { keys, slots } = this
    let hole = hash(id) & mask
    while (keys[hole] !== id) {
      if (keys[hole] === EMPTY) return
      hole = (hole + 1) & mask
    }
    const slot = slots[hole] as number
    this.ids[slot] = EMPTY
    this.free.push(slot)
    this.used -= 1
    for (let at = (hole + 1) & mask; keys[at] !== EMPTY; at = (at + 1) & mask) {
      const home = hash(keys[at] as number) & mask
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        keys[hole] = keys[at] as number
        slots[hole] = slots[at] as number
        hole = at
      }
    }
    keys[hole] = EMPTY
  }

  private openSlot(): number {
    const slot = this.slotCount++
    if (slot >= this.ids.length) this.ids = growFloats(this.ids, EMPTY)
    return slot
  }

  private place(id: number, slot: number): void {
    const { mask, keys } = this
    let at = hash(id) & mask
    while (keys[at] !== EMPTY) at = (at + 1) & mask
    keys[at] = id
    this.slots[at] = slot
  }

  private grow(): void {
    const { keys, slots } = this
    this.mask = this.mask * 2 + 1
    this.keys = new Float64Array(this.mask + 1).fill(EMPTY)
    this.slots = new Int32Array(this.mask + 1)
    for (let at = 0; at < keys.length; at++) {
      if (keys[at] !== EMPTY) this.place(keys[at] as number, slots[at] as number)
    }
  }
}

/** Both halves of the id, mixed (MurmurHash3's finaliser). */
function hash(id: number): number {
  let bits = (id | 0) ^ Math.imul((id / 4294967296) | 0, 0x9e3779b1)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** A copy of twice the length, the new half filled. */
export function growFloats(column: Float64Array, fill: number): Float64Array {
  const grown = new Float64Array(column.length * 2).fill(fill, column.length)
  grown.set(column)
  return grown
}
