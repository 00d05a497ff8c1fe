/**
 * An entry's history → its canonical form and its state. A history is a set: order and repetition of what is put in do
 * not matter, so that a report can be added twice and ledgers of two branches can be merged. What is beyond the bound
 * goes by a rule that looks at the set alone: first those that changed nothing, oldest first.
 */
import { compareTexts } from '../../base/compare-texts.ts'
import { type DebtState, MAX_SIGHTINGS, type Sighting } from '../../model/trust/ledger.ts'

export type EntryState = {
  readonly state: DebtState
  readonly since: string
  readonly firstSeen: string
  readonly lastSeen: string
}

/** By time; of one time and source the one that saw it counts, with the larger debt. Absences before the first go. */
export function canonicalHistory(sightings: readonly Sighting[]): readonly Sighting[] {
  const byKey = new Map<string, Sighting>()
  for (const one of sightings) {
    const key = `${one.at}\n${one.source}`
    const known = byKey.get(key)
    if (known === undefined || outranks(one, known)) byKey.set(key, one)
  }
  const sorted = [...byKey.values()].sort(compareSightings)
  const first = sorted.findIndex(({ saw }) => saw)
  return first === -1 ? [] : bound(sorted.slice(first))
}

function outranks(one: Sighting, known: Sighting): boolean {
  if (one.saw !== known.saw) return one.saw
  return (one.debt ?? -1) > (known.debt ?? -1)
}

/** Absences come before sightings of the same time: what one run saw, another of that moment has not disproved. */
function compareSightings(a: Sighting, b: Sighting): number {
  return compareTexts(a.at, b.at) || Number(a.saw) - Number(b.saw) || compareTexts(a.source, b.source)
}

function bound(history: readonly Sighting[]): readonly Sighting[] {
  if (history.length <= MAX_SIGHTINGS) return history
  const kept = [...history]
  while (kept.length > MAX_SIGHTINGS) {
    const idle = kept.findIndex(
      (one, index) => index > 0 && one.saw === kept[index - 1]?.saw && one.saw === kept[index + 1]?.saw,
    )
    // The first stays: it is the entry's age.
    kept.splice(idle === -1 ? 1 : idle, 1)
  }
  return kept
}

/** Of a canonical history; it is never empty in an entry. `until`: as it was at that time. */
export function readState(history: readonly Sighting[], until?: string): EntryState | undefined {
  let state: DebtState | undefined
  let since = ''
  let firstSeen = ''
  let lastSeen = ''
  let wasPaid = false
  for (const { at, saw } of history) {
    if (until !== undefined && at > until) break
    const next: DebtState = saw ? (wasPaid ? 'back' : 'open') : 'paid'
    if (next !== state) since = at
    state = next
    if (saw) {
      if (firstSeen === '') firstSeen = at
      lastSeen = at
    } else wasPaid = true
  }
  return state === undefined ? undefined : { state, since, firstSeen, lastSeen }
}

/** Open again and again is still debt. */
export function isOwed(state: DebtState): boolean {
  return state !== 'paid'
}
