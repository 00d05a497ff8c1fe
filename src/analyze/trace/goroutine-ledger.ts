/**
 * The state of every live goroutine, and where its time goes. Live ones stand in columns by slot; the dead are folded
 * into their group at once, so memory follows what lives, not what lived. Each interval is charged when it ends, to the
 * goroutine's totals and to its site (group, reason, stack); a goroutine's states therefore add up to its life.
 * A state first told by a status event held since its generation began. A goroutine that has shown no stack yet keeps
 * its intervals until its start function is known. Order is the trace's; an interval that runs backwards counts 0.
 */
import type { GoroutineAccount, LongestStay } from '../../model/trace-account.ts'
import { runnableCauses } from '../../model/trace-account.ts'
import { IdTable } from '../columns/id-table.ts'
import { growFloats, growInts } from '../columns/key-table.ts'
import { runnableCode, SYSCALL_CODE } from './codes.ts'
import { BUSY_CLOCK, type ConditionClocks, GC_CLOCK, STOP_CLOCK } from './condition-clocks.ts'
import { GroupTable, NAMELESS_SYSTEM_GROUP, UNKNOWN_USER_GROUP } from './groups.ts'
import type { MutatorGauge } from './mutator-gauge.ts'
import type { SiteTable } from './sites.ts'
import {
  BIRTH,
  BLOCKED,
  BUSY_AT,
  CODE,
  FLAGS,
  GC_AT,
  GROUP,
  ID,
  LOST_AT,
  MARKS,
  RUNNABLE_NS,
  RUNNING_NS,
  SINCE,
  STACK,
  STATE,
  STOP_AT,
  SYSCALL_NS,
  TIMES,
  WAITING_NS,
} from './slot-places.ts'
import { isSystemFunction, type StackFunctions } from './stack-functions.ts'
import { NO_WAKER, WakeTable } from './wake-table.ts'

export const RUNNABLE = 2
export const RUNNING = 3
export const WAITING = 4
export const SYSCALL = 5
type Live = typeof RUNNABLE | typeof RUNNING | typeof WAITING | typeof SYSCALL

const causes = Object.fromEntries(runnableCauses.map((cause, at) => [cause, runnableCode(at)])) as Record<
  (typeof runnableCauses)[number],
  number
>
/** Codes of runnable, by cause. */
export const runnable = causes

const OLDER = 1
const CREATED = 2
const COLLECTS = 4
const NO_GROUP = -1
const LONG_RUN_NS = 20e6
const LONG_RUNS = 32
const PROCESSOR_CACHE = 1024
const MAX_KEPT_PER_GOROUTINE = 64 * 6
const MAX_UNKNOWN_WAITS = 10_000

export type LedgerOptions = {
  readonly fromNs: number
  readonly toNs: number
  readonly onGoroutine?: (goroutine: GoroutineAccount) => void
}

export class GoroutineLedger {
  readonly table = new IdTable()
  readonly groups = new GroupTable()
  readonly wakes = new WakeTable()
  backwards = 0
  created = 0
  ended = 0
  seen = 0
  mostAtOnce = 0
  runningNow = 0
  maxProcessors = 0
  /** Runnable time under each condition, by clock. */
  readonly during = new Float64Array(3)
  readonly longRuns: LongestStay[] = []
  readonly unknownWaits = { count: 0, ns: 0, rows: [] as { goroutine: number; startFunction: string; stack: number }[] }
  /** The moment of the event at hand, set before any call; then start and length, in the window, of the interval that
   *  was left last. In a column because numbers passed between methods are boxed. */
  readonly now = new Float64Array(3)

  /** A row of TIMES places per slot: see the places named above. */
  times: Float64Array<ArrayBuffer> = new Float64Array(1024 * TIMES).fill(Number.NaN)
  /** Likewise MARKS places per slot. */
  marks: Int32Array<ArrayBuffer> = new Int32Array(1024 * MARKS)
  /** Intervals of goroutines without a group: code, stack, start, length, older, open. */
  private readonly kept = new Map<number, number[]>()
  private readonly assists = new Map<number, { since: number; ns: number; count: number }>()
  private readonly onProcessor = new Int32Array(PROCESSOR_CACHE)
  private readonly functions: StackFunctions
  private readonly sites: SiteTable
  private readonly clocks: ConditionClocks
  private readonly gauge: MutatorGauge
  private readonly options: LedgerOptions
  private isClosing = false
  private readonly fromNs: number
  private readonly toNs: number

