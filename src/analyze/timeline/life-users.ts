/**
 * What one goroutine said of itself (package runtime/trace): its regions, the tasks that it began, its logs.
 * Lists keep the first ones; a span that has not ended runs to the end of the window, and is not complete.
 */
import type { TimelineLife, TimelineNamedSpan } from '../../model/timeline.ts'
import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'

const MAX_SPANS = 1000
const MAX_OPEN = 10_000
const MAX_LOGS = 1000

type Open = { readonly name: string; readonly startNs: number; readonly id: number }

export type LifeUsers = {
  /** An event of package runtime/trace that the goroutine ran; of tasks also those that another ended. */
  note(chunk: TraceChunk, row: number, tables: TraceTables): void
  finish(endNs: number): Pick<TimelineLife, 'regions' | 'tasks' | 'logs'>
}

export function openLifeUsers(goroutine: number, fromNs: number, toNs: number): LifeUsers {
  const regions: TimelineNamedSpan[] = []
  const openRegions: Open[] = []
  const tasks: (TimelineNamedSpan & { readonly id: number })[] = []
  const openTasks = new Map<number, Open>()
  const logs: { timeNs: number; category: string; message: string }[] = []
  let logCount = 0

  function put<T extends TimelineNamedSpan>(
    list: T[],
    make: (span: TimelineNamedSpan) => T,
    from: Open,
    endNs: number,
    complete: boolean,
  ): void {
    if (list.length >= MAX_SPANS || endNs < fromNs || from.startNs > toNs) return
    const startNs = Math.max(from.startNs, fromNs)
    const ns = Math.max(0, Math.min(endNs, toNs) - startNs)
    list.push(make({ name: from.name, startNs, ns, complete }))
  }
  const putRegion = (from: Open, endNs: number, complete: boolean) =>
    put(regions, (span) => span, from, endNs, complete)
  const putTask = (from: Open, endNs: number, complete: boolean) =>
    put(tasks, (span) => ({ id: from.id, ...span }), from, endNs, complete)

  return {
    note(chunk, row, tables) {
      const now = chunk.timesNs[row] as number
      const first = chunk.arg0[row] as number
      const second = chunk.arg1[row] as number
      const isOwn = chunk.goroutines[row] === goroutine
      switch (chunk.kinds[row]) {
        case kind.UserTaskBegin:
          if (!isOwn || openTasks.size >= MAX_OPEN) return
          openTasks.set(first, { id: first, name: tables.strings[chunk.arg2[row] as number] ?? '', startNs: now })
          return
        case kind.UserTaskEnd: {
          const open = openTasks.get(first)
          if (open === undefined) return
          openTasks.delete(first)
          putTask(open, now, true)
          return
        }
        case kind.UserRegionBegin:
          if (isOwn && openRegions.length < MAX_OPEN)
            openRegions.push({ id: first, name: tables.strings[second] ?? '', startNs: now })
          return
        case kind.UserRegionEnd: {
          const open = isOwn ? openRegions.pop() : undefined
          if (open !== undefined) putRegion(open, now, true)
          // Of a region from before the trace.
          else if (isOwn) putRegion({ id: first, name: tables.strings[second] ?? '', startNs: 0 }, now, false)
          return
        }
        case kind.UserLog:
          if (!isOwn || now < fromNs || now > toNs) return
          logCount += 1
          if (logs.length >= MAX_LOGS) return
          logs.push({
            timeNs: now,
            category: tables.strings[second] ?? '',
            message: tables.strings[chunk.arg2[row] as number] ?? '',
          })
      }
    },
    finish(endNs) {
      for (const open of openRegions.toReversed()) putRegion(open, endNs, false)
      for (const open of openTasks.values()) putTask(open, endNs, false)
      return { regions, tasks, logs: { count: logCount, rows: logs } }
    },
  }
}
