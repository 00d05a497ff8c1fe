/**
 * The order of events: advances one thread at a time by the rules of Go's reference reader (internal/trace/order.go of
 * Go 1.27.3), writing a row of the chunk for each event whose turn has come. An event waits (STALLED) while a sequence
 * number says that another thread's event comes first; one that cannot be right is a doubt (see doubts.ts).
 * `runThread` is one method, called per run of a thread: V8 keeps it optimised, which it would not one huge loop.
 */
import { TRACE_CHUNK_ROWS, type TraceChunk } from '../../model/trace.ts'
import type { TraceDoubts } from './doubts.ts'
import { EventNotes, EXHAUSTED, RAN, STALLED } from './event-notes.ts'
import { timedEvents } from './events.ts'
import type { ThreadCursor } from './frontier.ts'
import { type GenerationTables, NO_THREAD_FROM } from './generation.ts'
import { newTraceChunk } from './new-chunk.ts'
import { RareEvents } from './rare-events.ts'
import { goStatus, NONE, procStatus, SchedulerState } from './scheduler-state.ts'
import type { RawGeneration } from './splitter.ts'

/** Arguments after the time delta, by event id. */
const argCounts = new Uint8Array(256)
const isTimed = new Uint8Array(256)
for (const row of timedEvents) {
  argCounts[row.id] = row.args.length
  isTimed[row.id] = 1
}

/** 1 for events after which the thread may hold another goroutine or processor. */
const changesContext = new Uint8Array(256)
for (const kind of [10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 24, 25, 45, 46, 48]) changesContext[kind] = 1

const GO_STOP = 19
const GO_SWITCH = 45
const GO_CREATE_BLOCKED = 47
const GO_STATUS_STACK = 48

/** Go's ProcState by ProcStatus: 0 undetermined, 1 not existing, 2 running, 3 idle. */
const procStateOf = [0, 2, 3, 2, 3] as const
const PROC_UNDETERMINED = 0
const PROC_NOT_EXIST = 1

export class EventOrder {
  readonly chunk: TraceChunk = newTraceChunk()
  state: SchedulerState = new SchedulerState()
  private readonly notes: EventNotes
  private readonly rare: RareEvents
  private bytes: Uint8Array = new Uint8Array(0)
  private starts: readonly number[] = []
  private ends: readonly number[] = []
  private ticks: readonly number[] = []
  private nsPerTick = 1
  private originNs = 0
  private generation = 0
  /** Position after the last long varint. */
  private after = 0

  constructor(doubts: TraceDoubts, tables: GenerationTables) {
    this.notes = new EventNotes(doubts, tables)
    this.rare = new RareEvents(this.notes)
  }

  /** Times are told from `originNs` on, which is on the trace's own clock. */
  beginGeneration(raw: RawGeneration, nsPerTick: number, originNs: number): void {
    this.bytes = raw.bytes
    this.starts = raw.starts
    this.ends = raw.ends
    this.ticks = raw.ticks
    this.generation = raw.generation
    this.nsPerTick = nsPerTick
    this.originNs = originNs
    this.notes.beginGeneration(raw.offset)
    this.chunk.generations.fill(raw.generation)
  }

  endGeneration(): void {
    this.notes.endGeneration()
  }

  setOrigin(originNs: number): void {
    this.originNs = originNs
  }

  /** Forgets all state: the next generation is read as the first of a trace. */
  restart(): void {
    this.state = new SchedulerState()
  }

  /** Reads the head of the thread's next event: RAN, EXHAUSTED or FAILED. */
  peek(cursor: ThreadCursor): number {
    while (cursor.at >= cursor.end) {
      if (cursor.nextBatch >= cursor.batches.length) return EXHAUSTED
      const batch = cursor.batches[cursor.nextBatch++] as number
      cursor.at = this.starts[batch] as number
      cursor.end = this.ends[batch] as number
      cursor.timeNs = Math.trunc((this.ticks[batch] as number) * this.nsPerTick) - this.originNs
    }
    const { bytes } = this
    const kind = bytes[cursor.at] as number
    if (isTimed[kind] === 0) return this.notes.fail(`a thread's batch holds byte ${kind}, which is no event`, cursor.at)
    let at = cursor.at + 1
    let delta = bytes[at++] as number
    if (delta > 127) {
      delta = this.readLong(at - 1)
      at = this.after
    }
    if (!(at <= cursor.end)) return this.notes.fail('an event ends after its batch', cursor.at)
    cursor.kind = kind
    cursor.at = at
    cursor.timeNs += Math.trunc(delta * this.nsPerTick)
    return RAN
  }

