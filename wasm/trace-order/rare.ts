/**
 * The turn of rare events that do not touch what runs where: phases of the GC and stopped worlds, labels, tasks, regions
 * and logs, experiments. Apart from order.ts, whose loop stays small. Follows internal/trace/order.go of Go 1.27.3.
 */
import { baseOf } from './grow'
import { findId, RECORD_BITS } from './ids'
import { MISSING, nameIn } from './names'
import {
  doubt,
  FAIL_CONTEXT,
  FAIL_STATE,
  fail,
  missing,
  NO_STACK,
  NO_STRING,
  RAN,
  RANGE_NOT_BEGUN,
  RANGE_OTHER,
  RANGE_TWICE,
  REGION_OTHER,
  STALLED,
  TASK_TWICE,
} from './notes'
import {
  ASSISTS,
  beginRegion,
  beginStop,
  endRegion,
  endStop,
  GC_NOT_RUNNING,
  GC_RUNNING,
  GC_UNDETERMINED,
  gcSeq,
  gcState,
  goroutines,
  initialGeneration,
  processors,
  putTask,
  removeTask,
  SWEEPS,
  setGc,
  taskEntry,
} from './state'
import { messageOf, nameOf, stackNames, stringNames } from './tables'

/** The event's arguments: as read before, as the row has them after; and the slot + 1 that it names. */
export let rare0: u64 = 0
export let rare1: u64 = 0
export let rare2: u64 = 0
export let rare3: u64 = 0
export let rareTarget: u32 = 0

export function resolveName(id: u64, at: usize): u64 {
  if (id < <u64>(load<u32>(stringNames, 4) >> 2)) {
    const known = load<i32>(baseOf(stringNames) + (<usize>id << 2))
    if (known >= 0) return <u64>known
  }
  const name = nameOf(id)
  return name == MISSING ? <u64>missing(NO_STRING, at) : <u64>name
}

export function resolveStack(id: u64, at: usize): u64 {
  if (id < <u64>(load<u32>(stackNames, 4) >> 2)) {
    const known = load<i32>(baseOf(stackNames) + (<usize>id << 2))
    if (known >= 0) return <u64>known
  }
  const stack = nameIn(stackNames, id)
  return stack == MISSING ? <u64>missing(NO_STACK, at) : <u64>stack
}

