/**
 * Merges the threads of a generation: always the thread whose next event is first in time, or while it waits for
 * another, the first that can go on.
 */
import { ROWS, rowCount } from './columns'
import {
  AT,
  cursorAt,
  heapSize,
  KIND,
  removeCursor,
  renewRoot,
  rootLimit,
  SLOT,
  sortCursors,
  updateCursor,
  updateRoot,
} from './frontier'
import { generation, mostRows, spendStalls } from './generation'
import { baseOf, isFull } from './grow'
import { findId, RECORD_BITS } from './ids'
import { EXHAUSTED, FAIL_DOUBT, FAILED, fail, hasDoubt, isStrict, RAN, STALLED } from './notes'
import { runThreads } from './run'
import * as state from './state'
import {
  GO_RUNNABLE,
  GO_WAITING,
  goroutines,
  PROC_ABANDONED,
  PROC_IDLE,
  processors,
  SEQ,
  SEQ_GENERATION,
  STATUS,
  THREAD_PROCESSOR,
  threadRecord,
} from './state'
import { after, readLong } from './varint'

/** How `mergeChunk` ends. */
const CHUNK_FULL: i32 = 0
const MERGED: i32 = 1
const MERGE_FAILED: i32 = 2
const STUCK: i32 = 3
const TOO_MANY_STALLS: i32 = 4
const NO_MEMORY: i32 = 5
const ADVANCED: i32 = 6

/** Rows until the chunk is full, or the generation's end, or what only the caller can decide. */
export function mergeChunk(): i32 {
  if (!state.reserveState(mostRows + 8)) return NO_MEMORY
  while (heapSize > 0) {
    const outcome = runThreads(cursorAt(0), rootLimit(), true)
    if (outcome == RAN) updateRoot()
    else if (outcome == EXHAUSTED) removeCursor(0)
    else if (outcome == FAILED) return MERGE_FAILED
    else {
      renewRoot()
      if (rowCount == ROWS) return CHUNK_FULL
      const advanced = advanceAnother()
      if (advanced != ADVANCED) return advanced
    }
    if (hasDoubt && isStrict) {
      fail(FAIL_DOUBT, 0, 0)
      return MERGE_FAILED
    }
    if (isFull) return NO_MEMORY
    if (rowCount == ROWS) return CHUNK_FULL
  }
  return MERGED
}

/** The root waits for another thread: one event of the first in time that can go on. */
function advanceAnother(): i32 {
  if (!spendStalls(heapSize)) return TOO_MANY_STALLS
  sortCursors()
  for (let place: u32 = 1; place < heapSize; place++) {
    const outcome = runThreads(cursorAt(place), -Infinity, false)
    if (outcome == STALLED) continue
    if (outcome == FAILED) return MERGE_FAILED
    if (outcome == RAN) updateCursor(place)
    else removeCursor(place)
    return ADVANCED
  }
  return STUCK
}

/** Lets the first event in time, which waits, come next, as if what it waits for had happened: for cut traces. */
export function assumeTurn(): void {
  const cursor = cursorAt(0)
  const kind = load<u32>(cursor, KIND)
  const arg0 = readLong(<usize>load<u32>(cursor, AT))
  const arg1 = readLong(after)
  const threadSlot = load<i32>(cursor, SLOT)
  if (kind == 16 || kind == 21 || kind == 45 || kind == 46) {
    const status = kind == 16 ? GO_RUNNABLE : GO_WAITING
    let slot = findId(goroutines, arg0)
    if (slot < 0) slot = <i32>state.addGoroutine(arg0, status, generation)
    const record = baseOf(goroutines + 16) + (<usize>slot << RECORD_BITS)
    store<u8>(record, status, STATUS)
    store<u64>(record, arg1 - 1, SEQ)
    store<f64>(record, generation, SEQ_GENERATION)
  } else if (kind == 10 || kind == 12) {
    const status = kind == 10 ? PROC_IDLE : PROC_ABANDONED
    let slot = findId(processors, arg0)
    if (slot < 0) slot = <i32>state.addProcessor(arg0, status, generation)
    const record = baseOf(processors + 16) + (<usize>slot << RECORD_BITS)
    store<u8>(record, status, STATUS)
    store<u64>(record, arg1 - 1, SEQ)
    store<f64>(record, generation, SEQ_GENERATION)
    const holder = state.threadHolding(slot)
    if (holder != 0) store<i32>(holder, -1, THREAD_PROCESSOR)
    if (kind == 10 && threadSlot >= 0) store<i32>(threadRecord(<u32>threadSlot), -1, THREAD_PROCESSOR)
  } else if (kind == 24 && threadSlot >= 0) {
    const thread = threadRecord(<u32>threadSlot)
    const held = load<i32>(thread, THREAD_PROCESSOR)
    if (held >= 0) store<u8>(baseOf(processors + 16) + (<usize>held << RECORD_BITS), PROC_IDLE, STATUS)
    store<i32>(thread, -1, THREAD_PROCESSOR)
  } else if (kind == 28 || kind == 29 || kind == 30) {
    state.setGc(arg0 - 1, kind == 29 ? state.GC_NOT_RUNNING : state.GC_RUNNING)
  }
}
