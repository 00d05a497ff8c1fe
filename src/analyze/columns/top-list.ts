/** The n largest of many, by a key, in memory for n: a heap of entries whose least is thrown out first. */
export class TopList<T> {
  private readonly heap: { readonly key: number; readonly value: T }[] = []
  private readonly most: number

  constructor(most: number) {
    this.most = most
  }

  /** Whether an entry of this key would be kept: ask before making one. */
  takes(key: number): boolean {
    const least = this.heap[0]
    return this.heap.length < this.most || (least !== undefined && key > least.key)
  }

  add(key: number, value: T): void {
    const { heap } = this
    if (!this.takes(key)) return
    if (heap.length < this.most) {
      heap.push({ key, value })
      this.rise(heap.length - 1)
    } else {
      heap[0] = { key, value }
      this.sink()
    }
  }

  /** Largest first. */
  list(): T[] {
    return [...this.heap].sort((a, b) => b.key - a.key).map((entry) => entry.value)
  }

  private rise(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.keyAt(parent) <= this.keyAt(at)) return
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
      if (left < heap.length && this.keyAt(left) < this.keyAt(least)) least = left
      if (left + 1 < heap.length && this.keyAt(left + 1) < this.keyAt(least)) least = left + 1
      if (least === at) return
      this.swap(at, least)
      at = least
    }
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
