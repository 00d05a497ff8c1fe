/** Goroutines that are ready and wait for a processor, with what kept the processors from them. */
import { formatDuration } from '../../base/units.ts'
import { profileLenses } from '../../model/lens.ts'
import type { SchedulerAccount, TraceAccount } from '../../model/trace-account.ts'
import { quoteSite, quoteStay, quoteTrace, sayShare } from './trace-quote.ts'
import { MIN_WINDOW_NS, type TraceRule } from './trace-rule.ts'

const HIGH_P99_NS = 10e6
const VERY_HIGH_P99_NS = 50e6
const LONG_NS = 100e6
/** Fewer starts give no 99th percentile. */
const MIN_STARTS = 200
/** Ready time, as a share of the window: below it nobody was held up by it. */
const MIN_READY = 0.05

export const schedulerDelay: TraceRule = {
  id: 'scheduler-delay',
  title: 'Goroutines are ready and wait long for a processor',
  severity:
    'high from a 99th percentile or a mean of 50 ms on, medium from 10 ms on; low where one alone waited 100 ms',
  needs: 'an execution trace of 100 ms or more; for the percentile 200 starts',
  saysWhen:
    'the 99th percentile of scheduler latency is 10 ms or more and ready time is 5 % of the window or more, or the mean is 10 ms or more and one goroutine or more is ready at any time, or one was ready for 100 ms',
  fix: 'Give the program the processors that its work needs (GOMAXPROCS, CPU limit), or the work less to do at once: bound how much runs in parallel.',
  doc: 'docs/rules.md#scheduler-delay',
  sameAs: ['runnable-too-long'],
  find: (input) => {
    const { account, windowNs } = input
    const { scheduler } = account
    if (windowNs < MIN_WINDOW_NS) return []
    const { latency } = scheduler
    const p99 = latency.count >= MIN_STARTS ? (latency.p99Ns ?? 0) : 0
    const mean = latency.count === 0 ? 0 : latency.ns / latency.count
    const { runnableNs } = account.totals
    const isHighEach = mean >= HIGH_P99_NS && runnableNs >= windowNs
    const isHigh = isHighEach || (p99 >= HIGH_P99_NS && runnableNs >= MIN_READY * windowNs)
    const ready = input.sites.filter(({ site }) => site.state === 'Runnable')
    const worst = ready.reduce<(typeof ready)[number] | undefined>(
      (most, one) => (most === undefined || one.site.longest.ns > most.site.longest.ns ? one : most),
      undefined,
    )
    if (worst === undefined || (!isHigh && worst.site.longest.ns < LONG_NS)) return []
    const cause = explainDelay(account)
    const longest = worst.site.longest.ns
    return [
      {
        title: isHighEach
          ? `${(runnableNs / windowNs).toFixed(1)} goroutines are ready at any time and wait ${formatDuration(mean)} for a processor on average: ${cause.what}`
          : isHigh
            ? `One start in a hundred waits ${formatDuration(p99)} or more for a processor: ${cause.what}`
            : `A goroutine of ${worst.site.startFunction} was ready for ${formatDuration(longest)} before it ran: ${cause.what}`,
        severity: !isHigh ? 'low' : Math.max(p99, mean) >= VERY_HIGH_P99_NS ? 'high' : 'medium',
        confidence: !isHigh ? 'possible' : cause.isOwn ? 'certain' : 'probable',
        evidence: [
          quoteSite(input, worst.site, worst.frames),
          quoteTrace(input, [
            `${latency.count} starts, ${formatDuration(latency.ns)} ready in all, the longest ${formatDuration(latency.maxNs)}`,
            ...cause.lines,
          ]),
          ...scheduler.longRuns.slice(0, 3).map((run) => quoteStay(input, run, 'ran without a stop for')),
        ],
        blindTo: profileLenses,
        ns: account.totals.runnableNs,
        symbols: ['scheduler'],
        fix: cause.fix,
      },
    ]
  },
}

type Cause = {
  readonly what: string
  readonly fix: string
  readonly lines: readonly string[]
  /** The trace itself shows it; else it lies outside the process, which no trace shows. */
  readonly isOwn: boolean
}

/** Shares overlap: the narrowest cause that covers enough of the ready time is named first. */
export function explainDelay({ scheduler, maxProcessors, gc, processors }: TraceAccount): Cause {
  const { latency } = scheduler
  const shareOf = (ns: number) => (latency.ns === 0 ? 0 : ns / latency.ns)
  const stop = shareOf(scheduler.duringStopNs)
  const busy = shareOf(scheduler.duringAllBusyNs)
  const marking = shareOf(scheduler.duringGcNs)
  const count = maxProcessors ?? processors.length
  const lines = [
    `of the ready time: ${sayShare(busy)} while all ${count} processors ran something, ${sayShare(marking)} while a GC cycle marked, ${sayShare(stop)} while the world was stopped`,
    'whether a CPU quota (cgroup) throttled the process is not in a trace: see nr_throttled in cpu.stat',
  ]
  if (stop >= 0.3) {
    const fix = 'Look at what stops the world (kinds and stacks of the stops in the timeline), and do it less often.'
    return { what: 'the world was stopped', fix, lines, isOwn: true }
  }
  const hogs = scheduler.longRuns
  if (busy >= 0.5 && hogs.length > 0 && sumRuns(scheduler) >= 0.5 * (scheduler.allBusyNs ?? Number.POSITIVE_INFINITY)) {
    const fix =
      'Break up the long runs (the evidence names them), or move such work to a process or pool of its own; cgo and tight loops are not preempted.'
    return {
      what: `${hogs.length === 1 ? 'a goroutine' : 'goroutines'} that ran for up to ${formatDuration(hogs[0]?.ns ?? 0)} without a stop kept the processors`,
      fix,
      lines,
      isOwn: true,
    }
  }
  if (marking >= 0.5 && gc.cycles > 0) {
    const fix = 'Allocate less, or raise GOGC or GOMEMLIMIT so that the collector runs less often.'
    return { what: 'the garbage collector was marking', fix, lines, isOwn: true }
  }
  if (busy >= 0.5) return { what: `all ${count} processors were busy`, fix: schedulerDelay.fix, lines, isOwn: true }
  return {
    what: 'processors were free meanwhile, so the machine did not run their threads',
    fix: 'Look for a CPU quota that throttles (cpu.stat), for other programs on the machine, and for a GOMAXPROCS above the CPU limit.',
    lines,
    isOwn: false,
  }
}

function sumRuns({ longRuns }: SchedulerAccount): number {
  return longRuns.reduce((sum, run) => sum + run.ns, 0)
}
