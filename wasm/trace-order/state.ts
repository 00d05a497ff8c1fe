/**
 * What the events so far say of every goroutine, processor and thread: the state that decides whether an event's turn
 * has come. The rules are in order.ts. Follows internal/trace/order.go of Go 1.27.3.
 * Records of 32 bytes (see ids.ts):
 *   goroutine  id u64, seq u64, generation of seq f64, status u8, assists u8, in use u8, -, regions u32
 *   processor  id u64, seq u64, generation of seq f64, status u8, sweeps u8, in use u8
 *   thread     bits of id f64, goroutine u64, its slot i32 (-1 none), processor's slot i32 (-1 none), seen u8, -, in use
 */
import { release, tryAllocate } from '../lib/arena'
import { ARRAY_BYTES, baseOf, ensure, placeOf, refuse } from './grow'
import { addId, clearIds, findId, IDS_BYTES, IN_USE, RECORD_BITS, removeId, reserveIds } from './ids'

export const SEQ: usize = 8
export const SEQ_GENERATION: usize = 16
export const STATUS: usize = 24
export const ASSISTS: usize = 25
export const SWEEPS: usize = 25
export const REGIONS: usize = 28
export const THREAD_GOROUTINE: usize = 8
export const THREAD_SLOT: usize = 16
export const THREAD_PROCESSOR: usize = 20
export const THREAD_SEEN: usize = 24

/** tracev2.GoStatus */
export const GO_RUNNABLE: u8 = 1
export const GO_RUNNING: u8 = 2
export const GO_SYSCALL: u8 = 3
export const GO_WAITING: u8 = 4
/** tracev2.ProcStatus */
export const PROC_RUNNING: u8 = 1
export const PROC_IDLE: u8 = 2
export const PROC_SYSCALL: u8 = 3
export const PROC_ABANDONED: u8 = 4

export const GC_UNDETERMINED: i32 = 0
export const GC_NOT_RUNNING: i32 = 1
export const GC_RUNNING: i32 = 2

export const goroutines = memory.data(IDS_BYTES)
export const processors = memory.data(IDS_BYTES)
export const threads = memory.data(IDS_BYTES)
export let gcSeq: u64 = 0
export let gcState: i32 = GC_UNDETERMINED
/** Generation in which statuses introduce goroutines; 0 until an event was looked at. */
export let initialGeneration: f64 = 0

export function setGc(seq: u64, state: i32): void {
  gcSeq = seq
  gcState = state
}

export function setInitialGeneration(generation: f64): void {
  initialGeneration = generation
}

/** Forgets all: the next generation is read as the first of a trace. */
export function restart(): void {
  clearRegions()
  clearIds(goroutines)
  clearIds(processors)
  clearIds(threads)
  clearTasks()
  stopCount = 0
  gcSeq = 0
  gcState = GC_UNDETERMINED
  initialGeneration = 0
}

/** Room for what so many events may add; false when memory is refused. */
export function reserveState(events: u32): bool {
  return (
    reserveIds(goroutines, events) &&
    reserveIds(processors, events) &&
    reserveIds(threads, events) &&
    reserveTasks(events) &&
    reserveRegions(events)
  )
}

export function addGoroutine(id: u64, status: u8, generation: f64): u32 {
  const slot = addId(goroutines, id)
  const record = baseOf(goroutines + 16) + (<usize>slot << RECORD_BITS)
  store<u8>(record, status, STATUS)
  store<f64>(record, generation, SEQ_GENERATION)
  return slot
}

export function removeGoroutine(record: usize, slot: u32): void {
  if (load<u32>(record, REGIONS) != 0) freeRegions(record)
  if (stopCount > 0) dropStops(slot)
  removeId(goroutines, load<u64>(record))
}

export function addProcessor(id: u64, status: u8, generation: f64): u32 {
  const slot = addId(processors, id)
  const record = baseOf(processors + 16) + (<usize>slot << RECORD_BITS)
  store<u8>(record, status, STATUS)
  store<f64>(record, generation, SEQ_GENERATION)
  return slot
}

