/**
 * Spans and tasks as they pass by in a trace: opened, bound to a goroutine, closed, with what their goroutine and those
 * made under them did meanwhile.
 * Enters: task and log events, over a StayTracker. Leaves: a Sighting each, when it closes. Memory follows what is open;
 * a goroutine is charged to every open span under which it was made, until its end or the span's.
 * The end of a span is that of its task where it has one (the SDK stamps its end just before), else its end log.
 */

import type { JoinRung, SpanStates } from '../../model/span-join.ts'
import type { StateTimes } from '../../model/trace-account.ts'
import type { StackFunctions } from '../trace/stack-functions.ts'
import { findTracingSdk, readSpanMark, type SpanMark, type TracingSdk } from './span-marks.ts'
import {
  ASSIST,
  RUNNABLE,
  RUNNING,
  type StayListener,
  type StayTracker,
  SUMS,
  SYSCALL,
  UNKNOWN,
  WAITING,
} from './stay-tracker.ts'

export type Sighting = {
  /** Absent while only an id is known. */
  name?: string
  readonly traceId?: string
  spanId?: string
  task?: number
  parentTask?: number
  sdk?: TracingSdk
  rung: JoinRung
  readonly goroutine: number
  endGoroutine?: number
  readonly startNs: number
  endNs: number
  /** Its begin, its end lie in the trace. */
  readonly hasBegin: boolean
  hasEnd: boolean
  /** Its id was given to another span while it was open. */
  isTwice?: boolean
  states: SpanStates
  assistNs: number
  created: StateTimes & { count: number }
}

type Open = Sighting & {
  slot: number
  readonly base: Float64Array
  /** Slots of goroutines made under it, and the times of those that have ended; absent while there was none. */
  live?: Set<number>
  madeNs?: Float64Array
  isOpen: boolean
}

export type SightingOptions = {
  readonly onClose: (sighting: Sighting) => void
  /** Without the ids in logs: tasks only. For measuring what names and times alone give. */
  readonly ignoreIds?: boolean
}

const MAX_OPEN = 1 << 17
/** Open spans on one goroutine that are followed into what it makes. */
const MAX_UNDER = 64
const MAX_STACKS = 1 << 16
const MAX_HALVES = 1 << 14
const none: readonly Open[] = []
const noStates: SpanStates = { runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0, unknownNs: 0, goneNs: 0 }

export class SightingLedger {
  /** Spans that found no room. */
  lost = 0
  /** Spans inside so many others that the goroutines made under them are not counted. */
  unfollowed = 0
  readonly listener: StayListener
  private readonly functions: StackFunctions
  private readonly options: SightingOptions
  private tracker: StayTracker | undefined
  private readonly byTask = new Map<number, Open>()
  private readonly byId = new Map<string, Open>()
  /** Goroutine → span whose id was logged and whose task has not begun; likewise the one whose task just ended. */
  private readonly begun = new Map<number, Open>()
  private readonly halves = new Map<number, Sighting>()
  private readonly under: (readonly Open[] | undefined)[] = []
  private readonly opens = new Set<Open>()
  private readonly sdkOfStack = new Map<number, TracingSdk | undefined>()

  constructor(functions: StackFunctions, options: SightingOptions) {
    this.functions = functions
    this.options = options
    this.listener = {
      onCreate: (slot, creator) => this.inherit(slot, creator),
      onEnd: (slot) => this.endGoroutine(slot),
    }
  }

  use(tracker: StayTracker): void {
    this.tracker = tracker
  }

  /** `stack`: where the task was begun. */
  beginTask(goroutine: number, task: number, parent: number, name: string, stack: number): void {
    this.flushHalf(goroutine)
    if (this.byTask.has(task)) return
    const sdk = this.findSdk(stack)
    const parentTask = parent > 0 && parent < Number.MAX_SAFE_INTEGER ? { parentTask: parent } : {}
    const waiting = sdk === 'datadog' ? undefined : this.begun.get(goroutine)
    this.begun.delete(goroutine)
    if (waiting?.isOpen === true) {
      Object.assign(waiting, { name, task, ...parentTask }, sdk === undefined ? {} : { sdk })
      this.byTask.set(task, waiting)
      return
    }
    const open = this.open(goroutine, { name, task, ...parentTask, ...(sdk === undefined ? {} : { sdk }), rung: 0 })
    if (open !== undefined) this.byTask.set(task, open)
  }

  endTask(goroutine: number, task: number, name: string, stack: number): void {
    this.flushHalf(goroutine)
    const open = this.byTask.get(task)
    if (open !== undefined) {
      this.byTask.delete(task)
      this.close(open, goroutine, true)
      return
    }
    const sdk = this.findSdk(stack)
    if (this.halves.size >= MAX_HALVES) for (const one of [...this.halves.keys()]) this.flushHalf(one)
    this.halves.set(goroutine, {
      ...this.half(goroutine),
      task,
      ...(name === '' ? {} : { name }),
      ...(sdk === undefined ? {} : { sdk }),
      rung: 0,
    })
  }

