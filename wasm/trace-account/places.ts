/**
 * Places of goroutines for chunks that do not have them: fills the columns `slots` and `targets` as the model describes
 * them. A place is the goroutine's from the first row that names it to its end.
 */
import { enlarge } from '../lib/arena'
import { addToIds, clearIds, findId, openIds, removeId } from './ids'
import { ARG0, GOROUTINES, KINDS, SLOTS, TARGETS } from './columns'
import * as kind from './kinds'

/** Twice as many as rows.ts has rows. */
const MAX_PLACES = 1 << 24

/** Id → place + 1. */
let ids: usize = 0
let free: usize = 0
let freeRoom: u32 = 0
let freeCount: u32 = 0
let placeCount: u32 = 0

export function fillPlaces(chunk: usize, rowCount: i32): void {
  if (ids == 0) ids = openIds()
  for (let row: usize = 0; row < <usize>rowCount; row++) {
    const type = load<u8>(chunk + KINDS + row)
    const goroutine = load<f64>(chunk + GOROUTINES + (row << 3))
    // 0 is no goroutine, unless a damaged trace has named one so.
    const slot = goroutine == 0 ? findId(ids, 0) : placeOf(goroutine)
    store<u32>(chunk + SLOTS + (row << 2), slot)
    const named = load<f64>(chunk + ARG0 + (row << 3))
    store<u32>(chunk + TARGETS + (row << 2), kind.namesGoroutine(type) ? placeOf(named) : 0)
    const isEnd = type == kind.GoDestroy || type == kind.GoDestroySyscall
    if (slot != 0 && (isEnd || (type == kind.GoSwitchDestroy && named != goroutine))) {
      removeId(ids, goroutine)
      giveBack(slot)
    }
  }
}

/** A restart: no goroutine is known any more. */
export function forgetPlaces(): void {
  if (ids != 0) clearIds(ids)
  freeCount = 0
  placeCount = 0
}

function placeOf(id: f64): u32 {
  if (id != id) return 0
  const known = findId(ids, id)
  if (known != 0) return known
  let place: u32
  if (freeCount > 0) {
    freeCount--
    place = load<u32>(free + ((<usize>freeCount) << 2))
  } else {
    placeCount++
    place = placeCount
  }
  return addToIds(ids, id, place, MAX_PLACES) ? place : 0
}

function giveBack(place: u32): void {
  if (freeCount == freeRoom) {
    const room = freeRoom == 0 ? 1024 : freeRoom * 2
    free = enlarge(free, <usize>freeRoom << 2, <usize>room << 2)
    freeRoom = room
  }
  store<u32>(free + ((<usize>freeCount) << 2), place)
  freeCount++
}
