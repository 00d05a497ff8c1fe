/**
 * Processors (Ps): how long each was held by a thread, and how long a goroutine ran on it.
 * Columns by processor number; numbers past MAX_PROCESSORS belong to no real trace and are only counted.
 */

import type { ProcessorRow } from '../../model/trace-account.ts'
import { wireProcessorStatus } from '../../model/trace-kinds.ts'

const MAX_PROCESSORS = 4096

export class ProcessorLedger {
  ignored = 0
  private readonly heldSince = new Float64Array(MAX_PROCESSORS).fill(Number.NaN)
  private readonly held = new Float64Array(MAX_PROCESSORS)
  private readonly running = new Float64Array(MAX_PROCESSORS)
  private readonly starts = new Float64Array(MAX_PROCESSORS)
  private readonly known = new Uint8Array(MAX_PROCESSORS)
  /** 1 while nothing has been told of it since the beginning, or since damage. */
  private readonly untold = new Uint8Array(MAX_PROCESSORS).fill(1)
  /** Slot + 1 of the goroutine in a system call that still has the processor. */
  private readonly calling = new Int32Array(MAX_PROCESSORS)
  private readonly fromNs: number
  private readonly toNs: number

  constructor(fromNs: number, toNs: number) {
    this.fromNs = fromNs
    this.toNs = toNs
  }

  start(processor: number, nowNs: number): void {
    if (!this.admit(processor)) return
    this.starts[processor] = (this.starts[processor] as number) + 1
    if (Number.isNaN(this.heldSince[processor])) this.heldSince[processor] = nowNs
  }

  /** Gives the slot of the goroutine whose system call has lost its processor, or -1. */
  stop(processor: number, nowNs: number): number {
    if (!this.admit(processor)) return -1
    this.release(processor, nowNs)
    const caller = (this.calling[processor] as number) - 1
    this.calling[processor] = 0
    return caller
  }

  /** A status told for the first time held since the generation began. */
  tell(processor: number, status: number, sinceNs: number): void {
    const isNew = processor < MAX_PROCESSORS && this.untold[processor] === 1
    if (!this.admit(processor) || !isNew) return
    if (status === wireProcessorStatus.running || status === wireProcessorStatus.syscall) {
      this.heldSince[processor] = sinceNs
    }
  }

  /** A goroutine ran for `interval[at]`. Processors as the chunks have them: plus one, 0 for none. */
  noteRun(processorPlusOne: number, interval: Float64Array, at: number): void {
    if (processorPlusOne === 0 || !this.admit(processorPlusOne - 1)) return
    const processor = processorPlusOne - 1
    this.running[processor] = (this.running[processor] as number) + (interval[at] as number)
  }

  beginCall(processorPlusOne: number, slot: number): void {
    if (processorPlusOne > 0 && processorPlusOne <= MAX_PROCESSORS) this.calling[processorPlusOne - 1] = slot + 1
  }

  endCall(processorPlusOne: number): void {
    if (processorPlusOne > 0 && processorPlusOne <= MAX_PROCESSORS) this.calling[processorPlusOne - 1] = 0
  }

  /** Who holds what is not known from now on. */
  forget(nowNs: number): void {
    for (let processor = 0; processor < MAX_PROCESSORS; processor++) {
      this.release(processor, nowNs)
      this.calling[processor] = 0
      this.untold[processor] = 1
    }
  }

  finish(endNs: number): ProcessorRow[] {
    const rows: ProcessorRow[] = []
    for (let processor = 0; processor < MAX_PROCESSORS; processor++) {
      if (this.known[processor] === 0) continue
      this.release(processor, endNs)
      rows.push({
        processor,
        runningNs: this.running[processor] as number,
        heldNs: this.held[processor] as number,
        startCount: this.starts[processor] as number,
      })
    }
    return rows
  }

  private release(processor: number, nowNs: number): void {
    const since = this.heldSince[processor] as number
    if (Number.isNaN(since)) return
    const from = Math.max(since, this.fromNs)
    const to = Math.min(nowNs, this.toNs)
    if (to > from) this.held[processor] = (this.held[processor] as number) + (to - from)
    this.heldSince[processor] = Number.NaN
  }

  private admit(processor: number): boolean {
    if (processor >= MAX_PROCESSORS) {
      this.ignored++
      return false
    }
    this.known[processor] = 1
    this.untold[processor] = 0
    return true
  }
}
