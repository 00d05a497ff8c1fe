/**
 * The threads of a generation that still have events, as a heap by the time of each one's next event. Ties fall as in
 * Go's reader (internal/trace/batchcursor.go): clocks tick every 64 ns, so ties are common and decide the order.
 * A cursor is a record of 48 bytes: time of the next event f64, thread f64, place of that event's arguments u32, end of
 * its batch u32, kind u32, slot of the thread i32 (-1 none), next batch u32, end of its batches u32.
 */
import { ARRAY_BYTES, baseOf, ensure } from './grow'

export const CURSOR_BYTES: usize = 48
export const TIME: usize = 0
export const THREAD: usize = 8
export const AT: usize = 16
export const END: usize = 20
export const KIND: usize = 24
export const SLOT: usize = 28
export const NEXT_BATCH: usize = 32
export const LAST_BATCH: usize = 36

/** Entries of 16 bytes: the cursor's time f64, its address u32, room; and space to sort them. */
const heap = memory.data(ARRAY_BYTES)
const spare = memory.data(ARRAY_BYTES)
const ENTRY_BITS: usize = 4
export let heapSize: u32 = 0

export function openHeap(cursors: u32): bool {
  heapSize = 0
  return ensure(heap, <usize>cursors << ENTRY_BITS, 0) && ensure(spare, <usize>cursors << ENTRY_BITS, 0)
}

export function clearHeap(): void {
  heapSize = 0
}

// @ts-ignore: decorator
@inline
function entryAt(place: u32): usize {
  return baseOf(heap) + (<usize>place << ENTRY_BITS)
}

// @ts-ignore: decorator
@inline
export function cursorAt(place: u32): usize {
  return <usize>load<u32>(entryAt(place), 8)
}

export function insertCursor(cursor: usize): void {
  const entry = entryAt(heapSize)
  store<f64>(entry, load<f64>(cursor))
  store<u32>(entry, <u32>cursor, 8)
  heapSize++
  siftUp(heapSize - 1)
}

/** The cursor at this place has another time. */
export function updateCursor(place: u32): void {
  store<f64>(entryAt(place), load<f64>(cursorAt(place)))
  if (siftUp(place) == place) siftDown(place)
}

/** The root's time is another; it stays the root until the heap is sorted or updated. */
export function renewRoot(): void {
  store<f64>(entryAt(0), load<f64>(cursorAt(0)))
}

/** The root's time is another. */
export function updateRoot(): void {
  renewRoot()
  siftDown(0)
}

export function removeCursor(place: u32): void {
  let at = place
  while (at > 0) {
    const parent = (at - 1) >> 1
    swap(at, parent)
    at = parent
  }
  swap(0, heapSize - 1)
  heapSize--
  siftDown(0)
}

/** The first time at which the root would no longer be the root. */
export function rootLimit(): f64 {
  if (heapSize < 2) return Infinity
  const left = load<f64>(entryAt(1))
  if (heapSize < 3) return left
  const right = load<f64>(entryAt(2))
  return right < left ? right : left
}

const nobody = memory.data<f64>([Infinity, 0])

// @ts-ignore: decorator
@inline
export function timeOf(entry: usize): f64 {
  return load<f64>(entry)
}

// @ts-ignore: decorator
@inline
export function cursorOf(entry: usize): usize {
  return <usize>load<u32>(entry, 8)
}

/** Entry of the cursor that comes next after the root's; that of nobody, who never comes, when there is none. */
// @ts-ignore: decorator
@inline
export function nextEntry(): usize {
  const base = baseOf(heap)
  if (heapSize < 3) return heapSize < 2 ? nobody : base + 16
  const step = load<f64>(base, 32) < load<f64>(base, 16) ? 1 : 0
  return base + 16 + (<usize>step << ENTRY_BITS)
}

/**
 * The root's time is another, later than the next one's at `next`, which becomes the root. As `updateRoot` would do it,
 * without a branch that depends on times: threads take turns every few events, and nobody foresees which.
 */
