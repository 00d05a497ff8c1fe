/**
 * The turns of threads: what nearly all events are, straight from their bytes into a row. An event that is not as usual
 * (its turn has not come, its context or a number is odd, its kind is seldom) is left as it stands to order.ts, which
 * decides on it by all the rules; here nothing has been changed by then but columns of a row that is not counted yet.
 * Nothing in a chunk's turn moves memory: `reserve` has made room before.
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
  NO_EVENT,
  ROWS,
  rowCount,
  setRows,
} from './columns'
import { AT, cursorOf, END, KIND, nextEntry, passRoot, SLOT, THREAD, timeOf } from './frontier'
import { generation, nsPerTick, peek } from './generation'
import { baseOf } from './grow'
import { findIn, IN_USE, RECORD_BITS } from './ids'
import { MISSING } from './names'
import { doubt, hasDoubt, missing, NO_STRING, RAN, REGION_OTHER, TASK_TWICE } from './notes'
import { advance } from './order'
import { resolveName, resolveStack } from './rare'
import * as state from './state'
import {
  GO_RUNNABLE,
  GO_RUNNING,
  GO_SYSCALL,
  GO_WAITING,
  goroutines,
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
import { messageOf, stackNames, stringNames } from './tables'
import { after, readLong, toFloat } from './varint'

/** A cursor's turn ends: where it stands. */
// @ts-ignore: decorator
@inline
function leave(cursor: usize, at: usize, end: usize, kind: u32, timeNs: f64): void {
  store<u32>(cursor, <u32>at, AT)
  store<u32>(cursor, <u32>end, END)
  store<u32>(cursor, kind, KIND)
  store<f64>(cursor, timeNs)
}

/** Numbers of two, three and four bytes: how long the frequent ones are is foreseen, where they end is not computed. */
// @ts-ignore: decorator
@inline
function shortNumber(at: usize): u64 {
  const bytes = <u32>load<u16>(at)
  return <u64>((bytes & 0x7f) | ((bytes >> 1) & 0x3f80))
}

// @ts-ignore: decorator
@inline
function longNumber(at: usize): u64 {
  const bytes = load<u32>(at)
  return <u64>((bytes & 0x7f) | ((bytes >> 1) & 0x3f80) | ((bytes >> 2) & 0x1fc000))
}

// @ts-ignore: decorator
@inline
function longerNumber(at: usize): u64 {
  const bytes = load<u32>(at)
  return <u64>((bytes & 0x7f) | ((bytes >> 1) & 0x3f80) | ((bytes >> 2) & 0x1fc000) | ((bytes >> 3) & 0xfe00000))
}

/** The number that the generation's table has for the id. */
// @ts-ignore: decorator
@inline
function nameAt(id: u64, at: usize): u64 {
  const name = id < <u64>(load<u32>(stringNames, 4) >> 2) ? load<i32>(baseOf(stringNames) + (<usize>id << 2)) : -1
  return name >= 0 ? <u64>name : resolveName(id, at)
}

// @ts-ignore: decorator
@inline
function stackAt(id: u64, at: usize): u64 {
  const stack = id < <u64>(load<u32>(stackNames, 4) >> 2) ? load<i32>(baseOf(stackNames) + (<usize>id << 2)) : -1
  return stack >= 0 ? <u64>stack : resolveStack(id, at)
}

// @ts-ignore: decorator
@inline
function storeArgs(row8: usize, arg0: u64, arg1: u64, arg2: u64, arg3: u64): void {
  store<f64>(row8, <f64>(<i64>arg0), C_ARG0)
  store<f64>(row8, <f64>(<i64>arg1), C_ARG1)
  store<f64>(row8, <f64>(<i64>arg2), C_ARG2)
  store<f64>(row8, <f64>(<i64>arg3), C_ARG3)
}

/**
 * Events of the cursor's thread in their order, while they come at or before the limit; at least one, if its turn has
 * come. Of the root's thread (`isRoot`): then of the next root's, until the chunk is full or a turn ends otherwise.
 */
