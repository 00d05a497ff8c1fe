/**
 * The state of every live goroutine, and where its time goes. Each interval is charged when it ends, to the goroutine's
 * totals and to its site; the dead are folded into their group at once. A state first told by a status event held since
 * its generation began. A goroutine that has shown no stack yet keeps its intervals until its start function is known.
 * Order is the trace's; an interval that runs backwards counts 0.
 */
import { allocate, release } from '../lib/arena'
import * as clocks from './clocks'
import { work } from './gauge'
import { noteGoroutine, noteLongRun, noteUnknownWait } from './host'
import { closeRegions } from './regions'
import * as rows from './rows'
import { rowAt, stateOf } from './rows'
import { addOlder, addOpen, addToSite, addWake, groupOf, groupRow, siteOf } from './sites'
import { addStay, openStay, STAY_BYTES } from './sketches'
import { clip, fromNs, now, toNs } from './window'

export const SYSCALL_CODE = -1
/** Runnable, by cause. */
export const CREATED_CODE = -2
export const UNBLOCKED_CODE = -3
export const SYSCALL_EXIT_CODE = -6
export const BEFORE_CODE = -7
export const OTHER_CODE = -8
/** In the waker's place: no goroutine. */
const NO_WAKER = -2
const UNKNOWN_USER_GROUP = 0
const NAMELESS_SYSTEM_GROUP = 1
const LONG_RUN_NS: f64 = 20e6
const MAX_KEPT = 64
/** As long as there are no more than these in all, one goroutine may keep more: coroutines switch without a stack. */
const MAX_KEPT_IN_ALL = 262144
/** Past this many in all none is kept any more. */
const MAX_KEPT_EVER = 4194304
let keptInAll = 0

/** An interval of a goroutine without a group. */
const KEPT_NEXT: usize = 0
const KEPT_CODE: usize = 4
const KEPT_STACK: usize = 8
const KEPT_IS_OLDER: usize = 12
const KEPT_FROM: usize = 16
const KEPT_NS: usize = 24
/** State in which the trace ended, or 0. */
const KEPT_OPEN: usize = 32
const KEPT_COUNT: usize = 36
const KEPT_BYTES: usize = 40

const ASSIST_SINCE: usize = 0
const ASSIST_NS: usize = 8
const ASSIST_COUNT: usize = 16
const ASSIST_BYTES: usize = 24

/** Places of a group's row: goroutines, made, ended, life, the four states' times, blocked, assists' time and number. */
const GROUP_CREATED: usize = 8
const GROUP_ENDED: usize = 16
const GROUP_LIFE: usize = 24
const GROUP_TOTALS: usize = 32
const GROUP_BLOCKED: usize = 64
const GROUP_ASSIST: usize = 72
const GROUP_ASSISTS: usize = 80

export let backwards: f64 = 0
export let created: f64 = 0
export let ended: f64 = 0
export let seen: f64 = 0
/** Goroutines that no row was left for. */
export let lostGoroutines: f64 = 0
export let live: f64 = 0
export let mostAtOnce: f64 = 0
export let runningNow: f64 = 0
export let maxProcessors: f64 = 0
/** Runnable time under each condition. */
export let duringStop: f64 = 0
export let duringBusy: f64 = 0
export let duringGc: f64 = 0
/** In the window, of the interval that was left last. */
export let leftFrom: f64 = 0
export let leftNs: f64 = 0
export let assistStay: usize = 0
let isClosing: bool = false
let tellsGoroutines: bool = false

export function openGoroutines(tells: bool): void {
  tellsGoroutines = tells
  assistStay = openStay(STAY_BYTES)
}

/** A goroutine that the trace first names by its state: it held since `sinceNs`. */
export function openOlder(slot: u32, id: f64, state: i32, sinceNs: f64, stack: i32): void {
  const row = open(slot, id, sinceNs)
  if (row == 0) return
  enter(
    row,
    rows.OLDER,
    state,
    state == rows.SYSCALL ? SYSCALL_CODE : state == rows.RUNNABLE ? BEFORE_CODE : 0,
    stack,
  )
  if (stack != 0) learn(row, stack)
}

