/**
 * The door of the Perfetto export: stays of an execution trace in, the bytes of a Perfetto trace out, block by block, in
 * the protobuf format that the Perfetto UI and trace_processor open. Memory: live goroutines, open ranges, which texts and
 * stacks were written, one block; never the trace.
 * A slice is written when it has ended, so packets are not in order of time; Perfetto sorts them.
 */
import type { NamedInterval, StayExport, StayExportOptions } from '../../model/trace-export/trace-export.ts'
import { eventTypes } from './fields.ts'
import { openGoroutineSlices } from './goroutines.ts'
import { openPacketWriter } from './packets.ts'
import { openSystemSlices } from './system-slices.ts'
import { DEFAULT_OWN_TRACKS, openTracks } from './tracks.ts'
import { openUserSlices } from './user-slices.ts'
import { clipTime, isWithin } from './window.ts'

export function openPerfettoExport(options: StayExportOptions): StayExport {
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
