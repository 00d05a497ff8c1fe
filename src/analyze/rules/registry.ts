/** Every rule, in the order of the report; `rules list|explain` prints it. A new rule is a file and a line here. */

import { confidences, type Finding, type Subject, severities } from '../../model/contract.ts'
import type { RuleInfo } from '../../model/diagnosis.ts'
import { makeFingerprint } from '../../model/fingerprint.ts'
import { leakedGoroutines } from './leaked-goroutines.ts'
import type { FindingDraft, Rule, RuleInput } from './rule.ts'
import { stuckGoroutines } from './stuck-goroutines.ts'

export const rules: readonly Rule[] = [leakedGoroutines, stuckGoroutines]

/** Findings of all rules: worst severity first, then confidence, cost, rule and title. */
export function applyRules(input: RuleInput): readonly Finding[] {
  const { target } = input.evidence
  const subject: Subject = {
    service: target.service,
    ...(target.version === undefined ? {} : { version: target.version }),
    ...(target.instance === undefined ? {} : { instance: target.instance }),
  }
  const findings = rules.flatMap((rule) => rule.find(input).map((draft) => finish(input, rule, draft, subject)))
  return findings.sort(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) ||
      (b.cost.goroutineSeconds ?? 0) - (a.cost.goroutineSeconds ?? 0) ||
      compare(a.rule, b.rule) ||
      compare(a.title, b.title),
  )
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

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
