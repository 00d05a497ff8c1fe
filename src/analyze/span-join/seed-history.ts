/**
 * What every goroutine did when a window began, put before the window's own changes: a history of wakes knows otherwise
 * only what changed within it, and the goroutine that ends a wait has often waited for longer.
 */
import { newTraceChunk, TRACE_CHUNK_ROWS, type TraceTables } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import type { OpenWakeHistory } from '../trace/wake-history.ts'
import { RUNNABLE, RUNNING, type StayTracker, SYSCALL, WAITING } from './stay-tracker.ts'

/** Events that lead to the state, as if they had happened when the window began. */
const kindOf: Readonly<Record<number, number>> = {
  [RUNNABLE]: kind.GoStop,
  [RUNNING]: kind.GoStart,
  [WAITING]: kind.GoBlock,
  [SYSCALL]: kind.GoSyscallBegin,
}

export function seedHistory(history: OpenWakeHistory, tracker: StayTracker, timeNs: number, tables: TraceTables): void {
  const chunk = newTraceChunk()
  tracker.table.forEach((slot, id) => {
    const state = tracker.states[slot] as number
    const type = kindOf[state]
    if (type === undefined) return
    const row = chunk.rowCount++
    const code = tracker.codes[slot] as number
    chunk.kinds[row] = type
    chunk.timesNs[row] = timeNs
    chunk.goroutines[row] = id
    chunk.arg0[row] = state === RUNNING ? id : state === WAITING ? Math.max(0, code) : 0
    chunk.arg1[row] = tracker.stacks[slot] as number
    if (chunk.rowCount < TRACE_CHUNK_ROWS) return
    history.addChunk(chunk, tables)
    chunk.rowCount = 0
  })
  if (chunk.rowCount > 0) history.addChunk(chunk, tables)
}
