/**
 * From the account of a trace to the data of `timeline --json`: the names that are public, the lists at their bounds.
 * Numbers are those of the account; nothing is computed here but what the shape asks for.
 */
import { formatUnixNs } from '../../base/units.ts'
import type { JoinSummary } from '../../model/span-join.ts'
import type { TimelineData, TimelineGroup, TimelineWait } from '../../model/timeline.ts'
import type { TraceMeta } from '../../model/trace.ts'
import type { DurationStats, TraceAccount, WaitRow } from '../../model/trace-account.ts'
import { DATADOG_CATEGORY, OTEL_CATEGORY } from '../span-join/span-marks.ts'

const MAX_GROUPS = 1000
const MAX_WAKES = 200

/** `goVersion`: of the capture, where one says it; else as far as the trace's header tells. */
export function toTimelineData(account: TraceAccount, meta: TraceMeta, goVersion?: string): TimelineData {
  const { scheduler, gc, heap } = account
  return {
    trace: describeTrace(account, meta, goVersion),
    eventCounts: account.eventCounts,
    totals: account.totals,
    system: account.system,
    waiting: account.waiting.map(describeWait),
    groups: account.groups.slice(0, MAX_GROUPS).map(
      (group): TimelineGroup => ({
        startFunction: group.startFunction,
        system: group.isSystem,
        count: group.count,
        runningNs: group.runningNs,
        runnableNs: group.runnableNs,
        waitingNs: group.waitingNs,
        syscallNs: group.syscallNs,
        assistNs: group.assistNs,
        waiting: group.waiting.map(describeWait),
        creators: group.creators,
      }),
    ),
    scheduler: {
      latencyNs: { ...quantilesOf(scheduler.latency), max: scheduler.latency.maxNs },
      count: scheduler.latency.count,
      causes: scheduler.causes.map(({ cause, count, ns }) => ({ cause, count, ns })),
      duringStopNs: scheduler.duringStopNs,
      duringAllBusyNs: scheduler.duringAllBusyNs,
      duringGcNs: scheduler.duringGcNs,
      longRuns: scheduler.longRuns.map(({ goroutine, startNs, ns }) => ({ goroutine, startNs, ns })),
    },
    gc: {
      cycles: gc.cycles,
      stwNs: gc.stw.ns,
      stwCount: gc.stw.count,
      stwMaxNs: gc.stw.maxNs,
      stwByKind: gc.stwByKind.map(({ kind, count, ns }) => ({ kind, count, ns })),
      assistNs: gc.assist.ns,
      assistCount: gc.assist.count,
      sweepNs: gc.sweep.ns,
      minimumMutatorUtilization: gc.minimumMutatorUtilization,
    },
    processors: account.processors.map(({ processor, runningNs, heldNs }) => ({ processor, runningNs, heldNs })),
    syscalls: { count: account.syscalls.count, ns: account.syscalls.ns, maxNs: account.syscalls.maxNs },
    ...(heap === undefined
      ? {}
      : { heap: { minBytes: heap.minBytes, maxBytes: heap.maxBytes, lastBytes: heap.lastBytes } }),
    taskCount: account.taskCount,
    tasks: account.tasks,
    taskTypes: account.taskTypes.map(nameDuration),
    regions: account.regions.map(nameDuration),
    logs: { count: account.logs.count },
    cpuSamples: account.cpu.count,
    wakes: account.wakes.slice(0, MAX_WAKES),
    blind: account.blind,
    unknownWaits: { count: account.unknownWaits.count, ns: account.unknownWaits.ns },
    join: tallySpans(account),
    sketchErrorRatio: account.sketchErrorRatio,
    omitted: account.omitted,
  }
}

/** Tracing SDKs begin a task for every span: with nothing but the account the tasks are counted, whoever began them. */
function tallySpans({ taskCount, taskTypes, logs }: TraceAccount): JoinSummary {
  const partial = taskTypes.reduce((sum, { incompleteCount }) => sum + incompleteCount, 0)
  const hasIds = (name: string) => logs.categories.some(({ category }) => category === name)
  const rung = hasIds(OTEL_CATEGORY) ? 1 : hasIds(DATADOG_CATEGORY) ? 3 : taskCount > 0 ? 0 : 4
  return { rung, spans: taskCount, certain: Math.max(0, taskCount - partial), probable: 0, partial }
}

function describeTrace(account: TraceAccount, meta: TraceMeta, goVersion: string | undefined): TimelineData['trace'] {
  const { clock } = meta
  const startTime = clock.kind === 'snapshot' ? clock.unixNs - BigInt(Math.round(clock.traceNs)) : undefined
  return {
    goVersion: goVersion ?? meta.headerVersion,
    format: meta.format,
    sizeBytes: meta.sizeBytes,
    generations: meta.generations,
    events: meta.events,
    goroutines: account.goroutines.count,
    processors: account.processors.length,
    durationNs: meta.durationNs,
    ...(startTime === undefined ? {} : { startTime: formatUnixNs(startTime) }),
    clock: clock.kind === 'none' ? { kind: 'none' } : { kind: clock.kind, uncertaintyNs: clock.uncertaintyNs },
    complete: meta.complete,
  }
}

function describeWait(row: WaitRow): TimelineWait {
  const { longest } = row
  return {
    blockReason: row.blockReason,
    waitClass: row.waitClass,
    ...(row.waitKind === undefined ? {} : { waitKind: row.waitKind }),
    ns: row.ns,
    count: row.count,
    recordedBy: row.recordedBy,
    blind: row.blind,
    openCount: row.openCount,
    openNs: row.openNs,
    olderCount: row.olderCount,
    maxNs: row.maxNs,
    ...(row.p50Ns === undefined ? {} : { p50Ns: row.p50Ns }),
    ...(row.p95Ns === undefined ? {} : { p95Ns: row.p95Ns }),
    ...(row.p99Ns === undefined ? {} : { p99Ns: row.p99Ns }),
    ...(longest === undefined
      ? {}
      : { longest: { goroutine: longest.goroutine, startNs: longest.startNs, ns: longest.ns } }),
  }
}

function quantilesOf(stats: DurationStats): { p50?: number; p95?: number; p99?: number } {
  const { p50Ns, p95Ns, p99Ns } = stats
  if (p50Ns === undefined || p95Ns === undefined || p99Ns === undefined) return {}
  return { p50: p50Ns, p95: p95Ns, p99: p99Ns }
}

function nameDuration(row: DurationStats & { readonly name: string }) {
  return { name: row.name, count: row.count, ns: row.ns, maxNs: row.maxNs }
}