  constructor(
    functions: StackFunctions,
    sites: SiteTable,
    clocks: ConditionClocks,
    gauge: MutatorGauge,
    options: LedgerOptions,
  ) {
    this.functions = functions
    this.sites = sites
    this.clocks = clocks
    this.gauge = gauge
    this.options = options
    this.fromNs = options.fromNs
    this.toNs = options.toNs
  }

  /** The slot of a goroutine, or -1; `processorPlusOne`: where it runs, which mostly answers without a look-up. */
  findOn(ids: Float64Array, row: number, processorPlusOne: number): number {
    const slot = processorPlusOne < PROCESSOR_CACHE ? (this.onProcessor[processorPlusOne] as number) : 0
    if (this.times[slot * TIMES + ID] === ids[row]) return slot
    return this.findAt(ids, row)
  }

  /** The slot of the goroutine that a column names, or -1. */
  findAt(ids: Float64Array, row: number): number {
    return this.table.find(ids[row] as number)
  }

  runsOn(slot: number, processorPlusOne: number): void {
    if (processorPlusOne < PROCESSOR_CACHE) this.onProcessor[processorPlusOne] = slot
  }

  /** A goroutine that the trace first names by its state: it held since `sinceNs`. */
  openOlder(id: number, state: Live, sinceNs: number, stack: number): number {
    const slot = this.open(id, sinceNs)
    this.marks[slot * MARKS + FLAGS] = OLDER
    this.enter(
      slot,
      state,
      state === WAITING ? 0 : state === SYSCALL ? SYSCALL_CODE : causes['before the trace'],
      stack,
    )
    if (stack !== 0) this.learn(slot, stack)
    return slot
  }

  /** A goroutine made within the trace. `startStack`: its first frame; `stack`: the go statement's. */
  create(id: number, state: Live, code: number, startStack: number, stack: number): number {
    const slot = this.open(id, this.now[0] as number)
    this.created++
    this.marks[slot * MARKS + FLAGS] = CREATED
    const root = this.functions.rootOf(startStack)
    if (root !== 0) this.marks[slot * MARKS + GROUP] = this.groups.find(root, this.functions.leafOf(stack))
    this.enter(slot, state, code, state === WAITING ? startStack : stack)
    return slot
  }

  /** Ends the state at hand and begins the next one. */
  move(slot: number, state: Live, code: number, stack: number): void {
    if (stack !== 0) {
      if ((this.marks[slot * MARKS + GROUP] as number) === NO_GROUP) this.learn(slot, stack)
      if (this.marks[slot * MARKS + STATE] === RUNNING) this.marks[slot * MARKS + STACK] = stack
    }
    this.leave(slot)
    this.enter(slot, state, code, stack)
  }

  /** The state at hand, told again, perhaps with the stack that the first telling lacked. */
  tell(slot: number, stack: number): void {
    if (stack === 0) return
    if ((this.marks[slot * MARKS + GROUP] as number) === NO_GROUP) this.learn(slot, stack)
    if (this.marks[slot * MARKS + STACK] === 0) this.marks[slot * MARKS + STACK] = stack
  }

  /** Woken by the goroutine in slot `waker`, or by none (−1: a timer, the poller, the runtime). */
  unblock(slot: number, waker: number): void {
    this.noteWake(slot, waker)
    this.move(slot, RUNNABLE, causes.unblocked, this.marks[slot * MARKS + STACK] as number)
  }

  noteWake(slot: number, waker: number): void {
    if (this.marks[slot * MARKS + STATE] !== WAITING) return
    const wakerGroup = waker === -1 ? NO_WAKER : (this.marks[waker * MARKS + GROUP] as number)
    const at = slot * MARKS
    const row = this.wakes.note(wakerGroup, this.marks[at + GROUP] as number, this.marks[at + CODE] as number)
    if (row === -1) return
    const since = this.times[slot * TIMES + SINCE] as number
    const from = Math.max(since, this.fromNs)
    const length = Math.min(this.now[0] as number, this.toNs) - from
    if (length > 0) this.wakes.ns[row] = (this.wakes.ns[row] as number) + length
  }

  /** The goroutine is gone: folds it into its group. */
  end(slot: number): void {
    this.ended++
    this.leave(slot)
    this.fold(slot, true)
  }

  /** Closes all that lives at the end of the trace. */
  close(): void {
    this.isClosing = true
    this.table.forEach((slot) => {
      this.leave(slot)
      this.fold(slot, false)
    })
  }

