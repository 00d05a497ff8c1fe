/**
 * Every change of state in a window of a trace, kept so that one may ask how a goroutine came to run again.
 * A consumer of ordered chunks, apart from the account: it costs 33 bytes a change, so it is opened for a window and is
 * bounded; when full it keeps what it has and says so. What a goroutine was doing when the window began is not known.
 */
import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { type StayState, stayStates } from '../../model/trace-export/trace-stays.ts'
import { type GoroutineMoves, readMove } from './goroutine-moves.ts'

export type ChangeState = 'gone' | 'running' | 'runnable' | 'waiting' | 'syscall'

const GONE = 0
const { runnable: RUNNABLE, running: RUNNING, waiting: WAITING } = stayStates

export const changeStates: Readonly<Record<StayState | typeof GONE, ChangeState>> = {
  [GONE]: 'gone',
  [stayStates.runnable]: 'runnable',
  [stayStates.running]: 'running',
  [stayStates.waiting]: 'waiting',
  [stayStates.syscall]: 'syscall',
}

/** Changes in the trace's order. Row r: goroutine `goroutines[r]` enters `states[r]` at `timesNs[r]`. */
export type WakeHistory = {
  readonly rowCount: number
  readonly timesNs: Float64Array
  readonly goroutines: Float64Array
  /** By `changeStates`. */
  readonly states: Uint8Array
  /** Who made it so: the waker of a change to runnable, 0 for none (timer, network poller, the runtime). */
  readonly causers: Float64Array
  /** Block reason of a change to waiting, as a string index. */
  readonly reasons: Int32Array
  /** Stack at which it stopped; 0 = none. */
  readonly stacks: Int32Array
  /** False when the window held more changes than `maxRows`: later ones are missing. */
  readonly complete: boolean
}

export type OpenWakeHistory = {
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  finish(): WakeHistory
}

const DEFAULT_MAX_ROWS = 1 << 21

export function openWakeHistory(window: {
  readonly fromNs: number
  readonly toNs: number
  readonly maxRows?: number
}): OpenWakeHistory {
  const maxRows = window.maxRows ?? DEFAULT_MAX_ROWS
  let places = Math.min(4096, maxRows)
  let columns = makeColumns(places)
  let rowCount = 0
  let complete = true

  function put(timeNs: number, goroutine: number, state: number, causer: number, reason: number, stack: number): void {
    if (goroutine === 0) return
    if (rowCount === maxRows) {
      complete = false
      return
    }
    if (rowCount === places) {
      places = Math.min(maxRows, places * 2)
      const grown = makeColumns(places)
      grown.timesNs.set(columns.timesNs)
      grown.goroutines.set(columns.goroutines)
      grown.states.set(columns.states)
      grown.causers.set(columns.causers)
      grown.reasons.set(columns.reasons)
      grown.stacks.set(columns.stacks)
      columns = grown
    }
    columns.timesNs[rowCount] = timeNs
    columns.goroutines[rowCount] = goroutine
    columns.states[rowCount] = state
    columns.causers[rowCount] = causer
    columns.reasons[rowCount] = reason
    columns.stacks[rowCount] = stack
    rowCount++
  }

  let now = 0
  const moves: GoroutineMoves = {
    start: (id) => put(now, id, RUNNING, 0, 0, 0),
    unblock: (id, waker, stack) => put(now, id, RUNNABLE, waker, 0, stack),
    stop: (id, state, reason, stack) => {
      // One that is stopped and stays runnable made itself so.
      if (state === RUNNABLE) put(now, id, RUNNABLE, id, 0, stack)
      else put(now, id, state, 0, reason, stack)
    },
    endSyscall: (id, isBlocked) => put(now, id, isBlocked ? RUNNABLE : RUNNING, isBlocked ? id : 0, 0, 0),
    create: (id, state, creator, _startStack, stack) => put(now, id, state, creator, 0, stack),
    end: (id) => put(now, id, GONE, 0, 0, 0),
    switchTo: (id, from, isEnd) => {
      put(now, id, RUNNABLE, from, 0, 0)
      put(now, from, isEnd ? GONE : WAITING, 0, 0, 0)
      put(now, id, RUNNING, 0, 0, 0)
    },
    tell: (id, state) => put(now, id, state, 0, 0, 0),
  }

  return {
    addChunk(chunk) {
      const { timesNs, rowCount: rows } = chunk
      for (let row = 0; row < rows; row++) {
        now = timesNs[row] as number
        if (now >= window.fromNs && now <= window.toNs) readMove(chunk, row, moves)
      }
    },
    finish: () => ({ rowCount, ...columns, complete }),
  }
}

function makeColumns(places: number) {
  return {
    timesNs: new Float64Array(places),
    goroutines: new Float64Array(places),
    states: new Uint8Array(places),
    causers: new Float64Array(places),
    reasons: new Int32Array(places),
    stacks: new Int32Array(places),
  }
}