/** RAN, STALLED or FAILED. Records are 0 where there is none; `slot` is below 0 then. */
export function advanceRare(
  kind: u32,
  at: usize,
  generation: f64,
  hasThread: bool,
  hasGoroutine: bool,
  goroutine: usize,
  slot: i32,
  processor: usize,
  arg0: u64,
  arg1: u64,
  arg2: u64,
  arg3: u64,
): i32 {
  rare0 = arg0
  rare1 = arg1
  rare2 = arg2
  rare3 = arg3
  rareTarget = 0
  const isPlaced = hasGoroutine && processor != 0
  switch (kind) {
    case 26: {
      // STWBegin
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      if (goroutine == 0) return fail(FAIL_STATE, kind, at)
      rare0 = resolveName(arg0, at)
      rare1 = resolveStack(arg1, at)
      if (!beginStop(<u32>slot, <u32>rare0)) doubt(RANGE_TWICE, at)
      return RAN
    }
    case 27: {
      // STWEnd
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      if (goroutine == 0) return fail(FAIL_STATE, kind, at)
      const stop = endStop(<u32>slot)
      if (stop < 0) doubt(RANGE_NOT_BEGUN, at)
      rare0 = stop < 0 ? 0 : <u64>stop
      return RAN
    }
    case 28: // GCActive
      if (generation == initialGeneration) {
        if (gcState != GC_UNDETERMINED) return fail(FAIL_STATE, kind, at)
      } else {
        if (arg0 != gcSeq + 1) return STALLED
        if (gcState != GC_RUNNING) return fail(FAIL_STATE, kind, at)
        if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      }
      setGc(arg0, GC_RUNNING)
      return RAN
    case 29: // GCBegin
      if (gcState != GC_UNDETERMINED) {
        if (arg0 != gcSeq + 1) return STALLED
        if (gcState == GC_RUNNING) return fail(FAIL_STATE, kind, at)
        if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      }
      setGc(arg0, GC_RUNNING)
      rare1 = resolveStack(arg1, at)
      return RAN
    case 30: // GCEnd
      if (arg0 != gcSeq + 1) return STALLED
      if (gcState != GC_RUNNING) return fail(FAIL_STATE, kind, at)
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      setGc(arg0, GC_NOT_RUNNING)
      return RAN
    case 31: {
      // GCSweepActive
      const found = findId(processors, arg0)
      if (found < 0) return fail(FAIL_STATE, kind, at)
      const sweeping = baseOf(processors + 16) + (<usize>found << RECORD_BITS)
      if (load<u8>(sweeping, SWEEPS) == (generation == initialGeneration ? 1 : 0)) doubt(RANGE_OTHER, at)
      store<u8>(sweeping, 1, SWEEPS)
      return RAN
    }
    case 32: // GCSweepBegin
      if (processor == 0) return fail(FAIL_CONTEXT, kind, at)
      if (load<u8>(processor, SWEEPS) == 1) doubt(RANGE_TWICE, at)
      store<u8>(processor, 1, SWEEPS)
      rare0 = resolveStack(arg0, at)
      return RAN
    case 33: // GCSweepEnd
      if (processor == 0) return fail(FAIL_CONTEXT, kind, at)
      if (load<u8>(processor, SWEEPS) == 0) doubt(RANGE_NOT_BEGUN, at)
      store<u8>(processor, 0, SWEEPS)
      return RAN
    case 34: {
      // GCMarkAssistActive
      const found = findId(goroutines, arg0)
      if (found < 0) return fail(FAIL_STATE, kind, at)
      const assisting = baseOf(goroutines + 16) + (<usize>found << RECORD_BITS)
      if (load<u8>(assisting, ASSISTS) == (generation == initialGeneration ? 1 : 0)) doubt(RANGE_OTHER, at)
      store<u8>(assisting, 1, ASSISTS)
      rareTarget = <u32>found + 1
      return RAN
    }
    case 35: // GCMarkAssistBegin
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      if (goroutine == 0) return fail(FAIL_STATE, kind, at)
      if (load<u8>(goroutine, ASSISTS) == 1) doubt(RANGE_TWICE, at)
      store<u8>(goroutine, 1, ASSISTS)
      rare0 = resolveStack(arg0, at)
      return RAN
    case 36: // GCMarkAssistEnd
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      if (goroutine == 0) return fail(FAIL_STATE, kind, at)
      if (load<u8>(goroutine, ASSISTS) == 0) doubt(RANGE_NOT_BEGUN, at)
      store<u8>(goroutine, 0, ASSISTS)
      return RAN
    case 39: // GoLabel
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      rare0 = resolveName(arg0, at)
      return RAN
    case 40: {
      // UserTaskBegin
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      const entry = taskEntry(arg0)
      if (load<u32>(entry, 20) != 0) doubt(TASK_TWICE, at)
      rare2 = resolveName(arg2, at)
      rare3 = resolveStack(arg3, at)
      putTask(entry, arg0, arg1, <u32>rare2)
      return RAN
    }
    case 41: {
      // UserTaskEnd
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      rare1 = resolveStack(arg1, at)
      const entry = taskEntry(arg0)
      if (load<u32>(entry, 20) == 0) return RAN
      rare2 = load<u64>(entry, 8)
      rare3 = <u64>load<u32>(entry, 16)
      removeTask(entry)
      return RAN
    }
    case 42: // UserRegionBegin
    case 43: {
      // UserRegionEnd
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      if (goroutine == 0) return fail(FAIL_STATE, kind, at)
      rare1 = resolveName(arg1, at)
      rare2 = resolveStack(arg2, at)
      if (kind == 42) beginRegion(goroutine, arg0, <u32>rare1)
      else if (!endRegion(goroutine, arg0, <u32>rare1)) doubt(REGION_OTHER, at)
      return RAN
    }
    case 44: {
      // UserLog
      if (!isPlaced) return fail(FAIL_CONTEXT, kind, at)
      rare1 = resolveName(arg1, at)
      const message = messageOf(arg2)
      rare2 = message == MISSING ? <u64>missing(NO_STRING, at) : <u64>message
      rare3 = resolveStack(arg3, at)
      return RAN
    }
    default: // Experimental events need no more than a thread.
      return hasThread ? RAN : fail(FAIL_CONTEXT, kind, at)
  }
}
