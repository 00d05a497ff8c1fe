/**
 * The garbage collector and what stops the world: cycles, pauses by kind, assists, sweeping, the heap's size.
 * A pause is counted where it begins on one goroutine and ends on the same; its kind is the trace's own word.
 * Pauses of the collector begin with "GC " (internal/trace/gc.go isGCSTW); only those weigh on the mutator.
 */
import type { DurationStats, GcAccount, HeapAccount } from '../../model/trace-account.ts'
import { SketchBook } from '../columns/duration-sketch.ts'
import { TopList } from '../columns/top-list.ts'
import { type ConditionClocks, GC_CLOCK, STOP_CLOCK } from './condition-clocks.ts'
import type { MutatorGauge } from './mutator-gauge.ts'
import type { StackFunctions } from './stack-functions.ts'

const MAX_CYCLES = 1000
const MAX_STOPS = 100
const MAX_KINDS = 256
const MAX_SERIES = 2000

export class StayStats {
  count = 0
  ns = 0
  maxNs = 0
  readonly sketch: number

  constructor(sketches: SketchBook) {
    this.sketch = sketches.open()
  }
}

export function addStay(sketches: SketchBook, stats: StayStats, ns: number): void {
  stats.count++
  stats.ns += ns
  if (ns > stats.maxNs) stats.maxNs = ns
  sketches.add(stats.sketch, ns)
}

export function readStay(sketches: SketchBook, stats: StayStats): DurationStats {
  const quantiles = sketches.readQuantiles([stats.sketch], [0.5, 0.95, 0.99])
  const [p50Ns, p95Ns, p99Ns] = (quantiles ?? []).map((value) => Math.min(value, stats.maxNs))
  const base = { count: stats.count, ns: stats.ns, maxNs: stats.maxNs }
  if (p50Ns === undefined || p95Ns === undefined || p99Ns === undefined) return base
  return { ...base, p50Ns, p95Ns, p99Ns }
}

type OpenStop = { readonly kind: number; readonly since: number; readonly stack: number }

export class CollectorLedger {
  private cycles = 0
  private readonly cycleRows: { startNs: number; endNs?: number }[] = []
  private cycleSince = Number.NaN
  private activeNs = 0
  private readonly sketches = new SketchBook(MAX_KINDS + 8)
  private readonly stw = new StayStats(this.sketches)
  private readonly assists = new StayStats(this.sketches)
  private readonly sweeps = new StayStats(this.sketches)
  private readonly kinds = new Map<number, StayStats>()
  private readonly openStops = new Map<number, OpenStop>()
  private readonly stops = new TopList<GcAccount['longestStops'][number]>(MAX_STOPS)
  private readonly sweepSince = new Map<number, number>()
  private sweptBytes = 0
  private reclaimedBytes = 0
  private heapSamples = 0
  private heapMin = Number.POSITIVE_INFINITY
  private heapMax = 0
  private heapLast = 0
  private heapGoal: number | undefined
  private seriesStride = 1
  private series: { timeNs: number; allocBytes: number }[] = []
  private readonly clocks: ConditionClocks
  private readonly gauge: MutatorGauge
  private readonly functions: StackFunctions
  private readonly fromNs: number
  private readonly toNs: number

  constructor(
    clocks: ConditionClocks,
    gauge: MutatorGauge,
    functions: StackFunctions,
    window: { readonly fromNs: number; readonly toNs: number },
  ) {
    this.clocks = clocks
    this.gauge = gauge
    this.functions = functions
    this.fromNs = window.fromNs
    this.toNs = window.toNs
  }

  beginCycle(nowNs: number): void {
    if (!Number.isNaN(this.cycleSince)) return
    this.cycleSince = nowNs
    if (nowNs <= this.toNs) {
      this.cycles++
      if (this.cycleRows.length < MAX_CYCLES) this.cycleRows.push({ startNs: nowNs })
    }
    this.clocks.start(GC_CLOCK, nowNs)
  }

  endCycle(nowNs: number): void {
    if (Number.isNaN(this.cycleSince)) return
    this.activeNs += this.clip(this.cycleSince, nowNs)
    const row = this.cycleRows[this.cycleRows.length - 1]
    if (row !== undefined && row.startNs === this.cycleSince) row.endNs = nowNs
    if (nowNs < this.fromNs) {
      this.cycles--
      this.cycleRows.pop()
    }
    this.cycleSince = Number.NaN
    this.clocks.stop(GC_CLOCK, nowNs)
  }

