/**
 * Totals of one trace, by Go's reader and by ours, side by side.
 * Enters: what the reference printed and what we counted. Leaves: what differs; empty when all agree. Counts must be
 * equal. Durations too, apart from the reference's rounding of each time delta to a nanosecond: where a tick is no whole
 * number of ns, that is at most 1 ns for each event.
 */

export type RawTotals = { readonly events: number; readonly kinds: Readonly<Record<string, number>> }

export type StateTotals = {
  readonly goroutines: number
  readonly processors: number
  readonly statesNs: Readonly<Record<string, number>>
  readonly waitingNs: Readonly<Record<string, number>>
  readonly tasks: number
  readonly regions: number
  readonly logs: number
  readonly cpuSamples: number
  readonly durationNs: number
  readonly unknownNs: number
}

export type OwnTotals = StateTotals & {
  readonly events: number
  readonly complete: boolean
  readonly kinds: Readonly<Record<string, number>>
  /** What the accounting left out or took as 0; must be nothing. */
  readonly omitted: number
}

export type Difference = { readonly what: string; readonly reference: number; readonly ours: number }

/** Kinds of the wire that are no events: batches, tables, clock. */
const STRUCTURE =
  /^(EventBatch|Stacks?|Strings?|CPUSamples?|Frequency|Sync|ClockSnapshot|ExperimentalBatch|EndOfGeneration)$/

export function compareTotals(raw: RawTotals, reference: StateTotals, ours: OwnTotals): Difference[] {
  const differences: Difference[] = []
  const compare = (what: string, theirs: number, own: number, slack = 0): void => {
    if (Math.abs(theirs - own) > slack) differences.push({ what, reference: theirs, ours: own })
  }
  compare('whole', 1, ours.complete ? 1 : 0)
  compare('left out by the accounting', 0, ours.omitted)
  const kinds = new Set([...Object.keys(raw.kinds), ...Object.keys(ours.kinds)])
  for (const kind of kinds) {
    if (!STRUCTURE.test(kind)) compare(`events ${kind}`, raw.kinds[kind] ?? 0, ours.kinds[kind] ?? 0)
  }
  compare('CPU samples', raw.kinds.CPUSample ?? 0, ours.cpuSamples)
  compare('goroutines', reference.goroutines, ours.goroutines)
  compare('processors', reference.processors, ours.processors)
  compare('tasks', reference.tasks, ours.tasks)
  compare('regions', reference.regions, ours.regions)
  compare('logs', reference.logs, ours.logs)
  const slackNs = isWhole(reference) ? 0 : ours.events
  compare('duration ns', reference.durationNs, ours.durationNs, slackNs)
  for (const state of ['Running', 'Runnable', 'Waiting', 'Syscall']) {
    compare(`${state} ns`, reference.statesNs[state] ?? 0, ours.statesNs[state] ?? 0, slackNs)
  }
  for (const reason of new Set([...Object.keys(reference.waitingNs), ...Object.keys(ours.waitingNs)])) {
    const name = `Waiting ns by reason "${reason}"`
    compare(name, reference.waitingNs[reason] ?? 0, ours.waitingNs[reason] ?? 0, slackNs)
  }
  compare('unknown from beginning to end ns', reference.unknownNs, ours.unknownNs, slackNs)
  return differences
}

/** On most machines a tick of the trace clock is 64 ns, and the reference rounds nothing. */
export function isWhole({ durationNs, statesNs }: StateTotals): boolean {
  return [durationNs, ...Object.values(statesNs)].every((ns) => ns % 64 === 0)
}
