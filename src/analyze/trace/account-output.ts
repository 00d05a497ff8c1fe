/**
 * From what was counted to the account: sites are summed into wait rows, groups, scheduler causes and totals; names replace
 * indices; lists are cut at their bounds and what was cut is counted.
 * A wait row is one reason, class, kind of the lens table and blindness.
 */
import type {
  CpuSampleAccount,
  DurationStats,
  GcAccount,
  LongestStay,
  RunnableCause,
  SchedulerAccount,
  SiteQuantiles,
  SiteRow,
  StateTimes,
  TaskRow,
  TraceAccount,
  TraceGroup,
  WaitRow,
  WakeRow,
} from '../../model/trace-account.ts'
import { traceKinds } from '../../model/trace-kinds.ts'
import { readQuantiles, SKETCH_ERROR_RATIO } from '../columns/duration-sketch.ts'
import {
  type AccountData,
  GROUP_WIDTH,
  groupPlaces,
  NAMELESS_SYSTEM_GROUP,
  NO_WAKER,
  SITE_WIDTH,
  type StayTotals,
  sitePlaces,
  type TaskEntry,
  WAKE_WIDTH,
} from './account-data.ts'
import { type StayClass, shareBlind } from './blind-share.ts'
import { isSystemFunction } from './stack-functions.ts'

const MAX_SITES = 10_000
const MAX_GROUPS = 10_000
const MAX_CREATORS = 100
const MAX_WAKES = 1000

/** What turns indices into words. */
export type AccountNames = {
  nameOf(string: number): string
  classOf(code: number, stack: number): StayClass
}

type Sources = { readonly data: AccountData; readonly names: AccountNames }

type Site = {
  /** Sketch that holds the site's stays, among others of the same family, reason and class; −1: none. */
  readonly sketch: number
  readonly stay: StayClass
  readonly row: SiteRow
  readonly family: string
}

export function describeAccount(data: AccountData, names: AccountNames, cpu: CpuSampleAccount): TraceAccount {
  const from: Sources = { data, names }
  const sites = listSites(from)
  const sum = openSum(data, sites)
  const groups = listGroups(from, sites, sum)
  const totals = addTimes(groups.filter((group) => !group.isSystem))
  const systems = new Set(groups.filter((group) => group.isSystem).map(familyOf))
  const waiting = sum.waits(sites.filter((site) => !systems.has(site.family)))
  const wakes = listWakes(from)
  const account: TraceAccount = {
    startNs: data.startNs,
    endNs: data.endNs,
    events: data.eventCounts.reduce((all, count) => all + count, 0),
    eventCounts: nameCounts(data.eventCounts),
    goroutines: data.goroutines,
    totals,
    system: addTimes(groups.filter((group) => group.isSystem)),
    waiting,
    groups: groups.slice(0, MAX_GROUPS),
    sites: sites
      .map((site) => site.row)
      .sort((a, b) => b.ns - a.ns)
      .slice(0, MAX_SITES),
    scheduler: describeScheduler(data, sites, sum),
    ...(data.maxProcessors === 0 ? {} : { maxProcessors: data.maxProcessors }),
    processors: data.processors,
    gc: describeCollector(from),
    syscalls: sum.stats(sites.filter((site) => site.stay.state === 'Syscall')),
    ...(data.collector.heap === undefined ? {} : { heap: data.collector.heap }),
    ...describeUsers(from),
    cpu,
    wakes: wakes.slice(0, MAX_WAKES),
    blind: shareBlind(waiting, totals.waitingNs),
    unknownWaits: {
      count: data.unknownWaits.count,
      ns: data.unknownWaits.ns,
      rows: data.unknownWaits.rows.map(({ goroutine, group, stack }) => ({
        goroutine,
        startFunction: startFunctionOf(from, group),
        stack,
      })),
    },
    sketchErrorRatio: SKETCH_ERROR_RATIO,
    omitted: nonZero({
      sites: Math.max(0, sites.length - MAX_SITES),
      goroutines: data.lostGoroutines,
      stays: data.sites.lost,
      groups: Math.max(0, groups.length - MAX_GROUPS) + data.groups.lost,
      wakes: Math.max(0, wakes.length - MAX_WAKES) + data.wakes.lost,
      tasks: data.lostTasks,
      cpuSampleKeys: data.lostSampleKeys,
      processorEvents: data.ignoredProcessors,
      backwardIntervals: data.backwardIntervals,
    }),
  }
  // Not enumerable: the account is data that can be compared and sent, the sketches stay behind.
  return Object.defineProperty(account, 'quantilesOf', { value: sum.quantiles })
}

