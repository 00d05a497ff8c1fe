/**
 * The events of one generation: its clock, and a cursor per thread that has events, over the thread's batches.
 */
import { argCounts, NO_EVENT, ROWS } from './columns'
import {
  AT,
  clearHeap,
  CURSOR_BYTES,
  cursorAt,
  END,
  heapSize,
  insertCursor,
  KIND,
  LAST_BATCH,
  NEXT_BATCH,
  openHeap,
  SLOT,
  THREAD,
} from './frontier'
import { clearNotes, EXHAUSTED, FAIL_ENDS, FAIL_NO_EVENT, fail, RAN } from './notes'
import * as state from './state'
import { after, readLong, toFloat } from './varint'

/** A batch of events: begin u32, end u32, ticks f64. */
const BATCH_BYTES: usize = 16

/** Rows that a turn can write. */
export let mostRows: u32 = ROWS
export let generation: f64 = 0
export let nsPerTick: f64 = 1
export let originNs: f64 = 0
/** Threads that may yet be looked at because the first in time had to wait. */
let stallsLeft: f64 = 0

export function beginGeneration(number: f64, tickNs: f64, origin: f64, stalls: f64, sizeBytes: f64): void {
  // An event has two bytes or more.
  mostRows = sizeBytes < <f64>(ROWS * 2) ? <u32>(<i32>sizeBytes) : ROWS
  generation = number
  nsPerTick = tickNs
  originNs = origin
  stallsLeft = stalls
  clearNotes()
  clearHeap()
}

/** Opens the cursor at `cursor` on batches from `first` to `last`; `thread` is NaN where there is none. */
export function openCursor(cursor: usize, thread: f64, first: usize, last: usize): i32 {
  const slot = thread == thread ? <i32>state.threadSlot(thread) : -1
  memory.fill(cursor, 0, CURSOR_BYTES)
  store<f64>(cursor, thread, THREAD)
  store<i32>(cursor, slot, SLOT)
  store<u32>(cursor, <u32>first, NEXT_BATCH)
  store<u32>(cursor, <u32>last, LAST_BATCH)
  return peek(cursor)
}

export function reserveThreads(count: u32): bool {
  return state.reserveState(count)
}

/** The cursors that were opened, which lie one after another; those at an address in `from..to` of 4 bytes each. */
export function openFrontier(from: usize, to: usize, takesOrigin: bool): bool {
  const count = <u32>((to - from) >> 2)
  if (!openHeap(count)) return false
  if (takesOrigin && count > 0) {
    let least: f64 = Infinity
    for (let at = from; at < to; at += 4) least = min(least, load<f64>(<usize>load<u32>(at)))
    for (let at = from; at < to; at += 4) {
      const cursor = <usize>load<u32>(at)
      store<f64>(cursor, load<f64>(cursor) - least)
    }
    originNs = least
  }
  for (let at = from; at < to; at += 4) insertCursor(<usize>load<u32>(at))
  return true
}

export function firstTime(): f64 {
  return heapSize == 0 ? Infinity : load<f64>(cursorAt(0))
}

/** Bytes of events that had no turn. */
export function bytesLeft(): f64 {
  let left: f64 = 0
  for (let place: u32 = 0; place < heapSize; place++) {
    const cursor = cursorAt(place)
    left += <f64>load<u32>(cursor, END) - <f64>load<u32>(cursor, AT)
    for (let at = <usize>load<u32>(cursor, NEXT_BATCH); at < <usize>load<u32>(cursor, LAST_BATCH); at += BATCH_BYTES) {
      left += <f64>load<u32>(at, 4) - <f64>load<u32>(at)
    }
  }
  return left
}

/** Reads the head of the thread's next event: RAN, EXHAUSTED or FAILED. */
export function peek(cursor: usize): i32 {
  while (load<u32>(cursor, AT) >= load<u32>(cursor, END)) {
    const batch = <usize>load<u32>(cursor, NEXT_BATCH)
    if (batch >= <usize>load<u32>(cursor, LAST_BATCH)) return EXHAUSTED
    store<u32>(cursor, <u32>(batch + BATCH_BYTES), NEXT_BATCH)
    store<u32>(cursor, load<u32>(batch), AT)
    store<u32>(cursor, load<u32>(batch, 4), END)
    store<f64>(cursor, trunc(load<f64>(batch, 8) * nsPerTick) - originNs)
  }
  let at = <usize>load<u32>(cursor, AT)
  const kind = <u32>load<u8>(at)
  if (load<u8>(argCounts + <usize>kind) == NO_EVENT) return fail(FAIL_NO_EVENT, kind, at)
  let delta = <u64>load<u8>(at, 1)
  if (delta > 127) {
    delta = readLong(at + 1)
    at = after
  } else {
    at += 2
  }
  if (at > <usize>load<u32>(cursor, END)) return fail(FAIL_ENDS, kind, <usize>load<u32>(cursor, AT))
  store<u32>(cursor, kind, KIND)
  store<u32>(cursor, <u32>at, AT)
  store<f64>(cursor, load<f64>(cursor) + trunc(toFloat(delta) * nsPerTick))
  return RAN
}

/** False when threads have waited for each other too often. */
export function spendStalls(threads: u32): bool {
  stallsLeft -= <f64>threads
  return stallsLeft >= 0
}
