/**
 * What the events so far say of every goroutine, processor and thread: the state that decides whether an event's turn
 * has come. Columns over slots; the rules are in order.ts. Follows internal/trace/order.go of Go 1.27.3.
 */
import { growFloats, IdSlots } from './id-slots.ts'

/** No goroutine, no processor slot. */
export const NONE = -1

/** tracev2.GoStatus */
export const goStatus = { bad: 0, runnable: 1, running: 2, syscall: 3, waiting: 4 } as const
/** tracev2.ProcStatus */
export const procStatus = { bad: 0, running: 1, idle: 2, syscall: 3, syscallAbandoned: 4 } as const

export const GC_UNDETERMINED = 0
export const GC_NOT_RUNNING = 1
export const GC_RUNNING = 2

/** Events that may have to wait for another thread's. */
const PROC_START = 10
const PROC_STEAL = 12
const GO_START = 16
const GO_UNBLOCK = 21
const GO_SYSCALL_END_BLOCKED = 24
const GC_ACTIVE = 28
const GC_BEGIN = 29
const GC_END = 30
const GO_SWITCH = 45
const GO_SWITCH_DESTROY = 46

export class SchedulerState {
  readonly goroutines: IdSlots = new IdSlots()
  goStatus: Uint8Array = new Uint8Array(64)
  /** Sequence number and the generation that it counts in. */
  goSeq: Float64Array = new Float64Array(64)
  goSeqGeneration: Float64Array = new Float64Array(64)
  /** 1 while the goroutine assists the GC's marking. */
  goAssists: Uint8Array = new Uint8Array(64)
  /** Open user regions of a goroutine: task, name, task, name …, innermost last. */
  goRegions: (number[] | undefined)[] = []
  /** Kinds of stop-the-world that a goroutine has begun. */
  readonly goStops: Map<number, number[]> = new Map()

  readonly processors: IdSlots = new IdSlots()
  procStatus: Uint8Array = new Uint8Array(64)
  procSeq: Float64Array = new Float64Array(64)
  procSeqGeneration: Float64Array = new Float64Array(64)
  procSweeps: Uint8Array = new Uint8Array(64)

  readonly threads: IdSlots = new IdSlots()
  /** 0 until the thread's first event was looked at or another named it. */
  threadSeen: Uint8Array = new Uint8Array(64)
  /** Goroutine id that the thread runs, or NONE, and the slot it had when bound. */
  threadGoroutine: Float64Array = new Float64Array(64)
  threadGoSlot: Int32Array = new Int32Array(64)
  /** Processor slot that the thread holds, or NONE. */
  threadProc: Int32Array = new Int32Array(64)

  /** Active tasks: parent and name. */
  readonly tasks: Map<number, { readonly parent: number; readonly name: number }> = new Map()
  gcSeq = 0
  gcState = GC_UNDETERMINED
  /** Generation in which statuses introduce goroutines; 0 until an event was looked at. */
  initialGeneration = 0

  addGoroutine(id: number, status: number, generation: number): number {
    const slot = this.goroutines.add(id)
    if (slot >= this.goStatus.length) {
      this.goStatus = growBytes(this.goStatus)
      this.goSeq = growFloats(this.goSeq, 0)
      this.goSeqGeneration = growFloats(this.goSeqGeneration, 0)
      this.goAssists = growBytes(this.goAssists)
    }
    this.goStatus[slot] = status
    this.goSeq[slot] = 0
    this.goSeqGeneration[slot] = generation
    this.goAssists[slot] = 0
    const regions = this.goRegions[slot]
    if (regions !== undefined) regions.length = 0
    if (this.goStops.size > 0) this.goStops.delete(slot)
    return slot
  }

  addProcessor(id: number, status: number, generation: number): number {
    const slot = this.processors.add(id)
    if (slot >= this.procStatus.length) {
      this.procStatus = growBytes(this.procStatus)
      this.procSeq = growFloats(this.procSeq, 0)
      this.procSeqGeneration = growFloats(this.procSeqGeneration, 0)
      this.procSweeps = growBytes(this.procSweeps)
    }
    this.procStatus[slot] = status
    this.procSeq[slot] = 0
    this.procSeqGeneration[slot] = generation
    return slot
  }