  beginStop(goroutine: number, kind: number, stack: number, nowNs: number): void {
    if (this.openStops.has(goroutine)) this.endStop(goroutine, nowNs)
    if (this.openStops.size >= MAX_STOPS) return
    this.openStops.set(goroutine, { kind, since: nowNs, stack })
    this.clocks.start(STOP_CLOCK, nowNs)
    if (this.isGcStop(kind)) this.gauge.stop(1, nowNs)
  }

  endStop(goroutine: number, nowNs: number): void {
    const open = this.openStops.get(goroutine)
    if (open === undefined) return
    this.openStops.delete(goroutine)
    this.clocks.stop(STOP_CLOCK, nowNs)
    if (this.isGcStop(open.kind)) this.gauge.stop(-1, nowNs)
    if (nowNs < this.fromNs || open.since > this.toNs) return
    const ns = this.clip(open.since, nowNs)
    addStay(this.sketches, this.stw, ns)
    let stats = this.kinds.get(open.kind)
    if (stats === undefined && this.kinds.size < MAX_KINDS) {
      stats = new StayStats(this.sketches)
      this.kinds.set(open.kind, stats)
    }
    if (stats !== undefined) addStay(this.sketches, stats, ns)
    if (this.stops.takes(ns)) {
      const kind = this.functions.nameOf(open.kind)
      this.stops.add(ns, { kind, startNs: open.since, ns, goroutine, stack: open.stack })
    }
  }

  noteAssist(ns: number): void {
    addStay(this.sketches, this.assists, ns)
  }

  beginSweep(processor: number, nowNs: number): void {
    if (this.sweepSince.size > 4096 || this.sweepSince.has(processor)) return
    this.sweepSince.set(processor, nowNs)
    this.gauge.work(1, nowNs)
  }

  endSweep(processor: number, swept: number, reclaimed: number, nowNs: number): void {
    const since = this.sweepSince.get(processor)
    if (since === undefined) return
    this.sweepSince.delete(processor)
    this.gauge.work(-1, nowNs)
    addStay(this.sketches, this.sweeps, this.clip(since, nowNs))
    this.sweptBytes += swept
    this.reclaimedBytes += reclaimed
  }

  noteHeap(bytes: number, nowNs: number): void {
    if (nowNs < this.fromNs || nowNs > this.toNs) return
    this.heapSamples++
    this.heapLast = bytes
    this.heapMin = Math.min(this.heapMin, bytes)
    this.heapMax = Math.max(this.heapMax, bytes)
    if (this.heapSamples % this.seriesStride !== 0) return
    this.series.push({ timeNs: nowNs, allocBytes: bytes })
    if (this.series.length < MAX_SERIES) return
    this.series = this.series.filter((_, at) => at % 2 === 1)
    this.seriesStride *= 2
  }

  noteGoal(bytes: number): void {
    this.heapGoal = bytes
  }

  finish(endNs: number): { gc: GcAccount; heap?: HeapAccount } {
    if (!Number.isNaN(this.cycleSince)) this.activeNs += this.clip(this.cycleSince, endNs)
    const gc: GcAccount = {
      cycles: this.cycles,
      cycleRows: this.cycleRows,
      activeNs: this.activeNs,
      stw: readStay(this.sketches, this.stw),
      stwByKind: [...this.kinds]
        .map(([kind, stats]) => ({ kind: this.functions.nameOf(kind), ...readStay(this.sketches, stats) }))
        .sort((a, b) => b.ns - a.ns),
      longestStops: this.stops.list(),
      assist: readStay(this.sketches, this.assists),
      sweep: {
        ...readStay(this.sketches, this.sweeps),
        sweptBytes: this.sweptBytes,
        reclaimedBytes: this.reclaimedBytes,
      },
      minimumMutatorUtilization: this.gauge.read(endNs),
      collectorNs: this.gauge.collectorNs,
    }
    if (this.heapSamples === 0) return { gc }
    const heap: HeapAccount = {
      samples: this.heapSamples,
      minBytes: this.heapMin,
      maxBytes: this.heapMax,
      lastBytes: this.heapLast,
      ...(this.heapGoal === undefined ? {} : { goalBytes: this.heapGoal }),
      series: this.series,
    }
    return { gc, heap }
  }

  private isGcStop(kind: number): boolean {
    return this.functions.nameOf(kind).startsWith('GC ')
  }

  private clip(from: number, to: number): number {
    return Math.max(0, Math.min(to, this.toNs) - Math.max(from, this.fromNs))
  }
}
