/**
 * What the program said of itself: tasks, regions, logs (package runtime/trace).
 * Of tasks the 1,000 longest stay, all are counted; a task whose other end lies outside the trace runs to that edge and
 * is not complete. A region belongs to the goroutine that began it and ends with it at the latest.
 */
import type { RegionType, TaskRow, TraceAccount } from '../../model/trace-account.ts'
import { SketchBook } from '../columns/duration-sketch.ts'
import { IdTable } from '../columns/id-table.ts'
import { growFloats, growInts } from '../columns/key-table.ts'
import { TopList } from '../columns/top-list.ts'
import { addStay, readStay, StayStats } from './collector-ledger.ts'
import { type GoroutineLedger, RUNNING } from './goroutine-ledger.ts'
import { RUNNABLE_NS, RUNNING_NS, SYSCALL_NS, TIMES, WAITING_NS } from './slot-places.ts'
import type { StackFunctions } from './stack-functions.ts'

const MAX_TASKS = 1000
const MAX_OPEN_TASKS = 1 << 20
const MAX_TYPES = 1024
const MAX_OPEN_REGIONS = 1 << 20
const MAX_CATEGORIES = 1024

type TypeStats = StayStats & { incomplete?: number }
type RegionStats = StayStats & { open?: number; times?: [number, number, number, number] }

export class UserLedger {
  taskCount = 0
  lost = 0
  private readonly sketches = new SketchBook(2 * MAX_TYPES)
  private readonly openTasks = new IdTable(256)
  private taskSince = new Float64Array(256)
  private taskParent = new Float64Array(256)
  private taskGoroutine = new Float64Array(256)
  private taskName = new Int32Array(256)
  private readonly tasks = new TopList<TaskRow>(MAX_TASKS)
  private readonly taskTypes = new Map<number, TypeStats>()
  private readonly regionTypes = new Map<number, RegionStats>()
  /** Open regions: per slot the top of its stack (node + 1), nodes in columns with a free list. */
  private regionTop = new Int32Array(1024)
  private regionNext = new Int32Array(256)
  private regionName = new Int32Array(256)
  /** Start, and the goroutine's running, runnable, waiting and syscall time at the start. */
  private regionStart = new Float64Array(256 * 5)
  private regionFree = 0
  private regionCount = 0
  private logCount = 0
  private readonly categories = new Map<number, number>()
  private readonly functions: StackFunctions
  private readonly ledger: GoroutineLedger
  private readonly fromNs: number
  private readonly toNs: number

  constructor(functions: StackFunctions, ledger: GoroutineLedger, window: { fromNs: number; toNs: number }) {
    this.functions = functions
    this.ledger = ledger
    this.fromNs = window.fromNs
    this.toNs = window.toNs
  }

  beginTask(id: number, parent: number, name: number, goroutine: number, nowNs: number): void {
    if (this.openTasks.find(id) !== -1) return
    if (this.openTasks.size >= MAX_OPEN_TASKS) {
      this.lost++
      return
    }
    const slot = this.openTasks.add(id)
    if (slot >= this.taskSince.length) {
      this.taskSince = growFloats(this.taskSince, slot + 1)
      this.taskParent = growFloats(this.taskParent, slot + 1)
      this.taskGoroutine = growFloats(this.taskGoroutine, slot + 1)
      this.taskName = growInts(this.taskName, slot + 1)
    }
    this.taskSince[slot] = nowNs
    this.taskParent[slot] = parent
    this.taskGoroutine[slot] = goroutine
    this.taskName[slot] = name
  }

  endTask(id: number, goroutine: number, nowNs: number): void {
    const slot = this.openTasks.find(id)
    if (slot === -1) {
      this.noteTask(id, 0, 0, goroutine, 0, nowNs, false)
      return
    }
    this.closeTask(slot, id, nowNs, true)
    this.openTasks.remove(id)
  }

  beginRegion(slot: number, name: number, nowNs: number): void {
    let node = this.regionFree - 1
    if (node === -1 && this.regionCount >= MAX_OPEN_REGIONS) {
      this.lost++
      return
    }
    if (node === -1) {
      node = this.regionCount
      this.regionNext = growInts(this.regionNext, node + 1)
      this.regionName = growInts(this.regionName, node + 1)
      this.regionStart = growFloats(this.regionStart, (node + 1) * 5)
      this.regionCount++
    } else this.regionFree = this.regionNext[node] as number
    if (slot >= this.regionTop.length) this.regionTop = growInts(this.regionTop, slot + 1)
    this.regionNext[node] = this.regionTop[slot] as number
    this.regionTop[slot] = node + 1
    this.regionName[node] = name
    const at = node * 5
    this.regionStart[at] = nowNs
    this.regionStart[at + 1] =
      (this.ledger.times[slot * TIMES + RUNNING_NS] as number) + this.ledger.lengthUntilNow(slot)
    this.regionStart[at + 2] = this.ledger.times[slot * TIMES + RUNNABLE_NS] as number
    this.regionStart[at + 3] = this.ledger.times[slot * TIMES + WAITING_NS] as number
    this.regionStart[at + 4] = this.ledger.times[slot * TIMES + SYSCALL_NS] as number
  }