/** A goroutine made within the trace. `startStack`: its first frame; `stack`: the go statement's. */
export function create(slot: u32, id: f64, state: i32, code: i32, startStack: i32, stack: i32): void {
  const row = open(slot, id, now)
  if (row == 0) return
  created++
  if (startStack != 0) store<i32>(row, groupOf(startStack, stack), rows.GROUP)
  enter(row, rows.CREATED, state, code, state == rows.WAITING ? startStack : stack)
}

/** Ends the state at hand and begins the next one. */
// @ts-ignore: decorator
@inline
export function move(row: usize, state: i32, code: i32, stack: i32): void {
  if (stack != 0) {
    if (load<i32>(row, rows.GROUP) == rows.NO_GROUP) learn(row, stack)
    if (stateOf(row) == rows.RUNNING) store<i32>(row, stack, rows.STACK)
  }
  enter(row, leave(row), state, code, stack)
}

/** The state at hand, told again, perhaps with the stack that the first telling lacked. */
export function tell(row: usize, stack: i32): void {
  if (stack == 0) return
  if (load<i32>(row, rows.GROUP) == rows.NO_GROUP) learn(row, stack)
  if (load<i32>(row, rows.STACK) == 0) store<i32>(row, stack, rows.STACK)
}

/** Woken by the goroutine in row `waker`, or by none (0: a timer, the poller, the runtime). */
// @ts-ignore: decorator
@inline
export function noteWake(row: usize, waker: usize): void {
  if (stateOf(row) != rows.WAITING) return
  const since = load<f64>(row, rows.SINCE)
  const from = since > fromNs ? since : fromNs
  const ns = (now < toNs ? now : toNs) - from
  const wakerGroup = waker == 0 ? NO_WAKER : load<i32>(waker, rows.GROUP)
  addWake(wakerGroup, load<i32>(row, rows.GROUP), load<i32>(row, rows.CODE), ns)
}

/** The goroutine is gone: folds it into its group. */
export function end(row: usize): void {
  ended++
  leaveFor(row)
  fold(row, true)
}

/** Closes all that lives at the end of the trace. */
export function closeGoroutines(): void {
  isClosing = true
  forgetGoroutines()
}

/** Damage: what lives is no longer known from now on. Its time so far stays counted. */
export function forgetGoroutines(): void {
  const count = rows.rowCount()
  for (let slot: u32 = 0; slot < count; slot++) {
    const row = rowAt(slot)
    if (stateOf(row) == 0) continue
    leaveFor(row)
    fold(row, false)
  }
}

export function beginAssist(row: usize, sinceNs: f64): void {
  let assist = <usize>load<u32>(row, rows.ASSIST)
  if (assist == 0) {
    assist = allocate(ASSIST_BYTES)
    store<f64>(assist, NaN, ASSIST_SINCE)
    store<f64>(assist, 0, ASSIST_NS)
    store<f64>(assist, 0, ASSIST_COUNT)
    store<u32>(row, <u32>assist, rows.ASSIST)
  }
  const since = load<f64>(assist, ASSIST_SINCE)
  if (since != since) {
    store<f64>(assist, sinceNs, ASSIST_SINCE)
    store<f64>(assist, load<f64>(assist, ASSIST_COUNT) + 1, ASSIST_COUNT)
  }
  collect(row)
}

export function endAssist(row: usize): void {
  const assist = <usize>load<u32>(row, rows.ASSIST)
  let ns: f64 = 0
  if (assist != 0) {
    const since = load<f64>(assist, ASSIST_SINCE)
    if (since == since) {
      ns = clip(since, now)
      store<f64>(assist, load<f64>(assist, ASSIST_NS) + ns, ASSIST_NS)
      store<f64>(assist, NaN, ASSIST_SINCE)
      stopCollecting(row)
    }
  }
  addStay(assistStay, ns)
}

/** From here on the goroutine works for the collector whenever it runs. */
export function collect(row: usize): void {
  const marks = load<i32>(row, rows.MARKS)
  if ((marks & rows.COLLECTS) != 0) return
  store<i32>(row, marks | rows.COLLECTS, rows.MARKS)
  if (stateOf(row) == rows.RUNNING) work(1, now)
}

