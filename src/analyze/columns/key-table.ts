/**
 * Interns triples of integers to dense rows that stay: (group, reason, stack), (waker, woken, reason).
 * Open addressing over one Int32Array; the caller keeps columns indexed by row. Bounded: past `maxRows` it gives -1.
 */
export class KeyTable {
  rowCount = 0
  /** a, b, c of row r at 3r, 3r + 1, 3r + 2. */
  keys: Ints = new Int32Array(3 * 256)
  private mask = 511
  private places: Ints = new Int32Array(512).fill(-1)
  private readonly maxRows: number

  constructor(maxRows: number) {
    this.maxRows = maxRows
  }

  /** The row of a triple, made if need be; -1 when the table is full and the triple is new. */
  intern(a: number, b: number, c: number): number {
    const { keys, places, mask } = this
    let at = hashTriple(a, b, c) & mask
    while (true) {
      const row = places[at] as number
      if (row === -1) return this.add(a, b, c, at)
      const key = row * 3
      if (keys[key] === a && keys[key + 1] === b && keys[key + 2] === c) return row
      at = (at + 1) & mask
    }
  }

  /** The row of a triple, or -1. */
  find(a: number, b: number, c: number): number {
    const { keys, places, mask } = this
    let at = hashTriple(a, b, c) & mask
    while (true) {
      const row = places[at] as number
      if (row === -1 || (keys[row * 3] === a && keys[row * 3 + 1] === b && keys[row * 3 + 2] === c)) return row
      at = (at + 1) & mask
    }
  }

  private add(a: number, b: number, c: number, place: number): number {
    if (this.rowCount >= this.maxRows) return -1
    const row = this.rowCount++
    if (row * 3 + 3 > this.keys.length) {
      const keys = new Int32Array(this.keys.length * 2)
      keys.set(this.keys)
      this.keys = keys
    }
    this.keys[row * 3] = a
    this.keys[row * 3 + 1] = b
    this.keys[row * 3 + 2] = c
    this.places[place] = row
    if (this.rowCount * 2 > this.mask) this.grow()
    return row
  }

  private grow(): void {
    this.mask = this.mask * 2 + 1
    this.places = new Int32Array(this.mask + 1).fill(-1)
    const { keys, places, mask } = this
    for (let row = 0; row < this.rowCount; row++) {
      let at = hashTriple(keys[row * 3] as number, keys[row * 3 + 1] as number, keys[row * 3 + 2] as number) & mask
      while (places[at] !== -1) at = (at + 1) & mask
      places[at] = row
    }
  }
}

function hashTriple(a: number, b: number, c: number): number {
  const mixed = Math.imul((Math.imul(a, 31) + b) ^ Math.imul(c, 0x85ebca77), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** A copy with at least `places` places, doubled; the array itself when it is long enough. */
export function growFloats(column: Floats, places: number): Floats {
  if (places <= column.length) return column
  const grown = new Float64Array(Math.max(places, column.length * 2))
  grown.set(column)
  return grown
}

export function growInts(column: Ints, places: number): Ints {
  if (places <= column.length) return column
  const grown = new Int32Array(Math.max(places, column.length * 2))
  grown.set(column)
  return grown
}

type Floats = Float64Array<ArrayBuffer>
type Ints = Int32Array<ArrayBuffer>
