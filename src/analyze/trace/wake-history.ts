/**
 * Every change of state in a window of a trace, kept so that one may ask how a goroutine came to run again.
 * A consumer of ordered chunks, apart from the account: it costs 25 bytes a change, so it is opened for a window and is
 * bounded; when full it keeps what it has and says so. What a goroutine was doing when the window began is not known.
 */

import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'

export const changeStates = ['gone', 'running', 'runnable', 'waiting', 'syscall'] as const
export type ChangeState = (typeof changeStates)[number]

const GONE = 0
const RUNNING = 1
const RUNNABLE = 2
const WAITING = 3
const SYSCALL = 4

/** Changes in the trace's order. Row r: goroutine `goroutines[r]` enters `states[r]` at `timesNs[r]`. */
export type WakeHistory = {
  readonly rowCount: number
  readonly timesNs: Float64Array
  readonly goroutines: Float64Array
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

  function addRow(chunk: TraceChunk, row: number, now: number): void {
    const current = chunk.goroutines[row] as number
    const first = chunk.arg0[row] as number
    const second = chunk.arg1[row] as number
    switch (chunk.kinds[row]) {
      case kind.GoCreate:
        put(now, first, RUNNABLE, current, 0, chunk.arg2[row] as number)
        return
      case kind.GoCreateBlocked:
        put(now, first, WAITING, current, 0, chunk.arg2[row] as number)
        return
      case kind.GoCreateSyscall:
        put(now, first, SYSCALL, 0, 0, 0)
        return
      case kind.GoStart:
        put(now, first, RUNNING, 0, 0, 0)
        return
      case kind.GoStop:
        put(now, current, RUNNABLE, current, 0, second)
        return
      case kind.GoBlock:
        put(now, current, WAITING, 0, first, second)
        return
      case kind.GoUnblock:
        put(now, first, RUNNABLE, current, 0, chunk.arg2[row] as number)
        return
      case kind.GoSyscallBegin:
        put(now, current, SYSCALL, 0, 0, second)
        return
      case kind.GoSyscallEnd:
        put(now, current, RUNNING, 0, 0, 0)
        return
      case kind.GoSyscallEndBlocked:
        put(now, current, RUNNABLE, current, 0, 0)
        return
      case kind.GoDestroy:
      case kind.GoDestroySyscall:
        put(now, current, GONE, 0, 0, 0)
        return
      case kind.GoSwitch:
      case kind.GoSwitchDestroy: {
        const isGone = chunk.kinds[row] === kind.GoSwitchDestroy
        put(now, first, RUNNABLE, current, 0, 0)
        put(now, current, isGone ? GONE : WAITING, 0, 0, 0)
        put(now, first, RUNNING, 0, 0, 0)
        return
      }
      case kind.GoStatus:
      case kind.GoStatusStack:
        put(now, first, stateOf(chunk.arg2[row] as number), 0, 0, 0)
        return
    }
  }

  return {
    addChunk(chunk) {
      const { timesNs, rowCount: rows } = chunk
      for (let row = 0; row < rows; row++) {
        const now = timesNs[row] as number
        if (now >= window.fromNs && now <= window.toNs) addRow(chunk, row, now)
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

function stateOf(status: number): number {
  if (status === wireGoroutineStatus.running) return RUNNING
  if (status === wireGoroutineStatus.runnable) return RUNNABLE
  return status === wireGoroutineStatus.syscall ? SYSCALL : WAITING
}
