/** Sweeping: each processor's stretch of it, from begin to end. */
import { allocate } from '../lib/arena'
import { work } from './gauge'
import { addStay, openStay, STAY_BYTES } from './sketches'
import { clip } from './window'

/** By processor + 1, so that "none" has a place. */
const MOST: i32 = 4097

export let sweepStay: usize = 0
export let sweptBytes: f64 = 0
export let reclaimedBytes: f64 = 0
let since: usize = 0

export function openSweeps(): void {
  sweepStay = openStay(STAY_BYTES)
  since = allocate(<usize>MOST * 8)
  for (let at: usize = 0; at < <usize>MOST; at++) store<f64>(since + (at << 3), NaN)
}

export function beginSweep(processor: f64, at: f64): void {
  if (!(processor >= -1 && processor < <f64>(MOST - 1))) return
  const place = since + (<usize>(<i32>processor + 1) << 3)
  const known = load<f64>(place)
  if (known == known) return
  store<f64>(place, at)
  work(1, at)
}

export function endSweep(processor: f64, swept: f64, reclaimed: f64, at: f64): void {
  if (!(processor >= -1 && processor < <f64>(MOST - 1))) return
  const place = since + (<usize>(<i32>processor + 1) << 3)
  const known = load<f64>(place)
  if (known != known) return
  store<f64>(place, NaN)
  work(-1, at)
  addStay(sweepStay, clip(known, at))
  sweptBytes += swept
  reclaimedBytes += reclaimed
}
