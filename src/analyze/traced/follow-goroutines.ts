/**
 * Follows given goroutines through the ordered events of a trace: how long each ran, was ready, waited, was in system
 * calls, and where it stayed. The transitions are those of the account (../trace/trace-account.ts); a test holds the
 * times of both against each other. Memory: columns of the ids asked for, and a bounded table of stays.
 */
import type { TraceChunk, TraceGeneration } from '../../model/trace.ts'
import type { TracedGoroutines, TracedStay } from '../../model/trace-activity.ts'
import { type StayState, stayStates } from '../../model/trace-export/trace-stays.ts'
import { growFloats, KeyTable } from '../columns/key-table.ts'
import { advanceMoment, type GoroutineMoves, openMoment, readMove } from '../trace/goroutine-moves.ts'

/** Places of goroutines (goroutine, reason, stack) that are told apart. */
const MAX_STAYS = 262_144
/** Below it ids are looked up in an array, else in a map. */
const MAX_DENSE_ID = 1 << 22

const { runnable: RUNNABLE, running: RUNNING, waiting: WAITING, syscall: SYSCALL } = stayStates

/** Reasons are indices of strings; what has none is negative. */
const NO_REASON = 0
const SYSCALL_CODE = -1
const RUNNABLE_CODE = -2
const SWITCH_CODE = -3

const OPEN = 1
const OLDER = 2

export type Follower = {
  addGeneration(generation: TraceGeneration): void
  /** The chunk is read before this returns. */
  addChunk(chunk: TraceChunk): void
  /** Once, after the last chunk; `strings` are those of the trace's tables. */
  finish(durationNs: number, strings: readonly string[]): TracedGoroutines
}

/** `ids`: of the goroutines to follow, in any order, each once. */
export function followGoroutines(ids: Float64Array): Follower {
  const follower = new GoroutineFollower(ids)
  return {
    addGeneration: (generation) => follower.addGeneration(generation),
    addChunk: (chunk) => follower.addChunk(chunk),
    finish: (durationNs, strings) => follower.finish(durationNs, strings),
  }
}

class GoroutineFollower {
  private readonly ids: Float64Array
  private readonly dense: Int32Array
  private readonly sparse: ReadonlyMap<number, number> | undefined
  private readonly state: Uint8Array
  private readonly isOlder: Uint8Array
  private readonly since: Float64Array
  private readonly code: Int32Array
  private readonly stack: Int32Array
  private readonly seen: Uint8Array
  private readonly moves: Uint32Array
  private readonly ended: Uint8Array
  private readonly times: readonly Float64Array[]
  private readonly stays = new KeyTable(MAX_STAYS)
  private stayCount = new Float64Array(256)
  private stayNs = new Float64Array(256)
  private stayMaxNs = new Float64Array(256)
  private stayMarks = new Float64Array(256)
  private omitted = 0
  private readonly moment = openMoment()
  private readonly follows: GoroutineMoves

  constructor(ids: Float64Array) {
    const rows = ids.length
    this.ids = ids
    const highest = ids.reduce((most, id) => Math.max(most, id), 0)
    this.dense = new Int32Array(highest < MAX_DENSE_ID ? highest + 1 : 0).fill(-1)
    if (highest < MAX_DENSE_ID) {
      for (let row = 0; row < rows; row++) this.dense[ids[row] as number] = row
    } else this.sparse = new Map(Array.from(ids, (id, row) => [id, row]))
    this.state = new Uint8Array(rows)
    this.isOlder = new Uint8Array(rows)
    this.since = new Float64Array(rows)
    this.code = new Int32Array(rows)
    this.stack = new Int32Array(rows)
    this.seen = new Uint8Array(rows)
    this.moves = new Uint32Array(rows)
    this.ended = new Uint8Array(rows)
    this.times = [RUNNABLE, RUNNING, WAITING, SYSCALL].map(() => new Float64Array(rows))
    this.follows = this.followMoves()
  }

