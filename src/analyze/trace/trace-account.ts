/**
 * The accounting of an execution trace: a consumer of ordered chunks that keeps totals, never events.
 * Enters: TraceChunks in order, over tables that grow, and CPU samples. Leaves: a TraceAccount (model/trace-account).
 * Memory follows live goroutines, groups, sites and open tasks, each bounded; not the length of the trace.
 * Transitions are those of internal/trace/order.go; whatever a damaged trace says instead moves a goroutine to the state
 * that the event leads to, and never throws.
 */

import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../../model/trace.ts'
import type { GoroutineAccount, TraceAccount } from '../../model/trace-account.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'
import { type AccountParts, describeAccount } from './account-output.ts'
import { classifyStay } from './blind-share.ts'
import { COROUTINE_CODE, SYSCALL_CODE } from './codes.ts'
import { CollectorLedger } from './collector-ledger.ts'
import { ConditionClocks } from './condition-clocks.ts'
import { CpuSampleLedger } from './cpu-samples.ts'
import { GoroutineLedger, RUNNABLE, RUNNING, runnable, SYSCALL, WAITING } from './goroutine-ledger.ts'
import { MutatorGauge } from './mutator-gauge.ts'
import { ProcessorLedger } from './processor-ledger.ts'
import { SiteTable } from './sites.ts'
import { StackFunctions } from './stack-functions.ts'
import { UserLedger } from './user-ledger.ts'

export type TraceAccountOptions = {
  /** Only what lies between the two is counted; waits are cut at the edges. Default: all. */
  readonly fromNs?: number
  readonly toNs?: number
  /** `go1.27.3`, where something better than the trace's header knows it: rows of the lens table depend on it. */
  readonly goVersion?: string
  /** Called for each goroutine that ended, and at the finish for those that did not. */
  readonly onGoroutine?: (goroutine: GoroutineAccount) => void
}

export type OpenTraceAccount = {
  /** Before the chunks of each generation. Needed for damaged traces only: states from before a restart are forgotten,
   *  so that the gap is nobody's time; a goroutine told again after it counts as another one. */
  addGeneration(generation: TraceGeneration): void
  /** The chunk is read before this returns and may be reused. Tables must be those of the same trace. */
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  addCpuSamples(samples: readonly TraceCpuSample[], tables: TraceTables): void
  /** Once, after the last chunk. */
  finish(meta: { readonly durationNs: number }): TraceAccount
}

export function openTraceAccount(options: TraceAccountOptions = {}): OpenTraceAccount {
  const accountant = new TraceAccountant(options)
  return {
    addGeneration: (generation) => accountant.addGeneration(generation),
    addChunk: (chunk, tables) => accountant.addChunk(chunk, tables),
    addCpuSamples: (samples, tables) => accountant.addCpuSamples(samples, tables),
    finish: (meta) => accountant.finish(meta.durationNs),
  }
}

class TraceAccountant {
  private readonly parts: AccountParts
  private readonly ledger: GoroutineLedger
  private readonly processors: ProcessorLedger
  private readonly collector: CollectorLedger
  private readonly users: UserLedger
  private readonly gauge: MutatorGauge
  private readonly functions: StackFunctions
  private readonly counts = new Float64Array(256)
  private readonly now: Float64Array
  private lastNs = 0
  private generation = 0
  private generationStartNs = 0
  private readonly stopCodes = new Map<number, number>()
  private readonly collectorLabels = new Map<number, boolean>()

  constructor(options: TraceAccountOptions) {
    const window = { fromNs: options.fromNs ?? 0, toNs: options.toNs ?? Number.POSITIVE_INFINITY }
    this.functions = new StackFunctions()
    const sites = new SiteTable((code, stack) => {
      const reason = code >= 0 ? this.functions.nameOf(code) : ''
      return classifyStay(code, reason, this.functions.framesOf(stack), options.goVersion)
    })
    const clocks = new ConditionClocks(window.fromNs, window.toNs)
    this.gauge = new MutatorGauge()
    this.ledger = new GoroutineLedger(this.functions, sites, clocks, this.gauge, {
      ...window,
      ...(options.onGoroutine === undefined ? {} : { onGoroutine: options.onGoroutine }),
    })
    this.now = this.ledger.now
    this.processors = new ProcessorLedger(window.fromNs, window.toNs)
    this.collector = new CollectorLedger(clocks, this.gauge, this.functions, window)
    this.users = new UserLedger(this.functions, this.ledger, window)
    this.parts = {
      functions: this.functions,
      sites,
      clocks,
      ledger: this.ledger,
      processors: this.processors,
      collector: this.collector,
      users: this.users,
      samples: new CpuSampleLedger(this.functions, window),
      counts: this.counts,
      window,
    }
  }

