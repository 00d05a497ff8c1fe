/**
 * The second reading of a v1 trace: its events in order, as the rows that Go's reader of v1 traces would give.
 * Enters: survey and order. Leaves: rows of v2 kinds. Follows internal/trace/tracev1.go of Go 1.27.3, with two
 * differences: times are not pushed apart where equal, and a CPU sample during a system call does not hide that the
 * call blocked.
 * What Go's runtime of that time wrote down until the first ProcsChange is what already existed: it becomes statuses.
 */
import type { TraceDoubts } from '../gotrace/doubts.ts'
import { V1Consistency } from './consistency.ts'
import { BLOCKED, PROCESSOR_MASK, type V1Order } from './event-order.ts'
import { MISSING } from './id-map.ts'
import { pseudoProcessors, reasonOf, stopTheWorldReason, v1, v2Kind } from './kinds.ts'
import { ProcessorCursor } from './processor-cursor.ts'
import type { ChunkRows } from './rows.ts'
import { goStatus, procStatus } from './status.ts'
import type { V1Survey } from './survey.ts'
import type { TableStore } from './table-store.ts'

const NO_THREAD = Number.NaN
const NO_PROCESSOR = -1

/** Kinds that keep their first two arguments and have the stack behind them. */
const plain = new Uint8Array(64)
const stackPlace = new Uint8Array(64)
function addPlain(kind: number, name: string, place: number): void {
  plain[kind] = v2Kind[name] as number
  stackPlace[kind] = place
}
addPlain(v1.procsChange, 'ProcsChange', 1)
addPlain(v1.gcDone, 'GCEnd', 0)
addPlain(v1.sweepStart, 'GCSweepBegin', 0)
addPlain(v1.sweepDone, 'GCSweepEnd', 2)
addPlain(v1.goCreate, 'GoCreate', 2)
addPlain(v1.goStart, 'GoStart', 2)
addPlain(v1.goStartLocal, 'GoStart', 2)
addPlain(v1.goStartLabel, 'GoStart', 2)
addPlain(v1.goEnd, 'GoDestroy', 0)
addPlain(v1.goUnblock, 'GoUnblock', 2)
addPlain(v1.goUnblockLocal, 'GoUnblock', 2)
addPlain(v1.heapAlloc, 'HeapAlloc', 1)
addPlain(v1.heapGoal, 'HeapGoal', 1)
addPlain(v1.assistStart, 'GCMarkAssistBegin', 0)
addPlain(v1.assistDone, 'GCMarkAssistEnd', 0)

const to = {
  procStart: v2Kind.ProcStart as number,
  procStop: v2Kind.ProcStop as number,
  procStatus: v2Kind.ProcStatus as number,
  goStatus: v2Kind.GoStatus as number,
  goStop: v2Kind.GoStop as number,
  goBlock: v2Kind.GoBlock as number,
  callBegin: v2Kind.GoSyscallBegin as number,
  callEnd: v2Kind.GoSyscallEnd as number,
  callEndBlocked: v2Kind.GoSyscallEndBlocked as number,
  gcBegin: v2Kind.GCBegin as number,
  stwBegin: v2Kind.STWBegin as number,
  stwEnd: v2Kind.STWEnd as number,
  label: v2Kind.GoLabel as number,
  taskBegin: v2Kind.UserTaskBegin as number,
  taskEnd: v2Kind.UserTaskEnd as number,
  regionBegin: v2Kind.UserRegionBegin as number,
  regionEnd: v2Kind.UserRegionEnd as number,
  log: v2Kind.UserLog as number,
}

