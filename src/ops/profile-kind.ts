/**
 * What a profile is, by its own sample types (runtime/pprof/pprof.go of Go 1.27): loose files carry no other word.
 * Block and mutex profiles have the same types; what tells them apart is who is charged: a waiter's leaf is a wait,
 * a holder's leaf is an unlock.
 */
import type { DatedProfile } from '../model/evidence.ts'
import type { Profile } from '../model/profile.ts'

const unlockLeaf =
  /^(?:(?:internal\/)?sync\.\(\*(?:RW)?Mutex\)\.(?:R?Unlock|unlockSlow|rUnlockSlow)|runtime\.(?:unlock|_LostContendedRuntimeLock))/

export function classifyProfile(profile: Profile): DatedProfile['kind'] {
  const types = profile.sampleTypes.map(({ type }) => type)
  if (types.includes('cpu')) return 'cpu'
  if (types.includes('goroutineleak')) return 'goroutineleak'
  if (types.includes('goroutine')) return 'goroutine'
  if (types.includes('threadcreate')) return 'threadcreate'
  if (types.includes('inuse_space')) return profile.defaultSampleType === 'alloc_space' ? 'allocs' : 'heap'
  if (types.includes('contentions') && types.includes('delay')) return hasUnlockLeaf(profile) ? 'mutex' : 'block'
  return 'other'
}

function hasUnlockLeaf(profile: Profile): boolean {
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const location = profile.sampleLocations[profile.locationStart[sample] as number]
    if (location === undefined || profile.locationStart[sample] === profile.locationStart[sample + 1]) continue
    const line = profile.lineStart[location] as number
    const name = profile.strings[profile.functionNames[profile.lineFunctions[line] as number] as number] ?? ''
    if (unlockLeaf.test(name)) return true
  }
  return false
}
