/**
 * What the program said of itself (package runtime/trace), on tracks: tasks in lanes by name, regions below their
 * goroutine, nested as they were begun, logs as instants on the goroutine. A task or region whose other end lies outside
 * runs to the edge and says so.
 */
import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { eventTypes } from './fields.ts'
import type { PacketWriter } from './packets.ts'
import type { Tracks } from './tracks.ts'
import { clipTime, isWithin, type Window } from './window.ts'

const MAX_OPEN = 1 << 20

type Task = {
  readonly name: string
  readonly parent: number
  readonly goroutine: number
  readonly startNs: number
  readonly stack: number
  readonly lane: number
}
type Region = {
  readonly name: string
  readonly task: number
  readonly startNs: number
  readonly stack: number
  isShown: boolean
  /** Where the last region in it ended: sequence overrules the clock, an end may be told for before that. */
  latestNs: number
}

export type UserSlices = {
  readonly tasks: number
  readonly regions: number
  readonly logs: number
  /** False: no event of users. */
  add(chunk: TraceChunk, row: number, tables: TraceTables): boolean
  endGoroutine(goroutine: number, endNs: number): void
  finish(endNs: number): void
}

export function openUserSlices(
  writer: PacketWriter,
  tracks: Tracks,
  window: Window,
  only: number | undefined,
): UserSlices {
  const counts = { tasks: 0, regions: 0, logs: 0, open: 0 }
  const tasks = new Map<number, Task>()
  const regions = new Map<number, Region[]>()
  let latest: TraceTables | undefined

  function showTask(id: number, task: Task, endNs: number, isWhole: boolean, tables: TraceTables): void {
    tracks.giveTask(task.name, task.lane)
    if (!isWithin(window, task.startNs, endNs)) return
    counts.tasks++
    writer.open(eventTypes.sliceBegin, task.lane)
    writer.category('task')
    writer.name(task.name === '' ? `task ${id}` : task.name)
    writer.note('task', id)
    if (task.parent > 0 && Number.isSafeInteger(task.parent)) writer.note('parent task', task.parent)
    if (task.goroutine !== 0) writer.note('goroutine', task.goroutine)
    if (!isWhole) writer.note('complete', false)
    writer.stack(task.stack, tables)
    writer.send(clipTime(window, task.startNs))
    writer.end(task.lane, clipTime(window, Math.max(task.startNs, endNs)))
  }

  function beginTask(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const id = chunk.arg0[row] as number
    if (tasks.has(id) || tasks.size >= MAX_OPEN) return
    const name = tables.strings[chunk.arg2[row] as number] ?? ''
    tasks.set(id, {
      name,
      parent: chunk.arg1[row] as number,
      goroutine: chunk.goroutines[row] as number,
      startNs: chunk.timesNs[row] as number,
      stack: chunk.arg3[row] as number,
      lane: tracks.takeTask(name),
    })
  }

  function endTask(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const id = chunk.arg0[row] as number
    const task = tasks.get(id)
    tasks.delete(id)
    const timeNs = chunk.timesNs[row] as number
    if (task !== undefined) {
      showTask(id, task, timeNs, true, tables)
      return
    }
    if (timeNs < window.fromNs) return
    const goroutine = chunk.goroutines[row] as number
    const older = { name: '', parent: 0, goroutine, startNs: 0, stack: 0, lane: tracks.takeTask('') }
    showTask(id, older, timeNs, false, tables)
  }

  /** Begins of regions that are open in the window and have not been written, outermost first. */
  function showRegions(goroutine: number, open: readonly Region[], tables: TraceTables): number {
    const outermost = open[0]?.stack ?? 0
    const track = tracks.goroutine(goroutine, rootOf(outermost, tables), clipTime(window, open[0]?.startNs ?? 0))
    const below = tracks.below(track, 'regions')
    for (const region of open) {
      if (region.isShown) continue
      region.isShown = true
      counts.regions++
      writer.open(eventTypes.sliceBegin, below)
      writer.category('region')
      writer.name(region.name)
      if (region.task !== 0 && Number.isSafeInteger(region.task)) writer.note('task', region.task)
      if (region.startNs < window.fromNs) writer.note('complete', false)
      writer.stack(region.stack, tables)
      writer.send(clipTime(window, region.startNs))
    }
    return below
  }

  function beginRegion(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const goroutine = chunk.goroutines[row] as number
    const open = regions.get(goroutine) ?? []
    const outer = open.at(-1)
    const startNs = Math.max(chunk.timesNs[row] as number, outer?.startNs ?? 0, outer?.latestNs ?? 0)
    if (counts.open >= MAX_OPEN) return
    counts.open++
    if (open.length === 0) regions.set(goroutine, open)
    const name = tables.strings[chunk.arg1[row] as number] ?? ''
    const stack = chunk.arg2[row] as number
    open.push({ name, task: chunk.arg0[row] as number, startNs, stack, isShown: false, latestNs: 0 })
    if (startNs >= window.fromNs && startNs <= window.toNs) showRegions(goroutine, open, tables)
  }

  function endRegion(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const goroutine = chunk.goroutines[row] as number
    const endNs = chunk.timesNs[row] as number
    const open = regions.get(goroutine)
    if (open === undefined || open.length === 0) {
      if (endNs < window.fromNs) return
      const name = tables.strings[chunk.arg1[row] as number] ?? ''
      // From before the trace: as long as what is known of it.
      const older = {
        name,
        task: chunk.arg0[row] as number,
        startNs: -1,
        stack: chunk.arg2[row] as number,
        isShown: false,
        latestNs: 0,
      }
      writer.end(showRegions(goroutine, [older], tables), clipTime(window, endNs))
      return
    }
    popRegion(goroutine, open, endNs, tables)
  }

  function popRegion(goroutine: number, open: Region[], endNs: number, tables: TraceTables): void {
    const top = open.at(-1)
    if (top === undefined) return
    const toNs = Math.max(endNs, top.startNs, top.latestNs)
    if (top.isShown || isWithin(window, top.startNs, toNs)) {
      writer.end(showRegions(goroutine, open, tables), clipTime(window, toNs))
    }
    open.pop()
    const outer = open.at(-1)
    if (outer !== undefined) outer.latestNs = toNs
    counts.open--
    if (open.length === 0) regions.delete(goroutine)
  }

  function addLog(chunk: TraceChunk, row: number, tables: TraceTables): void {
    const timeNs = chunk.timesNs[row] as number
    if (timeNs < window.fromNs || timeNs > window.toNs) return
    const stack = chunk.arg3[row] as number
    const track = tracks.goroutine(chunk.goroutines[row] as number, rootOf(stack, tables), timeNs)
    counts.logs++
    writer.open(eventTypes.instant, track.uuid)
    writer.category('log')
    writer.name(tables.strings[chunk.arg1[row] as number] || 'log')
    writer.noteOnce('message', tables.strings[chunk.arg2[row] as number] ?? '')
    const task = chunk.arg0[row] as number
    if (task !== 0 && Number.isSafeInteger(task)) writer.note('task', task)
    writer.stack(stack, tables)
    writer.send(timeNs)
  }

  function endGoroutine(goroutine: number, endNs: number): void {
    const open = regions.get(goroutine)
    while (open !== undefined && open.length > 0 && latest !== undefined) popRegion(goroutine, open, endNs, latest)
  }

  return {
    get tasks() {
      return counts.tasks
    },
    get regions() {
      return counts.regions
    },
    get logs() {
      return counts.logs
    },
    add(chunk, row, tables) {
      latest = tables
      const type = chunk.kinds[row] as number
      if (type < kind.UserTaskBegin || type > kind.UserLog) return false
      if (only !== undefined && chunk.goroutines[row] !== only) return true
      if (type === kind.UserTaskBegin) beginTask(chunk, row, tables)
      else if (type === kind.UserTaskEnd) endTask(chunk, row, tables)
      else if (chunk.goroutines[row] === 0) return true
      else if (type === kind.UserRegionBegin) beginRegion(chunk, row, tables)
      else if (type === kind.UserRegionEnd) endRegion(chunk, row, tables)
      else addLog(chunk, row, tables)
      return true
    },
    endGoroutine,
    finish(endNs) {
      if (latest === undefined) return
      for (const [id, task] of tasks) showTask(id, task, endNs, false, latest)
      tasks.clear()
      // Of goroutines that the trace never told of.
      for (const goroutine of [...regions.keys()]) endGoroutine(goroutine, endNs)
    },
  }
}

/** The function at the root of a stack, '' where there is none. */
function rootOf(stack: number, tables: TraceTables): string {
  const start = tables.stackStart[stack] ?? 0
  const end = tables.stackStart[stack + 1] ?? start
  if (stack === 0 || end <= start) return ''
  return tables.strings[tables.frameFunctions[tables.stackFrames[end - 1] ?? 0] ?? 0] ?? ''
}