export class V1Converter {
  /** Events that name a string or stack that the tables do not hold. */
  missingNames = 0
  lastNs = 0
  private readonly survey: V1Survey
  private readonly order: V1Order
  private readonly store: TableStore
  private readonly doubts: TraceDoubts
  private readonly rows: ChunkRows
  private readonly cursors: ProcessorCursor[]
  private readonly consistency: V1Consistency
  private readonly threads: Float64Array
  private readonly isKnownProcessor: Uint8Array
  private readonly reasons: Int32Array = new Int32Array(64)
  private readonly tasks: Map<number, { readonly parent: number; readonly name: number }> = new Map()
  /** Goroutines from before the trace whose state is not told yet; undefined once all is told. */
  private untold: Set<number> | undefined = new Set()
  private stopReason = 0
  private nextEnd = 0
  /** Of the event at hand. */
  private offset = 0
  private readonly originTicks: number
  private readonly nsPerTick: number

  constructor(
    survey: V1Survey,
    order: V1Order,
    store: TableStore,
    doubts: TraceDoubts,
    rows: ChunkRows,
    clock: { readonly originTicks: number; readonly nsPerTick: number },
  ) {
    this.survey = survey
    this.order = order
    this.store = store
    this.doubts = doubts
    this.rows = rows
    this.originTicks = clock.originTicks
    this.nsPerTick = clock.nsPerTick
    this.cursors = survey.processors.map((processor) => new ProcessorCursor(survey.bytes, processor))
    this.consistency = new V1Consistency(this.cursors.length, survey.timerGoroutines, doubts)
    this.threads = new Float64Array(this.cursors.length).fill(NO_THREAD)
    this.isKnownProcessor = new Uint8Array(this.cursors.length)
    for (const [kind, reason] of Object.entries(reasonOf)) this.reasons[Number(kind)] = this.intern(reason)
  }

  /** False when a doubt in strict mode ended reading. */
  convert(): boolean {
    const { order, cursors, doubts } = this
    const { sequence, length } = order
    let latestTicks = Number.NEGATIVE_INFINITY
    for (let place = 0; place < length; place++) {
      const turn = sequence[place] as number
      const index = turn & PROCESSOR_MASK
      const cursor = cursors[index] as ProcessorCursor
      cursor.next()
      // Ends of system calls come at their own times.
      if (cursor.kind === v1.goSysExit || cursor.kind === v1.goSysExitLocal) continue
      latestTicks = Math.max(latestTicks, cursor.ticks)
      this.endCalls(latestTicks, place)
      this.step(cursor, index, (turn & BLOCKED) !== 0)
      if (doubts.fault !== undefined) return false
    }
    this.endCalls(Number.POSITIVE_INFINITY, length)
    this.rows.flush()
    return doubts.fault === undefined
  }

  toNs(ticks: number): number {
    return Math.trunc((ticks - this.originTicks) * this.nsPerTick)
  }

  private endCalls(ticks: number, place: number): void {
    const ends = this.order.callEnds
    while (this.nextEnd < ends.count) {
      const row = this.nextEnd
      const at = ends.ticks[row] as number
      if (at > ticks || (at === ticks && (ends.places[row] as number) > place)) return
      this.nextEnd += 1
      const goroutine = ends.goroutines[row] as number
      this.consistency.endCall(goroutine, 0)
      this.add(to.callEndBlocked, this.toNs(at), NO_THREAD, pseudoProcessors.syscall, goroutine, 0, 0, 0, 0)
    }
  }

