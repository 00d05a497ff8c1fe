/** Signs that several classes of loss read alike. */
import type { LossGroup } from '../trust/break-group.ts'
import { isLifted } from '../trust/windows.ts'

/** Of a rank between 0 and 1: its standard deviation is 0.29 for one. */
const RANK_DEVIATION = 0.29

export function isTail({ tail }: LossGroup): boolean {
  return tail.seen >= 0.6 && isLifted(tail, 0.3)
}

export function isUnderLoad({ loadRank, missing }: LossGroup): boolean {
  return loadRank >= 0.65 && loadRank > 0.5 + (3 * RANK_DEVIATION) / Math.sqrt(Math.max(1, missing))
}

export function isClumped({ clumped }: LossGroup): boolean {
  return clumped.sample >= 5 && clumped.seen >= 0.5 && isLifted(clumped, 0.3)
}

export function isLong({ durationRank, missing }: LossGroup): boolean {
  return durationRank >= 0.75 && durationRank > 0.5 + (3 * RANK_DEVIATION) / Math.sqrt(Math.max(1, missing))
}

/** Nothing in time or load tells one moment from another. */
export function isBlindInTime(group: LossGroup): boolean {
  return !isTail(group) && !isUnderLoad(group) && !isClumped(group)
}

/** The quarters' rates do not differ more than chance allows. */
export function isSteady({ quarters, crossed, affected }: LossGroup): boolean {
  const overall = affected / Math.max(1, crossed)
  const each = crossed / 4
  const deviation = Math.sqrt((overall * (1 - overall)) / Math.max(1, each))
  return quarters.every((rate) => Math.abs(rate - overall) <= 4 * deviation + 0.02)
}
