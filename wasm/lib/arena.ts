/**
 * Memory for columns that grow. Modules that share one WebAssembly.Memory each keep their own arena: whole pages are
 * taken by memory.grow, so no two modules ever own the same byte. Blocks are powers of two; freed ones are kept by
 * size and used again, never given back. No garbage collector, no AssemblyScript runtime.
 */

const PAGE_BITS = 16
const LEAST_BITS = 6
/** Small blocks are cut from regions of this many pages. */
const REGION_PAGES = 4

/** First free block per size, as bits; a free block holds the next one's address. */
const free = memory.data(4 * 33)
let regionAt: usize = 0
let regionEnd: usize = 0

/** A block of at least `bytes`, not cleared; traps where the memory's maximum is reached. */
export function allocate(bytes: usize): usize {
  const block = tryAllocate(bytes)
  if (block == 0) unreachable()
  return block
}

/** The same; 0 where no memory is left. */
export function tryAllocate(bytes: usize): usize {
  if (bytes > <usize>1 << 31) return 0
  const bits = bitsFor(bytes)
  const place = free + 4 * bits
  const known = <usize>load<u32>(place)
  if (known != 0) {
    store<u32>(place, load<u32>(known))
    return known
  }
  const size: usize = <usize>1 << bits
  if (size >= <usize>1 << PAGE_BITS) return takePages(<i32>(size >> PAGE_BITS))
  if (regionEnd - regionAt < size) {
    const region = takePages(REGION_PAGES)
    if (region == 0) return 0
    regionAt = region
    regionEnd = region + (<usize>REGION_PAGES << PAGE_BITS)
  }
  const block = regionAt
  regionAt += size
  return block
}

/** Gives a block of `allocate(bytes)` back to the arena. */
export function release(block: usize, bytes: usize): void {
  if (block == 0) return
  const place = free + 4 * bitsFor(bytes)
  store<u32>(block, load<u32>(place))
  store<u32>(place, <u32>block)
}

/** A block of `bytes` that begins as the old one; the rest is zero. The old one is given back. */
export function enlarge(block: usize, oldBytes: usize, bytes: usize): usize {
  const larger = allocate(bytes)
  if (oldBytes > 0) memory.copy(larger, block, oldBytes)
  memory.fill(larger + oldBytes, 0, bytes - oldBytes)
  release(block, oldBytes)
  return larger
}

function bitsFor(bytes: usize): usize {
  const least: usize = <usize>1 << LEAST_BITS
  if (bytes <= least) return LEAST_BITS
  return 32 - <usize>clz<u32>(<u32>(bytes - 1))
}

function takePages(pages: i32): usize {
  const before = memory.grow(pages)
  return before < 0 ? 0 : <usize>before << PAGE_BITS
}
