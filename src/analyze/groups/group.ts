/**
 * A group: the goroutines of all dumps of a window that wait in the same state, for the same reason, at the same stack,
 * made by the same creator. The unit of every verdict, rule and ratio; rows stay in the dumps' typed arrays.
 */
import type { DatedDump } from '../../model/evidence.ts'
import type { DumpFrame } from '../../model/goroutine-dump.ts'
import type { GoroutineState, WaitClass } from '../../model/wait-class.ts'
import type { IdlePattern } from '../idle/pattern.ts'
import type { WaitKind } from '../lenses/types.ts'

export type Group = {
  /** Same text for the same group in every dump and every capture: reason, folded stack, creator, proof. */
  readonly key: string
  readonly index: number
  readonly state: GoroutineState
  /** The status word without marks, '' where the form has none (debug=1). */
  readonly reason: string
  readonly waitClass?: WaitClass
  readonly isKnownReason: boolean
  readonly isDurable: boolean
  readonly isStackUnavailable: boolean
  /** Leaf first, as printed. */
  readonly frames: readonly DumpFrame[]
  readonly functions: readonly string[]
  readonly userDepth: number
  readonly creator?: DumpFrame
  readonly isSystem: boolean
  /** Serves one of the collector's own requests. */
  readonly isProbe: boolean
  /** The runtime proved its members unreachable. */
  readonly isProven: boolean
  readonly kind?: WaitKind
  readonly pattern?: IdlePattern
  /** Rows of each dump, ascending. */
  readonly rows: readonly Uint32Array[]
  /** Goroutines of each dump (a debug=1 row counts for many). */
  readonly counts: readonly number[]
}

export type GroupTable = {
  readonly dumps: readonly DatedDump[]
  readonly groups: readonly Group[]
  /** Group index of each row, per dump. */
  readonly groupOf: readonly Uint32Array[]
  /** Goroutine id → row, per dump; empty maps where one dump is all there is. */
  readonly rowOf: readonly ReadonlyMap<number, number>[]
}

/** Members in the last dump. */
export function countLast(group: Group): number {
  return group.counts.at(-1) ?? 0
}

export function userFunctionOf(group: Group): string {
  return group.functions[group.userDepth] ?? group.creator?.function ?? 'unknown'
}

/** What a person calls this wait: the reason as printed, else the state. */
export function nameWait(group: Group): string {
  return group.reason === '' ? group.state : group.reason
}

const noRows = new Uint32Array(0)

/** Rows of the last dump. */
export function rowsLast(group: Group): Uint32Array {
  return group.rows.at(-1) ?? noRows
}
