/**
 * A run's report into the ledger: what it found is a sighting; what it did not find is paid only where this run could
 * have seen it: the same command, the same service or directory, every lens of the evidence on, as good a tier, on an edge
 * with enough traffic that the break would have shown, and a grade that says something. The same report twice is once.
 */
import { parseUnixNs } from '../../base/units.ts'
import type { DebtEntry, DebtFacts, Ledger, LedgerLook, Sighting } from '../../model/trust/ledger.ts'
import { severityWeights } from '../../model/trust/ledger.ts'
import { readState } from './entry-state.ts'
import { mergeLedgers } from './merge-ledgers.ts'
import { placeKey, type Run, type RunFinding, type RunLook } from './run.ts'

export type AddRunOptions = {
  /** When it was; it wins over what the report says. */
  readonly at: string
  /** Owners of a finding's file or service. */
  readonly ownersOf?: (finding: Pick<RunFinding, 'where' | 'service'>) => readonly string[]
}

export type AddedRun = {
  readonly ledger: Ledger
  readonly appeared: readonly string[]
  readonly back: readonly string[]
  readonly paid: readonly string[]
  readonly notLookedFor: number
  /** Why absences of this run count for nothing, where they do not. */
  readonly doubts: readonly string[]
}

/** How sure the absence of a break must be that would show at its old rate. */
const MISS_CHANCE = 0.05
const DAY_NS = 86_400_000_000_000n

export function addRun(ledger: Ledger, run: Run, { at, ownersOf }: AddRunOptions): AddedRun {
  const seen = new Map<string, RunFinding>()
  for (const finding of run.findings) {
    // Found twice, it is the worse.
    const known = seen.get(finding.fingerprint)
    if (known === undefined || severityWeights[finding.severity] > severityWeights[known.severity]) {
      seen.set(finding.fingerprint, finding)
    }
  }
  const before = new Map(ledger.entries.map((entry) => [entry.fingerprint, entry]))
  const fresh = [...seen.values()].map((finding) => makeEntry(finding, run.source, at, ownersOf))
  const paid: DebtEntry[] = []
  let notLookedFor = 0
  for (const entry of ledger.entries) {
    if (seen.has(entry.fingerprint)) continue
    const state = readState(entry.history)
    if (state === undefined) continue
    if (run.looks.some((look) => couldSee(entry, run.source, look))) {
      // An absence from before its first sighting says nothing of it.
      if (at > state.firstSeen)
        paid.push({ ...entry, history: [...entry.history, { at, source: run.source, saw: false }] })
    } else if (state.state !== 'paid' && run.looks.some((look) => isAbout(entry, look))) notLookedFor += 1
  }
  // A run that could not be judged has not looked.
  const looks = run.inconclusive.length > 0 ? [] : run.looks.map((look) => noteLook(look, run.source, at))
  const after = mergeLedgers(ledger, { looks, entries: [...fresh, ...paid] })
  const changed = (from: readonly DebtEntry[], state: string) =>
    from
      .map(({ fingerprint }) => fingerprint)
      .filter((one) => stateIn(after, one) === state && stateOf(before.get(one)) !== state)
      .sort()
  return {
    ledger: after,
    appeared: changed(
      fresh.filter(({ fingerprint }) => !before.has(fingerprint)),
      'open',
    ),
    back: changed(fresh, 'back'),
    paid: changed(paid, 'paid'),
    notLookedFor,
    doubts: [...new Set(run.looks.flatMap(({ paysNothing }) => paysNothing ?? []))],
  }
}

function stateIn(ledger: Ledger, fingerprint: string): string | undefined {
  let low = 0
  let high = ledger.entries.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const entry = ledger.entries[middle] as DebtEntry
    if (entry.fingerprint === fingerprint) return stateOf(entry)
    if (entry.fingerprint < fingerprint) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

function stateOf(entry: DebtEntry | undefined): string | undefined {
  return entry === undefined ? undefined : readState(entry.history)?.state
}

function makeEntry(finding: RunFinding, source: string, at: string, ownersOf: AddRunOptions['ownersOf']): DebtEntry {
  const { fingerprint, rule, title, severity, confidence, service, where, measure, needs } = finding
  const debt = weighDebt(finding)
  const sighting: Sighting = { at, source, saw: true, ...(debt === undefined ? {} : { debt }) }
  const owners = ownersOf?.(finding) ?? []
  return {
    fingerprint,
    facts: { at, rule, title, severity, confidence, service, where, measure, needs, owners },
    sources: [{ source, firstSeen: at, lastSeen: at }],
    history: [sighting],
  }
}

/** Affected traces a day × weight; absent where nobody counted traces. */
export function weighDebt({ severity, measure }: Pick<DebtFacts, 'severity' | 'measure'>): number | undefined {
  const { affectedTracesPerDay } = measure
  return affectedTracesPerDay === undefined
    ? undefined
    : Math.round(affectedTracesPerDay * severityWeights[severity] * 1000) / 1000
}

function noteLook({ service, directory }: RunLook, source: string, at: string): LedgerLook {
  return { source, subject: service ?? `directory:${directory ?? '.'}`, first: at, last: at }
}

function isAbout({ facts }: DebtEntry, look: RunLook): boolean {
  if (look.directory !== undefined && look.directory !== facts.needs.directory) return false
  return look.service === undefined ? look.directory !== undefined : look.service === facts.service
}

function couldSee(entry: DebtEntry, source: string, look: RunLook): boolean {
  const { facts, sources } = entry
  const { needs, where } = facts
  if (look.paysNothing !== undefined || !isAbout(entry, look)) return false
  if (!sources.some((one) => one.source === source)) return false
  const { lenses } = look
  if (lenses !== undefined && !needs.lenses.every((lens) => lenses.includes(lens))) return false
  if (look.unsettled?.has(placeKey(where)) === true) return false
  if (needs.tier === 'b' && look.tier === 'a') return false
  if (look.edges === undefined) return true
  const traces = where.edge === undefined ? look.traces : look.edges.get(`${where.edge.from}\n${where.edge.to}`)
  return wouldShow(facts, traces ?? 0)
}

/** Whether a break of the old rate (its lower bound) would be among so many traces with a chance of 95 %. */
function wouldShow({ measure }: DebtFacts, traces: number): boolean {
  if (traces <= 0) return false
  const rate = measure.interval?.[0] ?? measure.rate
  if (rate === undefined) return true
  return rate >= 1 || (rate > 0 && traces * Math.log1p(-rate) <= Math.log(MISS_CHANCE))
}

/** Whole days from one time to another; never less than 0. */
export function daysBetween(from: string, to: string): number {
  const start = parseUnixNs(from)
  const end = parseUnixNs(to)
  return start === undefined || end === undefined || end < start ? 0 : Number((end - start) / DAY_NS)
}
