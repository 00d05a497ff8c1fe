/** Every rule, in the order of the report; `rules list|explain` prints it. A new rule is a file and a line here. */

import type { Finding, Subject } from '../../model/contract.ts'
import type { RuleInfo } from '../../model/diagnosis.ts'
import type { EvidenceSet } from '../../model/evidence.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import { blindNetworkWaits } from './blind-network-waits.ts'
import { compareFindings, MAX_FINDINGS_PER_RULE } from './compare-findings.ts'
import { foreverWait } from './forever-wait.ts'
import { goroutineGrowth } from './goroutine-growth.ts'
import { goroutineWithoutContext } from './goroutine-without-context.ts'
import { leakedGoroutines } from './leaked-goroutines.ts'
import { blockProfileBlind, dumpTruncated, profileOff } from './lens-rules.ts'
import { lockHeldAcrossIo, lockOrderCycle, selfDeadlock } from './lock-rules.ts'
import { runnableTooLong, waitingWithoutBlockEvent } from './long-waits.ts'
import { poolExhausted } from './pool-exhausted.ts'
import type { FindingDraft, Rule, RuleInput } from './rule.ts'
import { stuckGoroutines } from './stuck-goroutines.ts'

export const rules: readonly Rule[] = [
  leakedGoroutines,
  stuckGoroutines,
  lockOrderCycle,
  selfDeadlock,
  lockHeldAcrossIo,
  poolExhausted,
  foreverWait,
  goroutineGrowth,
  goroutineWithoutContext,
  blindNetworkWaits,
  runnableTooLong,
  waitingWithoutBlockEvent,
  blockProfileBlind,
  profileOff,
  dumpTruncated,
]

export type AppliedRules = {
  readonly findings: readonly Finding[]
  readonly omitted: number
  /** Of each rule that speaks: the functions its findings are about; empty where one is about none. */
  readonly symbols: ReadonlyMap<string, ReadonlySet<string>>
}

export function subjectOf({ service, version, instance }: EvidenceSet['target']): Subject {
  return {
    service,
    ...(version === undefined ? {} : { version }),
    ...(instance === undefined ? {} : { instance }),
  }
}

/** Findings of all rules: worst severity first, then confidence, cost, rule and title. */
export function applyRules(input: RuleInput): AppliedRules {
  const subject = subjectOf(input.evidence.target)
  const symbols = new Map<string, Set<string>>()
  let omitted = 0
  const findings = rules.flatMap((rule) => {
    const drafts = rule.find(input)
    if (drafts.length > 0) {
      const isGlobal = drafts.some((draft) => (draft.about ?? draft.groups).length === 0)
      symbols.set(rule.id, new Set(isGlobal ? [] : drafts.flatMap((draft) => draft.symbols)))
    }
    const all = drafts.map((draft) => finish(input, rule, draft, subject))
    omitted += Math.max(0, all.length - MAX_FINDINGS_PER_RULE)
    return all.sort(compareFindings).slice(0, MAX_FINDINGS_PER_RULE)
  })
  return { findings: findings.sort(compareFindings), omitted, symbols }
}

function finish(input: RuleInput, rule: Rule, draft: FindingDraft, subject: Subject): Finding {
  const ns = draft.groups.reduce((sum, group) => sum + (input.exposures.byGroup[group.index]?.total ?? 0), 0)
  const hasCost = input.exposures.unit === 'goroutine-ns' && draft.groups.length > 0
  return {
    rule: rule.id,
    title: draft.title,
    severity: draft.severity,
    confidence: draft.confidence,
    subject,
    evidence: draft.evidence,
    blindTo: draft.blindTo,
    cost: hasCost ? { goroutineSeconds: Math.round(ns / 1e6) / 1e3 } : {},
    fix: { summary: draft.fix ?? rule.fix, doc: rule.doc },
    fingerprint: makeFingerprint({
      rule: rule.id,
      service: subject.service,
      symbols: draft.symbols.filter((symbol) => symbol !== ''),
    }),
    groups: (draft.about ?? draft.groups).flatMap((group) => input.idOf(group) ?? []),
  }
}

export function listRuleInfo(): readonly RuleInfo[] {
  return rules.map(({ id, title, severity, needs, saysWhen, fix, doc }) => ({
    id,
    title,
    severity,
    needs,
    saysWhen,
    fix,
    doc,
  }))
}
