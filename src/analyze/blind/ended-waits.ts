/**
 * What the block profile knows of a group's stack: waits at exactly this place that have ended.
 * Only a delta over the window says something about the window; a cumulative profile only says that such waits do end.
 */
import type { DatedProfile } from '../../model/evidence.ts'
import type { Group } from '../groups/group.ts'
import { stackKey, sumStacks } from '../leak/proof.ts'
import type { VerdictContext } from '../verdict/judgement.ts'

export function indexEndedWaits(profiles: readonly DatedProfile[]): VerdictContext['endedWaits'] {
  const block = profiles.find(({ kind }) => kind === 'block')
  if (block === undefined || block.profile.sampleCount === 0) return () => undefined
  const types = block.profile.sampleTypes.map(({ type }) => type)
  const countAt = types.indexOf('contentions')
  const delayAt = types.indexOf('delay')
  if (countAt < 0 || delayAt < 0) return () => undefined
  const counts = sumStacks(block.profile, countAt)
  const delays = sumStacks(block.profile, delayAt)
  const isDelta = block.span === 'delta'
  return (group: Group) => {
    const key = stackKey(group.frames)
    const count = counts.get(key)
    if (count === undefined || count <= 0) return undefined
    return { count, seconds: isDelta ? (delays.get(key) ?? 0) / 1e9 : 0 }
  }
}
