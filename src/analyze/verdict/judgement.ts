/**
 * What a verdict rule is given and what it gives: one group with everything the evidence says of it → a judgement with
 * its confidence and the sentence that names the evidence; or nothing, and the next rule of the table is asked.
 */
import type { Confidence } from '../../model/contract.ts'
import type { GroupVerdict } from '../../model/diagnosis.ts'
import type { Group, GroupTable } from '../groups/group.ts'
import type { GroupMotion, Motion } from '../groups/stability.ts'
import type { LeakProof } from '../leak/proof.ts'
import type { LockCycles } from '../objects/cycles.ts'
import type { LockTable } from '../objects/locks.ts'

export type Judgement = {
  readonly verdict: GroupVerdict
  readonly confidence: Confidence
  readonly why: string
  readonly pattern?: string
  readonly blockedBy?: { readonly group: number; readonly confidence: Confidence; readonly why: string }
  /** What was inferred, for the rules that report it. */
  readonly cause?: 'cycle' | 'self' | 'held-across-io' | 'held' | 'nobody' | 'pool' | 'answer' | 'children'
  /** What it waits for, where a table names it: `a database connection (database/sql)`. */
  readonly what?: string
  /** Which rule said so. */
  readonly rule: string
}

export type CaseFile = {
  readonly group: Group
  readonly motion: GroupMotion
  /** Members in the last dump. */
  readonly members: number
  readonly context: VerdictContext
}

export type VerdictContext = {
  readonly table: GroupTable
  readonly motion: Motion
  /** Dumps with ids: the only ones that stability can be read from. */
  readonly dumpCount: number
  readonly proof: LeakProof
  readonly locks: LockTable
  readonly cycles: LockCycles
  /** Highest goroutine id of the last dump: how many goroutines the process has started, about. */
  readonly highestId: number
  /** Lowest id of a goroutine that accepts connections, other than main; undefined where there is none. */
  readonly firstListenerId?: number
  /** Row of the last dump with this id; undefined where it has none. */
  findRow(id: number): number | undefined
  /** Groups of the goroutines that a goroutine (by id) created, in the last dump; only of those that wait to join. */
  readonly childrenOf: ReadonlyMap<number, readonly number[]>
  /** Waits that ended in the window at this stack, by the block profile; undefined where it cannot say. */
  endedWaits(group: Group): { readonly count: number; readonly seconds: number } | undefined
}

export type VerdictRule = {
  readonly id: string
  readonly judge: (file: CaseFile) => Omit<Judgement, 'rule'> | undefined
}

/** The members stand still: seen in the same wait in all dumps of the window, and hardly any come or go. */
export function isStanding({ motion, members, context }: CaseFile): boolean {
  if (context.dumpCount < 2 || motion.stayedAll === 0) return false
  return motion.left === 0 || motion.stayedAll / members >= 0.5
}

/** First and last count, where the group only grew: members came over the window and none left. */
export function readGrowth({ group, motion, context }: CaseFile): { first: number; last: number } | undefined {
  const first = group.counts[0] ?? 0
  const last = group.counts.at(-1) ?? 0
  if (context.dumpCount < 2 || last <= first || motion.left > 0) return undefined
  const falls = group.counts.some((count, at) => at > 0 && count < (group.counts[at - 1] as number))
  return falls ? undefined : { first, last }
}

/** `over 3 dumps in 3.0 s`: what stability rests on. */
export function describeWindow(context: VerdictContext): string {
  const span = context.motion.spanNs
  const dumps = `${context.dumpCount} dumps`
  return span === undefined ? `over ${dumps}` : `over ${dumps} in ${(span / 1e9).toFixed(1)} s`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Said wherever one dump is all there is. */
export const oneDump = 'there is only one dump, so whether it ever moves cannot be told'
