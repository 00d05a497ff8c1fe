/**
 * Finds the order of the events of a v1 trace over its processors, without keeping an event: the order is one number
 * per event, the processor whose next event it is.
 * Enters: a survey. Leaves: that list, the ends of system calls with their own times, and the first time.
 * Rules as in internal/trace/internal/tracev1/{parser,order}.go of Go 1.27.3: of all processors' next events whose turn
 * has come (a goroutine's sequence number and state say so) the earliest is taken.
 */
import type { TraceDoubts } from '../gotrace/doubts.ts'
import { growFloats, IdSlots } from './id-slots.ts'
import { v1 } from './kinds.ts'
import { ProcessorCursor } from './processor-cursor.ts'
import type { V1Survey } from './survey.ts'

/** Set in the order's number of a system call that blocked. */
export const BLOCKED = 0x8000
export const PROCESSOR_MASK = 0x7fff

const DEAD = 0
const RUNNABLE = 1
const RUNNING = 2
const WAITING = 3
const NO_RULE = 255

/** The state a goroutine must be in before the event, and is in after it. */
const before = new Uint8Array(64).fill(NO_RULE)
const after = new Uint8Array(64)
function addRule(from: number, to: number, kinds: readonly number[]): void {
  for (const kind of kinds) {
    before[kind] = from
    after[kind] = to
  }
}
addRule(DEAD, RUNNABLE, [v1.goCreate])
addRule(RUNNABLE, WAITING, [v1.goWaiting, v1.goInSyscall])
addRule(RUNNABLE, RUNNING, [v1.goStart, v1.goStartLabel, v1.goStartLocal])
addRule(RUNNING, WAITING, [v1.goBlock, v1.goBlockSend, v1.goBlockRecv, v1.goBlockSelect, v1.goBlockSync])
addRule(RUNNING, WAITING, [v1.goBlockCond, v1.goBlockNet, v1.goBlockGc, v1.goSleep, v1.goSysBlock])
addRule(RUNNING, RUNNABLE, [v1.goSched, v1.goPreempt])
addRule(WAITING, RUNNABLE, [v1.goUnblock, v1.goSysExit, v1.goUnblockLocal, v1.goSysExitLocal])

/** How the event counts: not; must be `arg1`, then one more; counts one more; must be a fixed number. */
const counts = new Uint8Array(64)
const BY_ARGUMENT = 1
const ONE_MORE = 2
const FIXED = 3
for (const kind of [v1.goStart, v1.goStartLabel, v1.goUnblock, v1.goSysExit]) counts[kind] = BY_ARGUMENT
for (const kind of [v1.goStartLocal, v1.goUnblockLocal, v1.goSysExitLocal]) counts[kind] = ONE_MORE
for (const kind of [v1.goCreate, v1.goWaiting, v1.goInSyscall]) counts[kind] = FIXED

/** Kinds whose rule is about the goroutine in arg0; of the others, about the one that they are of. */
const isAboutFirst = new Uint8Array(64)
for (const kind of [v1.goCreate, v1.goUnblock, v1.goUnblockLocal]) isAboutFirst[kind] = 1

/** Tries of events whose turn had not come: this many, and this many per event. Real traces need few. */
const BASE_STALLS = 1 << 20
const STALLS_PER_EVENT = 64

/** Key of waiters for the turn of a GC cycle. */
const GARBAGE = -1

/** Ends of system calls: columns in order of `ticks`, then `place`, the place in the order where they were written. */
export type V1CallEnds = { count: number; ticks: Float64Array; places: Float64Array; goroutines: Float64Array }

export class V1Order {
  /** Per event: index of the processor in the survey, and BLOCKED. */
  readonly sequence: Uint16Array
  /** Events in `sequence`. */
  length = 0
  /** Time of the earliest event; infinite when there is none. */
  firstTicks = Number.POSITIVE_INFINITY
  readonly callEnds: V1CallEnds = {
    count: 0,
    ticks: new Float64Array(64),
    places: new Float64Array(64),
    goroutines: new Float64Array(64),
  }
  private readonly survey: V1Survey
  private readonly doubts: TraceDoubts
  private readonly cursors: ProcessorCursor[]
  private readonly heap: number[] = []
  private readonly waiters: Map<number, number[]> = new Map()
  private readonly goroutines: IdSlots = new IdSlots()
  private status: Uint8Array = new Uint8Array(64)
  private seq: Float64Array = new Float64Array(64)
  /** When the goroutine went into a system call that blocked; 0 = not seen. */
  private callTicks: Float64Array = new Float64Array(64)
  private gcSeq = 0
  private stalls: number
  private live: number

