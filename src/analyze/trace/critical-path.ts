/**
 * The critical path of a goroutine over a window: who did what, last to first, so that it could be where it is.
 * It walks back from the end: while the goroutine ran, was runnable or in a system call, that is the path; where it
 * waited, the path goes on with the goroutine that woke it, at the moment it did. A wait that nobody in the trace ended
 * (timer, network, before the window) is itself the path. Segments adjoin, so their lengths add up to the window.
 */
import type { TraceTables } from '../../model/trace.ts'
import { type ChangeState, changeStates, type WakeHistory } from './wake-history.ts'

export type PathSegment = {
  readonly goroutine: number
  /** `unknown`: what it did before its first change in the window. */
  readonly state: ChangeState | 'unknown'
  readonly startNs: number
  readonly endNs: number
  /** Block reason of a wait; '' where there is none. */
  readonly reason: string
  readonly stack: number
  /** Set where this goroutine woke the one of the next segment: who that was. */
  readonly woke?: number
}

const MAX_SEGMENTS = 10_000

/** Segments in time order, from `fromNs` to `toNs`; cut at the start when there are more than 10,000. */
export function findCriticalPath(
  history: WakeHistory,
  tables: TraceTables,
  goal: { readonly goroutine: number; readonly fromNs: number; readonly toNs: number },
): PathSegment[] {
  const { previous, lastOf } = linkChanges(history)
  const segments: PathSegment[] = []
  let goroutine = goal.goroutine
  let endNs = goal.toNs
  const findLast = (id: number, from: number, beforeNs: number): number => {
    let at = lastOf.get(id) ?? -1
    while (at !== -1 && (at > from || (history.timesNs[at] as number) > beforeNs)) at = previous[at] as number
    // Asked only about earlier rows from now on.
    lastOf.set(id, at)
    return at
  }
  let row = findLast(goroutine, history.rowCount - 1, endNs)
  let woke: number | undefined
  while (endNs > goal.fromNs && segments.length < MAX_SEGMENTS) {
    const startNs = row === -1 ? goal.fromNs : clamp(history.timesNs[row] as number, goal.fromNs, endNs)
    const state = row === -1 ? 'unknown' : changeStates[history.states[row] as keyof typeof changeStates]
    if (startNs < endNs) {
      segments.push({
        goroutine,
        state,
        startNs,
        endNs,
        reason: state === 'waiting' ? (tables.strings[history.reasons[row] as number] ?? '') : '',
        stack: row === -1 ? 0 : (history.stacks[row] as number),
        ...(woke === undefined ? {} : { woke }),
      })
      woke = undefined
    }
    if (row === -1) break
    endNs = startNs
    const before = previous[row] as number
    const causer = history.causers[row] as number
    const isHandedOver = state === 'runnable' && causer !== 0 && causer !== goroutine
    if (isHandedOver) {
      woke = goroutine
      goroutine = causer
      row = findLast(goroutine, row - 1, endNs)
    } else row = before
  }
  return segments.reverse()
}

/** For each row the goroutine's row before it, or -1; and each goroutine's last row. */
function linkChanges(history: WakeHistory): { previous: Int32Array; lastOf: Map<number, number> } {
  const previous = new Int32Array(history.rowCount).fill(-1)
  const lastOf = new Map<number, number>()
  for (let row = 0; row < history.rowCount; row++) {
    const goroutine = history.goroutines[row] as number
    previous[row] = lastOf.get(goroutine) ?? -1
    lastOf.set(goroutine, row)
  }
  return { previous, lastOf }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
