/**
 * Arrays and hash tables that grow, over the arena. An array is a record of static memory: base and capacity in bytes.
 * Growing fails where memory is refused, and then says so: nothing here traps. `isFull` stays set from then on.
 */
import { release, tryAllocate } from '../lib/arena'

/** A record of an array: base u32, bytes u32. */
export const ARRAY_BYTES: i32 = 8

/** Memory was refused. */
export let isFull: bool = false

export function refuse(): bool {
  isFull = true
  return false
}

/** Room for `bytes` in the array; what it held stays, the rest is filled with `fill`. */
export function ensure(array: usize, bytes: usize, fill: u8): bool {
  const had = <usize>load<u32>(array, 4)
  if (bytes <= had) return true
  if (bytes > <usize>1 << 31) return refuse()
  let wanted: usize = had == 0 ? 256 : had
  while (wanted < bytes) wanted <<= 1
  const base = <usize>load<u32>(array)
  const larger = tryAllocate(wanted)
  if (larger == 0) return refuse()
  if (had > 0) memory.copy(larger, base, had)
  memory.fill(larger + had, fill, wanted - had)
  if (had > 0) release(base, had)
  store<u32>(array, <u32>larger)
  store<u32>(array, <u32>wanted, 4)
  return true
}

// @ts-ignore: decorator
@inline
export function baseOf(array: usize): usize {
  return <usize>load<u32>(array)
}

/** Odd, and another in every reader: nobody can write ids that all fall into one place. */
export let hashFactor: u64 = 0x9e3779b97f4a7c15

export function setHashFactor(low: u32, high: u32): void {
  hashFactor = <u64>low | (<u64>high << 32) | 1
}

/** Places of 32 bits: from a hash to an entry above 0, which the caller compares. A table: array, mask u32, used u32. */
export const TABLE_BYTES: i32 = 16

// @ts-ignore: decorator
@inline
export function maskOf(table: usize): u32 {
  return load<u32>(table, 8)
}

/** The record's place in its table, from the upper bits. */
// @ts-ignore: decorator
@inline
export function placeOf(id: u64): u32 {
  const bits = id * hashFactor
  return <u32>(bits >> 32) ^ <u32>(bits >> 57)
}
