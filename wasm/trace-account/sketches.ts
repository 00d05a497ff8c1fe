/**
 * Counts of durations in buckets of 1/16 of their power of two, as src/analyze/columns/duration-sketch.ts has them;
 * and rows of (count, ns, longest, sketch) that many ledgers keep.
 */
import { allocate } from '../lib/arena'

const BUCKETS = 816
/** Bits of a double from the exponent to the fourth of its fraction: those of 16, less the 16 exact buckets. */
const FIRST = ((1023 + 4) << 4) - 16

export const SKETCH_BYTES = BUCKETS * 4

export function openSketch(): u32 {
  const sketch = allocate(SKETCH_BYTES)
  memory.fill(sketch, 0, SKETCH_BYTES)
  return <u32>sketch
}

// @ts-ignore: decorator
@inline
export function addToSketch(sketch: usize, ns: f64): void {
  if (sketch == 0) return
  let bucket: i32
  if (ns < 16) bucket = <i32>ns
  else {
    bucket = <i32>(reinterpret<u64>(ns) >> 48) - FIRST
    if (bucket >= BUCKETS) bucket = BUCKETS - 1
  }
  const place = sketch + ((<usize>bucket) << 2)
  store<u32>(place, load<u32>(place) + 1)
}

/** Places of a stay row. */
export const STAY_COUNT: usize = 0
export const STAY_NS: usize = 8
export const STAY_MAX: usize = 16
export const STAY_SKETCH: usize = 24
export const STAY_BYTES: usize = 32

export function addStay(row: usize, ns: f64): void {
  store<f64>(row, load<f64>(row, STAY_COUNT) + 1, STAY_COUNT)
  store<f64>(row, load<f64>(row, STAY_NS) + ns, STAY_NS)
  if (ns > load<f64>(row, STAY_MAX)) store<f64>(row, ns, STAY_MAX)
  addToSketch(load<u32>(row, STAY_SKETCH), ns)
}

export function openStay(bytes: usize): usize {
  const row = allocate(bytes)
  memory.fill(row, 0, bytes)
  store<u32>(row, openSketch(), STAY_SKETCH)
  return row
}
