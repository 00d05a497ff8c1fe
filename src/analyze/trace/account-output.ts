/**
 * From the ledgers to the account: sites are summed into wait rows, groups, scheduler causes and totals; names replace
 * indices; lists are cut at their bounds and what was cut is counted.
 * A wait row is one reason, class, kind of the lens table and blindness.
 */
import type {
  DurationStats,
  LongestStay,
  RunnableCause,
  SchedulerAccount,
  SiteQuantiles,
  SiteRow,
  StateTimes,
  TraceAccount,
  TraceGroup,
  WaitRow,
  WakeRow,
} from '../../model/trace-account.ts'
import { traceKinds } from '../../model/trace-kinds.ts'
import { SKETCH_ERROR_RATIO } from '../columns/duration-sketch.ts'
import { type StayClass, shareBlind } from './blind-share.ts'
import type { CollectorLedger } from './collector-ledger.ts'
import { BUSY_CLOCK, type ConditionClocks, GC_CLOCK, STOP_CLOCK } from './condition-clocks.ts'
import type { CpuSampleLedger } from './cpu-samples.ts'
import type { GoroutineLedger } from './goroutine-ledger.ts'
import { NAMELESS_SYSTEM_GROUP } from './groups.ts'
import type { ProcessorLedger } from './processor-ledger.ts'
import type { SiteTable } from './sites.ts'
import type { StackFunctions } from './stack-functions.ts'
import { isSystemFunction } from './stack-functions.ts'
import type { UserLedger } from './user-ledger.ts'
import { NO_WAKER } from './wake-table.ts'

const MAX_SITES = 10_000
const MAX_GROUPS = 10_000
const MAX_CREATORS = 100
const MAX_WAKES = 1000

/** The ledgers of one trace. */
export type AccountParts = {
  readonly functions: StackFunctions
  readonly sites: SiteTable
  readonly clocks: ConditionClocks
  readonly ledger: GoroutineLedger
  readonly processors: ProcessorLedger
  readonly collector: CollectorLedger
  readonly users: UserLedger
  readonly samples: CpuSampleLedger
  readonly counts: Float64Array
  readonly window: { readonly fromNs: number; readonly toNs: number }
}

type Site = {
  /** Sketch that holds the site's stays, among others of the same family, reason and class; −1: none. */
  readonly sketch: number
  readonly stay: StayClass
  readonly row: SiteRow
  readonly family: string
}

export function describeAccount(parts: AccountParts, endNs: number): TraceAccount {
  const { ledger, window } = parts
  const sites = listSites(parts)
  const sum = openSum(parts, sites)
  const groups = listGroups(parts, sites, sum)
  const totals = addTimes(groups.filter((group) => !group.isSystem))
  const systems = new Set(groups.filter((group) => group.isSystem).map(familyOf))
  const waiting = sum.waits(sites.filter((site) => !systems.has(site.family)))
  const { gc, heap } = parts.collector.finish(endNs)
  const wakes = listWakes(parts)
  return {
    startNs: Math.max(0, window.fromNs),
    endNs: Math.min(endNs, window.toNs),
    events: parts.counts.reduce((all, count) => all + count, 0),
    eventCounts: nameCounts(parts.counts),
    goroutines: {
      count: ledger.seen,
      createdCount: ledger.created,
      endedCount: ledger.ended,
      mostAtOnce: ledger.mostAtOnce,
    },
    totals,
    system: addTimes(groups.filter((group) => group.isSystem)),
    waiting,
    groups: groups.slice(0, MAX_GROUPS),
    sites: sites
      .map((site) => site.row)
      .sort((a, b) => b.ns - a.ns)
      .slice(0, MAX_SITES),
    quantilesOf: (rows) => sum.quantiles(rows),
    scheduler: describeScheduler(parts, sites, sum, endNs),
    ...(ledger.maxProcessors === 0 ? {} : { maxProcessors: ledger.maxProcessors }),
    processors: parts.processors.finish(endNs),
    gc,
    syscalls: sum.stats(sites.filter((site) => site.stay.state === 'Syscall')),
    ...(heap === undefined ? {} : { heap }),
    ...parts.users.finish(endNs),
    cpu: parts.samples.finish(),
    wakes: wakes.slice(0, MAX_WAKES),
    blind: shareBlind(waiting, totals.waitingNs),
    unknownWaits: ledger.unknownWaits,
    sketchErrorRatio: SKETCH_ERROR_RATIO,
    omitted: nonZero({
      sites: Math.max(0, sites.length - MAX_SITES),
      stays: parts.sites.lostCount,
      groups: Math.max(0, groups.length - MAX_GROUPS) + ledger.groups.lostCount,
      wakes: Math.max(0, wakes.length - MAX_WAKES) + ledger.wakes.lost,
      tasks: parts.users.lost,
      cpuSampleKeys: parts.samples.omitted,
      processorEvents: parts.processors.ignored,
      backwardIntervals: ledger.backwards,
    }),
  }
}

