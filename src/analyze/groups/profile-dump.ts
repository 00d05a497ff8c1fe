/**
 * A goroutine profile as a dump of the debug=1 kind: rows of stacks with counts, without ids, reasons or arguments.
 * Enters: evidence that has no dump (a target with too many goroutines to stop, a lone `goroutine.pb.gz`). Leaves: the
 * same evidence with what its profiles say of goroutines in the place of dumps; a leak profile stands in for the
 * goroutine profile where it is all there is, and then counts only what is leaked. Deltas and damaged counts are no
 * population, and are left alone.
 */
import type { DatedDump, DatedProfile, EvidenceSet } from '../../model/evidence.ts'
import type { GoroutineDump } from '../../model/goroutine-dump.ts'
import type { Profile } from '../../model/profile.ts'

/** Where the dumps of an evidence come from, when they are none. */
export type StandIn = 'goroutine' | 'goroutineleak'

export function standInForDumps(evidence: EvidenceSet): { readonly evidence: EvidenceSet; readonly from?: StandIn } {
  if (evidence.dumps.length > 0) return { evidence }
  for (const from of ['goroutine', 'goroutineleak'] as const) {
    const dumps = evidence.profiles.filter(({ kind }) => kind === from).flatMap(readDump)
    if (dumps.length > 0) return { evidence: { ...evidence, dumps }, from }
  }
  return { evidence }
}

function readDump({ source, profile, span }: DatedProfile): readonly DatedDump[] {
  if (span === 'delta' || profile.sampleTypes.length === 0 || profile.sampleCount === 0) return []
  const counts = new Uint32Array(profile.sampleCount)
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const value = profile.values[sample * profile.sampleTypes.length] ?? 0n
    if (value < 0n || value > 0xffff_ffffn) return []
    counts[sample] = Number(value)
  }
  return [{ source, dump: dumpOfProfile(profile, counts) }]
}

function dumpOfProfile(profile: Profile, counts: Uint32Array): GoroutineDump {
  const rows = counts.length
  const lines = profile.lineFunctions.length
  const frameFunctions = new Uint32Array(lines)
  const frameFiles = new Uint32Array(lines)
  const frameLines = new Uint32Array(lines)
  const frameInlined = new Uint8Array(lines)
  for (let line = 0; line < lines; line++) {
    const fn = profile.lineFunctions[line] as number
    frameFunctions[line] = profile.functionNames[fn] as number
    frameFiles[line] = profile.functionFiles[fn] as number
    frameLines[line] = Math.max(0, profile.lineNumbers[line] as number)
  }
  // All lines of a location but the last were inlined into the next.
  for (let location = 0; location < profile.locationCount; location++) {
    const end = (profile.lineStart[location + 1] as number) - 1
    for (let line = profile.lineStart[location] as number; line < end; line++) frameInlined[line] = 1
  }
  const stacks = internStacks(profile)
  return {
    form: 'debug1',
    rowCount: rows,
    goroutineCount: counts.reduce((sum, count) => sum + count, 0),
    isTruncated: false,
    strings: profile.strings,
    ids: new Float64Array(0),
    counts,
    reasons: new Uint32Array(rows),
    minutesPlusOne: new Uint32Array(rows),
    flags: new Uint8Array(rows),
    bubblesPlusOne: new Uint32Array(rows),
    stacks: stacks.ofSample,
    creatorsPlusOne: new Uint32Array(rows),
    creatorIds: new Float64Array(rows),
    ...readLabels(profile),
    lines: Uint32Array.from(counts, (_, row) => row + 1),
    stackStart: stacks.start,
    stackFrames: stacks.frames,
    frameFunctions,
    frameFiles,
    frameLines,
    frameInlined,
    argStart: new Uint32Array(rows + 1),
    argDepths: new Uint16Array(0),
    argPositions: new Uint8Array(0),
    argWords: new BigUint64Array(0),
    argDoubtful: new Uint8Array(0),
  }
}

/** Samples that differ in their labels only share a stack. */
function internStacks(profile: Profile) {
  const known = new Map<string, number>()
  const ofSample = new Uint32Array(profile.sampleCount)
  const start = [0]
  const frames: number[] = []
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const from = profile.locationStart[sample] as number
    const locations = profile.sampleLocations.subarray(from, profile.locationStart[sample + 1] as number)
    const key = locations.join()
    let stack = known.get(key)
    if (stack === undefined) {
      stack = known.size
      known.set(key, stack)
      for (const location of locations) {
        const end = profile.lineStart[location + 1] as number
        for (let line = profile.lineStart[location] as number; line < end; line++) frames.push(line)
      }
      start.push(frames.length)
    }
    ofSample[sample] = stack
  }
  return { ofSample, start: Uint32Array.from(start), frames: Uint32Array.from(frames) }
}

function readLabels(profile: Profile): Pick<GoroutineDump, 'labels' | 'labelSets'> {
  const labelSets: Record<string, string>[] = [{}]
  const labels = new Uint32Array(profile.sampleCount)
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const pairs: [string, string][] = []
    for (let at = profile.labelStart[sample] as number; at < (profile.labelStart[sample + 1] as number); at++) {
      if (profile.labelIsNumber[at] === 1) continue
      const key = profile.strings[profile.labelKeys[at] as number] as string
      pairs.push([key, profile.strings[profile.labelStrings[at] as number] as string])
    }
    if (pairs.length === 0) continue
    labels[sample] = labelSets.length
    labelSets.push(Object.fromEntries(pairs))
  }
  return { labels, labelSets }
}
