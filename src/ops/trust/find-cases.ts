/** Spans and logs that were read → the breaks in them, with what else is known: settle window, headers, source. */
import type { BreakCase } from '../../analyze/trust/break-case.ts'
import { findBreaks } from '../../analyze/trust/find-breaks.ts'
import { buildForest, type SpanForest } from '../../analyze/trust/forest.ts'
import { nameOperations, type Operations } from '../../analyze/trust/operations.ts'
import { findReadTime } from '../../analyze/trust/read-time.ts'
import { percentileRoot } from '../../analyze/trust/trust-facts.ts'
import type { EdgeHeaders } from '../../model/trust/edge-headers.ts'
import type { SourceEvidence } from '../../model/trust/source-evidence.ts'
import type { Signals } from './read-signals.ts'

const MIN_SETTLE_NS = 60e9
const EXPORT_NS = 35e9

export type FoundCases = {
  readonly forest: SpanForest
  readonly operations: Operations
  readonly cases: BreakCase[]
  readonly settleNs: number
  readonly readAtNs: number
}

export function findCases(
  { spans, logs, completeUnixNs }: Signals,
  options: {
    readonly settleNs?: number
    readonly source?: readonly SourceEvidence[]
    readonly headers?: readonly EdgeHeaders[]
  },
): FoundCases {
  const forest = buildForest(spans)
  const operations = nameOperations(spans)
  const settleNs = options.settleNs ?? Math.max(MIN_SETTLE_NS, percentileRoot(forest, 0.99) + EXPORT_NS)
  const completeNs = completeUnixNs === undefined ? undefined : Number(completeUnixNs - spans.baseUnixNs)
  const readAtNs = findReadTime(forest, completeNs, settleNs)
  const { source = [], headers = [] } = options
  const cases = findBreaks({
    forest,
    operations,
    ...(logs === undefined ? {} : { logs }),
    ...(source.length === 0 ? {} : { source }),
    ...(headers.length === 0 ? {} : { headers }),
    options: { settleNs, readAtNs },
  })
  return { forest, operations, cases, settleNs, readAtNs }
}