  addGeneration(generation: TraceGeneration): void {
    if (!generation.isRestart || this.generation === 0) return
    this.now[0] = this.lastNs
    this.ledger.forget()
    this.processors.forget(this.lastNs)
    this.collector.endCycle(this.lastNs)
  }

  addChunk(chunk: TraceChunk, tables: TraceTables): void {
    this.functions.use(tables)
    const { kinds, timesNs, generations, rowCount } = chunk
    const { counts, now } = this
    let last = this.lastNs
    for (let row = 0; row < rowCount; row++) {
      const time = timesNs[row] as number
      now[0] = time
      if (time > last) last = time
      if (generations[row] !== this.generation) this.beginGeneration(generations[row] as number, time)
      const type = kinds[row] as number
      counts[type] = (counts[type] as number) + 1
      this.step(chunk, row, type)
    }
    this.lastNs = last
  }

  addCpuSamples(samples: readonly TraceCpuSample[], tables: TraceTables): void {
    this.functions.use(tables)
    for (const sample of samples) this.parts.samples.add(sample)
  }

  finish(durationNs: number): TraceAccount {
    const endNs = Math.max(durationNs, this.lastNs)
    this.now[0] = endNs
    this.ledger.close()
    return describeAccount(this.parts, endNs)
  }

  private beginGeneration(generation: number, timeNs: number): void {
    // The first generation begins with the trace; a later one where its first event stands.
    this.generationStartNs = this.generation === 0 ? 0 : timeNs
    this.generation = generation
  }

  private step(chunk: TraceChunk, row: number, type: number): void {
    switch (type) {
      case kind.GoStart:
        this.startGoroutine(chunk, row)
        return
      case kind.GoUnblock:
        this.unblock(chunk, row)
        return
      case kind.GoBlock:
        this.stopRunning(chunk, row, WAITING, chunk.arg0[row] as number)
        return
      case kind.GoSyscallBegin:
        this.stopRunning(chunk, row, SYSCALL, SYSCALL_CODE)
        return
      case kind.GoSyscallEnd:
      case kind.GoSyscallEndBlocked:
        this.endSyscall(chunk, row, type)
        return
      case kind.GoCreate:
        this.ledger.create(
          chunk.arg0[row] as number,
          RUNNABLE,
          runnable.created,
          chunk.arg1[row] as number,
          chunk.arg2[row] as number,
        )
        return
      case kind.GoDestroy:
        this.destroy(chunk, row)
        return
      case kind.GoStop:
        this.stopRunning(chunk, row, RUNNABLE, this.stopCodeOf(chunk.arg0[row] as number))
        return
      default:
        this.stepRare(chunk, row, type)
    }
  }

  private stepRare(chunk: TraceChunk, row: number, type: number): void {
    const first = chunk.arg0[row] as number
    const now = this.now[0] as number
    const processorPlusOne = chunk.processorsPlusOne[row] as number
    switch (type) {
      case kind.GoStatus:
        this.tellStatus(first, chunk.arg2[row] as number, 0)
        return
      case kind.GoStatusStack:
        this.tellStatus(first, chunk.arg2[row] as number, chunk.arg3[row] as number)
        return
      case kind.GoSwitch:
      case kind.GoSwitchDestroy:
        this.switchTo(chunk, row, type === kind.GoSwitchDestroy)
        return
      case kind.GoCreateBlocked:
        this.ledger.create(first, WAITING, 0, chunk.arg1[row] as number, chunk.arg2[row] as number)
        return
      case kind.GoCreateSyscall:
        this.ledger.create(first, SYSCALL, SYSCALL_CODE, 0, 0)
        return
      case kind.GoDestroySyscall:
        this.destroy(chunk, row)
        if (processorPlusOne > 0) this.processors.stop(processorPlusOne - 1, now)
        return
      case kind.ProcStart:
        this.processors.start(first, now)
        return
      case kind.ProcStop:
        if (processorPlusOne > 0) this.loseProcessor(processorPlusOne - 1)
        return
      case kind.ProcSteal:
        this.loseProcessor(first)
        return
      case kind.ProcStatus:
        this.processors.tell(first, chunk.arg1[row] as number, this.generationStartNs)
        return
      case kind.ProcsChange:
        this.ledger.setMaxProcessors(first)
        this.gauge.setProcessors(first, now)
        return
      case kind.UserRegionBegin:
      case kind.UserRegionEnd:
      case kind.UserTaskBegin:
      case kind.UserTaskEnd:
      case kind.UserLog:
        this.stepUser(chunk, row, type)
        return
      default:
        this.stepCollector(chunk, row, type)
    }
  }