export function stopCollecting(row: usize): void {
  const marks = load<i32>(row, rows.MARKS)
  if ((marks & rows.COLLECTS) == 0) return
  store<i32>(row, marks & ~rows.COLLECTS, rows.MARKS)
  if (stateOf(row) == rows.RUNNING) work(-1, now)
}

/** The processor of a goroutine in a system call was taken away. */
export function loseProcessor(row: usize): void {
  const lostAt = load<f64>(row, rows.LOST_AT)
  if (stateOf(row) == rows.SYSCALL && lostAt != lostAt) store<f64>(row, now, rows.LOST_AT)
}

export function setMaxProcessors(count: f64): void {
  const wasBusy = isBusy()
  maxProcessors = count
  if (wasBusy != isBusy()) toggleBusy()
}

function open(slot: u32, id: f64, sinceNs: f64): usize {
  if (!rows.reach(slot)) {
    lostGoroutines++
    return 0
  }
  const row = rowAt(slot)
  if (stateOf(row) != 0) replace(row, id)
  seen++
  live++
  if (live > mostAtOnce) mostAtOnce = live
  store<f64>(row, sinceNs, rows.SINCE)
  store<f64>(row, id, rows.ID)
  store<i32>(row, rows.NO_GROUP, rows.GROUP)
  store<f64>(row, 0, rows.RUNNABLE_NS)
  store<f64>(row, 0, rows.RUNNING_NS)
  store<f64>(row, 0, rows.WAITING_NS)
  store<f64>(row, 0, rows.SYSCALL_NS)
  store<f64>(row, sinceNs, rows.BIRTH)
  store<f64>(row, 0, rows.BLOCKED_NS)
  store<f64>(row, NaN, rows.LOST_AT)
  store<u64>(row, 0, rows.REGION)
  store<u32>(row, 0, rows.ASSIST)
  return row
}

/** A place is taken anew though its goroutine's end was not seen. */
function replace(row: usize, id: f64): void {
  if (load<f64>(row, rows.ID) == id) {
    end(row)
    return
  }
  leaveFor(row)
  fold(row, false)
}

/** Leaves the state at hand for none. */
function leaveFor(row: usize): void {
  store<i32>(row, leave(row), rows.MARKS)
}

// @ts-ignore: decorator
@inline
function enter(row: usize, before: i32, state: i32, code: i32, stack: i32): void {
  const marks = (before & ~rows.STATE_MASK) | state
  store<i32>(row, marks, rows.MARKS)
  store<i32>(row, code, rows.CODE)
  store<i32>(row, stack, rows.STACK)
  if (state == rows.RUNNING) {
    changeRunning(1)
    if ((marks & rows.COLLECTS) != 0) work(1, now)
  } else if (state == rows.RUNNABLE) {
    const at = load<f64>(row, rows.SINCE)
    store<f64>(row, clocks.readStop(at), rows.STOP_AT)
    store<f64>(row, clocks.readBusy(at), rows.BUSY_AT)
    store<f64>(row, clocks.readGc(at), rows.GC_AT)
  }
}

/** Charges the state at hand up to now, and gives the row's marks after it, which are not stored. */
// @ts-ignore: decorator
@inline
function leave(row: usize): i32 {
  const since = load<f64>(row, rows.SINCE)
  let to = now
  if (to < since) {
    backwards++
    to = since
  }
  store<f64>(row, to, rows.SINCE)
  const from = since > fromNs ? since : fromNs
  if (to > toNs) to = toNs
  const ns = to > from ? to - from : 0
  leftFrom = from
  leftNs = ns
  const marks = load<i32>(row, rows.MARKS)
  const state = marks & rows.STATE_MASK
  const total = row + rows.TOTALS + ((<usize>(state - rows.RUNNABLE)) << 3)
  store<f64>(total, load<f64>(total) + ns)
  if (state == rows.RUNNING) {
    changeRunning(-1)
    if (ns >= LONG_RUN_NS) noteLongRun(load<f64>(row, rows.ID), from, ns, load<i32>(row, rows.STACK))
    if ((marks & rows.COLLECTS) != 0) work(-1, now)
  } else {
    if (state == rows.RUNNABLE) {
      if (ns > 0) leaveRunnable(row, from + ns, ns)
    } else if (state == rows.SYSCALL) leaveSyscall(row)
    if (to >= from) charge(row, marks, from, ns)
  }
  return marks & ~rows.OLDER
}

