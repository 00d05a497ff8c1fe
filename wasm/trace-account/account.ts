/**
 * The accounting of an execution trace over the columns of its chunks. Enters: the address of a chunk. Stays: rows in
 * memory, which JavaScript reads at the end. Frequent kinds are handled here, the rest is handed out row by row.
 * Transitions are those of internal/trace/order.go; whatever a damaged trace says instead moves a goroutine to the
 * state that the event leads to, and never traps.
 */
import { allocate } from '../lib/arena'
import { ARG0, ARG1, ARG2, ARG3, GENERATIONS, GOROUTINES, KINDS, PROCESSORS, SLOTS, TARGETS, TIMES } from './columns'
import { openGauge, setGaugeProcessors } from './gauge'
import * as ledger from './goroutines'
import { isCollectorLabel, stepRare, stopCodeOf } from './host'
import * as kind from './kinds'
import { forgetPlaces } from './places'
import * as processors from './processors'
import { beginRegion, endRegion, openRegions } from './regions'
import * as rows from './rows'
import { rowAt, stateOf } from './rows'
import { openSites } from './sites'
import { beginSweep, endSweep, openSweeps } from './sweeps'
import { beginTask, closeTasks, endTask, noteLog, openTasks } from './tasks'
import { now, setNow, setWindow } from './window'

export { CHUNK_BYTES, makeChunk }
export { fillPlaces } from './places'
export { openSketch } from './sketches'
export { endGc, endStop, readAllBusy, startGc, startStop } from './clocks'
export { advanceGauge, collectorNs, gaugeProcessors, longestSteps, stopMutators, worstOf } from './gauge'
export { backwards, created, duringBusy, duringGc, duringStop, ended, lostGoroutines, maxProcessors, mostAtOnce, seen } from './goroutines'
export { assistStay } from './goroutines'
export { ignoredProcessors, processorRows } from './processors'
export { lostRegions, regionTypes } from './regions'
export { groupCount, groupRow, groupRows, lostStays, lostWakes, siteCount, siteRows, wakeCount, wakeRows } from './sites'
export { reclaimedBytes, sweepStay, sweptBytes } from './sweeps'
export { logCategories, logCount, lostTasks, taskCount, taskTypes } from './tasks'

/** A direct switch to another goroutine: waits without a reason, and only coroutines do so. */
const COROUTINE_CODE = -1000
const CHUNK_BYTES: usize = 73 * 8192
const KIND_COUNT = 256
/** Codes of stop reasons, by the low bits of the reason: reason + 1, code. */
const STOP_PLACES = 64

let counts: usize = 0
let stopCodes: usize = 0
let generation: u32 = 0
export let generationStartNs: f64 = 0
export let lastNs: f64 = 0

export function openAccount(fromNs: f64, toNs: f64, tellsGoroutines: bool): void {
  setWindow(fromNs, toNs)
  counts = allocate(KIND_COUNT * 8)
  memory.fill(counts, 0, KIND_COUNT * 8)
  stopCodes = allocate(STOP_PLACES * 8)
  memory.fill(stopCodes, 0, STOP_PLACES * 8)
  rows.openRows()
  openSites()
  openGauge()
  processors.openProcessors()
  openSweeps()
  openRegions()
  openTasks()
  ledger.openGoroutines(tellsGoroutines)
}

/** Room for a chunk that lies elsewhere. */
function makeChunk(): usize {
  return allocate(CHUNK_BYTES)
}

/** Events by kind: 256 doubles. */
export function countsOf(): usize {
  return counts
}

/** What went before is no longer known. */
export function restart(): void {
  if (generation == 0) return
  setNow(lastNs)
  ledger.forgetGoroutines()
  processors.forgetProcessors(lastNs)
  forgetPlaces()
}

export function finish(endNs: f64): void {
  setNow(endNs)
  ledger.closeGoroutines()
  closeTasks(endNs)
  processors.closeProcessors(endNs)
}

