/**
 * The turn of rare events that do not touch what runs where: phases of the GC and stopped worlds, labels, tasks, regions
 * and logs, experiments. Apart from order.ts, whose loop stays small. A trace of nothing but such events was measured to
 * read about 4 % slower for the call, so sizes of the heap, which come by the million, stay there.
 * Follows internal/trace/order.go of Go 1.27.3.
 */
import { type EventNotes, RAN, STALLED } from './event-notes.ts'
import type { ThreadCursor } from './frontier.ts'
import { GC_NOT_RUNNING, GC_RUNNING, GC_UNDETERMINED, NONE, type SchedulerState } from './scheduler-state.ts'

const REGION_BEGIN = 42

export class RareEvents {
  /** The event's arguments: as read when it is called, as the chunk's row has them when the event has had its turn. */
  readonly args: Float64Array = new Float64Array(4)
  private readonly notes: EventNotes

  constructor(notes: EventNotes) {
    this.notes = notes
  }

  /** RAN, STALLED or FAILED. `goroutine` is an id, `slot` its slot, `processor` a slot. */
  advance(
    cursor: ThreadCursor,
    state: SchedulerState,
    generation: number,
    goroutine: number,
    slot: number,
    processor: number,
  ): number {
    const { args, notes } = this
    const { kind } = cursor
    const arg0 = args[0] as number
    const arg1 = args[1] as number
    const arg2 = args[2] as number
    const arg3 = args[3] as number
    switch (kind) {
      case 26: {
        // STWBegin
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        if (slot < 0) return notes.failState(cursor)
        const reason = notes.resolveName(arg0, cursor)
        args[0] = reason
        args[1] = notes.resolveStack(arg1, cursor)
        if (!state.beginStop(slot, reason)) notes.doubt('a range begins twice', cursor)
        return RAN
      }
      case 27: {
        // STWEnd
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        if (slot < 0) return notes.failState(cursor)
        const stop = state.endStop(slot)
        if (stop === NONE) notes.doubt('a range ends that has not begun', cursor)
        args[0] = stop === NONE ? 0 : stop
        return RAN
      }
      case 28: // GCActive
        if (generation === state.initialGeneration) {
          if (state.gcState !== GC_UNDETERMINED) return notes.failState(cursor)
        } else {
          if (arg0 !== state.gcSeq + 1) return STALLED
          if (state.gcState !== GC_RUNNING) return notes.failState(cursor)
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        }
        state.gcSeq = arg0
        state.gcState = GC_RUNNING
        return RAN
      case 29: // GCBegin
        if (state.gcState !== GC_UNDETERMINED) {
          if (arg0 !== state.gcSeq + 1) return STALLED
          if (state.gcState === GC_RUNNING) return notes.failState(cursor)
          if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        }
        state.gcSeq = arg0
        state.gcState = GC_RUNNING
        args[1] = notes.resolveStack(arg1, cursor)
        return RAN
      case 30: // GCEnd
        if (arg0 !== state.gcSeq + 1) return STALLED
        if (state.gcState !== GC_RUNNING) return notes.failState(cursor)
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        state.gcSeq = arg0
        state.gcState = GC_NOT_RUNNING
        return RAN
      case 31: {
        // GCSweepActive
        const sweeping = state.processors.find(arg0)
        if (sweeping < 0) return notes.failState(cursor)
        const isFirst = generation === state.initialGeneration
        if (state.procSweeps[sweeping] === (isFirst ? 1 : 0)) {
          notes.doubt('a range is not as told', cursor)
        }
        state.procSweeps[sweeping] = 1
        return RAN
      }
      case 32: // GCSweepBegin
        if (processor === NONE) return notes.failContext(cursor)
        if (state.procSweeps[processor] === 1) notes.doubt('a range begins twice', cursor)
        state.procSweeps[processor] = 1
        args[0] = notes.resolveStack(arg0, cursor)
        return RAN
      case 33: // GCSweepEnd
        if (processor === NONE) return notes.failContext(cursor)
        if (state.procSweeps[processor] === 0) notes.doubt('a range ends that has not begun', cursor)
        state.procSweeps[processor] = 0
        return RAN
      case 34: {
        // GCMarkAssistActive
        const assisting = state.goroutines.find(arg0)
        if (assisting < 0) return notes.failState(cursor)
        const isFirst = generation === state.initialGeneration
        if (state.goAssists[assisting] === (isFirst ? 1 : 0)) {
          notes.doubt('a range is not as told', cursor)
        }
        state.goAssists[assisting] = 1
        return RAN
      }
      case 35: // GCMarkAssistBegin
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        if (slot < 0) return notes.failState(cursor)
        if (state.goAssists[slot] === 1) notes.doubt('a range begins twice', cursor)
        state.goAssists[slot] = 1
        args[0] = notes.resolveStack(arg0, cursor)
        return RAN
      case 36: // GCMarkAssistEnd
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        if (slot < 0) return notes.failState(cursor)
        if (state.goAssists[slot] === 0) notes.doubt('a range ends that has not begun', cursor)
        state.goAssists[slot] = 0
        return RAN
      case 39: // GoLabel
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        args[0] = notes.resolveName(arg0, cursor)
        return RAN
      case 40: {
        // UserTaskBegin
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        if (state.tasks.has(arg0)) notes.doubt('a task begins twice', cursor)
        const name = notes.resolveName(arg2, cursor)
        args[2] = name
        args[3] = notes.resolveStack(arg3, cursor)
        state.tasks.set(arg0, { parent: arg1, name })
        return RAN
      }
      case 41: {
        // UserTaskEnd
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        args[1] = notes.resolveStack(arg1, cursor)
        const task = state.tasks.get(arg0)
        if (task !== undefined) {
          args[2] = task.parent
          args[3] = task.name
          state.tasks.delete(arg0)
        }
        return RAN
      }
      case 42: // UserRegionBegin
      case 43: {
        // UserRegionEnd
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        if (slot < 0) return notes.failState(cursor)
        const name = notes.resolveName(arg1, cursor)
        args[1] = name
        args[2] = notes.resolveStack(arg2, cursor)
        if (kind === REGION_BEGIN) state.beginRegion(slot, arg0, name)
        else if (!state.endRegion(slot, arg0, name)) notes.doubt('a region ends that is not the innermost', cursor)
        return RAN
      }
      case 44: // UserLog
        if (goroutine === NONE || processor === NONE) return notes.failContext(cursor)
        args[1] = notes.resolveName(arg1, cursor)
        args[2] = notes.resolveMessage(arg2, cursor)
        args[3] = notes.resolveStack(arg3, cursor)
        return RAN
      default: // Experimental events need no more than a thread.
        return cursor.slot < 0 ? notes.failContext(cursor) : RAN
    }
  }
}
