/**
 * Reads experimental batches. The one experiment is AllocFree (1), on with GODEBUG=traceallocfree=1: its events stand
 * among the others (ids 128 to 136), its batches hold the sizes they are counted in, and a table of types.
 * Source: traceallocfree.go and tracetype.go of Go 1.27.3. Batches of other experiments are left unread, as the
 * reference reader leaves all of them.
 */
import type { ByteCursor } from '../../base/byte-cursor.ts'
import type { TraceExperimentRow } from '../../model/trace.ts'

const ALLOC_FREE = 1
/** First byte of a batch: traceAllocFreeTypesBatch, traceAllocFreeInfoBatch. */
const TYPES_BATCH = 0
const INFO_BATCH = 1

const decoder = new TextDecoder()

/** Adds the rows of one batch's payload. */
export function readExperiment(cursor: ByteCursor, experiment: number, rows: TraceExperimentRow[]): void {
  if (experiment !== ALLOC_FREE || cursor.isAtEnd) return
  const kind = cursor.readByte()
  if (kind === INFO_BATCH) {
    rows.push({
      kind: 'alloc-free-info',
      minPageHeapAddress: cursor.readVarint(),
      pageBytes: cursor.readVarint(),
      minHeapAlignBytes: cursor.readVarint(),
      fixedStackBytes: cursor.readVarint(),
    })
    return
  }
  while (kind === TYPES_BATCH && !cursor.isAtEnd) {
    const id = cursor.readVarint()
    const address = cursor.readVarint()
    const sizeBytes = cursor.readVarint()
    const pointerBytes = cursor.readVarint()
    const name = decoder.decode(cursor.readSlice(cursor.readVarint()))
    rows.push({ kind: 'alloc-free-type', id, address, sizeBytes, pointerBytes, name })
  }
}
