/**
 * Clocks that run only while a condition holds: the world is stopped, every processor is busy, a GC cycle marks.
 * The difference of two readings says how much of an interval fell under the condition, in O(1) per interval.
 * A reading of clock k at t is `sums[k]`, plus `t - since[k]` where that is positive: callers on the hot path read the
 * columns themselves. Events of different threads may be out of step by some ns: differences below 0 count as 0.
 */
export const STOP_CLOCK = 0
export const BUSY_CLOCK = 1
export const GC_CLOCK = 2
const CLOCKS = 3

export class ConditionClocks {
  readonly sums = new Float64Array(CLOCKS)
  /** Infinite while the clock stands. */
  readonly since = new Float64Array(CLOCKS).fill(Number.POSITIVE_INFINITY)
  private readonly depth = new Int32Array(CLOCKS)
  private readonly fromNs: number
  private readonly toNs: number

  constructor(fromNs: number, toNs: number) {
    this.fromNs = fromNs
    this.toNs = toNs
  }

  start(clock: number, nowNs: number): void {
    const depth = this.depth[clock] as number
    this.depth[clock] = depth + 1
    if (depth === 0) this.since[clock] = Math.max(nowNs, this.fromNs)
  }

  stop(clock: number, nowNs: number): void {
    const depth = this.depth[clock] as number
    if (depth === 0) return
    if (depth === 1) {
      this.sums[clock] = this.read(clock, nowNs)
      this.since[clock] = Number.POSITIVE_INFINITY
    }
    this.depth[clock] = depth - 1
  }

  isRunning(clock: number): boolean {
    return this.depth[clock] !== 0
  }

  /** Time under the condition up to now, within the window. */
  read(clock: number, nowNs: number): number {
    const open = Math.min(nowNs, this.toNs) - (this.since[clock] as number)
    return (this.sums[clock] as number) + Math.max(open, 0)
  }
}
