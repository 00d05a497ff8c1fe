/**
 * The totals of a trace as our reader and accounting have them, in the shape of the reference's.
 * Enters: the bytes of a trace. Leaves: the account and OwnTotals, or why the trace is not read. User and system goroutines are added up,
 * as the reference does not tell them apart.
 */
import { openTraceAccount } from '../../../src/analyze/trace/trace-account.ts'
import { readTraceSync } from '../../../src/decode/gotrace/gotrace.ts'
import type { TraceMeta } from '../../../src/model/trace.ts'
import type { TraceAccount } from '../../../src/model/trace-account.ts'
import type { OwnTotals } from './compare.ts'

export type OwnAccount = { readonly meta: TraceMeta; readonly account: TraceAccount }

export function readOwnAccount(bytes: Uint8Array): OwnAccount | string {
  const open = openTraceAccount()
  const read = readTraceSync(bytes, {
    onChunk: (chunk, tables) => open.addChunk(chunk, tables),
    onCpuSamples: (samples, tables) => open.addCpuSamples(samples, tables),
  })
  if (!read.ok) return `${read.error.code}: ${read.error.message}`
  const meta = read.value.value
  return { meta, account: open.finish({ durationNs: meta.durationNs }) }
}

export function totalsOf({ meta, account }: OwnAccount): OwnTotals {
  const { totals, system } = account
  const waitingNs: Record<string, number> = {}
  for (const { waiting } of account.groups) {
    for (const { blockReason, ns } of waiting) waitingNs[blockReason] = (waitingNs[blockReason] ?? 0) + ns
  }
  return {
    events: meta.events,
    complete: meta.complete,
    kinds: account.eventCounts,
    cpuSamples: meta.cpuSamples,
    goroutines: account.goroutines.count,
    processors: account.processors.length,
    tasks: account.taskCount,
    regions: account.regions.reduce((sum, { count }) => sum + count, 0),
    logs: account.logs.count,
    durationNs: meta.durationNs,
    statesNs: {
      Running: totals.runningNs + system.runningNs,
      Runnable: totals.runnableNs + system.runnableNs,
      Waiting: totals.waitingNs + system.waitingNs,
      Syscall: totals.syscallNs + system.syscallNs,
    },
    waitingNs,
    unknownNs: account.unknownWaits.ns,
    omitted: Object.values(account.omitted).reduce((sum, count) => sum + count, 0),
  }
}