  private step(cursor: ProcessorCursor, index: number, isBlocked: boolean): void {
    const { kind, processor, goroutine, arg0 } = cursor
    const timeNs = this.toNs(cursor.ticks)
    this.offset = cursor.offset
    const isNetwork =
      (kind === v1.goUnblock || kind === v1.goUnblockLocal) && this.consistency.isWaitingForNetwork(arg0)
    this.consistency.check(cursor, index)
    const thread = this.threads[index] as number
    switch (kind) {
      case v1.procStart:
      case v1.procStop:
        this.moveProcessor(cursor, index, timeNs)
        return
      case v1.procsChange:
        if (this.untold === undefined) break
        for (const id of this.untold) {
          this.add(to.goStatus, timeNs, NO_THREAD, NO_PROCESSOR, 0, id, NO_THREAD, goStatus.runnable, 0)
        }
        this.untold = undefined
        return
      case v1.goCreate:
        if (this.untold === undefined) break
        this.untold.add(arg0)
        return
      case v1.goStart:
      case v1.goStartLocal:
        if (this.untold === undefined) break
        this.tell(cursor, thread, timeNs, goStatus.running)
        return
      case v1.goWaiting:
        this.tell(cursor, thread, timeNs, goStatus.waiting)
        return
      case v1.goInSyscall:
        this.tell(cursor, thread, timeNs, goStatus.syscall)
        return
      case v1.goStartLabel: {
        this.add(plain[kind] as number, timeNs, thread, processor, goroutine, arg0, cursor.arg1, 0, 0)
        this.add(to.label, timeNs, thread, processor, goroutine, this.stringOf(cursor.arg2), 0, 0, 0)
        return
      }
      case v1.goUnblock:
      case v1.goUnblockLocal: {
        let on: number = processor
        if (isNetwork) on = pseudoProcessors.netpoll
        else if (this.survey.timerGoroutines.has(goroutine)) on = pseudoProcessors.timer
        const runner = on === processor ? thread : NO_THREAD
        this.add(plain[kind] as number, timeNs, runner, on, goroutine, arg0, cursor.arg1, this.stackOf(cursor.stack), 0)
        return
      }
      case v1.gcStart: {
        const stack = this.stackOf(cursor.stack)
        this.add(to.gcBegin, timeNs, NO_THREAD, pseudoProcessors.gc, goroutine, arg0, stack, 0, 0)
        return
      }
      case v1.goSysCall:
        this.callSystem(cursor, thread, timeNs, isBlocked)
        return
      case v1.goSysBlock:
        return
      case v1.futileWakeup:
        this.doubts.quibble('an event of no meaning since Go 1.11 is left out', cursor.offset)
        return
    }
    if (plain[kind] === 0) this.stepRare(cursor, thread, timeNs)
    else this.addPlain(cursor, thread, timeNs)
  }

  private addPlain(cursor: ProcessorCursor, thread: number, timeNs: number): void {
    const { kind, processor, goroutine, arg0, arg1, stack } = cursor
    const place = stackPlace[kind]
    const told = stack === 0 ? 0 : this.stackOf(stack)
    const first = place === 0 ? told : arg0
    const second = place === 1 ? told : kind === v1.goCreate ? this.createdStackOf(arg1) : arg1
    this.add(plain[kind] as number, timeNs, thread, processor, goroutine, first, second, place === 2 ? told : 0, 0)
  }

  private stepRare(cursor: ProcessorCursor, thread: number, timeNs: number): void {
    const { kind, processor, goroutine, arg0, arg1, arg2 } = cursor
    const stack = this.stackOf(cursor.stack)
    switch (kind) {
      case v1.stwStart:
        this.stopReason = this.intern(stopTheWorldReason(this.survey.format, arg0))
        this.add(to.stwBegin, timeNs, thread, processor, goroutine, this.stopReason, 0, 0, 0)
        return
      case v1.stwDone:
        this.add(to.stwEnd, timeNs, thread, processor, goroutine, this.stopReason, 0, 0, 0)
        return
      case v1.goSched:
      case v1.goPreempt:
        this.add(to.goStop, timeNs, thread, processor, goroutine, this.reasons[kind] as number, stack, 0, 0)
        return
      case v1.taskCreate: {
        const name = this.stringOf(arg2)
        if (this.tasks.has(arg0)) this.doubts.quibble('a task begins twice', cursor.offset)
        this.tasks.set(arg0, { parent: arg1, name })
        this.add(to.taskBegin, timeNs, thread, processor, goroutine, arg0, arg1, name, stack)
        return
      }
      case v1.taskEnd: {
        const task = this.tasks.get(arg0)
        this.tasks.delete(arg0)
        const [parent, name] = [task?.parent ?? 0, task?.name ?? 0]
        this.add(to.taskEnd, timeNs, thread, processor, goroutine, arg0, stack, parent, name)
        return
      }
      case v1.region: {
        if (arg1 > 1) return
        const becomes = arg1 === 0 ? to.regionBegin : to.regionEnd
        this.add(becomes, timeNs, thread, processor, goroutine, arg0, this.stringOf(arg2), stack, 0)
        return
      }
      case v1.log: {
        const text = this.store.internString(this.survey.bytes, cursor.textFrom, cursor.textTo)
        this.add(to.log, timeNs, thread, processor, goroutine, arg0, this.stringOf(arg1), text, stack)
        return
      }
      default: // All that is left are ways to block.
        this.add(to.goBlock, timeNs, thread, processor, goroutine, this.reasons[kind] as number, stack, 0, 0)
    }
  }

