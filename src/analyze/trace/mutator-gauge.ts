/**
 * Minimum mutator utilization: the least share of the processors that the program had over any window of a length.
 * Model: internal/trace/gc.go MutatorUtilizationV2 (stops, background workers that are not idle ones, assists, sweeps).
 * Instead of keeping every change it keeps the collector's time at steps of 10 µs over the last second, so memory is
 * fixed; windows begin and end on a step, which makes each ratio wrong by at most one step in its window.
 */
const STEP_NS = 10_000
const RING_STEPS = 100_001

/** Windows and how many steps each has. */
const windows: readonly { readonly windowNs: number; readonly steps: number }[] = [1e6, 1e7, 1e8, 1e9].map(
  (windowNs) => ({ windowNs, steps: windowNs / STEP_NS }),
)

export class MutatorGauge {
  collectorNs = 0
  private readonly ring = new Float64Array(RING_STEPS)
  private readonly worst = new Float64Array(windows.length)
  private processors = 0
  private working = 0
  private stops = 0
  private share = 0
  private last = Number.NaN
  private total = 0
  private firstStep = 0
  private nextStep = 0
  private longest = 0

  setProcessors(count: number, nowNs: number): void {
    this.advance(nowNs)
    this.processors = count
    this.update()
  }

  /** One processor more (+1) or less (−1) works for the collector. */
  work(change: 1 | -1, nowNs: number): void {
    this.advance(nowNs)
    this.working = Math.max(0, this.working + change)
    this.update()
  }

  /** A stop of the world for the collector begins (+1) or ends (−1). */
  stop(change: 1 | -1, nowNs: number): void {
    this.advance(nowNs)
    this.stops = Math.max(0, this.stops + change)
    this.update()
  }

  /** Ratios for the windows that the trace was long enough for; none when the number of processors was never said. */
  read(endNs: number): { windowNs: number; ratio: number; errorRatio: number }[] {
    this.advance(endNs)
    if (this.processors === 0) return []
    return windows
      .map(({ windowNs, steps }, at) => ({
        windowNs,
        steps,
        ratio: Math.min(1, Math.max(0, 1 - (this.worst[at] as number) / windowNs)),
        errorRatio: 2 / steps,
      }))
      .filter(({ steps }) => steps <= this.longest)
      .map(({ windowNs, ratio, errorRatio }) => ({ windowNs, ratio, errorRatio }))
  }

  private update(): void {
    if (this.processors === 0) this.share = 0
    else this.share = this.stops > 0 ? 1 : Math.min(1, this.working / this.processors)
  }

  private advance(nowNs: number): void {
    if (Number.isNaN(this.last)) {
      this.last = nowNs
      this.firstStep = Math.ceil(nowNs / STEP_NS)
      this.nextStep = this.firstStep
    }
    if (!(nowNs > this.last)) return
    const target = Math.floor(nowNs / STEP_NS)
    if (target - this.nextStep > 2 * RING_STEPS) this.skip(target)
    while (this.nextStep <= target) this.step()
    this.collectorNs += this.share * (nowNs - this.last) * this.processors
    this.total += this.share * (nowNs - this.last)
    this.last = nowNs
  }

  private step(): void {
    const at = this.nextStep++
    const sum = this.total + this.share * (at * STEP_NS - this.last)
    this.ring[at % RING_STEPS] = sum
    const known = at - this.firstStep
    if (known > this.longest) this.longest = known
    for (let window = 0; window < windows.length; window++) {
      const steps = (windows[window] as { steps: number }).steps
      if (steps > known) return
      const spent = sum - (this.ring[(at - steps) % RING_STEPS] as number)
      if (spent > (this.worst[window] as number)) this.worst[window] = spent
    }
  }

  /** Nothing changes for longer than all windows: one window of it stands for all. */
  private skip(target: number): void {
    const settled = this.nextStep + RING_STEPS
    while (this.nextStep < settled) this.step()
    this.firstStep = target - RING_STEPS
    this.nextStep = this.firstStep
  }
}