  private stepUser(chunk: TraceChunk, row: number, type: number): void {
    const goroutine = chunk.goroutines[row] as number
    const now = this.now[0] as number
    if (type === kind.UserTaskBegin) {
      const parent = chunk.arg1[row] as number
      this.users.beginTask(chunk.arg0[row] as number, parent, chunk.arg2[row] as number, goroutine, now)
    } else if (type === kind.UserTaskEnd) this.users.endTask(chunk.arg0[row] as number, goroutine, now)
    else if (type === kind.UserLog) this.users.noteLog(chunk.arg1[row] as number)
    else {
      const slot = this.findCurrent(chunk, row)
      if (slot === -1) return
      const name = chunk.arg1[row] as number
      if (type === kind.UserRegionBegin) this.users.beginRegion(slot, name, now)
      else this.users.endRegion(slot, name, now)
    }
  }

  private stepCollector(chunk: TraceChunk, row: number, type: number): void {
    const goroutine = chunk.goroutines[row] as number
    const first = chunk.arg0[row] as number
    const now = this.now[0] as number
    const processor = (chunk.processorsPlusOne[row] as number) - 1
    switch (type) {
      case kind.STWBegin:
        this.collector.beginStop(goroutine, first, chunk.arg1[row] as number, now)
        return
      case kind.STWEnd:
        this.collector.endStop(goroutine, now)
        return
      case kind.GCActive:
        this.collector.beginCycle(this.generationStartNs)
        return
      case kind.GCBegin:
        this.collector.beginCycle(now)
        return
      case kind.GCEnd:
        this.collector.endCycle(now)
        return
      case kind.GCSweepActive:
        this.collector.beginSweep(first, now)
        return
      case kind.GCSweepBegin:
        this.collector.beginSweep(processor, now)
        return
      case kind.GCSweepEnd:
        this.collector.endSweep(processor, first, chunk.arg1[row] as number, now)
        return
      case kind.GCMarkAssistActive:
        this.beginAssist(first, this.generationStartNs)
        return
      case kind.GCMarkAssistBegin:
        this.beginAssist(goroutine, now)
        return
      case kind.GCMarkAssistEnd:
        this.endAssist(goroutine)
        return
      case kind.HeapAlloc:
        this.collector.noteHeap(first, now)
        return
      case kind.HeapGoal:
        this.collector.noteGoal(first)
        return
      case kind.GoLabel:
        this.labelGoroutine(goroutine, first)
        return
    }
  }

  private startGoroutine(chunk: TraceChunk, row: number): void {
    const { ledger } = this
    let slot = ledger.findAt(chunk.arg0, row)
    if (slot === -1) slot = ledger.openOlder(chunk.arg0[row] as number, RUNNING, this.now[0] as number, 0)
    else ledger.move(slot, RUNNING, 0, 0)
    ledger.runsOn(slot, chunk.processorsPlusOne[row] as number)
  }

  private unblock(chunk: TraceChunk, row: number): void {
    const { ledger } = this
    const slot = ledger.findAt(chunk.arg0, row)
    if (slot === -1) ledger.openOlder(chunk.arg0[row] as number, RUNNABLE, this.now[0] as number, 0)
    else ledger.unblock(slot, this.findCurrent(chunk, row))
  }

  private stopRunning(
    chunk: TraceChunk,
    row: number,
    state: typeof RUNNABLE | typeof WAITING | typeof SYSCALL,
    code: number,
  ): void {
    const { ledger } = this
    const slot = this.findCurrent(chunk, row)
    const stack = chunk.arg1[row] as number
    const processorPlusOne = chunk.processorsPlusOne[row] as number
    if (slot === -1) {
      const id = chunk.goroutines[row] as number
      if (id !== 0) ledger.openOlder(id, state, this.now[0] as number, stack)
      return
    }
    const hasRun = ledger.stateOf(slot) === RUNNING
    ledger.move(slot, state, code, stack)
    if (hasRun) this.processors.noteRun(processorPlusOne, ledger.now, 2)
    if (state === SYSCALL) this.processors.beginCall(processorPlusOne, slot)
  }

