/**
 * What is noted of events on the way, for the caller, who has the words: why the turn of an event failed; per message how
 * often and where first the events contradicted each other without touching the order; names that were not there.
 */

/** How the turn of events ends: the next comes later than the limit (or the chunk is full), waits, is none, is wrong. */
export const RAN: i32 = 0
export const STALLED: i32 = 1
export const EXHAUSTED: i32 = 2
export const FAILED: i32 = 3

/** Failures. */
export const FAIL_NO_EVENT: i32 = 1
export const FAIL_ENDS: i32 = 2
export const FAIL_CONTEXT: i32 = 3
export const FAIL_STATE: i32 = 4
export const FAIL_EXISTS: i32 = 5
export const FAIL_SEQUENCE: i32 = 6
export const FAIL_NO_GOROUTINE: i32 = 7
/** A doubt in strict mode. */
export const FAIL_DOUBT: i32 = 8

/** Doubts. */
export const RANGE_TWICE: u32 = 0
export const RANGE_NOT_BEGUN: u32 = 1
export const RANGE_OTHER: u32 = 2
export const TASK_TWICE: u32 = 3
export const REGION_OTHER: u32 = 4
export const NO_STRING: u32 = 5
export const NO_STACK: u32 = 6
const DOUBTS: u32 = 7

export let isStrict: bool = false
export let failCode: i32 = 0
export let failKind: u32 = 0
export let failAt: usize = 0
/** Per doubt: count u32, first place u32, and the turn of its first among all u32. */
const doubts = memory.data(12 * 8)
let doubtTurns: u32 = 0
export let hasDoubt: bool = false
export let missingNames: u32 = 0
export let firstMissing: usize = 0

export function setStrict(strict: bool): void {
  isStrict = strict
}

export function clearNotes(): void {
  memory.fill(doubts, 0, 12 * DOUBTS)
  doubtTurns = 0
  hasDoubt = false
  missingNames = 0
}

export function doubtsAddress(): usize {
  return doubts
}

/** The caller has read the doubts. */
export function clearDoubts(): void {
  memory.fill(doubts, 0, 12 * DOUBTS)
  doubtTurns = 0
  hasDoubt = false
}

export function fail(code: i32, kind: u32, at: usize): i32 {
  failCode = code
  failKind = kind
  failAt = at
  return FAILED
}

export function doubt(which: u32, at: usize): void {
  const place = doubts + <usize>which * 12
  if (load<u32>(place) == 0) {
    store<u32>(place, <u32>at, 4)
    doubtTurns++
    store<u32>(place, doubtTurns, 8)
  }
  store<u32>(place, load<u32>(place) + 1)
  hasDoubt = true
}

/** The index to take for a name that is missing. */
export function missing(which: u32, at: usize): u32 {
  missingNames++
  if (missingNames == 1) firstMissing = at
  if (isStrict) doubt(which, at)
  return 0
}