export function addChunk(chunk: usize, rowCount: i32): void {
  let last = lastNs
  // A reader's chunk lies in one generation; one made in a test may not.
  const isMixed =
    rowCount > 0 &&
    (word(chunk, 0, GENERATIONS) != generation || word(chunk, <usize>rowCount - 1, GENERATIONS) != generation)
  for (let row: usize = 0; row < <usize>rowCount; row++) {
    const time = load<f64>(chunk + (row << 3), TIMES)
    setNow(time)
    if (time > last) last = time
    if (isMixed && word(chunk, row, GENERATIONS) != generation) beginGeneration(word(chunk, row, GENERATIONS), time)
    const type = <u32>load<u8>(chunk + row, KINDS)
    const place = counts + (<usize>type << 3)
    store<f64>(place, load<f64>(place) + 1)
    step(chunk, row, type)
  }
  lastNs = last
}

function beginGeneration(number: u32, time: f64): void {
  // The first generation begins with the trace; a later one where its first event stands.
  generationStartNs = generation == 0 ? 0 : time
  generation = number
}

// @ts-ignore: decorator
@inline
function float(chunk: usize, row: usize, column: usize): f64 {
  return load<f64>(chunk + column + (row << 3))
}

// @ts-ignore: decorator
@inline
function index(chunk: usize, row: usize, column: usize): i32 {
  return <i32>load<f64>(chunk + column + (row << 3))
}

// @ts-ignore: decorator
@inline
function word(chunk: usize, row: usize, column: usize): u32 {
  return load<u32>(chunk + column + (row << 2))
}

/** The live row of a place + 1; 0: none. */
// @ts-ignore: decorator
@inline
function liveRow(placePlusOne: u32): usize {
  if (placePlusOne == 0 || placePlusOne > rows.rowCount()) return 0
  const row = rowAt(placePlusOne - 1)
  return stateOf(row) == 0 ? 0 : row
}

/** Id of the event's goroutine: from its row where it has one, so that this column of few readers is seldom fetched. */
function goroutineOf(chunk: usize, row: usize): f64 {
  const goroutine = liveRow(word(chunk, row, SLOTS))
  return goroutine == 0 ? float(chunk, row, GOROUTINES) : load<f64>(goroutine, rows.ID)
}

// @ts-ignore: decorator
@inline
function step(chunk: usize, row: usize, type: u32): void {
  switch (type) {
    case kind.GoStart:
      startGoroutine(chunk, row)
      return
    case kind.GoUnblock:
      unblock(chunk, row)
      return
    case kind.GoBlock:
      stopRunning(chunk, row, rows.WAITING, index(chunk, row, ARG0))
      return
    case kind.GoSyscallBegin:
      stopRunning(chunk, row, rows.SYSCALL, ledger.SYSCALL_CODE)
      return
    case kind.GoSyscallEnd:
      endSyscall(chunk, row, rows.RUNNING)
      return
    case kind.GoSyscallEndBlocked:
      endSyscall(chunk, row, rows.RUNNABLE)
      return
    case kind.GoCreate:
      create(chunk, row, rows.RUNNABLE, ledger.CREATED_CODE)
      return
    case kind.GoDestroy:
      destroy(chunk, row)
      return
    case kind.GoStop:
      stopRunning(chunk, row, rows.RUNNABLE, stopCode(index(chunk, row, ARG0)))
      return
    case kind.UserRegionBegin:
    case kind.UserRegionEnd:
    case kind.UserTaskBegin:
    case kind.UserTaskEnd:
    case kind.UserLog:
      stepUser(chunk, row, type)
      return
    default:
      stepSeldom(chunk, row, type)
  }
}

function stepUser(chunk: usize, row: usize, type: u32): void {
  switch (type) {
    case kind.UserTaskBegin:
      beginTask(
        float(chunk, row, ARG0),
        float(chunk, row, ARG1),
        index(chunk, row, ARG2),
        goroutineOf(chunk, row),
        now,
      )
      return
    case kind.UserTaskEnd:
      endTask(float(chunk, row, ARG0), goroutineOf(chunk, row), now)
      return
    case kind.UserLog:
      noteLog(index(chunk, row, ARG1))
      return
    default: {
      const goroutine = liveRow(word(chunk, row, SLOTS))
      if (goroutine == 0) return
      const name = index(chunk, row, ARG1)
      if (type == kind.UserRegionBegin) beginRegion(goroutine, name, now)
      else endRegion(goroutine, name, now)
    }
  }
}

