/** Who woke whom, summed: (group of the waker, group of the woken, code of the wait) → count and waiting time ended. */
import { growFloats, KeyTable } from '../columns/key-table.ts'

const MAX_WAKES = 16_384

/** In the waker's place: no goroutine (a timer, the poller, the runtime). */
export const NO_WAKER = -2

export class WakeTable {
  readonly keys = new KeyTable(MAX_WAKES)
  count = new Float64Array(256)
  ns = new Float64Array(256)
  lost = 0

  /** The row of an edge, counted; -1 when the table is full. */
  note(waker: number, woken: number, code: number): number {
    const row = this.keys.intern(waker, woken, code)
    if (row === -1) {
      this.lost++
      return -1
    }
    if (row >= this.count.length) {
      this.count = growFloats(this.count, row + 1)
      this.ns = growFloats(this.ns, row + 1)
    }
    this.count[row] = (this.count[row] as number) + 1
    return row
  }
}
