/**
 * Judged groups → the wire form of the report: worst verdict first, then goroutine time, then name; ids `g1`, `g2` ….
 * Groups that only earlier dumps have are not listed: the report is of the last dump.
 */

import { type Confidence, confidences } from '../model/contract.ts'
import type { GoroutineGroup, GroupVerdict, TracedGroupTimes, WireFrame } from '../model/diagnosis.ts'
import { MAX_GOROUTINE_IDS } from '../model/diagnosis.ts'
import type { DumpFrame, GoroutineDump } from '../model/goroutine-dump.ts'
import type { Lens } from '../model/lens.ts'
import type { Exposures } from './blind/exposure.ts'
import type { LensBook } from './blind/lens-states.ts'
import { countLast, type Group, rowsLast, userFunctionOf } from './groups/group.ts'
import { lensVisibility } from './lenses/visibility.ts'
import { formatAddress } from './objects/lock-address.ts'
import { sayTraced } from './traced/traced-verdict.ts'
import type { Judgement, VerdictContext } from './verdict/judgement.ts'

const verdictOrder: readonly GroupVerdict[] = ['leaked', 'stuck', 'slow', 'unknown', 'busy', 'idle']

export type GroupOrder = {
  readonly ordered: readonly Group[]
  readonly idOf: (group: Group) => string | undefined
}

export function orderGroups(
  context: VerdictContext,
  judgements: readonly Judgement[],
  exposures: Exposures,
): GroupOrder {
  const listed = context.table.groups.filter((group) => countLast(group) > 0 && !group.isSystem)
  const rank = (group: Group) => {
    const { verdict, confidence } = judgements[group.index] as Judgement
    return verdictOrder.indexOf(verdict) * 10 + confidences.indexOf(confidence)
  }
  const time = (group: Group) => exposures.byGroup[group.index]?.total ?? 0
  const ordered = listed.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      time(b) - time(a) ||
      countLast(b) - countLast(a) ||
      compare(userFunctionOf(a), userFunctionOf(b)) ||
      compare(a.key, b.key),
  )
  const ids = new Map(ordered.map((group, at) => [group, `g${at + 1}`]))
  return { ordered, idOf: (group) => ids.get(group) }
}

export function reportGroup(
  context: VerdictContext,
  judgement: Judgement,
  book: LensBook,
  group: Group,
  order: GroupOrder,
  traced?: TracedGroupTimes,
): GoroutineGroup {
  const dump = context.table.dumps.at(-1)?.dump as GoroutineDump
  const rows = rowsLast(group)
  const motion = context.motion.byGroup[group.index]
  const hasIds = dump.ids.length > 0
  const omitted = hasIds ? rows.length - MAX_GOROUTINE_IDS : 0
  const blocker = judgement.blockedBy === undefined ? undefined : context.table.groups[judgement.blockedBy.group]
  const blockerId = blocker === undefined ? undefined : order.idOf(blocker)
  const waitsOn = sharedObject(context, rows)
  const first = group.counts[0] ?? 0
  const last = countLast(group)
  const waitNs = motion?.stayNs ?? waitOfTrace(traced)
  const measured = judgement.verdict === 'idle' || traced === undefined ? undefined : sayTraced(traced)
  return {
    id: order.idOf(group) ?? '',
    count: last,
    state: group.state,
    ...(group.reason === '' || group.state === 'running' || group.state === 'runnable'
      ? {}
      : { waitReason: group.reason }),
    ...(group.waitClass === undefined ? {} : { waitClass: group.waitClass }),
    topFunction: group.functions[0] ?? 'unknown',
    userFunction: userFunctionOf(group),
    stack: group.frames.map(wireFrame),
    ...(group.creator === undefined ? {} : { createdBy: wireFrame(group.creator) }),
    goroutineIds: hasIds ? listIds(dump, rows) : [],
    ...(omitted > 0 ? { goroutineIdsOmitted: omitted } : {}),
    ...(waitNs === undefined || group.state === 'running' ? {} : { waitNs }),
    labels: sharedLabels(dump, rows),
    verdict: judgement.verdict,
    confidence: judgement.confidence as Confidence,
    why: measured === undefined ? judgement.why : `${judgement.why}; ${measured}`,
    ...visibility(group, book, judgement.rule === 'leak-proof'),
    ...(waitsOn === undefined ? {} : { waitsOn }),
    ...(judgement.blockedBy === undefined || blockerId === undefined
      ? {}
      : { blockedBy: { group: blockerId, confidence: judgement.blockedBy.confidence, why: judgement.blockedBy.why } }),
    ...(context.table.dumps.length > 1 && first !== last ? { growth: { first, last } } : {}),
    ...(judgement.pattern === undefined ? {} : { pattern: judgement.pattern }),
    ...(traced === undefined ? {} : { traced }),
  }
}