  /** Slot of the thread, made when it has none. */
  threadSlot(id: number): number {
    const known = this.threads.find(id)
    if (known >= 0) return known
    const slot = this.threads.add(id)
    if (slot >= this.threadSeen.length) {
      this.threadSeen = growBytes(this.threadSeen)
      this.threadGoroutine = growFloats(this.threadGoroutine, NONE)
      this.threadGoSlot = growInts(this.threadGoSlot)
      this.threadProc = growInts(this.threadProc)
    }
    this.threadGoroutine[slot] = NONE
    this.threadGoSlot[slot] = NONE
    this.threadProc[slot] = NONE
    return slot
  }

  /** The thread that holds the processor, as a slot, or NONE. Slow; rare. */
  threadHolding(processor: number): number {
    for (let slot = this.threads.slotCount - 1; slot >= 0; slot--) {
      if (this.threadSeen[slot] === 1 && this.threadProc[slot] === processor) return slot
    }
    return NONE
  }

  /** Makes an event's turn come, as if what it waits for had happened: for traces whose end is cut off. */
  assumeTurn(kind: number, arg0: number, arg1: number, thread: number, generation: number): void {
    if (kind === GO_START || kind === GO_UNBLOCK || kind === GO_SWITCH || kind === GO_SWITCH_DESTROY) {
      const found = this.goroutines.find(arg0)
      const status = kind === GO_START ? goStatus.runnable : goStatus.waiting
      const slot = found >= 0 ? found : this.addGoroutine(arg0, status, generation)
      this.goStatus[slot] = status
      this.goSeq[slot] = arg1 - 1
      this.goSeqGeneration[slot] = generation
    } else if (kind === PROC_START || kind === PROC_STEAL) {
      const found = this.processors.find(arg0)
      const status = kind === PROC_START ? procStatus.idle : procStatus.syscallAbandoned
      const slot = found >= 0 ? found : this.addProcessor(arg0, status, generation)
      this.procStatus[slot] = status
      this.procSeq[slot] = arg1 - 1
      this.procSeqGeneration[slot] = generation
      const holder = this.threadHolding(slot)
      if (holder !== NONE) this.threadProc[holder] = NONE
      if (kind === PROC_START && thread >= 0) this.threadProc[thread] = NONE
    } else if (kind === GO_SYSCALL_END_BLOCKED && thread >= 0) {
      const held = this.threadProc[thread] as number
      if (held !== NONE) this.procStatus[held] = procStatus.idle
      this.threadProc[thread] = NONE
    } else if (kind === GC_ACTIVE || kind === GC_BEGIN || kind === GC_END) {
      this.gcSeq = arg0 - 1
      this.gcState = kind === GC_BEGIN ? GC_NOT_RUNNING : GC_RUNNING
    }
  }

  beginStop(goroutine: number, kind: number): boolean {
    const kinds = this.goStops.get(goroutine)
    if (kinds === undefined) this.goStops.set(goroutine, [kind])
    else if (kinds.includes(kind)) return false
    else kinds.push(kind)
    return true
  }

  /** Kind of the stop that ends; NONE when there is none. */
  endStop(goroutine: number): number {
    const kinds = this.goStops.get(goroutine)
    const kind = kinds?.shift()
    if (kind === undefined) return NONE
    if (kinds?.length === 0) this.goStops.delete(goroutine)
    return kind
  }

  beginRegion(goroutine: number, task: number, name: number): void {
    const regions = this.goRegions[goroutine]
    if (regions === undefined) this.goRegions[goroutine] = [task, name]
    else regions.push(task, name)
  }

  /** False when the region that ends is not the innermost one. Regions from before the trace are not known. */
  endRegion(goroutine: number, task: number, name: number): boolean {
    const regions = this.goRegions[goroutine]
    if (regions === undefined || regions.length === 0) return true
    const top = regions.length - 2
    if (regions[top] !== task || regions[top + 1] !== name) return false
    regions.length = top
    return true
  }
}

function growBytes(column: Uint8Array): Uint8Array {
  const grown = new Uint8Array(column.length * 2)
  grown.set(column)
  return grown
}

function growInts(column: Int32Array): Int32Array {
  const grown = new Int32Array(column.length * 2).fill(NONE)
  grown.set(column)
  return grown
}
