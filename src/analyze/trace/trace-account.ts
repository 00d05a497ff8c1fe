/**
 * The accounting of an execution trace: a consumer of ordered chunks that keeps totals, never events.
 * Enters: TraceChunks in order, over tables that grow, and CPU samples. Leaves: a TraceAccount (model/trace-account).
 * Memory follows live goroutines, groups, sites and open tasks, each bounded; not the length of the trace.
 * The counting itself is WebAssembly (wasm/trace-account); what names things is here.
 */

import type { TraceChunk, TraceCpuSample, TraceGeneration, TraceTables } from '../../model/trace.ts'
import type { GoroutineAccount, TraceAccount } from '../../model/trace-account.ts'
import { describeAccount } from './account-output.ts'
import { TraceLedger } from './trace-ledger.ts'

export type TraceAccountOptions = {
  /** Only what lies between the two is counted; waits are cut at the edges. Default: all. */
  readonly fromNs?: number
  readonly toNs?: number
  /** `go1.27.3`, where something better than the trace's header knows it: rows of the lens table depend on it. */
  readonly goVersion?: string
  /** Called for each goroutine that ended, and at the finish for those that did not. */
  readonly onGoroutine?: (goroutine: GoroutineAccount) => void
}

export type OpenTraceAccount = {
  /** Before the chunks of each generation. Needed for damaged traces only: states from before a restart are forgotten,
   *  so that the gap is nobody's time; a goroutine told again after it counts as another one. */
  addGeneration(generation: TraceGeneration): void
  /** The chunk is read before this returns and may be reused. Tables must be those of the same trace. */
  addChunk(chunk: TraceChunk, tables: TraceTables): void
  addCpuSamples(samples: readonly TraceCpuSample[], tables: TraceTables): void
  /** Once, after the last chunk. */
  finish(meta: { readonly durationNs: number }): TraceAccount
}

export function openTraceAccount(options: TraceAccountOptions = {}): OpenTraceAccount {
  const ledger = new TraceLedger(options)
  return {
    addGeneration: (generation) => ledger.addGeneration(generation),
    addChunk: (chunk, tables) => ledger.addChunk(chunk, tables),
    addCpuSamples: (samples, tables) => ledger.addCpuSamples(samples, tables),
    finish: (meta) => describeAccount(ledger.finish(meta.durationNs), ledger, ledger.finishSamples()),
  }
}
