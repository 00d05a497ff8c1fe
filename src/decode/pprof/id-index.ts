/**
 * From the 64-bit ids of a profile's tables to dense indices.
 * Enters: the ids of one table as two columns of 32-bit halves. Leaves: a lookup that answers index + 1, or 0.
 * Ids that are small (Go's writers count from 1) go through a direct table; others through open addressing.
 * Refuses id 0 and duplicates, as google/pprof's CheckValid does.
 */
import { CursorFault } from '../../base/byte-cursor.ts'
import { toUint64 } from './wire.ts'

export type IdIndex = {
  /** index + 1 by id, for ids below its length; empty when the ids are not small. */
  readonly direct: Uint32Array
  readonly slots: Uint32Array
  readonly lo: Uint32Array
  readonly hi: Uint32Array
  /** Odd and random: ids made to collide would make a lookup quadratic. */
  readonly seed: number
}

/** `offsets[i]` is where row i starts in the input, for the message of a fault. */
export function indexIds(
  what: string,
  lo: Uint32Array,
  hi: Uint32Array,
  count: number,
  offsets: (row: number) => number,
): IdIndex {
  let max = 0
  let isSmall = true
  for (let row = 0; row < count; row++) {
    const low = lo[row] as number
    if (low === 0 && hi[row] === 0) throw new CursorFault('malformed', offsets(row), `a ${what} has the reserved id 0`)
    if (hi[row] !== 0) isSmall = false
    if (low > max) max = low
  }
  const fail = (row: number): never => {
    const id = toUint64(lo[row] as number, hi[row] as number)
    throw new CursorFault('malformed', offsets(row), `two ${what}s have the id ${id}`)
  }
  if (isSmall && max <= count * 4 + 1024) {
    const direct = new Uint32Array(max + 1)
    for (let row = 0; row < count; row++) {
      const id = lo[row] as number
      if (direct[id] !== 0) fail(row)
      direct[id] = row + 1
    }
    return { direct, slots: new Uint32Array(0), lo, hi, seed: 1 }
  }
  const size = 1 << (32 - Math.clz32(count * 2))
  const slots = new Uint32Array(size)
  const seed = Math.floor(Math.random() * 0x7fffffff) | 1
  for (let row = 0; row < count; row++) {
    let slot = hashId(lo[row] as number, hi[row] as number, seed) & (size - 1)
    for (;;) {
      const held = slots[slot] as number
      if (held === 0) break
      if (lo[held - 1] === lo[row] && hi[held - 1] === hi[row]) fail(row)
      slot = (slot + 1) & (size - 1)
    }
    slots[slot] = row + 1
  }
  return { direct: new Uint32Array(0), slots, lo, hi, seed }
}

/** index + 1 of the row with this id, 0 when there is none. */
export function findId(index: IdIndex, lo: number, hi: number): number {
  const { direct, slots } = index
  if (slots.length === 0) return hi === 0 && lo < direct.length ? (direct[lo] as number) : 0
  const mask = slots.length - 1
  let slot = hashId(lo, hi, index.seed) & mask
  for (;;) {
    const held = slots[slot] as number
    if (held === 0) return 0
    if (index.lo[held - 1] === lo && index.hi[held - 1] === hi) return held
    slot = (slot + 1) & mask
  }
}

function hashId(lo: number, hi: number, seed: number): number {
  let mixed = Math.imul(lo, seed) ^ Math.imul(hi ^ seed, 0x9e3779b1)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
