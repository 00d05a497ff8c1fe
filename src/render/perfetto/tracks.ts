/**
 * The tracks of the export, as gotraceui and `go tool trace` lay them out: processors, the collector, counters, user
 * tasks, goroutines below the function that they started with, the runtime's own apart. A track is described when it is
 * first used. Beyond MAX_OWN_TRACKS goroutines further ones share lanes of their group, one at a time, each under a slice
 * with its id: a timeline of millions of rows is of use to nobody, and memory is bounded.
 */
import { childOrderings, counterUnits, eventTypes } from './fields.ts'
import type { PacketWriter } from './packets.ts'

export const DEFAULT_OWN_TRACKS = 20_000
const MAX_RANK = 2 ** 31 - 1
const LANES_LOOKED_AT = 8

export type GoroutineTrack = {
  readonly uuid: number
  readonly goroutine: number
  /** Set where the track is a lane: the slice that names the goroutine is open since then. */
  readonly lane?: Lane
  /** Tracks below it, by name; made when used. */
  readonly below: Map<string, number>
}

type Lane = { readonly uuid: number; readonly group: Group; readonly below: Map<string, number>; freeFromNs: number }
/** `lanes`: those that are free. */
type Group = { readonly uuid: number; readonly lanes: Lane[]; laneCount: number }

export type CounterName =
  | 'heap'
  | 'heap goal'
  | 'goroutines running'
  | 'goroutines runnable'
  | 'goroutines waiting'
  | 'goroutines in system calls'
  | 'processors held'
  | 'GOMAXPROCS'

export type Tracks = {
  readonly count: number
  /** Goroutines that share lanes. */
  readonly sharing: number
  /** `timeNs`: from when on it is used. */
  goroutine(id: number, startFunction: string, timeNs: number): GoroutineTrack
  /** The track of a goroutine that was used before. */
  known(id: number): GoroutineTrack | undefined
  below(track: GoroutineTrack, name: string): number
  release(id: number, endNs: number): void
  releaseAll(endNs: number): void
  processor(index: number): number
  belowProcessor(index: number, name: string): number
  collector(name: string): number
  counter(name: CounterName): number
  takeTask(name: string): number
  giveTask(name: string, lane: number): void
  span(goroutine: number, lane: number): number
}

