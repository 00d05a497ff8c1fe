/**
 * The threads of a generation that still have events, as a heap by the time of each one's next event. Ties fall as in
 * Go's reader (internal/trace/batchcursor.go): clocks tick every 64 ns, so ties are common and decide the order.
 */

/** Where one thread's reading stands: `kind` and `timeNs` are of the next event, whose arguments begin at `at`. */
export class ThreadCursor {
  /** As the trace names it; NaN = no thread. */
  readonly thread: number
  /** Slot of the scheduler state, or -1. */
  readonly slot: number
  readonly batches: readonly number[]
  nextBatch = 0
  at = 0
  end = 0
  kind = 0
  timeNs = 0.5

  constructor(thread: number, slot: number, batches: readonly number[]) {
    this.thread = thread
    this.slot = slot
    this.batches = batches
  }
}

export function insertCursor(heap: ThreadCursor[], cursor: ThreadCursor): void {
  heap.push(cursor)
  siftUp(heap, heap.length - 1)
}

export function updateCursor(heap: ThreadCursor[], place: number): void {
  if (siftUp(heap, place) === place) siftDown(heap, place)
}

export function removeCursor(heap: ThreadCursor[], place: number): void {
  let at = place
  while (at > 0) {
    const parent = (at - 1) >> 1
    swap(heap, at, parent)
    at = parent
  }
  swap(heap, 0, heap.length - 1)
  heap.pop()
  siftDown(heap, 0)
}

/** A sorted heap is a heap. */
export function sortCursors(heap: ThreadCursor[]): void {
  heap.sort(compareCursors)
}

function compareCursors(left: ThreadCursor, right: ThreadCursor): number {
  return left.timeNs - right.timeNs
}

/** The first time at which the root would no longer be the root. */
export function rootLimit(heap: readonly ThreadCursor[]): number {
  const left = heap[1]
  if (left === undefined) return Number.POSITIVE_INFINITY
  const right = heap[2]
  return right !== undefined && right.timeNs < left.timeNs ? right.timeNs : left.timeNs
}

function siftUp(heap: ThreadCursor[], place: number): number {
  let at = place
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!(timeAt(heap, parent) > timeAt(heap, at))) break
    swap(heap, at, parent)
    at = parent
  }
  return at
}

function siftDown(heap: ThreadCursor[], place: number): void {
  const length = heap.length
  let at = place
  for (;;) {
    let least = at
    const left = 2 * at + 1
    if (left < length && timeAt(heap, left) < timeAt(heap, least)) least = left
    if (left + 1 < length && timeAt(heap, left + 1) < timeAt(heap, least)) least = left + 1
    if (least === at) return
    swap(heap, at, least)
    at = least
  }
}

function timeAt(heap: readonly ThreadCursor[], place: number): number {
  return (heap[place] as ThreadCursor).timeNs
}

function swap(heap: ThreadCursor[], left: number, right: number): void {
  const cursor = heap[left] as ThreadCursor
  heap[left] = heap[right] as ThreadCursor
  heap[right] = cursor
}
