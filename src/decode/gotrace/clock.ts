/**
 * From the clock snapshots of a trace (one per generation since Go 1.25) to how its time maps to wall time.
 * The runtime reads trace clock, monotonic clock and wall clock one after the other, so a snapshot is as good as the
 * time those three reads took. On Linux the trace clock is the monotonic clock in ticks of 64 ns (traceClockNow): their
 * difference is that time. Where it is another clock the difference says nothing, and the spread over generations does.
 */
import type { TraceClock } from '../../model/trace.ts'

type Snapshot = { readonly traceNs: number; readonly unixNs: bigint; readonly monotonicNs: number }

/** Reads of three clocks that were not interrupted. */
const LEAST_UNCERTAINTY_NS = 1_000
/** Above this the trace clock and the monotonic clock are not the same clock. */
const MOST_GAP_NS = 1e9

export type TraceClockReader = {
  /** Of the last generation that told it; 0 before. */
  nsPerTick: number
  /** `originNs`: the trace clock at the trace's time 0. */
  add(snapshot: Snapshot, originNs: number): void
  read(): TraceClock
}

export function openClock(): TraceClockReader {
  let first: Snapshot | undefined
  let least = 0n
  let most = 0n
  let gapNs = 0
  return {
    nsPerTick: 0,
    add(snapshot, originNs) {
      const offset = snapshot.unixNs - BigInt(Math.round(snapshot.traceNs))
      if (first === undefined || offset < least) least = offset
      if (first === undefined || offset > most) most = offset
      first ??= snapshot
      const gap = Math.abs(snapshot.monotonicNs - originNs - snapshot.traceNs)
      if (gap < MOST_GAP_NS) gapNs = Math.max(gapNs, gap)
    },
    read() {
      if (first === undefined) return { kind: 'none' }
      const uncertaintyNs = Math.max(LEAST_UNCERTAINTY_NS, gapNs * 2, Number(most - least))
      return { kind: 'snapshot', traceNs: first.traceNs, unixNs: first.unixNs, uncertaintyNs }
    },
  }
}
