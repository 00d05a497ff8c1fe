/**
 * What the runtime does, on tracks: cycles of the collector, stopped worlds by kind, sweeping below its processor, assists
 * below their goroutine; counters of the heap, of goroutines by state and of processors; CPU samples as instants below
 * the processor they were taken on.
 */
import type { TraceChunk, TraceCpuSample, TraceTables } from '../../model/trace.ts'
import { stayStates } from '../../model/trace-export/trace-stays.ts'
import { traceKinds as kind, wireProcessorStatus } from '../../model/trace-kinds.ts'
import { type Counters, openCounters } from './counters.ts'
import { eventTypes } from './fields.ts'
import type { PacketWriter } from './packets.ts'
import type { Tracks } from './tracks.ts'
import { clipTime, isWithin, type Window } from './window.ts'

const MAX_PROCESSORS = 4096
const MAX_OPEN = 1 << 16

type Stop = { readonly kind: string; readonly startNs: number; readonly stack: number }

export type SystemSlices = {
  readonly samples: number
  add(chunk: TraceChunk, row: number, generationStartNs: number, tables: TraceTables): void
  addCounts(timeNs: number, counts: Int32Array): void
  addSamples(samples: readonly TraceCpuSample[], tables: TraceTables): void
  endGoroutine(goroutine: number, endNs: number): void
  /** Damage: what is open is no longer known. */
  restart(): void
  finish(endNs: number): void
}