  /** An end without a begin is of a region from before the trace. */
  endRegion(slot: number, name: number, nowNs: number): void {
    const top = (slot < this.regionTop.length ? (this.regionTop[slot] as number) : 0) - 1
    if (top >= 0) this.popRegion(slot, top, nowNs, false)
    else {
      const stats = this.regionStats(name)
      if (stats !== undefined) stats.open = (stats.open ?? 0) + 1
    }
  }

  /** To be called before a goroutine's slot is given up. */
  endGoroutine(slot: number, nowNs: number): void {
    if (slot >= this.regionTop.length) return
    let top = (this.regionTop[slot] as number) - 1
    while (top >= 0) {
      this.popRegion(slot, top, nowNs, true)
      top = (this.regionTop[slot] as number) - 1
    }
  }

  noteLog(category: number): void {
    this.logCount++
    const count = this.categories.get(category)
    if (count !== undefined || this.categories.size < MAX_CATEGORIES) this.categories.set(category, (count ?? 0) + 1)
  }

  finish(endNs: number): Pick<TraceAccount, 'taskCount' | 'tasks' | 'taskTypes' | 'regions' | 'logs'> {
    this.openTasks.forEach((slot, id) => {
      this.closeTask(slot, id, endNs, false)
    })
    for (let slot = 0; slot < this.regionTop.length; slot++) this.endGoroutine(slot, endNs)
    return {
      taskCount: this.taskCount,
      tasks: this.tasks.list(),
      taskTypes: [...this.taskTypes]
        .map(([name, stats]) => ({
          name: this.functions.nameOf(name),
          ...readStay(this.sketches, stats),
          incompleteCount: stats.incomplete ?? 0,
        }))
        .sort((a, b) => b.ns - a.ns),
      regions: [...this.regionTypes].map(([name, stats]) => this.describeRegion(name, stats)),
      logs: {
        count: this.logCount,
        categories: [...this.categories].map(([category, count]) => ({
          category: this.functions.nameOf(category),
          count,
        })),
      },
    }
  }

  private closeTask(slot: number, id: number, nowNs: number, hasEnded: boolean): void {
    this.noteTask(
      id,
      this.taskParent[slot] as number,
      this.taskName[slot] as number,
      this.taskGoroutine[slot] as number,
      this.taskSince[slot] as number,
      nowNs,
      hasEnded,
    )
  }

  private noteTask(
    id: number,
    parent: number,
    name: number,
    goroutine: number,
    startNs: number,
    endNs: number,
    complete: boolean,
  ): void {
    if (endNs < this.fromNs || startNs > this.toNs) return
    this.taskCount++
    const durationNs = Math.max(0, endNs - startNs)
    let stats = this.taskTypes.get(name)
    if (stats === undefined && this.taskTypes.size < MAX_TYPES) {
      stats = new StayStats(this.sketches)
      this.taskTypes.set(name, stats)
    }
    if (stats !== undefined) {
      addStay(this.sketches, stats, durationNs)
      if (!complete) stats.incomplete = (stats.incomplete ?? 0) + 1
    }
    if (!this.tasks.takes(durationNs)) return
    this.tasks.add(durationNs, {
      id,
      name: this.functions.nameOf(name),
      ...(parent === 0 || Number.isNaN(parent) || parent >= Number.MAX_SAFE_INTEGER ? {} : { parent }),
      goroutine,
      startNs,
      durationNs,
      complete,
    })
  }

  private popRegion(slot: number, node: number, nowNs: number, isCut: boolean): void {
    const { ledger } = this
    const at = node * 5
    const stats = this.regionStats(this.regionName[node] as number)
    const startNs = this.regionStart[at] as number
    if (stats !== undefined && nowNs >= this.fromNs && startNs <= this.toNs) {
      addStay(this.sketches, stats, Math.max(0, Math.min(nowNs, this.toNs) - Math.max(startNs, this.fromNs)))
      if (isCut) stats.open = (stats.open ?? 0) + 1
      const times = stats.times ?? [0, 0, 0, 0]
      const isLive = ledger.stateOf(slot) === RUNNING
      times[0] +=
        (ledger.times[slot * TIMES + RUNNING_NS] as number) +
        (isLive ? ledger.lengthUntilNow(slot) : 0) -
        (this.regionStart[at + 1] as number)
      times[1] += (ledger.times[slot * TIMES + RUNNABLE_NS] as number) - (this.regionStart[at + 2] as number)
      times[2] += (ledger.times[slot * TIMES + WAITING_NS] as number) - (this.regionStart[at + 3] as number)
      times[3] += (ledger.times[slot * TIMES + SYSCALL_NS] as number) - (this.regionStart[at + 4] as number)
      stats.times = times
    }
    this.regionTop[slot] = this.regionNext[node] as number
    this.regionNext[node] = this.regionFree
    this.regionFree = node + 1
  }

  private regionStats(name: number): RegionStats | undefined {
    let stats = this.regionTypes.get(name)
    if (stats === undefined && this.regionTypes.size < MAX_TYPES) {
      stats = new StayStats(this.sketches)
      this.regionTypes.set(name, stats)
    }
    return stats
  }

  private describeRegion(name: number, stats: RegionStats): RegionType {
    const [runningNs, runnableNs, waitingNs, syscallNs] = stats.times ?? [0, 0, 0, 0]
    return {
      name: this.functions.nameOf(name),
      ...readStay(this.sketches, stats),
      runningNs,
      runnableNs,
      waitingNs,
      syscallNs,
      openCount: stats.open ?? 0,
    }
  }
}
