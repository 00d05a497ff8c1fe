/**
 * User tasks and logs. Open tasks stand in rows found by id; of the ended only sums by name are kept here, and the
 * longest are handed out. A task whose other end lies outside the trace runs to that edge and is not complete.
 */
import { allocate, release } from '../lib/arena'
import { noteLongTask } from './host'
import { addToIds, findId, openIds, removeId } from './ids'
import { addKey, findKey, openKeys } from './keys'
import { addStay, openStay, STAY_BYTES } from './sketches'
import { fromNs, toNs } from './window'

const MAX_OPEN = 1 << 20
const MAX_TYPES = 1024
const MAX_CATEGORIES = 1024

const SINCE: usize = 0
const PARENT: usize = 8
const GOROUTINE: usize = 16
const NAME: usize = 24
const BYTES: usize = 32

const TYPE_INCOMPLETE: usize = STAY_BYTES
const TYPE_BYTES: usize = STAY_BYTES + 8

/** Name → address of its row, at 12; category → count, at 16. */
export let taskTypes: usize = 0
export let logCategories: usize = 0
export let taskCount: f64 = 0
export let lostTasks: f64 = 0
export let logCount: f64 = 0
/** A task below this is none of the longest. */
let least: f64 = -1
/** Id → address of an open task. */
let tasks: usize = 0

export function openTasks(): void {
  tasks = openIds()
  taskTypes = openKeys(MAX_TYPES, 16)
  logCategories = openKeys(MAX_CATEGORIES, 24)
}

export function beginTask(id: f64, parent: f64, name: i32, goroutine: f64, at: f64): void {
  if (id != id || findId(tasks, id) != 0) return
  const task = allocate(BYTES)
  if (!addToIds(tasks, id, <u32>task, MAX_OPEN)) {
    release(task, BYTES)
    lostTasks++
    return
  }
  store<f64>(task, at, SINCE)
  store<f64>(task, parent, PARENT)
  store<f64>(task, goroutine, GOROUTINE)
  store<i32>(task, name, NAME)
}

export function endTask(id: f64, goroutine: f64, at: f64): void {
  const task = <usize>findId(tasks, id)
  if (task == 0) {
    noteTask(id, 0, 0, goroutine, 0, at, false)
    return
  }
  closeTask(id, task, at, true)
  removeId(tasks, id)
  release(task, BYTES)
}

/** Tasks that are open at the end of the trace. */
export function closeTasks(at: f64): void {
  const places = load<u32>(tasks, 4) + 1
  const base = <usize>load<u32>(tasks)
  for (let place: u32 = 0; place < places; place++) {
    const entry = base + (<usize>place << 4)
    const task = <usize>load<u32>(entry, 8)
    if (task != 0) closeTask(load<f64>(entry), task, at, false)
  }
}

export function noteLog(category: i32): void {
  logCount++
  let row = findKey(logCategories, category, 0, 0)
  if (row == 0) row = addKey(logCategories, category, 0, 0)
  if (row != 0) store<f64>(row, load<f64>(row, 16) + 1, 16)
}

function closeTask(id: f64, task: usize, at: f64, hasEnded: bool): void {
  const name = load<i32>(task, NAME)
  noteTask(id, load<f64>(task, PARENT), name, load<f64>(task, GOROUTINE), load<f64>(task, SINCE), at, hasEnded)
}

function noteTask(id: f64, parent: f64, name: i32, goroutine: f64, start: f64, end: f64, isComplete: bool): void {
  if (end < fromNs || start > toNs) return
  taskCount++
  const ns = end > start ? end - start : 0
  const type = typeOf(name)
  if (type != 0) {
    addStay(type, ns)
    if (!isComplete) store<f64>(type, load<f64>(type, TYPE_INCOMPLETE) + 1, TYPE_INCOMPLETE)
  }
  if (ns >= least) least = noteLongTask(id, parent, name, goroutine, start, ns, isComplete ? 1 : 0)
}

function typeOf(name: i32): usize {
  const known = findKey(taskTypes, name, 0, 0)
  if (known != 0) return load<u32>(known, 12)
  const key = addKey(taskTypes, name, 0, 0)
  if (key == 0) return 0
  const type = openStay(TYPE_BYTES)
  store<u32>(key, <u32>type, 12)
  return type
}
