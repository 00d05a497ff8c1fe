/**
 * The order of events by all the rules of Go's reference reader (internal/trace/order.go of Go 1.27.3): one event at a
 * time, those that run.ts leaves as they are not as usual. An event waits (STALLED) while a sequence number says that
 * another thread's event comes first; nothing has been changed then.
 * Reads may go past an event that is cut, never past the input's 128 bytes of room; where it ended is looked at before
 * the event is used. Nothing in a chunk's turn moves memory: `reserve` has made room before.
 */
import {
  argCounts,
  C_ARG0,
  C_ARG1,
  C_ARG2,
  C_ARG3,
  C_GOROUTINE,
  C_KIND,
  C_PROCESSOR,
  C_SLOT,
  C_TARGET,
  C_THREAD,
  C_TIME,
  columns,
  latestNs,
  rowCount,
  setRows,
  writeLarge,
} from './columns'
import { AT, END, KIND, SLOT, THREAD } from './frontier'
import { generation, peek } from './generation'
import { baseOf } from './grow'
import { findId, findIn, IN_USE, RECORD_BITS } from './ids'
import {
  FAIL_CONTEXT,
  FAIL_ENDS,
  FAIL_EXISTS,
  FAIL_NO_GOROUTINE,
  FAIL_SEQUENCE,
  FAIL_STATE,
  fail,
  RAN,
  STALLED,
} from './notes'
import { advanceRare, rare0, rare1, rare2, rare3, rareTarget, resolveName, resolveStack } from './rare'
import * as state from './state'
import {
  GO_RUNNABLE,
  GO_RUNNING,
  GO_SYSCALL,
  GO_WAITING,
  goroutines,
  PROC_ABANDONED,
  PROC_IDLE,
  PROC_RUNNING,
  PROC_SYSCALL,
  processors,
  SEQ,
  SEQ_GENERATION,
  STATUS,
  THREAD_GOROUTINE,
  THREAD_PROCESSOR,
  THREAD_SEEN,
  THREAD_SLOT,
  threadRecord,
} from './state'
import { stackNames, stringNames } from './tables'
import { after, HIGH_BITS, pack, readLong, toFloat } from './varint'

/** Go's ProcState by ProcStatus: 0 undetermined, 1 not existing, 2 running, 3 idle. */
const procStates = memory.data<u8>([0, 2, 3, 2, 3])

