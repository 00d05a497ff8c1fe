/**
 * A break as it is found and judged: one case per service, operation, shape (and peer), with the spans it is seen in.
 * Between those who find and name (suspects, features, classes, arbiter) and those who count and grade (verdict).
 */

import type { Confidence } from '../../model/contract.ts'
import type { BreakClass } from '../../model/trust/break-classes.ts'
import type { SourceEvidence, SourcePlace } from '../../model/trust/source-evidence.ts'
import type { BreakState, Exoneration } from '../../model/trust/trust-data.ts'

export type BreakCase = {
  /** Who lost it, as far as known: the service that the verdict counts it against. */
  readonly service: string
  readonly operation: string
  readonly version?: string
  readonly edge?: { readonly from: string; readonly to: string }
  /** The likeliest; absent where none can be named. */
  readonly class?: BreakClass
  /** At most three names with `class`. */
  readonly alternatives: readonly BreakClass[]
  readonly state: BreakState
  readonly exoneratedBy?: Exoneration
  readonly confidence: Confidence
  readonly decidedBy: readonly string[]
  /** The place in the source that does it. */
  readonly source?: SourcePlace
  /** What of the given evidence has something in common with the break; where it is explained, the first explains it. */
  readonly candidates?: readonly SourceEvidence[]
  readonly why: string
  /** Spans in which it is seen; where log records are, none. */
  readonly rows: Uint32Array
  /** Traces affected, and traces that crossed this edge or operation (the affected ones included). */
  readonly affected: number
  readonly crossed: number
  /** Spans that are missing, where that is what the case is about: at least so many. */
  readonly missing?: number
  /** Of log records, where the case is about them. */
  readonly logRecords?: { readonly affected: number; readonly all: number }
}
