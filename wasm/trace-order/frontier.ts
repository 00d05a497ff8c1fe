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

/** Cursors, as addresses; and room to sort them. */
const heap = memory.data(ARRAY_BYTES)
const spare = memory.data(ARRAY_BYTES)
export let heapSize: u32 = 0

export function openHeap(cursors: u32): bool {
  heapSize = 0
  return ensure(heap, <usize>cursors << 2, 0) && ensure(spare, <usize>cursors << 2, 0)
}

export function clearHeap(): void {
  heapSize = 0
}

// @ts-ignore: decorator
@inline
export function cursorAt(place: u32): usize {
  return <usize>load<u32>(baseOf(heap) + (<usize>place << 2))
}

// @ts-ignore: decorator
@inline
function put(place: u32, cursor: usize): void {
  store<u32>(baseOf(heap) + (<usize>place << 2), <u32>cursor)
}

export function insertCursor(cursor: usize): void {
  put(heapSize, cursor)
  heapSize++
  siftUp(heapSize - 1)
}

export function updateCursor(place: u32): void {
  if (siftUp(place) == place) siftDown(place)
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
  const left = load<f64>(cursorAt(1))
  if (heapSize < 3) return left
  const right = load<f64>(cursorAt(2))
  return right < left ? right : left
}

/** By time, stable: a sorted heap is a heap. */
export function sortCursors(): void {
  // Nearly sorted after the first time: runs of four by insertion, then merged unless they are in order.
  for (let from: u32 = 0; from < heapSize; from += 4) {
    const to = from + 4 < heapSize ? from + 4 : heapSize
    for (let at = from + 1; at < to; at++) {
      const cursor = cursorAt(at)
      let place = at
      while (place > from && load<f64>(cursorAt(place - 1)) > load<f64>(cursor)) {
        put(place, cursorAt(place - 1))
        place--
      }
      put(place, cursor)
    }
  }
  for (let width: u32 = 4; width < heapSize; width <<= 1) {
    for (let from: u32 = 0; from + width < heapSize; from += width << 1) {
      const to = from + (width << 1) < heapSize ? from + (width << 1) : heapSize
      if (load<f64>(cursorAt(from + width - 1)) > load<f64>(cursorAt(from + width))) merge(from, from + width, to)
    }
  }
}

function merge(from: u32, middle: u32, to: u32): void {
  const held = baseOf(spare)
  memory.copy(held, baseOf(heap) + (<usize>from << 2), <usize>(middle - from) << 2)
  let left: u32 = 0
  const leftEnd = middle - from
  let right = middle
  let at = from
  while (left < leftEnd) {
    const first = <usize>load<u32>(held + (<usize>left << 2))
    if (right < to && load<f64>(cursorAt(right)) < load<f64>(first)) put(at++, cursorAt(right++))
    else {
      put(at++, first)
      left++
    }
  }
}

function siftUp(place: u32): u32 {
  let at = place
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!(load<f64>(cursorAt(parent)) > load<f64>(cursorAt(at)))) break
    swap(at, parent)
    at = parent
  }
  return at
}

function siftDown(place: u32): void {
  let at = place
  for (;;) {
    let least = at
    const left: u32 = 2 * at + 1
    if (left < heapSize && load<f64>(cursorAt(left)) < load<f64>(cursorAt(least))) least = left
    if (left + 1 < heapSize && load<f64>(cursorAt(left + 1)) < load<f64>(cursorAt(least))) least = left + 1
    if (least == at) return
    swap(at, least)
    at = least
  }
}

function swap(left: u32, right: u32): void {
  const cursor = cursorAt(left)
  put(left, cursorAt(right))
  put(right, cursor)
}
