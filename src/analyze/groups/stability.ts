/**
 * What two dumps prove of one goroutine: the same id in the same group with the same leaf arguments in both waited as
 * far as they can tell. It may have moved and come back (a worker's loop looks the same), so every duration here is
 * "at least, unless it came back"; the minutes that dumps print are never used (wrong in both directions).
 */
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import type { TraceActivity } from '../../model/trace-activity.ts'
import { type Group, type GroupTable, rowsLast } from './group.ts'

export type GroupMotion = {
  /** Of the members in the last dump: how many are seen in the same wait in the first one. */
  readonly stayedAll: number
  /** …in the dump before the last. */
  readonly stayedLast: number
  /** Members of one dump that are not in the same wait in the next, over the window. */
  readonly left: number
  /** Members of one dump that were not in the same wait in the one before, over the window. */
  readonly arrived: number
  /** Of the last dump's members: shortest and longest stay that the dumps' times prove. */
  readonly stayNs?: { readonly min: number; readonly max: number }
  /** Goroutine-ns of waits that had not ended at the last dump (trapezoid: an arrival counts half its interval). */
  readonly openNs: number
  /** Goroutine-ns over the window. */
  readonly totalNs: number
  /** Of the last dump's members that an execution trace names: how many ran or were woken in it, how many did not. */
  readonly traced?: { readonly moved: number; readonly still: number }
}

export type Motion = {
  readonly byGroup: readonly GroupMotion[]
  /** Per row of the last dump: index of the first dump in which this wait is already seen. */
  readonly since: Uint16Array
  /** Times of the dumps; absent where one of them has none. */
  readonly times?: readonly number[]
  /** From the first dump to the last. */
  readonly spanNs?: number
}

/** Frames from the leaf whose argument words must stay the same: the primitive and the function that called it. */
const ARG_DEPTHS = 8

/** `activity` is of the last dump's goroutines, row by row. */
export function measureMotion(table: GroupTable, activity?: TraceActivity): Motion {
  const { dumps, groups } = table
  const lastAt = dumps.length - 1
  const last = dumps[lastAt]?.dump
  const since = new Uint16Array(last?.rowCount ?? 0).fill(Math.max(0, lastAt))
  const left = new Float64Array(groups.length)
  const arrived = new Float64Array(groups.length)
  for (let at = lastAt; at > 0; at--) comparePair(table, at, since, left, arrived, at === lastAt)
  const times = readTimes(table)
  const byGroup = groups.map((group) => {
    const sums = sumGroup(group, since, lastAt, times, left[group.index] ?? 0, arrived[group.index] ?? 0)
    const traced = countTraced(group, activity)
    return traced === undefined ? sums : { ...sums, traced }
  })
  const spanNs = times === undefined || times.length < 2 ? undefined : (times.at(-1) ?? 0) - (times[0] ?? 0)
  return { byGroup, since, ...(times === undefined ? {} : { times }), ...(spanNs === undefined ? {} : { spanNs }) }
}

/** Follows goroutines from dump `at` back to the one before it. */
function comparePair(
  table: GroupTable,
  at: number,
  since: Uint16Array,
  left: Float64Array,
  arrived: Float64Array,
  isLast: boolean,
): void {
  const later = table.dumps[at]?.dump as GoroutineDump
  const earlier = table.dumps[at - 1]?.dump as GoroutineDump
  if (later.ids.length === 0 || earlier.ids.length === 0) return
  const laterGroups = table.groupOf[at] as Uint32Array
  const earlierGroups = table.groupOf[at - 1] as Uint32Array
  const earlierRows = table.rowOf[at - 1] as ReadonlyMap<number, number>
  const stayed = new Uint8Array(earlier.rowCount)
  const lastRows = table.rowOf.at(-1) as ReadonlyMap<number, number>
  for (let row = 0; row < later.rowCount; row++) {
    const id = later.ids[row] as number
    const before = earlierRows.get(id)
    const group = laterGroups[row] as number
    const isSame = before !== undefined && earlierGroups[before] === group && sameArgs(earlier, before, later, row)
    if (!isSame) {
      arrived[group] = (arrived[group] as number) + 1
      continue
    }
    stayed[before] = 1
    const lastRow = isLast ? row : lastRows.get(id)
    if (lastRow !== undefined && since[lastRow] === at) since[lastRow] = at - 1
  }
  for (let row = 0; row < earlier.rowCount; row++) {
    if (stayed[row] === 1) continue
    const group = earlierGroups[row] as number
    left[group] = (left[group] as number) + 1
  }
}

