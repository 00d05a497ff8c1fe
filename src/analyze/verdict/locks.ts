/**
 * Waits on a lock. sync.Mutex hands the lock to its oldest waiter once one has waited 1 ms (starvation mode), so a lock
 * whose waiters all stood still over the window was not released in it. Who holds it is inferred (objects/locks.ts).
 */
import type { WaitClass } from '../../model/wait-class.ts'
import { type Group, nameWait, rowsLast, userFunctionOf } from '../groups/group.ts'
import { formatAddress } from '../objects/lock-address.ts'
import type { LockObject } from '../objects/locks.ts'
import {
  type CaseFile,
  describeWindow,
  isStanding,
  type Judgement,
  oneDump,
  plural,
  readGrowth,
  type VerdictRule,
} from './judgement.ts'
import { findSlowCall } from './slow-calls.ts'

type Draft = Omit<Judgement, 'rule'>

/** Waits in which a holder does something that ends by itself, but slowly. */
const slowClasses: ReadonlySet<WaitClass> = new Set(['network', 'pipe', 'timer', 'syscall', 'gc', 'runtime', 'system'])

/** A lock that was not released for this long, with nobody at work on its object, is called stuck with more than a guess. */
const LONG_NS = 2e9

export const lockRule: VerdictRule = {
  id: 'lock',
  judge: (file) => {
    if (!isLockWait(file.group)) return undefined
    const isOne = file.context.dumpCount < 2
    if (!isOne && (!isStanding(file) || wasReleased(file))) return judgeMoving(file)
    return judgeCycle(file) ?? judgeHolder(file) ?? judgeNobody(file)
  },
}

function isLockWait(group: Group): boolean {
  if (group.waitClass !== 'sync') return false
  if (/^sync\.(RW)?Mutex\./.test(group.reason)) return true
  return (
    group.reason === 'semacquire' &&
    group.functions.slice(0, 6).some((name) => /^(internal\/)?sync\.\(\*(RW)?Mutex\)\./.test(name))
  )
}

/** The locks that the group's members wait on, most waiters first. */
function listLocks({ group, context }: CaseFile): LockObject[] {
  const found = new Set<LockObject>()
  for (const row of rowsLast(group).subarray(0, 2000)) {
    const address = context.locks.ofRow.get(row)
    const lock = address === undefined ? undefined : context.locks.byAddress.get(address)
    if (lock !== undefined) found.add(lock)
  }
  return [...found].sort((a, b) => b.waiters.length - a.waiters.length || a.address - b.address)
}

/** All members wait for one lock, and one of them got it: most standing still only means that the queue is long. */
function wasReleased(file: CaseFile): boolean {
  const { motion } = file
  return (motion.left > 0 || (motion.traced?.moved ?? 0) > 0) && listLocks(file).length === 1
}

function judgeMoving(file: CaseFile): Draft {
  const { motion, members } = file
  const ended = file.context.endedWaits(file.group)
  const seen = ended === undefined ? '' : `; the block profile has ${plural(ended.count, 'such wait')} that ended`
  const moved = motion.traced?.moved ?? 0
  const traced = moved === 0 ? '' : `; ${moved} of them were woken while the execution trace was on`
  return {
    verdict: motion.stayedLast > 0 || members >= 10 ? 'slow' : 'busy',
    confidence: 'probable',
    why: `the lock moves: ${motion.left} left and ${motion.arrived} came ${describeWindow(file.context)}${traced}${seen}`,
  }
}

function judgeCycle(file: CaseFile): Draft | undefined {
  const { group, context, members } = file
  const rows = rowsLast(group)
  const onCycle = rows.filter((row) => context.cycles.next.has(row))
  const first = onCycle[0]
  if (first === undefined) return undefined
  const nextRow = context.cycles.next.get(first) as number
  const other = context.table.groupOf.at(-1)?.[nextRow] ?? group.index
  const partner = context.table.groups[other] as Group
  const isOne = context.dumpCount < 2
  const confidence = isOne ? 'possible' : 'probable'
  const how =
    other === group.index
      ? 'its members work on each other’s locks'
      : `it waits for a lock that ${userFunctionOf(partner)} works under, which waits for one that this works under`
  return {
    verdict: 'stuck',
    confidence,
    cause: 'cycle',
    why: `a lock-order cycle, by the objects in the frames: ${how} (${onCycle.length} of ${members})${isOne ? `; ${oneDump}` : `; none moved ${describeWindow(context)}`}`,
    ...(other === group.index ? {} : { blockedBy: { group: other, confidence, why: 'the two wait for each other' } }),
  }
}