/** The cursor's event, if its turn has come: then the cursor goes on to its next one. */
export function advance(cursor: usize): i32 {
  const now = generation
  const goHash = baseOf(goroutines)
  const goMask = load<u32>(goroutines, 8)
  const goRecords = baseOf(goroutines + 16)
  const processorRecords = baseOf(processors + 16)
  const stackTable = baseOf(stackNames)
  const stackPlaces = <u64>(load<u32>(stackNames, 4) >> 2)
  const stringTable = baseOf(stringNames)
  const stringPlaces = <u64>(load<u32>(stringNames, 4) >> 2)
  const chunk = columns
  const row = rowCount
  const threadSlot = load<i32>(cursor, SLOT)
  const thread: usize = threadSlot < 0 ? 0 : threadRecord(<u32>threadSlot)
  if (thread != 0) store<u8>(thread, 1, THREAD_SEEN)
  const threadId = load<f64>(cursor, THREAD)
  const kind = load<u32>(cursor, KIND)
  const timeNs = load<f64>(cursor)
  const begin = <usize>load<u32>(cursor, AT)
  const end = <usize>load<u32>(cursor, END)
  let outcome: i32 = RAN
  // The context before the event.
  let hasGoroutine = false
  let goroutine: usize = 0
  let goroutineId: u64 = 0
  let goroutineFloat: f64 = 0
  let slot: i32 = -1
  let processor: usize = 0
  let processorPlusOne: u32 = 0
  if (thread != 0) {
    const held = load<i32>(thread, THREAD_PROCESSOR)
    if (held >= 0) {
      processor = processorRecords + (<usize>held << RECORD_BITS)
      processorPlusOne = load<u32>(processor) + 1
    }
    slot = load<i32>(thread, THREAD_SLOT)
    if (slot >= 0) {
      hasGoroutine = true
      goroutineId = load<u64>(thread, THREAD_GOROUTINE)
      goroutineFloat = toFloat(goroutineId)
      goroutine = goRecords + (<usize>slot << RECORD_BITS)
      if (load<u64>(goroutine) != goroutineId || load<u8>(goroutine, IN_USE) == 0) {
        slot = findId(goroutines, goroutineId)
        goroutine = slot < 0 ? 0 : goRecords + (<usize>slot << RECORD_BITS)
      }
    }
  }
  let at = begin
  const argCount = load<u8>(argCounts + <usize>kind)
  let arg0: u64 = 0
  let arg1: u64 = 0
  let arg2: u64 = 0
  let arg3: u64 = 0
  if (argCount > 0) {
    arg0 = <u64>load<u8>(at)
    if (arg0 < 128) at++
    else {
      const bytes = load<u64>(at)
      const stops = ~bytes & HIGH_BITS
      if (stops != 0) {
        arg0 = pack(bytes & (stops ^ (stops - 1)))
        at += <usize>(ctz<u64>(stops) >> 3) + 1
      } else {
        arg0 = readLong(at)
        at = after
      }
    }
    if (argCount > 1) {
      arg1 = <u64>load<u8>(at)
      if (arg1 < 128) at++
      else {
        const bytes = load<u64>(at)
        const stops = ~bytes & HIGH_BITS
        if (stops != 0) {
          arg1 = pack(bytes & (stops ^ (stops - 1)))
          at += <usize>(ctz<u64>(stops) >> 3) + 1
        } else {
          arg1 = readLong(at)
          at = after
        }
      }
      if (argCount > 2) {
        arg2 = <u64>load<u8>(at)
        if (arg2 < 128) at++
        else {
          arg2 = readLong(at)
          at = after
        }
        if (argCount > 3) {
          arg3 = <u64>load<u8>(at)
          if (arg3 < 128) at++
          else {
            arg3 = readLong(at)
            at = after
          }
        }
      }
    }
  }
  if (at > end) return fail(FAIL_ENDS, kind, begin)

  let target: u32 = 0
  // Set for the few rows whose context is another thread's.
  let otherThread: f64 = threadId
  let otherGoroutine: f64 = goroutineFloat
  let otherSlot: u32 = <u32>(slot + 1)
  let otherProcessor: u32 = processorPlusOne
  switch (kind) {
    case 9: // ProcsChange
      if (!hasGoroutine || processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      arg1 = resolveStack(arg1, begin)
      break
    case 10: {
      // ProcStart
      const found = findId(processors, arg0)
      const started = processorRecords + (<usize>found << RECORD_BITS)
      if (
        found < 0 ||
        load<u8>(started, STATUS) != PROC_IDLE ||
        load<f64>(started, SEQ_GENERATION) != now ||
        load<u64>(started, SEQ) != arg1 - 1 ||
        processor != 0
      ) {
        outcome = STALLED
        break
      }
      if (thread == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      store<u8>(started, PROC_RUNNING, STATUS)
      store<u64>(started, arg1, SEQ)
      store<i32>(thread, found, THREAD_PROCESSOR)
      break
    }
    case 11: {
      // ProcStop
      if (processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      const status = load<u8>(processor, STATUS)
      if (status != PROC_RUNNING && status != PROC_SYSCALL) { outcome = fail(FAIL_STATE, kind, begin); break }
      store<u8>(processor, PROC_IDLE, STATUS)
      store<i32>(thread, -1, THREAD_PROCESSOR)
      break
    }
    case 12: {
      // ProcSteal
      const found = findId(processors, arg0)
      const stolen = processorRecords + (<usize>found << RECORD_BITS)
      if (found < 0) { outcome = STALLED; break }
      const status = load<u8>(stolen, STATUS)
      if (
        (status != PROC_SYSCALL && status != PROC_ABANDONED) ||
        load<f64>(stolen, SEQ_GENERATION) != now ||
        load<u64>(stolen, SEQ) != arg1 - 1
      ) {
        outcome = STALLED
        break
      }
      if (thread == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (status == PROC_SYSCALL && !state.takeProcessor(found, toFloat(arg2), thread)) { outcome = fail(FAIL_STATE, kind, begin); break }
      store<u8>(stolen, PROC_IDLE, STATUS)
      store<u64>(stolen, arg1, SEQ)
      arg3 = <u64>load<u8>(procStates + <usize>status)
      break
    }
    case 13: {
      // ProcStatus
      if (arg1 > 4) { outcome = fail(FAIL_STATE, kind, begin); break }
      let known = findId(processors, arg0)
      if (known < 0) {
        known = <i32>state.addProcessor(arg0, <u8>arg1, now)
        arg2 = now == state.initialGeneration ? 0 : 1
      } else {
        const record = processorRecords + (<usize>known << RECORD_BITS)
        const status = load<u8>(record, STATUS)
        arg2 = <u64>load<u8>(procStates + <usize>arg1)
        if (<u8>arg1 == PROC_ABANDONED && status == PROC_SYSCALL) {
          // About to be stolen; its status may be told by a thread that does not hold it.
          const holder = state.threadHolding(known)
          if (holder == 0) { outcome = fail(FAIL_STATE, kind, begin); break }
          arg1 = <u64>PROC_SYSCALL
          arg2 = 2
          store<u64>(record, 0, SEQ)
          store<f64>(record, now, SEQ_GENERATION)
          otherThread = reinterpret<f64>(load<u64>(holder))
          otherProcessor = <u32>arg0 + 1
          otherGoroutine = 0
          otherSlot = 0
          if (load<i32>(holder, THREAD_SLOT) >= 0) {
            otherGoroutine = toFloat(load<u64>(holder, THREAD_GOROUTINE))
            otherSlot = <u32>(findId(goroutines, load<u64>(holder, THREAD_GOROUTINE)) + 1)
          }
          break
        }
        if (<u64>status != arg1) { outcome = fail(FAIL_STATE, kind, begin); break }
        store<u64>(record, 0, SEQ)
        store<f64>(record, now, SEQ_GENERATION)
      }
      if (thread != 0 && (<u8>arg1 == PROC_RUNNING || <u8>arg1 == PROC_SYSCALL)) {
        store<i32>(thread, known, THREAD_PROCESSOR)
      }
      break
    }
    case 14: // GoCreate
    case 47: {
      // GoCreateBlocked
      if (processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine != 0 && load<u8>(goroutine, STATUS) != GO_RUNNING) { outcome = fail(FAIL_STATE, kind, begin); break }
      if (findIn(goHash, goMask, goRecords, arg0) >= 0) { outcome = fail(FAIL_EXISTS, kind, begin); break }
      target = state.addGoroutine(arg0, kind == 47 ? GO_WAITING : GO_RUNNABLE, now) + 1
      arg1 = resolveStack(arg1, begin)
      arg2 = resolveStack(arg2, begin)
      break
    }
    case 15: {
      // GoCreateSyscall
      if (thread == 0 || hasGoroutine) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (findIn(goHash, goMask, goRecords, arg0) >= 0) { outcome = fail(FAIL_EXISTS, kind, begin); break }
      target = state.addGoroutine(arg0, GO_SYSCALL, now) + 1
      store<i32>(thread, <i32>target - 1, THREAD_SLOT)
      store<u64>(thread, arg0, THREAD_GOROUTINE)
      break
    }
    case 16: {
      // GoStart
      const found = findIn(goHash, goMask, goRecords, arg0)
      const started = goRecords + (<usize>found << RECORD_BITS)
      if (
        found < 0 ||
        load<u8>(started, STATUS) != GO_RUNNABLE ||
        load<f64>(started, SEQ_GENERATION) != now ||
        load<u64>(started, SEQ) != arg1 - 1
      ) {
        outcome = STALLED
        break
      }
      if (processor == 0 || hasGoroutine) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      store<u8>(started, GO_RUNNING, STATUS)
      store<u64>(started, arg1, SEQ)
      store<u64>(thread, arg0, THREAD_GOROUTINE)
      store<i32>(thread, found, THREAD_SLOT)
      target = <u32>found + 1
      break
    }
    case 17: // GoDestroy
      if (!hasGoroutine || processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) { outcome = fail(FAIL_STATE, kind, begin); break }
      state.removeGoroutine(goroutine, <u32>slot)
      store<i32>(thread, -1, THREAD_SLOT)
      break
    case 18: // GoDestroySyscall
      if (!hasGoroutine) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_SYSCALL) { outcome = fail(FAIL_STATE, kind, begin); break }
      if (processor != 0) {
        if (load<u8>(processor, STATUS) != PROC_SYSCALL) { outcome = fail(FAIL_STATE, kind, begin); break }
        store<u8>(processor, PROC_ABANDONED, STATUS)
        store<i32>(thread, -1, THREAD_PROCESSOR)
      }
      state.removeGoroutine(goroutine, <u32>slot)
      store<i32>(thread, -1, THREAD_SLOT)
      break
    case 19: // GoStop
    case 20: {
      // GoBlock
      if (!hasGoroutine || processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) { outcome = fail(FAIL_STATE, kind, begin); break }
      store<u8>(goroutine, kind == 19 ? GO_RUNNABLE : GO_WAITING, STATUS)
      store<i32>(thread, -1, THREAD_SLOT)
      const name = arg0 < stringPlaces ? load<i32>(stringTable + (<usize>arg0 << 2)) : -1
      arg0 = name >= 0 ? <u64>name : resolveName(arg0, begin)
      const stack = arg1 < stackPlaces ? load<i32>(stackTable + (<usize>arg1 << 2)) : -1
      arg1 = stack >= 0 ? <u64>stack : resolveStack(arg1, begin)
      break
    }
    case 21: {
      // GoUnblock
      const found = findIn(goHash, goMask, goRecords, arg0)
      const woken = goRecords + (<usize>found << RECORD_BITS)
      if (
        found < 0 ||
        load<u8>(woken, STATUS) != GO_WAITING ||
        load<f64>(woken, SEQ_GENERATION) != now ||
        load<u64>(woken, SEQ) != arg1 - 1
      ) {
        outcome = STALLED
        break
      }
      store<u8>(woken, GO_RUNNABLE, STATUS)
      store<u64>(woken, arg1, SEQ)
      target = <u32>found + 1
      const stack = arg2 < stackPlaces ? load<i32>(stackTable + (<usize>arg2 << 2)) : -1
      arg2 = stack >= 0 ? <u64>stack : resolveStack(arg2, begin)
      break
    }
    case 22: {
      // GoSyscallBegin
      if (!hasGoroutine || processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) { outcome = fail(FAIL_STATE, kind, begin); break }
      if (load<f64>(processor, SEQ_GENERATION) != now || load<u64>(processor, SEQ) != arg0 - 1) { outcome = fail(FAIL_SEQUENCE, kind, begin); break }
      store<u8>(goroutine, GO_SYSCALL, STATUS)
      store<u8>(processor, PROC_SYSCALL, STATUS)
      store<u64>(processor, arg0, SEQ)
      const stack = arg1 < stackPlaces ? load<i32>(stackTable + (<usize>arg1 << 2)) : -1
      arg1 = stack >= 0 ? <u64>stack : resolveStack(arg1, begin)
      break
    }
    case 23: // GoSyscallEnd
      if (!hasGoroutine || processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (
        goroutine == 0 ||
        load<u8>(goroutine, STATUS) != GO_SYSCALL ||
        load<u8>(processor, STATUS) != PROC_SYSCALL
      ) {
        outcome = fail(FAIL_STATE, kind, begin)
        break
      }
      store<u8>(goroutine, GO_RUNNING, STATUS)
      store<u8>(processor, PROC_RUNNING, STATUS)
      break
    case 24: // GoSyscallEndBlocked
      if (processor != 0 && load<u8>(processor, STATUS) == PROC_SYSCALL) { outcome = STALLED; break }
      if (!hasGoroutine) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_SYSCALL) { outcome = fail(FAIL_STATE, kind, begin); break }
      store<u8>(goroutine, GO_RUNNABLE, STATUS)
      store<i32>(thread, -1, THREAD_SLOT)
      break
    case 25: // GoStatus
    case 48: {
      // GoStatusStack
      if (arg2 > <u64>GO_WAITING) { outcome = fail(FAIL_STATE, kind, begin); break }
      let known = findIn(goHash, goMask, goRecords, arg0)
      if (known >= 0) {
        const record = goRecords + (<usize>known << RECORD_BITS)
        if (<u64>load<u8>(record, STATUS) != arg2) { outcome = fail(FAIL_STATE, kind, begin); break }
        store<u64>(record, 0, SEQ)
        store<f64>(record, now, SEQ_GENERATION)
      } else if (now == state.initialGeneration) {
        known = <i32>state.addGoroutine(arg0, <u8>arg2, now)
      } else {
        outcome = fail(FAIL_NO_GOROUTINE, kind, begin)
        break
      }
      target = <u32>known + 1
      if (<u8>arg2 == GO_RUNNING) {
        if (thread != 0) {
          store<u64>(thread, arg0, THREAD_GOROUTINE)
          store<i32>(thread, known, THREAD_SLOT)
        }
      } else if (<u8>arg2 == GO_SYSCALL) {
        if (<i64>arg1 < 0) { outcome = fail(FAIL_STATE, kind, begin); break }
        const named = toFloat(arg1)
        if (named == threadId) {
          if (now != state.initialGeneration && (!hasGoroutine || goroutineId != arg0)) { outcome = fail(FAIL_STATE, kind, begin); break }
          store<u64>(thread, arg0, THREAD_GOROUTINE)
          store<i32>(thread, known, THREAD_SLOT)
        } else {
          const other = threadRecord(state.threadSlot(named))
          if (load<u8>(other, THREAD_SEEN) == 1) {
            if (load<i32>(other, THREAD_SLOT) < 0 || load<u64>(other, THREAD_GOROUTINE) != arg0) { outcome = fail(FAIL_STATE, kind, begin); break }
            otherGoroutine = toFloat(arg0)
            otherSlot = target
          } else {
            store<u8>(other, 1, THREAD_SEEN)
            store<u64>(other, arg0, THREAD_GOROUTINE)
            store<i32>(other, known, THREAD_SLOT)
          }
          otherThread = named
        }
      }
      if (kind == 48) arg3 = resolveStack(arg3, begin)
      break
    }
    case 37: // HeapAlloc
    case 38: // HeapGoal
      if (processor == 0) outcome = fail(FAIL_CONTEXT, kind, begin)
      break
    case 45: // GoSwitch
    case 46: {
      // GoSwitchDestroy
      if (!hasGoroutine || processor == 0) { outcome = fail(FAIL_CONTEXT, kind, begin); break }
      if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) { outcome = fail(FAIL_STATE, kind, begin); break }
      const found = findIn(goHash, goMask, goRecords, arg0)
      const next = goRecords + (<usize>found << RECORD_BITS)
      if (
        found < 0 ||
        load<u8>(next, STATUS) != GO_WAITING ||
        load<f64>(next, SEQ_GENERATION) != now ||
        load<u64>(next, SEQ) != arg1 - 1
      ) {
        outcome = STALLED
        break
      }
      if (kind == 45) store<u8>(goroutine, GO_WAITING, STATUS)
      else state.removeGoroutine(goroutine, <u32>slot)
      store<u8>(next, GO_RUNNING, STATUS)
      store<u64>(next, arg1, SEQ)
      store<u64>(thread, arg0, THREAD_GOROUTINE)
      store<i32>(thread, found, THREAD_SLOT)
      target = <u32>found + 1
      break
    }
    default: {
      // Of the GC, user annotations and experiments: none of them changes the context.
      outcome = advanceRare(
        kind,
        begin,
        now,
        thread != 0,
        hasGoroutine,
        goroutine,
        slot,
        processor,
        arg0,
        arg1,
        arg2,
        arg3,
      )
      arg0 = rare0
      arg1 = rare1
      arg2 = rare2
      arg3 = rare3
      target = rareTarget
    }
  }
  if (outcome != RAN) return outcome

  const row8 = chunk + (<usize>row << 3)
  const row4 = chunk + (<usize>row << 2)
  store<f64>(row8, timeNs, C_TIME)
  store<f64>(row8, otherThread, C_THREAD)
  store<f64>(row8, otherGoroutine, C_GOROUTINE)
  store<f64>(row8, <f64>(<i64>arg0), C_ARG0)
  store<f64>(row8, <f64>(<i64>arg1), C_ARG1)
  store<f64>(row8, <f64>(<i64>arg2), C_ARG2)
  store<f64>(row8, <f64>(<i64>arg3), C_ARG3)
  store<u32>(row4, otherProcessor, C_PROCESSOR)
  store<u32>(row4, otherSlot, C_SLOT)
  store<u32>(row4, target, C_TARGET)
  store<u8>(chunk + <usize>row, <u8>kind, C_KIND)
  if (<i64>(arg0 | arg1 | arg2 | arg3) < 0) writeLarge(row8, kind, arg0, arg1, arg2, arg3)
  setRows(row + 1, timeNs > latestNs ? timeNs : latestNs)
  store<u32>(cursor, <u32>at, AT)
  return peek(cursor)
}
