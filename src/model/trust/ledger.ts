/**
 * The debt ledger: every finding of every source by its fingerprint, with when it was seen and when a run that could
 * have seen it did not. An entry's parts each merge on their own (sets, least, greatest), so that two ledgers that went
 * apart in two branches merge to the same one in either order. States are read off the history, never stored.
 */
import type { Confidence, Severity } from '../contract.ts'

/** Of the file itself; `ledger --json` prints envelopes of `sightline.ledger/v1`. */
export const LEDGER_FILE_SCHEMA = 'sightline.ledger-file/v1'

/** Bounds of one ledger: beyond them it is refused, never cut. */
export const MAX_LEDGER_BYTES = 192 * 1024 * 1024
export const MAX_LEDGER_ENTRIES = 50_000
/** Sightings kept per entry: the first, those at which the state changed, and the newest. */
export const MAX_SIGHTINGS = 32

export const debtStates = ['open', 'back', 'paid'] as const
/** `open`: seen; `paid`: a later run that could have seen it did not; `back`: seen again after that. */
export type DebtState = (typeof debtStates)[number]

/** What a trace of a user's weighs in debt, by how bad the finding is. */
export const severityWeights: Readonly<Record<Severity, number>> = { critical: 10, high: 5, medium: 2, low: 1, info: 0 }

/** One run's word on one finding. */
export type Sighting = {
  /** RFC 3339 in UTC with nine digits, so that order of text is order of time. */
  readonly at: string
  /** The command whose report it was: diagnose, timeline, trust, audit … */
  readonly source: string
  /** False: the run could have seen it, and it was not there. */
  readonly saw: boolean
  /** Affected traces a day × weight of its severity; absent where traces were not counted. */
  readonly debt?: number
}

export type DebtPlace = {
  readonly file?: string
  readonly line?: number
  readonly function?: string
  readonly operation?: string
  readonly edge?: { readonly from: string; readonly to: string }
}

/** As the newest report has it. */
export type DebtMeasure = {
  readonly rate?: number
  readonly interval?: readonly [number, number]
  /** Of how many traces the rate is. */
  readonly traces?: number
  readonly affectedTracesPerDay?: number
  readonly goroutineSeconds?: number
}

/** What a run must have had to be able to see it. */
export type DebtNeeds = {
  /** Lenses of its evidence. */
  readonly lenses: readonly string[]
  readonly directory?: string
  /** Tier of the source audit. */
  readonly tier?: 'a' | 'b'
}

/** What debt is of: the same wherever it is told. */
export type DebtSubject = {
  readonly rule: string
  readonly title: string
  readonly severity: Severity
  readonly confidence: Confidence
  readonly service: string
  readonly where: DebtPlace
}

/** What the newest report that saw it says of it. */
export type DebtFacts = DebtSubject & {
  readonly at: string
  readonly measure: DebtMeasure
  readonly needs: DebtNeeds
  readonly owners: readonly string[]
}

export type Waiver = {
  /** Counts the changes, so that the last one wins where two branches meet. */
  readonly change: number
  readonly at: string
  readonly who: string
  readonly why: string
  /** The last day on which it holds, `2026-12-31`, in UTC. */
  readonly until: string
  /** Taken back. */
  readonly lifted?: true
}

export type DebtSource = { readonly source: string; readonly firstSeen: string; readonly lastSeen: string }

export type DebtEntry = {
  readonly fingerprint: string
  readonly facts: DebtFacts
  /** By name. */
  readonly sources: readonly DebtSource[]
  /** By time; begins with a sighting that saw it. */
  readonly history: readonly Sighting[]
  readonly waiver?: Waiver
}

/** That somebody looked at all: a ledger without entries may be clean, or empty because nothing ever ran. */
export type LedgerLook = {
  readonly source: string
  /** A service, or `directory:PATH`. */
  readonly subject: string
  readonly first: string
  readonly last: string
}

export type Ledger = {
  /** By source and subject. */
  readonly looks: readonly LedgerLook[]
  /** By fingerprint. */
  readonly entries: readonly DebtEntry[]
}

export const emptyLedger: Ledger = { looks: [], entries: [] }

/** One row of `ledger list|show --json`. */
export type DebtRow = Omit<DebtFacts, 'at' | 'needs' | 'measure'> &
  DebtMeasure & {
    readonly fingerprint: string
    readonly state: DebtState
    /** When it came into this state. */
    readonly since: string
    readonly firstSeen: string
    readonly lastSeen: string
    readonly ageDays: number
    readonly debt?: number
    readonly sources: readonly DebtSource[]
    readonly waiver?: {
      readonly who: string
      readonly why: string
      readonly until: string
      readonly state: 'holds' | 'expired'
    }
    readonly history?: readonly Sighting[]
  }

/** Of all that is open or back, waived ones apart. */
export type DebtTotals = {
  readonly open: number
  readonly back: number
  readonly paid: number
  readonly waived: number
  readonly expiredWaivers: number
  readonly bySeverity: Readonly<Record<Severity, number>>
  /** Affected traces a day × weight, over those that were counted. */
  readonly debt: number
  /** Open or back, and nobody has counted its traces. */
  readonly unmeasured: number
}

export type TrendPoint = {
  readonly at: string
  readonly open: number
  readonly bySeverity: Readonly<Record<Severity, number>>
  readonly debt: number
  readonly appeared: number
  readonly paid: number
}

export type LedgerData = {
  readonly file: string
  /** What was asked for alone; there where anything was. */
  readonly only?: { readonly service?: string; readonly owner?: string }
  readonly asOf: string
  readonly totals: DebtTotals
  readonly entries: readonly DebtRow[]
  readonly trend: readonly TrendPoint[]
  readonly looks: readonly LedgerLook[]
}

/** What `ledger add` did. */
export type LedgerAddData = {
  readonly file: string
  readonly changed: boolean
  readonly reports: readonly {
    readonly file: string
    readonly source: string
    readonly at?: string
    readonly findings: number
    readonly appeared: readonly string[]
    readonly back: readonly string[]
    readonly paid: readonly string[]
    /** Open, of the services it looked at, and not for this run to see. */
    readonly notLookedFor: number
  }[]
  readonly totals: DebtTotals
}
