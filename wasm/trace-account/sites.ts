/**
 * Where goroutines stay: (group, code, stack) → count, time, longest, in rows. Bounded: past STACK_ROWS stacks are left
 * out, past SITE_ROWS time is only counted. And the groups' own sums, and who woke whom.
 */
import { enlarge } from '../lib/arena'
import { findGroup, openSite } from './host'
import { addKey, findKey, keyCount, keyRows, openKeys } from './keys'
import { addToSketch } from './sketches'

const SITE_ROWS = 65_536
const STACK_ROWS = 49_152
const MAX_WAKES = 16_384
const MAX_PAIRS = 65_536

/** Places of a site's row, after its key. */
const SKETCH: usize = 12
const COUNT: usize = 16
const NS: usize = 24
const MAX_NS: usize = 32
const MAX_AT: usize = 40
const MAX_GOROUTINE: usize = 48
const OPEN_COUNT: usize = 56
const OPEN_NS: usize = 64
const OLDER_COUNT: usize = 72
/** What each stay touches lies in one cache line. */
const SITE_BYTES = 128

/** Places of a wake's row, after its key. */
const WAKE_COUNT: usize = 16
const WAKE_NS: usize = 24
const WAKE_BYTES = 32

export let sites: usize = 0
export let wakes: usize = 0
/** (start stack, stack of the go statement) → group. */
let pairs: usize = 0
export let lostStays: f64 = 0
export let lostWakes: f64 = 0

/** Places of a group's row. */
export const GROUP_BYTES: usize = 96
let groups: usize = 0
let groupRoom: u32 = 0
export let groupCount: u32 = 0

export function openSites(): void {
  sites = openKeys(SITE_ROWS, SITE_BYTES)
  wakes = openKeys(MAX_WAKES, WAKE_BYTES)
  pairs = openKeys(MAX_PAIRS, 16)
}

/** The row of a site, made if need be; 0 when nothing fits any more. */
// @ts-ignore: decorator
@inline
export function siteOf(group: i32, code: i32, stack: i32): usize {
  const site = findKey(sites, group, code, stack)
  return site != 0 ? site : addSite(group, code, stack)
}

function addSite(group: i32, code: i32, stack: i32): usize {
  if (keyCount(sites) >= STACK_ROWS && stack != 0) return siteWithoutStack(group, code)
  const row = keyCount(sites)
  const site = addKey(sites, group, code, stack)
  if (site == 0) {
    lostStays++
    return 0
  }
  const sketch = openSite(row, group, code, stack)
  store<u32>(site, sketch, SKETCH)
  return site
}

function siteWithoutStack(group: i32, code: i32): usize {
  const site = findKey(sites, group, code, 0)
  return site != 0 ? site : addSite(group, code, 0)
}

/** One stay of a goroutine. Of equal ones the longest is the one that ended last. */
// @ts-ignore: decorator
@inline
export function addToSite(site: usize, goroutine: f64, from: f64, ns: f64): void {
  store<f64>(site, load<f64>(site, COUNT) + 1, COUNT)
  store<f64>(site, load<f64>(site, NS) + ns, NS)
  addToSketch(load<u32>(site, SKETCH), ns)
  if (ns >= load<f64>(site, MAX_NS)) noteLongest(site, goroutine, from, ns)
}

function noteLongest(site: usize, goroutine: f64, from: f64, ns: f64): void {
  if (ns == load<f64>(site, MAX_NS) && load<f64>(site, COUNT) > 1) {
    const at = load<f64>(site, MAX_AT)
    if (from < at || (from == at && goroutine < load<f64>(site, MAX_GOROUTINE))) return
  }
  store<f64>(site, ns, MAX_NS)
  store<f64>(site, from, MAX_AT)
  store<f64>(site, goroutine, MAX_GOROUTINE)
}

export function addOpen(site: usize, ns: f64): void {
  store<f64>(site, load<f64>(site, OPEN_COUNT) + 1, OPEN_COUNT)
  store<f64>(site, load<f64>(site, OPEN_NS) + ns, OPEN_NS)
}

export function addOlder(site: usize): void {
  store<f64>(site, load<f64>(site, OLDER_COUNT) + 1, OLDER_COUNT)
}

// @ts-ignore: decorator
@inline
export function addWake(waker: i32, woken: i32, code: i32, ns: f64): void {
  let row = findKey(wakes, waker, woken, code)
  if (row == 0) {
    row = addKey(wakes, waker, woken, code)
    if (row == 0) {
      lostWakes++
      return
    }
  }
  store<f64>(row, load<f64>(row, WAKE_COUNT) + 1, WAKE_COUNT)
  if (ns > 0) store<f64>(row, load<f64>(row, WAKE_NS) + ns, WAKE_NS)
}

/** The group of goroutines that start in the first stack's root, made where the second one is. */
export function groupOf(startStack: i32, stack: i32): i32 {
  const known = findKey(pairs, startStack, stack, 0)
  if (known != 0) return load<i32>(known, 12)
  const group = findGroup(startStack, stack)
  const pair = addKey(pairs, startStack, stack, 0)
  if (pair != 0) store<i32>(pair, group, 12)
  return group
}

export function groupRow(group: i32): usize {
  const needed = <u32>group + 1
  if (needed > groupRoom) {
    const room = max<u32>(max<u32>(needed, groupRoom * 2), 64)
    groups = enlarge(groups, <usize>groupRoom * GROUP_BYTES, <usize>room * GROUP_BYTES)
    groupRoom = room
  }
  if (needed > groupCount) groupCount = needed
  return groups + <usize>group * GROUP_BYTES
}

export function groupRows(): usize {
  return groups
}

export function siteRows(): usize {
  return keyRows(sites)
}

export function siteCount(): i32 {
  return keyCount(sites)
}

export function wakeRows(): usize {
  return keyRows(wakes)
}

export function wakeCount(): i32 {
  return keyCount(wakes)
}
