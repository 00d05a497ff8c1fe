/**
 * Two ledgers → one: commutative and idempotent, so that it does not matter which branch is merged into which.
 * Histories are joined as sets, sources by least and greatest, facts by the newest, waivers by the latest change.
 */
import { compareTexts } from '../../base/compare-texts.ts'
import type { DebtEntry, DebtFacts, DebtSource, Ledger, LedgerLook, Waiver } from '../../model/trust/ledger.ts'
import { canonicalHistory } from './entry-state.ts'

export function mergeLedgers(left: Ledger, right: Ledger): Ledger {
  return {
    looks: mergeLooks([...left.looks, ...right.looks]),
    entries: mergeEntries([...left.entries, ...right.entries]),
  }
}

/** By fingerprint; those that share one become one. */
export function mergeEntries(entries: readonly DebtEntry[]): readonly DebtEntry[] {
  const byFingerprint = new Map<string, DebtEntry>()
  for (const entry of entries) {
    const known = byFingerprint.get(entry.fingerprint)
    byFingerprint.set(entry.fingerprint, known === undefined ? entry : mergeTwo(known, entry))
  }
  return [...byFingerprint.values()].sort((a, b) => compareTexts(a.fingerprint, b.fingerprint))
}

function mergeTwo(one: DebtEntry, other: DebtEntry): DebtEntry {
  const waiver = pickWaiver(one.waiver, other.waiver)
  return {
    fingerprint: one.fingerprint,
    facts: pickFacts(one.facts, other.facts),
    sources: mergeSources([...one.sources, ...other.sources]),
    history: canonicalHistory([...one.history, ...other.history]),
    ...(waiver === undefined ? {} : { waiver }),
  }
}

/** The newest; of two of one time the one whose text is greater, whichever side it comes from. */
function pickFacts(one: DebtFacts, other: DebtFacts): DebtFacts {
  const order = compareTexts(one.at, other.at) || compareTexts(JSON.stringify(one), JSON.stringify(other))
  return order >= 0 ? one : other
}

function pickWaiver(one: Waiver | undefined, other: Waiver | undefined): Waiver | undefined {
  if (one === undefined || other === undefined) return one ?? other
  const order =
    one.change - other.change ||
    compareTexts(one.at, other.at) ||
    Number(one.lifted === true) - Number(other.lifted === true) ||
    compareTexts(JSON.stringify(one), JSON.stringify(other))
  return order >= 0 ? one : other
}

export function mergeSources(sources: readonly DebtSource[]): readonly DebtSource[] {
  const byName = new Map<string, DebtSource>()
  for (const one of sources) {
    const known = byName.get(one.source)
    byName.set(
      one.source,
      known === undefined
        ? one
        : {
            source: one.source,
            firstSeen: least(known.firstSeen, one.firstSeen),
            lastSeen: greatest(known.lastSeen, one.lastSeen),
          },
    )
  }
  return [...byName.values()].sort((a, b) => compareTexts(a.source, b.source))
}

export function mergeLooks(looks: readonly LedgerLook[]): readonly LedgerLook[] {
  const byKey = new Map<string, LedgerLook>()
  for (const one of looks) {
    const key = `${one.source}\n${one.subject}`
    const known = byKey.get(key)
    byKey.set(
      key,
      known === undefined
        ? one
        : { ...known, first: least(known.first, one.first), last: greatest(known.last, one.last) },
    )
  }
  return [...byKey.values()].sort((a, b) => compareTexts(a.source, b.source) || compareTexts(a.subject, b.subject))
}

function least(a: string, b: string): string {
  return a < b ? a : b
}

function greatest(a: string, b: string): string {
  return a > b ? a : b
}