/** Slot of the thread, made when it has none. */
export function threadSlot(id: f64): u32 {
  const bits = reinterpret<u64>(id)
  const known = findId(threads, bits)
  if (known >= 0) return <u32>known
  const slot = addId(threads, bits)
  const record = threadRecord(slot)
  store<i32>(record, -1, THREAD_SLOT)
  store<i32>(record, -1, THREAD_PROCESSOR)
  return slot
}

// @ts-ignore: decorator
@inline
export function threadRecord(slot: u32): usize {
  return baseOf(threads + 16) + (<usize>slot << RECORD_BITS)
}

/** Record of the thread that holds the processor; 0 when none does. Slow; rare. */
export function threadHolding(processor: i32): usize {
  for (let slot = <i32>load<u32>(threads, 24) - 1; slot >= 0; slot--) {
    const record = threadRecord(slot)
    if (load<u8>(record, THREAD_SEEN) == 1 && load<i32>(record, THREAD_PROCESSOR) == processor) return record
  }
  return 0
}

/** Takes a processor in a system call from the thread that is said to hold it. */
export function takeProcessor(processor: i32, holderId: f64, thief: usize): bool {
  const bits = reinterpret<u64>(holderId)
  let holder = thief
  if (bits != load<u64>(thief)) {
    const found = findId(threads, bits)
    if (found < 0) return false
    holder = threadRecord(<u32>found)
  }
  if (load<u8>(holder, THREAD_SEEN) == 0 || load<i32>(holder, THREAD_PROCESSOR) != processor) return false
  store<i32>(holder, -1, THREAD_PROCESSOR)
  return true
}

/** Active tasks: entries of 24 bytes, id u64, parent u64, name u32, used u32. */
const tasks = memory.data(ARRAY_BYTES)
let taskPlaces: u32 = 0
let taskCount: u32 = 0

function reserveTasks(more: u32): bool {
  if ((taskCount + more) * 2 <= taskPlaces) return true
  let places: u32 = taskPlaces == 0 ? 1024 : taskPlaces
  while ((taskCount + more) * 2 > places) places <<= 1
  const bytes = <usize>places * 24
  const old = baseOf(tasks)
  const oldPlaces = taskPlaces
  const oldBytes = load<u32>(tasks, 4)
  const fresh = memory.data(ARRAY_BYTES)
  store<u64>(fresh, 0)
  if (!ensure(fresh, bytes, 0)) return false
  store<u64>(tasks, load<u64>(fresh))
  taskPlaces = places
  for (let at: u32 = 0; at < oldPlaces; at++) {
    const from = old + <usize>at * 24
    if (load<u32>(from, 20) != 0) memory.copy(taskEntry(load<u64>(from)), from, 24)
  }
  if (oldBytes > 0) release(old, oldBytes)
  return true
}

/** Tasks are counted up and few are active at once: those made after one another lie side by side. */
// @ts-ignore: decorator
@inline
function taskPlace(id: u64): u32 {
  return (placeOf(id >> 4) << 4) | (<u32>id & 15)
}

/** Entry of the task, or the empty one where it would be. */
export function taskEntry(id: u64): usize {
  const mask = taskPlaces - 1
  const base = baseOf(tasks)
  let at = taskPlace(id) & mask
  while (true) {
    const entry = base + <usize>at * 24
    if (load<u32>(entry, 20) == 0 || load<u64>(entry) == id) return entry
    at = (at + 1) & mask
  }
}

export function putTask(entry: usize, id: u64, parent: u64, name: u32): void {
  if (load<u32>(entry, 20) == 0) taskCount++
  store<u64>(entry, id)
  store<u64>(entry, parent, 8)
  store<u32>(entry, name, 16)
  store<u32>(entry, 1, 20)
}