function stepSeldom(chunk: usize, row: usize, type: u32): void {
  const first = float(chunk, row, ARG0)
  const processorPlusOne = word(chunk, row, PROCESSORS)
  switch (type) {
    case kind.GoStatus:
      tellStatus(chunk, row, 0)
      return
    case kind.GoStatusStack:
      tellStatus(chunk, row, index(chunk, row, ARG3))
      return
    case kind.GoSwitch:
      switchTo(chunk, row, false)
      return
    case kind.GoSwitchDestroy:
      switchTo(chunk, row, true)
      return
    case kind.GoCreateBlocked:
      create(chunk, row, rows.WAITING, 0)
      return
    case kind.GoCreateSyscall: {
      const place = word(chunk, row, TARGETS)
      if (place != 0) ledger.create(place - 1, first, rows.SYSCALL, ledger.SYSCALL_CODE, 0, 0)
      return
    }
    case kind.GoDestroySyscall:
      destroy(chunk, row)
      if (processorPlusOne > 0) processors.stopProcessor(<f64>(processorPlusOne - 1), now)
      return
    case kind.ProcStart:
      processors.startProcessor(first, now)
      return
    case kind.ProcStop:
      if (processorPlusOne > 0) loseProcessor(<f64>(processorPlusOne - 1))
      return
    case kind.ProcSteal:
      loseProcessor(first)
      return
    case kind.ProcStatus:
      processors.tellProcessor(first, index(chunk, row, ARG1), generationStartNs)
      return
    case kind.ProcsChange:
      ledger.setMaxProcessors(first)
      setGaugeProcessors(first, now)
      return
    case kind.GCSweepActive:
      beginSweep(first, now)
      return
    case kind.GCSweepBegin:
      beginSweep(<f64>processorPlusOne - 1, now)
      return
    case kind.GCSweepEnd:
      endSweep(<f64>processorPlusOne - 1, first, float(chunk, row, ARG1), now)
      return
    case kind.GCMarkAssistActive: {
      const goroutine = liveRow(word(chunk, row, TARGETS))
      if (goroutine != 0) ledger.beginAssist(goroutine, generationStartNs)
      return
    }
    case kind.GCMarkAssistBegin: {
      const goroutine = liveRow(word(chunk, row, SLOTS))
      if (goroutine != 0) ledger.beginAssist(goroutine, now)
      return
    }
    case kind.GCMarkAssistEnd: {
      const goroutine = liveRow(word(chunk, row, SLOTS))
      if (goroutine != 0) ledger.endAssist(goroutine)
      return
    }
    case kind.GoLabel: {
      // The only labels that the runtime writes are the modes of its mark workers.
      const goroutine = liveRow(word(chunk, row, SLOTS))
      if (goroutine == 0) return
      if (isCollectorLabel(<i32>first) != 0) ledger.collect(goroutine)
      else ledger.stopCollecting(goroutine)
      return
    }
    default:
      stepRare(<i32>row, <i32>type)
  }
}

// @ts-ignore: decorator
@inline
function create(chunk: usize, row: usize, state: i32, code: i32): void {
  const place = word(chunk, row, TARGETS)
  if (place == 0) return
  const stack = index(chunk, row, ARG2)
  ledger.show(liveRow(word(chunk, row, SLOTS)), stack)
  ledger.create(place - 1, float(chunk, row, ARG0), state, code, index(chunk, row, ARG1), stack)
}

// @ts-ignore: decorator
@inline
function startGoroutine(chunk: usize, row: usize): void {
  const place = word(chunk, row, TARGETS)
  const goroutine = liveRow(place)
  if (goroutine != 0) ledger.move(goroutine, rows.RUNNING, 0, 0)
  else if (place != 0) ledger.openOlder(place - 1, float(chunk, row, ARG0), rows.RUNNING, now, 0)
}

// @ts-ignore: decorator
@inline
function unblock(chunk: usize, row: usize): void {
  const place = word(chunk, row, TARGETS)
  const goroutine = liveRow(place)
  if (goroutine == 0) {
    if (place != 0) ledger.openOlder(place - 1, float(chunk, row, ARG0), rows.RUNNABLE, now, 0)
    return
  }
  const waker = liveRow(word(chunk, row, SLOTS))
  ledger.show(waker, index(chunk, row, ARG2))
  ledger.noteWake(goroutine, waker)
  ledger.move(goroutine, rows.RUNNABLE, ledger.UNBLOCKED_CODE, load<i32>(goroutine, rows.STACK))
}

