/**
 * Bounded concurrency: a map over items with at most N in flight, and a queue with a limit and a named policy.
 * Results keep the order of the items; a task returns its failure as a value, it never rejects.
 */

/** Runs `task` over `items`, at most `limit` at a time; the results stand in the order of the items. */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length)
  let next = 0
  async function runLane(): Promise<void> {
    while (next < items.length) {
      const index = next
      next += 1
      results[index] = await task(items[index] as T, index)
    }
  }
  const lanes = Math.max(1, Math.min(limit, items.length))
  await Promise.all(Array.from({ length: lanes }, runLane))
  return results
}

export type QueuePolicy = 'refuse' | 'drop-oldest'

export type BoundedQueue<T> = {
  /** False when the policy is `refuse` and the queue is full. */
  push(item: T): boolean
  take(): T | undefined
  readonly size: number
  /** How many items were dropped or refused since the start. */
  readonly lost: number
}

/** A first-in-first-out queue that holds at most `limit` items. */
export function openQueue<T>(limit: number, policy: QueuePolicy): BoundedQueue<T> {
  const ring: (T | undefined)[] = new Array(limit)
  let head = 0
  let size = 0
  let lost = 0
  return {
    push(item) {
      if (size === limit) {
        lost += 1
        if (policy === 'refuse') return false
        head = (head + 1) % limit
        size -= 1
      }
      ring[(head + size) % limit] = item
      size += 1
      return true
    },
    take() {
      if (size === 0) return undefined
      const item = ring[head]
      ring[head] = undefined
      head = (head + 1) % limit
      size -= 1
      return item
    },
    get size() {
      return size
    },
    get lost() {
      return lost
    },
  }
}
