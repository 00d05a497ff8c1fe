/**
 * From the string and stack ids of one generation to indices of the trace's tables. The runtime counts ids up from 1,
 * so they are places of an array; odd ones of other writers go to a map.
 */

/** Not in the table. */
export const MISSING = -1
/** The array may be this much longer than it has entries. */
const MAX_SPARSE_PLACES = 1 << 16

export class IdMap {
  private dense: Int32Array = new Int32Array(1024).fill(MISSING)
  private sparse: Map<number, number> | undefined
  private count = 0
  /** Places used since the last clear. */
  private high = 1

  constructor() {
    this.dense[0] = 0
  }

  get(id: number): number {
    if (id < this.dense.length) return this.dense[id] as number
    return this.sparse?.get(id) ?? MISSING
  }

  /** False when the id is taken: id 0 always is. */
  add(id: number, index: number): boolean {
    if (this.get(id) !== MISSING) return false
    this.count += 1
    if (id >= this.high && (id < this.dense.length || id <= this.count * 4 + MAX_SPARSE_PLACES)) this.high = id + 1
    if (id < this.dense.length) {
      this.dense[id] = index
    } else if (id <= this.count * 4 + MAX_SPARSE_PLACES) {
      this.grow(id)
      this.dense[id] = index
    } else {
      this.sparse ??= new Map()
      this.sparse.set(id, index)
    }
    return true
  }

  /** Another index for an id that is there. */
  set(id: number, index: number): void {
    if (id < this.dense.length) this.dense[id] = index
    else this.sparse?.set(id, index)
  }

  clear(): void {
    this.dense.fill(MISSING, 1, Math.min(this.high, this.dense.length))
    this.high = 1
    this.sparse = undefined
    this.count = 0
  }

  /** Entries of the map that the longer array now covers move there. */
  private grow(id: number): void {
    let length = this.dense.length
    while (length <= id) length *= 2
    const grown = new Int32Array(length).fill(MISSING)
    grown.set(this.dense)
    this.dense = grown
    if (this.sparse === undefined) return
    for (const [key, index] of this.sparse) {
      if (key < length) {
        grown[key] = index
        if (key >= this.high) this.high = key + 1
        this.sparse.delete(key)
      }
    }
  }
}