export function runThreads(first: usize, limit: f64, isRoot: bool): i32 {
  if (state.initialGeneration == 0) state.setInitialGeneration(generation)
  const now = generation
  const tickNs = nsPerTick
  const goHash = baseOf(goroutines)
  const goMask = load<u32>(goroutines, 8)
  const goRecords = baseOf(goroutines + 16)
  const chunk = columns
  let cursor = first
  // Who comes next is read when a turn begins: where it ends is known late, and the next event's kind at once then.
  let next = nextEntry()
  let nextCursor = cursorOf(next)
  let limitNs = limit
  let row = rowCount
  let latest = latestNs
  let outcome: i32 = RAN
  for (;;) {
    const threadSlot = load<i32>(cursor, SLOT)
    // Without a thread there is no context: what would use the record is not as usual then.
    const thread: usize = threadRecord(threadSlot < 0 ? 0 : <u32>threadSlot)
    if (threadSlot >= 0) store<u8>(thread, 1, THREAD_SEEN)
    const threadId = load<f64>(cursor, THREAD)
    let kind = load<u32>(cursor, KIND)
    let timeNs = load<f64>(cursor)
    let begin = <usize>load<u32>(cursor, AT)
    let end = <usize>load<u32>(cursor, END)
    let rowNs = latest
    for (;;) {
      // The context before the event.
      let goroutine: usize = 0
      let goroutineFloat: f64 = 0
      let slotPlusOne: u32 = 0
      let processor: usize = 0
      let processorPlusOne: u32 = 0
      if (threadSlot >= 0) {
        const held = load<i32>(thread, THREAD_PROCESSOR)
        if (held >= 0) {
          processor = baseOf(processors + 16) + (<usize>held << RECORD_BITS)
          processorPlusOne = load<u32>(processor) + 1
        }
        const slot = load<i32>(thread, THREAD_SLOT)
        if (slot >= 0) {
          const id = load<u64>(thread, THREAD_GOROUTINE)
          goroutineFloat = toFloat(id)
          goroutine = goRecords + (<usize>slot << RECORD_BITS)
          slotPlusOne = <u32>slot + 1
          if (load<u64>(goroutine) != id || load<u8>(goroutine, IN_USE) == 0) {
            const found = findIn(goHash, goMask, goRecords, id)
            goroutine = found < 0 ? 0 : goRecords + (<usize>found << RECORD_BITS)
            slotPlusOne = <u32>(found + 1)
          }
        }
      }
      let isUsual = true
      for (;;) {
        const row8 = chunk + (<usize>row << 3)
        const row4 = chunk + (<usize>row << 2)
        store<f64>(row8, timeNs, C_TIME)
        store<f64>(row8, threadId, C_THREAD)
        store<f64>(row8, goroutineFloat, C_GOROUTINE)
        store<u32>(row4, processorPlusOne, C_PROCESSOR)
        store<u32>(row4, slotPlusOne, C_SLOT)
        store<u8>(chunk + <usize>row, <u8>kind, C_KIND)
        let at = begin
        let isDone = false
        switch (kind) {
          case 14: {
            // GoCreate
            let id = <u64>load<u8>(at)
            if (id < 128) at++
            else if (load<u8>(at, 3) < 128 && load<u8>(at, 1) > 127 && load<u8>(at, 2) > 127) {
              id = longerNumber(at)
              at += 4
            } else if (load<u8>(at, 2) < 128 && load<u8>(at, 1) > 127) {
              id = longNumber(at)
              at += 3
            } else {
              id = readLong(at)
              if (<i64>id < 0) break
              at = after
            }
            let start = <u64>load<u8>(at)
            if (start < 128) at++
            else if (load<u8>(at, 1) < 128) {
              start = shortNumber(at)
              at += 2
            } else {
              start = readLong(at)
              if (<i64>start < 0) break
              at = after
            }
            let stack = <u64>load<u8>(at)
            if (stack < 128) at++
            else if (load<u8>(at, 1) < 128) {
              stack = shortNumber(at)
              at += 2
            } else {
              stack = readLong(at)
              if (<i64>stack < 0) break
              at = after
            }
            if (at > end || processor == 0) break
            if (goroutine == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) break
            if (findIn(goHash, goMask, goRecords, id) >= 0) break
            store<u32>(row4, state.addGoroutine(id, GO_RUNNABLE, now) + 1, C_TARGET)
            storeArgs(row8, id, stackAt(start, begin), stackAt(stack, begin), 0)
            isDone = true
            break
          }
          case 16: {
            // GoStart
            let id = <u64>load<u8>(at)
            if (id < 128) at++
            else if (load<u8>(at, 3) < 128 && load<u8>(at, 1) > 127 && load<u8>(at, 2) > 127) {
              id = longerNumber(at)
              at += 4
            } else if (load<u8>(at, 2) < 128 && load<u8>(at, 1) > 127) {
              id = longNumber(at)
              at += 3
            } else {
              id = readLong(at)
              if (<i64>id < 0) break
              at = after
            }
            let seq = <u64>load<u8>(at)
            if (seq < 128) at++
            else if (load<u8>(at, 1) < 128) {
              seq = shortNumber(at)
              at += 2
            } else {
              seq = readLong(at)
              if (<i64>seq < 0) break
              at = after
            }
            if (at > end || processor == 0) break
            const found = findIn(goHash, goMask, goRecords, id)
            if (found < 0) break
            const started = goRecords + (<usize>found << RECORD_BITS)
            if (
              load<u8>(started, STATUS) != GO_RUNNABLE ||
              load<f64>(started, SEQ_GENERATION) != now ||
              load<u64>(started, SEQ) != seq - 1 ||
              load<i32>(thread, THREAD_SLOT) >= 0
            )
              break
            store<u8>(started, GO_RUNNING, STATUS)
            store<u64>(started, seq, SEQ)
            store<u64>(thread, id, THREAD_GOROUTINE)
            store<i32>(thread, found, THREAD_SLOT)
            goroutine = started
            goroutineFloat = <f64>(<i64>id)
            slotPlusOne = <u32>found + 1
            store<u32>(row4, slotPlusOne, C_TARGET)
            storeArgs(row8, id, seq, 0, 0)
            isDone = true
            break
          }
          case 17: // GoDestroy
            if (goroutine == 0 || processor == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) break
            state.removeGoroutine(goroutine, slotPlusOne - 1)
            store<i32>(thread, -1, THREAD_SLOT)
            goroutine = 0
            goroutineFloat = 0
            slotPlusOne = 0
            store<u32>(row4, 0, C_TARGET)
            storeArgs(row8, 0, 0, 0, 0)
            isDone = true
            break
          case 19: // GoStop
          case 20: // GoBlock
          case 22: {
            // GoSyscallBegin
            let value = <u64>load<u8>(at)
            if (value < 128) at++
            else if (load<u8>(at, 1) < 128) {
              value = shortNumber(at)
              at += 2
            } else {
              value = readLong(at)
              if (<i64>value < 0) break
              at = after
            }
            let stack = <u64>load<u8>(at)
            if (stack < 128) at++
            else if (load<u8>(at, 1) < 128) {
              stack = shortNumber(at)
              at += 2
            } else {
              stack = readLong(at)
              if (<i64>stack < 0) break
              at = after
            }
            if (at > end || goroutine == 0 || processor == 0 || load<u8>(goroutine, STATUS) != GO_RUNNING) break
            if (kind == 22) {
              if (load<f64>(processor, SEQ_GENERATION) != now || load<u64>(processor, SEQ) != value - 1) break
              store<u8>(goroutine, GO_SYSCALL, STATUS)
              store<u8>(processor, PROC_SYSCALL, STATUS)
              store<u64>(processor, value, SEQ)
            } else {
              store<u8>(goroutine, kind == 19 ? GO_RUNNABLE : GO_WAITING, STATUS)
              store<i32>(thread, -1, THREAD_SLOT)
              goroutine = 0
              goroutineFloat = 0
              slotPlusOne = 0
              value = nameAt(value, begin)
            }
            store<u32>(row4, 0, C_TARGET)
            storeArgs(row8, value, stackAt(stack, begin), 0, 0)
            isDone = true
            break
          }
          case 21: {
            // GoUnblock
            let id = <u64>load<u8>(at)
            if (id < 128) at++
            else if (load<u8>(at, 3) < 128 && load<u8>(at, 1) > 127 && load<u8>(at, 2) > 127) {
              id = longerNumber(at)
              at += 4
            } else if (load<u8>(at, 2) < 128 && load<u8>(at, 1) > 127) {
              id = longNumber(at)
              at += 3
            } else {
              id = readLong(at)
              if (<i64>id < 0) break
              at = after
            }
            let seq = <u64>load<u8>(at)
            if (seq < 128) at++
            else if (load<u8>(at, 1) < 128) {
              seq = shortNumber(at)
              at += 2
            } else {
              seq = readLong(at)
              if (<i64>seq < 0) break
              at = after
            }
            let stack = <u64>load<u8>(at)
            if (stack < 128) at++
            else if (load<u8>(at, 1) < 128) {
              stack = shortNumber(at)
              at += 2
            } else {
              stack = readLong(at)
              if (<i64>stack < 0) break
              at = after
            }
            if (at > end) break
            const found = findIn(goHash, goMask, goRecords, id)
            if (found < 0) break
            const woken = goRecords + (<usize>found << RECORD_BITS)
            if (
              load<u8>(woken, STATUS) != GO_WAITING ||
              load<f64>(woken, SEQ_GENERATION) != now ||
              load<u64>(woken, SEQ) != seq - 1
            )
              break
            store<u8>(woken, GO_RUNNABLE, STATUS)
            store<u64>(woken, seq, SEQ)
            store<u32>(row4, <u32>found + 1, C_TARGET)
            storeArgs(row8, id, seq, stackAt(stack, begin), 0)
            isDone = true
            break
          }
          case 23: // GoSyscallEnd
            if (
              goroutine == 0 ||
              processor == 0 ||
              load<u8>(goroutine, STATUS) != GO_SYSCALL ||
              load<u8>(processor, STATUS) != PROC_SYSCALL
            )
              break
            store<u8>(goroutine, GO_RUNNING, STATUS)
            store<u8>(processor, PROC_RUNNING, STATUS)
            store<u32>(row4, 0, C_TARGET)
            storeArgs(row8, 0, 0, 0, 0)
            isDone = true
            break
          case 40: // UserTaskBegin
          case 42: // UserRegionBegin
          case 43: // UserRegionEnd
          case 44: {
            // UserLog
            let task = <u64>load<u8>(at)
            if (task < 128) at++
            else if (load<u8>(at, 3) < 128 && load<u8>(at, 1) > 127 && load<u8>(at, 2) > 127) {
              task = longerNumber(at)
              at += 4
            } else if (load<u8>(at, 2) < 128 && load<u8>(at, 1) > 127) {
              task = longNumber(at)
              at += 3
            } else {
              task = readLong(at)
              if (<i64>task < 0) break
              at = after
            }
            let second = <u64>load<u8>(at)
            if (second < 128) at++
            else if (load<u8>(at, 1) < 128) {
              second = shortNumber(at)
              at += 2
            } else {
              second = readLong(at)
              if (<i64>second < 0) break
              at = after
            }
            let third = <u64>load<u8>(at)
            if (third < 128) at++
            else if (load<u8>(at, 1) < 128) {
              third = shortNumber(at)
              at += 2
            } else {
              third = readLong(at)
              if (<i64>third < 0) break
              at = after
            }
            let stack: u64 = 0
            if (kind == 40 || kind == 44) {
              stack = <u64>load<u8>(at)
              if (stack < 128) at++
              else if (load<u8>(at, 1) < 128) {
                stack = shortNumber(at)
                at += 2
              } else {
                stack = readLong(at)
                if (<i64>stack < 0) break
                at = after
              }
            }
            if (at > end || goroutine == 0 || processor == 0) break
            store<u32>(row4, 0, C_TARGET)
            if (kind == 40) {
              const entry = state.taskEntry(task)
              if (load<u32>(entry, 20) != 0) doubt(TASK_TWICE, begin)
              const name = nameAt(third, begin)
              storeArgs(row8, task, second, name, stackAt(stack, begin))
              state.putTask(entry, task, second, <u32>name)
            } else if (kind == 44) {
              const category = nameAt(second, begin)
              const message = messageOf(third)
              const text: u64 = message == MISSING ? <u64>missing(NO_STRING, begin) : <u64>message
              storeArgs(row8, task, category, text, stackAt(stack, begin))
            } else {
              const name = nameAt(second, begin)
              storeArgs(row8, task, name, stackAt(third, begin), 0)
              if (kind == 42) state.beginRegion(goroutine, task, <u32>name)
              else if (!state.endRegion(goroutine, task, <u32>name)) doubt(REGION_OTHER, begin)
            }
            isDone = true
            break
          }
          case 41: {
            // UserTaskEnd
            let task = <u64>load<u8>(at)
            if (task < 128) at++
            else if (load<u8>(at, 3) < 128 && load<u8>(at, 1) > 127 && load<u8>(at, 2) > 127) {
              task = longerNumber(at)
              at += 4
            } else if (load<u8>(at, 2) < 128 && load<u8>(at, 1) > 127) {
              task = longNumber(at)
              at += 3
            } else {
              task = readLong(at)
              if (<i64>task < 0) break
              at = after
            }
            let stack = <u64>load<u8>(at)
            if (stack < 128) at++
            else if (load<u8>(at, 1) < 128) {
              stack = shortNumber(at)
              at += 2
            } else {
              stack = readLong(at)
              if (<i64>stack < 0) break
              at = after
            }
            if (at > end || goroutine == 0 || processor == 0) break
            const entry = state.taskEntry(task)
            const isKnown = load<u32>(entry, 20) != 0
            const parent = isKnown ? load<u64>(entry, 8) : 0
            // It may have begun by all the rules, with a number that is too large for here.
            if (<i64>parent < 0) break
            const name = isKnown ? <u64>load<u32>(entry, 16) : 0
            store<u32>(row4, 0, C_TARGET)
            storeArgs(row8, task, stackAt(stack, begin), parent, name)
            if (isKnown) state.removeTask(entry)
            isDone = true
          }
        }
        if (!isDone) {
          isUsual = false
          break
        }
        row++
        rowNs = timeNs

        // The head of the next event, as `peek` reads it.
        if (at < end) {
          const next = <u32>load<u8>(at)
          let delta = <u64>load<u8>(at, 1)
          let head = at + 2
          if (delta > 127) {
            delta = readLong(at + 1)
            head = after
          }
          if (head <= end && load<u8>(argCounts + <usize>next) != NO_EVENT && <i64>delta >= 0) {
            kind = next
            begin = head
            timeNs += trunc(<f64>(<i64>delta) * tickNs)
            if (row == ROWS || timeNs > limitNs) break
            continue
          }
        }
        if (rowNs > latest) latest = rowNs
        leave(cursor, at, end, kind, timeNs)
        outcome = peek(cursor)
        kind = load<u32>(cursor, KIND)
        timeNs = load<f64>(cursor)
        begin = <usize>load<u32>(cursor, AT)
        end = <usize>load<u32>(cursor, END)
        if (outcome != RAN || row == ROWS || timeNs > limitNs) break
      }
      if (isUsual) break
      leave(cursor, begin, end, kind, timeNs)
      setRows(row, rowNs > latest ? rowNs : latest)
      outcome = advance(cursor)
      row = rowCount
      latest = latestNs
      rowNs = latest
      kind = load<u32>(cursor, KIND)
      timeNs = load<f64>(cursor)
      begin = <usize>load<u32>(cursor, AT)
      end = <usize>load<u32>(cursor, END)
      if (outcome != RAN || row == ROWS || timeNs > limitNs) break
    }
    leave(cursor, begin, end, kind, timeNs)
    if (rowNs > latest) latest = rowNs
    if (!isRoot || outcome != RAN || row == ROWS || hasDoubt) break
    cursor = nextCursor
    passRoot(next, timeNs)
    next = nextEntry()
    limitNs = timeOf(next)
    nextCursor = cursorOf(next)
  }
  setRows(row, latest)
  return outcome
}
