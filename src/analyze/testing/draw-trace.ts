/**
 * Goroutine timelines drawn in text, for tests: one line per goroutine, one letter per tick.
 * `R` running, `r` runnable, `S` in a system call, `.` not there; any other letter waits, for the reason that `reasons`
 * gives it (`W`: chan receive). A line that begins with a state was there before the trace; else it is created by the
 * goroutine that runs then. Each goroutine has a thread and a processor of its own, so a picture needs no scheduler.
 */

import type { TraceChunk, TraceTables } from '../../model/trace.ts'
import { traceKinds as kind, wireGoroutineStatus } from '../../model/trace-kinds.ts'

export type DrawnRow = {
  readonly timeNs: number
  readonly kind: number
  readonly goroutine?: number
  readonly processor?: number
  readonly generation?: number
  readonly args?: readonly number[]
}

export type DrawOptions = {
  readonly tickNs?: number
  /** Letter → block reason. */
  readonly reasons?: Readonly<Record<string, string>>
  /** Goroutine → start function; default `main.g<id>`. */
  readonly starts?: Readonly<Record<number, string>>
  /** Letter → functions of the stack with which it is entered, leaf first, above the start function. */
  readonly stacks?: Readonly<Record<string, readonly string[]>>
  /** Further rows, put in by time after those drawn. */
  readonly rows?: (tables: DrawnTables) => readonly DrawnRow[]
}

export type DrawnTables = TraceTables & {
  string(text: string): number
  stack(...functions: readonly string[]): number
}

export type DrawnTrace = { readonly tables: DrawnTables; readonly rows: DrawnRow[]; readonly durationNs: number }

export function openTables(): DrawnTables {
  const strings = ['']
  const stackStart = [0, 0]
  const stackFrames: number[] = []
  const frameFunctions = [0]
  const byText = new Map<string, number>([['', 0]])
  const byStack = new Map<string, number>()
  const byFunction = new Map<number, number>()
  function string(text: string): number {
    const known = byText.get(text)
    if (known !== undefined) return known
    byText.set(text, strings.push(text) - 1)
    return strings.length - 1
  }
  function frame(name: string): number {
    const id = string(name)
    const known = byFunction.get(id)
    if (known !== undefined) return known
    byFunction.set(id, frameFunctions.push(id) - 1)
    return frameFunctions.length - 1
  }
  function stack(...functions: readonly string[]): number {
    if (functions.length === 0) return 0
    const key = functions.join('\n')
    const known = byStack.get(key)
    if (known !== undefined) return known
    for (const name of functions) stackFrames.push(frame(name))
    const index = stackStart.push(stackFrames.length) - 2
    byStack.set(key, index)
    return index
  }
  return {
    strings,
    stackStart,
    stackFrames,
    frameFunctions,
    frameFiles: [],
    frameLines: [],
    framePcs: [],
    string,
    stack,
  }
}