  addGeneration({ isRestart }: TraceGeneration): void {
    if (!isRestart || this.moment.generation === 0) return
    this.moment.nowNs = this.moment.lastNs
    for (let row = 0; row < this.ids.length; row++) {
      this.leave(row, 0)
      this.state[row] = 0
    }
  }

  addChunk(chunk: TraceChunk): void {
    if (this.ids.length === 0) return
    const { timesNs, generations, rowCount } = chunk
    const { moment, follows } = this
    for (let row = 0; row < rowCount; row++) {
      advanceMoment(moment, timesNs[row] as number, generations[row] as number)
      readMove(chunk, row, follows)
    }
  }

  private followMoves(): GoroutineMoves {
    return {
      start: (id) => this.wake(id, RUNNING),
      unblock: (id) => this.wake(id, RUNNABLE),
      stop: (id, state, reason, stack) =>
        this.stop(id, state, state === WAITING ? reason : codeOf(state), stack, state === SYSCALL),
      endSyscall: (id, isBlocked) => {
        const state = isBlocked ? RUNNABLE : RUNNING
        this.stop(id, state, codeOf(state), 0)
      },
      create: (id, state, _creator, startStack) =>
        this.create(id, state, codeOf(state), state === WAITING ? startStack : 0),
      end: (id) => this.end(id),
      switchTo: (id, from, isEnd) => {
        if (isEnd) this.end(from)
        else this.stop(from, WAITING, SWITCH_CODE, 0)
        this.wake(id, RUNNING)
      },
      tell: (id, state, stack) => this.tell(id, state, stack),
    }
  }

