/** The blind time by kind of wait: what it is, whose it is, which lenses miss it, which one would show it and at what cost. */
import type { BlindSpot } from '../../model/diagnosis.ts'
import type { Lens } from '../../model/lens.ts'
import { type Group, nameWait } from '../groups/group.ts'
import { getLensRow } from '../lenses/lens-rows.ts'
import type { WaitKind } from '../lenses/types.ts'
import type { Measured, TracedSpot } from '../traced/measure-trace.ts'
import type { VerdictContext } from '../verdict/judgement.ts'
import type { Exposures } from './exposure.ts'
import { isOn, type LensBook, showsWhileItLasts } from './lens-states.ts'

/** Listed; smaller ones follow the same words. */
const MAX_SPOTS = 50
/** Of the trace's window: less, in no dump, is not worth a line. */
const MIN_SHARE = 0.01

type Pile = { readonly first: Group; readonly groups: Group[]; blind: number; count: number }

/** `idOf`: id of a group in the report; groups without one (seen only in earlier dumps) are counted, not named. */
export function listBlindSpots(
  context: VerdictContext,
  exposures: Exposures,
  book: LensBook,
  idOf: (group: Group) => string | undefined,
  measured?: Measured,
): readonly BlindSpot[] {
  const spots = measured?.isThin === true ? [] : (measured?.spots ?? [])
  const traced = new Map(spots.map((spot) => [spot.key, spot]))
  const piles = new Map<string, Pile>()
  for (const [index, exposure] of exposures.byGroup.entries()) {
    const group = context.table.groups[index]
    if (group === undefined || exposure.isIdle || exposure.blind <= 0) continue
    const key = group.kind?.id ?? `${group.state} ${group.reason}`
    const pile = piles.get(key) ?? { first: group, groups: [], blind: 0, count: 0 }
    pile.groups.push(group)
    pile.blind += exposure.blind
    pile.count += group.counts.at(-1) ?? 0
    piles.set(key, pile)
  }
  return [...piles.entries()]
    .sort(([a, left], [b, right]) => right.blind - left.blind || (a < b ? -1 : 1))
    .slice(0, MAX_SPOTS)
    .map(([key, pile]) => {
      const spot = traced.get(key)
      traced.delete(key)
      const seconds = spot === undefined ? {} : { tracedGoroutineSeconds: toSeconds(spot.blindNs) }
      return { ...describeSpot(pile, exposures.unit, book, idOf), ...seconds }
    })
    .concat(
      [...traced.values()]
        .filter((spot) => spot.blindNs >= MIN_SHARE * (measured?.windowNs ?? 0))
        .map((spot) => describeTraced(spot, book, idOf)),
    )
    .slice(0, MAX_SPOTS)
}

/** Blind time that no dump met: too short, or of goroutines that came and went between them. */
function describeTraced(
  { what, kind, site, blindNs, groups }: TracedSpot,
  book: LensBook,
  idOf: (group: Group) => string | undefined,
): BlindSpot {
  const members = [...groups]
  const advice = adviseLens({ kind }, book)
  return {
    what,
    ...(site.state !== 'Waiting' || site.reason === '' ? {} : { waitReason: site.reason }),
    waitClass: site.waitClass,
    groups: members.map(idOf).filter((id) => id !== undefined),
    goroutineCount: members.reduce((sum, group) => sum + (group.counts.at(-1) ?? 0), 0),
    tracedGoroutineSeconds: toSeconds(blindNs),
    lensesThatMissIt: (['cpu', 'block', 'mutex'] as const).filter((lens) => !showsWhileItLasts(kind?.views[lens])),
    lensesThatShowIt: ['trace'],
    turnOn: advice.turnOn,
    cost: advice.cost,
  }
}

function toSeconds(ns: number): number {
  return Math.round(ns / 1e6) / 1e3
}

function describeSpot(
  { first, groups, blind, count }: Pile,
  unit: Exposures['unit'],
  book: LensBook,
  idOf: (group: Group) => string | undefined,
): BlindSpot {
  const views = first.kind?.views
  const shows = (['goroutine', 'goroutineleak', 'trace'] as const).filter(
    (lens) => lens === 'goroutine' || showsWhileItLasts(views?.[lens]) || views?.[lens]?.startsWith('proof') === true,
  )
  const advice = adviseLens(first, book)
  const ids = groups.map(idOf).filter((id) => id !== undefined)
  return {
    what: first.kind?.title ?? nameWait(first),
    ...(first.reason === '' || first.state !== 'waiting' ? {} : { waitReason: first.reason }),
    ...(first.waitClass === undefined ? {} : { waitClass: first.waitClass }),
    groups: ids,
    goroutineCount: count,
    ...(unit === 'goroutine-ns' ? { goroutineSeconds: toSeconds(blind) } : {}),
    lensesThatMissIt: (['cpu', 'block', 'mutex'] as const).filter((lens) => !showsWhileItLasts(views?.[lens])),
    lensesThatShowIt: shows,
    turnOn: advice.turnOn,
    cost: advice.cost,
  }
}

/** What to turn on: a profile that records it once it ends, if that is off; else the trace, which has its length. */
function adviseLens(
  group: { readonly kind?: WaitKind | undefined },
  book: LensBook,
): { readonly turnOn: string; readonly cost: string } {
  const after = (['block', 'mutex'] as const).find(
    (lens: Lens) => group.kind?.views[lens] === 'after' && !isOn(book, lens),
  )
  const trace = getLensRow('trace')
  if (after === undefined) {
    return { turnOn: `${trace.turnOn} shows it with its length`, cost: trace.cost }
  }
  const row = getLensRow(after)
  return {
    turnOn: `${row.turnOn} has it once it has ended; while it lasts: ${trace.turnOn}`,
    cost: row.cost,
  }
}
