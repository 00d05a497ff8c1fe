/**
 * What is counted of a trace while it is read. Frequent events are counted by the account's module, in its memory; here
 * is what needs names: groups by start function and creator, classes of sites, stops and cycles of the collector, the
 * longest of all lists. Ends as plain data (account-data.ts).
 */
import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../../model/trace.ts'
import type { CpuSampleAccount, GoroutineAccount, LongestStay } from '../../model/trace-account.ts'
import { runnableCauses } from '../../model/trace-account.ts'
import { traceKinds as kind } from '../../model/trace-kinds.ts'
import { TopList } from '../columns/top-list.ts'
import { type AccountData, NAMELESS_SYSTEM_GROUP, type TaskEntry } from './account-data.ts'
import { classifyStay, type StayClass } from './blind-share.ts'
import { runnableCode } from './codes.ts'
import { CollectorLedger } from './collector-ledger.ts'
import { CpuSampleLedger } from './cpu-samples.ts'
import { stopCauseOf } from './goroutine-moves.ts'
import { GroupTable } from './groups.ts'
import { type LedgerHost, type LedgerInstance, openLedgerInstance } from './ledger-instance.ts'
import { readLedger } from './ledger-reading.ts'
import { SiteClasses } from './site-classes.ts'
import { isSystemFunction, StackFunctions } from './stack-functions.ts'

const LONG_RUNS = 32
const MAX_TASKS = 1000
const MAX_UNKNOWN_WAITS = 10_000
/** Marks of a goroutine's row in the module's memory (wasm/trace-account/rows.ts). */
const CREATED = 0x200

export type LedgerOptions = {
  readonly fromNs?: number
  readonly toNs?: number
  readonly goVersion?: string
  readonly onGoroutine?: (goroutine: GoroutineAccount) => void
}

/** Holds the module's memory. */
export class TraceLedger {
  private readonly functions = new StackFunctions()
  private readonly groups = new GroupTable()
  private readonly classes: SiteClasses
  /** Addresses of sketches. */
  private readonly sketches: number[] = []
  private readonly longRuns = new TopList<LongestStay>(LONG_RUNS, isEarlier)
  private readonly tasks = new TopList<TaskEntry>(MAX_TASKS, isEarlierTask)
  private readonly unknownWaits = {
    count: 0,
    ns: 0,
    rows: [] as { goroutine: number; group: number; stack: number }[],
  }
  private readonly samples: CpuSampleLedger
  private readonly options: LedgerOptions
  private readonly fromNs: number
  private readonly toNs: number
  private chunk: TraceChunk | undefined
  private firstRow = 0
  private instance: LedgerInstance | undefined
  private collector: CollectorLedger | undefined

  constructor(options: LedgerOptions) {
    this.options = options
    this.fromNs = options.fromNs ?? 0
    this.toNs = options.toNs ?? Number.POSITIVE_INFINITY
    this.samples = new CpuSampleLedger(this.functions, { fromNs: this.fromNs, toNs: this.toNs })
    this.classes = new SiteClasses((code, stack) => {
      const reason = code >= 0 ? this.functions.nameOf(code) : ''
      return classifyStay(code, reason, this.functions.framesOf(stack), options.goVersion)
    })
  }

  addGeneration(generation: TraceGeneration): void {
    const { instance } = this
    if (!generation.isRestart || instance === undefined) return
    instance.exports.restart()
    this.collector?.endCycle(instance.exports.lastNs.value)
  }

  addChunk(chunk: TraceChunk, tables: TraceTables): void {
    this.functions.use(tables)
    const instance = this.instance ?? this.open(chunk)
    this.chunk = chunk
    instance.addChunk(chunk, (first) => {
      this.firstRow = first
    })
    this.chunk = undefined
  }

  addCpuSamples(samples: readonly TraceCpuSample[], tables: TraceTables): void {
    this.functions.use(tables)
    for (const sample of samples) this.samples.add(sample)
  }

  finish(durationNs: number): AccountData {
    const { exports, memory } = this.instance ?? this.open(undefined)
    const endNs = Math.max(durationNs, exports.lastNs.value)
    exports.finish(endNs)
    exports.advanceGauge(endNs)
    const collector = (this.collector as CollectorLedger).finish(endNs)
    const { keys, lostCount } = this.groups
    exports.groupRow(keys.rowCount - 1)
    const { groupSums, ...counted } = readLedger(
      exports,
      memory.buffer,
      this.sketches,
      this.classes.sketchOf,
      keys.rowCount,
      endNs,
    )
    const { rows, ...unknown } = this.unknownWaits
    return {
      startNs: Math.max(0, this.fromNs),
      endNs: Math.min(endNs, this.toNs),
      ...counted,
      groups: { count: keys.rowCount, keys: keys.keys.slice(0, keys.rowCount * 3), sums: groupSums, lost: lostCount },
      longRuns: this.longRuns.list(),
      unknownWaits: { ...unknown, rows: firstGoroutines(rows) },
      collector,
      longestTasks: this.tasks.list(),
      lostSampleKeys: this.samples.omitted,
    }
  }

  finishSamples(): CpuSampleAccount {
    return this.samples.finish()
  }

  nameOf(string: number): string {
    return this.functions.nameOf(string)
  }