function describeCollector({ data, names }: Sources): GcAccount {
  const { collector } = data
  return {
    cycles: collector.cycles,
    cycleRows: collector.cycleRows,
    activeNs: collector.activeNs,
    stw: readStay(collector.stw),
    stwByKind: collector.stwByKind
      .map(({ kind, stay }) => ({ kind: names.nameOf(kind), ...readStay(stay) }))
      .sort((a, b) => b.ns - a.ns),
    longestStops: collector.longestStops.map((stop) => ({ ...stop, kind: names.nameOf(stop.kind) })),
    assist: readStay(data.assist),
    sweep: { ...readStay(data.sweep), sweptBytes: data.sweptBytes, reclaimedBytes: data.reclaimedBytes },
    minimumMutatorUtilization: data.mutatorWindows,
    collectorNs: data.collectorNs,
  }
}

function describeUsers({
  data,
  names,
}: Sources): Pick<TraceAccount, 'taskCount' | 'tasks' | 'taskTypes' | 'regions' | 'logs'> {
  return {
    taskCount: data.taskCount,
    tasks: data.longestTasks.map((task) => describeTask(task, names)),
    taskTypes: data.taskTypes
      .map(({ name, stay, incompleteCount }) => ({ name: names.nameOf(name), ...readStay(stay), incompleteCount }))
      .sort((a, b) => b.ns - a.ns),
    regions: data.regions.map(({ name, stay, ...rest }) => ({ name: names.nameOf(name), ...readStay(stay), ...rest })),
    logs: {
      count: data.logCount,
      categories: data.logCategories.map(({ category, count }) => ({ category: names.nameOf(category), count })),
    },
  }
}

function describeTask({ id, parent, name, ...rest }: TaskEntry, names: AccountNames): TaskRow {
  const hasParent = parent !== 0 && !Number.isNaN(parent) && parent < Number.MAX_SAFE_INTEGER
  return { id, name: names.nameOf(name), ...(hasParent ? { parent } : {}), ...rest }
}

function readStay({ count, ns, maxNs, sketch }: StayTotals): DurationStats {
  const quantiles = readQuantiles([sketch], [0.5, 0.95, 0.99])
  const [p50Ns, p95Ns, p99Ns] = (quantiles ?? []).map((value) => Math.min(value, maxNs))
  if (p50Ns === undefined || p95Ns === undefined || p99Ns === undefined) return { count, ns, maxNs }
  return { count, ns, maxNs, p50Ns, p95Ns, p99Ns }
}

function startFunctionOf({ data, names }: Sources, group: number): string {
  return names.nameOf(data.groups.keys[group * 3] ?? 0)
}

function listSites(from: Sources): Site[] {
  const { data, names } = from
  const { keys, sums, count: siteCount } = data.sites
  const found: Site[] = []
  for (let at = 0; at < siteCount; at++) {
    const group = keys[at * 3] as number
    const stack = keys[at * 3 + 2] as number
    const stay = names.classOf(keys[at * 3 + 1] as number, stack)
    const read = (place: keyof typeof sitePlaces) => sums[at * SITE_WIDTH + sitePlaces[place]] as number
    const count = read('count')
    const openCount = read('openCount')
    const startFunction = startFunctionOf(from, group)
    const isSystem = isSystemGroup(group, startFunction)
    found.push({
      sketch: data.siteSketch[at] as number,
      stay,
      family: familyOf({ startFunction, isSystem }),
      row: {
        startFunction,
        creator: names.nameOf(data.groups.keys[group * 3 + 1] ?? 0),
        isSystem,
        state: stay.state,
        reason: stay.reason,
        waitClass: stay.waitClass,
        ...(stay.waitKind === undefined ? {} : { waitKind: stay.waitKind }),
        recordedBy: stay.recordedBy,
        stack,
        count,
        ns: read('ns'),
        // Where no row of the lens table fits: nobody has it yet if it has not ended, and nobody can tell if it has.
        blind: stay.isBlind ?? openCount === count,
        openCount,
        openNs: read('openNs'),
        olderCount: read('olderCount'),
        longest: { goroutine: read('maxGoroutine'), startNs: read('maxAtNs'), ns: read('maxNs'), stack },
      },
    })
  }
  return found
}