  /** Damage: what lives is no longer known from now on. Its time so far stays counted. */
  forget(): void {
    const slots: number[] = []
    this.table.forEach((slot) => {
      slots.push(slot)
    })
    for (const slot of slots) {
      this.leave(slot)
      this.fold(slot, false)
      this.table.remove(this.times[slot * TIMES + ID] as number)
      this.times[slot * TIMES + ID] = Number.NaN
    }
  }

  beginAssist(slot: number, sinceNs: number): void {
    const assist = this.assists.get(slot)
    if (assist === undefined) this.assists.set(slot, { since: sinceNs, ns: 0, count: 1 })
    else if (Number.isNaN(assist.since)) {
      assist.since = sinceNs
      assist.count++
    }
    this.collect(slot)
  }

  /** Length of the assist within the window. */
  endAssist(slot: number): number {
    const assist = this.assists.get(slot)
    if (assist === undefined || Number.isNaN(assist.since)) return 0
    const length = this.clip(assist.since, this.now[0] as number)
    assist.ns += length
    assist.since = Number.NaN
    this.stopCollecting(slot)
    return length
  }

  /** From here on the goroutine works for the collector whenever it runs. */
  collect(slot: number): void {
    const flags = this.marks[slot * MARKS + FLAGS] as number
    if ((flags & COLLECTS) !== 0) return
    this.marks[slot * MARKS + FLAGS] = flags | COLLECTS
    if (this.marks[slot * MARKS + STATE] === RUNNING) this.gauge.work(1, this.now[0] as number)
  }

  stopCollecting(slot: number): void {
    const flags = this.marks[slot * MARKS + FLAGS] as number
    if ((flags & COLLECTS) === 0) return
    this.marks[slot * MARKS + FLAGS] = flags & ~COLLECTS
    if (this.marks[slot * MARKS + STATE] === RUNNING) this.gauge.work(-1, this.now[0] as number)
  }

  /** The processor of a goroutine in a system call was taken away. */
  loseProcessor(slot: number): void {
    if (this.marks[slot * MARKS + STATE] === SYSCALL && Number.isNaN(this.times[slot * TIMES + LOST_AT]))
      this.times[slot * TIMES + LOST_AT] = this.now[0] as number
  }

  setMaxProcessors(count: number): void {
    const wasBusy = this.isBusy()
    this.maxProcessors = count
    if (wasBusy !== this.isBusy()) this.toggleBusy()
  }

  stateOf(slot: number): number {
    return this.marks[slot * MARKS + STATE] as number
  }

  stackOf(slot: number): number {
    return this.marks[slot * MARKS + STACK] as number
  }

  /** Length of the state at hand until now, within the window. */
  lengthUntilNow(slot: number): number {
    return this.clip(this.times[slot * TIMES + SINCE] as number, this.now[0] as number)
  }

  private open(id: number, sinceNs: number): number {
    const known = this.table.find(id)
    if (known !== -1) this.end(known)
    const slot = this.table.add(id)
    if (slot * TIMES >= this.times.length) this.grow(slot + 1)
    this.seen++
    if (this.table.size > this.mostAtOnce) this.mostAtOnce = this.table.size
    this.times[slot * TIMES + ID] = id
    this.times[slot * TIMES + BIRTH] = sinceNs
    this.times[slot * TIMES + SINCE] = sinceNs
    this.times[slot * TIMES + RUNNING_NS] = 0
    this.times[slot * TIMES + RUNNABLE_NS] = 0
    this.times[slot * TIMES + WAITING_NS] = 0
    this.times[slot * TIMES + SYSCALL_NS] = 0
    this.times[slot * TIMES + BLOCKED] = 0
    this.times[slot * TIMES + LOST_AT] = Number.NaN
    this.marks[slot * MARKS + GROUP] = NO_GROUP
    this.marks[slot * MARKS + FLAGS] = 0
    return slot
  }

  private enter(slot: number, state: Live, code: number, stack: number): void {
    this.marks[slot * MARKS + STATE] = state
    this.marks[slot * MARKS + CODE] = code
    this.marks[slot * MARKS + STACK] = stack
    if (state === RUNNING) {
      this.changeRunning(1)
      if (((this.marks[slot * MARKS + FLAGS] as number) & COLLECTS) !== 0) this.gauge.work(1, this.now[0] as number)
    } else if (state === RUNNABLE) {
      const at = this.times[slot * TIMES + SINCE] as number
      const { sums, since } = this.clocks
      const stop = at - (since[STOP_CLOCK] as number)
      const busy = at - (since[BUSY_CLOCK] as number)
      const gc = at - (since[GC_CLOCK] as number)
      this.times[slot * TIMES + STOP_AT] = (sums[STOP_CLOCK] as number) + Math.max(stop, 0)
      this.times[slot * TIMES + BUSY_AT] = (sums[BUSY_CLOCK] as number) + Math.max(busy, 0)
      this.times[slot * TIMES + GC_AT] = (sums[GC_CLOCK] as number) + Math.max(gc, 0)
    }
  }

