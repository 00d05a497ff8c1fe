/**
 * What a rule is: one way in which the evidence says "look here". One file per rule (or per pair that shares its test),
 * one line in registry.ts. A rule only reads; it finds nothing where what it needs is not there, and says in `needs`
 * what that is. Findings carry evidence that a person can open: the dump's file, the line of the header, the words.
 */
import type { Confidence, Evidence, Severity } from '../../model/contract.ts'
import type { Verdict } from '../../model/diagnosis.ts'
import type { EvidenceSet } from '../../model/evidence.ts'
import type { Lens } from '../../model/lens.ts'
import type { Exposures } from '../blind/exposure.ts'
import type { LensBook } from '../blind/lens-states.ts'
import type { Group } from '../groups/group.ts'
import type { Judgement, VerdictContext } from '../verdict/judgement.ts'

export type RuleInput = {
  readonly evidence: EvidenceSet
  readonly context: VerdictContext
  readonly judgements: readonly Judgement[]
  readonly exposures: Exposures
  readonly book: LensBook
  readonly verdict: Verdict
  /** Goroutines that a cut dump lost. */
  readonly lost: number
  /** The name of a group in the report; none of those that it does not list. */
  readonly idOf: (group: Group) => string | undefined
}

export type FindingDraft = {
  readonly title: string
  readonly severity: Severity
  readonly confidence: Confidence
  readonly evidence: readonly [Evidence, ...Evidence[]]
  readonly blindTo: readonly Lens[]
  /** Groups it is about: their goroutine-seconds are its cost. */
  readonly groups: readonly Group[]
  /** Groups that the finding names, where they are not those of its cost. */
  readonly about?: readonly Group[]
  /** Functions it is about, for the fingerprint. */
  readonly symbols: readonly string[]
  /** Instead of the rule's own. */
  readonly fix?: string
}

export type Rule = {
  readonly id: string
  readonly title: string
  /** How severe, and what decides it. */
  readonly severity: string
  /** Evidence without which it is silent. */
  readonly needs: string
  /** When it fires. */
  readonly saysWhen: string
  readonly fix: string
  readonly doc: string
  readonly find: (input: RuleInput) => readonly FindingDraft[]
}
