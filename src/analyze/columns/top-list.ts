/**
 * The n largest of many, by a key, in memory for n: a heap of entries whose least is thrown out first.
 * Of equal keys the first to come stays, or the one that `isBefore` puts first: then the order of adding means nothing.
 */
type Entry<T> = { readonly key: number; readonly value: T }

export class TopList<T> {
  private readonly heap: Entry<T>[] = []
  private readonly most: number

  private readonly isBefore: (one: T, other: T) => boolean

  constructor(most: number, isBefore: (one: T, other: T) => boolean = () => false) {
    this.most = most
    this.isBefore = isBefore
  }

  /** The key below which nothing is kept. */
  get least(): number {
    return this.heap.length < this.most ? Number.NEGATIVE_INFINITY : this.keyAt(0)
  }

  /** Whether an entry of this key may be kept: ask before making one. */
  takes(key: number): boolean {
    const least = this.heap[0]
    return this.heap.length < this.most || (least !== undefined && key >= least.key)
  }

  add(key: number, value: T): void {
    const { heap } = this
    if (!this.takes(key)) return
    if (heap.length < this.most) {
      heap.push({ key, value })
      this.rise(heap.length - 1)
    } else if (this.ranks({ key, value }, heap[0])) {
      heap[0] = { key, value }
      this.sink()
    }
  }

  /** Largest first. */
  list(): T[] {
    return [...this.heap]
      .sort((a, b) => b.key - a.key || (this.isBefore(a.value, b.value) ? -1 : this.isBefore(b.value, a.value) ? 1 : 0))
      .map((entry) => entry.value)
  }

  /** Whether an entry stands before another. */
  private ranks(one: Entry<T>, other: Entry<T> | undefined): boolean {
    if (other === undefined || one.key !== other.key) return other === undefined || one.key > other.key
    return this.isBefore(one.value, other.value)
  }

  private rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.isLess(at, parent)) return
      this.swap(at, parent)
      at = parent
    }
  }

  private sink(): void {
    const { heap } = this
    let at = 0
    while (true) {
      const left = at * 2 + 1
      let least = at
      if (left < heap.length && this.isLess(left, least)) least = left
      if (left + 1 < heap.length && this.isLess(left + 1, least)) least = left + 1
      if (least === at) return
      this.swap(at, least)
      at = least
    }
  }

  private isLess(a: number, b: number): boolean {
    const one = this.heap[a]
    const other = this.heap[b]
    return one !== undefined && other !== undefined && this.ranks(other, one)
  }

  private keyAt(at: number): number {
    return this.heap[at]?.key ?? Number.POSITIVE_INFINITY
  }

  private swap(a: number, b: number): void {
    const { heap } = this
    const kept = heap[a]
    const other = heap[b]
    if (kept === undefined || other === undefined) return
    heap[a] = other
    heap[b] = kept
  }
}
