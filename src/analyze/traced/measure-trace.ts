/**
 * The shares of a verdict, measured by an execution trace instead of estimated from dumps: every goroutine, every
 * nanosecond of its window. A place of the trace is idle where the group of the dump that stands there is, else where
 * its own stack says so; requests for profiles are left out. A wait is blind where no profile that is on records its
 * kind, or records it at its end, which had not come.
 */
import type { UnrecordedWaits } from '../../model/diagnosis.ts'
import type { SiteRow } from '../../model/trace-account.ts'
import type { TracedStay, TraceReading } from '../../model/trace-activity.ts'
import { listRecorders } from '../blind/exposure.ts'
import type { LensBook } from '../blind/lens-states.ts'
import { isOn } from '../blind/lens-states.ts'
import { countLast, type Group, rowsLast } from '../groups/group.ts'
import { findUserDepth } from '../groups/primitives.ts'
import type { WaitKind } from '../lenses/types.ts'
import { findTraceWaitKind, recordableBy } from '../lenses/visibility.ts'
import { isSystemFunction } from '../trace/stack-functions.ts'
import type { Judgement, VerdictContext } from '../verdict/judgement.ts'
import type { GroupJoin } from './join-groups.ts'
import { kindOfSite } from './site-kinds.ts'
import { tellReasons } from './tell-reasons.ts'
import { placeKey } from './trace-frames.ts'

/** Shorter traces say little of what comes and goes. */
const MIN_WINDOW_NS = 100e6
/** Time that is not idle, as a share of the window: below it a share of that time says nothing about the service. */
const MIN_NOT_IDLE = 0.1
const MAX_UNRECORDED = 20

/** Blind time of one kind of wait. */
export type TracedSpot = {
  readonly key: string
  readonly what: string
  readonly kind?: WaitKind
  readonly site: Pick<SiteRow, 'state' | 'reason' | 'waitClass'>
  blindNs: number
  readonly groups: Set<Group>
}

export type Measured = {
  readonly windowNs: number
  readonly isComplete: boolean
  /** Too little happened for shares: all but nothing is idle. */
  readonly isThin: boolean
  readonly notIdleNs: number
  readonly blindNs: number
  readonly explainedNs: number
  readonly idleNs: number
  readonly idlePossibleNs: number
  readonly waitingNs: number
  readonly unrecordableNs: number
  readonly unrecordableIdleNs: number
  /** Waits of kinds that a profile records at their end, which had not come; not idle. */
  readonly notEndedNs: number
  readonly unrecorded: readonly (Omit<UnrecordedWaits, 'groups' | 'goroutineSeconds'> & {
    readonly ns: number
    readonly groups: readonly Group[]
  })[]
  readonly spots: readonly TracedSpot[]
  readonly unknown: { readonly count: number; readonly told: number; readonly sources: readonly string[] }
}

export type MeasureInput = {
  readonly reading: TraceReading
  readonly join: GroupJoin
  readonly context: VerdictContext
  readonly judgements: readonly Judgement[]
  readonly book: LensBook
  readonly goVersion?: string
}

type Pile = { ns: number; count: number; readonly groups: Set<Group> } & Pick<
  UnrecordedWaits,
  'userFunction' | 'blockReason' | 'waitClass'
>

/** Undefined where the trace is too short to measure anything. */
export function measureTrace(input: MeasureInput): Measured | undefined {
  const { account, meta } = input.reading
  if (meta.durationNs < MIN_WINDOW_NS || account.goroutines.count === 0) return undefined
  const tally = openTally(input)
  const byPlace = indexPlaces(input)
  let stacklessNs = 0
  let stackless: SiteRow | undefined
  for (const site of account.sites) {
    if (site.isSystem) continue
    if (site.stack === 0 && site.state === 'Waiting' && site.waitClass !== 'coroutine') {
      stacklessNs += site.ns
      stackless ??= site
    } else addSite(input, tally, site, byPlace)
  }
  const leftNs = stacklessNs - addStackless(input, tally)
  if (stackless !== undefined && leftNs > 0) {
    addSite(input, tally, { ...stackless, ns: leftNs, openNs: Math.min(leftNs, stackless.openNs) }, byPlace)
  }
  const running = account.totals.runningNs
  tally.notIdleNs += running
  tally.explainedNs += running
  if (!isOn(input.book, 'cpu')) tally.blindNs += running
  return {
    ...tally,
    windowNs: meta.durationNs,
    isComplete: meta.complete,
    isThin: tally.notIdleNs < MIN_NOT_IDLE * meta.durationNs,
    unrecorded: [...tally.unrecorded.values()]
      .sort((a, b) => b.ns - a.ns || (a.userFunction < b.userFunction ? -1 : 1))
      .slice(0, MAX_UNRECORDED)
      .map(({ groups, ...pile }) => ({ ...pile, groups: [...groups] })),
    spots: [...tally.spots.values()].sort((a, b) => b.blindNs - a.blindNs || (a.key < b.key ? -1 : 1)),
    unknown: countTold(input),
  }
}

