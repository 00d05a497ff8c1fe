/**
 * What an execution trace measured, in words and in the shape of the report: `waited 412ms of 415ms here`, and the
 * goroutine-seconds that no profile can record.
 */
import { formatDuration } from '../../base/units.ts'
import type { TracedGroupTimes, TracedVerdict } from '../../model/diagnosis.ts'
import type { Group } from '../groups/group.ts'
import type { Measured } from './measure-trace.ts'

/** From here on a group waited throughout, as far as rounding goes. */
const WHOLE = 0.999
/** Smaller shares are not worth a word. */
const WORTH_NAMING = 0.01
/** Places named in a sentence. */
const NAMED = 3

export function describeMeasured(
  measured: Measured,
  source: string,
  idOf: (group: Group) => string | undefined,
): TracedVerdict {
  return {
    source,
    windowNs: measured.windowNs,
    complete: measured.isComplete,
    waitingSeconds: toSeconds(measured.waitingNs),
    unrecordableSeconds: toSeconds(measured.unrecordableNs),
    unrecordableIdleSeconds: toSeconds(measured.unrecordableIdleNs),
    notEndedSeconds: toSeconds(measured.notEndedNs),
    notIdleSeconds: toSeconds(measured.notIdleNs),
    blindSeconds: toSeconds(measured.blindNs),
    explainedSeconds: toSeconds(measured.explainedNs),
    idleSeconds: toSeconds(measured.idleNs),
    unrecorded: measured.unrecorded.map(({ ns, groups, ...rest }) => ({
      ...rest,
      goroutineSeconds: toSeconds(ns),
      groups: groups.flatMap((group) => idOf(group) ?? []),
    })),
    unknownWaits: measured.unknown,
  }
}

/** Sentences for `because`: the number that no profile can give, and whose it is. */
export function sayMeasured(measured: Measured): readonly string[] {
  const { windowNs, waitingNs, unrecordableNs, unrecordableIdleNs, unrecorded } = measured
  if (waitingNs <= 0) return []
  const whole = measured.isComplete ? '' : ', which is not whole'
  const idle =
    unrecordableIdleNs <= 0
      ? ''
      : unrecordableIdleNs >= unrecordableNs * WHOLE
        ? ' (all of it idle by design)'
        : ` (${seconds(unrecordableIdleNs)} of it idle by design)`
  const open =
    measured.notEndedNs < WORTH_NAMING * waitingNs
      ? ''
      : `; another ${seconds(measured.notEndedNs)}, not idle, had not ended and is in none yet`
  const sentences = [
    `While the execution trace was on (${formatDuration(windowNs)}${whole}), goroutines waited ${seconds(waitingNs)}; ${seconds(unrecordableNs)} of that no block or mutex profile can record${idle}${open}.`,
  ]
  const least = WORTH_NAMING * Math.max(windowNs, unrecordableNs - unrecordableIdleNs)
  const worth = unrecorded.filter(({ ns }) => ns >= least)
  if (worth.length > 0) {
    const named = worth.slice(0, NAMED).map((one) => {
      const reason = one.blockReason === '' ? one.waitClass : one.blockReason
      return `${one.userFunction} [${reason}] ${seconds(one.ns)}`
    })
    const more = worth.length - named.length
    sentences.push(
      `Not idle and in no profile: ${named.join(', ')}${more > 0 ? ` and ${more} more ${more === 1 ? 'place' : 'places'}` : ''}.`,
    )
  }
  return sentences
}

/** Where the reasons come from that the trace itself does not have. */
export function sayUnknownReasons({ unknown }: Measured): readonly string[] {
  if (unknown.count === 0) return []
  const who = unknown.count === 1 ? '1 goroutine' : `${unknown.count} goroutines`
  const from = unknown.sources.join(', ')
  const told =
    unknown.told === 0
      ? 'and no dump tells it'
      : unknown.told >= unknown.count
        ? `which ${from} tells`
        : `which ${from} tells of ${unknown.told}`
  return [`${who} waited before the trace began and all through it, for a reason that it does not have, ${told}.`]
}

/** What the trace adds to a group's verdict; undefined where it adds nothing. */
export function sayTraced(traced: TracedGroupTimes): string | undefined {
  const { members, here, everyone, windowNs } = traced
  const life = traced.runningNs + traced.runnableNs + traced.waitingNs + traced.syscallNs
  if (members > 0 && here.count > 0) {
    if (here.ns >= life * WHOLE && here.count === members) {
      const who = members === 1 ? 'it waited here' : `its ${members} waited here`
      return `in the execution trace ${who} all of ${formatDuration(windowNs)}`
    }
    const times = here.count === 1 ? 'once' : `${here.count} times`
    const who = members === 1 ? '' : ` by ${members} of its goroutines`
    return `in the execution trace ${formatDuration(here.ns)} of ${formatDuration(life)} were spent here${who}, ${times}, the longest ${formatDuration(here.maxNs)}`
  }
  if (members > 0 && life > 0) {
    const who = members === 1 ? 'it was' : `its ${members} were`
    return `in the execution trace ${who} never here: ${sayStates(traced)}`
  }
  if (everyone === undefined) return undefined
  const stays = everyone.count === 1 ? '1 stay' : `${everyone.count} stays`
  return `in the execution trace other goroutines had ${stays} here, ${formatDuration(everyone.ns)} in all, the longest ${formatDuration(everyone.maxNs)}`
}

function sayStates(times: TracedGroupTimes): string {
  const parts = [
    ['running', times.runningNs],
    ['ready', times.runnableNs],
    ['waiting elsewhere', times.waitingNs],
    ['in system calls', times.syscallNs],
  ] as const
  return parts
    .filter(([, ns]) => ns > 0)
    .map(([what, ns]) => `${formatDuration(ns)} ${what}`)
    .join(', ')
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(ns >= 10e9 ? 0 : ns >= 1e9 ? 1 : 3)} s`
}

function toSeconds(ns: number): number {
  return Math.round(ns / 1e6) / 1e3
}
