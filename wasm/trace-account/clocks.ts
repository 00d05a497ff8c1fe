/**
 * Clocks that run only while a condition holds (0: the world is stopped, 1: every processor is busy, 2: a GC cycle
 * marks). The difference of two readings says how much of an interval fell under the condition. A reading is the sum,
 * plus the time since the clock runs; differences below 0 (threads out of step by some ns) count as 0.
 */
import { fromNs, toNs } from './window'

export let stopSum: f64 = 0
export let busySum: f64 = 0
export let gcSum: f64 = 0
/** Infinite while the clock stands. */
export let stopSince: f64 = Infinity
export let busySince: f64 = Infinity
export let gcSince: f64 = Infinity
let stopDepth: i32 = 0
let gcDepth: i32 = 0
export let isBusyRunning: bool = false

// @ts-ignore: decorator
@inline
function later(ns: f64): f64 {
  return ns > 0 ? ns : 0
}

// @ts-ignore: decorator
@inline
export function readStop(at: f64): f64 {
  return stopSum + later(at - stopSince)
}

// @ts-ignore: decorator
@inline
export function readBusy(at: f64): f64 {
  return busySum + later(at - busySince)
}

// @ts-ignore: decorator
@inline
export function readGc(at: f64): f64 {
  return gcSum + later(at - gcSince)
}

/** Time under "every processor is busy" up to a moment, within the window. */
export function readAllBusy(at: f64): f64 {
  return readBusy(at < toNs ? at : toNs)
}

export function startBusy(at: f64): void {
  isBusyRunning = true
  busySince = at > fromNs ? at : fromNs
}

export function stopBusy(at: f64): void {
  busySum = readAllBusy(at)
  busySince = Infinity
  isBusyRunning = false
}

export function startStop(at: f64): void {
  if (stopDepth++ == 0) stopSince = at > fromNs ? at : fromNs
}

export function endStop(at: f64): void {
  if (stopDepth == 0) return
  if (--stopDepth == 0) {
    stopSum = readStop(at < toNs ? at : toNs)
    stopSince = Infinity
  }
}

export function startGc(at: f64): void {
  if (gcDepth++ == 0) gcSince = at > fromNs ? at : fromNs
}

export function endGc(at: f64): void {
  if (gcDepth == 0) return
  if (--gcDepth == 0) {
    gcSum = readGc(at < toNs ? at : toNs)
    gcSince = Infinity
  }
}
