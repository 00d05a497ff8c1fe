/**
 * Ids (exact doubles: goroutines, tasks) → dense slots that are reused after an id is gone.
 * Open addressing with linear probing; deleting shifts the run back, so no tombstones pile up over millions of ids.
 * Slots stay small numbers: the caller keeps columns indexed by slot and grows them to `capacity`.
 */
const NONE = -1

export class IdTable {
  /** Slots in use. */
  size = 0
  /** Slots ever handed out: columns need this many places. */
  slotCount = 0
  private mask: number
  private keys: Float64Array
  private slots: Int32Array
  private free: Int32Array = new Int32Array(64)
  private freeCount = 0

  constructor(initialPlaces = 1024) {
    this.mask = initialPlaces - 1
    this.keys = new Float64Array(initialPlaces)
    this.slots = new Int32Array(initialPlaces).fill(NONE)
  }

  /** The slot of an id, or -1. */
  find(id: number): number {
    const { keys, slots, mask } = this
    let at = hashId(id) & mask
    while (true) {
      const slot = slots[at] as number
      if (slot === NONE || keys[at] === id) return slot
      at = (at + 1) & mask
    }
  }

  /** Takes a slot for an id that is not there. */
  add(id: number): number {
    if (this.size * 2 >= this.mask) this.grow()
    const slot = this.freeCount > 0 ? (this.free[--this.freeCount] as number) : this.slotCount++
    this.put(id, slot)
    this.size++
    return slot
  }

  /** Gives the slot of an id back. */
  remove(id: number): void {
    const { keys, slots, mask } = this
    let at = hashId(id) & mask
    while (keys[at] !== id || slots[at] === NONE) {
      if (slots[at] === NONE) return
      at = (at + 1) & mask
    }
    this.release(slots[at] as number)
    this.size--
    let hole = at
    let next = (at + 1) & mask
    while (slots[next] !== NONE) {
      const home = hashId(keys[next] as number) & mask
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        keys[hole] = keys[next] as number
        slots[hole] = slots[next] as number
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole] = NONE
  }

  /** Calls with each (slot, id), in no order that means anything. The table must not be changed meanwhile. */
  forEach(visit: (slot: number, id: number) => void): void {
    for (let at = 0; at <= this.mask; at++) {
      const slot = this.slots[at] as number
      if (slot !== NONE) visit(slot, this.keys[at] as number)
    }
  }

  private release(slot: number): void {
    if (this.freeCount === this.free.length) {
      const free = new Int32Array(this.free.length * 2)
      free.set(this.free)
      this.free = free
    }
    this.free[this.freeCount++] = slot
  }

  private put(id: number, slot: number): void {
    const { keys, slots, mask } = this
    let at = hashId(id) & mask
    while (slots[at] !== NONE) at = (at + 1) & mask
    keys[at] = id
    slots[at] = slot
  }

  private grow(): void {
    const { keys, slots } = this
    const places = (this.mask + 1) * 2
    this.mask = places - 1
    this.keys = new Float64Array(places)
    this.slots = new Int32Array(places).fill(NONE)
    for (let at = 0; at < slots.length; at++) {
      if (slots[at] !== NONE) this.put(keys[at] as number, slots[at] as number)
    }
  }
}

/** Goroutine ids are handed to processors in blocks of 16 in sequence; multiply so that neighbours do not cluster. */
function hashId(id: number): number {
  const low = id | 0
  const mixed = Math.imul(low === id ? low : low ^ Math.imul((id / 4294967296) | 0, 0x27d4eb2d), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