// @ts-ignore: decorator
@inline
function leaveRunnable(row: usize, to: f64, ns: f64): void {
  const stop = clocks.readStop(to) - load<f64>(row, rows.STOP_AT)
  const busy = clocks.readBusy(to) - load<f64>(row, rows.BUSY_AT)
  const gc = clocks.readGc(to) - load<f64>(row, rows.GC_AT)
  if (stop > 0) duringStop += stop < ns ? stop : ns
  if (busy > 0) duringBusy += busy < ns ? busy : ns
  if (gc > 0) duringGc += gc < ns ? gc : ns
}

// @ts-ignore: decorator
@inline
function leaveSyscall(row: usize): void {
  const lostAt = load<f64>(row, rows.LOST_AT)
  if (lostAt != lostAt) return
  store<f64>(row, load<f64>(row, rows.BLOCKED_NS) + clip(lostAt, now), rows.BLOCKED_NS)
  store<f64>(row, NaN, rows.LOST_AT)
}

/** Puts an interval to its site. */
// @ts-ignore: decorator
@inline
function charge(row: usize, marks: i32, from: f64, ns: f64): void {
  if (load<i32>(row, rows.GROUP) == rows.NO_GROUP) keep(row, marks, from, ns)
  else chargeSite(row, marks, from, ns)
}

// @ts-ignore: decorator
@inline
function chargeSite(row: usize, marks: i32, from: f64, ns: f64): void {
  const site = siteOf(load<i32>(row, rows.GROUP), load<i32>(row, rows.CODE), load<i32>(row, rows.STACK))
  if (site == 0) return
  addToSite(site, load<f64>(row, rows.ID), from, ns)
  if (isClosing || (marks & rows.OLDER) != 0) chargeEdge(row, site, marks, ns)
}

/** Of an interval that began before the trace, or had not ended with it. */
function chargeEdge(row: usize, site: usize, marks: i32, ns: f64): void {
  if (isClosing) addOpen(site, ns)
  if ((marks & rows.OLDER) == 0) return
  addOlder(site)
  if (isClosing && (marks & rows.STATE_MASK) == rows.WAITING && load<i32>(row, rows.CODE) == 0) {
    noteUnknownWait(load<f64>(row, rows.ID), load<i32>(row, rows.GROUP), ns, load<i32>(row, rows.STACK))
  }
}

function keep(row: usize, marks: i32, from: f64, ns: f64): void {
  const first = <usize>load<u32>(row, rows.KEPT)
  const count = first == 0 ? 0 : load<i32>(first, KEPT_COUNT)
  if (
    keptInAll >= MAX_KEPT_EVER ||
    (count >= MAX_KEPT && keptInAll >= MAX_KEPT_IN_ALL)
  ) {
    settle(row, groupOfNameless(row))
    chargeSite(row, marks, from, ns)
    return
  }
  const kept = allocate(KEPT_BYTES)
  store<u32>(kept, <u32>first, KEPT_NEXT)
  store<i32>(kept, load<i32>(row, rows.CODE), KEPT_CODE)
  store<i32>(kept, load<i32>(row, rows.STACK), KEPT_STACK)
  store<i32>(kept, (marks & rows.OLDER) != 0 ? 1 : 0, KEPT_IS_OLDER)
  store<f64>(kept, from, KEPT_FROM)
  store<f64>(kept, ns, KEPT_NS)
  store<i32>(kept, isClosing ? marks & rows.STATE_MASK : 0, KEPT_OPEN)
  store<i32>(kept, count + 1, KEPT_COUNT)
  store<u32>(row, <u32>kept, rows.KEPT)
  keptInAll++
}

/** A stack that the goroutine showed while it ran: of a go statement, or where it woke another. */
export function show(row: usize, stack: i32): void {
  if (row != 0 && stack != 0 && load<i32>(row, rows.GROUP) == rows.NO_GROUP) learn(row, stack)
}

function learn(row: usize, stack: i32): void {
  const group = groupOf(stack, 0)
  if (group != rows.NO_GROUP) settle(row, group)
}