export function removeTask(entry: usize): void {
  const mask = taskPlaces - 1
  const base = baseOf(tasks)
  let hole = <u32>((entry - base) / 24)
  taskCount--
  for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
    const from = base + <usize>at * 24
    if (load<u32>(from, 20) == 0) break
    const home = taskPlace(load<u64>(from)) & mask
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      memory.copy(base + <usize>hole * 24, from, 24)
      hole = at
    }
  }
  store<u32>(base + <usize>hole * 24, 0, 20)
}

function clearTasks(): void {
  if (taskCount > 0) memory.fill(baseOf(tasks), 0, <usize>taskPlaces * 24)
  taskCount = 0
}

/** Open user regions: nodes of 16 bytes, task u64, name u32, the one around it u32. Cut from blocks. */
const REGION_BLOCK: usize = 1 << 17
let freeRegion: u32 = 0
let freeRegionCount: u32 = 0

function reserveRegions(more: u32): bool {
  while (freeRegionCount < more) {
    const block = tryAllocate(REGION_BLOCK)
    if (block == 0) return refuse()
    for (let node = block; node < block + REGION_BLOCK; node += 16) freeNode(<u32>node)
  }
  return true
}

function freeNode(node: u32): void {
  store<u32>(node, freeRegion, 12)
  freeRegion = node
  freeRegionCount++
}

function freeRegions(record: usize): void {
  let node = load<u32>(record, REGIONS)
  while (node != 0) {
    const outer = load<u32>(node, 12)
    freeNode(node)
    node = outer
  }
  store<u32>(record, 0, REGIONS)
}

function clearRegions(): void {
  const slots = load<u32>(goroutines, 24)
  const records = baseOf(goroutines + 16)
  for (let slot: u32 = 0; slot < slots; slot++) {
    const record = records + (<usize>slot << RECORD_BITS)
    if (load<u8>(record, IN_USE) == 1) freeRegions(record)
  }
}

export function beginRegion(record: usize, task: u64, name: u32): void {
  const node = freeRegion
  freeRegion = load<u32>(node, 12)
  freeRegionCount--
  store<u64>(node, task)
  store<u32>(node, name, 8)
  store<u32>(node, load<u32>(record, REGIONS), 12)
  store<u32>(record, node, REGIONS)
}

/** False when the region that ends is not the innermost one. Regions from before the trace are not known. */
export function endRegion(record: usize, task: u64, name: u32): bool {
  const node = load<u32>(record, REGIONS)
  if (node == 0) return true
  if (load<u64>(node) != task || load<u32>(node, 8) != name) return false
  store<u32>(record, load<u32>(node, 12), REGIONS)
  freeNode(node)
  return true
}

/** Kinds of stop-the-world that goroutines have begun, in their order: slot u32, kind u32. More are not kept. */
const MAX_STOPS: u32 = 1024
const stops = memory.data(8 * 1024)
let stopCount: u32 = 0

export function beginStop(slot: u32, kind: u32): bool {
  for (let at: u32 = 0; at < stopCount; at++) {
    const stop = stops + (<usize>at << 3)
    if (load<u32>(stop) == slot && load<u32>(stop, 4) == kind) return false
  }
  if (stopCount < MAX_STOPS) {
    store<u32>(stops + (<usize>stopCount << 3), slot)
    store<u32>(stops + (<usize>stopCount << 3), kind, 4)
    stopCount++
  }
  return true
}

/** Kind of the stop that ends; -1 when there is none. */
export function endStop(slot: u32): i32 {
  for (let at: u32 = 0; at < stopCount; at++) {
    if (load<u32>(stops + (<usize>at << 3)) != slot) continue
    const kind = load<u32>(stops + (<usize>at << 3), 4)
    dropStop(at)
    return <i32>kind
  }
  return -1
}

function dropStop(at: u32): void {
  stopCount--
  memory.copy(stops + (<usize>at << 3), stops + (<usize>(at + 1) << 3), <usize>(stopCount - at) << 3)
}

function dropStops(slot: u32): void {
  for (let at = <i32>stopCount - 1; at >= 0; at--) {
    if (load<u32>(stops + (<usize>at << 3)) == slot) dropStop(<u32>at)
  }
}
