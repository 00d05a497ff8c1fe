/**
 * What go tool trace shows of goroutines, regions, tasks and the collector, beside ours: times by start function from
 * Go's Summarizer, and its minimum mutator utilization. Enters: what the reference printed, and our account.
 * Leaves: what differs. Where Go's numbers are known to differ in meaning, its own count of that is taken off:
 * - a wait "forever" is death to the Summarizer, and has no time;
 * - of a goroutine left in a system call without a processor, it counts the rest twice (excessNs);
 * - it names a goroutine by stacks of its own stops, we also by those of what it makes and wakes: what is nameless there
 *   may have a name here, never the other way round (that nothing is lost between them is compared by compareTotals);
 * - of a goroutine whose id comes again (threads of C) it knows the last life only;
 * - states from before a generation begin with its sync, a little before the first event (gapNs).
 */
import type { TraceAccount, TraceGroup } from '../../../src/model/trace-account.ts'
import type { Difference } from './compare.ts'

export type SummaryTimes = {
  readonly count: number
  readonly olderCount: number
  readonly againCount: number
  readonly runningNs: number
  readonly schedNs: number
  readonly syscallNs: number
  readonly syscallBlockedNs: number
  readonly waitingNs: Readonly<Record<string, number>>
  readonly excessNs: number
  readonly totalNs: number
}

export type Summaries = {
  readonly groups: Readonly<Record<string, SummaryTimes>>
  readonly regions: Readonly<Record<string, SummaryTimes>>
  readonly tasks: Readonly<Record<string, SummaryTimes>>
  readonly gapNs: number
}

export type Utilization = {
  readonly least: Readonly<Record<string, number>>
  /** What Go counts back to the trace's beginning, in ns of all processors; ours begin where they are told of. */
  readonly lateNs: number
}

const FOREVER = 'forever'

/** `slackNs`: the reference's rounding, where a tick is no whole number of ns. */
export function compareSummaries(theirs: Summaries, account: TraceAccount, slackNs: number): Difference[] {
  const differences: Difference[] = []
  const compare = (what: string, reference: number, ours: number, slack: number): void => {
    if (Math.abs(reference - ours) > slack) differences.push({ what, reference, ours })
  }
  const groups = addGroups(account.groups)
  const nameless = [theirs.groups[''] ?? none, groups.get('') ?? none] as const
  for (const name of new Set([...Object.keys(theirs.groups), ...groups.keys()])) {
    const [reference, ours] = [theirs.groups[name] ?? none, groups.get(name) ?? none]
    const where = `goroutines of "${name}"`
    const slack = slackNs + theirs.gapNs * reference.olderCount
    const weigh = (what: string, read: (times: SummaryTimes) => number, room: number): void => {
      const more = read(ours) - read(reference)
      const named = Math.max(0, read(nameless[0]) - read(nameless[1]))
      const most = reference.againCount > 0 ? Number.POSITIVE_INFINITY : named + room
      const isFine = name === '' ? more <= room : more >= -room && more <= most
      if (!isFine) differences.push({ what: `${where}${what}`, reference: read(reference), ours: read(ours) })
    }
    weigh('', ({ count }) => count, 0)
    weigh(': running ns', ({ runningNs }) => runningNs, slack)
    weigh(': runnable ns', ({ schedNs, excessNs }) => schedNs - excessNs, slack)
    weigh(': syscall ns', syscallsOf, slack)
    for (const reason of new Set([...Object.keys(reference.waitingNs), ...Object.keys(ours.waitingNs)])) {
      if (reason !== FOREVER) weigh(`: waiting ns by "${reason}"`, ({ waitingNs }) => waitingNs[reason] ?? 0, slack)
    }
  }
  const regions = new Map(account.regions.map((region) => [region.name, region]))
  for (const name of new Set([...Object.keys(theirs.regions), ...regions.keys()])) {
    const reference = theirs.regions[name] ?? none
    const ours = regions.get(name)
    const where = `regions "${name}"`
    compare(where, reference.count, ours?.count ?? 0, 0)
    compare(`${where}: ns`, reference.totalNs, ours?.ns ?? 0, slackNs)
    compare(`${where}: running ns`, reference.runningNs, ours?.runningNs ?? 0, slackNs)
    compare(`${where}: runnable ns`, reference.schedNs - reference.excessNs, ours?.runnableNs ?? 0, slackNs)
    compare(`${where}: syscall ns`, syscallsOf(reference), ours?.syscallNs ?? 0, slackNs)
    const waited = Object.values(reference.waitingNs).reduce((sum, ns) => sum + ns, 0)
    compare(`${where}: waiting ns`, waited, ours?.waitingNs ?? 0, slackNs)
  }
  const tasks = new Map(account.taskTypes.map((task) => [task.name, task]))
  for (const [name, reference] of Object.entries(theirs.tasks)) {
    const ours = tasks.get(name)
    compare(`whole tasks "${name}"`, reference.count, (ours?.count ?? 0) - (ours?.incompleteCount ?? 0), 0)
    // The sum of ours has the incomplete ones too.
    if (ours?.incompleteCount === 0) compare(`tasks "${name}": ns`, reference.totalNs, ours.ns, slackNs)
  }
  return differences
}

/** Ratios in millionths, so that differences print as whole numbers. */
export function compareUtilization({ least, lateNs }: Utilization, account: TraceAccount): Difference[] {
  return account.gc.minimumMutatorUtilization.flatMap(({ windowNs, ratio, errorRatio }) => {
    const reference = least[String(windowNs)]
    if (reference !== undefined && Math.abs(reference - ratio) <= errorRatio + lateNs / windowNs) return []
    const what = `least mutator utilization in ${windowNs / 1e6} ms, millionths`
    return [{ what, reference: Math.round((reference ?? Number.NaN) * 1e6), ours: Math.round(ratio * 1e6) }]
  })
}

const none: SummaryTimes = {
  count: 0,
  olderCount: 0,
  againCount: 0,
  runningNs: 0,
  schedNs: 0,
  syscallNs: 0,
  syscallBlockedNs: 0,
  waitingNs: {},
  excessNs: 0,
  totalNs: 0,
}

function syscallsOf({ syscallNs, syscallBlockedNs }: SummaryTimes): number {
  return syscallNs + syscallBlockedNs
}

/** By name alone: the Summarizer does not tell the runtime's nameless from the program's. Ours holds both parts of system calls in one. */
function addGroups(groups: readonly TraceGroup[]): Map<string, SummaryTimes> {
  const found = new Map<string, SummaryTimes>()
  for (const group of groups) {
    const before = found.get(group.startFunction) ?? none
    const waitingNs: Record<string, number> = { ...before.waitingNs }
    for (const { blockReason, ns } of group.waiting) waitingNs[blockReason] = (waitingNs[blockReason] ?? 0) + ns
    found.set(group.startFunction, {
      ...before,
      count: before.count + group.count,
      runningNs: before.runningNs + group.runningNs,
      schedNs: before.schedNs + group.runnableNs,
      syscallNs: before.syscallNs + group.syscallNs,
      waitingNs,
    })
  }
  return found
}