  private endSyscall(chunk: TraceChunk, row: number, type: number): void {
    const { ledger } = this
    const slot = this.findCurrent(chunk, row)
    const isBlocked = type === kind.GoSyscallEndBlocked
    if (slot === -1) {
      const id = chunk.goroutines[row] as number
      if (id !== 0) ledger.openOlder(id, isBlocked ? RUNNABLE : RUNNING, this.now[0] as number, 0)
      return
    }
    this.processors.endCall(chunk.processorsPlusOne[row] as number)
    if (isBlocked) ledger.move(slot, RUNNABLE, runnable['syscall exit'], ledger.stackOf(slot))
    else ledger.move(slot, RUNNING, 0, 0)
  }

  private destroy(chunk: TraceChunk, row: number): void {
    const { ledger } = this
    const slot = this.findCurrent(chunk, row)
    if (slot === -1) return
    const hasRun = ledger.stateOf(slot) === RUNNING
    this.users.endGoroutine(slot, this.now[0] as number)
    ledger.end(slot)
    if (hasRun) this.processors.noteRun(chunk.processorsPlusOne[row] as number, ledger.now, 2)
  }

  /** One event for three: the target is woken and runs, the one at hand waits without a reason, or is gone. */
  private switchTo(chunk: TraceChunk, row: number, isDestroy: boolean): void {
    const { ledger } = this
    const slot = this.findCurrent(chunk, row)
    let target = ledger.findAt(chunk.arg0, row)
    if (target !== -1) ledger.noteWake(target, slot)
    if (isDestroy) this.destroy(chunk, row)
    else if (slot !== -1) {
      const hasRun = ledger.stateOf(slot) === RUNNING
      ledger.move(slot, WAITING, COROUTINE_CODE, 0)
      if (hasRun) this.processors.noteRun(chunk.processorsPlusOne[row] as number, ledger.now, 2)
    }
    if (target === slot) target = -1
    if (target !== -1) ledger.move(target, RUNNING, 0, 0)
    else target = ledger.openOlder(chunk.arg0[row] as number, RUNNING, this.now[0] as number, 0)
    ledger.runsOn(target, chunk.processorsPlusOne[row] as number)
  }

  /** The slot of the goroutine that the event's thread runs, or -1. */
  private findCurrent(chunk: TraceChunk, row: number): number {
    return this.ledger.findOn(chunk.goroutines, row, chunk.processorsPlusOne[row] as number)
  }

  private tellStatus(id: number, status: number, stack: number): void {
    const { ledger } = this
    const state = stateOfStatus(status)
    if (state === undefined) return
    const slot = ledger.table.find(id)
    if (slot === -1) {
      ledger.openOlder(id, state, this.generationStartNs, stack)
      return
    }
    if (ledger.stateOf(slot) === state) ledger.tell(slot, stack)
    else
      ledger.move(slot, state, state === WAITING ? 0 : state === SYSCALL ? SYSCALL_CODE : runnable['other stop'], stack)
  }

  private loseProcessor(processor: number): void {
    const slot = this.processors.stop(processor, this.now[0] as number)
    if (slot !== -1) this.ledger.loseProcessor(slot)
  }

  private beginAssist(id: number, sinceNs: number): void {
    const slot = this.ledger.table.find(id)
    if (slot !== -1) this.ledger.beginAssist(slot, sinceNs)
  }

  private endAssist(id: number): void {
    const slot = this.ledger.table.find(id)
    if (slot !== -1) this.collector.noteAssist(this.ledger.endAssist(slot))
  }

  /** The only labels that the runtime writes are the modes of its mark workers; an idle worker takes nothing away. */
  private labelGoroutine(id: number, label: number): void {
    let collects = this.collectorLabels.get(label)
    if (collects === undefined) {
      const name = this.functions.nameOf(label)
      collects = name.startsWith('GC ') && name !== 'GC (idle)'
      if (this.collectorLabels.size < 1024) this.collectorLabels.set(label, collects)
    }
    const slot = this.ledger.table.find(id)
    if (slot === -1) return
    if (collects) this.ledger.collect(slot)
    else this.ledger.stopCollecting(slot)
  }

  private stopCodeOf(reason: number): number {
    let code = this.stopCodes.get(reason)
    if (code === undefined) {
      const name = this.functions.nameOf(reason)
      code = runnable[name === 'preempted' ? 'preempted' : name === 'runtime.Gosched' ? 'yielded' : 'other stop']
      if (this.stopCodes.size < 1024) this.stopCodes.set(reason, code)
    }
    return code
  }
}

function stateOfStatus(status: number) {
  switch (status) {
    case wireGoroutineStatus.runnable:
      return RUNNABLE
    case wireGoroutineStatus.running:
      return RUNNING
    case wireGoroutineStatus.syscall:
      return SYSCALL
    case wireGoroutineStatus.waiting:
      return WAITING
    default:
      return undefined
  }
}