  log(goroutine: number, task: number, category: string, message: string): void {
    if (this.options.ignoreIds === true) return
    const mark = readSpanMark(category, message)
    if (mark === undefined) return
    if (mark.kind === 'datadog') this.nameByTask(task, mark)
    else if (mark.isEnd) this.endSpan(goroutine, mark)
    else this.beginSpan(goroutine, mark)
  }

  finish(): void {
    for (const goroutine of [...this.halves.keys()]) this.flushHalf(goroutine)
    for (const open of [...this.opens]) this.close(open, open.goroutine, false)
  }

  private beginSpan(goroutine: number, { traceId, spanId }: SpanMark & { kind: 'otel' }): void {
    this.flushHalf(goroutine)
    const key = traceId + spanId
    const other = this.byId.get(key)
    const open = this.open(goroutine, { traceId, spanId, rung: 1 })
    if (open === undefined) return
    if (other !== undefined) {
      other.isTwice = true
      open.isTwice = true
    }
    this.byId.set(key, open)
    this.begun.set(goroutine, open)
  }

  private endSpan(goroutine: number, { traceId, spanId }: SpanMark & { kind: 'otel' }): void {
    const key = traceId + spanId
    const open = this.byId.get(key)
    this.byId.delete(key)
    if (open !== undefined) {
      if (open.isOpen) this.close(open, goroutine, true)
      return
    }
    // A task that ended just before on this goroutine, and whose begin was not seen, is this span's.
    const half = this.halves.get(goroutine)
    this.halves.delete(goroutine)
    const hasTask = half !== undefined && half.sdk === 'otel'
    if (half !== undefined && !hasTask) this.options.onClose(half)
    this.options.onClose({ ...(hasTask ? half : this.half(goroutine)), traceId, spanId, rung: 1 })
  }

  private nameByTask(task: number, { spanId }: SpanMark & { kind: 'datadog' }): void {
    const open = this.byTask.get(task)
    if (open === undefined || open.spanId !== undefined) return
    open.spanId = spanId
    open.rung = 3
    open.sdk = 'datadog'
  }

  private open(goroutine: number, begin: Partial<Sighting> & { rung: JoinRung }): Open | undefined {
    const { tracker } = this
    const slot = tracker?.find(goroutine) ?? -1
    if (tracker === undefined || this.opens.size >= MAX_OPEN) {
      this.lost++
      return undefined
    }
    const open: Open = {
      ...begin,
      goroutine,
      startNs: tracker.readClock(slot),
      endNs: tracker.nowNs,
      hasBegin: true,
      hasEnd: false,
      states: noStates,
      assistNs: 0,
      created: { count: 0, runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 },
      slot,
      base: slot === -1 ? new Float64Array(SUMS) : readSums(tracker, slot),
      isOpen: true,
    }
    this.opens.add(open)
    if (slot === -1) return open
    const known = this.under[slot] ?? none
    if (known.length < MAX_UNDER) this.under[slot] = [...known, open]
    else this.unfollowed++
    return open
  }

  private close(open: Open, goroutine: number, hasEnd: boolean): void {
    const { tracker } = this
    if (tracker === undefined || !open.isOpen) return
    open.isOpen = false
    // One that is not followed was not told of its goroutine's end, and the slot may be another's by now.
    if (open.slot !== -1 && tracker.find(open.goroutine) !== open.slot) open.slot = -1
    // A clock that ran backwards must not make the span shorter than what its goroutine did in it.
    open.endNs = Math.max(tracker.readClock(open.slot), open.startNs + addStates(open.states))
    open.hasEnd = hasEnd
    if (hasEnd && goroutine !== open.goroutine) open.endGoroutine = goroutine
    if (open.slot !== -1) {
      this.charge(open)
      this.drop(open.slot, open)
    } else if (open.states === noStates) open.states = { ...noStates, unknownNs: open.endNs - open.startNs }
    else open.states = { ...open.states, goneNs: open.endNs - open.startNs - addStates(open.states) }
    const { live, madeNs } = open
    if (live !== undefined && madeNs !== undefined) {
      for (const slot of live) {
        addSums(madeNs, tracker, slot)
        this.drop(slot, open)
      }
      live.clear()
      open.created = { ...toTimes(madeNs), count: open.created.count }
    }
    this.opens.delete(open)
    if (open.task !== undefined) this.byTask.delete(open.task)
    if (this.begun.get(open.goroutine) === open) this.begun.delete(open.goroutine)
    if (this.byId.size > 2 * MAX_OPEN) this.forgetEnded()
    // Its id stays known until the end log has passed; where none is to come it must not stay for ever.
    if (!hasEnd && open.traceId !== undefined) this.byId.delete(`${open.traceId}${open.spanId}`)
    this.options.onClose(open)
  }

