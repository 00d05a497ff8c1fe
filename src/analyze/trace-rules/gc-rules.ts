/** The garbage collector against what a service may be kept waiting: stops of the world, assists, processors taken. */
import { formatDuration } from '../../base/units.ts'
import { profileLenses } from '../../model/lens.ts'
import type { TraceAccount } from '../../model/trace-account.ts'
import { quoteStay, quoteTrace, sayShare } from './trace-quote.ts'
import { MIN_WINDOW_NS, type TraceRule } from './trace-rule.ts'

/** Stops that whoever looks causes: dumps, profiles, the trace's own ends. */
const probeStop = /^(start trace|stop trace|goroutine profile|all goroutines stack trace|read mem stats)/

export const gcStopOverSla: TraceRule = {
  id: 'gc-stop-over-sla',
  title: 'The world was stopped for longer than allowed',
  severity: 'high from ten times the limit on, else medium; low where it happened once',
  needs: 'an execution trace; the limit is 10 ms where none is given',
  saysWhen: 'a stop of the world lasted longer than the limit; stops for dumps, profiles and traces do not count',
  fix: 'Find what holds up the stop: loops that are not preempted, many goroutines or finalizers, swapping, a throttled CPU.',
  doc: 'docs/rules.md#gc-stop-over-sla',
  sameAs: [],
  find: (input) => {
    const { gcSlaNs } = input
    const over = input.account.gc.longestStops.filter(({ kind, ns }) => ns > gcSlaNs && !probeStop.test(kind))
    const [first] = over
    if (first === undefined) return []
    const isOnce = over.length === 1
    return [
      {
        title: `${over.length === 1 ? '1 stop' : `${over.length} stops`} of the world over ${formatDuration(gcSlaNs)}, the longest ${formatDuration(first.ns)} (${first.kind})`,
        severity: isOnce ? 'low' : first.ns >= 10 * gcSlaNs ? 'high' : 'medium',
        // Once may be the machine's doing as well.
        confidence: isOnce ? 'possible' : 'certain',
        evidence: [
          quoteStay(input, first, `the world was stopped (${first.kind}) for`),
          quoteTrace(
            input,
            input.account.gc.stwByKind.map(
              ({ kind, count, ns, maxNs }) =>
                `${kind}: ${count} in all, ${formatDuration(ns)}, the longest ${formatDuration(maxNs)}`,
            ),
          ),
        ],
        blindTo: profileLenses,
        symbols: ['stop-the-world', first.kind],
      },
    ]
  },
}

const HIGH_ASSIST = 0.1
const VERY_HIGH_ASSIST = 0.25
const MIN_ASSIST_NS = 10e6

export const gcAssistHigh: TraceRule = {
  id: 'gc-assist-high',
  title: 'Goroutines do the garbage collector’s work instead of their own',
  severity: 'high from a quarter of their active time on, else medium',
  needs: 'an execution trace with a GC cycle in it',
  saysWhen:
    'marking that allocating goroutines were made to do took 10 % or more of the time in which goroutines ran, were ready or were held up by the collector, and 10 ms',
  fix: 'Allocate less where the evidence points, or raise GOGC or GOMEMLIMIT: the heap grows faster than the collector marks.',
  doc: 'docs/rules.md#gc-assist-high',
  sameAs: [],
  find: (input) => {
    const { account } = input
    const { assist, cycles } = account.gc
    const share = assist.ns / Math.max(sumActive(account), assist.ns, 1)
    if (cycles === 0 || assist.ns < MIN_ASSIST_NS || share < HIGH_ASSIST) return []
    const groups = account.groups
      .filter(({ isSystem, assistNs }) => !isSystem && assistNs > 0)
      .sort((a, b) => b.assistNs - a.assistNs)
      .slice(0, 5)
    return [
      {
        title: `${sayShare(share)} of the time in which goroutines had work went into assists of the collector: ${formatDuration(assist.ns)}, the longest ${formatDuration(assist.maxNs)}`,
        severity: share >= VERY_HIGH_ASSIST ? 'high' : 'medium',
        confidence: 'certain',
        evidence: [
          quoteTrace(input, [
            `${assist.count} assists in ${cycles} GC cycles`,
            ...groups.map((group) => `${group.startFunction}: ${formatDuration(group.assistNs)} in assists`),
          ]),
        ],
        blindTo: ['block', 'mutex'],
        ns: assist.ns,
        symbols: ['gc-assist', groups[0]?.startFunction ?? ''],
      },
    ]
  },
}

/** An assist lasts while its goroutine runs, is ready, and waits for the collector. */
function sumActive({ totals, waiting }: TraceAccount): number {
  const held = waiting.reduce(
    (sum, row) => sum + (row.waitClass === 'gc' || row.waitClass === 'runtime' ? row.ns : 0),
    0,
  )
  return totals.runningNs + totals.runnableNs + held
}

/** The window in which the program's share is looked at, as a multiple of the limit for stops. */
const WINDOWS = 10
const LEAST_SHARE = 0.5

export const gcTakesProcessors: TraceRule = {
  id: 'gc-takes-processors',
  title: 'For a while the collector had more of the processors than the program',
  severity: 'medium; low where it took less than a tenth of all processor time',
  needs: 'an execution trace that says how many processors there are, and is longer than ten times the limit for stops',
  saysWhen:
    'the minimum mutator utilization at the window nearest to ten times the limit (100 ms) is surely below 50 %',
  fix: 'Allocate less, or raise GOGC or GOMEMLIMIT; with few processors, one more gives the program most of it.',
  doc: 'docs/rules.md#gc-takes-processors',
  sameAs: [],
  find: (input) => {
    const { gc, processors, maxProcessors } = input.account
    const target = input.gcSlaNs * WINDOWS
    const distance = (windowNs: number) => Math.abs(Math.log(windowNs / target))
    const [row] = [...gc.minimumMutatorUtilization].sort((a, b) => distance(a.windowNs) - distance(b.windowNs))
    if (row === undefined || input.windowNs < MIN_WINDOW_NS || gc.cycles === 0) return []
    if (row.ratio + row.errorRatio >= LEAST_SHARE) return []
    const all = (maxProcessors ?? processors.length) * input.windowNs
    const taken = all === 0 ? 0 : gc.collectorNs / all
    return [
      {
        title: `In the worst ${formatDuration(row.windowNs)} the program had ${sayShare(row.ratio)} of its processors, the collector the rest`,
        severity: taken >= 0.1 ? 'medium' : 'low',
        // One bad window may be one large cycle at start; a tenth of all time is a habit.
        confidence: taken >= 0.1 ? 'probable' : 'possible',
        evidence: [
          quoteTrace(input, [
            `${gc.cycles} GC cycles; the collector took ${sayShare(taken)} of all processor time`,
            ...gc.minimumMutatorUtilization.map(
              ({ windowNs, ratio, errorRatio }) =>
                `least share in any ${formatDuration(windowNs)}: ${sayShare(ratio)} (± ${sayShare(errorRatio)})`,
            ),
          ]),
        ],
        blindTo: ['block', 'mutex'],
        symbols: ['mutator-utilization'],
      },
    ]
  },
}
