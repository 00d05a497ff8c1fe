/**
 * The garbage collector and what stops the world: cycles, pauses by kind, the heap's size.
 * A pause is counted where it begins on one goroutine and ends on the same; its kind is the trace's own word.
 * Pauses of the collector begin with "GC " (internal/trace/gc.go isGCSTW); only those weigh on the mutator.
 */
import { SketchBook } from '../columns/duration-sketch.ts'
import { TopList } from '../columns/top-list.ts'
import type { CollectorData, StayTotals, StopEntry } from './account-data.ts'
import type { StackFunctions } from './stack-functions.ts'

const MAX_CYCLES = 1000
const MAX_STOPS = 100
const MAX_KINDS = 256
const MAX_SERIES = 2000

class StayStats {
  count = 0
  ns = 0
  maxNs = 0
  readonly sketch: number

  constructor(sketches: SketchBook) {
    this.sketch = sketches.open()
  }
}

/** Of two pauses of one length the earlier stands first. */
function isBeforeStop(one: StopEntry, other: StopEntry): boolean {
  return one.startNs < other.startNs || (one.startNs === other.startNs && one.goroutine < other.goroutine)
}

/** The clocks and the gauge of mutators, in the account's module. */
export type CollectorClocks = {
  startStop(atNs: number): void
  endStop(atNs: number): void
  startGc(atNs: number): void
  endGc(atNs: number): void
  stopMutators(change: number, atNs: number): void
}

type OpenStop = { readonly kind: number; readonly since: number; readonly stack: number }

export class CollectorLedger {
  private cycles = 0
  private readonly cycleRows: { startNs: number; endNs?: number }[] = []
  private cycleSince = Number.NaN
  private activeNs = 0
  private readonly sketches = new SketchBook(MAX_KINDS + 8)
  private readonly stw = new StayStats(this.sketches)
  private readonly kinds = new Map<number, StayStats>()
  private readonly openStops = new Map<number, OpenStop>()
  private readonly stops = new TopList<StopEntry>(MAX_STOPS, isBeforeStop)
  private heapSamples = 0
  private heapMin = Number.POSITIVE_INFINITY
  private heapMax = 0
  private heapLast = 0
  private heapGoal: number | undefined
  private seriesStride = 1
  private series: { timeNs: number; allocBytes: number }[] = []
  private readonly ledger: CollectorClocks
  private readonly functions: StackFunctions
  private readonly fromNs: number
  private readonly toNs: number

  constructor(
    ledger: CollectorClocks,
    functions: StackFunctions,
    window: { readonly fromNs: number; readonly toNs: number },
  ) {
    this.ledger = ledger
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
    this.ledger.startGc(nowNs)
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
    this.ledger.endGc(nowNs)
  }

  beginStop(goroutine: number, kind: number, stack: number, nowNs: number): void {
    if (this.openStops.has(goroutine)) this.endStop(goroutine, nowNs)
    if (this.openStops.size >= MAX_STOPS) return
    this.openStops.set(goroutine, { kind, since: nowNs, stack })
    this.ledger.startStop(nowNs)
    if (this.isGcStop(kind)) this.ledger.stopMutators(1, nowNs)
  }

  endStop(goroutine: number, nowNs: number): void {
    const open = this.openStops.get(goroutine)
    if (open === undefined) return
    this.openStops.delete(goroutine)
    this.ledger.endStop(nowNs)
    if (this.isGcStop(open.kind)) this.ledger.stopMutators(-1, nowNs)
    if (nowNs < this.fromNs || open.since > this.toNs) return
    const ns = this.clip(open.since, nowNs)
    this.addStay(this.stw, ns)
    let stats = this.kinds.get(open.kind)
    if (stats === undefined && this.kinds.size < MAX_KINDS) {
      stats = new StayStats(this.sketches)
      this.kinds.set(open.kind, stats)
    }
    if (stats !== undefined) this.addStay(stats, ns)
    if (this.stops.takes(ns)) {
      this.stops.add(ns, { kind: open.kind, startNs: open.since, ns, goroutine, stack: open.stack })
    }
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

  finish(endNs: number): CollectorData {
    if (!Number.isNaN(this.cycleSince)) this.activeNs += this.clip(this.cycleSince, endNs)
    return {
      cycles: this.cycles,
      cycleRows: this.cycleRows,
      activeNs: this.activeNs,
      stw: this.describe(this.stw),
      stwByKind: [...this.kinds].map(([kind, stats]) => ({ kind, stay: this.describe(stats) })),
      longestStops: this.stops.list(),
      ...(this.heapSamples === 0
        ? {}
        : {
            heap: {
              samples: this.heapSamples,
              minBytes: this.heapMin,
              maxBytes: this.heapMax,
              lastBytes: this.heapLast,
              ...(this.heapGoal === undefined ? {} : { goalBytes: this.heapGoal }),
              series: this.series,
            },
          }),
    }
  }

  private addStay(stats: StayStats, ns: number): void {
    stats.count++
    stats.ns += ns
    if (ns > stats.maxNs) stats.maxNs = ns
    this.sketches.add(stats.sketch, ns)
  }

  private describe({ count, ns, maxNs, sketch }: StayStats): StayTotals {
    return { count, ns, maxNs, sketch: this.sketches.pageOf(sketch) }
  }

  private isGcStop(kind: number): boolean {
    return this.functions.nameOf(kind).startsWith('GC ')
  }

  private clip(from: number, to: number): number {
    return Math.max(0, Math.min(to, this.toNs) - Math.max(from, this.fromNs))
  }
}
