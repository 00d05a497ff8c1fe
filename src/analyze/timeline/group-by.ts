/**
 * --group-by: the time of the program's goroutines by any of start function, creator, state, reason, class and stack.
 * Enters: cells of the account. Leaves: rows, largest first, that add up to what the cells do.
 * A reason or class without its state would mix system calls with running time: the state is then a key too.
 */
import type {
  TimelineGroupedRow,
  TimelineGrouping,
  TimelineGroupKey,
  TimelineState,
  TimelineStays,
} from '../../model/timeline.ts'
import type { TraceTables } from '../../model/trace.ts'
import type { TraceAccount } from '../../model/trace-account.ts'
import { framesOf, type TimeCell } from './cells.ts'
import { addStates, longestOf, sum } from './focus.ts'

const DEFAULT_ROWS = 1000

type KeyReader = {
  readonly read: (cell: TimeCell, placeOf: (stack: number) => number) => string | number
  readonly show: (cell: TimeCell, tables: TraceTables) => Partial<TimelineGroupedRow>
}

const keyReaders: Readonly<Record<TimelineGroupKey, KeyReader>> = {
  start: { read: (cell) => cell.startFunction, show: ({ startFunction }) => ({ startFunction }) },
  creator: { read: (cell) => cell.creator, show: ({ creator }) => ({ creator }) },
  state: { read: (cell) => cell.state, show: ({ state }) => ({ state }) },
  // Waits that the trace gives no reason for are kept apart by what their stacks say.
  reason: {
    read: ({ state, reason, waitClass }) => `${state} ${reason}${reason === '' ? ` ${waitClass ?? ''}` : ''}`,
    show: ({ state, reason, waitClass }) => ({
      state,
      reason,
      ...(reason !== '' || waitClass === undefined ? {} : { waitClass }),
    }),
  },
  class: {
    read: (cell) => `${cell.state} ${cell.waitClass ?? ''}`,
    show: ({ state, waitClass }) => ({ state, ...(waitClass === undefined ? {} : { waitClass }) }),
  },
  stack: {
    read: ({ stack }, placeOf) => placeOf(stack),
    show: ({ stack }, tables) => ({ stack: framesOf(stack, tables) }),
  },
}

const stateWords = ['running', 'runnable', 'waiting', 'syscall'] as const satisfies readonly TimelineState[]

/** `top`: how many rows at most. */
export function groupCells(
  cells: readonly TimeCell[],
  by: readonly TimelineGroupKey[],
  context: { readonly account: TraceAccount; readonly tables: TraceTables; readonly top?: number },
): TimelineGrouping {
  const { account, tables, top = DEFAULT_ROWS } = context
  const readers = by.map((key) => keyReaders[key])
  const placeOf = openPlaces(tables)
  const ns = sum(cells, (cell) => cell.ns)
  const found = [...Map.groupBy(cells, (cell) => readers.map(({ read }) => read(cell, placeOf)).join('\n')).values()]
  const ranked = found
    .map((same) => ({ same, ns: sum(same, (cell) => cell.ns) }))
    .sort((left, right) => right.ns - left.ns)
  const rows = ranked.slice(0, top).map(({ same, ns: own }): TimelineGroupedRow => {
    const most = same.reduce((first, cell) => (cell.ns > first.ns ? cell : first), same[0] as TimeCell)
    const shown = readers.map(({ show }) => show(most, tables))
    return {
      ...Object.assign({}, ...shown),
      ns: own,
      shareRatio: ns > 0 ? own / ns : 0,
      ...addStates(same),
      blindNs: sum(same, ({ state, site, ns: one }) => (state === 'waiting' && site?.blind === true ? one : 0)),
      states: stateWords.flatMap((state) => describeStays(state, same, account)).sort((a, b) => b.ns - a.ns),
    }
  })
  return { by, ns, rowCount: ranked.length, rows }
}

/** The runtime's own way into a wait: a stack told by a status has more of it than one told by the wait's event. */
const intoWait = /^runtime\.|\.runtime_|^internal\/poll\.\(\*pollDesc\)\./

/** Stacks as places: the same for all that wait in the same function and line, however much of the runtime they show. */
function openPlaces(tables: TraceTables): (stack: number) => number {
  const places = new Map<string, number>()
  const known = new Map<number, number>([[0, 0]])
  return (stack) => {
    let place = known.get(stack)
    if (place === undefined) {
      const frames = framesOf(stack, tables)
      const own = frames.findIndex((frame) => !intoWait.test(frame.function))
      const key = frames
        .slice(Math.max(own, 0))
        .map((frame) => `${frame.function}:${frame.line}`)
        .join('\n')
      place = places.get(key) ?? places.size + 1
      places.set(key, place)
      known.set(stack, place)
    }
    return place
  }
}

function describeStays(state: TimelineState, cells: readonly TimeCell[], account: TraceAccount): TimelineStays[] {
  const own = cells.filter((cell) => cell.state === state)
  if (own.length === 0) return []
  const ns = sum(own, (cell) => cell.ns)
  const sites = own.flatMap(({ site }) => site ?? [])
  if (sites.length === 0) return [{ state, ns }]
  const { goroutine, startNs, ns: maxNs } = longestOf(sites)
  return [
    {
      state,
      ns,
      count: sum(sites, (site) => site.count),
      openCount: sum(sites, (site) => site.openCount),
      maxNs,
      // Quantiles of some of the stays would not be those of all.
      ...(sites.length === own.length ? account.quantilesOf?.(sites) : undefined),
      longest: { goroutine, startNs, ns: maxNs },
    },
  ]
}
