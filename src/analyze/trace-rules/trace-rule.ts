/**
 * What a rule over an execution trace is: one way in which its account says "look here". A pure function of the account;
 * it finds nothing where what it needs is not there. What is measured exactly is still no more than a hint where the
 * same measurement fits a healthy program: then the confidence is `possible`.
 */
import type { Confidence, Evidence, Severity } from '../../model/contract.ts'
import type { Lens } from '../../model/lens.ts'
import type { TraceMeta } from '../../model/trace.ts'
import type { SiteRow, TraceAccount } from '../../model/trace-account.ts'
import type { TraceFrame } from '../../model/trace-activity.ts'
import type { WaitKind } from '../lenses/types.ts'
import type { SiteKind } from '../traced/site-kinds.ts'

/** A place of a user goroutine, with what it is; those that serve requests for profiles are left out. */
export type SiteView = {
  readonly site: SiteRow
  readonly frames: readonly TraceFrame[]
  readonly functions: readonly string[]
  readonly userFunction: string
  readonly is: SiteKind
  /** Row of the lens table. */
  readonly kind?: WaitKind
}

export type TraceRuleInput = {
  readonly account: TraceAccount
  readonly meta: TraceMeta
  /** File of the trace. */
  readonly source: string
  /** Length of what was accounted. */
  readonly windowNs: number
  readonly sites: readonly SiteView[]
  framesOf(stack: number): readonly TraceFrame[]
  /** Goroutines whose unknown reason a dump tells. */
  readonly told: ReadonlySet<number>
  /** What a stop of the world may last at most. */
  readonly gcSlaNs: number
}

export type TraceFindingDraft = {
  readonly title: string
  readonly severity: Severity
  readonly confidence: Confidence
  readonly evidence: readonly [Evidence, ...Evidence[]]
  readonly blindTo: readonly Lens[]
  /** Goroutine time that it is about; absent where that is no measure of it. */
  readonly ns?: number
  /** Functions it is about, for the fingerprint. */
  readonly symbols: readonly string[]
  /** Instead of the rule's own. */
  readonly fix?: string
}

export type TraceRule = {
  readonly id: string
  readonly title: string
  readonly severity: string
  readonly needs: string
  readonly saysWhen: string
  readonly fix: string
  readonly doc: string
  /** Rules over dumps that say the same of the same functions: where one of them speaks, this one is silent. */
  readonly sameAs: readonly string[]
  /** The doubts that this rule is about do not lower its own confidence. */
  readonly isAboutDoubt?: boolean
  readonly find: (input: TraceRuleInput) => readonly TraceFindingDraft[]
}

/** Shorter traces give no rates. */
export const MIN_WINDOW_NS = 100e6
