/** The order of findings in a report, and how many of one rule it lists. */
import { confidences, type Finding, severities } from '../../model/contract.ts'

/** Findings of one rule in a report, by cost; those left out are counted in an issue. */
export const MAX_FINDINGS_PER_RULE = 100

/** Worst severity first, then confidence, cost, rule and title. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) ||
    (b.cost.goroutineSeconds ?? 0) - (a.cost.goroutineSeconds ?? 0) ||
    compare(a.rule, b.rule) ||
    compare(a.title, b.title)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