// @ts-ignore: decorator
@inline
function stopRunning(chunk: usize, row: usize, state: i32, code: i32): void {
  const place = word(chunk, row, SLOTS)
  const goroutine = liveRow(place)
  const stack = index(chunk, row, ARG1)
  if (goroutine == 0) {
    if (place != 0) ledger.openOlder(place - 1, float(chunk, row, GOROUTINES), state, now, stack)
    return
  }
  const processorPlusOne = word(chunk, row, PROCESSORS)
  const hasRun = stateOf(goroutine) == rows.RUNNING
  ledger.move(goroutine, state, code, stack)
  if (hasRun) processors.noteRun(processorPlusOne, ledger.leftNs)
  if (state == rows.SYSCALL) processors.setCall(processorPlusOne, place)
}

// @ts-ignore: decorator
@inline
function endSyscall(chunk: usize, row: usize, state: i32): void {
  const place = word(chunk, row, SLOTS)
  const goroutine = liveRow(place)
  if (goroutine == 0) {
    if (place != 0) ledger.openOlder(place - 1, float(chunk, row, GOROUTINES), state, now, 0)
    return
  }
  processors.setCall(word(chunk, row, PROCESSORS), 0)
  if (state == rows.RUNNING) ledger.move(goroutine, rows.RUNNING, 0, 0)
  else ledger.move(goroutine, rows.RUNNABLE, ledger.SYSCALL_EXIT_CODE, load<i32>(goroutine, rows.STACK))
}

function destroy(chunk: usize, row: usize): void {
  const goroutine = liveRow(word(chunk, row, SLOTS))
  if (goroutine == 0) return
  const hasRun = stateOf(goroutine) == rows.RUNNING
  ledger.end(goroutine)
  if (hasRun) processors.noteRun(word(chunk, row, PROCESSORS), ledger.leftNs)
}

/** One event for three: the target is woken and runs, the one at hand waits without a reason, or is gone. */
function switchTo(chunk: usize, row: usize, isDestroy: bool): void {
  const place = word(chunk, row, TARGETS)
  const goroutine = liveRow(word(chunk, row, SLOTS))
  let target = liveRow(place)
  if (target != 0) ledger.noteWake(target, goroutine)
  if (isDestroy) destroy(chunk, row)
  else if (goroutine != 0) {
    const hasRun = stateOf(goroutine) == rows.RUNNING
    ledger.move(goroutine, rows.WAITING, COROUTINE_CODE, 0)
    if (hasRun) processors.noteRun(word(chunk, row, PROCESSORS), ledger.leftNs)
  }
  if (target == goroutine) target = 0
  if (target != 0) ledger.move(target, rows.RUNNING, 0, 0)
  else if (place != 0) ledger.openOlder(place - 1, float(chunk, row, ARG0), rows.RUNNING, now, 0)
}

/** The wire's statuses: 1 runnable, 2 running, 3 in a system call, 4 waiting. */
function tellStatus(chunk: usize, row: usize, stack: i32): void {
  const place = word(chunk, row, TARGETS)
  const status = index(chunk, row, ARG2)
  if (place == 0 || status < 1 || status > 4) return
  const state = status == 3 ? rows.SYSCALL : status == 4 ? rows.WAITING : status + 1
  const goroutine = liveRow(place)
  if (goroutine == 0) ledger.openOlder(place - 1, float(chunk, row, ARG0), state, generationStartNs, stack)
  else if (stateOf(goroutine) == state) ledger.tell(goroutine, stack)
  else {
    const code = state == rows.SYSCALL ? ledger.SYSCALL_CODE : state == rows.RUNNABLE ? ledger.OTHER_CODE : 0
    ledger.move(goroutine, state, code, stack)
  }
}

function loseProcessor(processor: f64): void {
  const goroutine = liveRow(processors.stopProcessor(processor, now))
  if (goroutine != 0) ledger.loseProcessor(goroutine)
}

function stopCode(reason: i32): i32 {
  const place = stopCodes + (<usize>(reason & (STOP_PLACES - 1)) << 3)
  if (load<i32>(place) == reason + 1) return load<i32>(place, 4)
  const code = stopCodeOf(reason)
  store<i32>(place, reason + 1)
  store<i32>(place, code, 4)
  return code
}
