/**
 * Waiters joined on one object, and who may hold it. A dump does not say who holds a lock; it shows whose frames work on
 * the object that contains it. So a holder is inferred, never proven: a goroutine that does not wait for this lock and
 * runs a method of the same receiver (the same address as first word of a frame), or was given the lock itself.
 * Bounded: argument words are scanned once, against a sorted list of the addresses that matter.
 */
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import { type Group, type GroupTable, rowsLast } from '../groups/group.ts'
import { type ObjectKind, planObjectRead, readObject, readWord } from './lock-address.ts'

export type LockObject = {
  readonly address: number
  readonly kind: ObjectKind
  /** Rows of the last dump that wait on it. */
  readonly waiters: number[]
  /** Addresses of objects that contain it, as its waiters' own callers show. */
  readonly bases: Set<number>
  /** Rows that may hold it: not waiting on it, with a frame on it or on an object that contains it. */
  readonly candidates: number[]
  /** Rows that wait on it and have a second, outer frame on the same object. */
  readonly reentrant: number[]
}

export type LockTable = {
  readonly byAddress: ReadonlyMap<number, LockObject>
  /** Address the row waits on. */
  readonly ofRow: ReadonlyMap<number, number>
}

/** A struct larger than this hardly holds its lock further in. */
const MAX_CONTAINER_BYTES = 4096
/** Beyond these the inference stops adding: enough to answer who, cheap enough for any dump. */
const MAX_WAITING_ROWS = 50_000
const MAX_CANDIDATES = 64

export function joinWaiters(table: GroupTable): LockTable {
  const dump = table.dumps.at(-1)?.dump
  const byAddress = new Map<number, LockObject>()
  const ofRow = new Map<number, number>()
  if (dump === undefined) return { byAddress, ofRow }
  const callerOf = new Map<number, number>()
  for (const group of table.groups) collectWaiters(dump, group, byAddress, ofRow, callerOf)
  findCandidates(dump, byAddress, ofRow, callerOf)
  return { byAddress, ofRow }
}

function collectWaiters(
  dump: GoroutineDump,
  group: Group,
  byAddress: Map<number, LockObject>,
  ofRow: Map<number, number>,
  callerOf: Map<number, number>,
): void {
  if (group.waitClass !== 'sync' && group.waitClass !== 'cond') return
  const plan = planObjectRead(group.functions)
  if (plan === undefined) return
  for (const row of rowsLast(group)) {
    if (ofRow.size >= MAX_WAITING_ROWS) return
    const address = readObject(dump, row, plan)
    if (address === undefined) continue
    ofRow.set(row, address)
    callerOf.set(row, plan.callerDepth)
    let lock = byAddress.get(address)
    if (lock === undefined) {
      const kind = plan.depths.at(-1)?.kind ?? 'mutex'
      lock = { address, kind, waiters: [], bases: new Set(), candidates: [], reentrant: [] }
      byAddress.set(address, lock)
    }
    lock.waiters.push(row)
    const base = readWord(dump, row, plan.callerDepth)
    if (base !== undefined && base <= address && address - base < MAX_CONTAINER_BYTES) lock.bases.add(base)
  }
}

/** One scan over the first words of all frames: who else works on these objects. */
function findCandidates(
  dump: GoroutineDump,
  byAddress: ReadonlyMap<number, LockObject>,
  ofRow: ReadonlyMap<number, number>,
  callerOf: ReadonlyMap<number, number>,
): void {
  const interesting = new Map<number, LockObject[]>()
  for (const lock of byAddress.values()) {
    for (const word of new Set([lock.address, ...lock.bases])) {
      const locks = interesting.get(word)
      if (locks === undefined) interesting.set(word, [lock])
      else locks.push(lock)
    }
  }
  if (interesting.size === 0) return
  const halves = new Uint32Array(dump.argWords.buffer, dump.argWords.byteOffset, dump.argWords.length * 2)
  for (let row = 0; row < dump.rowCount; row++) {
    const end = dump.argStart[row + 1] as number
    const waitsOn = ofRow.get(row)
    const caller = callerOf.get(row) ?? 0
    const own = new Map<LockObject, number>()
    for (let at = dump.argStart[row] as number; at < end; at++) {
      if (dump.argPositions[at] !== 0 || dump.argDoubtful[at] === 1) continue
      if ((dump.argDepths[at] as number) < caller) continue
      const word = (halves[at * 2] as number) + (halves[at * 2 + 1] as number) * 4294967296
      for (const lock of interesting.get(word) ?? []) noteFrame(lock, row, waitsOn, own)
    }
    for (const [lock, frames] of own) {
      if (frames > 1 && lock.reentrant.length < MAX_CANDIDATES) lock.reentrant.push(row)
    }
  }
}

function noteFrame(lock: LockObject, row: number, waitsOn: number | undefined, own: Map<LockObject, number>): void {
  if (waitsOn !== lock.address) {
    if (lock.candidates.at(-1) !== row && lock.candidates.length < MAX_CANDIDATES) lock.candidates.push(row)
    return
  }
  own.set(lock, (own.get(lock) ?? 0) + 1)
}
