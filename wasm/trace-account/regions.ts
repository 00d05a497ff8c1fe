/**
 * User regions: each goroutine's open ones as a list, and by name what they took in all. A region belongs to the
 * goroutine that began it and ends with it at the latest.
 */
import { allocate, release } from '../lib/arena'
import { addKey, findKey, openKeys } from './keys'
import * as rows from './rows'
import { stateOf } from './rows'
import { addStay, openStay, STAY_BYTES } from './sketches'
import { clip, fromNs, toNs } from './window'

const MAX_TYPES = 1024
const MAX_OPEN = 1 << 20

const NEXT: usize = 0
const NAME: usize = 4
const START: usize = 8
/** The goroutine's runnable, running, waiting and syscall time at the start. */
const TIMES: usize = 16
const BYTES: usize = 48

/** Places of a type's row, after its stays: the four times, and how many had only one end in the trace. */
const TYPE_TIMES: usize = STAY_BYTES
const TYPE_OPEN: usize = STAY_BYTES + 32
const TYPE_BYTES: usize = STAY_BYTES + 40

/** Name → address of its row, at 12. */
export let regionTypes: usize = 0
export let lostRegions: f64 = 0
let openCount: i32 = 0

export function openRegions(): void {
  regionTypes = openKeys(MAX_TYPES, 16)
}

export function beginRegion(row: usize, name: i32, at: f64): void {
  if (openCount >= MAX_OPEN) {
    lostRegions++
    return
  }
  openCount++
  const region = allocate(BYTES)
  store<u32>(region, load<u32>(row, rows.REGION), NEXT)
  store<i32>(region, name, NAME)
  store<f64>(region, at, START)
  store<f64>(region, load<f64>(row, rows.RUNNABLE_NS), TIMES)
  store<f64>(region, load<f64>(row, rows.RUNNING_NS) + clip(load<f64>(row, rows.SINCE), at), TIMES + 8)
  store<f64>(region, load<f64>(row, rows.WAITING_NS), TIMES + 16)
  store<f64>(region, load<f64>(row, rows.SYSCALL_NS), TIMES + 24)
  store<u32>(row, <u32>region, rows.REGION)
}

/** An end without a begin is of a region from before the trace. */
export function endRegion(row: usize, name: i32, at: f64): void {
  if (load<u32>(row, rows.REGION) != 0) {
    closeRegion(row, at, false)
    return
  }
  const type = typeOf(name)
  if (type != 0) store<f64>(type, load<f64>(type, TYPE_OPEN) + 1, TYPE_OPEN)
}

/** All that a goroutine has open, when its row is given up. */
export function closeRegions(row: usize, at: f64): void {
  while (load<u32>(row, rows.REGION) != 0) closeRegion(row, at, true)
}

function closeRegion(row: usize, at: f64, isCut: bool): void {
  const region = <usize>load<u32>(row, rows.REGION)
  store<u32>(row, load<u32>(region, NEXT), rows.REGION)
  const start = load<f64>(region, START)
  const type = typeOf(load<i32>(region, NAME))
  if (type != 0 && at >= fromNs && start <= toNs) {
    addStay(type, clip(start, at))
    if (isCut) store<f64>(type, load<f64>(type, TYPE_OPEN) + 1, TYPE_OPEN)
    const running = stateOf(row) == rows.RUNNING ? clip(load<f64>(row, rows.SINCE), at) : 0
    for (let state: usize = 0; state < 32; state += 8) {
      const spent = load<f64>(row + state, rows.TOTALS) - load<f64>(region + state, TIMES)
      const place = type + TYPE_TIMES + state
      store<f64>(place, load<f64>(place) + spent + (state == 8 ? running : 0))
    }
  }
  release(region, BYTES)
  openCount--
}

function typeOf(name: i32): usize {
  const known = findKey(regionTypes, name, 0, 0)
  if (known != 0) return load<u32>(known, 12)
  const key = addKey(regionTypes, name, 0, 0)
  if (key == 0) return 0
  const type = openStay(TYPE_BYTES)
  store<u32>(key, <u32>type, 12)
  return type
}
