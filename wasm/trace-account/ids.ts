/**
 * Ids (doubles) → words other than 0. Open addressing with linear probing; removing shifts the run back, so no
 * tombstones pile up over millions of ids. A table is a header: places (id, word), mask, how many.
 */
import { allocate, release } from '../lib/arena'

const PLACES: usize = 0
const MASK: usize = 4
const SIZE: usize = 8
const FIRST_PLACES = 1024

export function openIds(): usize {
  const table = allocate(16)
  makePlaces(table, FIRST_PLACES)
  return table
}

function makePlaces(table: usize, count: u32): void {
  const places = allocate(<usize>count << 4)
  memory.fill(places, 0, <usize>count << 4)
  store<u32>(table, <u32>places, PLACES)
  store<u32>(table, count - 1, MASK)
  store<u32>(table, 0, SIZE)
}

/** Ids are mostly in sequence: multiplied so that neighbours do not cluster. */
// @ts-ignore: decorator
@inline
function hash(id: f64): u32 {
  const bits = reinterpret<u64>(id)
  const mixed = (<u32>(bits >> 20) ^ <u32>(bits >> 46)) * 0x9e3779b1 + <u32>bits
  return mixed ^ (mixed >> 15)
}

/** The word of an id; 0 where it has none. */
export function findId(table: usize, id: f64): u32 {
  const places = <usize>load<u32>(table, PLACES)
  const mask = load<u32>(table, MASK)
  let at = hash(id) & mask
  while (true) {
    const place = places + (<usize>at << 4)
    const word = load<u32>(place, 8)
    if (word == 0 || load<f64>(place) == id) return word
    at = (at + 1) & mask
  }
}

/** Puts an id that is not there; false when there are `most`. */
export function addToIds(table: usize, id: f64, word: u32, most: u32): bool {
  const size = load<u32>(table, SIZE)
  if (size >= most) return false
  if (size * 2 >= load<u32>(table, MASK)) grow(table)
  put(table, id, word)
  return true
}

export function removeId(table: usize, id: f64): void {
  const places = <usize>load<u32>(table, PLACES)
  const mask = load<u32>(table, MASK)
  let hole = hash(id) & mask
  while (true) {
    const place = places + (<usize>hole << 4)
    if (load<u32>(place, 8) == 0) return
    if (load<f64>(place) == id) break
    hole = (hole + 1) & mask
  }
  store<u32>(table, load<u32>(table, SIZE) - 1, SIZE)
  let next = (hole + 1) & mask
  while (true) {
    const place = places + (<usize>next << 4)
    const word = load<u32>(place, 8)
    if (word == 0) break
    const home = hash(load<f64>(place)) & mask
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      const free = places + (<usize>hole << 4)
      store<f64>(free, load<f64>(place))
      store<u32>(free, word, 8)
      hole = next
    }
    next = (next + 1) & mask
  }
  store<u32>(places + (<usize>hole << 4), 0, 8)
}

export function clearIds(table: usize): void {
  memory.fill(load<u32>(table, PLACES), 0, (<usize>load<u32>(table, MASK) + 1) << 4)
  store<u32>(table, 0, SIZE)
}

function put(table: usize, id: f64, word: u32): void {
  const places = <usize>load<u32>(table, PLACES)
  const mask = load<u32>(table, MASK)
  let at = hash(id) & mask
  while (load<u32>(places + (<usize>at << 4), 8) != 0) at = (at + 1) & mask
  const place = places + (<usize>at << 4)
  store<f64>(place, id)
  store<u32>(place, word, 8)
  store<u32>(table, load<u32>(table, SIZE) + 1, SIZE)
}

function grow(table: usize): void {
  const before = <usize>load<u32>(table, PLACES)
  const count = load<u32>(table, MASK) + 1
  makePlaces(table, count * 2)
  for (let at: u32 = 0; at < count; at++) {
    const place = before + (<usize>at << 4)
    const word = load<u32>(place, 8)
    if (word != 0) put(table, load<f64>(place), word)
  }
  release(before, <usize>count << 4)
}
