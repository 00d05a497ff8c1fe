/** Waivers: who puts up with a finding, why and until when. Taking one back is a change of its own, so that it merges. */
import type { DebtEntry, Ledger, Waiver } from '../../model/trust/ledger.ts'

export type WaiverState = 'holds' | 'expired'

export function putWaiver(ledger: Ledger, fingerprint: string, waiver: Omit<Waiver, 'change' | 'lifted'>): Ledger {
  return changeEntry(ledger, fingerprint, (entry) => ({
    ...entry,
    waiver: { ...waiver, change: (entry.waiver?.change ?? 0) + 1 },
  }))
}

/** The words of the old one stay: who had put up with it is part of the history. */
export function liftWaiver(ledger: Ledger, fingerprint: string, at: string): Ledger {
  return changeEntry(ledger, fingerprint, (entry) =>
    entry.waiver === undefined || entry.waiver.lifted === true
      ? entry
      : { ...entry, waiver: { ...entry.waiver, change: entry.waiver.change + 1, at, lifted: true } },
  )
}

/** `asOf` is a time; a waiver holds through the whole of its last day, in UTC. */
export function stateOfWaiver(waiver: Waiver | undefined, asOf: string): WaiverState | undefined {
  if (waiver === undefined || waiver.lifted === true) return undefined
  return asOf.slice(0, 10) > waiver.until ? 'expired' : 'holds'
}

function changeEntry(ledger: Ledger, fingerprint: string, change: (entry: DebtEntry) => DebtEntry): Ledger {
  const entries = ledger.entries.map((entry) => (entry.fingerprint === fingerprint ? change(entry) : entry))
  return { ...ledger, entries }
}