  /** Charges the state at hand up to now. */
  private leave(slot: number): void {
    const { now } = this
    const since = this.times[slot * TIMES + SINCE] as number
    let to = now[0] as number
    if (to < since) {
      this.backwards++
      to = since
    }
    this.times[slot * TIMES + SINCE] = to
    const from = Math.max(since, this.fromNs)
    if (to > this.toNs) to = this.toNs
    const length = to > from ? to - from : 0
    now[1] = from
    now[2] = length
    const state = this.marks[slot * MARKS + STATE] as number
    if (state === RUNNING) {
      this.times[slot * TIMES + RUNNING_NS] = (this.times[slot * TIMES + RUNNING_NS] as number) + length
      this.changeRunning(-1)
      if (length >= LONG_RUN_NS) this.noteLongRun(slot, from, length)
      if (((this.marks[slot * MARKS + FLAGS] as number) & COLLECTS) !== 0) this.gauge.work(-1, now[0] as number)
    } else {
      if (state === WAITING)
        this.times[slot * TIMES + WAITING_NS] = (this.times[slot * TIMES + WAITING_NS] as number) + length
      else if (state === RUNNABLE) this.leaveRunnable(slot)
      else this.leaveSyscall(slot)
      if (to >= from) this.charge(slot)
    }
    this.marks[slot * MARKS + FLAGS] = (this.marks[slot * MARKS + FLAGS] as number) & ~OLDER
  }

  private leaveRunnable(slot: number): void {
    const length = this.now[2] as number
    if (length === 0) return
    this.times[slot * TIMES + RUNNABLE_NS] = (this.times[slot * TIMES + RUNNABLE_NS] as number) + length
    const to = (this.now[1] as number) + length
    const { sums, since } = this.clocks
    const stopOpen = to - (since[STOP_CLOCK] as number)
    const stop = (sums[STOP_CLOCK] as number) + Math.max(stopOpen, 0) - (this.times[slot * TIMES + STOP_AT] as number)
    const busyOpen = to - (since[BUSY_CLOCK] as number)
    const busy = (sums[BUSY_CLOCK] as number) + Math.max(busyOpen, 0) - (this.times[slot * TIMES + BUSY_AT] as number)
    const gcOpen = to - (since[GC_CLOCK] as number)
    const gc = (sums[GC_CLOCK] as number) + Math.max(gcOpen, 0) - (this.times[slot * TIMES + GC_AT] as number)
    const { during } = this
    if (stop > 0) during[STOP_CLOCK] = (during[STOP_CLOCK] as number) + Math.min(stop, length)
    if (busy > 0) during[BUSY_CLOCK] = (during[BUSY_CLOCK] as number) + Math.min(busy, length)
    if (gc > 0) during[GC_CLOCK] = (during[GC_CLOCK] as number) + Math.min(gc, length)
  }

  private leaveSyscall(slot: number): void {
    this.times[slot * TIMES + SYSCALL_NS] = (this.times[slot * TIMES + SYSCALL_NS] as number) + (this.now[2] as number)
    const lostAt = this.times[slot * TIMES + LOST_AT] as number
    if (!Number.isNaN(lostAt)) {
      this.times[slot * TIMES + BLOCKED] =
        (this.times[slot * TIMES + BLOCKED] as number) + this.clip(lostAt, this.now[0] as number)
      this.times[slot * TIMES + LOST_AT] = Number.NaN
    }
  }

  /** Puts the interval left last to its site. */
  private charge(slot: number): void {
    const group = this.marks[slot * MARKS + GROUP] as number
    if (group === NO_GROUP) {
      this.keep(slot)
      return
    }
    const stays = this.sites
    const family = this.groups.startFunctionOf(group)
    const row = stays.find(
      group,
      this.marks[slot * MARKS + CODE] as number,
      this.marks[slot * MARKS + STACK] as number,
      family,
    )
    if (row === -1) {
      stays.lostCount++
      return
    }
    stays.add(row, this.times, slot * TIMES + ID, this.now, 1)
    if (this.isClosing || ((this.marks[slot * MARKS + FLAGS] as number) & OLDER) !== 0) this.chargeEdge(slot, row)
  }