  /** Its own goroutine's times so far. */
  private charge(open: Open): void {
    const { tracker } = this
    if (tracker === undefined) return
    const now = readSums(tracker, open.slot)
    for (let at = 0; at < SUMS; at++) now[at] = (now[at] as number) - (open.base[at] as number)
    open.states = { ...toTimes(now), unknownNs: now[UNKNOWN] as number, goneNs: 0 }
    open.assistNs = now[ASSIST] as number
  }

  /** A span of which the trace has only the end: the goroutine that ended it, since the trace began. */
  private half(goroutine: number): Sighting {
    const { tracker } = this
    const slot = tracker?.find(goroutine) ?? -1
    const nowNs = tracker?.readClock(slot) ?? 0
    const sums = tracker === undefined || slot === -1 ? new Float64Array(SUMS) : readSums(tracker, slot)
    const birthNs = tracker === undefined || slot === -1 ? nowNs : (tracker.births[slot] as number)
    const states = { ...toTimes(sums), unknownNs: 0, goneNs: 0 }
    return {
      rung: 1,
      goroutine,
      // A goroutine made within the trace cannot have begun a span before it: another did.
      startNs: 0,
      endNs: nowNs,
      hasBegin: false,
      hasEnd: true,
      states: birthNs > 0 ? { ...noStates, unknownNs: nowNs } : { ...states, unknownNs: nowNs - addStates(states) },
      assistNs: birthNs > 0 ? 0 : (sums[ASSIST] as number),
      created: { count: 0, runningNs: 0, runnableNs: 0, waitingNs: 0, syscallNs: 0 },
    }
  }

  private flushHalf(goroutine: number): void {
    const half = this.halves.get(goroutine)
    if (half === undefined) return
    this.halves.delete(goroutine)
    this.options.onClose(half)
  }

  private inherit(slot: number, creator: number): void {
    const spans = creator === -1 ? undefined : this.under[creator]
    this.under[slot] = spans
    if (spans === undefined) return
    for (const span of spans) {
      span.created.count++
      span.live ??= new Set()
      span.madeNs ??= new Float64Array(SUMS)
      span.live.add(slot)
    }
  }

  private endGoroutine(slot: number): void {
    const { tracker } = this
    const spans = this.under[slot]
    this.under[slot] = undefined
    if (spans === undefined || tracker === undefined) return
    for (const span of spans) {
      if (span.slot === slot) {
        this.charge(span)
        span.slot = -1
      } else if (span.live?.delete(slot) === true && span.madeNs !== undefined) addSums(span.madeNs, tracker, slot)
    }
  }

  private drop(slot: number, span: Open): void {
    const spans = this.under[slot]
    if (spans === undefined) return
    const left = spans.length === 1 && spans[0] === span ? none : spans.filter((one) => one !== span)
    this.under[slot] = left.length === 0 ? undefined : left
  }

  /** Ids of which no end log came. */
  private forgetEnded(): void {
    for (const [key, open] of this.byId) if (!open.isOpen) this.byId.delete(key)
  }

  private findSdk(stack: number): TracingSdk | undefined {
    if (this.sdkOfStack.has(stack)) return this.sdkOfStack.get(stack)
    const sdk = findTracingSdk(this.functions.framesOf(stack))
    if (this.sdkOfStack.size < MAX_STACKS) this.sdkOfStack.set(stack, sdk)
    return sdk
  }
}

function readSums(tracker: StayTracker, slot: number): Float64Array {
  const sums = new Float64Array(SUMS)
  for (const state of [UNKNOWN, RUNNABLE, RUNNING, WAITING, SYSCALL]) sums[state] = tracker.readSum(slot, state)
  sums[ASSIST] = tracker.readAssist(slot)
  return sums
}

function addSums(to: Float64Array, tracker: StayTracker, slot: number): void {
  for (const state of [RUNNABLE, RUNNING, WAITING, SYSCALL]) {
    to[state] = (to[state] as number) + tracker.readSum(slot, state)
  }
}

function toTimes(sums: Float64Array): StateTimes {
  return {
    runningNs: sums[RUNNING] as number,
    runnableNs: sums[RUNNABLE] as number,
    waitingNs: sums[WAITING] as number,
    syscallNs: sums[SYSCALL] as number,
  }
}

export function addStates(states: SpanStates): number {
  const { runningNs, runnableNs, waitingNs, syscallNs, unknownNs, goneNs } = states
  return runningNs + runnableNs + waitingNs + syscallNs + unknownNs + goneNs
}