  constructor(survey: V1Survey, doubts: TraceDoubts) {
    this.survey = survey
    this.doubts = doubts
    this.sequence = new Uint16Array(survey.eventCount)
    this.cursors = survey.processors.map((processor) => new ProcessorCursor(survey.bytes, processor))
    this.live = this.cursors.length
    this.stalls = BASE_STALLS + survey.eventCount * STALLS_PER_EVENT
  }

  /** False when a doubt in strict mode ended reading. */
  find(): boolean {
    const { cursors, heap, sequence } = this
    for (let index = 0; index < cursors.length; index++) this.enter(index)
    const callPlace = new Float64Array(cursors.length).fill(-1)
    const callGoroutine = new Float64Array(cursors.length)
    let lastTicks = Number.NEGATIVE_INFINITY
    while (heap.length > 0 && this.stalls > 0) {
      const index = heap[0] as number
      const cursor = cursors[index] as ProcessorCursor
      this.dropRoot()
      if (!this.isReady(cursor)) {
        // Another processor's event of the same goroutine came first.
        if (!this.doubts.isStrict) this.wait(index, cursor)
        else if (!this.doubts.note('two events contradict each other', cursor.offset)) return false
        continue
      }
      if (cursor.ticks < lastTicks) {
        this.doubts.quibble('its clocks contradict the order of its events', cursor.offset)
        if (this.doubts.fault !== undefined) return false
      } else lastTicks = cursor.ticks
      const { kind, goroutine } = cursor
      if (cursor.ticks < this.firstTicks) this.firstTicks = cursor.ticks
      if (callPlace[index] !== -1 && callGoroutine[index] === goroutine) {
        if (kind === v1.goSysBlock) sequence[callPlace[index] as number] = index | BLOCKED
        callPlace[index] = -1
      }
      if (kind === v1.goSysCall) {
        callPlace[index] = this.length
        callGoroutine[index] = goroutine
      }
      sequence[this.length] = index
      if (!this.apply(cursor)) return false
      this.length += 1
      this.enter(index)
    }
    return this.settle()
  }

  /** The processor's next event goes among those that can come next, or waits. */
  private enter(index: number): void {
    const cursor = this.cursors[index] as ProcessorCursor
    if (!cursor.next()) {
      this.live -= 1
      return
    }
    this.place(index, cursor)
  }

  private place(index: number, cursor: ProcessorCursor): void {
    if (this.isReady(cursor)) this.addToHeap(index, cursor.ticks)
    else this.wait(index, cursor)
  }

  private wait(index: number, cursor: ProcessorCursor): void {
    const key = aboutWhom(cursor)
    const others = this.waiters.get(key)
    if (others === undefined) this.waiters.set(key, [index])
    else others.push(index)
  }

  private wake(key: number): void {
    const waiting = this.waiters.get(key)
    if (waiting === undefined) return
    this.waiters.delete(key)
    this.stalls -= waiting.length
    for (const index of waiting) this.place(index, this.cursors[index] as ProcessorCursor)
  }

  private isReady(cursor: ProcessorCursor): boolean {
    const { kind } = cursor
    const wanted = before[kind] as number
    if (wanted === NO_RULE) return kind !== v1.gcStart || cursor.arg0 === this.gcSeq
    const slot = this.slotOf(cursor, aboutWhom(cursor))
    if (slot < 0) return wanted === DEAD
    if (this.status[slot] !== wanted) return false
    const rule = counts[kind]
    if (rule === BY_ARGUMENT) return this.seq[slot] === cursor.arg1
    if (rule === FIXED) return this.seq[slot] === (kind === v1.goCreate ? 0 : 1)
    return true
  }

  private apply(cursor: ProcessorCursor): boolean {
    const { kind } = cursor
    if (before[kind] === NO_RULE) {
      if (kind === v1.gcStart) {
        this.gcSeq = cursor.arg0 + 1
        this.wake(GARBAGE)
      } else if (kind === v1.goEnd) this.goroutines.remove(cursor.goroutine)
      return true
    }
    const id = aboutWhom(cursor)
    let slot = this.slotOf(cursor, id)
    if (slot < 0) slot = this.addGoroutine(id)
    this.status[slot] = after[kind] as number
    const rule = counts[kind]
    if (rule === BY_ARGUMENT) this.seq[slot] = cursor.arg1 + 1
    else if (rule === ONE_MORE || rule === FIXED) this.seq[slot] = (this.seq[slot] as number) + 1
    if (kind === v1.goSysBlock || kind === v1.goInSyscall) this.callTicks[slot] = cursor.ticks
    let isFine = true
    if (kind === v1.goSysExit || kind === v1.goSysExitLocal) isFine = this.addCallEnd(cursor, slot)
    this.wake(id)
    return isFine
  }