type Tally = ReturnType<typeof openTally>

function openTally(_input: MeasureInput) {
  return {
    notIdleNs: 0,
    blindNs: 0,
    explainedNs: 0,
    idleNs: 0,
    idlePossibleNs: 0,
    waitingNs: 0,
    unrecordableNs: 0,
    unrecordableIdleNs: 0,
    notEndedNs: 0,
    unrecorded: new Map<string, Pile>(),
    spots: new Map<string, TracedSpot>(),
  }
}

function indexPlaces({ context, join }: MeasureInput): ReadonlyMap<string, readonly Group[]> {
  const byPlace = new Map<string, Group[]>()
  for (const group of context.table.groups) {
    if (group.isSystem || group.frames.length === 0) continue
    const key = join.keyOf(group)
    const same = byPlace.get(key)
    if (same === undefined) byPlace.set(key, [group])
    else same.push(group)
  }
  return byPlace
}

function addSite(
  input: MeasureInput,
  tally: Tally,
  site: SiteRow,
  byPlace: ReadonlyMap<string, readonly Group[]>,
): void {
  const frames = input.reading.framesOf(site.stack)
  const functions = frames.map((frame) => frame.function)
  const groups = site.stack === 0 ? [] : (byPlace.get(`${site.state} ${placeKey(frames)}`) ?? [])
  const judged = groups.map((group) => input.judgements[group.index] as Judgement)
  const own = kindOfSite(site, functions)
  if (own.kind === 'probe' || groups.some((group) => group.isProbe)) return
  const idle = judged.length > 0 ? judged.every(({ verdict }) => verdict === 'idle') : own.kind === 'idle'
  const isPossible =
    judged.length > 0 ? judged.some(({ confidence }) => confidence === 'possible') : own.confidence === 'possible'
  // A goroutine that is woken where it idled waits for a processor like any other.
  addTime(input, tally, site, functions, groups, idle && site.state !== 'Runnable', isPossible)
}

function addTime(
  { book, goVersion }: MeasureInput,
  tally: Tally,
  site: SiteRow,
  functions: readonly string[],
  groups: readonly Group[],
  idle: boolean,
  isPossible: boolean,
): void {
  const isWait = site.state === 'Waiting'
  if (isWait) tally.waitingNs += site.ns
  if (isWait && site.blind) {
    tally.unrecordableNs += site.ns
    if (idle) tally.unrecordableIdleNs += site.ns
    else addUnrecorded(tally, site, functions, groups)
  }
  if (idle) {
    tally.idleNs += site.ns
    if (isPossible) tally.idlePossibleNs += site.ns
    return
  }
  // Where the trace has no reason, the dump's group of the same place has one.
  const fromDump = site.reason === '' && isWait ? groups.find((group) => group.kind !== undefined) : undefined
  const kind =
    fromDump?.kind ??
    findTraceWaitKind({
      state: site.state,
      reason: site.state === 'Waiting' ? site.reason : '',
      frames: functions,
      ...(site.waitClass === 'coroutine' ? { from: 'Running' } : {}),
      ...(goVersion === undefined ? {} : { goVersion }),
    })
  tally.notIdleNs += site.ns
  if (isWait && !site.blind) tally.notEndedNs += site.openNs
  if (kind !== undefined || site.waitClass !== 'unknown') tally.explainedNs += site.ns
  const blindNs = measureBlind(site, kind, book)
  if (blindNs <= 0) return
  tally.blindNs += blindNs
  const key = kind?.id ?? `${site.state} ${site.reason}`
  const spot = tally.spots.get(key) ?? {
    key,
    what: kind?.title ?? (site.reason === '' ? 'a wait of which the trace has no reason' : site.reason),
    ...(kind === undefined ? {} : { kind }),
    site,
    blindNs: 0,
    groups: new Set<Group>(),
  }
  spot.blindNs += blindNs
  for (const group of groups) if (countLast(group) > 0) spot.groups.add(group)
  tally.spots.set(key, spot)
}

