/**
 * Reads from an execution trace whether given goroutines moved while it was on.
 * Enters: the bytes of a trace (v2) and the goroutine ids that a dump knows. Leaves: TraceActivity and issues.
 * Needs no ordering across threads: a start or an unblock names its goroutine, an end is of the goroutine that its
 * thread's earlier event started. Memory is bounded by the ids asked for. State times are not its business.
 */
import { ByteCursor, CursorFault } from '../../base/byte-cursor.ts'
import type { Fault } from '../../base/errors.ts'
import { ok, type Result } from '../../base/result.ts'
import { type Decoded, type Issue, openIssueLog } from '../../model/issue.ts'
import type { TraceActivity } from '../../model/trace-activity.ts'
import { structural, timedEvents } from './events.ts'
import { indexBatches, type TraceBatch } from './framing.ts'

/** Arguments after the time delta, by event id; 255 = no such timed event. */
const argCounts = new Uint8Array(256).fill(255)
for (const row of timedEvents) argCounts[row.id] = row.args.length

/** What an event says of a goroutine: 1 named, 2 moved. Those whose first argument is the goroutine. */
const NAMED = 1
const MOVED = 2
const touches = new Uint8Array(256)
for (const { id, name } of timedEvents) {
  if (name === 'GoStatus' || name === 'GoStatusStack') touches[id] = NAMED
  if (/^Go(Start|Unblock|Switch|SwitchDestroy|CreateBlocked|Create|CreateSyscall)$/.test(name)) touches[id] = MOVED
}

const GO_START = 16
const GO_DESTROY = 17
const GO_DESTROY_SYSCALL = 18
const GO_SYSCALL_BEGIN = 22
const GO_STATUS = 25
const GO_SWITCH = 45
const GO_SWITCH_DESTROY = 46
const GO_STATUS_STACK = 48
const STATUS_RUNNING = 2
const STATUS_SYSCALL = 3

type Tally = {
  readonly rowOf: ReadonlyMap<number, number>
  readonly seen: Uint8Array
  readonly moves: Uint32Array
  readonly ended: Uint8Array
  /** Goroutine that each thread runs, as far as its events so far tell. */
  readonly running: Map<number, number>
  firstTicks: number
  lastTicks: number
  ticksPerSecond: number
}

export function readTraceActivity(
  bytes: Uint8Array,
  goroutineIds: Float64Array,
): Result<Decoded<TraceActivity>, Fault> {
  const framing = indexBatches(bytes)
  if (!framing.ok) return framing
  const issues = openIssueLog()
  const { format, batches, stopped } = framing.value
  if (stopped !== undefined) {
    issues.add('SL_DECODE_TRUNCATED', `the execution trace cannot be read past a point: ${stopped.why}`, {
      at: { offset: stopped.offset },
    })
  }
  const tally: Tally = {
    rowOf: new Map(Array.from(goroutineIds, (id, row) => [id, row])),
    seen: new Uint8Array(goroutineIds.length),
    moves: new Uint32Array(goroutineIds.length),
    ended: new Uint8Array(goroutineIds.length),
    running: new Map(),
    firstTicks: Number.POSITIVE_INFINITY,
    lastTicks: 0,
    ticksPerSecond: 0,
  }
  let damaged = 0
  let generation = 0
  for (const batch of batches) {
    if (batch.isExperimental) continue
    if (batch.generation !== generation) tally.running.clear()
    generation = batch.generation
    const damage = readBatch(bytes, batch, tally)
    if (damage === undefined) continue
    damaged += 1
    issues.add('SL_DECODE_MALFORMED', `a batch of the execution trace is damaged: ${damage.message}`, {
      at: { offset: damage.offset },
    })
  }
  const ticks = tally.lastTicks - tally.firstTicks
  const hasClock = tally.ticksPerSecond > 0 && ticks >= 0
  return ok({
    value: {
      format,
      ...(hasClock ? { durationNs: Math.round((ticks * 1e9) / tally.ticksPerSecond) } : {}),
      isComplete: stopped === undefined && damaged === 0,
      goroutineIds,
      seen: tally.seen,
      moves: tally.moves,
      ended: tally.ended,
    },
    issues: issues.list() as readonly Issue[],
  })
}

function readBatch(bytes: Uint8Array, batch: TraceBatch, tally: Tally): CursorFault | undefined {
  const cursor = new ByteCursor(bytes, batch.start, batch.end)
  try {
    const first = bytes[batch.start]
    if (first === structural.sync || first === structural.frequency) readSync(cursor, tally)
    else if (first !== undefined && argCounts[first] !== 255) readTimed(cursor, batch, tally)
    return undefined
  } catch (thrown) {
    if (thrown instanceof CursorFault) return thrown
    throw thrown
  }
}

function readSync(cursor: ByteCursor, tally: Tally): void {
  let type = cursor.readByte()
  if (type === structural.sync) type = cursor.readByte()
  if (type === structural.frequency) tally.ticksPerSecond = cursor.readVarint()
}

function readTimed(cursor: ByteCursor, batch: TraceBatch, tally: Tally): void {
  let ticks = batch.baseTicks
  while (!cursor.isAtEnd) {
    const offset = cursor.at
    const type = cursor.readByte()
    const count = argCounts[type] as number
    if (count === 255) throw new CursorFault('malformed', offset, `event ${type} is not known`)
    ticks += cursor.readVarint()
    const first = count > 0 ? cursor.readVarint() : 0
    const second = count > 1 ? cursor.readVarint() : 0
    const third = count > 2 ? cursor.readVarint() : 0
    for (let rest = 3; rest < count; rest++) cursor.readVarint()
    note(tally, batch.thread, type, first, second, third)
  }
  if (batch.baseTicks < tally.firstTicks) tally.firstTicks = batch.baseTicks
  if (ticks > tally.lastTicks) tally.lastTicks = ticks
}

function note(tally: Tally, thread: number, type: number, first: number, second: number, third: number): void {
  const touch = touches[type] as number
  if (touch !== 0) {
    const row = tally.rowOf.get(first)
    if (row !== undefined) {
      tally.seen[row] = 1
      if (touch === MOVED) tally.moves[row] = (tally.moves[row] as number) + 1
    }
  }
  switch (type) {
    case GO_START:
      tally.running.set(thread, first)
      return
    case GO_STATUS:
    case GO_STATUS_STACK:
      if (third === STATUS_RUNNING || third === STATUS_SYSCALL) tally.running.set(second, first)
      return
    case GO_SYSCALL_BEGIN:
      countMove(tally, thread)
      return
    case GO_SWITCH:
    case GO_SWITCH_DESTROY:
      if (type === GO_SWITCH_DESTROY) end(tally, thread)
      tally.running.set(thread, first)
      return
    case GO_DESTROY:
    case GO_DESTROY_SYSCALL:
      end(tally, thread)
      return
  }
}

function countMove(tally: Tally, thread: number): void {
  const row = rowOn(tally, thread)
  if (row !== undefined) tally.moves[row] = (tally.moves[row] as number) + 1
}

function end(tally: Tally, thread: number): void {
  const row = rowOn(tally, thread)
  if (row !== undefined) tally.ended[row] = 1
  tally.running.delete(thread)
}

function rowOn(tally: Tally, thread: number): number | undefined {
  const goroutine = tally.running.get(thread)
  return goroutine === undefined ? undefined : tally.rowOf.get(goroutine)
}