type Sum = {
  stats(sites: readonly Site[]): DurationStats
  waits(sites: readonly Site[]): WaitRow[]
  quantiles(rows: readonly SiteRow[]): SiteQuantiles | undefined
}

/** Adds sites up. A sketch may hold stays of sites that are not summed: then there are no quantiles. */
function openSum(data: AccountData, all: readonly Site[]): Sum {
  const sharers = new Map<number, number>()
  for (const { sketch } of all) sharers.set(sketch, (sharers.get(sketch) ?? 0) + 1)

  function stats(sites: readonly Site[]): DurationStats {
    const own = new Map<number, number>()
    for (const { sketch } of sites) own.set(sketch, (own.get(sketch) ?? 0) + 1)
    const isWhole = !own.has(-1) && [...own].every(([sketch, count]) => sharers.get(sketch) === count)
    const maxNs = sites.reduce((most, site) => Math.max(most, site.row.longest.ns), 0)
    const base = { count: addUp(sites, (one) => one.row.count), ns: addUp(sites, (one) => one.row.ns), maxNs }
    const pages = isWhole ? [...own.keys()].map((sketch) => data.sketches[sketch] as Uint32Array) : []
    const values = readQuantiles(pages, [0.5, 0.95, 0.99])
    const [p50Ns, p95Ns, p99Ns] = (values ?? []).map((value) => Math.min(value, maxNs))
    if (p50Ns === undefined || p95Ns === undefined || p99Ns === undefined) return base
    return { ...base, p50Ns, p95Ns, p99Ns }
  }

  function waits(sites: readonly Site[]): WaitRow[] {
    const waiting = sites.filter((site) => site.stay.state === 'Waiting')
    const byKind = Map.groupBy(waiting, ({ stay, row }) =>
      [stay.reason, stay.waitClass, stay.waitKind ?? '', row.blind].join('\n'),
    )
    const rows = [...byKind.values()].map((same): WaitRow => {
      const { stay, row } = same[0] as Site
      const longest = longestOf(same)
      return {
        blockReason: stay.reason,
        waitClass: stay.waitClass,
        ...(stay.waitKind === undefined ? {} : { waitKind: stay.waitKind }),
        recordedBy: stay.recordedBy,
        blind: row.blind,
        ...stats(same),
        openCount: addUp(same, (one) => one.row.openCount),
        openNs: addUp(same, (one) => one.row.openNs),
        olderCount: addUp(same, (one) => one.row.olderCount),
        ...(longest === undefined ? {} : { longest }),
      }
    })
    return rows.sort((a, b) => b.ns - a.ns)
  }

  const siteOf = new Map(all.map((site) => [site.row, site]))
  function quantiles(rows: readonly SiteRow[]): SiteQuantiles | undefined {
    const { p50Ns, p95Ns, p99Ns } = stats(rows.flatMap((row) => siteOf.get(row) ?? []))
    return p50Ns === undefined || p95Ns === undefined || p99Ns === undefined ? undefined : { p50Ns, p95Ns, p99Ns }
  }

  return { stats, waits, quantiles }
}

function listGroups(from: Sources, sites: readonly Site[], sum: Sum): TraceGroup[] {
  const { groups } = from.data
  const read = (group: number, place: keyof typeof groupPlaces) =>
    groups.sums[group * GROUP_WIDTH + groupPlaces[place]] ?? 0
  const rows = Array.from({ length: groups.count }, (_, group) => {
    const startFunction = startFunctionOf(from, group)
    return { group, startFunction, isSystem: isSystemGroup(group, startFunction) }
  }).filter(({ group }) => read(group, 'count') > 0)
  const sitesOf = Map.groupBy(sites, (site) => site.family)
  const found = [...Map.groupBy(rows, familyOf)].map(([family, same]): TraceGroup => {
    const { startFunction, isSystem } = same[0] as (typeof rows)[number]
    const add = (place: keyof typeof groupPlaces) => addUp(same, ({ group }) => read(group, place))
    const own = sitesOf.get(family) ?? []
    const ready = own.filter((site) => site.stay.state === 'Runnable')
    const calls = own.filter((site) => site.stay.state === 'Syscall')
    return {
      startFunction,
      isSystem,
      count: add('count'),
      createdCount: add('created'),
      endedCount: add('ended'),
      lifeNs: add('life'),
      runningNs: add('running'),
      runnableNs: add('runnable'),
      waitingNs: add('waiting'),
      syscallNs: add('syscall'),
      syscallBlockedNs: add('syscallBlocked'),
      assistNs: add('assist'),
      assistCount: add('assistCount'),
      waiting: sum.waits(own),
      ...(ready.length === 0 ? {} : { runnable: sum.stats(ready) }),
      ...(calls.length === 0 ? {} : { syscall: sum.stats(calls) }),
      creators: same
        .map(({ group }) => ({
          function: from.names.nameOf(groups.keys[group * 3 + 1] ?? 0),
          count: read(group, 'count'),
          runningNs: read(group, 'running'),
          runnableNs: read(group, 'runnable'),
          waitingNs: read(group, 'waiting'),
          syscallNs: read(group, 'syscall'),
        }))
        .sort((a, b) => b.count - a.count)
        .slice(0, MAX_CREATORS),
    }
  })
  return found.sort((a, b) => b.lifeNs - a.lifeNs)
}