  classOf(code: number, stack: number): StayClass {
    return this.classes.classOf(code, stack)
  }

  private open(chunk: TraceChunk | undefined): LedgerInstance {
    const instance = openLedgerInstance(chunk, this.makeHost())
    const { exports } = instance
    exports.openAccount(this.fromNs, this.toNs, this.options.onGoroutine === undefined ? 0 : 1)
    this.instance = instance
    this.collector = new CollectorLedger(exports, this.functions, { fromNs: this.fromNs, toNs: this.toNs })
    return instance
  }

  private makeHost(): LedgerHost {
    return {
      findGroup: (startStack, stack) => {
        const root = this.functions.rootOf(startStack)
        return root === 0 ? -1 : this.groups.find(root, stack === 0 ? 0 : this.functions.leafOf(stack))
      },
      openSite: (row, group, code, stack) => this.openSite(row, group, code, stack),
      stopCodeOf: (reason) => stopCodeOf(this.functions.nameOf(reason)),
      isCollectorLabel: (label) => {
        const name = this.functions.nameOf(label)
        return name.startsWith('GC ') && name !== 'GC (idle)' ? 1 : 0
      },
      stepRare: (row, type) => this.stepRare(this.firstRow + row, type),
      noteLongRun: (goroutine, startNs, ns, stack) => {
        if (this.longRuns.takes(ns)) this.longRuns.add(ns, { goroutine, startNs, ns, stack })
      },
      noteUnknownWait: (goroutine, group, ns, stack) => {
        const { unknownWaits } = this
        unknownWaits.count++
        unknownWaits.ns += ns
        unknownWaits.rows.push({ goroutine, group, stack })
        if (unknownWaits.rows.length >= 2 * MAX_UNKNOWN_WAITS) unknownWaits.rows = firstGoroutines(unknownWaits.rows)
      },
      noteLongTask: (id, parent, name, goroutine, startNs, durationNs, isComplete) => {
        this.tasks.add(durationNs, { id, parent, name, goroutine, startNs, durationNs, complete: isComplete === 1 })
        return this.tasks.least
      },
      noteGoroutine: (row, hasEnded) => this.noteGoroutine(row >>> 0, hasEnded === 1),
    }
  }

  private openSite(row: number, group: number, code: number, stack: number): number {
    const family = group === NAMELESS_SYSTEM_GROUP ? -1 : this.groups.startFunctionOf(group)
    const sketch = this.classes.openSite(row, family, code, stack)
    if (sketch === -1) return 0
    this.sketches[sketch] ??= (this.instance as LedgerInstance).exports.openSketch() >>> 0
    return this.sketches[sketch] as number
  }

  private stepRare(row: number, type: number): void {
    const { chunk, collector } = this
    if (chunk === undefined || collector === undefined) return
    const now = chunk.timesNs[row] as number
    const first = chunk.arg0[row] as number
    const goroutine = chunk.goroutines[row] as number
    switch (type) {
      case kind.STWBegin:
        collector.beginStop(goroutine, first, chunk.arg1[row] as number, now)
        return
      case kind.STWEnd:
        collector.endStop(goroutine, now)
        return
      case kind.GCActive:
        collector.beginCycle((this.instance as LedgerInstance).exports.generationStartNs.value)
        return
      case kind.GCBegin:
        collector.beginCycle(now)
        return
      case kind.GCEnd:
        collector.endCycle(now)
        return
      case kind.HeapAlloc:
        collector.noteHeap(first, now)
        return
      case kind.HeapGoal:
        collector.noteGoal(first)
        return
    }
  }

  private noteGoroutine(row: number, hasEnded: boolean): void {
    const { buffer } = (this.instance as LedgerInstance).memory
    const [endNs = 0, id = 0, , , runnableNs = 0, runningNs = 0, waitingNs = 0, syscallNs = 0, startNs = 0] =
      new Float64Array(buffer, row, 9)
    const [marks = 0, group = 0] = new Int32Array(buffer, row + 16, 2)
    const startFunction = this.functions.nameOf(this.groups.startFunctionOf(group))
    this.options.onGoroutine?.({
      id,
      startFunction,
      creator: this.functions.nameOf(this.groups.creatorOf(group)),
      isSystem: group === NAMELESS_SYSTEM_GROUP || isSystemFunction(startFunction),
      startNs,
      endNs,
      createdInTrace: (marks & CREATED) !== 0,
      ended: hasEnded,
      runningNs,
      runnableNs,
      waitingNs,
      syscallNs,
    })
  }
}

function stopCodeOf(reason: string): number {
  return runnableCode(runnableCauses.indexOf(stopCauseOf(reason)))
}

function isEarlier(one: LongestStay, other: LongestStay): boolean {
  return one.startNs < other.startNs || (one.startNs === other.startNs && one.goroutine < other.goroutine)
}

function isEarlierTask(one: TaskEntry, other: TaskEntry): boolean {
  return one.startNs < other.startNs || (one.startNs === other.startNs && one.id < other.id)
}

/** The rows that are kept of too many: those of the oldest goroutines. */
function firstGoroutines<T extends { readonly goroutine: number }>(rows: readonly T[]): T[] {
  return [...rows].sort((a, b) => a.goroutine - b.goroutine).slice(0, MAX_UNKNOWN_WAITS)
}