// @ts-ignore: decorator
@inline
export function passRoot(next: usize, timeNs: f64): void {
  const base = baseOf(heap)
  const end = base + (<usize>heapSize << ENTRY_BITS)
  let moved = i64x2.replace_lane(f64x2.splat(timeNs), 1, <i64>load<u64>(base, 8))
  v128.store(base, v128.load(next))
  let hole = next
  for (;;) {
    let child = base + ((hole - base) << 1) + 16
    if (child >= end) break
    if (child + 16 < end) child += <usize>(load<f64>(child, 16) < load<f64>(child) ? 1 : 0) << ENTRY_BITS
    const other = v128.load(child)
    const isLess = i64x2.splat(-<i64>(load<f64>(child) < f64x2.extract_lane(moved, 0)))
    v128.store(hole, v128.bitselect(other, moved, isLess))
    moved = v128.bitselect(moved, other, isLess)
    hole = child
  }
  v128.store(hole, moved)
}

/** By time, stable: a sorted heap is a heap. */
export function sortCursors(): void {
  // Nearly sorted after the first time: runs of four by insertion, then merged unless they are in order.
  for (let from: u32 = 0; from < heapSize; from += 4) {
    const to = from + 4 < heapSize ? from + 4 : heapSize
    for (let at = from + 1; at < to; at++) {
      for (let place = at; place > from && load<f64>(entryAt(place - 1)) > load<f64>(entryAt(place)); place--) {
        swap(place - 1, place)
      }
    }
  }
  for (let width: u32 = 4; width < heapSize; width <<= 1) {
    for (let from: u32 = 0; from + width < heapSize; from += width << 1) {
      const to = from + (width << 1) < heapSize ? from + (width << 1) : heapSize
      if (load<f64>(entryAt(from + width - 1)) > load<f64>(entryAt(from + width))) merge(from, from + width, to)
    }
  }
}

function merge(from: u32, middle: u32, to: u32): void {
  let held = baseOf(spare)
  const bytes = <usize>(middle - from) << ENTRY_BITS
  memory.copy(held, entryAt(from), bytes)
  const heldEnd = held + bytes
  let right = entryAt(middle)
  const rightEnd = entryAt(to)
  for (let at = entryAt(from); held < heldEnd; at += 16) {
    if (right < rightEnd && load<f64>(right) < load<f64>(held)) {
      copyEntry(at, right)
      right += 16
    } else {
      copyEntry(at, held)
      held += 16
    }
  }
}

// @ts-ignore: decorator
@inline
function copyEntry(to: usize, from: usize): void {
  const cursor = load<u64>(from, 8)
  store<f64>(to, load<f64>(from))
  store<u64>(to, cursor, 8)
}

function siftUp(place: u32): u32 {
  let at = place
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!(load<f64>(entryAt(parent)) > load<f64>(entryAt(at)))) break
    swap(at, parent)
    at = parent
  }
  return at
}

function siftDown(place: u32): void {
  const base = baseOf(heap)
  const size = heapSize
  if (place >= size) return
  const moved = base + (<usize>place << ENTRY_BITS)
  const timeNs = load<f64>(moved)
  const cursor = load<u64>(moved, 8)
  let hole = moved
  let at = place
  for (;;) {
    let child: u32 = 2 * at + 1
    if (child >= size) break
    let entry = base + (<usize>child << ENTRY_BITS)
    if (child + 1 < size) {
      const step: u32 = load<f64>(entry, 16) < load<f64>(entry) ? 1 : 0
      child += step
      entry += <usize>step << ENTRY_BITS
    }
    if (!(load<f64>(entry) < timeNs)) break
    copyEntry(hole, entry)
    hole = entry
    at = child
  }
  store<f64>(hole, timeNs)
  store<u64>(hole, cursor, 8)
}

function swap(left: u32, right: u32): void {
  const one = entryAt(left)
  const other = entryAt(right)
  const timeNs = load<f64>(one)
  const cursor = load<u64>(one, 8)
  copyEntry(one, other)
  store<f64>(other, timeNs)
  store<u64>(other, cursor, 8)
}
