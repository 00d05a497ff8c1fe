/**
 * What the runtime's leak detector proved, from wherever it stands: `(leaked)` marks in its own dump, marks that it
 * left in ordinary dumps, and the stacks of its profile (which have no ids). Withheld as a whole by `without`.
 * The proof is incomplete by construction: nothing that a global or a running goroutine reaches is ever flagged.
 */
import type { DatedDump, DatedProfile, EvidenceSet } from '../../model/evidence.ts'
import { type DumpFrame, goroutineFlags, readReason } from '../../model/goroutine-dump.ts'
import type { Profile } from '../../model/profile.ts'
import type { Group } from '../groups/group.ts'

/** `reason` is what it waited for when it was proven: it may have moved on since the last ordinary dump. */
export type ProofPlace = { readonly source: string; readonly line: number; readonly reason: string }

export type LeakProof = {
  /** The detector ran for this capture: what it could have flagged and did not is reachable. */
  readonly ran: boolean
  readonly ids: ReadonlySet<number>
  /** Goroutines per stack (see `stackKey`) in the leak profile. */
  readonly byStack: ReadonlyMap<string, number>
  /** Where each proven id stands, for evidence. */
  readonly places: ReadonlyMap<number, ProofPlace>
  readonly profileSource?: string
}

export const noProof: LeakProof = { ran: false, ids: new Set(), byStack: new Map(), places: new Map() }

/** Places kept: evidence quotes a few, never thousands. */
const MAX_PLACES = 10_000

export function gatherProof(evidence: EvidenceSet): LeakProof {
  const ids = new Set<number>()
  const places = new Map<number, ProofPlace>()
  const leakDumps = evidence.leakDumps ?? []
  for (const dated of [...leakDumps, ...evidence.dumps]) collectMarks(dated, ids, places)
  const profile = evidence.profiles.find((one) => one.kind === 'goroutineleak')
  return {
    ran: leakDumps.length > 0 || profile !== undefined,
    ids,
    byStack: profile === undefined ? new Map() : countStacks(profile),
    places,
    ...(profile === undefined ? {} : { profileSource: profile.source }),
  }
}

function collectMarks({ source, dump }: DatedDump, ids: Set<number>, places: Map<number, ProofPlace>): void {
  for (let row = 0; row < dump.ids.length; row++) {
    if (((dump.flags[row] as number) & goroutineFlags.leaked) === 0) continue
    const id = dump.ids[row] as number
    ids.add(id)
    if (places.size < MAX_PLACES && !places.has(id)) {
      places.set(id, { source, line: dump.lines[row] as number, reason: readReason(dump, row) })
    }
  }
}

/** Frames of a dump as the profile has them: without the runtime's, escaped dots undone. */
export function stackKey(frames: readonly DumpFrame[]): string {
  const lines: string[] = []
  for (const { function: name, line } of frames) {
    if (!name.startsWith('runtime.')) lines.push(`${name.replaceAll('%2e', '.')}:${line ?? 0}`)
  }
  return lines.join('\n')
}

/** Samples of a profile by stack key, summed over one value column. */
export function sumStacks(profile: Profile, column: number): Map<string, number> {
  const sums = new Map<string, number>()
  const width = profile.sampleTypes.length
  for (let sample = 0; sample < profile.sampleCount; sample++) {
    const value = Number(profile.values[sample * width + column] ?? 0n)
    const key = sampleKey(profile, sample)
    sums.set(key, (sums.get(key) ?? 0) + value)
  }
  return sums
}

function sampleKey(profile: Profile, sample: number): string {
  const lines: string[] = []
  const end = profile.locationStart[sample + 1] as number
  for (let at = profile.locationStart[sample] as number; at < end; at++) {
    const location = profile.sampleLocations[at] as number
    const lineEnd = profile.lineStart[location + 1] as number
    for (let line = profile.lineStart[location] as number; line < lineEnd; line++) {
      const name = profile.strings[profile.functionNames[profile.lineFunctions[line] as number] as number] as string
      if (!name.startsWith('runtime.')) lines.push(`${name}:${profile.lineNumbers[line]}`)
    }
  }
  return lines.join('\n')
}

function countStacks({ profile }: DatedProfile): Map<string, number> {
  return sumStacks(profile, 0)
}

/** How many of the group's last members are proven: by id where the dump said so, else by the profile's count of its stack. */
export function countProven(proof: LeakProof, group: Group, members: number): number {
  if (group.isProven) return members
  // Members without an id of their own in the leak dump: the profile's stacks are all there is.
  if (proof.ids.size > 0 || proof.byStack.size === 0) return 0
  return Math.min(members, proof.byStack.get(stackKey(group.frames)) ?? 0)
}