  /** Of an interval that began before the trace, or had not ended with it. */
  private chargeEdge(slot: number, row: number): void {
    const stays = this.sites
    if (this.isClosing) {
      stays.openCount[row] = (stays.openCount[row] as number) + 1
      stays.openNs[row] = (stays.openNs[row] as number) + (this.now[2] as number)
    }
    if (((this.marks[slot * MARKS + FLAGS] as number) & OLDER) === 0) return
    stays.olderCount[row] = (stays.olderCount[row] as number) + 1
    if (this.isClosing && this.marks[slot * MARKS + STATE] === WAITING && this.marks[slot * MARKS + CODE] === 0) {
      this.noteUnknownWait(slot, this.now[2] as number)
    }
  }

  private keep(slot: number): void {
    const from = this.now[1] as number
    const length = this.now[2] as number
    const kept = this.kept.get(slot)
    const isOlder = ((this.marks[slot * MARKS + FLAGS] as number) & OLDER) !== 0
    if (kept !== undefined && kept.length >= MAX_KEPT_PER_GOROUTINE) {
      this.settle(slot, this.groupOfNameless(slot))
      this.charge(slot)
      return
    }
    const row = [
      this.marks[slot * MARKS + CODE] as number,
      this.marks[slot * MARKS + STACK] as number,
      from,
      length,
      isOlder ? 1 : 0,
    ]
    row.push(this.isClosing ? (this.marks[slot * MARKS + STATE] as number) : 0)
    if (kept === undefined) this.kept.set(slot, row)
    else kept.push(...row)
  }

  private learn(slot: number, stack: number): void {
    const root = this.functions.rootOf(stack)
    if (root !== 0 && this.marks[slot * MARKS + GROUP] === NO_GROUP) this.settle(slot, this.groups.find(root, 0))
  }

  /** Names the group of a goroutine, and charges what it kept. */
  private settle(slot: number, group: number): void {
    this.marks[slot * MARKS + GROUP] = group
    const kept = this.kept.get(slot)
    if (kept === undefined) return
    this.kept.delete(slot)
    const stays = this.sites
    for (let at = 0; at < kept.length; at += 6) {
      const [code, stack, from, length, isOlder, openState] = kept.slice(at, at + 6) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      const row = stays.find(group, code, stack, this.groups.startFunctionOf(group))
      if (row === -1) {
        stays.lostCount++
        continue
      }
      stays.add(row, this.times, slot * TIMES + ID, [from, length], 0)
      stays.olderCount[row] = (stays.olderCount[row] as number) + isOlder
      if (openState === 0) continue
      stays.openCount[row] = (stays.openCount[row] as number) + 1
      stays.openNs[row] = (stays.openNs[row] as number) + length
      if (isOlder === 1 && openState === WAITING && code === 0) this.noteUnknownWait(slot, length)
    }
  }

  private noteUnknownWait(slot: number, length: number): void {
    const { unknownWaits } = this
    unknownWaits.count++
    unknownWaits.ns += length
    if (unknownWaits.rows.length >= MAX_UNKNOWN_WAITS) return
    unknownWaits.rows.push({
      goroutine: this.times[slot * TIMES + ID] as number,
      startFunction: this.functions.nameOf(this.groups.startFunctionOf(this.marks[slot * MARKS + GROUP] as number)),
      stack: this.marks[slot * MARKS + STACK] as number,
    })
  }

  /**
   * A goroutine that never showed a stack. One that was only ever in system calls is an extra thread of cgo, which Go
   * counts among the system's; Go counts all others there too, but they may be anyone's: before Go 1.23 whoever waited
   * through the trace is told without a stack.
   */
  private groupOfNameless(slot: number): number {
    const isElsewhere = this.times[slot * TIMES + RUNNING_NS] !== 0 || this.times[slot * TIMES + WAITING_NS] !== 0
    return isElsewhere ? UNKNOWN_USER_GROUP : NAMELESS_SYSTEM_GROUP
  }

