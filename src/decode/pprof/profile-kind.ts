/**
 * Which of Go's profiles a profile is, from its own columns: sample types, default type, function names.
 * Enters: a decoded profile. Leaves: its kind with the reason; `profile` where the file cannot tell.
 * Block and mutex profiles have the same sample types; what tells them apart is where their stacks end: a block profile's
 * in the wait, a mutex profile's in the unlock. An empty one of the two tells nothing.
 * Source: src/runtime/pprof/pprof.go and src/runtime/mprof.go of the Go tree (1.14 to 1.27).
 */
import type { CaptureFileKind } from '../../model/capture.ts'
import type { Profile } from '../../model/profile.ts'

export type ProfileKind = {
  readonly kind: Extract<CaptureFileKind, `${string}-profile` | 'profile'>
  readonly certainty: 'certain' | 'probable' | 'possible'
  readonly why: string
}

/** First sample type of a profile with one count per stack, and its kind. */
const COUNT_KINDS: Readonly<Record<string, ProfileKind['kind']>> = {
  goroutine: 'goroutine-profile',
  goroutineleak: 'goroutineleak-profile',
  threadcreate: 'threadcreate-profile',
}

/** Where the stacks of a mutex profile end: the holder, letting go. */
const UNLOCK_FRAME =
  /^(?:(?:internal\/)?sync\.\(\*(?:(?:RW)?Mutex|rlocker)\)\.(?:Unlock|RUnlock|unlockSlow|rUnlockSlow)|runtime\.(?:unlock\w*|_LostContendedRuntimeLock|_LostContendedLock|semrelease\w*))$/
/** Where the stacks of a block profile end: the waiter. runtime/chan.go, select.go, sema.go. */
const WAIT_FRAME =
  /^(?:runtime\.(?:chanrecv\w*|chansend\w*|selectgo|selectnb\w+|block|semacquire\w*|notifyListWait|reflect_chan\w+)|reflect\.(?:chanrecv|chansend\w*|rselect)|(?:internal\/)?sync\.(?:\(\*(?:(?:RW)?Mutex|rlocker)\)\.(?:Lock|RLock|lockSlow)|\(\*(?:WaitGroup|Cond)\)\.Wait|\(\*Once\)\.\w+|runtime_Semacquire\w*|runtime_notifyListWait)|internal\/poll\.runtime_Semacquire)$/

/** Kind of a decoded profile. */
export function classifyProfile(profile: Profile): ProfileKind {
  const types = profile.sampleTypes.map((type) => `${type.type}/${type.unit}`)
  const first = profile.sampleTypes[0]
  if (types.includes('cpu/nanoseconds')) return certain('cpu-profile', 'it has the sample type cpu/nanoseconds')
  if (types.includes('inuse_space/bytes') || types.includes('alloc_space/bytes')) {
    return profile.defaultSampleType === 'alloc_space'
      ? certain('allocs-profile', 'its default sample type is alloc_space')
      : certain('heap-profile', 'it has heap sample types and does not lead with alloc_space')
  }
  if (types[0] === 'contentions/count' && types[1] === 'delay/nanoseconds') return classifyContention(profile)
  const kind = types.length === 1 && first?.unit === 'count' ? COUNT_KINDS[first.type] : undefined
  if (kind !== undefined) return certain(kind, `its sample type is ${types[0]}`)
  return certain('profile', `its sample types are ${types.join(', ')}`)
}

function classifyContention(profile: Profile): ProfileKind {
  let waits = 0
  let unlocks = 0
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const from = profile.locationStart[sample] as number
    if (from === profile.locationStart[sample + 1]) continue
    const verdict = judgeLeaf(profile, profile.sampleLocations[from] as number)
    if (verdict === 'wait') waits++
    else if (verdict === 'unlock') unlocks++
  }
  if (waits > 0 && unlocks === 0)
    return certain('block-profile', `${waits} of its stacks end in a wait, none in an unlock`)
  if (unlocks > 0 && waits === 0)
    return certain('mutex-profile', `${unlocks} of its stacks end in an unlock, none in a wait`)
  const why =
    profile.sampleCount === 0
      ? 'it is empty, and block and mutex profiles have the same sample types'
      : `block or mutex profile: ${waits} of its stacks end in a wait, ${unlocks} in an unlock`
  return { kind: 'profile', certainty: 'possible', why }
}

/** The innermost call of the leaf that is one of the known ones; inlined calls stand first. */
function judgeLeaf(profile: Profile, location: number): 'wait' | 'unlock' | undefined {
  const end = profile.lineStart[location + 1] as number
  for (let line = profile.lineStart[location] as number; line < end; line++) {
    const name = profile.strings[profile.functionNames[profile.lineFunctions[line] as number] as number] ?? ''
    if (UNLOCK_FRAME.test(name)) return 'unlock'
    if (WAIT_FRAME.test(name)) return 'wait'
  }
  return undefined
}

function certain(kind: ProfileKind['kind'], why: string): ProfileKind {
  return { kind, certainty: 'certain', why }
}
