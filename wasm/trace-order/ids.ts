/**
 * From sparse 64-bit ids (goroutines, processors, threads) to dense slots that are used again: records of 32 bytes that
 * begin with the id, and a hash of slots + 1. Deletion shifts back; a free list keeps slots few.
 * Of a record the id is at 0; addId clears the rest.
 * A table of static memory: 0 hash array, 8 mask, 12 used, 16 records array, 24 slots ever used, 28 free count,
 * 32 free array.
 */
import { baseOf, ensure, placeOf } from './grow'

export const IDS_BYTES: i32 = 40
export const RECORD_BITS: usize = 5
/** Of a record: 1 while its slot is an id's. */
export const IN_USE: usize = 26

/** Slot of the id, or -1. */
// @ts-ignore: decorator
@inline
export function findIn(hash: usize, mask: u32, records: usize, id: u64): i32 {
  let at = placeOf(id) & mask
  while (true) {
    const entry = load<u32>(hash + (<usize>at << 2))
    if (entry == 0) return -1
    if (load<u64>(records + (<usize>(entry - 1) << RECORD_BITS)) == id) return <i32>(entry - 1)
    at = (at + 1) & mask
  }
}

export function findId(table: usize, id: u64): i32 {
  return findIn(baseOf(table), load<u32>(table, 8), baseOf(table + 16), id)
}

/** Room for so many more ids, so that `addId` needs none. */
export function reserveIds(table: usize, more: u32): bool {
  const used = load<u32>(table, 12)
  const free = load<u32>(table, 28)
  const slots = load<u32>(table, 24) + (more > free ? more - free : 0)
  if (!ensure(table + 16, <usize>slots << RECORD_BITS, 0)) return false
  if (!ensure(table + 32, <usize>slots << 2, 0)) return false
  const places = load<u32>(table, 4) >> 2
  if ((used + more) * 2 <= places) return true
  if (!ensure(table, <usize>(used + more) << 3, 0)) return false
  rehash(table)
  return true
}

function rehash(table: usize): void {
  const places = load<u32>(table, 4) >> 2
  const hash = baseOf(table)
  const oldMask = load<u32>(table, 8)
  const mask = places - 1
  store<u32>(table, mask, 8)
  if (load<u32>(table, 12) == 0) return
  memory.fill(hash, 0, <usize>(oldMask + 1) << 2)
  const records = baseOf(table + 16)
  const slots = load<u32>(table, 24)
  for (let slot: u32 = 0; slot < slots; slot++) {
    const record = records + (<usize>slot << RECORD_BITS)
    if (load<u8>(record, IN_USE) == 1) place(hash, mask, load<u64>(record), slot)
  }
}

function place(hash: usize, mask: u32, id: u64, slot: u32): void {
  let at = placeOf(id) & mask
  while (load<u32>(hash + (<usize>at << 2)) != 0) at = (at + 1) & mask
  store<u32>(hash + (<usize>at << 2), slot + 1)
}

/** A slot for an id that has none; its record is cleared. There must be room. */
export function addId(table: usize, id: u64): u32 {
  let slot: u32
  const free = load<u32>(table, 28)
  if (free > 0) {
    store<u32>(table, free - 1, 28)
    slot = load<u32>(baseOf(table + 32) + (<usize>(free - 1) << 2))
  } else {
    slot = load<u32>(table, 24)
    store<u32>(table, slot + 1, 24)
  }
  store<u32>(table, load<u32>(table, 12) + 1, 12)
  const record = baseOf(table + 16) + (<usize>slot << RECORD_BITS)
  store<u64>(record, id)
  store<u64>(record, 0, 8)
  store<u64>(record, 0, 16)
  store<u64>(record, (<u64>1) << 16, 24)
  place(baseOf(table), load<u32>(table, 8), id, slot)
  return slot
}

/** Takes the id and its slot out. */
export function removeId(table: usize, id: u64): void {
  const hash = baseOf(table)
  const mask = load<u32>(table, 8)
  const records = baseOf(table + 16)
  let hole = placeOf(id) & mask
  let slot: u32
  for (;;) {
    const entry = load<u32>(hash + (<usize>hole << 2))
    if (entry == 0) return
    slot = entry - 1
    if (load<u64>(records + (<usize>slot << RECORD_BITS)) == id) break
    hole = (hole + 1) & mask
  }
  store<u8>(records + (<usize>slot << RECORD_BITS), 0, IN_USE)
  const free = load<u32>(table, 28)
  store<u32>(baseOf(table + 32) + (<usize>free << 2), slot)
  store<u32>(table, free + 1, 28)
  store<u32>(table, load<u32>(table, 12) - 1, 12)
  for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
    const entry = load<u32>(hash + (<usize>at << 2))
    if (entry == 0) break
    const home = placeOf(load<u64>(records + (<usize>(entry - 1) << RECORD_BITS))) & mask
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      store<u32>(hash + (<usize>hole << 2), entry)
      hole = at
    }
  }
  store<u32>(hash + (<usize>hole << 2), 0)
}

export function clearIds(table: usize): void {
  const bytes = load<u32>(table, 4)
  if (bytes > 0) memory.fill(baseOf(table), 0, bytes)
  store<u32>(table, 0, 12)
  store<u32>(table, 0, 24)
  store<u32>(table, 0, 28)
}