  finish(durationNs: number, strings: readonly string[]): TracedGoroutines {
    this.moment.nowNs = Math.max(durationNs, this.moment.lastNs)
    for (let row = 0; row < this.ids.length; row++) this.leave(row, OPEN)
    const [runnableNs, runningNs, waitingNs, syscallNs] = this.times as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ]
    const { first, order } = this.orderStays()
    return {
      ids: this.ids,
      seen: this.seen,
      moves: this.moves,
      ended: this.ended,
      runningNs,
      runnableNs,
      waitingNs,
      syscallNs,
      staysOf: (row) => {
        const places = order.subarray(first[row] ?? 0, first[row + 1] ?? 0)
        return Array.from(places, (place) => this.describe(place, strings)).sort((a, b) => b.ns - a.ns)
      },
      omittedStays: this.omitted,
    }
  }

  /** Places of the stay table, by goroutine. */
  private orderStays(): { readonly first: Uint32Array; readonly order: Uint32Array } {
    const { keys, rowCount } = this.stays
    const first = new Uint32Array(this.ids.length + 1)
    for (let at = 0; at < rowCount; at++) addOne(first, (keys[at * 3] as number) + 1)
    for (let row = 0; row < this.ids.length; row++) first[row + 1] = (first[row + 1] as number) + (first[row] as number)
    const next = first.slice()
    const order = new Uint32Array(rowCount)
    for (let at = 0; at < rowCount; at++) order[addOne(next, keys[at * 3] as number)] = at
    return { first, order }
  }

  private describe(place: number, strings: readonly string[]): TracedStay {
    const code = this.stays.keys[place * 3 + 1] as number
    const marks = this.stayMarks[place] as number
    return {
      state: code === SYSCALL_CODE ? 'Syscall' : code === RUNNABLE_CODE ? 'Runnable' : 'Waiting',
      reason: code > 0 ? (strings[code] ?? '') : '',
      isSwitch: code === SWITCH_CODE,
      stack: this.stays.keys[place * 3 + 2] as number,
      count: this.stayCount[place] as number,
      ns: this.stayNs[place] as number,
      maxNs: this.stayMaxNs[place] as number,
      isOpen: (marks & OPEN) !== 0,
      isOlder: (marks & OLDER) !== 0,
    }
  }

  private find(id: number): number {
    if (this.sparse !== undefined) return this.sparse.get(id) ?? -1
    return this.dense[id] ?? -1
  }

  /** A goroutine that another event names begins to run, or is ready again where it waited. */
  private wake(id: number, state: StayState): void {
    const row = this.find(id)
    if (row === -1) return
    this.moves[row] = (this.moves[row] as number) + 1
    const code = state === RUNNABLE ? RUNNABLE_CODE : NO_REASON
    if (this.state[row] === 0) this.openOlder(row, state, this.moment.nowNs, 0)
    else this.enter(row, state, code, state === RUNNABLE ? (this.stack[row] as number) : 0)
  }

  /** What the goroutine does that the event's thread runs. */
  private stop(id: number, state: StayState, code: number, stack: number, isMove = false): void {
    const row = this.find(id)
    if (row === -1) return
    if (isMove) this.moves[row] = (this.moves[row] as number) + 1
    if (this.state[row] === 0) this.openOlder(row, state, this.moment.nowNs, stack)
    else this.enter(row, state, code, stack === 0 && state === RUNNABLE ? (this.stack[row] as number) : stack)
  }

  private create(id: number, state: StayState, code: number, stack: number): void {
    const row = this.find(id)
    if (row === -1) return
    this.moves[row] = (this.moves[row] as number) + 1
    this.seen[row] = 1
    this.isOlder[row] = 0
    this.enter(row, state, code, stack)
  }

  private end(id: number): void {
    const row = this.find(id)
    if (row === -1 || this.state[row] === 0) return
    this.ended[row] = 1
    this.leave(row, 0)
    this.state[row] = 0
  }

  private tell(id: number, state: StayState, stack: number): void {
    const row = this.find(id)
    if (row === -1) return
    if (this.state[row] === 0) this.openOlder(row, state, this.moment.generationStartNs, stack)
    else if (this.state[row] !== state) this.enter(row, state, codeOf(state), stack)
    else if (this.stack[row] === 0) this.stack[row] = stack
  }

  private openOlder(row: number, state: StayState, sinceNs: number, stack: number): void {
    this.seen[row] = 1
    this.state[row] = state
    this.code[row] = codeOf(state)
    this.stack[row] = stack
    this.since[row] = sinceNs
    this.isOlder[row] = 1
  }

  private enter(row: number, state: StayState, code: number, stack: number): void {
    this.leave(row, 0)
    this.state[row] = state
    this.code[row] = code
    this.stack[row] = stack
    this.since[row] = this.moment.nowNs
    this.isOlder[row] = 0
  }

  private leave(row: number, openMark: number): void {
    const state = this.state[row] as number
    if (state === 0) return
    const length = Math.max(0, this.moment.nowNs - (this.since[row] as number))
    const column = this.times[state - RUNNABLE] as Float64Array
    column[row] = (column[row] as number) + length
    if (state === RUNNING) return
    const at = this.stays.intern(row, this.code[row] as number, this.stack[row] as number)
    if (at === -1) {
      this.omitted++
      return
    }
    if (at >= this.stayCount.length) this.grow(at + 1)
    this.stayCount[at] = (this.stayCount[at] as number) + 1
    this.stayNs[at] = (this.stayNs[at] as number) + length
    if (length > (this.stayMaxNs[at] as number)) this.stayMaxNs[at] = length
    this.stayMarks[at] = (this.stayMarks[at] as number) | openMark | (this.isOlder[row] === 1 ? OLDER : 0)
  }

  private grow(places: number): void {
    this.stayCount = growFloats(this.stayCount, places)
    this.stayNs = growFloats(this.stayNs, places)
    this.stayMaxNs = growFloats(this.stayMaxNs, places)
    this.stayMarks = growFloats(this.stayMarks, places)
  }
}

/** What stood there before. */
function addOne(counts: Uint32Array, at: number): number {
  const before = counts[at] as number
  counts[at] = before + 1
  return before
}

function codeOf(state: StayState): number {
  return state === SYSCALL ? SYSCALL_CODE : state === RUNNABLE ? RUNNABLE_CODE : NO_REASON
}
