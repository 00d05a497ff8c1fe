/**
 * The door of the Perfetto export: stays of an execution trace in, the bytes of a Perfetto trace out, block by block, in
 * the protobuf format that the Perfetto UI and trace_processor open. Memory: live goroutines, open ranges, which texts and
 * stacks were written, one block; never the trace.
 * A slice is written when it has ended, so packets are not in order of time; Perfetto sorts them.
 */
import type { TraceStayListener } from '../../model/trace-stays.ts'
import { eventTypes } from './fields.ts'
import { openGoroutineSlices } from './goroutines.ts'
import { openPacketWriter } from './packets.ts'
import { openSystemSlices } from './system-slices.ts'
import { DEFAULT_OWN_TRACKS, openTracks } from './tracks.ts'
import { openUserSlices } from './user-slices.ts'
import { clipTime, isWithin } from './window.ts'

export type PerfettoOptions = {
  /** Takes a block, which holds only until it returns; false: no more is wanted. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly title?: string
  /** Only what lies between the two. */
  readonly fromNs?: number
  readonly toNs?: number
  /** Only this goroutine, with who woke it and whom it woke. */
  readonly goroutine?: number
  /** Goroutines with a track of their own; further ones share lanes. */
  readonly maxGoroutineTracks?: number
}

/** A named interval on a goroutine: a span of a distributed trace, as joined. */
export type NamedInterval = {
  readonly goroutine: number
  readonly name: string
  readonly startNs: number
  readonly endNs: number
  /** Shown with it: ids, confidence, attributes. */
  readonly notes?: Readonly<Record<string, string | number | boolean>>
}

export type PerfettoSummary = {
  readonly sizeBytes: number
  readonly packets: number
  readonly slices: number
  readonly flows: number
  readonly tasks: number
  readonly regions: number
  readonly logs: number
  readonly cpuSamples: number
  readonly tracks: number
  /** Goroutines that share lanes: beyond the limit of tracks. */
  readonly goroutinesInLanes: number
}

export type PerfettoExport = {
  readonly listener: TraceStayListener
  readonly isWanted: () => boolean
  /** Once, after the listener's onFinish; intervals that overlap without nesting get lanes of their own. */
  finish(intervals?: readonly NamedInterval[]): PerfettoSummary
}

export function openPerfettoExport(options: PerfettoOptions): PerfettoExport {
  const window = { fromNs: options.fromNs ?? 0, toNs: options.toNs ?? Number.POSITIVE_INFINITY }
  const writer = openPacketWriter(options.write)
  const tracks = openTracks(
    writer,
    options.title ?? 'Go execution trace',
    options.maxGoroutineTracks ?? DEFAULT_OWN_TRACKS,
  )
  const goroutines = openGoroutineSlices(writer, tracks, window, options.goroutine)
  const users = openUserSlices(writer, tracks, window, options.goroutine)
  const system = openSystemSlices(writer, tracks, window, options.goroutine)
  const state = { hasBegun: false, endNs: 0, intervals: 0 }

  function begin(snapshot?: { traceNs: number; unixNs: bigint; monotonicNs: number }): void {
    if (state.hasBegun) return
    state.hasBegun = true
    writer.begin(snapshot)
  }

  function addInterval(interval: NamedInterval, lane: number): void {
    const { goroutine, name, startNs, endNs, notes } = interval
    const track = tracks.span(goroutine, lane)
    state.intervals++
    writer.open(eventTypes.sliceBegin, track)
    writer.category('span')
    writer.name(name)
    writer.note('goroutine', goroutine)
    for (const [key, value] of Object.entries(notes ?? {})) {
      if (typeof value === 'string') writer.noteOnce(key, value)
      else writer.note(key, value)
    }
    writer.send(clipTime(window, startNs))
    writer.end(track, clipTime(window, endNs))
  }

  return {
    isWanted: () => writer.isWanted,
    listener: {
      onGeneration(generation) {
        begin(generation.snapshot)
        if (generation.isRestart) system.restart()
      },
      onStay(stay, tables) {
        begin()
        goroutines.addStay(stay, tables)
      },
      onWake(wake, tables) {
        begin()
        goroutines.addWake(wake, tables)
      },
      onEnd(goroutine, endNs) {
        users.endGoroutine(goroutine, endNs)
        system.endGoroutine(goroutine, endNs)
        tracks.release(goroutine, clipTime(window, endNs))
      },
      onOther(chunk, row, generationStartNs, tables) {
        begin()
        if (!users.add(chunk, row, tables)) system.add(chunk, row, generationStartNs, tables)
      },
      onMoved(timeNs, counts) {
        begin()
        system.addCounts(timeNs, counts)
      },
      onCpuSamples: (samples, tables) => system.addSamples(samples, tables),
      onFinish(endNs) {
        begin()
        users.finish(endNs)
        system.finish(endNs)
        state.endNs = endNs
      },
    },
    finish(intervals = []) {
      const shown = intervals.filter(({ startNs, endNs }) => isWithin(window, startNs, endNs))
      for (const [interval, lane] of layOut(shown)) addInterval(interval, lane)
      tracks.releaseAll(clipTime(window, state.endNs))
      writer.close()
      return {
        sizeBytes: writer.sizeBytes,
        packets: writer.packets,
        slices: goroutines.slices,
        flows: goroutines.flows,
        tasks: users.tasks,
        regions: users.regions,
        logs: users.logs,
        cpuSamples: system.samples,
        tracks: tracks.count,
        goroutinesInLanes: tracks.sharing,
      }
    },
  }
}

/** Intervals of a goroutine in lanes in which none overlaps another; merged by name they are one track with rows. */
function layOut(intervals: readonly NamedInterval[]): [NamedInterval, number][] {
  const sorted = [...intervals].sort((a, b) => a.goroutine - b.goroutine || a.startNs - b.startNs || b.endNs - a.endNs)
  const laid: [NamedInterval, number][] = []
  let ends: number[] = []
  let goroutine = Number.NaN
  for (const interval of sorted) {
    if (interval.goroutine !== goroutine) ends = []
    goroutine = interval.goroutine
    const free = ends.findIndex((endNs) => endNs <= interval.startNs)
    const lane = free === -1 ? ends.length : free
    ends[lane] = interval.endNs
    laid.push([interval, lane])
  }
  return laid
}
