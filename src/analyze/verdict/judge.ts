/**
 * The verdict table: rules in order, the first that answers wins. Proof stands before knowledge (the idle table),
 * knowledge before inference (cycles, holders, children, growth), inference before the honest guess at the end.
 */
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import { type Group, type GroupTable, rowsLast } from '../groups/group.ts'
import type { Motion } from '../groups/stability.ts'
import type { LeakProof } from '../leak/proof.ts'
import { findCycles } from '../objects/cycles.ts'
import { joinWaiters } from '../objects/locks.ts'
import { namedIdleRule, onTheWayRule, probeRule, systemRule } from './apart.ts'
import type { CaseFile, Judgement, VerdictContext, VerdictRule } from './judgement.ts'
import { lockRule } from './locks.ts'
import { childrenRule, isJoinWait } from './partners.ts'
import { foreverRule, leakProofRule } from './proven.ts'
import { slowCallRule } from './slow-calls.ts'
import { undecidedRule } from './undecided.ts'
import { outsideRule, runningRule } from './working.ts'

const verdictRules: readonly VerdictRule[] = [
  leakProofRule,
  systemRule,
  probeRule,
  onTheWayRule,
  foreverRule,
  namedIdleRule,
  runningRule,
  lockRule,
  childrenRule,
  slowCallRule,
  outsideRule,
  undecidedRule,
]

export function openContext(
  table: GroupTable,
  motion: Motion,
  proof: LeakProof,
  endedWaits: VerdictContext['endedWaits'],
): VerdictContext {
  const last = table.dumps.at(-1)?.dump
  const locks = joinWaiters(table)
  const byId = indexIds(last)
  return {
    table,
    motion,
    dumpCount: table.dumps.filter(({ dump }) => dump.ids.length > 0).length,
    proof,
    locks,
    cycles: findCycles(locks),
    highestId: byId.highest,
    ...firstListener(table, last),
    findRow: byId.find,
    childrenOf: last === undefined ? new Map() : listChildren(table, last),
    endedWaits,
  }
}

/** Frames of loops that hand connections to goroutines of their own. */
const acceptFrame =
  /^(net\/http\.\(\*Server\)\.Serve|google\.golang\.org\/grpc\.\(\*Server\)\.Serve|net\.\(\*(TCP|Unix)Listener\)\.Accept\w*)$/

function firstListener(table: GroupTable, last: GoroutineDump | undefined): { readonly firstListenerId?: number } {
  let lowest = Number.POSITIVE_INFINITY
  for (const group of table.groups) {
    if (group.reason !== 'IO wait' || group.creator === undefined) continue
    if (!group.functions.some((name) => acceptFrame.test(name))) continue
    for (const row of rowsLast(group)) lowest = Math.min(lowest, last?.ids[row] ?? Number.POSITIVE_INFINITY)
  }
  return Number.isFinite(lowest) ? { firstListenerId: lowest } : {}
}

type IdIndex = { readonly highest: number; readonly find: (id: number) => number | undefined }

/** Id → row. One sorted column of id × rows + row where that is exact (a tenth of a Map's memory), else a Map. */
function indexIds(dump: GoroutineDump | undefined): IdIndex {
  const ids = dump?.ids ?? new Float64Array(0)
  const rows = ids.length
  let highest = 0
  for (const id of ids) highest = Math.max(highest, id)
  if ((highest + 1) * rows >= Number.MAX_SAFE_INTEGER) {
    const map = new Map<number, number>()
    for (let row = 0; row < rows; row++) map.set(ids[row] as number, row)
    return { highest, find: (id) => map.get(id) }
  }
  const keys = Float64Array.from(ids, (id, row) => id * rows + row).sort()
  return { highest, find: (id) => findKey(keys, id, rows) }
}

function findKey(keys: Float64Array, id: number, rows: number): number | undefined {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as number) < id * rows) low = middle + 1
    else high = middle
  }
  const key = keys[low]
  return key !== undefined && key < (id + 1) * rows ? key - id * rows : undefined
}

/** Children of the goroutines that wait for others to be done: nobody else's are asked for. */
function listChildren(table: GroupTable, last: GoroutineDump): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>()
  for (const group of table.groups) {
    if (!isJoinWait(group)) continue
    for (const row of rowsLast(group)) children.set(last.ids[row] ?? 0, [])
  }
  const ofRow = table.groupOf.at(-1) ?? new Uint32Array(0)
  for (let row = 0; children.size > 0 && row < last.ids.length; row++) {
    children.get(last.creatorIds[row] as number)?.push(ofRow[row] as number)
  }
  return children
}

/** One judgement per group of the table, in its order. */
export function judgeGroups(context: VerdictContext): readonly Judgement[] {
  return context.table.groups.map((group) => judgeGroup(context, group))
}

function judgeGroup(context: VerdictContext, group: Group): Judgement {
  const motion = context.motion.byGroup[group.index]
  const members = group.counts.at(-1) ?? 0
  if (motion === undefined) throw new Error('a group without motion')
  if (members === 0) return judgePassing({ group, motion, members, context })
  const file: CaseFile = { group, motion, members, context }
  for (const rule of verdictRules) {
    const judgement = rule.judge(file)
    if (judgement !== undefined) return { ...judgement, rule: rule.id }
  }
  return {
    verdict: 'unknown',
    confidence: 'possible',
    why: group.isStackUnavailable
      ? 'the dump has no stack for it'
      : group.isKnownReason
        ? 'no rule fits this wait'
        : group.reason === ''
          ? 'profiles and debug=1 dumps give no reason for a wait'
          : 'the dump gives no reason that is known',
    rule: 'none',
  }
}

/** Seen in an earlier dump only: it moved on. */
function judgePassing(file: CaseFile): Judgement {
  for (const rule of [systemRule, probeRule, onTheWayRule, namedIdleRule]) {
    const judgement = rule.judge(file)
    if (judgement !== undefined) return { ...judgement, rule: rule.id }
  }
  return { verdict: 'busy', confidence: 'certain', why: 'seen in an earlier dump, gone in the last', rule: 'passing' }
}