  private moveProcessor(cursor: ProcessorCursor, index: number, timeNs: number): void {
    const { kind, processor, goroutine, arg0 } = cursor
    const isStart = kind === v1.procStart
    if (isStart) this.threads[index] = arg0
    const thread = this.threads[index] as number
    if (this.isKnownProcessor[index] === 0) {
      this.isKnownProcessor[index] = 1
      const status = isStart ? procStatus.running : procStatus.idle
      this.add(to.procStatus, timeNs, thread, processor, goroutine, Math.max(0, processor), status, 0, 0)
    } else if (isStart) this.add(to.procStart, timeNs, thread, processor, goroutine, Math.max(0, processor), 0, 0, 0)
    else this.add(to.procStop, timeNs, thread, processor, goroutine, 0, 0, 0, 0)
    if (!isStart) this.threads[index] = NO_THREAD
  }

  private tell(cursor: ProcessorCursor, thread: number, timeNs: number, status: number): void {
    this.untold?.delete(cursor.arg0)
    this.add(to.goStatus, timeNs, thread, cursor.processor, cursor.goroutine, cursor.arg0, NO_THREAD, status, 0)
  }

  /** The runtime says when a call begins, and of its end only when it blocked: one that did not takes no time here. */
  private callSystem(cursor: ProcessorCursor, thread: number, timeNs: number, isBlocked: boolean): void {
    const { processor, goroutine } = cursor
    this.add(to.callBegin, timeNs, thread, processor, goroutine, 0, this.stackOf(cursor.stack), 0, 0)
    if (!isBlocked) this.add(to.callEnd, timeNs, thread, processor, goroutine, 0, 0, 0, 0)
  }

  private add(
    kind: number,
    timeNs: number,
    thread: number,
    processor: number,
    goroutine: number,
    arg0: number,
    arg1: number,
    arg2: number,
    arg3: number,
  ): void {
    if (timeNs > this.lastNs) this.lastNs = timeNs
    this.rows.add(kind, timeNs, thread, processor, goroutine, arg0, arg1, arg2, arg3)
  }

  private stackOf(id: number): number {
    if (id === 0) return 0
    const index = this.survey.stackIds.get(id < 2 ** 32 ? id : id % 2 ** 32)
    return index === MISSING ? this.miss() : index
  }

  /** Go's reader leaves an event without a stack that is not there, but fails on these two. */
  private createdStackOf(id: number): number {
    const missed = this.missingNames
    const index = this.stackOf(id)
    if (missed !== this.missingNames) this.refuse()
    return index
  }

  private stringOf(id: number): number {
    const index = this.survey.stringIds.get(id)
    if (index !== MISSING) return index
    this.refuse()
    return this.miss()
  }

  private miss(): number {
    this.missingNames += 1
    return 0
  }

  private refuse(): void {
    if (!this.doubts.isStrict) return
    this.doubts.quibble('an event names a string or stack that the trace does not hold', this.offset)
  }

  private intern(text: string): number {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    return this.store.internString(bytes, 0, bytes.length)
  }
}