function listSites(parts: AccountParts): Site[] {
  const { sites, functions, ledger } = parts
  const { keys } = sites.keys
  const found: Site[] = []
  for (let at = 0; at < sites.keys.rowCount; at++) {
    const group = keys[at * 3] as number
    const stack = keys[at * 3 + 2] as number
    const stay = sites.classOf(at)
    const count = sites.count[at] as number
    const openCount = sites.openCount[at] as number
    const startFunction = functions.nameOf(ledger.groups.startFunctionOf(group))
    const isSystem = isSystemGroup(group, startFunction)
    found.push({
      sketch: sites.sketch[at] as number,
      stay,
      family: familyOf({ startFunction, isSystem }),
      row: {
        startFunction,
        creator: functions.nameOf(ledger.groups.creatorOf(group)),
        isSystem,
        state: stay.state,
        reason: stay.reason,
        waitClass: stay.waitClass,
        ...(stay.waitKind === undefined ? {} : { waitKind: stay.waitKind }),
        recordedBy: stay.recordedBy,
        stack,
        count,
        ns: sites.ns[at] as number,
        // Where no row of the lens table fits: nobody has it yet if it has not ended, and nobody can tell if it has.
        blind: stay.isBlind ?? openCount === count,
        openCount,
        openNs: sites.openNs[at] as number,
        olderCount: sites.olderCount[at] as number,
        longest: {
          goroutine: sites.maxGoroutine[at] as number,
          startNs: sites.maxAtNs[at] as number,
          ns: sites.maxNs[at] as number,
          stack,
        },
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
function openSum(parts: AccountParts, all: readonly Site[]): Sum {
  const sharers = new Map<number, number>()
  for (const { sketch } of all) sharers.set(sketch, (sharers.get(sketch) ?? 0) + 1)

  function stats(sites: readonly Site[]): DurationStats {
    const own = new Map<number, number>()
    for (const { sketch } of sites) own.set(sketch, (own.get(sketch) ?? 0) + 1)
    const isWhole = !own.has(-1) && [...own].every(([sketch, count]) => sharers.get(sketch) === count)
    const maxNs = sites.reduce((most, site) => Math.max(most, site.row.longest.ns), 0)
    const base = { count: addUp(sites, (one) => one.row.count), ns: addUp(sites, (one) => one.row.ns), maxNs }
    const values = isWhole ? parts.sites.sketches.readQuantiles([...own.keys()], [0.5, 0.95, 0.99]) : undefined
    const [p50Ns, p95Ns, p99Ns] = (values ?? []).map((value) => Math.min(value, maxNs))
    if (p50Ns === undefined || p95Ns === undefined || p99Ns === undefined) return base
    return { ...base, p50Ns, p95Ns, p99Ns }
  }

  function waits(sites: readonly Site[]): WaitRow[] {
    const waiting = sites.filter((site) => site.stay.state === 'Waiting')
    const byKind = groupBy(waiting, ({ stay, row }) =>
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

function listGroups(parts: AccountParts, sites: readonly Site[], sum: Sum): TraceGroup[] {
  const { groups } = parts.ledger
  const { functions } = parts
  const rows = Array.from({ length: groups.keys.rowCount }, (_, group) => {
    const startFunction = functions.nameOf(groups.startFunctionOf(group))
    return { group, startFunction, isSystem: isSystemGroup(group, startFunction) }
  }).filter(({ group }) => (groups.count[group] as number) > 0)
  const sitesOf = groupBy(sites, (site) => site.family)
  const found = [...groupBy(rows, familyOf)].map(([family, same]): TraceGroup => {
    const { startFunction, isSystem } = same[0] as (typeof rows)[number]
    const add = (column: Float64Array) => addUp(same, ({ group }) => column[group] as number)
    const own = sitesOf.get(family) ?? []
    const ready = own.filter((site) => site.stay.state === 'Runnable')
    const calls = own.filter((site) => site.stay.state === 'Syscall')
    return {
      startFunction,
      isSystem,
      count: add(groups.count),
      createdCount: add(groups.created),
      endedCount: add(groups.ended),
      lifeNs: add(groups.life),
      runningNs: add(groups.running),
      runnableNs: add(groups.runnable),
      waitingNs: add(groups.waiting),
      syscallNs: add(groups.syscall),
      syscallBlockedNs: add(groups.syscallBlocked),
      assistNs: add(groups.assist),
      assistCount: add(groups.assistCount),
      waiting: sum.waits(own),
      ...(ready.length === 0 ? {} : { runnable: sum.stats(ready) }),
      ...(calls.length === 0 ? {} : { syscall: sum.stats(calls) }),
      creators: same
        .map(({ group }) => ({
          function: functions.nameOf(groups.creatorOf(group)),
          count: groups.count[group] as number,
          runningNs: groups.running[group] as number,
          runnableNs: groups.runnable[group] as number,
          waitingNs: groups.waiting[group] as number,
          syscallNs: groups.syscall[group] as number,
        }))
        .sort((a, b) => b.count - a.count)
        .slice(0, MAX_CREATORS),
    }
  })
  return found.sort((a, b) => b.lifeNs - a.lifeNs)
}

function describeScheduler(parts: AccountParts, sites: readonly Site[], sum: Sum, endNs: number): SchedulerAccount {
  const { ledger, clocks } = parts
  const ready = sites.filter((site) => site.stay.state === 'Runnable')
  const longest = longestOf(ready)
  return {
    latency: sum.stats(ready),
    causes: [...groupBy(ready, (site) => site.stay.reason)]
      .map(([cause, same]) => ({ cause: cause as RunnableCause, ...sum.stats(same) }))
      .sort((a, b) => b.ns - a.ns),
    ...(longest === undefined ? {} : { longest }),
    duringStopNs: ledger.during[STOP_CLOCK] as number,
    duringAllBusyNs: ledger.during[BUSY_CLOCK] as number,
    duringGcNs: ledger.during[GC_CLOCK] as number,
    ...(ledger.maxProcessors === 0 ? {} : { allBusyNs: clocks.read(BUSY_CLOCK, endNs) }),
    longRuns: ledger.longRuns,
  }
}

function listWakes({ ledger, functions }: AccountParts): WakeRow[] {
  const { wakes, groups } = ledger
  const { keys } = wakes.keys
  const nameOf = (group: number) => (group < 0 ? '' : functions.nameOf(groups.startFunctionOf(group)))
  const rows = Array.from({ length: wakes.keys.rowCount }, (_, at): WakeRow => {
    const waker = keys[at * 3] as number
    const code = keys[at * 3 + 2] as number
    return {
      ...(waker === NO_WAKER ? {} : { waker: nameOf(waker) }),
      woken: nameOf(keys[at * 3 + 1] as number),
      blockReason: code < 0 ? '' : functions.nameOf(code),
      count: wakes.count[at] as number,
      ns: wakes.ns[at] as number,
    }
  })
  const merged = [...groupBy(rows, (row) => `${row.waker ?? '\n'}\n${row.woken}\n${row.blockReason}`).values()]
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

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const same = found.get(key)
    if (same === undefined) found.set(key, [row])
    else same.push(row)
  }
  return found
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
