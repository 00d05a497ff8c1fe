/**
 * Times as they would be if all hosts had one clock: what spans of different processes are compared by, to see which
 * lies within which. Enters: spans and the clocks of their resources. Leaves: columns of starts and ends beside the
 * table's own, which stay as they were exported; nothing is shown or measured in these.
 */
import type { SpanTable } from '../../model/spans.ts'
import type { Clocks } from '../trust-verdict/skew-clocks.ts'

export type AlignedTimes = {
  readonly clocks: Clocks
  readonly startNs: Float64Array
  readonly endNs: Float64Array
}

export function alignTimes(spans: SpanTable, clocks: Clocks): AlignedTimes {
  if (clocks.aheadNs.every((ahead) => ahead === 0)) return { clocks, startNs: spans.startNs, endNs: spans.endNs }
  const startNs = new Float64Array(spans.count)
  const endNs = new Float64Array(spans.count)
  for (let row = 0; row < spans.count; row++) {
    const ahead = clocks.aheadNs[clocks.clockOf[spans.resourceOf[row] as number] as number] as number
    startNs[row] = (spans.startNs[row] as number) - ahead
    endNs[row] = (spans.endNs[row] as number) - ahead
  }
  return { clocks, startNs, endNs }
}

/** About how far the times of two rows may still be off against one another; 0: one clock. */
export function unsureBetween({ clocks }: AlignedTimes, { resourceOf }: SpanTable, one: number, other: number): number {
  const a = clocks.clockOf[resourceOf[one] as number] as number
  const b = clocks.clockOf[resourceOf[other] as number] as number
  if (a === b) return 0
  return Math.max(clocks.unsureNs[a] as number, clocks.unsureNs[b] as number)
}
