/**
 * For each group: its goroutine-seconds in the window, and how many of them no profile that is on can record.
 *
 * "Can record" is decided by what a user could still find in the profiles of this window. A wait of a kind that the
 * block or mutex profile records only after its end, and that had not ended when the window did, is in neither: those
 * seconds are blind, however recordable the kind. Waits that ended inside the window are not. Where the block profile
 * itself has waits of this stack that ended, their seconds are taken off, since a worker's loop looks like one wait.
 */
import type { CpuReport } from '../../model/diagnosis.ts'
import type { Lens } from '../../model/lens.ts'
import type { Group } from '../groups/group.ts'
import { recordableBy, recordableWhileItLasts } from '../lenses/visibility.ts'
import type { Judgement, VerdictContext } from '../verdict/judgement.ts'
import { isOn, type LensBook } from './lens-states.ts'

export type Exposure = {
  /** Goroutine-ns, or goroutines where dumps give no duration (`unit`). */
  readonly total: number
  readonly blind: number
  readonly isExplained: boolean
  readonly isIdle: boolean
}

export type Exposures = {
  readonly unit: 'goroutine-ns' | 'goroutines'
  readonly byGroup: readonly Exposure[]
}

export function measureExposure(
  context: VerdictContext,
  judgements: readonly Judgement[],
  book: LensBook,
  cpu: CpuReport = { state: 'absent', top: [] },
): Exposures {
  const hasSpan = (context.motion.spanNs ?? 0) > 0
  const unit = hasSpan ? 'goroutine-ns' : 'goroutines'
  const byGroup = context.table.groups.map((group) => {
    const judgement = judgements[group.index] as Judgement
    const motion = context.motion.byGroup[group.index]
    const total = hasSpan ? (motion?.totalNs ?? 0) : (group.counts.at(-1) ?? 0)
    return {
      total,
      blind: measureBlind(context, group, judgement, book, total, hasSpan),
      isExplained: group.isKnownReason && !group.isStackUnavailable,
      isIdle: judgement.verdict === 'idle',
    }
  })
  return { unit, byGroup: hasSpan ? markStarved(context, byGroup, cpu) : byGroup }
}

/** Ready time beyond the processor time that the CPU profile saw: below this share of it, sampling and chance explain it. */
const MIN_STARVED_SHARE = 0.5

/**
 * A dump prints `runnable` for who waits for a processor and for who ran until the dump stopped it. How long goroutines
 * stood ready at one place, less the processor time of the same window, is time in which they waited: in no profile.
 */
function markStarved(context: VerdictContext, byGroup: readonly Exposure[], cpu: CpuReport): readonly Exposure[] {
  if (cpu.state === 'absent' || cpu.totalSeconds === undefined || !((cpu.windowNs ?? 0) > 0)) return byGroup
  const ready = context.table.groups.map((group) => {
    const counts = group.state === 'runnable' && !group.isSystem && !group.isProbe
    return counts ? (context.motion.byGroup[group.index]?.openNs ?? 0) : 0
  })
  const total = ready.reduce((sum, one) => sum + one, 0)
  const ran = cpu.totalSeconds * 1e9 * ((context.motion.spanNs ?? 0) / (cpu.windowNs ?? 1))
  const share = total === 0 ? 0 : (total - ran) / total
  if (share < MIN_STARVED_SHARE) return byGroup
  return byGroup.map((one, index) => ({ ...one, blind: Math.max(one.blind, (ready[index] as number) * share) }))
}

function measureBlind(
  context: VerdictContext,
  group: Group,
  judgement: Judgement,
  book: LensBook,
  total: number,
  hasSpan: boolean,
): number {
  // Profiles and debug=1 dumps give no reason: which lens could have recorded it is not known.
  if (group.reason === '' && group.kind === undefined && group.state === 'waiting') return 0
  const { now, after } = listRecorders(group, book)
  if (now.length > 0) return 0
  if (after.length === 0) return total
  if (!hasSpan) {
    const isEndless = judgement.verdict === 'stuck' || judgement.verdict === 'leaked'
    return isEndless && judgement.confidence !== 'possible' ? total : 0
  }
  const open = context.motion.byGroup[group.index]?.openNs ?? 0
  const recorded = (context.endedWaits(group)?.seconds ?? 0) * 1e9
  return Math.max(0, Math.min(open, total - recorded))
}

/** Of the profiles that are on: those that show this wait at once, and those that have it after its end. */
export function listRecorders(
  group: Pick<Group, 'kind' | 'state'>,
  book: LensBook,
): { readonly now: readonly Lens[]; readonly after: readonly Lens[] } {
  if (group.kind === undefined) {
    const isRunning = group.state === 'running'
    return { now: isRunning && isOn(book, 'cpu') ? ['cpu'] : [], after: [] }
  }
  const now = recordableWhileItLasts(group.kind).filter((lens) => isOn(book, lens))
  const after = recordableBy(group.kind).filter((lens) => isOn(book, lens) && !now.includes(lens))
  return { now, after }
}