export function openSystemSlices(
  writer: PacketWriter,
  tracks: Tracks,
  window: Window,
  only: number | undefined,
): SystemSlices {
  const counters: Counters = openCounters(writer, tracks, window)
  const stops = new Map<number, Stop>()
  const sweeps = new Map<number, number>()
  const assists = new Map<number, number>()
  const held = new Set<number>()
  const state = { cycleSince: Number.NaN, samples: 0 }

  function slice(track: number, name: string, startNs: number, endNs: number, note?: () => void): void {
    writer.open(eventTypes.sliceBegin, track)
    writer.category('gc')
    writer.name(name)
    note?.()
    writer.send(clipTime(window, startNs))
    // Sequence overrules the clock: an end may be told for before its begin.
    writer.end(track, clipTime(window, Math.max(startNs, endNs)))
  }

  function endCycle(endNs: number): void {
    const startNs = state.cycleSince
    state.cycleSince = Number.NaN
    if (Number.isNaN(startNs) || !isWithin(window, startNs, endNs)) return
    slice(tracks.collector('GC cycles'), 'GC cycle', startNs, endNs)
  }

  function endStop(goroutine: number, endNs: number, tables: TraceTables): void {
    const stop = stops.get(goroutine)
    stops.delete(goroutine)
    if (stop === undefined || !isWithin(window, stop.startNs, endNs)) return
    slice(tracks.collector('stopped world'), stop.kind || 'stop-the-world', stop.startNs, endNs, () => {
      writer.note('goroutine', goroutine)
      writer.stack(stop.stack, tables)
    })
  }

  function endSweep(chunk: TraceChunk, row: number): void {
    const processor = (chunk.processorsPlusOne[row] as number) - 1
    const startNs = sweeps.get(processor)
    sweeps.delete(processor)
    const endNs = chunk.timesNs[row] as number
    if (startNs === undefined || only !== undefined || !isWithin(window, startNs, endNs)) return
    slice(tracks.belowProcessor(processor, 'sweep'), 'GC sweep', startNs, endNs, () => {
      writer.note('swept bytes', chunk.arg0[row] as number)
      writer.note('reclaimed bytes', chunk.arg1[row] as number)
    })
  }

  function endAssist(goroutine: number, endNs: number): void {
    const startNs = assists.get(goroutine)
    if (startNs === undefined) return
    assists.delete(goroutine)
    if ((only !== undefined && goroutine !== only) || !isWithin(window, startNs, endNs)) return
    const track = tracks.goroutine(goroutine, '', clipTime(window, startNs))
    slice(tracks.below(track, 'GC assist'), 'GC mark assist', startNs, endNs)
  }

  function hold(processor: number, isHeld: boolean, timeNs: number): void {
    if (processor < 0 || processor >= MAX_PROCESSORS) return
    if (isHeld) held.add(processor)
    else held.delete(processor)
    counters.set('processors held', timeNs, held.size)
  }

  function moveProcessor(chunk: TraceChunk, row: number, type: number, timeNs: number): boolean {
    const first = chunk.arg0[row] as number
    if (type === kind.ProcStart) hold(first, true, timeNs)
    else if (type === kind.ProcStop) hold((chunk.processorsPlusOne[row] as number) - 1, false, timeNs)
    else if (type === kind.ProcSteal) hold(first, false, timeNs)
    else if (type === kind.ProcStatus) {
      const status = chunk.arg1[row] as number
      hold(first, status === wireProcessorStatus.running || status === wireProcessorStatus.syscall, timeNs)
    } else if (type === kind.ProcsChange) counters.set('GOMAXPROCS', timeNs, first)
    else return false
    return true
  }

  return {
    get samples() {
      return state.samples
    },
    add(chunk, row, generationStartNs, tables) {
      const type = chunk.kinds[row] as number
      const timeNs = chunk.timesNs[row] as number
      const goroutine = chunk.goroutines[row] as number
      const first = chunk.arg0[row] as number
      if (moveProcessor(chunk, row, type, timeNs)) return
      switch (type) {
        case kind.HeapAlloc:
          counters.set('heap', timeNs, first)
          return
        case kind.HeapGoal:
          counters.set('heap goal', timeNs, first)
          return
        case kind.GCActive:
        case kind.GCBegin:
          if (Number.isNaN(state.cycleSince)) state.cycleSince = type === kind.GCBegin ? timeNs : generationStartNs
          return
        case kind.GCEnd:
          endCycle(timeNs)
          return
        case kind.STWBegin:
          if (stops.has(goroutine)) endStop(goroutine, timeNs, tables)
          if (stops.size < MAX_OPEN)
            stops.set(goroutine, {
              kind: tables.strings[first] ?? '',
              startNs: timeNs,
              stack: chunk.arg1[row] as number,
            })
          return
        case kind.STWEnd:
          endStop(goroutine, timeNs, tables)
          return
        case kind.GCSweepActive:
          if (sweeps.size < MAX_PROCESSORS && !sweeps.has(first)) sweeps.set(first, timeNs)
          return
        case kind.GCSweepBegin: {
          const processor = (chunk.processorsPlusOne[row] as number) - 1
          if (processor >= 0 && sweeps.size < MAX_PROCESSORS && !sweeps.has(processor)) sweeps.set(processor, timeNs)
          return
        }
        case kind.GCSweepEnd:
          endSweep(chunk, row)
          return
        case kind.GCMarkAssistActive:
        case kind.GCMarkAssistBegin: {
          const isTold = type === kind.GCMarkAssistActive
          const id = isTold ? first : goroutine
          if (!assists.has(id) && assists.size < MAX_OPEN) assists.set(id, isTold ? generationStartNs : timeNs)
          return
        }
        case kind.GCMarkAssistEnd:
          endAssist(goroutine, timeNs)
          return
      }
    },
    addCounts(timeNs, counts) {
      counters.set('goroutines running', timeNs, counts[stayStates.running] as number)
      counters.set('goroutines runnable', timeNs, counts[stayStates.runnable] as number)
      counters.set('goroutines waiting', timeNs, counts[stayStates.waiting] as number)
      counters.set('goroutines in system calls', timeNs, counts[stayStates.syscall] as number)
    },
    addSamples(samples, tables) {
      for (const { timeNs, processor, goroutine, stack } of samples) {
        if (timeNs < window.fromNs || timeNs > window.toNs) continue
        if (only !== undefined && goroutine !== only) continue
        const isOn = processor !== undefined && processor < MAX_PROCESSORS
        const track = isOn ? tracks.belowProcessor(processor, 'CPU samples') : tracks.collector('CPU samples elsewhere')
        state.samples++
        writer.open(eventTypes.instant, track)
        writer.category('cpu')
        writer.name('CPU sample')
        if (goroutine !== undefined) writer.note('goroutine', goroutine)
        writer.stack(stack, tables)
        writer.send(timeNs)
      }
    },
    endGoroutine: endAssist,
    restart() {
      state.cycleSince = Number.NaN
      stops.clear()
      sweeps.clear()
      assists.clear()
      held.clear()
    },
    finish(endNs) {
      endCycle(endNs)
      counters.finish()
    },
  }
}
