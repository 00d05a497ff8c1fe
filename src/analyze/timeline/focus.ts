/**
 * --focus and --ignore, as go tool pprof has them: a cell is kept when something in it matches. Matched are the start
 * function, the reason, and each function and file of the stack.
 * Enters: cells. Leaves: those kept; and the fields of the timeline's data that follow from them.
 */
import type { TimelineData, TimelineFocus, TimelineGroup, TimelineWait } from '../../model/timeline.ts'
import type { TraceTables } from '../../model/trace.ts'
import type { SiteRow, StateTimes, TraceAccount } from '../../model/trace-account.ts'
import type { TimeCell } from './cells.ts'

export type FocusPatterns = { readonly focus?: RegExp; readonly ignore?: RegExp }

export function keepCells(cells: readonly TimeCell[], tables: TraceTables, patterns: FocusPatterns): TimeCell[] {
  return keepRows(cells, tables, patterns)
}

type Matchable = Pick<TimeCell, 'startFunction' | 'reason' | 'stack'>

/** The same for rows of any kind that have a start function, a reason and a stack. */
export function keepRows<T extends Matchable>(
  rows: readonly T[],
  tables: TraceTables,
  { focus, ignore }: FocusPatterns,
): T[] {
  const isWanted = focus === undefined ? () => true : matchCells(focus, tables)
  const isIgnored = ignore === undefined ? () => false : matchCells(ignore, tables)
  return rows.filter((row) => isWanted(row) && !isIgnored(row))
}

function matchCells(pattern: RegExp, tables: TraceTables): (cell: Matchable) => boolean {
  const strings = new Map<string, boolean>()
  const stacks = new Map<number, boolean>()
  const matches = (text: string): boolean => {
    let known = strings.get(text)
    if (known === undefined) {
      known = pattern.test(text)
      strings.set(text, known)
    }
    return known
  }
  const matchesStack = (stack: number): boolean => {
    const { stackStart, stackFrames, frameFunctions, frameFiles } = tables
    const end = stackStart[stack + 1] ?? 0
    for (let at = stackStart[stack] ?? end; at < end; at++) {
      const frame = stackFrames[at] ?? 0
      if (matches(tables.strings[frameFunctions[frame] ?? 0] ?? '')) return true
      if (matches(tables.strings[frameFiles[frame] ?? 0] ?? '')) return true
    }
    return false
  }
  return ({ startFunction, reason, stack }) => {
    if (matches(startFunction) || (reason !== '' && matches(reason))) return true
    if (stack === 0) return false
    let known = stacks.get(stack)
    if (known === undefined) {
      known = matchesStack(stack)
      stacks.set(stack, known)
    }
    return known
  }
}

/** What of the data is about the kept part only. Goroutines of a group are counted whole where any of it is kept. */
export function focusData(
  account: TraceAccount,
  all: readonly TimeCell[],
  kept: readonly TimeCell[],
  { focus, ignore }: FocusPatterns,
): Pick<TimelineData, 'totals' | 'waiting' | 'groups' | 'blind'> & { readonly focus: TimelineFocus } {
  const totals = addStates(kept)
  const waiting = listWaits(account, kept)
  const blindNs = sum(waiting, (row) => (row.blind ? row.ns : 0))
  const unknownNs = sum(waiting, (row) => (row.blind || row.waitKind !== undefined ? 0 : row.ns))
  const keptNs = sum(kept, (cell) => cell.ns)
  const ofNs = sum(all, (cell) => cell.ns)
  return {
    totals,
    waiting,
    groups: listGroups(account, kept),
    blind: {
      waitingNs: totals.waitingNs,
      blindNs,
      unknownNs,
      blindRatio: totals.waitingNs > 0 ? blindNs / totals.waitingNs : 0,
    },
    focus: {
      ...(focus === undefined ? {} : { focus: focus.source }),
      ...(ignore === undefined ? {} : { ignore: ignore.source }),
      keptNs,
      ofNs,
      keptRatio: ofNs > 0 ? keptNs / ofNs : 0,
    },
  }
}

export function addStates(cells: readonly TimeCell[]): StateTimes {
  const of = (state: string) => sum(cells, (cell) => (cell.state === state ? cell.ns : 0))
  return { runningNs: of('running'), runnableNs: of('runnable'), waitingNs: of('waiting'), syscallNs: of('syscall') }
}

function listWaits(account: TraceAccount, cells: readonly TimeCell[]): TimelineWait[] {
  const sites = cells.flatMap(({ state, site }) => (state === 'waiting' && site !== undefined ? [site] : []))
  const rows = Map.groupBy(sites, (site) => [site.reason, site.waitClass, site.waitKind ?? '', site.blind].join('\n'))
  return [...rows.values()].map((same) => describeWait(account, same)).sort((a, b) => b.ns - a.ns)
}

function describeWait(account: TraceAccount, same: readonly SiteRow[]): TimelineWait {
  const [{ reason, waitClass, waitKind, recordedBy, blind }] = same as [SiteRow]
  const { goroutine, startNs, ns } = longestOf(same)
  return {
    blockReason: reason,
    waitClass,
    ...(waitKind === undefined ? {} : { waitKind }),
    ns: sum(same, (site) => site.ns),
    count: sum(same, (site) => site.count),
    recordedBy,
    blind,
    openCount: sum(same, (site) => site.openCount),
    openNs: sum(same, (site) => site.openNs),
    olderCount: sum(same, (site) => site.olderCount),
    maxNs: ns,
    ...account.quantilesOf?.(same),
    longest: { goroutine, startNs, ns },
  }
}

function listGroups(account: TraceAccount, cells: readonly TimeCell[]): TimelineGroup[] {
  const byStart = Map.groupBy(cells, ({ startFunction }) => startFunction)
  return account.groups.flatMap((group): TimelineGroup[] => {
    const own = group.isSystem ? undefined : byStart.get(group.startFunction)
    if (own === undefined) return []
    const isWhole = own.some(({ state }) => state === 'running') || group.runningNs === 0
    return [
      {
        startFunction: group.startFunction,
        system: false,
        count: group.count,
        ...addStates(own),
        assistNs: isWhole ? group.assistNs : 0,
        waiting: listWaits(account, own),
        creators: [...Map.groupBy(own, ({ creator }) => creator)].map(([creator, same]) => ({
          function: creator,
          count: group.creators.find((one) => one.function === creator)?.count ?? 0,
          ...addStates(same),
        })),
      },
    ]
  })
}

export function longestOf(sites: readonly SiteRow[]): SiteRow['longest'] {
  return sites.reduce((most, { longest }) => (longest.ns > most.ns ? longest : most), (sites[0] as SiteRow).longest)
}

export function sum<T>(rows: readonly T[], read: (row: T) => number): number {
  return rows.reduce((total, row) => total + read(row), 0)
}
