/**
 * Time by state over a window whose end is not known yet: between 128 and 256 equal parts, that double in width when the
 * window outgrows them. Enters: intervals in time order. Leaves: the parts up to the window's end.
 */
import type { TimelineLife, TimelineState } from '../../model/timeline.ts'

const PARTS = 256
const FIRST_PART_NS = 1024
const states = ['running', 'runnable', 'waiting', 'syscall'] as const

export type StateBar = {
  add(state: TimelineState, fromNs: number, toNs: number): void
  finish(endNs: number): TimelineLife['bar']
}

export function openStateBar(startNs: number): StateBar {
  const columns = states.map(() => new Float64Array(PARTS))
  let partNs = FIRST_PART_NS

  function widenTo(endNs: number): void {
    while (endNs - startNs > PARTS * partNs) {
      for (const column of columns) {
        for (let at = 0; at < PARTS / 2; at++) {
          column[at] = (column[2 * at] as number) + (column[2 * at + 1] as number)
        }
        column.fill(0, PARTS / 2)
      }
      partNs *= 2
    }
  }

  return {
    add(state, fromNs, toNs) {
      widenTo(toNs)
      const column = columns[states.indexOf(state)] as Float64Array
      const first = Math.max(0, Math.floor((fromNs - startNs) / partNs))
      const last = Math.min(PARTS - 1, Math.floor((toNs - startNs) / partNs))
      for (let at = first; at <= last; at++) {
        const begin = startNs + at * partNs
        const length = Math.min(toNs, begin + partNs) - Math.max(fromNs, begin)
        if (length > 0) column[at] = (column[at] as number) + length
      }
    },
    finish(endNs) {
      widenTo(endNs)
      const parts = Math.max(1, Math.min(PARTS, Math.ceil((endNs - startNs) / partNs)))
      const [runningNs = [], runnableNs = [], waitingNs = [], syscallNs = []] = columns.map((column) => [
        ...column.subarray(0, parts),
      ])
      return { startNs, binNs: partNs, runningNs, runnableNs, waitingNs, syscallNs }
    },
  }
}
