/**
 * From the string and stack ids of one generation to numbers. The runtime counts ids up from 1, so they are places of an
 * array; odd ones of other writers go to a hash. Id 0 is always 0.
 * A table of static memory: 0 dense array (i32), 8 count, 12 high (places used since the last clear), 16 sparse array
 * (16 bytes: id u64, value i32, used u32), 24 sparse used.
 */
import { release } from '../lib/arena'
import { baseOf, ensure, placeOf } from './grow'

export const NAMES_BYTES: i32 = 32
/** Not in the table. */
export const MISSING: i32 = -1
/** The array may be this much longer than it has entries. */
const MAX_SPARSE_PLACES: u64 = 1 << 16
const MAX_DENSE_PLACES: u64 = 1 << 28

export function openNames(table: usize): bool {
  if (!ensure(table, 4096, 0xff)) return false
  store<i32>(baseOf(table), 0)
  store<u32>(table, 1, 12)
  return true
}

export function nameIn(table: usize, id: u64): i32 {
  const places = load<u32>(table, 4) >> 2
  if (id < <u64>places) {
    const value = load<i32>(baseOf(table) + (<usize>id << 2))
    if (value != MISSING) return value
  }
  if (load<u32>(table, 24) == 0) return MISSING
  const entry = sparseEntry(table, id)
  return load<u32>(entry, 12) == 0 ? MISSING : load<i32>(entry, 8)
}

/** The entry of the id, or the empty one where it would be. */
function sparseEntry(table: usize, id: u64): usize {
  const mask = (load<u32>(table, 20) >> 4) - 1
  const base = baseOf(table + 16)
  let at = placeOf(id) & mask
  while (true) {
    const entry = base + (<usize>at << 4)
    if (load<u32>(entry, 12) == 0 || load<u64>(entry) == id) return entry
    at = (at + 1) & mask
  }
}

/** 1 when added, 0 when the id is taken, -1 when memory is refused. */
export function addName(table: usize, id: u64, value: i32): i32 {
  if (nameIn(table, id) != MISSING) return 0
  const count = load<u32>(table, 8) + 1
  store<u32>(table, count, 8)
  const places = <u64>(load<u32>(table, 4) >> 2)
  if (id < places || (id < MAX_DENSE_PLACES && id <= <u64>count * 4 + MAX_SPARSE_PLACES)) {
    if (!ensure(table, (<usize>id + 1) << 2, 0xff)) return -1
    if (id >= <u64>load<u32>(table, 12)) store<u32>(table, <u32>id + 1, 12)
    store<i32>(baseOf(table) + (<usize>id << 2), value)
    return 1
  }
  return addSparse(table, id, value) ? 1 : -1
}

function addSparse(table: usize, id: u64, value: i32): bool {
  const used = load<u32>(table, 24) + 1
  const bytes = load<u32>(table, 20)
  if (<usize>used << 5 > <usize>bytes) {
    // Put anew from a copy: the array's own places change with its mask.
    const old = baseOf(table + 16)
    const places = bytes >> 4
    const fresh = memory.data(8)
    store<u64>(fresh, 0)
    if (!ensure(fresh, bytes == 0 ? 1024 : <usize>bytes << 1, 0)) return false
    store<u32>(table, load<u32>(fresh), 16)
    store<u32>(table, load<u32>(fresh, 4), 20)
    for (let at: u32 = 0; at < places; at++) {
      const from = old + (<usize>at << 4)
      if (load<u32>(from, 12) == 0) continue
      const to = sparseEntry(table, load<u64>(from))
      memory.copy(to, from, 16)
    }
    giveBack(old, bytes)
  }
  const entry = sparseEntry(table, id)
  store<u64>(entry, id)
  store<i32>(entry, value, 8)
  store<u32>(entry, 1, 12)
  store<u32>(table, used, 24)
  return true
}

function giveBack(block: usize, bytes: u32): void {
  if (bytes > 0) release(block, bytes)
}

/** Another value for an id that is there. */
export function setName(table: usize, id: u64, value: i32): void {
  const places = load<u32>(table, 4) >> 2
  if (id < <u64>places) {
    const place = baseOf(table) + (<usize>id << 2)
    if (load<i32>(place) != MISSING) {
      store<i32>(place, value)
      return
    }
  }
  if (load<u32>(table, 24) == 0) return
  const entry = sparseEntry(table, id)
  if (load<u32>(entry, 12) != 0) store<i32>(entry, value, 8)
}

export function clearNames(table: usize): void {
  const high = load<u32>(table, 12)
  if (high > 1) memory.fill(baseOf(table) + 4, 0xff, <usize>(high - 1) << 2)
  store<u32>(table, 0, 8)
  store<u32>(table, 1, 12)
  if (load<u32>(table, 24) > 0) memory.fill(baseOf(table + 16), 0, load<u32>(table, 20))
  store<u32>(table, 0, 24)
}