  private fold(slot: number, hasEnded: boolean): void {
    if (this.marks[slot * MARKS + GROUP] === NO_GROUP) this.settle(slot, this.groupOfNameless(slot))
    const group = this.marks[slot * MARKS + GROUP] as number
    const { groups } = this
    const begin = this.times[slot * TIMES + BIRTH] as number
    const end = this.times[slot * TIMES + SINCE] as number
    const isCreated = ((this.marks[slot * MARKS + FLAGS] as number) & CREATED) !== 0
    groups.count[group] = (groups.count[group] as number) + 1
    if (isCreated) groups.created[group] = (groups.created[group] as number) + 1
    if (hasEnded) groups.ended[group] = (groups.ended[group] as number) + 1
    groups.life[group] = (groups.life[group] as number) + this.clip(begin, end)
    groups.running[group] = (groups.running[group] as number) + (this.times[slot * TIMES + RUNNING_NS] as number)
    groups.runnable[group] = (groups.runnable[group] as number) + (this.times[slot * TIMES + RUNNABLE_NS] as number)
    groups.waiting[group] = (groups.waiting[group] as number) + (this.times[slot * TIMES + WAITING_NS] as number)
    groups.syscall[group] = (groups.syscall[group] as number) + (this.times[slot * TIMES + SYSCALL_NS] as number)
    groups.syscallBlocked[group] =
      (groups.syscallBlocked[group] as number) + (this.times[slot * TIMES + BLOCKED] as number)
    if (this.assists.size > 0) this.foldAssist(slot, group)
    this.options.onGoroutine?.(this.describe(slot, group, hasEnded))
    if (!hasEnded) return
    this.table.remove(this.times[slot * TIMES + ID] as number)
    this.times[slot * TIMES + ID] = Number.NaN
  }

  private foldAssist(slot: number, group: number): void {
    const assist = this.assists.get(slot)
    if (assist === undefined) return
    if (!Number.isNaN(assist.since)) assist.ns += this.clip(assist.since, this.now[0] as number)
    this.groups.assist[group] = (this.groups.assist[group] as number) + assist.ns
    this.groups.assistCount[group] = (this.groups.assistCount[group] as number) + assist.count
    this.assists.delete(slot)
  }

  private describe(slot: number, group: number, hasEnded: boolean): GoroutineAccount {
    const startFunction = this.functions.nameOf(this.groups.startFunctionOf(group))
    return {
      id: this.times[slot * TIMES + ID] as number,
      startFunction,
      creator: this.functions.nameOf(this.groups.creatorOf(group)),
      isSystem: group === NAMELESS_SYSTEM_GROUP || isSystemFunction(startFunction),
      startNs: this.times[slot * TIMES + BIRTH] as number,
      endNs: this.times[slot * TIMES + SINCE] as number,
      createdInTrace: ((this.marks[slot * MARKS + FLAGS] as number) & CREATED) !== 0,
      ended: hasEnded,
      runningNs: this.times[slot * TIMES + RUNNING_NS] as number,
      runnableNs: this.times[slot * TIMES + RUNNABLE_NS] as number,
      waitingNs: this.times[slot * TIMES + WAITING_NS] as number,
      syscallNs: this.times[slot * TIMES + SYSCALL_NS] as number,
    }
  }

  private noteLongRun(slot: number, startNs: number, ns: number): void {
    const { longRuns } = this
    if (longRuns.length === LONG_RUNS && ns <= (longRuns[LONG_RUNS - 1] as LongestStay).ns) return
    longRuns.push({
      goroutine: this.times[slot * TIMES + ID] as number,
      startNs,
      ns,
      stack: this.marks[slot * MARKS + STACK] as number,
    })
    longRuns.sort((a, b) => b.ns - a.ns)
    longRuns.length = Math.min(longRuns.length, LONG_RUNS)
  }

  private isBusy(): boolean {
    return this.maxProcessors > 0 && this.runningNow >= this.maxProcessors
  }

  private changeRunning(change: 1 | -1): void {
    const wasBusy = this.isBusy()
    this.runningNow += change
    if (wasBusy !== this.isBusy()) this.toggleBusy()
  }

  private toggleBusy(): void {
    if (this.clocks.isRunning(BUSY_CLOCK)) this.clocks.stop(BUSY_CLOCK, this.now[0] as number)
    else this.clocks.start(BUSY_CLOCK, this.now[0] as number)
  }

  private clip(from: number, to: number): number {
    const begin = Math.max(from, this.fromNs)
    const end = Math.min(to, this.toNs)
    return end > begin ? end - begin : 0
  }

  private grow(places: number): void {
    const known = this.times.length
    this.times = growFloats(this.times, places * TIMES)
    this.times.fill(Number.NaN, known)
    this.marks = growInts(this.marks, places * MARKS)
  }
}
