/** The catalogues that commands print: the lens table and the rules. Plain data, made from the tables of `analyze`. */
import { lensRows } from '../analyze/lenses/lens-rows.ts'
import { waitKinds } from '../analyze/lenses/table.ts'
import { listRuleInfo } from '../analyze/rules/registry.ts'
import { listTraceRuleInfo } from '../analyze/trace-rules/registry.ts'
import type { RuleInfo } from '../model/diagnosis.ts'
import type { Lens } from '../model/lens.ts'
import { listAuditRules } from './audit/list-rules.ts'

export type LensInfo = {
  readonly lens: Lens
  readonly title: string
  readonly sees: string
  readonly cannotSee: string
  readonly turnOn: string
  readonly cost: string
  readonly sinceGo?: string
  readonly note?: string
}

export type WaitInfo = {
  readonly id: string
  readonly title: string
  readonly waitClass?: string
  readonly dumpReasons: readonly string[]
  readonly traceStates: readonly string[]
  readonly views: Readonly<Record<Lens, string>>
  readonly source: 'measured' | 'source'
  readonly note?: string
}

export type LensesData = { readonly lenses: readonly LensInfo[]; readonly waits: readonly WaitInfo[] }

export function listLenses(): LensesData {
  return {
    lenses: lensRows,
    waits: waitKinds.map((kind) => ({
      id: kind.id,
      title: kind.title,
      ...(kind.waitClass === undefined ? {} : { waitClass: kind.waitClass }),
      dumpReasons: [...new Set(kind.dumpReasons.map(({ reason }) => reason))],
      traceStates: [...new Set(kind.traceStates.map(({ state, reason }) => `${state}/${reason}`))],
      views: kind.views,
      source: kind.source,
      ...(kind.note === undefined ? {} : { note: kind.note }),
    })),
  }
}

export function listRules(): readonly RuleInfo[] {
  const running = [...listRuleInfo(), ...listTraceRuleInfo()]
  // A class that is also seen in a running process is told by that rule; docs/audit.md has both.
  return [...running, ...listSourceRules().filter(({ id }) => !running.some((rule) => rule.id === id))]
}

function listSourceRules(): readonly RuleInfo[] {
  return listAuditRules().map(({ id, title, severity, saysWhen, fix }) => ({
    id,
    title,
    severity: `${severity}, unless the finding says another`,
    needs: 'Go source: sightline audit',
    saysWhen: saysWhen.replace(/\.$/, ''),
    fix,
    doc: `docs/audit.md#${id}`,
  }))
}

export function explainRule(id: string): RuleInfo | undefined {
  return listRules().find((rule) => rule.id === id)
}