/** Words that both dumps print without doubt must be the same; a doubtful word (`?`) may be a stale register. */
function sameArgs(a: GoroutineDump, rowA: number, b: GoroutineDump, rowB: number): boolean {
  let atA = a.argStart[rowA] as number
  let atB = b.argStart[rowB] as number
  const endA = a.argStart[rowA + 1] as number
  const endB = b.argStart[rowB + 1] as number
  while (atA < endA && atB < endB) {
    const depthA = a.argDepths[atA] as number
    const depthB = b.argDepths[atB] as number
    if (depthA >= ARG_DEPTHS || depthB >= ARG_DEPTHS) break
    if (depthA !== depthB || a.argPositions[atA] !== b.argPositions[atB]) return true
    const isSure = a.argDoubtful[atA] === 0 && b.argDoubtful[atB] === 0
    if (isSure && a.argWords[atA] !== b.argWords[atB]) return false
    atA++
    atB++
  }
  return true
}

/** Stillness needs a trace that was read to its end; a move is a move. */
function countTraced(group: Group, activity: TraceActivity | undefined): GroupMotion['traced'] {
  if (activity === undefined) return undefined
  let moved = 0
  let still = 0
  for (const row of rowsLast(group)) {
    if (activity.seen[row] !== 1) continue
    if ((activity.moves[row] as number) > 0) moved += 1
    else if (activity.isComplete) still += 1
  }
  return moved + still === 0 ? undefined : { moved, still }
}

function readTimes(table: GroupTable): readonly number[] | undefined {
  const times: number[] = []
  for (const { atNs } of table.dumps) {
    if (atNs === undefined) return undefined
    times.push(atNs)
  }
  return times.every((time, at) => at === 0 || time >= (times[at - 1] as number)) ? times : undefined
}

function sumGroup(
  group: Group,
  since: Uint16Array,
  lastAt: number,
  times: readonly number[] | undefined,
  left: number,
  arrived: number,
): GroupMotion {
  const rows = rowsLast(group)
  let stayedAll = 0
  let stayedLast = 0
  let openNs = 0
  let min = Number.POSITIVE_INFINITY
  let max = 0
  const end = times?.[lastAt] ?? 0
  for (const row of rows) {
    const from = since[row] as number
    if (from === 0) stayedAll++
    if (from < lastAt) stayedLast++
    if (times === undefined) continue
    const start = times[from] as number
    const stay = end - start
    min = Math.min(min, stay)
    max = Math.max(max, stay)
    openNs += stay + (from > 0 ? (start - (times[from - 1] as number)) / 2 : 0)
  }
  let totalNs = 0
  for (let at = 1; times !== undefined && at < times.length; at++) {
    const step = (times[at] as number) - (times[at - 1] as number)
    totalNs += (step * ((group.counts[at] as number) + (group.counts[at - 1] as number))) / 2
  }
  const hasStay = times !== undefined && rows.length > 0 && lastAt > 0
  return {
    stayedAll: lastAt === 0 ? 0 : stayedAll,
    stayedLast,
    left,
    arrived,
    ...(hasStay ? { stayNs: { min, max } } : {}),
    openNs: Math.min(openNs, totalNs),
    totalNs,
  }
}
