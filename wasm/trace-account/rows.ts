/**
 * A row of 128 bytes for every place of a goroutine, in pages that never move: what one event touches lies in one or
 * two cache lines. A row without a state is free.
 */
import { allocate, tryAllocate } from '../lib/arena'

export const ROW_BYTES = 128
const PAGE_ROWS_BITS = 12
const PAGE_ROWS = 1 << PAGE_ROWS_BITS
/** Eight million goroutines at once: a gigabyte. */
const MAX_PAGES = 1 << 11

/** Start of the state at hand. */
export const SINCE: usize = 0
export const ID: usize = 8
/** State in the low byte, marks above. */
export const MARKS: usize = 16
export const GROUP: usize = 20
export const CODE: usize = 24
export const STACK: usize = 28
/** Time by state: runnable, running, waiting, in a system call. */
export const TOTALS: usize = 32
export const RUNNABLE_NS: usize = 32
export const RUNNING_NS: usize = 40
export const WAITING_NS: usize = 48
export const SYSCALL_NS: usize = 56
export const BIRTH: usize = 64
/** In system calls whose processor was taken away. */
export const BLOCKED_NS: usize = 72
export const LOST_AT: usize = 80
/** Readings of the clocks when it became runnable. */
export const STOP_AT: usize = 88
export const BUSY_AT: usize = 96
export const GC_AT: usize = 104
/** Its innermost open region, intervals kept for want of a group, and its assists: addresses. */
export const REGION: usize = 112
export const KEPT: usize = 116
export const ASSIST: usize = 120

export const RUNNABLE = 2
export const RUNNING = 3
export const WAITING = 4
export const SYSCALL = 5
export const STATE_MASK = 0xff
/** Marks: held before the trace; made within it; works for the collector. */
export const OLDER = 0x100
export const CREATED = 0x200
export const COLLECTS = 0x400

export const NO_GROUP = -1

let pages: usize = 0
let pageCount: u32 = 0

export function openRows(): void {
  pages = allocate(MAX_PAGES * 4)
}

/** Places that have a row. */
export function rowCount(): u32 {
  return pageCount << PAGE_ROWS_BITS
}

/** Address of a row that was made. */
// @ts-ignore: decorator
@inline
export function rowAt(slot: u32): usize {
  return <usize>load<u32>(pages + ((<usize>slot >> PAGE_ROWS_BITS) << 2)) + ((<usize>slot & (PAGE_ROWS - 1)) << 7)
}

/** Makes the rows up to a place; false past the bound of places, and where memory is refused. */
export function reach(slot: u32): bool {
  if (slot >> PAGE_ROWS_BITS >= <u32>MAX_PAGES) return false
  while (slot >= rowCount()) {
    const page = tryAllocate(PAGE_ROWS * ROW_BYTES)
    if (page == 0) return false
    memory.fill(page, 0, PAGE_ROWS * ROW_BYTES)
    store<u32>(pages + ((<usize>pageCount) << 2), <u32>page)
    pageCount++
  }
  return true
}

// @ts-ignore: decorator
@inline
export function stateOf(row: usize): i32 {
  return load<u8>(row, MARKS)
}