  /** Events of the thread in their order, while they come at or before the limit; at least one, if its turn has come. */
  runThread(cursor: ThreadCursor, limitNs: number): number {
    const { bytes, state, chunk, generation, nsPerTick, notes, rare } = this
    const { args } = rare
    const thread = cursor.slot
    if (thread >= 0) state.threadSeen[thread] = 1
    if (state.initialGeneration === 0) state.initialGeneration = generation
    let { kind, timeNs, at, end } = cursor
    // The context before the event; `slot` is the goroutine's.
    let goroutine = NONE
    let slot = NONE
    let processor = NONE
    let processorPlusOne = 0
    let isStale = true
    for (;;) {
      if (isStale) {
        goroutine = thread < 0 ? NONE : (state.threadGoroutine[thread] as number)
        processor = thread < 0 ? NONE : (state.threadProc[thread] as number)
        processorPlusOne = processor === NONE ? 0 : (state.processors.ids[processor] as number) + 1
        slot = NONE
        if (goroutine !== NONE) {
          slot = state.threadGoSlot[thread] as number
          if (state.goroutines.ids[slot] !== goroutine) slot = state.goroutines.find(goroutine)
        }
      }
      isStale = changesContext[kind] === 1
      const argCount = argCounts[kind] as number
      let arg0 = 0
      let arg1 = 0
      let arg2 = 0
      let arg3 = 0
      if (argCount > 0) {
        arg0 = bytes[at++] as number
        if (arg0 > 127) {
          arg0 = this.readLong(at - 1)
          at = this.after
        }
        if (argCount > 1) {
          arg1 = bytes[at++] as number
          if (arg1 > 127) {
            arg1 = this.readLong(at - 1)
            at = this.after
          }
          if (argCount > 2) {
            arg2 = bytes[at++] as number
            if (arg2 > 127) {
              arg2 = this.readLong(at - 1)
              at = this.after
            }
            if (argCount > 3) {
              arg3 = bytes[at++] as number
              if (arg3 > 127) {
                arg3 = this.readLong(at - 1)
                at = this.after
              }
            }
          }
        }
      }
      if (!(at <= end)) return notes.fail('an event ends after its batch', cursor.at)

      let rowThread = cursor.thread
      switch (kind) {
        case 9: // ProcsChange
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
          arg1 = notes.resolveStack(arg1, cursor)
          break
        case 10: {
          // ProcStart
          const started = state.processors.find(arg0)
          if (
            started < 0 ||
            state.procStatus[started] !== procStatus.idle ||
            state.procSeqGeneration[started] !== generation ||
            state.procSeq[started] !== arg1 - 1 ||
            processor !== NONE
          ) {
            return STALLED
          }
          if (thread < 0) return notes.failContext(cursor)
          state.procStatus[started] = procStatus.running
          state.procSeq[started] = arg1
          state.threadProc[thread] = started
          break
        }
        case 11: {
          // ProcStop
          if (processor === NONE) return notes.failContext(cursor)
          const status = state.procStatus[processor]
          if (status !== procStatus.running && status !== procStatus.syscall) return notes.failState(cursor)
          state.procStatus[processor] = procStatus.idle
          state.threadProc[thread] = NONE
          break
        }
        case 12: {
          // ProcSteal
          const stolen = state.processors.find(arg0)
          if (stolen < 0) return STALLED
          const status = state.procStatus[stolen]
          if (
            (status !== procStatus.syscall && status !== procStatus.syscallAbandoned) ||
            state.procSeqGeneration[stolen] !== generation ||
            state.procSeq[stolen] !== arg1 - 1
          ) {
            return STALLED
          }
          if (thread < 0) return notes.failContext(cursor)
          if (status === procStatus.syscall && !this.takeProcessor(stolen, arg2, thread)) return notes.failState(cursor)
          state.procStatus[stolen] = procStatus.idle
          state.procSeq[stolen] = arg1
          arg3 = procStateOf[status as 3 | 4]
          break
        }
        case 13: {
          // ProcStatus
          if (arg1 >= procStateOf.length) return notes.failState(cursor)
          let known = state.processors.find(arg0)
          if (known < 0) {
            known = state.addProcessor(arg0, arg1, generation)
            arg2 = generation === state.initialGeneration ? PROC_UNDETERMINED : PROC_NOT_EXIST
          } else {
            const status = state.procStatus[known]
            arg2 = procStateOf[arg1 as 0 | 1 | 2 | 3 | 4]
            if (arg1 === procStatus.syscallAbandoned && status === procStatus.syscall) {
              // About to be stolen; its status may be told by a thread that does not hold it.
              const holder = state.threadHolding(known)
              if (holder === NONE) return notes.failState(cursor)
              arg1 = procStatus.syscall
              arg2 = procStateOf[procStatus.running]
              state.procSeq[known] = 0
              state.procSeqGeneration[known] = generation
              rowThread = state.threads.ids[holder] as number
              goroutine = state.threadGoroutine[holder] as number
              processorPlusOne = arg0 + 1
              break
            }
            if (status !== arg1) return notes.failState(cursor)
            state.procSeq[known] = 0
            state.procSeqGeneration[known] = generation
          }
          if (thread >= 0 && (arg1 === procStatus.running || arg1 === procStatus.syscall)) {
            state.threadProc[thread] = known
          }
          break
        }
        case 14: // GoCreate
        case 47: {
          // GoCreateBlocked
          if (processor === NONE) return notes.failContext(cursor)
          if (slot >= 0 && state.goStatus[slot] !== goStatus.running) return notes.failState(cursor)
          if (state.goroutines.find(arg0) >= 0) return notes.fail('a goroutine is created that exists', cursor.at)
          state.addGoroutine(arg0, kind === GO_CREATE_BLOCKED ? goStatus.waiting : goStatus.runnable, generation)
          arg1 = notes.resolveStack(arg1, cursor)
          arg2 = notes.resolveStack(arg2, cursor)
          break
        }
        case 15: // GoCreateSyscall
          if (thread < 0 || goroutine !== NONE) return notes.failContext(cursor)
          if (state.goroutines.find(arg0) >= 0) return notes.fail('a goroutine is created that exists', cursor.at)
          state.threadGoSlot[thread] = state.addGoroutine(arg0, goStatus.syscall, generation)
          state.threadGoroutine[thread] = arg0
          break
        case 16: {
          // GoStart
          const started = state.goroutines.find(arg0)
          if (
            started < 0 ||
            state.goStatus[started] !== goStatus.runnable ||
            state.goSeqGeneration[started] !== generation ||
            state.goSeq[started] !== arg1 - 1
          ) {
            return STALLED
          }
          if (processor === NONE || goroutine !== NONE) return notes.failContext(cursor)
          state.goStatus[started] = goStatus.running
          state.goSeq[started] = arg1
          state.threadGoroutine[thread] = arg0
          state.threadGoSlot[thread] = started
          break
        }
        case 17: // GoDestroy
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.running) return notes.failState(cursor)
          state.goroutines.remove(goroutine)
          state.threadGoroutine[thread] = NONE
          break
        case 18: // GoDestroySyscall
          if (goroutine === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.syscall) return notes.failState(cursor)
          if (processor !== NONE) {
            if (state.procStatus[processor] !== procStatus.syscall) return notes.failState(cursor)
            state.procStatus[processor] = procStatus.syscallAbandoned
            state.threadProc[thread] = NONE
          }
          state.goroutines.remove(goroutine)
          state.threadGoroutine[thread] = NONE
          break
        case 19: // GoStop
        case 20: // GoBlock
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.running) return notes.failState(cursor)
          state.goStatus[slot] = kind === GO_STOP ? goStatus.runnable : goStatus.waiting
          state.threadGoroutine[thread] = NONE
          arg0 = notes.resolveName(arg0, cursor)
          arg1 = notes.resolveStack(arg1, cursor)
          break
        case 21: {
          // GoUnblock
          const unblocked = state.goroutines.find(arg0)
          if (
            unblocked < 0 ||
            state.goStatus[unblocked] !== goStatus.waiting ||
            state.goSeqGeneration[unblocked] !== generation ||
            state.goSeq[unblocked] !== arg1 - 1
          ) {
            return STALLED
          }
          state.goStatus[unblocked] = goStatus.runnable
          state.goSeq[unblocked] = arg1
          arg2 = notes.resolveStack(arg2, cursor)
          break
        }
        case 22: // GoSyscallBegin
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.running) return notes.failState(cursor)
          if (state.procSeqGeneration[processor] !== generation || state.procSeq[processor] !== arg0 - 1) {
            return notes.fail('a system call begins out of the sequence of its processor', cursor.at)
          }
          state.goStatus[slot] = goStatus.syscall
          state.procStatus[processor] = procStatus.syscall
          state.procSeq[processor] = arg0
          arg1 = notes.resolveStack(arg1, cursor)
          break
        case 23: // GoSyscallEnd
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.syscall) return notes.failState(cursor)
          if (state.procStatus[processor] !== procStatus.syscall) return notes.failState(cursor)
          state.goStatus[slot] = goStatus.running
          state.procStatus[processor] = procStatus.running
          break
        case 24: // GoSyscallEndBlocked
          if (processor !== NONE && state.procStatus[processor] === procStatus.syscall) return STALLED
          if (goroutine === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.syscall) return notes.failState(cursor)
          state.goStatus[slot] = goStatus.runnable
          state.threadGoroutine[thread] = NONE
          break
        case 25: // GoStatus
        case 48: {
          // GoStatusStack
          if (arg2 > goStatus.waiting) return notes.failState(cursor)
          let known = state.goroutines.find(arg0)
          if (known >= 0) {
            if (state.goStatus[known] !== arg2) return notes.failState(cursor)
            state.goSeq[known] = 0
            state.goSeqGeneration[known] = generation
          } else if (generation === state.initialGeneration) {
            known = state.addGoroutine(arg0, arg2, generation)
          } else {
            return notes.fail('a status names a goroutine that no event has created', cursor.at)
          }
          if (arg1 >= NO_THREAD_FROM) arg1 = Number.NaN
          if (arg2 === goStatus.running) {
            if (thread >= 0) {
              state.threadGoroutine[thread] = arg0
              state.threadGoSlot[thread] = known
            }
          } else if (arg2 === goStatus.syscall) {
            if (Number.isNaN(arg1)) return notes.failState(cursor)
            if (arg1 === cursor.thread) {
              if (generation !== state.initialGeneration && goroutine !== arg0) return notes.failState(cursor)
              state.threadGoroutine[thread] = arg0
              state.threadGoSlot[thread] = known
            } else {
              const other = state.threadSlot(arg1)
              if (state.threadSeen[other] === 1) {
                goroutine = state.threadGoroutine[other] as number
                if (goroutine !== arg0) return notes.failState(cursor)
              } else {
                state.threadSeen[other] = 1
                state.threadGoroutine[other] = arg0
                state.threadGoSlot[other] = known
              }
              rowThread = arg1
            }
          }
          if (kind === GO_STATUS_STACK) {
            arg3 = notes.resolveStack(arg3, cursor)
          }
          break
        }
        case 37: // HeapAlloc
        case 38: // HeapGoal
          if (processor === NONE) return notes.failContext(cursor)
          break
        case 45: // GoSwitch
        case 46: {
          // GoSwitchDestroy
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
          if (slot < 0 || state.goStatus[slot] !== goStatus.running) return notes.failState(cursor)
          const next = state.goroutines.find(arg0)
          if (
            next < 0 ||
            state.goStatus[next] !== goStatus.waiting ||
            state.goSeqGeneration[next] !== generation ||
            state.goSeq[next] !== arg1 - 1
          ) {
            return STALLED
          }
          if (kind === GO_SWITCH) state.goStatus[slot] = goStatus.waiting
          else state.goroutines.remove(goroutine)
          state.goStatus[next] = goStatus.running
          state.goSeq[next] = arg1
          state.threadGoroutine[thread] = arg0
          state.threadGoSlot[thread] = next
          break
        }
        default: {
          // Of the GC, user annotations and experiments: none of them changes the context.
          args[0] = arg0
          args[1] = arg1
          args[2] = arg2
          args[3] = arg3
          const outcome = rare.advance(cursor, state, generation, goroutine, slot, processor)
          if (outcome !== RAN) return outcome
          arg0 = args[0] as number
          arg1 = args[1] as number
          arg2 = args[2] as number
          arg3 = args[3] as number
        }
      }

      const row = chunk.rowCount++
      chunk.kinds[row] = kind
      chunk.timesNs[row] = timeNs
      chunk.threads[row] = rowThread
      chunk.processorsPlusOne[row] = processorPlusOne
      chunk.goroutines[row] = goroutine === NONE ? 0 : goroutine
      chunk.arg0[row] = arg0
      chunk.arg1[row] = arg1
      chunk.arg2[row] = arg2
      chunk.arg3[row] = arg3

      // The head of the next event, as `peek` reads it.
      let isRead = false
      if (at < end) {
        const next = bytes[at] as number
        let after = at + 2
        let delta = bytes[at + 1] as number
        if (delta > 127) {
          delta = this.readLong(at + 1)
          after = this.after
        }
        if (isTimed[next] === 1 && after <= end) {
          kind = next
          at = after
          timeNs += Math.trunc(delta * nsPerTick)
          cursor.kind = kind
          cursor.at = at
          cursor.timeNs = timeNs
          isRead = true
        }
      }
      if (!isRead) {
        cursor.at = at
        const outcome = this.peek(cursor)
        if (outcome !== RAN) return outcome
        kind = cursor.kind
        timeNs = cursor.timeNs
        at = cursor.at
        end = cursor.end
      }
      if (timeNs > limitNs || row === TRACE_CHUNK_ROWS - 1) return RAN
    }
  }

  /** Lets the cursor's event, which waits, come next, as if the events before it were not missing. */
  assumeTurn(cursor: ThreadCursor): void {
    const arg0 = this.readLong(cursor.at)
    const arg1 = this.readLong(this.after)
    this.state.assumeTurn(cursor.kind, arg0, arg1, cursor.slot, this.generation)
  }

  /** Takes a processor in a system call from the thread that is said to hold it. */
  private takeProcessor(processor: number, holderId: number, thief: number): boolean {
    const { state } = this
    const holder = holderId === state.threads.ids[thief] ? thief : state.threads.find(holderId)
    if (holder < 0 || state.threadSeen[holder] === 0 || state.threadProc[holder] !== processor) return false
    state.threadProc[holder] = NONE
    return true
  }

  /** A varint; leaves the position in `after`, past all ends when it is none. */
  private readLong(from: number): number {
    const { bytes } = this
    let at = from
    let byte = bytes[at++] as number
    let value = byte & 0x7f
    if (byte < 128) {
      this.after = at
      return value
    }
    byte = bytes[at++] as number
    value += (byte & 0x7f) * 0x80
    if (byte > 127) {
      byte = bytes[at++] as number
      value += (byte & 0x7f) * 0x4000
      if (byte > 127) {
        byte = bytes[at++] as number
        value += (byte & 0x7f) * 0x200000
        let scale = 0x10000000
        while (byte > 127) {
          byte = bytes[at++] as number
          value += (byte & 0x7f) * scale
          scale *= 128
          if (at - from === 10 && byte > 1) at = Number.MAX_SAFE_INTEGER
        }
      }
    }
    this.after = at
    return value
  }
}