/** Where one dump is all there is: the longest stay that the trace saw; nothing of those that it did not see. */
function waitOfTrace(traced: TracedGroupTimes | undefined): { readonly min: number; readonly max: number } | undefined {
  if (traced === undefined || traced.here.count !== traced.members || traced.here.openCount !== traced.members) {
    return undefined
  }
  const { ns, maxNs } = traced.here
  return traced.members === 0 ? undefined : { min: traced.members === 1 ? ns : 0, max: maxNs }
}

function wireFrame(frame: DumpFrame): WireFrame {
  return {
    function: frame.function,
    ...(frame.file === undefined ? {} : { file: frame.file }),
    ...(frame.line === undefined ? {} : { line: frame.line }),
    ...(frame.inlined ? { inlined: true } : {}),
  }
}

function listIds(dump: GoroutineDump, rows: Uint32Array): readonly number[] {
  const ids: number[] = []
  for (const row of rows.subarray(0, MAX_GOROUTINE_IDS)) ids.push(dump.ids[row] as number)
  return ids.sort((a, b) => a - b)
}

function sharedLabels(dump: GoroutineDump, rows: Uint32Array): Readonly<Record<string, string>> {
  const sets = new Set<number>()
  for (const row of rows) sets.add(dump.labels[row] as number)
  let shared: Map<string, string> | undefined
  for (const set of sets) {
    const labels = dump.labelSets[set] ?? {}
    if (shared === undefined) {
      shared = new Map(Object.entries(labels))
      continue
    }
    for (const [key, value] of shared) if (labels[key] !== value) shared.delete(key)
    if (shared.size === 0) break
  }
  return Object.fromEntries([...(shared ?? [])].sort(([a], [b]) => compare(a, b)))
}

function sharedObject(context: VerdictContext, rows: Uint32Array): string | undefined {
  const first = context.locks.ofRow.get(rows[0] ?? -1)
  if (first === undefined) return undefined
  return rows.every((row) => context.locks.ofRow.get(row) === first) ? formatAddress(first) : undefined
}

/** Lenses that show or miss it here and now; those that are about other things (heap, spans, logs) are left out. */
const spoken: ReadonlySet<Lens> = new Set(['goroutine', 'goroutineleak', 'trace', 'cpu', 'block', 'mutex'])

function visibility(
  group: Group,
  book: LensBook,
  isFlagged: boolean,
): { readonly seenBy: readonly Lens[]; readonly notSeenBy: readonly Lens[] } {
  const found = lensVisibility(group.kind, book.states, { isFlagged: isFlagged || group.isProven })
  const seenBy = found.seenBy.filter((lens) => lens === 'goroutine' || (spoken.has(lens) && book.states[lens] === 'on'))
  // A profile has no wait reason, so no row of the table; what the leak profile flagged it did see.
  if (isFlagged && group.kind === undefined && book.states.goroutineleak === 'on') seenBy.push('goroutineleak')
  const profiles: readonly Lens[] = ['block', 'mutex', 'cpu']
  const misses =
    group.kind === undefined ? profiles.filter((lens) => lens !== 'cpu' || group.state !== 'running') : found.notSeenBy
  const notSeenBy = misses.filter((lens) => profiles.includes(lens) || (spoken.has(lens) && book.states[lens] === 'on'))
  return { seenBy, notSeenBy }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
