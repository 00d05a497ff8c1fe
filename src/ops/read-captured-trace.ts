/**
 * The execution trace of a capture → what analysis takes in: its account, and what the goroutines of the last dump did.
 * The events are read once, in order, and none is kept. A trace that cannot be read leaves an issue and its size.
 */

import { openTraceAccount } from '../analyze/trace/trace-account.ts'
import { followGoroutines } from '../analyze/traced/follow-goroutines.ts'
import { readTraceFrames } from '../analyze/traced/trace-frames.ts'
import { readTraceSync } from '../decode/gotrace/gotrace.ts'
import type { EvidenceSet } from '../model/evidence.ts'
import type { IssueLog } from '../model/issue.ts'
import type { TraceTables } from '../model/trace.ts'

export type CapturedTraceOptions = {
  /** Goroutines of the last dump. */
  readonly ids: Float64Array
  readonly log: IssueLog
  /** Of the target, which knows better than the trace's header. */
  readonly goVersion?: string
  /** When it was on, since the start of the capture. */
  readonly startNs?: number
  readonly endNs?: number
}

export function readCapturedTrace(
  { source, bytes }: { readonly source: string; readonly bytes: Uint8Array },
  { ids, log, goVersion, startNs, endNs }: CapturedTraceOptions,
): EvidenceSet['trace'] {
  const account = openTraceAccount(goVersion === undefined ? {} : { goVersion })
  const follower = followGoroutines(ids)
  let tables: TraceTables | undefined
  const read = readTraceSync(bytes, {
    onGeneration: (generation, all) => {
      tables = all
      account.addGeneration(generation)
      follower.addGeneration(generation)
    },
    onChunk: (chunk, all) => {
      tables = all
      account.addChunk(chunk, all)
      follower.addChunk(chunk)
    },
    onCpuSamples: (samples, all) => account.addCpuSamples(samples, all),
  })
  if (!read.ok) {
    log.add(read.error.code, read.error.message, { at: { file: source } })
    return { source, sizeBytes: bytes.length }
  }
  log.addAll(read.value.issues, source)
  const meta = read.value.value
  const all = tables
  if (all === undefined || meta.events === 0) {
    log.add('SL_DECODE_TRUNCATED', 'the execution trace holds no events', { at: { file: source } })
    return { source, sizeBytes: bytes.length }
  }
  const goroutines = follower.finish(meta.durationNs, all.strings)
  return {
    source,
    sizeBytes: bytes.length,
    activity: {
      durationNs: meta.durationNs,
      isComplete: meta.complete,
      goroutineIds: ids,
      seen: goroutines.seen,
      moves: goroutines.moves,
      ended: goroutines.ended,
    },
    reading: {
      account: account.finish(meta),
      meta,
      goroutines,
      framesOf: (stack) => readTraceFrames(all, stack),
      ...(startNs === undefined ? {} : { startNs }),
      ...(endNs === undefined ? {} : { endNs }),
    },
  }
}
