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
import { growFloats, growInts, KeyTable } from '../columns/key-table.ts'
import { runnableCode, SYSCALL_CODE } from './codes.ts'
import { BUSY_CLOCK, type ConditionClocks, GC_CLOCK, STOP_CLOCK } from './condition-clocks.ts'
import { GroupTable, NAMELESS_SYSTEM_GROUP, UNKNOWN_USER_GROUP } from './groups.ts'
import type { MutatorGauge } from './mutator-gauge.ts'
import type { SiteTable } from './sites.ts'
import { isSystemFunction, type StackFunctions } from './stack-functions.ts'

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
const MAX_WAKES = 16_384
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
  readonly wakes = new KeyTable(MAX_WAKES)
  wakeCount = new Float64Array(256)
  wakeNs = new Float64Array(256)
  lostWakes = 0
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

  ids = new Float64Array(1024).fill(Number.NaN)
  since = new Float64Array(1024)
  running = new Float64Array(1024)
  runnable = new Float64Array(1024)
  waiting = new Float64Array(1024)
  syscall = new Float64Array(1024)
  private birth = new Float64Array(1024)
  private blocked = new Float64Array(1024)
  private lostAt = new Float64Array(1024)
  private stopAt = new Float64Array(1024)
  private busyAt = new Float64Array(1024)
  private gcAt = new Float64Array(1024)
  state: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  private flags: Uint8Array<ArrayBuffer> = new Uint8Array(1024)
  private code = new Int32Array(1024)
  private stack = new Int32Array(1024)
  group = new Int32Array(1024)
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
    if (this.ids[slot] === ids[row]) return slot
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
    this.flags[slot] = OLDER
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
    this.flags[slot] = CREATED
    const root = this.functions.rootOf(startStack)
    if (root !== 0) this.group[slot] = this.groups.find(root, this.functions.leafOf(stack))
    this.enter(slot, state, code, state === WAITING ? startStack : stack)
    return slot
  }

  /** Ends the state at hand and begins the next one. */
  move(slot: number, state: Live, code: number, stack: number): void {
    if (stack !== 0) {
      if ((this.group[slot] as number) === NO_GROUP) this.learn(slot, stack)
      if (this.state[slot] === RUNNING) this.stack[slot] = stack
    }
    this.leave(slot)
    this.enter(slot, state, code, stack)
  }

  /** The state at hand, told again, perhaps with the stack that the first telling lacked. */
  tell(slot: number, stack: number): void {
    if (stack === 0) return
    if ((this.group[slot] as number) === NO_GROUP) this.learn(slot, stack)
    if (this.stack[slot] === 0) this.stack[slot] = stack
  }

  /** Woken by the goroutine in slot `waker`, or by none (−1: a timer, the poller, the runtime). */
  unblock(slot: number, waker: number): void {
    this.noteWake(slot, waker)
    this.move(slot, RUNNABLE, causes.unblocked, this.stack[slot] as number)
  }

  noteWake(slot: number, waker: number): void {
    if (this.state[slot] !== WAITING) return
    const wakerGroup = waker === -1 ? -2 : (this.group[waker] as number)
    const row = this.wakes.intern(wakerGroup, this.group[slot] as number, this.code[slot] as number)
    if (row === -1) {
      this.lostWakes++
      return
    }
    if (row >= this.wakeCount.length) {
      this.wakeCount = growFloats(this.wakeCount, row + 1)
      this.wakeNs = growFloats(this.wakeNs, row + 1)
    }
    this.wakeCount[row] = (this.wakeCount[row] as number) + 1
    const since = this.since[slot] as number
    const from = Math.max(since, this.fromNs)
    const length = Math.min(this.now[0] as number, this.toNs) - from
    if (length > 0) this.wakeNs[row] = (this.wakeNs[row] as number) + length
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
    const flags = this.flags[slot] as number
    if ((flags & COLLECTS) !== 0) return
    this.flags[slot] = flags | COLLECTS
    if (this.state[slot] === RUNNING) this.gauge.work(1, this.now[0] as number)
  }

  stopCollecting(slot: number): void {
    const flags = this.flags[slot] as number
    if ((flags & COLLECTS) === 0) return
    this.flags[slot] = flags & ~COLLECTS
    if (this.state[slot] === RUNNING) this.gauge.work(-1, this.now[0] as number)
  }

  /** The processor of a goroutine in a system call was taken away. */
  loseProcessor(slot: number): void {
    if (this.state[slot] === SYSCALL && Number.isNaN(this.lostAt[slot])) this.lostAt[slot] = this.now[0] as number
  }

  setMaxProcessors(count: number): void {
    const wasBusy = this.isBusy()
    this.maxProcessors = count
    if (wasBusy !== this.isBusy()) this.toggleBusy()
  }

  stackOf(slot: number): number {
    return this.stack[slot] as number
  }

  /** Length of the state at hand until now, within the window. */
  lengthUntilNow(slot: number): number {
    return this.clip(this.since[slot] as number, this.now[0] as number)
  }

  private open(id: number, sinceNs: number): number {
    const known = this.table.find(id)
    if (known !== -1) this.end(known)
    const slot = this.table.add(id)
    if (slot >= this.ids.length) this.grow(slot + 1)
    this.seen++
    if (this.table.size > this.mostAtOnce) this.mostAtOnce = this.table.size
    this.ids[slot] = id
    this.birth[slot] = sinceNs
    this.since[slot] = sinceNs
    this.running[slot] = 0
    this.runnable[slot] = 0
    this.waiting[slot] = 0
    this.syscall[slot] = 0
    this.blocked[slot] = 0
    this.lostAt[slot] = Number.NaN
    this.group[slot] = NO_GROUP
    this.flags[slot] = 0
    return slot
  }

  private enter(slot: number, state: Live, code: number, stack: number): void {
    this.state[slot] = state
    this.code[slot] = code
    this.stack[slot] = stack
    if (state === RUNNING) {
      this.changeRunning(1)
      if (((this.flags[slot] as number) & COLLECTS) !== 0) this.gauge.work(1, this.now[0] as number)
    } else if (state === RUNNABLE) {
      const at = this.since[slot] as number
      const { sums, since } = this.clocks
      const stop = at - (since[STOP_CLOCK] as number)
      const busy = at - (since[BUSY_CLOCK] as number)
      const gc = at - (since[GC_CLOCK] as number)
      this.stopAt[slot] = (sums[STOP_CLOCK] as number) + Math.max(stop, 0)
      this.busyAt[slot] = (sums[BUSY_CLOCK] as number) + Math.max(busy, 0)
      this.gcAt[slot] = (sums[GC_CLOCK] as number) + Math.max(gc, 0)
    }
  }

  /** Charges the state at hand up to now. */
  private leave(slot: number): void {
    const { now } = this
    const since = this.since[slot] as number
    let to = now[0] as number
    if (to < since) {
      this.backwards++
      to = since
    }
    this.since[slot] = to
    const from = Math.max(since, this.fromNs)
    if (to > this.toNs) to = this.toNs
    const length = to > from ? to - from : 0
    now[1] = from
    now[2] = length
    const state = this.state[slot] as number
    if (state === RUNNING) {
      this.running[slot] = (this.running[slot] as number) + length
      this.changeRunning(-1)
      if (length >= LONG_RUN_NS) this.noteLongRun(slot, from, length)
      if (((this.flags[slot] as number) & COLLECTS) !== 0) this.gauge.work(-1, now[0] as number)
    } else {
      if (state === WAITING) this.waiting[slot] = (this.waiting[slot] as number) + length
      else if (state === RUNNABLE) this.leaveRunnable(slot)
      else this.leaveSyscall(slot)
      if (to >= from) this.charge(slot)
    }
    this.flags[slot] = (this.flags[slot] as number) & ~OLDER
  }

  private leaveRunnable(slot: number): void {
    const length = this.now[2] as number
    if (length === 0) return
    this.runnable[slot] = (this.runnable[slot] as number) + length
    const to = (this.now[1] as number) + length
    const { sums, since } = this.clocks
    const stopOpen = to - (since[STOP_CLOCK] as number)
    const stop = (sums[STOP_CLOCK] as number) + Math.max(stopOpen, 0) - (this.stopAt[slot] as number)
    const busyOpen = to - (since[BUSY_CLOCK] as number)
    const busy = (sums[BUSY_CLOCK] as number) + Math.max(busyOpen, 0) - (this.busyAt[slot] as number)
    const gcOpen = to - (since[GC_CLOCK] as number)
    const gc = (sums[GC_CLOCK] as number) + Math.max(gcOpen, 0) - (this.gcAt[slot] as number)
    const { during } = this
    if (stop > 0) during[STOP_CLOCK] = (during[STOP_CLOCK] as number) + Math.min(stop, length)
    if (busy > 0) during[BUSY_CLOCK] = (during[BUSY_CLOCK] as number) + Math.min(busy, length)
    if (gc > 0) during[GC_CLOCK] = (during[GC_CLOCK] as number) + Math.min(gc, length)
  }

  private leaveSyscall(slot: number): void {
    this.syscall[slot] = (this.syscall[slot] as number) + (this.now[2] as number)
    const lostAt = this.lostAt[slot] as number
    if (!Number.isNaN(lostAt)) {
      this.blocked[slot] = (this.blocked[slot] as number) + this.clip(lostAt, this.now[0] as number)
      this.lostAt[slot] = Number.NaN
    }
  }

  /** Puts the interval left last to its site. */
  private charge(slot: number): void {
    const group = this.group[slot] as number
    if (group === NO_GROUP) {
      this.keep(slot)
      return
    }
    const stays = this.sites
    const family = this.groups.startFunctionOf(group)
    const row = stays.find(group, this.code[slot] as number, this.stack[slot] as number, family)
    if (row === -1) {
      stays.lostCount++
      return
    }
    stays.add(row, this.ids, slot, this.now, 1)
    if (this.isClosing || ((this.flags[slot] as number) & OLDER) !== 0) this.chargeEdge(slot, row)
  }

  /** Of an interval that began before the trace, or had not ended with it. */
  private chargeEdge(slot: number, row: number): void {
    const stays = this.sites
    if (this.isClosing) {
      stays.openCount[row] = (stays.openCount[row] as number) + 1
      stays.openNs[row] = (stays.openNs[row] as number) + (this.now[2] as number)
    }
    if (((this.flags[slot] as number) & OLDER) === 0) return
    stays.olderCount[row] = (stays.olderCount[row] as number) + 1
    if (this.isClosing && this.state[slot] === WAITING && this.code[slot] === 0) {
      this.noteUnknownWait(slot, this.now[2] as number)
    }
  }

  private keep(slot: number): void {
    const from = this.now[1] as number
    const length = this.now[2] as number
    const kept = this.kept.get(slot)
    const isOlder = ((this.flags[slot] as number) & OLDER) !== 0
    if (kept !== undefined && kept.length >= MAX_KEPT_PER_GOROUTINE) {
      this.settle(slot, this.groupOfNameless(slot))
      this.charge(slot)
      return
    }
    const row = [this.code[slot] as number, this.stack[slot] as number, from, length, isOlder ? 1 : 0]
    row.push(this.isClosing ? (this.state[slot] as number) : 0)
    if (kept === undefined) this.kept.set(slot, row)
    else kept.push(...row)
  }

  private learn(slot: number, stack: number): void {
    const root = this.functions.rootOf(stack)
    if (root !== 0 && this.group[slot] === NO_GROUP) this.settle(slot, this.groups.find(root, 0))
  }

  /** Names the group of a goroutine, and charges what it kept. */
  private settle(slot: number, group: number): void {
    this.group[slot] = group
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
      stays.add(row, this.ids, slot, [from, length], 0)
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
      goroutine: this.ids[slot] as number,
      startFunction: this.functions.nameOf(this.groups.startFunctionOf(this.group[slot] as number)),
      stack: this.stack[slot] as number,
    })
  }

  /**
   * A goroutine that never showed a stack. One that was only ever in system calls is an extra thread of cgo, which Go
   * counts among the system's; Go counts all others there too, but they may be anyone's: before Go 1.23 whoever waited
   * through the trace is told without a stack.
   */
  private groupOfNameless(slot: number): number {
    const isElsewhere = this.running[slot] !== 0 || this.waiting[slot] !== 0
    return isElsewhere ? UNKNOWN_USER_GROUP : NAMELESS_SYSTEM_GROUP
  }

  private fold(slot: number, hasEnded: boolean): void {
    if (this.group[slot] === NO_GROUP) this.settle(slot, this.groupOfNameless(slot))
    const group = this.group[slot] as number
    const { groups } = this
    const begin = this.birth[slot] as number
    const end = this.since[slot] as number
    const isCreated = ((this.flags[slot] as number) & CREATED) !== 0
    groups.count[group] = (groups.count[group] as number) + 1
    if (isCreated) groups.created[group] = (groups.created[group] as number) + 1
    if (hasEnded) groups.ended[group] = (groups.ended[group] as number) + 1
    groups.life[group] = (groups.life[group] as number) + this.clip(begin, end)
    groups.running[group] = (groups.running[group] as number) + (this.running[slot] as number)
    groups.runnable[group] = (groups.runnable[group] as number) + (this.runnable[slot] as number)
    groups.waiting[group] = (groups.waiting[group] as number) + (this.waiting[slot] as number)
    groups.syscall[group] = (groups.syscall[group] as number) + (this.syscall[slot] as number)
    groups.syscallBlocked[group] = (groups.syscallBlocked[group] as number) + (this.blocked[slot] as number)
    if (this.assists.size > 0) this.foldAssist(slot, group)
    this.options.onGoroutine?.(this.describe(slot, group, hasEnded))
    if (!hasEnded) return
    this.table.remove(this.ids[slot] as number)
    this.ids[slot] = Number.NaN
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
      id: this.ids[slot] as number,
      startFunction,
      creator: this.functions.nameOf(this.groups.creatorOf(group)),
      isSystem: group === NAMELESS_SYSTEM_GROUP || isSystemFunction(startFunction),
      startNs: this.birth[slot] as number,
      endNs: this.since[slot] as number,
      createdInTrace: ((this.flags[slot] as number) & CREATED) !== 0,
      ended: hasEnded,
      runningNs: this.running[slot] as number,
      runnableNs: this.runnable[slot] as number,
      waitingNs: this.waiting[slot] as number,
      syscallNs: this.syscall[slot] as number,
    }
  }

  private noteLongRun(slot: number, startNs: number, ns: number): void {
    const { longRuns } = this
    if (longRuns.length === LONG_RUNS && ns <= (longRuns[LONG_RUNS - 1] as LongestStay).ns) return
    longRuns.push({ goroutine: this.ids[slot] as number, startNs, ns, stack: this.stack[slot] as number })
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
    const known = this.ids.length
    this.ids = growFloats(this.ids, places)
    this.ids.fill(Number.NaN, known)
    this.since = growFloats(this.since, places)
    this.running = growFloats(this.running, places)
    this.runnable = growFloats(this.runnable, places)
    this.waiting = growFloats(this.waiting, places)
    this.syscall = growFloats(this.syscall, places)
    this.birth = growFloats(this.birth, places)
    this.blocked = growFloats(this.blocked, places)
    this.lostAt = growFloats(this.lostAt, places)
    this.stopAt = growFloats(this.stopAt, places)
    this.busyAt = growFloats(this.busyAt, places)
    this.gcAt = growFloats(this.gcAt, places)
    this.code = growInts(this.code, places)
    this.stack = growInts(this.stack, places)
    this.group = growInts(this.group, places)
    const state = new Uint8Array(this.ids.length)
    state.set(this.state)
    this.state = state
    const flags = new Uint8Array(this.ids.length)
    flags.set(this.flags)
    this.flags = flags
  }
}