function measureBlind(site: SiteRow, kind: WaitKind | undefined, book: LensBook): number {
  // No row of the lens table: nobody has it yet if it has not ended; nobody can tell if it has.
  if (kind === undefined) return site.openNs
  const { now, after } = listRecorders({ kind, state: 'waiting' }, book)
  if (now.length > 0) return 0
  return after.length > 0 ? site.openNs : site.ns
}

function addUnrecorded(tally: Tally, site: SiteRow, functions: readonly string[], groups: readonly Group[]): void {
  const userFunction = functions[findUserDepth(functions) ?? 0] ?? site.startFunction
  const key = `${userFunction}\n${site.waitClass}`
  const pile = tally.unrecorded.get(key) ?? {
    userFunction,
    blockReason: site.reason,
    waitClass: site.waitClass,
    ns: 0,
    count: 0,
    groups: new Set<Group>(),
  }
  pile.ns += site.ns
  pile.count += site.count
  for (const group of groups) if (countLast(group) > 0) pile.groups.add(group)
  tally.unrecorded.set(key, pile.blockReason === '' ? { ...pile, blockReason: site.reason } : pile)
}

/**
 * Waits from before the trace that it tells without a stack: those that ended in its first second, and before Go 1.23
 * all of them. Goroutine by goroutine, each is what its group in the dump is. Returns their time.
 */
function addStackless(input: MeasureInput, tally: Tally): number {
  const { goroutines } = input.reading
  let taken = 0
  for (const group of input.context.table.groups) {
    if (group.isSystem || group.state !== 'waiting') continue
    const judgement = input.judgements[group.index] as Judgement
    for (const row of rowsLast(group)) {
      if (goroutines.seen[row] !== 1) continue
      const stay = goroutines.staysOf(row).find((one) => one.stack === 0 && one.isOlder && isUntold(one))
      if (stay === undefined) continue
      taken += stay.ns
      if (group.isProbe) continue
      addTime(
        input,
        tally,
        {
          startFunction: group.functions.at(-1) ?? '',
          creator: group.creator?.function ?? '',
          isSystem: false,
          state: 'Waiting',
          reason: '',
          waitClass: group.waitClass ?? 'unknown',
          stack: 0,
          count: 1,
          ns: stay.ns,
          recordedBy: [],
          blind: group.kind === undefined ? stay.isOpen : recordableBy(group.kind).length === 0,
          openCount: stay.isOpen ? 1 : 0,
          openNs: stay.isOpen ? stay.ns : 0,
          olderCount: 1,
          longest: { goroutine: goroutines.ids[row] ?? 0, startNs: 0, ns: stay.ns, stack: 0 },
        },
        group.functions,
        [group],
        judgement.verdict === 'idle',
        judgement.confidence === 'possible',
      )
    }
  }
  return taken
}

/** Goroutines that waited throughout for a reason that the trace does not have, less those that are idle by their
 *  stack and in no dump (they came between it and the trace), and of how many a dump has it. */
function countTold({ reading, context }: MeasureInput): Measured['unknown'] {
  const { account, framesOf, startNs, endNs } = reading
  const { told, untold } = tellReasons(account.unknownWaits.rows, framesOf, context.table.dumps, {
    ...(startNs === undefined ? {} : { startNs }),
    ...(endNs === undefined ? {} : { endNs }),
  })
  const left = untold.filter(({ startFunction, stack }) => {
    if (isSystemFunction(startFunction)) return false
    const site = { state: 'Waiting', reason: '', waitClass: 'unknown', creator: '' } as const
    const { kind } = kindOfSite(
      site,
      framesOf(stack).map((frame) => frame.function),
    )
    return kind !== 'idle' && kind !== 'probe'
  })
  // Rows are bounded, the count is not.
  const unlisted = account.unknownWaits.count - account.unknownWaits.rows.length
  return {
    count: told.length + left.length + unlisted,
    told: told.length,
    sources: [...new Set(told.map(({ source }) => source))],
  }
}

/** A wait of which the trace has no reason, though there is one. */
function isUntold({ state, reason, isSwitch }: TracedStay): boolean {
  return state === 'Waiting' && reason === '' && !isSwitch
}