export function openTracks(writer: PacketWriter, title: string, maxOwn: number = DEFAULT_OWN_TRACKS): Tracks {
  const state = { next: 1, sharing: 0, own: 0 }
  const known = new Map<string, number>()
  const groups = new Map<string, Group>()
  const goroutines = new Map<number, GoroutineTrack>()
  const taskLanes = new Map<string, number[]>()

  /** A track that there is one of, by its key. */
  function once(key: string, describe: (uuid: number) => void): number {
    const before = known.get(key)
    if (before !== undefined) return before
    const uuid = state.next++
    known.set(key, uuid)
    describe(uuid)
    return uuid
  }

  function root(): number {
    return once('root', (uuid) => writer.describe({ uuid, name: title, ordering: childOrderings.explicit }))
  }

  function section(name: string, rank: number, ordering: number): number {
    return once(`section ${name}`, (uuid) => writer.describe({ uuid, name, parent: root(), rank, ordering }))
  }

  function processor(index: number): number {
    const parent = section('Processors', 1, childOrderings.explicit)
    return once(`P${index}`, (uuid) =>
      writer.describe({ uuid, name: `P${index}`, parent, rank: index, ordering: childOrderings.explicit }),
    )
  }

  function groupOf(startFunction: string): Group {
    const before = groups.get(startFunction)
    if (before !== undefined) return before
    const parent = isSystem(startFunction)
      ? section('System goroutines', 6, childOrderings.lexicographic)
      : section('Goroutines', 5, childOrderings.lexicographic)
    const uuid = state.next++
    const name = startFunction === '' ? '(start function not seen)' : startFunction
    writer.describe({ uuid, name, parent, ordering: childOrderings.explicit })
    const group: Group = { uuid, lanes: [], laneCount: 0 }
    groups.set(startFunction, group)
    return group
  }

  function openOwn(id: number, startFunction: string): GoroutineTrack {
    const group = groupOf(startFunction)
    const uuid = state.next++
    state.own++
    const name = startFunction === '' ? `goroutine ${id}` : `goroutine ${id} ${startFunction}`
    writer.describe({ uuid, name, parent: group.uuid, rank: Math.min(id, MAX_RANK), ordering: childOrderings.explicit })
    return { uuid, goroutine: id, below: new Map() }
  }

  function openShared(id: number, startFunction: string, timeNs: number): GoroutineTrack {
    const group = groupOf(startFunction)
    state.sharing++
    const lane = takeLane(group, timeNs)
    writer.open(eventTypes.sliceBegin, lane.uuid)
    writer.category('goroutine')
    writer.nameOnce(`goroutine ${id}`)
    writer.note('goroutine', id)
    writer.send(timeNs)
    lane.freeFromNs = timeNs
    return { uuid: lane.uuid, goroutine: id, lane, below: lane.below }
  }

  /** Clocks of cores differ: the lane that was freed last may be free a little later than now. */
  function takeLane(group: Group, timeNs: number): Lane {
    const { lanes } = group
    for (let at = lanes.length - 1; at >= 0 && at >= lanes.length - LANES_LOOKED_AT; at--) {
      const lane = lanes[at]
      if (lane === undefined || lane.freeFromNs > timeNs) continue
      lanes.splice(at, 1)
      return lane
    }
    return makeLane(group)
  }

  function makeLane(group: Group): Lane {
    group.laneCount++
    const uuid = state.next++
    const name = `further goroutines, lane ${group.laneCount}`
    writer.describe({ uuid, name, parent: group.uuid, rank: MAX_RANK, ordering: childOrderings.explicit })
    return { uuid, group, below: new Map(), freeFromNs: 0 }
  }

  function release(id: number, endNs: number): void {
    const track = goroutines.get(id)
    if (track === undefined) return
    goroutines.delete(id)
    if (track.lane === undefined) return
    const { lane } = track
    lane.freeFromNs = Math.max(lane.freeFromNs, endNs)
    writer.end(track.uuid, lane.freeFromNs)
    track.lane.group.lanes.push(track.lane)
  }

  return {
    get count() {
      return state.next - 1
    },
    get sharing() {
      return state.sharing
    },
    goroutine(id, startFunction, timeNs) {
      const before = goroutines.get(id)
      if (before !== undefined) return before
      const track = state.own < maxOwn ? openOwn(id, startFunction) : openShared(id, startFunction, timeNs)
      goroutines.set(id, track)
      return track
    },
    known: (id) => goroutines.get(id),
    below(track, name) {
      const before = track.below.get(name)
      if (before !== undefined) return before
      const uuid = state.next++
      writer.describe({ uuid, name, parent: track.uuid })
      track.below.set(name, uuid)
      return uuid
    },
    release,
    releaseAll(endNs) {
      for (const id of [...goroutines.keys()]) release(id, endNs)
    },
    processor,
    belowProcessor(index, name) {
      const parent = processor(index)
      return once(`P${index} ${name}`, (uuid) => writer.describe({ uuid, name, parent }))
    },
    collector(name) {
      const parent = section('Garbage collector and stopped world', 2, childOrderings.lexicographic)
      return once(`gc ${name}`, (uuid) => writer.describe({ uuid, name, parent }))
    },
    counter(name) {
      const parent = section('Counters', 3, childOrderings.lexicographic)
      const counterUnit = name.startsWith('heap') ? counterUnits.sizeBytes : counterUnits.count
      return once(`counter ${name}`, (uuid) => writer.describe({ uuid, name, parent, counterUnit }))
    },
    takeTask(name) {
      const free = taskLanes.get(name)?.pop()
      if (free !== undefined) return free
      const parent = section('User tasks', 4, childOrderings.lexicographic)
      const uuid = state.next++
      writer.describe({ uuid, name: name === '' ? '(name not seen)' : name, parent, mergesByName: true })
      return uuid
    },
    giveTask(name, lane) {
      const lanes = taskLanes.get(name)
      if (lanes === undefined) taskLanes.set(name, [lane])
      else lanes.push(lane)
    },
    span(goroutine, lane) {
      const parent = section('Spans', 0, childOrderings.explicit)
      const name = `spans on goroutine ${goroutine}`
      return once(`span ${goroutine} ${lane}`, (uuid) =>
        writer.describe({ uuid, name, parent, rank: Math.min(goroutine, MAX_RANK), mergesByName: true }),
      )
    },
  }
}

function isSystem(startFunction: string): boolean {
  return startFunction !== 'runtime.main' && startFunction.startsWith('runtime.')
}
