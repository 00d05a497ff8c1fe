/** Signs that several classes of loss read alike: each is a test against blind loss, none a share alone. */
import type { Lift, LossGroup } from '../trust/break-group.ts'
import { wilsonInterval } from '../trust/wilson.ts'
import { isLifted } from '../trust/windows.ts'

/** Deviations from blind loss at which it is ruled out, several tests being made. */
const RULED_OUT = 3.5
const LIKELIER = 20

/** By a sampler that reads trace ids, or by operation: nothing between process and store chooses like this. */
export function isChosen({ byTraceId, chosen }: LossGroup): boolean {
  return byTraceId !== undefined || chosen !== undefined
}

/** What is missing lies at the ends of instances. */
export function isAtEnd({ restarts }: LossGroup): boolean {
  return restarts.isKnown && restarts.seen >= 0.8 && isLifted(restarts, 0.05)
}

/** It does, but so would anything: instances come and go all the time. */
export function mayBeAtEnd({ restarts }: LossGroup): boolean {
  return restarts.isKnown && restarts.ended > 0 && restarts.seen >= 0.8
}

export function isUnderLoad({ load }: LossGroup): boolean {
  return load.deviations >= RULED_OUT && load.share >= 0.62
}

export function isCrowded({ crowding }: LossGroup): boolean {
  return crowding.deviations >= RULED_OUT && crowding.seen >= 1.5 * crowding.expected
}

/** Batches of an instance were not lost whole: too many visits beside the lost ones are kept. */
export function isNoBatch({ crowding }: LossGroup): boolean {
  return crowding.short >= RULED_OUT
}

/** Visits lie as lots put them, that many times likelier than as whole batches do. */
export function isRatherByLot({ crowding: { deviations, short } }: LossGroup): boolean {
  return short >= 2 && (short ** 2 - Math.max(0, deviations) ** 2) / 2 >= Math.log(LIKELIER)
}

/** Spans of several operations are missing one by one, with others of the same service and trace left. */
export function isPiecemeal({ lost, absent, topShare, calls }: LossGroup): boolean {
  if (calls !== undefined) return false
  const [low] = wilsonInterval(lost - absent, lost)
  return low > 0.3 && topShare < 0.9
}

/** At high load, but at few times: that may be where some batches happened to be. */
export function mayBeLoad({ load }: LossGroup): boolean {
  return load.visits >= RULED_OUT && load.share >= 0.62
}

/** The traces that lost it are longer than others. */
export function isLong({ duration }: LossGroup): boolean {
  return duration.deviations >= RULED_OUT && duration.share >= 0.7
}

/** Where it is missing, other services are, more than elsewhere. */
export function isTogether({ together }: LossGroup): boolean {
  return together.sample >= 3 && isLifted(together, 0.1)
}

/** Of some traces a part of the owner's spans is left, and not of other calls: no sampler leaves parts. */
export function isInPart({ lost, absent, calls }: LossGroup): boolean {
  if (calls !== undefined) return false
  const [low] = wilsonInterval(lost - absent, lost)
  return lost - absent >= 2 && low > 0.002
}

/** Nothing tells a trace that lost it from one that did not. */
export function isBlind(group: LossGroup): boolean {
  return (
    group.isSteady &&
    !isAtEnd(group) &&
    !isUnderLoad(group) &&
    !isCrowded(group) &&
    !isLong(group) &&
    !isTogether(group) &&
    Math.abs(group.load.visits) < RULED_OUT
  )
}

/** Lines in the logs where it was lost, and not where it was not. */
export function isSaid(words: Lift | undefined): boolean {
  return words !== undefined && words.seen >= 0.5 && isLifted(words, 0.2)
}
