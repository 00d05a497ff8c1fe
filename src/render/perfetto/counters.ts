/**
 * Counters of the export, thinned: a value that holds for COUNTER_STEP_NS or longer is written where it began, of shorter
 * ones at most one in that time. The steps of a busy counter are therefore a sample; a quiet one is exact.
 */
import { eventTypes } from './fields.ts'
import type { PacketWriter } from './packets.ts'
import type { CounterName, Tracks } from './tracks.ts'
import type { Window } from './window.ts'

const COUNTER_STEP_NS = 100_000

type Counter = { track: number; value: number; timeNs: number; writtenNs: number; isWritten: boolean }

export type Counters = {
  set(name: CounterName, timeNs: number, value: number): void
  finish(): void
}

export function openCounters(writer: PacketWriter, tracks: Tracks, window: Window): Counters {
  const counters = new Map<CounterName, Counter>()

  function write(name: CounterName, counter: Counter): void {
    counter.isWritten = true
    if (counter.timeNs > window.toNs) return
    const timeNs = Math.max(counter.timeNs, window.fromNs)
    counter.writtenNs = timeNs
    if (counter.track === 0) counter.track = tracks.counter(name)
    writer.open(eventTypes.counter, counter.track)
    writer.counter(counter.value)
    writer.send(timeNs)
  }

  return {
    set(name, timeNs, value) {
      const counter = counters.get(name)
      if (counter === undefined) {
        const first = { track: 0, value, timeNs, writtenNs: Number.NEGATIVE_INFINITY, isWritten: false }
        counters.set(name, first)
        return
      }
      if (counter.value === value) return
      const heldTo = Math.min(timeNs, window.toNs)
      const isLong = heldTo - Math.max(counter.timeNs, window.fromNs) >= COUNTER_STEP_NS
      const isDue = timeNs >= window.fromNs && timeNs - counter.writtenNs >= COUNTER_STEP_NS
      if (!counter.isWritten && (isLong || isDue)) write(name, counter)
      counter.value = value
      counter.timeNs = timeNs
      counter.isWritten = false
    },
    finish() {
      for (const [name, counter] of counters) if (!counter.isWritten) write(name, counter)
    },
  }
}
