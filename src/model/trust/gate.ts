/**
 * The wire types of `gate --json` (`sightline.gate/v1`): what was asked, what was counted against it, what it came to.
 * Findings that count are those of reports and the open or back entries of a ledger, without the waived ones.
 */
import type { ExitCode } from '../../base/errors.ts'
import type { Severity } from '../contract.ts'
import type { DebtSubject } from './ledger.ts'

/** At most `most` findings. A severity counts that one and worse; without one everything but info. */
export type Budget = {
  /** As it was written: `high`, `class:no-extract`, `service:cart:high`, `debt`. */
  readonly key: string
  readonly most: number
  readonly severity?: Severity
  readonly rule?: string
  readonly service?: string
  /** The sum of the debt, not a number of findings. */
  readonly isDebt?: true
}

export type GateFinding = DebtSubject & {
  readonly fingerprint: string
  readonly owners: readonly string[]
  readonly debt?: number
  /** Of the inputs. */
  readonly file: string
  /** Against the baseline, where there is one. */
  readonly change?: 'new' | 'back' | 'grown' | 'known'
  readonly why?: string
  readonly waiver?: { readonly who: string; readonly why: string; readonly until: string; readonly expired: boolean }
  readonly fix?: string
}

export type GateInput = {
  readonly file: string
  /** `diagnose`, `trust`, `ledger` … */
  readonly source: string
  readonly findings: number
  /** Why it cannot be judged: no data, or an inconclusive or insufficient grade. */
  readonly inconclusive: readonly string[]
  readonly error?: { readonly code: string; readonly message: string; readonly exitCode: ExitCode }
}

export type GateCheck = {
  readonly check: string
  readonly pass: boolean
  readonly why: string
  /** Fingerprints that it is about; at most 100. */
  readonly findings: readonly string[]
}

export type GateVerdict = 'pass' | 'fail' | 'inconclusive' | 'error'

export type GateData = {
  readonly verdict: GateVerdict
  readonly because: readonly string[]
  readonly asOf: string
  readonly baseline?: string
  readonly inputs: readonly GateInput[]
  readonly checks: readonly GateCheck[]
  /** Worst first, the new ones before the known; at most 25,000. */
  readonly findings: readonly GateFinding[]
  readonly findingsOmitted: number
  readonly waived: readonly GateFinding[]
  readonly counts: Readonly<Record<Severity, number>>
  readonly debt: number
}