/** Names the group of a goroutine, and charges what it kept. */
function settle(row: usize, group: i32): void {
  store<i32>(row, group, rows.GROUP)
  let kept = <usize>load<u32>(row, rows.KEPT)
  store<u32>(row, 0, rows.KEPT)
  const id = load<f64>(row, rows.ID)
  while (kept != 0) {
    const ns = load<f64>(kept, KEPT_NS)
    const code = load<i32>(kept, KEPT_CODE)
    const stack = load<i32>(kept, KEPT_STACK)
    const site = siteOf(group, code, stack)
    if (site != 0) {
      addToSite(site, id, load<f64>(kept, KEPT_FROM), ns)
      const isOlder = load<i32>(kept, KEPT_IS_OLDER) != 0
      if (isOlder) addOlder(site)
      const open = load<i32>(kept, KEPT_OPEN)
      if (open != 0) {
        addOpen(site, ns)
        if (isOlder && open == rows.WAITING && code == 0) noteUnknownWait(id, group, ns, stack)
      }
    }
    const next = <usize>load<u32>(kept, KEPT_NEXT)
    release(kept, KEPT_BYTES)
    keptInAll--
    kept = next
  }
}

/**
 * A goroutine that never showed a stack. One that was only ever in system calls is an extra thread of cgo, which Go
 * counts among the system's; Go counts all others there too, but they may be anyone's: before Go 1.23 whoever waited
 * through the trace is told without a stack.
 */
function groupOfNameless(row: usize): i32 {
  const isElsewhere = load<f64>(row, rows.RUNNING_NS) != 0 || load<f64>(row, rows.WAITING_NS) != 0
  return isElsewhere ? UNKNOWN_USER_GROUP : NAMELESS_SYSTEM_GROUP
}

function fold(row: usize, hasEnded: bool): void {
  if (load<u32>(row, rows.REGION) != 0) closeRegions(row, now)
  if (load<i32>(row, rows.GROUP) == rows.NO_GROUP) settle(row, groupOfNameless(row))
  const group = groupRow(load<i32>(row, rows.GROUP))
  store<f64>(group, load<f64>(group) + 1)
  if ((load<i32>(row, rows.MARKS) & rows.CREATED) != 0) add(group + GROUP_CREATED, 1)
  if (hasEnded) add(group + GROUP_ENDED, 1)
  add(group + GROUP_LIFE, clip(load<f64>(row, rows.BIRTH), load<f64>(row, rows.SINCE)))
  add(group + GROUP_TOTALS, load<f64>(row, rows.RUNNABLE_NS))
  add(group + GROUP_TOTALS + 8, load<f64>(row, rows.RUNNING_NS))
  add(group + GROUP_TOTALS + 16, load<f64>(row, rows.WAITING_NS))
  add(group + GROUP_TOTALS + 24, load<f64>(row, rows.SYSCALL_NS))
  add(group + GROUP_BLOCKED, load<f64>(row, rows.BLOCKED_NS))
  if (load<u32>(row, rows.ASSIST) != 0) foldAssist(row, group)
  if (tellsGoroutines) noteGoroutine(<u32>row, hasEnded ? 1 : 0)
  store<i32>(row, 0, rows.MARKS)
  live--
}

function foldAssist(row: usize, group: usize): void {
  const assist = <usize>load<u32>(row, rows.ASSIST)
  const since = load<f64>(assist, ASSIST_SINCE)
  const open = since == since ? clip(since, now) : 0
  add(group + GROUP_ASSIST, load<f64>(assist, ASSIST_NS) + open)
  add(group + GROUP_ASSISTS, load<f64>(assist, ASSIST_COUNT))
  release(assist, ASSIST_BYTES)
  store<u32>(row, 0, rows.ASSIST)
}

// @ts-ignore: decorator
@inline
function add(place: usize, amount: f64): void {
  store<f64>(place, load<f64>(place) + amount)
}

// @ts-ignore: decorator
@inline
function isBusy(): bool {
  return maxProcessors > 0 && runningNow >= maxProcessors
}

// @ts-ignore: decorator
@inline
function changeRunning(change: f64): void {
  const wasBusy = isBusy()
  runningNow += change
  if (wasBusy != isBusy()) toggleBusy()
}

function toggleBusy(): void {
  if (clocks.isBusyRunning) clocks.stopBusy(now)
  else clocks.startBusy(now)
}
