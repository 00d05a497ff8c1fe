/**
 * Clocks that run only while a condition holds: the world is stopped, every processor is busy, a GC cycle marks.
 * The difference of two readings says how much of an interval fell under the condition, in O(1) per interval.
 * Events of different threads may be out of step by some ns: differences below 0 count as 0.
 */
export const STOP_CLOCK = 0
export const BUSY_CLOCK = 1
export const GC_CLOCK = 2
const CLOCKS = 3

export class ConditionClocks {
  private readonly sums = new Float64Array(CLOCKS)
  private readonly since = new Float64Array(CLOCKS)
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
    if (depth === 0) this.since[clock] = nowNs
  }

  stop(clock: number, nowNs: number): void {
    const depth = this.depth[clock] as number
    if (depth === 0) return
    if (depth === 1) this.sums[clock] = this.read(clock, nowNs)
    this.depth[clock] = depth - 1
  }

  isRunning(clock: number): boolean {
    return this.depth[clock] !== 0
  }

  /** Time under the condition up to now, within the window. */
  read(clock: number, nowNs: number): number {
    const sum = this.sums[clock] as number
    if (this.depth[clock] === 0) return sum
    const from = Math.max(this.since[clock] as number, this.fromNs)
    const to = Math.min(nowNs, this.toNs)
    return to > from ? sum + (to - from) : sum
  }
}
