/**
 * Processors (Ps): how long each was held by a thread, and how long a goroutine ran on it. Numbers past the bound
 * belong to no real trace and are only counted.
 */
import { allocate } from '../lib/arena'
import { fromNs, toNs } from './window'

export const MAX_PROCESSORS: u32 = 4096
/** Places of a processor's row. */
const HELD_SINCE: usize = 0
const HELD_NS: usize = 8
const RUNNING_NS: usize = 16
const STARTS: usize = 24
/** Slot + 1 of the goroutine in a system call that still has the processor. */
const CALLING: usize = 32
const IS_KNOWN: usize = 36
/** 1 once something has been told of it since the beginning, or since damage. */
const IS_TOLD: usize = 40
const BYTES: usize = 48

const RUNNING_STATUS = 1
const SYSCALL_STATUS = 3

export let ignoredProcessors: f64 = 0
let rows: usize = 0

export function openProcessors(): void {
  rows = allocate(<usize>MAX_PROCESSORS * BYTES)
  memory.fill(rows, 0, <usize>MAX_PROCESSORS * BYTES)
  for (let processor: u32 = 0; processor < MAX_PROCESSORS; processor++) {
    store<f64>(rows + <usize>processor * BYTES, NaN, HELD_SINCE)
  }
}

export function processorRows(): usize {
  return rows
}

function admit(processor: f64): usize {
  if (!(processor >= 0 && processor < <f64>MAX_PROCESSORS)) {
    ignoredProcessors++
    return 0
  }
  const row = rows + <usize>(<u32>processor) * BYTES
  store<u32>(row, 1, IS_KNOWN)
  store<u32>(row, 1, IS_TOLD)
  return row
}

export function startProcessor(processor: f64, at: f64): void {
  const row = admit(processor)
  if (row == 0) return
  store<f64>(row, load<f64>(row, STARTS) + 1, STARTS)
  const since = load<f64>(row, HELD_SINCE)
  if (since != since) store<f64>(row, at, HELD_SINCE)
}

/** Gives the slot + 1 of the goroutine whose system call has lost its processor. */
export function stopProcessor(processor: f64, at: f64): u32 {
  const row = admit(processor)
  if (row == 0) return 0
  releaseProcessor(row, at)
  const caller = load<u32>(row, CALLING)
  store<u32>(row, 0, CALLING)
  return caller
}

/** A status told for the first time held since the generation began. */
export function tellProcessor(processor: f64, status: i32, sinceNs: f64): void {
  const isNew = processor >= 0 && processor < <f64>MAX_PROCESSORS && load<u32>(rows + <usize>(<u32>processor) * BYTES, IS_TOLD) == 0
  const row = admit(processor)
  if (row == 0 || !isNew) return
  if (status == RUNNING_STATUS || status == SYSCALL_STATUS) store<f64>(row, sinceNs, HELD_SINCE)
}

/** A goroutine ran for `ns`. Processors as the chunks have them: plus one, 0 for none. */
// @ts-ignore: decorator
@inline
export function noteRun(processorPlusOne: u32, ns: f64): void {
  if (processorPlusOne - 1 >= MAX_PROCESSORS) {
    if (processorPlusOne != 0) ignoredProcessors++
    return
  }
  const row = rows + <usize>(processorPlusOne - 1) * BYTES
  store<u32>(row, 1, IS_KNOWN)
  store<u32>(row, 1, IS_TOLD)
  store<f64>(row, load<f64>(row, RUNNING_NS) + ns, RUNNING_NS)
}

// @ts-ignore: decorator
@inline
export function setCall(processorPlusOne: u32, slotPlusOne: u32): void {
  if (processorPlusOne - 1 < MAX_PROCESSORS) {
    store<u32>(rows + <usize>(processorPlusOne - 1) * BYTES, slotPlusOne, CALLING)
  }
}

/** Who holds what is not known from now on. */
export function forgetProcessors(at: f64): void {
  for (let processor: u32 = 0; processor < MAX_PROCESSORS; processor++) {
    const row = rows + <usize>processor * BYTES
    releaseProcessor(row, at)
    store<u32>(row, 0, CALLING)
    store<u32>(row, 0, IS_TOLD)
  }
}

/** Counts what is held up to the end. */
export function closeProcessors(at: f64): void {
  for (let processor: u32 = 0; processor < MAX_PROCESSORS; processor++) {
    releaseProcessor(rows + <usize>processor * BYTES, at)
  }
}

function releaseProcessor(row: usize, at: f64): void {
  const since = load<f64>(row, HELD_SINCE)
  if (since != since) return
  const from = since > fromNs ? since : fromNs
  const to = at < toNs ? at : toNs
  if (to > from) store<f64>(row, load<f64>(row, HELD_NS) + (to - from), HELD_NS)
  store<f64>(row, NaN, HELD_SINCE)
}
