/** Spans that a person can open: ids as hex, a few of each case, in different traces and spread over the time. */
import type { SpanTable } from '../../model/spans.ts'
import type { TrustBreak } from '../../model/trust/trust-data.ts'

const MAX_EXAMPLES = 5
/** Rows looked at for traces that differ. */
const MAX_LOOKS = 200

export function pickExampleRows(spans: SpanTable, rows: ArrayLike<number>, most: number = MAX_EXAMPLES): number[] {
  const picked: number[] = []
  const seen = new Set<number>()
  const looks = Math.min(rows.length, MAX_LOOKS)
  const step = Math.max(1, Math.floor(looks / most))
  // The first of each stretch, then those in between.
  for (let offset = 0; offset < step && picked.length < most; offset++) {
    for (let look = offset; look < looks && picked.length < most; look += step) {
      const row = rows[Math.floor((look * rows.length) / looks)] as number
      const trace = spans.traces[row] as number
      if (seen.has(trace)) continue
      seen.add(trace)
      picked.push(row)
    }
  }
  return picked
}

export function listExamples(spans: SpanTable, rows: ArrayLike<number>): TrustBreak['examples'] {
  return pickExampleRows(spans, rows).map((row) => ({ traceId: traceIdOf(spans, row), spanId: spanIdOf(spans, row) }))
}

export function traceIdOf(spans: SpanTable, row: number): string {
  return traceIdAt(spans, spans.traces[row] as number)
}

export function traceIdAt({ traceIds }: SpanTable, trace: number): string {
  let text = ''
  for (const byte of traceIds.subarray(trace * 16, trace * 16 + 16)) text += byte.toString(16).padStart(2, '0')
  return text
}

export function spanIdOf({ idHigh, idLow }: SpanTable, row: number): string {
  return hex(idHigh[row] as number) + hex(idLow[row] as number)
}

export function parentIdOf({ parentHigh, parentLow }: SpanTable, row: number): string {
  return hex(parentHigh[row] as number) + hex(parentLow[row] as number)
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
