/**
 * Minimum mutator utilization: the most time that the collector took of the processors over any window of a length.
 * Model: internal/trace/gc.go MutatorUtilizationV2 (stops, background workers that are not idle ones, assists, sweeps).
 * Instead of keeping every change it keeps the collector's time at steps of 10 µs over the last second, so memory is
 * fixed; windows begin and end on a step, which makes each ratio wrong by at most one step in its window.
 */
import { allocate } from '../lib/arena'

const STEP_NS: f64 = 10_000
export const RING_STEPS = 100_001
const RING_BYTES: usize = RING_STEPS * 8

let ring: usize = 0
/** Most of the collector's share of the processors by window, in ns of all processors. */
let worst0: f64 = 0
let worst1: f64 = 0
let worst2: f64 = 0
let worst3: f64 = 0
export let gaugeProcessors: f64 = 0
let working: f64 = 0
let stops: f64 = 0
let isBegun: bool = false
let last: f64 = 0
/** Processor time of the collector: whole ns times whole processors, so sums are exact. */
export let collectorNs: f64 = 0
/** Processors that work for the collector, and their share of all: a window may see the number of processors change. */
let rate: f64 = 0
let share: f64 = 0
/** The share, summed over time. */
let total: f64 = 0
let firstStep: f64 = 0
let nextStep: f64 = 0
let place: i32 = 0
let longest: f64 = 0

export function openGauge(): void {
  ring = allocate(RING_BYTES)
  memory.fill(ring, 0, RING_BYTES)
}

export function setGaugeProcessors(count: f64, at: f64): void {
  advanceGauge(at)
  gaugeProcessors = count
  update()
}

/** One processor more (+1) or less (−1) works for the collector. */
export function work(change: f64, at: f64): void {
  advanceGauge(at)
  working += change
  if (working < 0) working = 0
  update()
}

/** A stop of the world for the collector begins (+1) or ends (−1). */
export function stopMutators(change: f64, at: f64): void {
  advanceGauge(at)
  stops += change
  if (stops < 0) stops = 0
  update()
}

/** Most time, of a window of 1, 10, 100, 1,000 ms (0 to 3), that the collector took of all processors. */
export function worstOf(window: i32): f64 {
  return window == 0 ? worst0 : window == 1 ? worst1 : window == 2 ? worst2 : worst3
}

/** Steps from the first change to the last that was looked at. */
export function longestSteps(): f64 {
  return longest
}

function update(): void {
  rate = stops > 0 ? gaugeProcessors : min(working, gaugeProcessors)
  share = gaugeProcessors == 0 ? 0 : rate / gaugeProcessors
}

export function advanceGauge(at: f64): void {
  if (!isBegun) {
    isBegun = true
    last = at
    firstStep = Math.ceil(at / STEP_NS)
    moveTo(firstStep)
  }
  if (!(at > last)) return
  const target = Math.floor(at / STEP_NS)
  if (target - nextStep > 2 * RING_STEPS) skip(target)
  while (nextStep <= target) step()
  collectorNs += rate * (at - last)
  total += share * (at - last)
  last = at
}

function moveTo(at: f64): void {
  nextStep = at
  place = <i32>(at % RING_STEPS)
  if (place < 0) place += RING_STEPS
}

function before(steps: i32): f64 {
  let at = place - steps
  if (at < 0) at += RING_STEPS
  return load<f64>(ring + ((<usize>at) << 3))
}

function step(): void {
  const at = nextStep
  const sum = total + share * (at * STEP_NS - last)
  store<f64>(ring + ((<usize>place) << 3), sum)
  const known = at - firstStep
  if (known > longest) longest = known
  if (known >= 100) worst0 = max(worst0, sum - before(100))
  if (known >= 1000) worst1 = max(worst1, sum - before(1000))
  if (known >= 10_000) worst2 = max(worst2, sum - before(10_000))
  if (known >= 100_000) worst3 = max(worst3, sum - before(100_000))
  nextStep = at + 1
  place = place + 1 == RING_STEPS ? 0 : place + 1
}

/** Nothing changes for longer than all windows: one window of it stands for all. */
function skip(target: f64): void {
  for (let at = 0; at < RING_STEPS; at++) step()
  firstStep = target - RING_STEPS
  moveTo(firstStep)
}
