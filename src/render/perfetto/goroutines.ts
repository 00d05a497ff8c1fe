/**
 * Stays on the tracks of goroutines and processors: a slice for each, named by what it is (running, runnable, syscall, or
 * the block reason of the trace), with wait class, cause and stack; wake-ups and creations as instants on the waker's
 * track, tied by a flow to the stay that they began.
 */
import type { TraceTables } from '../../model/trace.ts'
import { runnableCauses } from '../../model/trace-account.ts'
import { stayStates, type TraceStay, type TraceWake } from '../../model/trace-export/trace-stays.ts'
import { classifyBlockReason, type WaitClass } from '../../model/wait-class.ts'
import { eventTypes } from './fields.ts'
import type { PacketWriter } from './packets.ts'
import type { Tracks } from './tracks.ts'
import { clipTime, isWithin, type Window } from './window.ts'

const FRAMES_FOR_CLASS = 40
const MAX_CLASSES = 1 << 16
const { runnable, running, waiting } = stayStates

export type GoroutineSlices = {
  /** Slices written; with those of processors. */
  readonly slices: number
  readonly flows: number
  addStay(stay: TraceStay, tables: TraceTables): void
  addWake(wake: TraceWake, tables: TraceTables): void
}

export function openGoroutineSlices(
  writer: PacketWriter,
  tracks: Tracks,
  window: Window,
  goroutine: number | undefined,
): GoroutineSlices {
  const counts = { slices: 0, flows: 0 }
  /** By processor + 1: where its last slice ended. */
  const processorEndNs: number[] = []
  const classes = openClasses()

  function slice(track: number, stay: TraceStay, startNs: number, endNs: number, tables: TraceTables): void {
    counts.slices++
    writer.open(eventTypes.sliceBegin, track)
    describeStay(writer, stay, tables, classes)
    if (stay.wake !== 0 && stay.startNs >= window.fromNs) writer.flow(stay.wake, true)
    writer.send(startNs)
    writer.end(track, endNs)
  }

  function runOnProcessor(stay: TraceStay, startNs: number, endNs: number, tables: TraceTables): void {
    const lastNs = processorEndNs[stay.processorPlusOne] ?? 0
    // Clocks of cores differ by some ns: what overlaps the run before begins when that ended.
    const from = startNs < lastNs && endNs > lastNs ? lastNs : startNs
    processorEndNs[stay.processorPlusOne] = Math.max(lastNs, endNs)
    const track = tracks.processor(stay.processorPlusOne - 1)
    counts.slices++
    writer.open(eventTypes.sliceBegin, track)
    writer.category('processor')
    writer.name(tables.strings[stay.startFunction] || `goroutine ${stay.goroutine}`)
    writer.note('goroutine', stay.goroutine)
    writer.send(from)
    writer.end(track, endNs)
  }

  return {
    get slices() {
      return counts.slices
    },
    get flows() {
      return counts.flows
    },
    addStay(stay, tables) {
      if (goroutine !== undefined && stay.goroutine !== goroutine) return
      if (!isWithin(window, stay.startNs, stay.endNs)) return
      const startNs = clipTime(window, stay.startNs)
      const endNs = clipTime(window, stay.endNs)
      const { uuid } = tracks.goroutine(stay.goroutine, tables.strings[stay.startFunction] ?? '', startNs)
      slice(uuid, stay, startNs, endNs, tables)
      if (stay.state === running && stay.processorPlusOne !== 0) runOnProcessor(stay, startNs, endNs, tables)
    },
    addWake(wake, tables) {
      if (wake.timeNs < window.fromNs || wake.timeNs > window.toNs) return
      if (wake.isCreation && (goroutine === undefined || wake.woken === goroutine)) {
        // From here on, not from where its first stay is told: lanes are taken and given back in the order of time.
        tracks.goroutine(wake.woken, tables.strings[wake.wokenStartFunction] ?? '', wake.timeNs)
      }
      if (wake.waker === 0) return
      if (goroutine !== undefined && wake.waker !== goroutine && wake.woken !== goroutine) return
      const start = tables.strings[wake.wakerStartFunction] ?? ''
      const { uuid } = tracks.goroutine(wake.waker, start, wake.timeNs)
      counts.flows++
      writer.open(eventTypes.instant, uuid)
      writer.category('wake')
      writer.name(wake.isCreation ? 'go' : 'unblock')
      writer.note('goroutine', wake.woken)
      writer.stack(wake.stack, tables)
      writer.flow(wake.serial, false)
      writer.send(wake.timeNs)
    },
  }
}

const stateNames = { 2: 'runnable', 3: 'running', 4: 'waiting', 5: 'syscall' } as const

function describeStay(writer: PacketWriter, stay: TraceStay, tables: TraceTables, classes: Classes): void {
  const { state } = stay
  writer.category(stateNames[state])
  const reason = tables.strings[stay.reason] ?? ''
  if (state === waiting) {
    writer.name(reason === '' ? 'waiting' : reason)
    writer.note('wait class', stay.isSwitch ? 'coroutine' : classes.of(stay.reason, stay.stack, tables))
  } else writer.name(stateNames[state])
  if (state === runnable) writer.note('cause', runnableCauses[stay.cause] ?? 'other stop')
  if (stay.isOlder) writer.note('began before the trace', true)
  if (stay.isOpen) writer.note('had not ended', true)
  if (state !== running) writer.stack(stay.stack, tables)
}

type Classes = { of(reason: number, stack: number, tables: TraceTables): WaitClass }

function openClasses(): Classes {
  const known = new Map<string, WaitClass>()
  return {
    of(reason, stack, tables) {
      const key = `${reason} ${stack}`
      const before = known.get(key)
      if (before !== undefined) return before
      const found = classifyBlockReason(tables.strings[reason] ?? '', framesOf(stack, tables)).waitClass ?? 'unknown'
      if (known.size < MAX_CLASSES) known.set(key, found)
      return found
    },
  }
}

/** Function names, leaf first. */
function framesOf(stack: number, tables: TraceTables): readonly string[] | undefined {
  if (stack === 0) return undefined
  const start = tables.stackStart[stack] ?? 0
  const end = Math.min(tables.stackStart[stack + 1] ?? start, start + FRAMES_FOR_CLASS)
  const names: string[] = []
  for (let at = start; at < end; at++) {
    names.push(tables.strings[tables.frameFunctions[tables.stackFrames[at] ?? 0] ?? 0] ?? '')
  }
  return names.length === 0 ? undefined : names
}