function describeScheduler(data: AccountData, sites: readonly Site[], sum: Sum): SchedulerAccount {
  const ready = sites.filter((site) => site.stay.state === 'Runnable')
  const longest = longestOf(ready)
  return {
    latency: sum.stats(ready),
    causes: [...Map.groupBy(ready, (site) => site.stay.reason)]
      .map(([cause, same]) => ({ cause: cause as RunnableCause, ...sum.stats(same) }))
      .sort((a, b) => b.ns - a.ns),
    ...(longest === undefined ? {} : { longest }),
    duringStopNs: data.duringStopNs,
    duringAllBusyNs: data.duringAllBusyNs,
    duringGcNs: data.duringGcNs,
    ...(data.maxProcessors === 0 ? {} : { allBusyNs: data.allBusyNs }),
    longRuns: data.longRuns,
  }
}

function listWakes(from: Sources): WakeRow[] {
  const { keys, sums, count } = from.data.wakes
  const nameOf = (group: number) => (group < 0 ? '' : startFunctionOf(from, group))
  const rows = Array.from({ length: count }, (_, at): WakeRow => {
    const waker = keys[at * 3] as number
    const code = keys[at * 3 + 2] as number
    return {
      ...(waker === NO_WAKER ? {} : { waker: nameOf(waker) }),
      woken: nameOf(keys[at * 3 + 1] as number),
      blockReason: code < 0 ? '' : from.names.nameOf(code),
      count: sums[at * WAKE_WIDTH] as number,
      ns: sums[at * WAKE_WIDTH + 1] as number,
    }
  })
  const merged = [...Map.groupBy(rows, (row) => `${row.waker ?? '\n'}\n${row.woken}\n${row.blockReason}`).values()]
  return merged
    .map((same) => ({
      ...(same[0] as WakeRow),
      count: addUp(same, (row) => row.count),
      ns: addUp(same, (row) => row.ns),
    }))
    .sort((a, b) => b.ns - a.ns)
}

function isSystemGroup(group: number, startFunction: string): boolean {
  return group === NAMELESS_SYSTEM_GROUP || isSystemFunction(startFunction)
}

function familyOf(group: { readonly startFunction: string; readonly isSystem: boolean }): string {
  return `${group.isSystem ? 's' : 'u'} ${group.startFunction}`
}

function nameCounts(counts: Float64Array): Record<string, number> {
  const named: Record<string, number> = {}
  for (const [name, id] of Object.entries(traceKinds)) {
    const count = counts[id] as number
    if (count > 0) named[name] = count
  }
  return named
}

function addTimes(rows: readonly StateTimes[]): StateTimes {
  return {
    runningNs: addUp(rows, (row) => row.runningNs),
    runnableNs: addUp(rows, (row) => row.runnableNs),
    waitingNs: addUp(rows, (row) => row.waitingNs),
    syscallNs: addUp(rows, (row) => row.syscallNs),
  }
}

function addUp<T>(rows: readonly T[], read: (row: T) => number): number {
  return rows.reduce((all, row) => all + read(row), 0)
}

function longestOf(sites: readonly Site[]): LongestStay | undefined {
  let longest: LongestStay | undefined
  for (const { row } of sites) if (longest === undefined || row.longest.ns > longest.ns) longest = row.longest
  return longest
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