function judgeHolder(file: CaseFile): Draft | undefined {
  const { context, members } = file
  const locks = listLocks(file)
  if (locks.length === 0) return undefined
  const holder = pickHolder(file, locks)
  if (holder === undefined) return undefined
  const { group, lock } = holder
  const waits = nameWait(group)
  const where = `${userFunctionOf(group)} [${waits}], which works on the same object (${formatAddress(lock.address)})`
  const stood = context.dumpCount < 2 ? oneDump : `none of ${members} got the lock ${describeWindow(context)}`
  const isSlow = group.state !== 'waiting' || isOutside(group)
  const confidence = isSlow && context.dumpCount >= 2 && lock.candidates.length === 1 ? 'probable' : 'possible'
  return {
    verdict: isSlow ? 'slow' : 'stuck',
    confidence,
    cause: isSlow && group.state === 'waiting' ? 'held-across-io' : 'held',
    why: `${stood}; the holder seems to be ${where}`,
    blockedBy: { group: group.index, confidence, why: `inferred from the receiver of its frames: ${where}` },
  }
}

/** The most telling candidate: one that waits outside the program, else one that waits at all, else one that runs. */
function pickHolder(
  { group, context }: CaseFile,
  locks: readonly LockObject[],
): { readonly group: Group; readonly lock: LockObject } | undefined {
  const ofRow = context.table.groupOf.at(-1) as Uint32Array
  let best: { readonly group: Group; readonly lock: LockObject; readonly rank: number } | undefined
  for (const lock of locks.slice(0, 200)) {
    for (const row of lock.candidates) {
      const candidate = context.table.groups[ofRow[row] as number] as Group
      if (candidate.index === group.index || candidate.isProbe) continue
      if (candidate.pattern?.strength === 'named') continue
      const rank = rankHolder(candidate)
      if (best === undefined || rank < best.rank) best = { group: candidate, lock, rank }
    }
  }
  return best
}

function rankHolder(group: Group): number {
  if (isOutside(group)) return 0
  return group.state === 'waiting' ? 1 : 2
}

/** It waits for something outside the program, by its state or by the call it is in. */
function isOutside(group: Group): boolean {
  if (group.state === 'syscall') return true
  if (group.waitClass !== undefined && slowClasses.has(group.waitClass)) return true
  return group.state === 'waiting' && findSlowCall(group.functions) !== undefined
}

function judgeNobody(file: CaseFile): Draft {
  const { context, members, motion } = file
  const growth = readGrowth(file)
  const locks = listLocks(file)
  const isSelf = locks.length > 0 && locks.every((lock) => lock.reentrant.length > 0 && lock.waiters.length === 1)
  const isOne = context.dumpCount < 2
  const span = motion.stayNs?.max ?? 0
  const verdict = growth !== undefined && growth.last - growth.first >= 2 ? 'leaked' : 'stuck'
  const grows = growth === undefined ? '' : `; their number grows (${growth.first} → ${growth.last})`
  const what = describeHolders(locks, isSelf)
  const cause = isSelf ? 'self' : isWellRead(locks) ? 'nobody' : undefined
  if (isOne)
    return {
      verdict: 'stuck',
      confidence: 'possible',
      ...(cause === undefined ? {} : { cause }),
      why: `${what}; ${oneDump}`,
    }
  return {
    verdict,
    ...(cause === undefined ? {} : { cause }),
    confidence: span >= LONG_NS && isWellRead(locks) ? 'probable' : 'possible',
    why: `${plural(members, 'goroutine')} did not get the lock ${describeWindow(context)}; ${what}${grows}`,
  }
}

function describeHolders(locks: readonly LockObject[], isSelf: boolean): string {
  if (locks.length === 0) return 'the frames do not show which lock it is, so who holds it cannot be inferred'
  if (isSelf) return 'each waits alone for a lock of an object that its own callers work on: it may hold it itself'
  if (isWellRead(locks)) {
    return 'no goroutine of the dump seems to hold the lock: whoever locked it is gone, or is the waiter itself'
  }
  return 'who holds it cannot be told from the frames'
}

/** Every lock's containing object is known and nobody but waiters works on it: "nobody holds it" rests on something. */
function isWellRead(locks: readonly LockObject[]): boolean {
  return locks.length > 0 && locks.every((lock) => lock.bases.size > 0 && lock.candidates.length === 0)
}