/** `lines`: `1 RRrrWW`, the goroutine's id before its states. */
export function drawTrace(lines: readonly string[], options: DrawOptions = {}): DrawnTrace {
  const tables = openTables()
  const tickNs = options.tickNs ?? 100
  const reasons = { W: 'chan receive', ...options.reasons }
  const drawn = lines.map((line) => {
    const [id, states] = line.trim().split(/\s+/) as [string, string]
    return { id: Number(id), states, start: options.starts?.[Number(id)] ?? `main.g${id}` }
  })
  const ticks = Math.max(...drawn.map(({ states }) => states.length))
  const rows: DrawnRow[] = []
  const stackOf = (letter: string, start: string) => tables.stack(...(options.stacks?.[letter] ?? []), start)
  for (let tick = 0; tick < ticks; tick++) {
    const timeNs = tick * tickNs
    const at = (states: string, index: number) => states[index] ?? '.'
    const runner = drawn.find(({ states }) => tick > 0 && at(states, tick - 1) === 'R' && at(states, tick) === 'R')
    for (const { id, states, start } of drawn) {
      const before = tick === 0 ? undefined : at(states, tick - 1)
      const after = at(states, tick)
      if (before === after) continue
      const put = (type: number, args: readonly number[] = [], goroutine: number | undefined = id) => {
        rows.push({ timeNs, kind: type, args, processor: id, ...(goroutine === undefined ? {} : { goroutine }) })
      }
      if (before === undefined) {
        if (after !== '.') put(kind.GoStatus, [id, 0, statusOf(after)], 0)
        continue
      }
      if (before === '.') {
        put(kind.GoCreate, [id, tables.stack(start), tables.stack(`main.make${runner?.id ?? ''}`)], runner?.id ?? 0)
      } else if (isWait(before)) put(kind.GoUnblock, [id, 0, 0], runner?.id ?? 0)
      else if (before === 'S') put(after === 'r' ? kind.GoSyscallEndBlocked : kind.GoSyscallEnd)
      const isRunnable = before === '.' || before === 'r' || isWait(before)
      if (isRunnable && after !== 'r') put(kind.GoStart, [id, 0], 0)
      const isRunning = before !== 'S' || after !== 'r'
      if (after === 'r' && before === 'R') put(kind.GoStop, [tables.string('preempted'), stackOf('r', start)])
      else if (after === 'S') put(kind.GoSyscallBegin, [0, stackOf('S', start)])
      else if (after === '.') put(kind.GoDestroy)
      else if (isWait(after) && isRunning) {
        put(kind.GoBlock, [tables.string(reasons[after as 'W'] ?? ''), stackOf(after, start)])
      }
    }
  }
  const more = options.rows?.(tables) ?? []
  const all = [...rows, ...more].map((row, order) => ({ row, order }))
  all.sort((a, b) => a.row.timeNs - b.row.timeNs || a.order - b.order)
  return { tables, rows: all.map(({ row }) => row), durationNs: ticks * tickNs }
}

/** Rows as chunks of at most `most` rows, one at a time; the arrays are reused, as a reader's are. */
export function* chunkRows(rows: readonly DrawnRow[], most = 65_536): Generator<TraceChunk> {
  const chunk = {
    rowCount: 0,
    kinds: new Uint8Array(most),
    timesNs: new Float64Array(most),
    threads: new Float64Array(most),
    processorsPlusOne: new Uint32Array(most),
    goroutines: new Float64Array(most),
    arg0: new Float64Array(most),
    arg1: new Float64Array(most),
    arg2: new Float64Array(most),
    arg3: new Float64Array(most),
    generations: new Uint32Array(most),
  }
  for (let from = 0; from < rows.length; from += most) {
    const part = rows.slice(from, from + most)
    chunk.rowCount = part.length
    for (const [at, row] of part.entries()) {
      chunk.kinds[at] = row.kind
      chunk.timesNs[at] = row.timeNs
      chunk.threads[at] = row.processor ?? 0
      chunk.processorsPlusOne[at] = (row.processor ?? -1) + 1
      chunk.goroutines[at] = row.goroutine ?? 0
      chunk.arg0[at] = row.args?.[0] ?? 0
      chunk.arg1[at] = row.args?.[1] ?? 0
      chunk.arg2[at] = row.args?.[2] ?? 0
      chunk.arg3[at] = row.args?.[3] ?? 0
      chunk.generations[at] = row.generation ?? 1
    }
    yield chunk
  }
}

function isWait(letter: string): boolean {
  return letter !== 'R' && letter !== 'r' && letter !== 'S' && letter !== '.'
}

function statusOf(letter: string): number {
  if (letter === 'R') return wireGoroutineStatus.running
  if (letter === 'r') return wireGoroutineStatus.runnable
  return letter === 'S' ? wireGoroutineStatus.syscall : wireGoroutineStatus.waiting
}
