/**
 * The input's place in memory: one stretch that the caller fills, with 128 bytes of room after it that may be read.
 * Grows where it ends when nobody else has grown the memory since; else it moves, and its old place goes to the arena.
 */
import { release } from '../lib/arena'
import { setBeyond } from './varint'

const ROOM: usize = 128
const PAGE_BITS: usize = 16

let base: usize = 0
let size: usize = 0

export function windowAddress(): usize {
  return base
}

/** Bytes of input that it holds. */
export function windowCapacity(): usize {
  return size > ROOM ? size - ROOM : 0
}

/** At least so many bytes; the first `held` stay. False when memory is refused. */
export function growWindow(bytes: usize, held: usize): bool {
  if (bytes > 0xf0000000) return false
  const wanted = (bytes + ROOM + 0xffff) & ~(<usize>0xffff)
  if (wanted <= size) return true
  const end = base + size
  let isLonger = false
  if (size > 0 && end == <usize>memory.size() << PAGE_BITS) {
    const page = memory.grow(<i32>((wanted - size) >> PAGE_BITS))
    if (page < 0) return false
    // Another thread may have grown the memory in between: then these pages are the arena's.
    isLonger = <usize>page << PAGE_BITS == end
    if (!isLonger) giveBack(<usize>page << PAGE_BITS, wanted - size)
  }
  if (!isLonger) {
    const page = memory.grow(<i32>(wanted >> PAGE_BITS))
    if (page < 0) return false
    const moved = <usize>page << PAGE_BITS
    if (size > 0) {
      memory.copy(moved, base, min(held, size))
      giveBack(base, size)
    }
    base = moved
  }
  size = wanted
  setBeyond(base + size - ROOM + 1)
  return true
}

/** The arena's blocks are powers of two. */
function giveBack(from: usize, bytes: usize): void {
  let at = from
  let left = bytes
  while (left >= <usize>1 << PAGE_BITS) {
    const block = <usize>1 << (31 - <usize>clz<u32>(<u32>left))
    release(at, block)
    at += block
    left -= block
  }
}