  /** A processor's events are mostly of one goroutine for a while. */
  private slotOf(cursor: ProcessorCursor, id: number): number {
    const hint = cursor.slotHint
    if (this.goroutines.ids[hint] === id) return hint
    const slot = this.goroutines.find(id)
    if (slot >= 0) cursor.slotHint = slot
    return slot
  }

  private addGoroutine(id: number): number {
    const slot = this.goroutines.add(id)
    if (slot >= this.status.length) {
      const grown = new Uint8Array(this.status.length * 2)
      grown.set(this.status)
      this.status = grown
      this.seq = growFloats(this.seq, 0)
      this.callTicks = growFloats(this.callTicks, 0)
    }
    this.seq[slot] = 0
    this.callTicks[slot] = 0
    return slot
  }

  /** The end of a system call is written long after it was, with the time at which it was. */
  private addCallEnd(cursor: ProcessorCursor, slot: number): boolean {
    const { callEnds, doubts } = this
    const told = cursor.kind === v1.goSysExit ? cursor.arg2 : cursor.arg1
    const began = this.callTicks[slot] as number
    let ticks = told
    if (told === 0) ticks = cursor.ticks
    else if (began === 0 || told < began || told >= 2 ** 63) {
      ticks = cursor.ticks
      doubts.quibble('a system call ends before it began', cursor.offset)
    }
    const row = callEnds.count++
    if (row >= callEnds.ticks.length) {
      callEnds.ticks = growFloats(callEnds.ticks, 0)
      callEnds.places = growFloats(callEnds.places, 0)
      callEnds.goroutines = growFloats(callEnds.goroutines, 0)
    }
    callEnds.ticks[row] = ticks
    callEnds.places[row] = this.length
    callEnds.goroutines[row] = cursor.goroutine
    return doubts.fault === undefined
  }

  private settle(): boolean {
    const { survey, doubts } = this
    sortCallEnds(this.callEnds)
    if (this.callEnds.count > 0) this.firstTicks = Math.min(this.firstTicks, this.callEnds.ticks[0] as number)
    if (this.live === 0) return true
    const left = survey.eventCount - this.length
    const code = survey.stop?.kind === 'truncated' ? 'SL_DECODE_TRUNCATED' : 'SL_DECODE_MALFORMED'
    const offset = this.cursors.find((cursor) => cursor.offset > 0)?.offset
    const why = this.stalls > 0 ? 'wait for an event that is not there' : 'wait for each other too often'
    return doubts.note(`events ${why}; they are left out`, offset, code, left)
  }

  private addToHeap(index: number, ticks: number): void {
    const { heap, cursors } = this
    let at = heap.length
    heap.push(index)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const other = heap[parent] as number
      if ((cursors[other] as ProcessorCursor).ticks <= ticks) break
      heap[at] = other
      at = parent
    }
    heap[at] = index
  }

  private dropRoot(): void {
    const { heap, cursors } = this
    const last = heap.pop() as number
    const length = heap.length
    if (length === 0) return
    const { ticks } = cursors[last] as ProcessorCursor
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= length) break
      let least = (cursors[heap[child] as number] as ProcessorCursor).ticks
      if (child + 1 < length) {
        const right = (cursors[heap[child + 1] as number] as ProcessorCursor).ticks
        if (right < least) {
          least = right
          child += 1
        }
      }
      if (least >= ticks) break
      heap[at] = heap[child] as number
      at = child
    }
    heap[at] = last
  }
}

function aboutWhom(cursor: ProcessorCursor): number {
  if (cursor.kind === v1.gcStart) return GARBAGE
  return isAboutFirst[cursor.kind] === 1 ? cursor.arg0 : cursor.goroutine
}

/** By time; those of equal time as they were written. */
function sortCallEnds(ends: V1CallEnds): void {
  const { count } = ends
  const rows = new Uint32Array(count)
  for (let row = 0; row < count; row++) rows[row] = row
  const { ticks } = ends
  rows.sort((left, right) => (ticks[left] as number) - (ticks[right] as number) || left - right)
  const arrange = (column: Float64Array): Float64Array => {
    const arranged = new Float64Array(count)
    for (let row = 0; row < count; row++) arranged[row] = column[rows[row] as number] as number
    return arranged
  }
  ends.ticks = arrange(ends.ticks)
  ends.places = arrange(ends.places)
  ends.goroutines = arrange(ends.goroutines)
}
